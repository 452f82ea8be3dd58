//! Docs that name a crate, a file or a folder name one that exists.

use std::collections::BTreeSet;
use std::path::Path;

use crate::run::{Outcome, root};
use crate::source::{File, files};

/// Where names are checked. Generated pages are written from the tree and need no check.
const DOCS: [&str; 6] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/asvs.md", "docs/adr/"];

/// The table in which a claim needs a file.
const ASVS: &str = "docs/asvs.md";

/// Folders that exist only after a build or a run, or on the reader's side.
const MADE: [&str; 4] = ["target/", "e2e/output", "node_modules/", "data/"];

/// Ends by which a word without a slash is taken for a file of ours.
const ENDS: [&str; 10] = [".rs", ".toml", ".md", ".json", ".mjs", ".ts", ".sql", ".html", ".css", ".ftl"];

/// Checks every document.
pub(crate) fn check() -> Outcome {
    let root = root();
    let mut faults = Vec::new();
    for doc in DOCS {
        for file in documents(&root, doc)? {
            faults.extend(faults_in(&root, &file));
            if doc == ASVS {
                faults.extend(unfounded(&root, &file));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &faults {
        println!("  {fault}");
    }
    Err(format!("{} name(s) in the docs lead nowhere", faults.len()))
}

fn documents(root: &Path, doc: &str) -> Outcome<Vec<File>> {
    if let Some(folder) = doc.strip_suffix('/') {
        return files(root, folder, &[".md"]);
    }
    let text = crate::run::read(&root.join(doc))?;
    Ok(vec![File { path: doc.to_owned(), text }])
}

fn faults_in(root: &Path, file: &File) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // A link leads from the document's own folder, a quoted name from the workspace's.
        let own = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for link in links(line) {
            if !root.join(own).join(link).exists() && seen.insert(link.to_owned()) {
                faults.push(format!("{}:{number}: the link {link} leads nowhere", file.path));
            }
        }
        for name in quoted(line) {
            let there = match kind(name) {
                Kind::Path => root.join(name).exists(),
                Kind::Crate => crate_exists(root, name),
                Kind::Other => true,
            };
            if !there && seen.insert(name.to_owned()) {
                faults.push(format!("{}:{number}: there is no `{name}`", file.path));
            }
        }
    }
    faults
}

/// Rows of a table of requirements that claim to be met, wholly or partly, and name no file of ours.
fn unfounded(root: &Path, file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, _, state, found, _] = cells.as_slice() else { continue };
        let named = || {
            let plain = found.split_whitespace().map(|w| w.trim_end_matches([',', ';', ':', '.']));
            quoted(found).chain(plain).any(|name| kind(name) == Kind::Path && root.join(name).exists())
        };
        let known = ["met", "partly", "faces", "not yet", "none", "state", "---"];
        if !known.contains(state) {
            faults.push(format!("{}:{number}: {id} has no known state but {state:?}", file.path));
        } else if ["met", "partly"].contains(state) && !named() {
            faults.push(format!("{}:{number}: {id} is said to be {state}, by no file", file.path));
        }
    }
    faults
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Path,
    Crate,
    Other,
}

/// What a quoted word names, if anything in this tree.
fn kind(word: &str) -> Kind {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if !word.chars().all(plain) || word.starts_with(['/', '-']) || MADE.iter().any(|m| word.starts_with(m)) {
        return Kind::Other;
    }
    if word.starts_with("avouch-") {
        return Kind::Crate;
    }
    // `a/b` may be a media type or a pair of words: a path ends with a slash, a known end, or starts with
    // a folder of ours.
    let first = word.split('/').next().unwrap_or_default();
    let ours = ["crates", "docs", "policy", "xtask", "e2e", "bench", "fuzz", "browser", "examples", ".ci"];
    let file = ENDS.iter().any(|end| word.ends_with(end));
    if word.contains('/') && (ours.contains(&first) || word.ends_with('/')) {
        return Kind::Path;
    }
    let top = ["clippy.toml", "deny.toml", "rustfmt.toml"].contains(&word);
    if top || (file && (word.contains('/') || word.starts_with(|c: char| c.is_ascii_uppercase()))) {
        return Kind::Path;
    }
    Kind::Other
}

fn crate_exists(root: &Path, name: &str) -> bool {
    let folder = name.strip_prefix("avouch-").unwrap_or(name);
    [format!("crates/{folder}"), folder.to_owned(), format!("examples/{folder}")]
        .iter()
        .any(|f| root.join(f).join("Cargo.toml").is_file())
}

fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next()?;
        (!target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_nowhere_is_found_with_its_line() {
        let doc = File {
            path: "docs/adr/x.md".into(),
            text: "`crates/nowhere/` and `avouch-nothing`\n```\n`crates/example/`\n```\n[a](gone.md) `xtask/src/names.rs`\n".into(),
        };
        assert_eq!(
            faults_in(&root(), &doc),
            [
                "docs/adr/x.md:1: there is no `crates/nowhere/`",
                "docs/adr/x.md:1: there is no `avouch-nothing`",
                "docs/adr/x.md:5: the link gone.md leads nowhere"
            ]
        );
    }

    #[test]
    fn a_claim_without_a_file_is_found() {
        let doc = File {
            path: ASVS.into(),
            text: "| id | what | state | where |\n|---|---|---|---|\n| 1.1 | a | met | `deny.toml` |\n\
                   | 1.2 | b | met | everywhere |\n| 1.3 | c | not yet | later |\n| 1.4 | d | maybe | |\n"
                .into(),
        };
        assert_eq!(
            unfounded(&root(), &doc),
            [
                "docs/asvs.md:4: 1.2 is said to be met, by no file",
                "docs/asvs.md:6: 1.4 has no known state but \"maybe\""
            ]
        );
    }

    #[test]
    fn words_that_are_no_paths_are_left_alone() {
        for word in
            ["/v1", "cargo xtask lint", "text/html", "policy.toml", "target/debug", "application/json", "--json"]
        {
            assert_eq!(kind(word), Kind::Other, "{word}");
        }
        assert_eq!(kind("policy/policy.toml"), Kind::Path);
        assert_eq!(kind("ARCHITECTURE.md"), Kind::Path);
        assert_eq!(kind("avouch-store"), Kind::Crate);
    }
}
