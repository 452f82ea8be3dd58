//! `docs/promises.md`: each promise of the policy, the modules that say they keep it, the tests that
//! show it.
//!
//! A module says so in its docs with "Keeps promise 6.2" or "Keeps promises 1.1, 2.1 and 6.1 to 6.3"; a
//! test by its name, `promise_6_2_…`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::run::Outcome;
use crate::source::{File, files};

/// Chapter and number of a promise.
type Id = (u8, u8);

const CHAPTERS: [&str; 9] = [
    "Statement",
    "Collection",
    "Usage",
    "Cookies and the like",
    "Sharing, transfer, publication",
    "Storage and protection",
    "Rights",
    "Updates",
    "Contact",
];

/// Every promise of the policy.
const PROMISES: [(Id, &str); 42] = [
    ((0, 1), "principles, methods and rights are explained, so that people can choose"),
    ((1, 1), "account: user name, mobile number, e-mail, password"),
    ((1, 2), "real name: name, kind and number of the ID, face"),
    ((1, 3), "what people upload and publish: text, pictures, videos, comments"),
    ((1, 4), "device: model, operating system, unique id"),
    ((1, 5), "network: IP address, operator, access method"),
    ((1, 6), "logs: access time, function used, crash records"),
    ((1, 7), "joint login: account, avatar, nickname, as the person authorised"),
    ((2, 0), "lawful, fair, necessary: default deny"),
    ((2, 1), "registration, identity verification, password retrieval"),
    ((2, 2), "content recommendation, social interaction, payment"),
    ((2, 3), "usage analysis, failure detection, experience"),
    ((2, 4), "customer service"),
    ((2, 5), "marketing by consent"),
    ((2, 6), "compliance and law enforcement"),
    ((2, 7), "the four exceptions, each registered"),
    ((3, 1), "cookies for the login state"),
    ((3, 2), "cookies for analytics"),
    ((3, 3), "cookies for personalised content and advertising"),
    ((3, 4), "third parties' cookies"),
    ((3, 5), "reject or delete some or all, told what may stop working"),
    ((4, 1), "no sharing but by authorisation, necessary providers, law, or emergency"),
    ((4, 2), "confidentiality agreement and supervision of recipients"),
    ((4, 3), "merger: people are told, the recipient is bound or asks again"),
    ((4, 4), "publication only by consent or law"),
    ((5, 1), "shortest retention"),
    ((5, 2), "cancelled means deleted or anonymised, but for what law keeps"),
    ((5, 3), "stored in the home region"),
    ((5, 4), "cross-border only by law and separate consent"),
    ((5, 5), "encryption, anonymisation, access control, firewall"),
    ((5, 6), "access-rights review, security assessment, training"),
    ((5, 7), "leaks: people and regulator are told in time"),
    ((6, 1), "see and correct"),
    ((6, 2), "delete a comment, a picture; no hidden copy stays"),
    ((6, 3), "cancel the account"),
    ((6, 4), "revoke a permission or a consent"),
    ((6, 5), "the rights the law adds: copy, portability, restriction, explanation, the deceased, guardians"),
    ((7, 1), "changes are announced, shown by pop-up, displayed prominently"),
    ((7, 2), "major changes: purpose or way, ownership, exercise of rights, sharing"),
    ((8, 1), "a way to contact customer service"),
    ((8, 2), "an answer within 15 working days"),
    ((8, 3), "the way to regulator and court"),
];

/// Where modules and tests may stand.
const FOLDERS: [&str; 5] = ["crates", "browser", "bench", "examples", "e2e"];

/// The page as it should be.
///
/// # Errors
/// When a module or a test names a promise that the policy does not make, with its place.
pub(crate) fn page(root: &Path) -> Outcome<String> {
    let mut all = Vec::new();
    for folder in FOLDERS {
        all.extend(files(root, folder, &[".rs", ".ts", ".mjs"])?);
    }
    render(&all)
}

fn render(all: &[File]) -> Outcome<String> {
    let known: BTreeSet<Id> = PROMISES.iter().map(|(id, _)| *id).collect();
    let mut kept: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    let mut shown: BTreeMap<Id, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut faults = Vec::new();
    for file in all {
        for id in kept_by(&file.text) {
            if known.contains(&id) {
                kept.entry(id).or_default().insert(file.path.clone());
            } else {
                faults.push(format!("{}: keeps promise {}.{}, which the policy does not make", file.path, id.0, id.1));
            }
        }
        for (id, name) in tests_in(&file.text) {
            if known.contains(&id) {
                shown.entry(id).or_default().insert((name, file.path.clone()));
            } else {
                faults.push(format!("{}: test {name}: the policy makes no promise {}.{}", file.path, id.0, id.1));
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }

    let mut out = String::from(
        "# The promises, who keeps them, what shows it\n\n\
         Written by `cargo xtask codegen` from the modules' docs and the tests' names; do not edit.\n",
    );
    for (chapter, title) in (0..).zip(CHAPTERS) {
        let _ = write!(out, "\n## {chapter}. {title}\n\n| promise | kept by | shown by |\n|---|---|---|\n");
        for (id, words) in PROMISES.iter().filter(|(id, _)| id.0 == chapter) {
            let modules = kept.get(id).map(|set| lines(set.iter().map(|m| format!("`{m}`"))));
            let tests = shown.get(id).map(|set| lines(set.iter().map(|(t, f)| format!("`{t}` ({f})"))));
            let _ = writeln!(
                out,
                "| **{}.{}** {words} | {} | {} |",
                id.0,
                id.1,
                modules.as_deref().unwrap_or("not yet"),
                tests.as_deref().unwrap_or("not yet"),
            );
        }
    }
    Ok(out)
}

fn lines(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join("<br>")
}

/// The promises that the docs in `text` say are kept.
fn kept_by(text: &str) -> BTreeSet<Id> {
    let mut docs = String::new();
    for line in text.lines() {
        let line = line.trim();
        let doc = line
            .strip_prefix("//!")
            .or_else(|| line.strip_prefix("///"))
            .or_else(|| line.strip_prefix("* "))
            .or_else(|| line.strip_prefix("// "))
            .or_else(|| (line.starts_with("#![doc") || line.starts_with("#[doc")).then_some(line));
        match doc {
            Some(doc) => {
                docs.push_str(doc.trim());
                docs.push(' ');
            }
            None => docs.push('\n'),
        }
    }
    let mut out = BTreeSet::new();
    for (at, marker) in docs.match_indices("Keeps promise") {
        let rest = docs.get(at + marker.len()..).unwrap_or_default();
        out.extend(ids(rest.strip_prefix('s').unwrap_or(rest)));
    }
    out
}

/// Reads `1.1, 2.1 and 6.1 to 6.3` from the start of `text`, up to the first other word.
fn ids(text: &str) -> BTreeSet<Id> {
    let mut out = BTreeSet::new();
    let mut range_from: Option<Id> = None;
    let mut last: Option<Id> = None;
    let spaced = text.replace('–', " to ");
    for word in spaced.split_whitespace() {
        let ends = word.ends_with(['.', ';', ':']);
        let bare = word.trim_end_matches([',', '.', ';', ':', ')']);
        match bare {
            "and" | "," => continue,
            "to" => {
                range_from = last;
                continue;
            }
            _ => {}
        }
        let Some(id) = parse(bare) else { break };
        if let Some(from) = range_from.take()
            && from.0 == id.0
        {
            out.extend((from.1..=id.1).map(|n| (id.0, n)));
        }
        out.insert(id);
        last = Some(id);
        if ends {
            break;
        }
    }
    out
}

fn parse(word: &str) -> Option<Id> {
    let (chapter, number) = word.split_once('.')?;
    Some((chapter.parse().ok()?, number.parse().ok()?))
}

/// Tests named `promise_6_2_…`, in Rust as functions, in JavaScript as quoted names.
fn tests_in(text: &str) -> Vec<(Id, String)> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("promise_") {
        let before = text.get(..at).unwrap_or_default();
        if !(before.ends_with("fn ") || before.ends_with("test('") || before.ends_with("test(\"")) {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let mut parts = name.split('_').skip(1);
        let id = parts.next().and_then(|a| a.parse().ok()).zip(parts.next().and_then(|b| b.parse().ok()));
        if let Some(id) = id {
            out.push((id, name));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn modules_say_what_they_keep_in_one_form() {
        let one = "//! Title.\n//!\n//! Keeps promise 6.2.\n";
        assert_eq!(kept_by(one), [(6, 2)].into());
        let many = "//! Keeps promises 1.3 to 1.6, 2.0\n//! and 6.1: and 8.3 is not meant.\n";
        assert_eq!(kept_by(many), [(1, 3), (1, 4), (1, 5), (1, 6), (2, 0), (6, 1)].into());
        let inside = "//! A thing. Keeps promise 5.5 (encryption) and the means of 5.2.\n";
        assert_eq!(kept_by(inside), [(5, 5)].into());
        assert_eq!(kept_by("//! Keeps promises 3.1–3.3.\n"), [(3, 1), (3, 2), (3, 3)].into());
        assert!(kept_by("let s = \"Keeps promise 6.2\";").is_empty());
    }

    #[test]
    fn tests_are_found_by_name() {
        let text = "#[test]\nfn promise_5_2_cancelled_account_is_unreadable() {}\nfn promise_less() {}\n\
                    test('promise_3_5_reject_all', async () => {});\ncall(promise_5_2_no_declaration)";
        assert_eq!(
            tests_in(text),
            [
                ((5, 2), "promise_5_2_cancelled_account_is_unreadable".to_owned()),
                ((3, 5), "promise_3_5_reject_all".to_owned())
            ]
        );
    }

    #[test]
    fn a_promise_nobody_made_is_a_fault_with_its_place() {
        let fault = render(&[file("crates/x/src/a.rs", "//! Keeps promise 9.9.\n")]).unwrap_err();
        assert!(fault.contains("crates/x/src/a.rs") && fault.contains("9.9"), "{fault}");
        let fault = render(&[file("crates/x/src/a.rs", "fn promise_8_4_x() {}\n")]).unwrap_err();
        assert!(fault.contains("promise_8_4_x"), "{fault}");
    }

    #[test]
    fn the_page_is_the_same_whatever_the_order_of_files() {
        let a = file("crates/x/src/a.rs", "//! Keeps promise 6.2.\n");
        let b = file("crates/x/src/b.rs", "//! Keeps promise 6.2.\nfn promise_6_2_x() {}\n");
        let page = render(&[a.clone(), b.clone()]).unwrap();
        assert_eq!(page, render(&[b, a]).unwrap());
        assert!(page.contains("| `crates/x/src/a.rs`<br>`crates/x/src/b.rs` | `promise_6_2_x` (crates/x/src/b.rs) |"));
        assert!(page.contains("| **8.3** the way to regulator and court | not yet | not yet |"));
    }

    #[test]
    fn every_chapter_has_a_promise_and_ids_ascend() {
        assert!(PROMISES.windows(2).all(|w| matches!(w, [a, b] if a.0 < b.0)));
        for chapter in 0..9 {
            assert!(PROMISES.iter().any(|(id, _)| id.0 == chapter));
        }
    }
}
