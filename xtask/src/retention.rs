//! `docs/retention.md`: what the shipped policy keeps, how long, and which law says so.
//!
//! Keeps promise 5.1 in words: the page an administrator reads is written from the same facts that the
//! sweep executes, so the two cannot differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use toml::{Table, Value};

use crate::run::{Outcome, read};
use crate::source::files;

/// The page as it should be.
///
/// # Errors
/// When the policy or a law pack cannot be read, or a purpose says nothing of retention.
pub(crate) fn page(root: &Path) -> Outcome<String> {
    let policy = table("policy/policy.toml", &read(&root.join("policy/policy.toml"))?)?;
    let mut citations = BTreeMap::new();
    for file in files(root, "crates/policy/law", &[".toml"])? {
        citations.extend(records(&table(&file.path, &file.text)?));
    }
    render(&policy, &citations)
}

fn table(path: &str, text: &str) -> Outcome<Table> {
    text.parse().map_err(|e| format!("{path} is no TOML: {e}"))
}

/// Full name of each law record, with its citation.
fn records(pack: &Table) -> BTreeMap<String, String> {
    let name = pack.get("name").and_then(Value::as_str).unwrap_or_default();
    let list = pack.get("record").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|record| {
            let id = record.get("id")?.as_str()?;
            let citation = record.get("citation")?.as_str()?;
            Some((format!("{name}.{id}"), citation.to_owned()))
        })
        .collect()
}

fn render(policy: &Table, citations: &BTreeMap<String, String>) -> Outcome<String> {
    let mut out = String::from(
        "# What is kept, and how long\n\n\
         Written by `cargo xtask codegen` from `policy/policy.toml`; do not edit. A record is kept as the purpose\n\
         it was collected for says; what a law keeps beyond that is sealed again, so that only the legal\n\
         duty can open it.\n\n\
         | purpose | items | kept | then | law |\n|---|---|---|---|---|\n",
    );
    let purposes = at(policy, &["usage", "purposes"]).and_then(Value::as_table).ok_or("the policy has no purposes")?;
    for (id, purpose) in purposes {
        let kept = purpose.get("retention").ok_or_else(|| format!("purpose {id} has no retention"))?;
        let _ = writeln!(
            out,
            "| {} (`{id}`) | {} | {} | {} | {} |",
            english(purpose),
            words(purpose.get("items")),
            kept_for(kept),
            text(kept, "then"),
            law(kept, citations),
        );
    }
    out.push_str("\n## What a law keeps beyond that\n\n| items | kept | law |\n|---|---|---|\n");
    for (_, rule) in at(policy, &["storage", "statutory"]).and_then(Value::as_table).into_iter().flatten() {
        let _ = writeln!(out, "| {} | {} | {} |", words(rule.get("items")), text(rule, "keep"), law(rule, citations));
    }
    if let Some(kept) = at(policy, &["storage", "backups", "kept"]).and_then(Value::as_str) {
        let _ = write!(out, "\nBackups are kept {kept}; every certificate of an erasure states it as its tail.\n");
    }
    Ok(out)
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("–")
}

fn english(value: &Value) -> &str {
    value.get("label").map_or("–", |label| text(label, "en"))
}

fn words(list: Option<&Value>) -> String {
    let items: Vec<&str> = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if items.is_empty() { "–".to_owned() } else { items.join(", ") }
}

fn kept_for(kept: &Value) -> String {
    let after = text(kept, "after").replace('-', " ");
    match text(kept, "keep") {
        keep if keep.starts_with("0 ") => format!("until {after}"),
        keep => format!("{keep} after {after}"),
    }
}

fn law(rule: &Value, citations: &BTreeMap<String, String>) -> String {
    match rule.get("statute").and_then(Value::as_str) {
        None => "–".to_owned(),
        Some(name) => citations.get(name).map_or_else(|| format!("`{name}`"), |c| format!("{c} (`{name}`)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    const POLICY: &str = r#"
[usage.purposes.account]
label = { en = "Account" }
items = ["phone", "email"]
retention = { after = "account-cancelled", keep = "0 days", then = "delete" }
[usage.purposes.orders]
label = { en = "Orders" }
items = ["order"]
retention = { after = "collected", keep = "3 years", then = "delete", statute = "cn-pipl.retention.transaction" }
[storage.statutory.network_log]
items = ["network_log"]
statute = "cn-pipl.retention.network_log"
keep = "6 months"
[storage.backups]
kept = "30 days"
"#;

    #[test]
    fn promise_5_1_the_page_says_what_the_policy_says_with_its_law() {
        let pack = table(
            "p",
            "name = \"cn-pipl\"\n[[record]]\nid = \"retention.transaction\"\ncitation = \"E-Commerce Law art. 31\"\n",
        );
        let page = render(&table("p", POLICY).unwrap(), &records(&pack.unwrap())).unwrap();
        assert!(
            page.contains("| Account (`account`) | phone, email | until account cancelled | delete | – |"),
            "{page}"
        );
        assert!(page.contains(
            "| 3 years after collected | delete | E-Commerce Law art. 31 (`cn-pipl.retention.transaction`) |"
        ));
        assert!(page.contains("| network_log | 6 months | `cn-pipl.retention.network_log` |"));
        assert!(page.contains("Backups are kept 30 days"));
    }

    #[test]
    fn a_purpose_without_retention_is_a_fault() {
        let policy = table("p", "[usage.purposes.x]\nlabel = { en = \"X\" }\n").unwrap();
        assert_eq!(render(&policy, &BTreeMap::new()), Err("purpose x has no retention".to_owned()));
    }

    #[test]
    fn the_shipped_policy_renders() {
        assert!(page(&root()).unwrap().contains("Offers by e-mail"));
    }
}
