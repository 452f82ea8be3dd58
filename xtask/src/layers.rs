//! The import rules of `ARCHITECTURE.md`: which crate may use which, which are pure, where the SQL
//! engines may be named.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Table;

use crate::run::{Outcome, read, root};
use crate::source::{File, files, product_lines};

/// What a crate may use of ours, by folder under `crates/`.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("policy", &[]),
    ("calendar", &[]),
    ("ledger", &[]),
    ("seal", &[]),
    ("store", &["policy", "ledger", "seal"]),
    ("avouch", &["policy", "calendar", "ledger", "seal", "store"]),
    ("web", &["avouch", "policy"]),
    ("cli", &["policy", "calendar", "ledger", "seal", "store", "avouch", "web"]),
    ("testkit", &["policy", "calendar", "ledger", "seal", "store", "avouch", "web"]),
];

/// Crates that compute and nothing else.
const PURE: [&str; 4] = ["policy", "calendar", "ledger", "seal"];

/// What a pure crate may not depend on.
const IMPURE: [&str; 10] = [
    "tokio",
    "rusqlite",
    "postgres",
    "tokio-postgres",
    "deadpool-postgres",
    "axum",
    "rand",
    "getrandom",
    "reqwest",
    "hyper",
];

/// What a pure crate may not name.
const IMPURE_NAMES: [&str; 7] =
    ["std::fs", "std::net", "std::process", "std::env", "std::thread", "std::time::SystemTime", "async fn"];

/// The one pure file that reads and writes: the key file is a file.
const KEY_FILE: &str = "crates/seal/src/keyfile";

/// The SQL engines' crates as code names them, and the one folder that may.
const ENGINES: [&str; 3] = ["rusqlite", "tokio_postgres", "deadpool_postgres"];
const ENGINE_FOLDER: &str = "crates/store/src/engine/";

/// Crates that are no part of the product: they measure it or test it.
const TOOLS: [&str; 1] = ["testkit"];

/// `cargo xtask layers`.
pub(crate) fn run() -> Outcome {
    let faults = check(&root())?;
    if faults.is_empty() {
        println!("  layers: the imports keep the rules");
        return Ok(());
    }
    for fault in &faults {
        println!("  {fault}");
    }
    Err(format!("{} import(s) break the rules of ARCHITECTURE.md", faults.len()))
}

fn check(root: &Path) -> Outcome<Vec<String>> {
    let mut faults = Vec::new();
    for folder in crate_folders(root)? {
        let path = format!("crates/{folder}/Cargo.toml");
        let manifest: Table = read(&root.join(&path))?.parse().map_err(|e| format!("{path} is no TOML: {e}"))?;
        faults.extend(manifest_faults(&folder, &manifest).into_iter().map(|f| format!("{path}: {f}")));
        for file in files(root, &format!("crates/{folder}/src"), &[".rs"])? {
            faults.extend(source_faults(&folder, &file));
        }
    }
    faults.extend(table_faults(&read(&root.join("ARCHITECTURE.md"))?));
    Ok(faults)
}

fn crate_folders(root: &Path) -> Outcome<BTreeSet<String>> {
    let folder = root.join("crates");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(entries
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect())
}

/// The package name of the crate in a folder.
fn package(folder: &str) -> String {
    if folder == "avouch" { folder.to_owned() } else { format!("avouch-{folder}") }
}

fn manifest_faults(folder: &str, manifest: &Table) -> Vec<String> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
        return vec![format!("crates/{folder} has no row in xtask/src/layers.rs and ARCHITECTURE.md: add both")];
    };
    let mut faults = Vec::new();
    for (section, name) in dependencies(manifest) {
        let ours = MAY_USE.iter().map(|(f, _)| *f).find(|f| package(f) == name);
        if let Some(ours) = ours {
            if ours == "testkit" {
                if section != "dev-dependencies" {
                    faults.push(format!("[{section}] {name}: the test kit is a dev-dependency only"));
                }
            } else if !allowed.contains(&ours) && section != "dev-dependencies" {
                faults.push(format!("[{section}] {name}: {folder} may not use it"));
            }
        }
        if PURE.contains(&folder) && section == "dependencies" && IMPURE.contains(&name.as_str()) {
            faults.push(format!("[{section}] {name}: {folder} is pure"));
        }
    }
    faults
}

/// Every dependency with the section it stands in; target sections count as plain ones.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(toml::Value::as_table));
    }
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(found) = table.get(section).and_then(toml::Value::as_table) else { continue };
            for (key, value) in found {
                // `x = { package = "y" }` depends on y.
                let name = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                out.push((section, name.to_owned()));
            }
        }
    }
    out
}

fn source_faults(folder: &str, file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    if TOOLS.contains(&folder) || file.path.ends_with("/tests.rs") {
        return faults;
    }
    let engine = file.path.starts_with(ENGINE_FOLDER);
    let pure = PURE.contains(&folder) && !file.path.starts_with(KEY_FILE);
    for (number, line) in product_lines(&file.text) {
        for name in ENGINES {
            if !engine && names(line, name) {
                faults.push(format!("{}:{number}: names {name}; only {ENGINE_FOLDER} may", file.path));
            }
        }
        for name in IMPURE_NAMES {
            if pure && names(line, name) {
                faults.push(format!("{}:{number}: names {name}; crates/{folder} is pure", file.path));
            }
        }
    }
    faults
}

/// Whether `word` stands in `line` and not as a part of a longer name.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The table in `ARCHITECTURE.md` says what `MAY_USE` says.
fn table_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (folder, allowed) in MAY_USE {
        let row = text.lines().find(|line| line.starts_with(&format!("| `crates/{folder}` |")));
        let Some(cell) = row.and_then(|row| row.trim_end_matches('|').rsplit('|').next()) else {
            faults.push(format!("ARCHITECTURE.md: the table has no row for `crates/{folder}`"));
            continue;
        };
        let said: BTreeSet<&str> = cell.split(',').map(str::trim).filter(|s| !s.is_empty() && *s != "–").collect();
        if said != allowed.iter().copied().collect() {
            faults.push(format!(
                "ARCHITECTURE.md: `crates/{folder}` may use \"{}\", xtask/src/layers.rs says otherwise",
                cell.trim()
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Table {
        text.parse().unwrap()
    }

    fn source(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn an_upward_import_is_found() {
        let bad = manifest("[dependencies]\navouch-store.workspace = true\nserde.workspace = true\n");
        assert_eq!(manifest_faults("policy", &bad), ["[dependencies] avouch-store: policy may not use it".to_owned()]);
        assert!(manifest_faults("avouch", &bad).is_empty());
    }

    #[test]
    fn a_renamed_import_is_found_too() {
        let bad = manifest("[dependencies]\nstore = { package = \"avouch-store\", path = \"../store\" }\n");
        assert_eq!(manifest_faults("web", &bad).len(), 1);
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        let bad = manifest("[dependencies]\navouch-testkit.workspace = true\n");
        assert_eq!(manifest_faults("cli", &bad).len(), 1);
        let good = manifest("[dev-dependencies]\navouch-testkit.workspace = true\n");
        assert!(manifest_faults("cli", &good).is_empty());
    }

    #[test]
    fn a_pure_crate_takes_no_clock_io_or_rng() {
        let bad = manifest("[dependencies]\ntokio = \"1\"\n[target.'cfg(unix)'.dependencies]\nrand = \"0.10\"\n");
        assert_eq!(manifest_faults("ledger", &bad).len(), 2);
        let tests_may = manifest("[dev-dependencies]\nrand = \"0.10\"\n");
        assert!(manifest_faults("ledger", &tests_may).is_empty());
        let read = source("crates/policy/src/load.rs", "fn a() { std::fs::read(\"x\"); }\n");
        assert_eq!(source_faults("policy", &read).len(), 1);
        let key = source("crates/seal/src/keyfile.rs", "use std::fs;\n");
        assert!(source_faults("seal", &key).is_empty());
    }

    #[test]
    fn engines_are_named_in_the_adapter_only() {
        let bad = source("crates/store/src/record.rs", "use rusqlite::Connection;\n");
        assert_eq!(source_faults("store", &bad).len(), 1);
        let good = source("crates/store/src/engine/sqlite.rs", "use rusqlite::Connection;\n");
        assert!(source_faults("store", &good).is_empty());
        let word = source("crates/store/src/record.rs", "fn not_rusqlite_at_all() {}\n");
        assert!(source_faults("store", &word).is_empty());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(manifest_faults("novelty", &manifest("")).len(), 1);
    }

    #[test]
    fn the_table_in_words_says_the_same() {
        let wrong = "| `crates/policy` | x | store |\n";
        let faults = table_faults(wrong);
        assert_eq!(faults.len(), MAY_USE.len());
        assert!(faults.iter().any(|f| f.contains("`crates/policy` may use \"store\"")));
    }

    #[test]
    fn this_tree_keeps_its_documented_table() {
        let text = read(&root().join("ARCHITECTURE.md")).unwrap();
        assert_eq!(table_faults(&text), Vec::<String>::new());
    }
}
