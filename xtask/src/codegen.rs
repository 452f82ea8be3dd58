//! Files that are written from others and checked in; `--check` proves that they are up to date.

use std::path::Path;

use crate::run::{Outcome, command, output, root};
use crate::{promises, retention};

/// One generated file: where it stands and what it should hold, or why that cannot be said.
struct Page {
    path: &'static str,
    text: Outcome<String>,
}

fn pages(root: &Path) -> [Page; 3] {
    [
        Page { path: "docs/promises.md", text: promises::page(root) },
        Page { path: "docs/retention.md", text: retention::page(root) },
        Page { path: "docs/openapi.json", text: openapi() },
    ]
}

/// The service API's description, as the command itself prints it.
fn openapi() -> Outcome<String> {
    let words = ["run", "--quiet", "--locked", "-p", "avouch-cli", "--", "openapi"];
    tidy_json(&output(&mut command("cargo", &words))?)
}

/// The same JSON, indented, with a line end.
fn tidy_json(text: &str) -> Outcome<String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| format!("`avouch openapi` printed no JSON: {e}"))?;
    serde_json::to_string_pretty(&value).map(|s| s + "\n").map_err(|e| e.to_string())
}

/// `cargo xtask codegen`.
pub(crate) fn write() -> Outcome {
    let root = root();
    let mut faults = Vec::new();
    for page in pages(&root) {
        match page.text.and_then(|text| keep(&root.join(page.path), &text)) {
            Ok(true) => println!("  {} written", page.path),
            Ok(false) => println!("  {} is as it should be", page.path),
            Err(fault) => faults.push(format!("{}: {fault}", page.path)),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Writes the file where it differs; says whether it did.
fn keep(path: &Path, text: &str) -> Outcome<bool> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(true)
}

/// `cargo xtask codegen --check`.
pub(crate) fn check() -> Outcome {
    let root = root();
    let mut stale = Vec::new();
    for page in pages(&root) {
        let held = std::fs::read_to_string(root.join(page.path)).ok();
        match page.text.and_then(|text| compare(held.as_deref(), &text)) {
            Ok(()) => println!("  {} is as it should be", page.path),
            Err(why) => stale.push(format!("{} {why}", page.path)),
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("{}; run `cargo xtask codegen` and commit", stale.join("; "))) }
}

/// Whether what is held is what should be; a fault names the first line that differs.
fn compare(held: Option<&str>, should: &str) -> Outcome {
    match held {
        None => Err("is missing".to_owned()),
        Some(held) if held == should => Ok(()),
        Some(held) => {
            let same = held.lines().zip(should.lines()).take_while(|(a, b)| a == b).count();
            Err(format!("is out of date from line {}", same + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_told_with_its_first_wrong_line() {
        assert_eq!(compare(Some("a\nb\n"), "a\nb\n"), Ok(()));
        assert_eq!(compare(Some("a\nx\n"), "a\nb\n"), Err("is out of date from line 2".to_owned()));
        assert_eq!(compare(Some("a\n"), "a\nb\n"), Err("is out of date from line 2".to_owned()));
        assert_eq!(compare(None, "a"), Err("is missing".to_owned()));
    }

    #[test]
    fn json_is_kept_in_one_shape() {
        assert_eq!(tidy_json("{\"a\":1}").unwrap(), "{\n  \"a\": 1\n}\n");
        assert!(tidy_json("").is_err());
    }
}
