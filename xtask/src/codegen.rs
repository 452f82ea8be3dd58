//! Files that are written from others and checked in; `--check` proves that they are up to date.

use std::path::Path;

use crate::run::{Outcome, command, output, root};
use crate::source::files;
use crate::{promises, retention};

/// One generated file: where it stands and what it should hold; `None` while its source is not there.
struct Page {
    path: &'static str,
    text: Option<String>,
}

fn pages(root: &Path) -> Outcome<Vec<Page>> {
    Ok(vec![
        Page { path: "docs/promises.md", text: Some(promises::page(root)?) },
        Page { path: "docs/retention.md", text: Some(retention::page(root)?) },
        Page { path: "docs/openapi.json", text: openapi(root)? },
    ])
}

/// The service API's description, as the command itself prints it.
fn openapi(root: &Path) -> Outcome<Option<String>> {
    let has_command =
        files(root, "crates/cli/src", &[".rs"])?.iter().any(|file| file.text.to_ascii_lowercase().contains("openapi"));
    if !has_command {
        return Ok(None);
    }
    let text = output(&mut command("cargo", &["run", "--quiet", "--locked", "-p", "avouch-cli", "--", "openapi"]))?;
    tidy_json(&text).map(Some)
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
    for page in pages(&root)? {
        match page.text {
            Some(text) => {
                let path = root.join(page.path);
                if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
                    println!("  {} is as it should be", page.path);
                } else {
                    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
                    println!("  {} written", page.path);
                }
            }
            None => println!("  {} skipped: the command has no `openapi` yet", page.path),
        }
    }
    Ok(())
}

/// `cargo xtask codegen --check`.
pub(crate) fn check() -> Outcome {
    let root = root();
    let mut stale = Vec::new();
    for page in pages(&root)? {
        let held = std::fs::read_to_string(root.join(page.path)).ok();
        match compare(held.as_deref(), page.text.as_deref()) {
            Ok(()) => println!("  {} is as it should be", page.path),
            Err(why) => stale.push(format!("{} {why}", page.path)),
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("{}; run `cargo xtask codegen` and commit", stale.join("; "))) }
}

/// Whether what is held is what should be; a fault names the first line that differs.
fn compare(held: Option<&str>, should: Option<&str>) -> Outcome {
    match (held, should) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err("is missing".to_owned()),
        (Some(_), None) => Err("stands there and nothing writes it".to_owned()),
        (Some(held), Some(should)) if held == should => Ok(()),
        (Some(held), Some(should)) => {
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
        assert_eq!(compare(Some("a\nb\n"), Some("a\nb\n")), Ok(()));
        assert_eq!(compare(Some("a\nx\n"), Some("a\nb\n")), Err("is out of date from line 2".to_owned()));
        assert_eq!(compare(Some("a\n"), Some("a\nb\n")), Err("is out of date from line 2".to_owned()));
        assert_eq!(compare(None, Some("a")), Err("is missing".to_owned()));
        assert!(compare(Some("a"), None).is_err());
    }

    #[test]
    fn json_is_kept_in_one_shape() {
        assert_eq!(tidy_json("{\"a\":1}").unwrap(), "{\n  \"a\": 1\n}\n");
        assert!(tidy_json("").is_err());
    }
}
