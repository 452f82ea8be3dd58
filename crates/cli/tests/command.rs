//! The command as scripts use it: one JSON shape, exit codes that can be trusted.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn avouch(words: &[&str]) -> (i32, Value, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_avouch")).args(words).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    (out.status.code().unwrap(), json, text + &String::from_utf8_lossy(&out.stderr))
}

fn root(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).to_string_lossy().into_owned()
}

#[test]
fn promise_8_2_the_calendar_tells_the_due_day() {
    let (code, json, _) =
        avouch(&["calendar", "due", "--calendar", "cn", "--from", "2026-02-06", "--working-days", "15", "--json"]);
    assert_eq!((code, &json["ok"], &json["data"]["due"]), (0, &Value::Bool(true), &Value::from("2026-03-05")));
    assert_eq!(json["data"]["provisional"], false);
    let (code, json, _) =
        avouch(&["calendar", "due", "--calendar", "moon", "--from", "2026-02-06", "--working-days", "1", "--json"]);
    assert_eq!((code, &json["ok"]), (1, &Value::Bool(false)));
}

#[test]
fn the_shipped_policy_is_clean_and_the_first_one_is_not() {
    let (code, json, text) = avouch(&["policy", "lint", &root("policy"), "--json"]);
    assert_eq!((code, &json["data"]["errors"]), (0, &Value::from(0)), "{text}");
    let (code, json, _) = avouch(&["policy", "lint", &root("crates/policy/tests/fixtures/as-first-written"), "--json"]);
    assert_eq!(code, 3, "errors are found");
    assert!(json["data"]["errors"].as_u64().unwrap() > 5);
}

#[test]
fn a_policy_is_explained_rendered_and_compared() {
    let (code, json, _) = avouch(&["policy", "explain", "--json"]);
    assert_eq!((code, json["data"].as_array().unwrap().len() > 40), (0, true));
    let (code, _, text) = avouch(&["policy", "render", "--language", "zh-CN"]);
    assert!(code == 0 && text.contains("个人信息"));
    let policy = root("policy");
    let (code, json, _) = avouch(&["policy", "diff", &policy, &policy, "--json"]);
    assert_eq!((code, json["data"]["changes"].as_array().unwrap().len()), (0, 0));
    assert_eq!(avouch(&["policy", "render", "--language", "fr"]).0, 1);
}

#[test]
fn wrong_words_and_missing_folders_are_told() {
    assert_eq!(avouch(&["policy", "lnit"]).0, 2);
    let (code, _, text) = avouch(&["ledger", "verify", "--data", "/nowhere/at/all"]);
    assert!(code == 1 && text.contains("/nowhere/at/all"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("policy.toml"), "format = [\n").unwrap();
    let (code, _, text) = avouch(&["policy", "lint", &dir.path().to_string_lossy()]);
    assert!(code == 1 && text.contains("policy.toml"), "{text}");
    std::fs::write(dir.path().join("policy.toml"), b"title = \"\xff\"").unwrap();
    let (code, _, text) = avouch(&["policy", "lint", &dir.path().to_string_lossy()]);
    assert!(code == 1 && text.contains("UTF-8"), "{text}");
}
