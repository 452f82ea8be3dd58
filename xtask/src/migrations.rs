//! Migrations are only ever added: an edited, renamed or removed one is refused.
//!
//! The first version of each is the one in the commit that added it or, for those that are older than
//! `crates/store/migrations/SETTLED`, the one in the commit that added that file: before it there was no
//! database in use anywhere. History is the line of first parents: what a side branch holds was never in use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::run::{Ended, Outcome, command, output, root};
use crate::source::files;

const FOLDER: &str = "crates/store/migrations";
const SETTLED: &str = "crates/store/migrations/SETTLED";

/// Compares the tree with its history.
pub(crate) fn check() -> Ended {
    match output(&mut command("git", &["rev-parse", "--is-shallow-repository"])) {
        Err(_) => return Ended::Unchecked("this is no git repository, so there is no history to compare with".into()),
        Ok(shallow) if shallow.trim() == "true" => {
            return Ended::Unchecked("this clone has no full history; `git fetch --unshallow` brings it".into());
        }
        Ok(_) => {}
    }
    match compare(&root()) {
        Ok(None) => Ended::Unchecked(format!("{SETTLED} is not committed yet, so no database depends on a migration")),
        Ok(Some(faults)) if faults.is_empty() => Ended::Well,
        Ok(Some(faults)) => Ended::Badly(faults.join("; ")),
        Err(fault) => Ended::Badly(fault),
    }
}

/// The faults, or `None` while the migrations are not settled.
fn compare(root: &Path) -> Outcome<Option<Vec<String>>> {
    let Some(settled) = added_by(SETTLED)? else { return Ok(None) };
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for path in git(&["ls-tree", "-r", "--name-only", &settled, "--", FOLDER])?.lines() {
        first.insert(path.to_owned(), settled.clone());
    }
    let range = format!("{settled}..HEAD");
    for path in git(&[
        "log",
        "--first-parent",
        "--diff-filter=A",
        "--no-renames",
        "--name-only",
        "--format=",
        &range,
        "--",
        FOLDER,
    ])?
    .lines()
    {
        if !path.is_empty() && !first.contains_key(path) {
            let commit = added_by(path)?.unwrap_or_else(|| "HEAD".to_owned());
            first.insert(path.to_owned(), commit);
        }
    }
    let mut was = BTreeMap::new();
    for (path, commit) in first.into_iter().filter(|(path, _)| path.ends_with(".sql")) {
        let text = git(&["show", &format!("{commit}:{path}")])?;
        was.insert(path, text);
    }
    let is = files(root, FOLDER, &[".sql"])?.into_iter().map(|file| (file.path, file.text)).collect();
    Ok(Some(faults(&was, &is)))
}

/// The oldest commit that added the file.
fn added_by(path: &str) -> Outcome<Option<String>> {
    let log = git(&["log", "--first-parent", "--diff-filter=A", "--no-renames", "--format=%H", "--", path])?;
    Ok(log.lines().last().map(str::to_owned))
}

fn git(args: &[&str]) -> Outcome<String> {
    output(&mut command("git", args))
}

fn faults(was: &BTreeMap<String, String>, is: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    for (path, text) in was {
        match is.get(path) {
            None => out.push(format!("{path} is gone: a migration stays, a new one undoes it")),
            Some(now) if now != text => out.push(format!("{path} was edited: write a new migration instead")),
            Some(_) => {}
        }
    }
    let mut seen = BTreeSet::new();
    for path in is.keys() {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let number = name.split('_').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
            out.push(format!("{path}: a migration is named 0001_what_it_does.sql"));
        } else if !seen.insert((folder, number)) {
            out.push(format!("{path}: the number {number} is taken"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn an_added_migration_is_fine_an_edited_or_removed_one_is_not() {
        let was = tree(&[("m/data/0001_base.sql", "CREATE"), ("m/data/0002_more.sql", "ALTER")]);
        let mut is = was.clone();
        is.insert("m/data/0003_new.sql".into(), "ALTER".into());
        is.insert("m/keys/0001_base.sql".into(), "CREATE".into());
        assert_eq!(faults(&was, &is), Vec::<String>::new());
        is.insert("m/data/0001_base.sql".into(), "CREATE TABLE".into());
        is.remove("m/data/0002_more.sql");
        let found = faults(&was, &is);
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|f| f.contains("0001_base.sql was edited")));
        assert!(found.iter().any(|f| f.contains("0002_more.sql is gone")));
    }

    #[test]
    fn numbers_are_four_digits_and_taken_once() {
        let is = tree(&[("m/data/0001_a.sql", ""), ("m/data/0001_b.sql", ""), ("m/data/x.sql", "")]);
        assert_eq!(faults(&BTreeMap::new(), &is).len(), 2);
    }
}
