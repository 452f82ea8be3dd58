//! Reading the tree: its files, and which of their lines are product code.

use std::path::{Path, PathBuf};

use crate::run::{Outcome, read};

/// One file of the tree.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Path from the workspace's folder, with `/`.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "output"];

/// All files under `folder` (from `root`) whose names end with one of `ends`, sorted by path. A folder
/// that is not there gives none.
pub(crate) fn files(root: &Path, folder: &str, ends: &[&str]) -> Outcome<Vec<File>> {
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found)?;
    found.sort();
    let mut out = Vec::new();
    for path in found {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if ends.iter().any(|end| name.ends_with(end)) {
            out.push(File { text: read(&path)?, path: name });
        }
    }
    Ok(out)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    if !folder.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// The lines of a Rust file that are product code, with their numbers from 1: no comments, and nothing
/// from the `#[cfg(test)]` module on, which by our habit stands last in a file.
pub(crate) fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| matches!(pair, [a, b] if a.trim() == "#[cfg(test)]" && b.trim_start().starts_with("mod ")))
        .unwrap_or(lines.len());
    lines.into_iter().take(end).enumerate().map(|(n, line)| (n + 1, line)).filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with("//")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_the_test_module_are_no_product_code() {
        let text = "//! use tokio\nuse std::fmt;\n/// tokio\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n use tokio;\n}\n";
        let lines: Vec<_> = product_lines(text).collect();
        assert_eq!(lines, [(2, "use std::fmt;"), (4, "fn a() {}")]);
    }
}
