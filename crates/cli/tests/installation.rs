//! The commands that work on a data folder, on one made by the demo: what they do, what they print, and how they
//! end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A data folder that the demo has filled and nobody serves any more.
struct Installation {
    folder: tempfile::TempDir,
    subjects: Vec<String>,
}

/// The lines of JSON an address answers with.
fn get(address: &str, path: &str, credential: &str) -> Vec<Value> {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {credential}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // Between them stand the sizes of the chunks they came in.
    answer.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let any = "127.0.0.1:0";
        let mut demo = Command::new(env!("CARGO_BIN_EXE_avouch"))
            .args(["demo", "--json", "--site", any, "--api", any, "--console", any, "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["ok"], true, "{ready}");
        let (api, credential) = (ready["data"]["api"].as_str().unwrap(), ready["data"]["credential"].as_str().unwrap());
        let lines = get(api, "/v1/bulk/content?items=nickname", credential);
        assert_eq!(lines.last().unwrap()["outcome"], "end");
        let subjects: Vec<String> =
            lines.iter().filter_map(|line| line["subject"].as_str().map(str::to_owned)).collect();
        assert!(subjects.len() >= 3, "{lines:?}");
        demo.kill().unwrap();
        demo.wait().unwrap();
        Self { folder, subjects }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a command on the folder; gives the exit code, the JSON, and all that was printed.
    fn run(&self, words: &[&str]) -> (i32, Value, String) {
        let data = self.data();
        outside(&[words, &["--data", &data.to_string_lossy()]].concat())
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data().join("cn/data.db")).unwrap()
    }
}

/// The command without an installation.
fn outside(words: &[&str]) -> (i32, Value, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_avouch")).args(words).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    (out.status.code().unwrap(), json, text + &String::from_utf8_lossy(&out.stderr))
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn promise_6_5_a_person_is_exported_into_a_file_of_the_owner_alone() {
    let at = Installation::new();
    let out = at.folder.path().join("person.zip");
    let (code, json, text) = at.run(&["subject", "export", &at.subjects[0], "--out", &out.to_string_lossy(), "--json"]);
    assert_eq!((code, &json["ok"]), (0, &json!(true)), "{text}");
    assert_eq!(json["data"]["bytes"].as_u64().unwrap(), out.metadata().unwrap().len());
    assert!(json["data"]["receipt"]["index"].is_u64());
    assert_eq!(mode(&out), 0o600);
    assert_eq!(&std::fs::read(&out).unwrap()[..2], b"PK");
    let (code, _, text) = at.run(&["subject", "export", &at.subjects[1], "--out", &out.to_string_lossy()]);
    assert!(code == 1 && text.contains("cannot write"), "a file that is there is not written over: {text}");
    let (code, json, _) = at.run(&["subject", "export", "cn-00000000000000000000000000", "--out", "x.zip", "--json"]);
    assert_eq!((code, &json["ok"], &json["data"]), (1, &json!(false), &Value::Null));
    assert_eq!(at.run(&["subject", "export", "nobody", "--out", "x.zip"]).0, 2, "that is no subject's id");
}

#[test]
fn promise_5_2_a_person_is_erased_only_when_meant_and_then_for_good() {
    let at = Installation::new();
    let subject = at.subjects[0].as_str();
    let (code, _, text) = at.run(&["subject", "erase", subject]);
    assert!(code == 1 && text.contains("nothing was done"), "{text}");
    let (code, json, text) = at.run(&["subject", "erase", subject, "--yes", "--json"]);
    assert_eq!((code, &json["ok"]), (0, &json!(true)), "{text}");
    assert!(json["data"]["receipt"]["index"].is_u64() && json["data"]["backups_until"].is_string(), "{json}");
    assert_eq!(at.run(&["subject", "erase", subject, "--yes"]).0, 1, "nobody of that id is left");
    let (code, json, _) = at.run(&["ledger", "verify", "--json"]);
    assert_eq!((code, &json["data"]["whole"]), (0, &json!(true)), "the ledger verifies after it");
    let (code, json, text) = at.run(&["doctor", "--json"]);
    assert_eq!((code, &json["data"]["wrong"]), (0, &json!([])), "{text}");
}

#[test]
fn promise_5_1_what_is_past_its_end_is_told_by_a_dry_run_and_goes_by_a_real_one() {
    let at = Installation::new();
    let count = |sql: &str| at.database().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let total =
        |json: &Value| json["data"]["records"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    let (code, json, text) = at.run(&["retention", "run", "--dry-run", "--json"]);
    assert_eq!((code, total(&json)), (0, 0), "{text}");
    let aged = at.database().execute("UPDATE record SET until = 1 WHERE item = 'comment'", []).unwrap() as u64;
    assert!(aged > 0);
    let before = count("SELECT count(*) FROM record");
    let (_, json, text) = at.run(&["retention", "run", "--dry-run", "--json"]);
    assert_eq!(total(&json), aged, "{text}");
    assert_eq!(count("SELECT count(*) FROM record"), before, "a dry run changes nothing");
    assert_eq!(at.run(&["doctor"]).0, 3, "and the doctor says that they are overdue");
    let (code, json, _) = at.run(&["retention", "run", "--json"]);
    assert_eq!((code, total(&json)), (0, aged));
    assert_eq!(count("SELECT count(*) FROM record WHERE item = 'comment'"), 0);
    assert_eq!(at.run(&["doctor"]).0, 0);
}

#[test]
fn promise_5_1_what_will_end_is_drawn_and_a_sweeps_certificate_is_checked_by_an_outsider() {
    let at = Installation::new();
    let (plot, sweep) = (at.folder.path().join("forecast.svg"), at.folder.path().join("sweep.json"));
    let (plot, sweep) = (plot.to_string_lossy().into_owned(), sweep.to_string_lossy().into_owned());
    let (code, json, text) = at.run(&["retention", "forecast", "--months", "4", "--svg", &plot, "--json"]);
    assert_eq!((code, json["data"].as_array().unwrap().len()), (0, 4), "{text}");
    assert!(std::fs::read_to_string(&plot).unwrap().starts_with("<svg"));
    assert_eq!(at.run(&["retention", "forecast", "--svg", &plot]).0, 1, "a file that is there is not written over");
    let aged = at.database().execute("UPDATE record SET until = 1 WHERE item = 'comment'", []).unwrap();
    let (_, json, _) = at.run(&["retention", "run", "--json"]);
    let line = json["data"]["lines"].as_array().unwrap().iter().find(|l| l["item"] == "comment").unwrap().clone();
    assert_eq!((&line["rule"], &line["count"]), (&json!("content account-cancelled 0 days"), &json!(aged)));
    let leaf = format!("{}/{}", json["data"]["receipt"]["log"].as_str().unwrap(), json["data"]["receipt"]["index"]);
    assert_eq!(at.run(&["retention", "certificate", "--of", &leaf, "--out", &sweep]).0, 0);
    let key = at.run(&["ledger", "key", "--json"]).1["data"][0]["key"].as_str().unwrap().to_owned();
    let (code, json, text) = outside(&["retention", "check", &sweep, "--key", &key, "--json"]);
    assert_eq!((code, &json["data"]["holds"]), (0, &json!(true)), "{text}");
    let told = std::fs::read_to_string(&sweep).unwrap();
    std::fs::write(&sweep, told.replace("account-cancelled", "consent-withdrawn")).unwrap();
    let (code, json, _) = outside(&["retention", "check", &sweep, "--key", &key, "--json"]);
    assert_eq!((code, &json["ok"], &json["data"]["holds"]), (3, &json!(true), &json!(false)));
    assert_eq!(at.run(&["retention", "certificate", "--of", "nowhere"]).0, 1);
}

#[test]
fn promise_0_1_a_changed_leaf_is_named_by_ledger_verify() {
    let at = Installation::new();
    let (code, json, text) = at.run(&["ledger", "verify", "--json"]);
    assert_eq!((code, &json["data"]["whole"]), (0, &json!(true)), "{text}");
    let key = at.run(&["ledger", "key", "--json"]).1["data"][0]["key"].as_str().unwrap().to_owned();
    assert_eq!(json["data"]["logs"][0]["key"].as_str(), Some(key.as_str()));
    let db = at.database();
    let mut entry: Vec<u8> = db.query_row("SELECT entry FROM leaf WHERE idx = 3", [], |row| row.get(0)).unwrap();
    let last = entry.len() - 1;
    entry[last] ^= 1;
    db.execute("UPDATE leaf SET entry = ?1 WHERE idx = 3", [&entry]).unwrap();
    let (code, json, _) = at.run(&["ledger", "verify", "--json"]);
    assert_eq!((code, &json["ok"], &json["data"]["whole"]), (3, &json!(true), &json!(false)));
    let (code, _, text) = at.run(&["ledger", "verify"]);
    assert!(code == 3 && text.contains("leaf 3"), "{text}");
}

#[test]
fn promise_5_5_a_key_file_that_is_lost_or_loose_and_a_newer_folder_are_told() {
    let at = Installation::new();
    let key = at.data().join("keys/root.key");
    assert_eq!(mode(&key), 0o600);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let (code, json, text) = at.run(&["doctor", "--json"]);
    assert_eq!((code, &json["ok"]), (1, &json!(false)), "{text}");
    assert!(text.contains("root.key") && text.contains("600"), "{text}");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let aside = at.folder.path().join("aside");
    std::fs::rename(&key, &aside).unwrap();
    let (code, _, text) = at.run(&["doctor"]);
    assert!(code == 1 && text.contains("root.key"), "{text}");
    assert!(!key.exists(), "no new key is made beside old data");
    std::fs::rename(&aside, &key).unwrap();
    at.database().execute("INSERT INTO migration (id, name, digest) VALUES (99, 'later', x'00')", []).unwrap();
    let (code, _, text) = at.run(&["doctor"]);
    assert!(code == 1 && text.contains("newer"), "{text}");
    at.database().execute("DELETE FROM migration WHERE id = 99", []).unwrap();
    assert_eq!(at.run(&["doctor"]).0, 0, "all is as it was");
}

#[test]
fn promise_5_5_keys_are_listed_rotated_and_retired_and_people_stay_readable() {
    let at = Installation::new();
    let (code, before, text) = at.run(&["keys", "list", "--json"]);
    assert_eq!(code, 0, "{text}");
    let (code, rotated, text) = at.run(&["keys", "rotate", "region", "--json"]);
    assert_eq!((code, &rotated["data"]["version"]), (0, &json!("2")), "{text}");
    assert!(rotated["data"]["rewrapped"].as_u64().unwrap() >= 3, "{rotated}");
    let (code, rotated, text) = at.run(&["keys", "rotate", "root", "--json"]);
    assert_eq!(code, 0, "{text}");
    assert_ne!(rotated["data"]["version"], before["data"]["root"]["version"]);
    let (code, done, text) = at.run(&["keys", "reseal", "--json"]);
    assert_eq!((code, &done["data"]["suite"], &done["data"]["count"]), (0, &json!("aes-256-gcm"), &json!(0)), "{text}");
    let (code, _, text) = at.run(&["keys", "retire"]);
    assert!(code == 1 && text.contains("nothing was done"), "{text}");
    let (code, retired, text) = at.run(&["keys", "retire", "--yes", "--json"]);
    assert_eq!((code, &retired["data"]["region_keys"]), (0, &json!(1)), "{text}");
    let (code, _, text) = at.run(&["keys", "list"]);
    assert!(code == 0 && text.contains("region:cn version 2") && !text.contains("region:cn version 1"), "{text}");
    let out = at.folder.path().join("person.zip");
    assert_eq!(at.run(&["subject", "export", &at.subjects[0], "--out", &out.to_string_lossy()]).0, 0);
    assert_eq!(at.run(&["doctor"]).0, 0);
    assert_eq!(at.run(&["ledger", "verify"]).0, 0);
    assert_eq!(at.run(&["keys", "rotate", "sideways"]).0, 2);
}

#[test]
fn promise_5_2_last_nights_backup_brings_back_nobody_who_was_erased_since() {
    let at = Installation::new();
    let to = at.folder.path().join("night").to_string_lossy().into_owned();
    let (code, made, text) = at.run(&["backup", "--to", &to, "--json"]);
    assert_eq!(code, 0, "{text}");
    assert!(made["data"]["backup"]["rows"].as_u64().unwrap() > 20, "{made}");
    let (code, _, text) = at.run(&["backup", "--to", &to]);
    assert!(code == 1 && text.contains("never writes over"), "{text}");
    assert_eq!(at.run(&["subject", "erase", &at.subjects[0], "--yes"]).0, 0);

    let (code, _, text) = at.run(&["restore", "--from", &to]);
    assert!(code == 1 && text.contains("nothing was done"), "what is here is replaced only when meant: {text}");
    let journals = at.data().join("journals");
    let aside = at.folder.path().join("journals");
    std::fs::rename(&journals, &aside).unwrap();
    let (code, _, text) = at.run(&["restore", "--from", &to, "--yes"]);
    assert!(code == 1 && text.contains("cannot be known"), "{text}");
    assert!(!journals.exists(), "no empty journal is begun by trying");
    std::fs::rename(&aside, &journals).unwrap();
    let staging = at.data().join("cn.restoring");
    // A file that is cut off is found when most of it was read.
    let file = Path::new(&to).join("keys.backup");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let (code, _, text) = at.run(&["restore", "--from", &to, "--yes"]);
    assert!(code == 1 && text.contains("cut off"), "{text}");
    std::fs::write(&file, &whole).unwrap();
    assert!(!staging.exists(), "nothing half-filled is left aside");
    assert_eq!(at.run(&["doctor"]).0, 0, "a refused restore leaves everything as it was");

    let (code, restored, text) = at.run(&["restore", "--from", &to, "--yes", "--json"]);
    assert_eq!((code, &restored["data"]["reapplied"]["erased"]), (0, &json!(1)), "{text}");
    let out = at.folder.path().join("person.zip").to_string_lossy().into_owned();
    assert_eq!(at.run(&["subject", "export", &at.subjects[0], "--out", &out]).0, 1, "the erased stay erased");
    assert_eq!(at.run(&["subject", "export", &at.subjects[1], "--out", &out]).0, 0);
    let (code, json, text) = at.run(&["doctor", "--json"]);
    assert_eq!((code, &json["data"]["wrong"]), (0, &json!([])), "{text}");
    let (code, json, _) = at.run(&["ledger", "verify", "--json"]);
    assert_eq!((code, &json["data"]["whole"]), (0, &json!(true)));

    // A restore that was killed before it took its place: the next start removes what lies aside.
    std::fs::create_dir(&staging).unwrap();
    std::fs::write(staging.join("keys.db"), "half of a key store").unwrap();
    assert_eq!(at.run(&["retention", "run"]).0, 0);
    assert!(!staging.exists());

    // Only the data is lost: the key store that is here stays.
    std::fs::remove_file(at.data().join("cn/data.db")).unwrap();
    let (code, _, text) = at.run(&["restore", "--from", &to, "--keep-keys"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(at.run(&["subject", "export", &at.subjects[0], "--out", "x.zip"]).0, 1);
    assert_eq!(at.run(&["doctor"]).0, 0);
    std::fs::remove_file(at.data().join("cn/keys.db")).unwrap();
    let (code, _, text) = at.run(&["restore", "--from", &to, "--keep-keys", "--yes"]);
    assert!(code == 1 && text.contains("no key store"), "{text}");
}

#[test]
fn promise_5_5_a_lost_root_key_is_made_again_from_shares_that_were_printed() {
    let at = Installation::new();
    let (code, json, text) = at.run(&["keys", "split", "--shares", "5", "--threshold", "3", "--json"]);
    assert_eq!(code, 0, "{text}");
    let shares: Vec<&str> = json["data"]["shares"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(shares.len(), 5);
    assert_eq!(at.run(&["keys", "split", "--shares", "2", "--threshold", "3"]).0, 1);
    let key = at.data().join("keys/root.key");
    let recover = |lines: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_avouch"))
            .args(["keys", "recover", "--to"])
            .arg(&key)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        (out.status.code().unwrap(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, said) = recover(&shares);
    assert!(code == 1, "a key that is there is not replaced: {said}");
    std::fs::remove_file(&key).unwrap();
    let (code, said) = recover(&shares[..2]);
    assert!(code == 1 && said.contains("3 are needed"), "{said}");
    assert!(!key.exists());
    let (code, said) = recover(&[shares[4], shares[0], shares[2]]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(at.run(&["doctor"]).0, 0);
}
