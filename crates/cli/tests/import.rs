//! `avouch import` as a team moves in: from each kind of source, killed and taken up again, with a report.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const MAPPING: &str = r#"
service = "shop"
number = "id"
external_id = "id"
joined = "created_at"
deleted = "deleted_at"
ignore = ["password_hint"]

[items.login]
item = "user_name"
source = "provided"
basis = "contract"

[items.mail]
item = "email"
source = "provided"
basis = "contract"

[items.nick]
item = "nickname"
"#;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.data()).unwrap();
        std::fs::write(place.path("users.toml"), MAPPING).unwrap();
        let (code, told) = place.run(&["service", "register", "shop", "--purpose", "account"]);
        assert!(code == 0 && told["data"]["credential"].as_str().unwrap().starts_with("shop."), "{told}");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avouch"));
        command.args(words).arg("--json").arg("--data").arg(self.data());
        command
    }

    fn run(&self, words: &[&str]) -> (i32, Value) {
        let out = self.command(words).output().unwrap();
        let told = serde_json::from_slice(&out.stdout).unwrap_or(Value::Null);
        (out.status.code().unwrap(), told)
    }

    fn import<'w>(&self, source: &'w [&'w str], more: &'w [&'w str]) -> Vec<String> {
        let mut words = vec!["import".to_owned()];
        words.extend(source.iter().map(|w| (*w).to_owned()));
        words.extend(["--mapping".to_owned(), self.path("users.toml").display().to_string()]);
        words.extend(["--name".to_owned(), "old-shop".to_owned()]);
        words.extend(more.iter().map(|w| (*w).to_owned()));
        words
    }

    fn count(&self, sql: &str) -> u64 {
        let open = |name: &str| Path::join(&self.data(), "cn").join(name);
        let db = rusqlite::Connection::open(open("data.db")).unwrap();
        db.execute("ATTACH ?1 AS keys", [open("keys.db").display().to_string()]).unwrap();
        u64::try_from(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
    }
}

fn words(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn csv(people: u64) -> String {
    let mut text = "id,login,mail,nick,created_at,deleted_at,password_hint\n".to_owned();
    for n in 1..=people {
        writeln!(text, "{n},person_{n},person{n}@plaza.example,,2021-03-04 10:00:00,,none").unwrap();
    }
    text
}

#[test]
fn promise_1_1_an_import_killed_and_taken_up_again_loses_and_doubles_nobody() {
    const PEOPLE: u64 = 3000;
    let place = Place::new();
    let file = place.path("users.csv");
    std::fs::write(&file, csv(PEOPLE)).unwrap();
    let file = file.display().to_string();
    let all = place.import(&[&file], &[]);
    for stop in [600, 1700] {
        let mut child = place.command(&words(&all)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while place.count("SELECT count(*) FROM import_row") < stop {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(place.count("SELECT count(*) FROM import_row") < PEOPLE);
    }
    let (code, told) = place.run(&words(&all));
    assert_eq!((code, &told["data"]["brought"]), (0, &Value::from(PEOPLE)), "{told}");
    for (sql, expected) in [
        ("SELECT count(DISTINCT row_number) FROM import_row", PEOPLE),
        ("SELECT count(*) FROM standing", PEOPLE),
        ("SELECT count(*) FROM identifier", 3 * PEOPLE),
        ("SELECT count(*) FROM record", 3 * PEOPLE),
        ("SELECT count(*) FROM standing s JOIN keys.subject_key k ON k.subject = s.subject", PEOPLE),
        // A key without an account is only ever one of a joining that was cut off, and is taken back.
        (
            "SELECT count(*) FROM keys.subject_key k WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE \
             s.subject = k.subject) AND NOT EXISTS (SELECT 1 FROM keys.joining j WHERE j.subject = k.subject)",
            0,
        ),
    ] {
        assert_eq!(place.count(sql), expected, "{sql}");
    }
    let (code, told) = place.run(&["ledger", "verify"]);
    assert_eq!(code, 0, "{told}");
    // Once more: nothing happens.
    let (code, told) = place.run(&words(&all));
    assert_eq!((code, &told["data"]["brought"]), (0, &Value::from(PEOPLE)), "{told}");
    assert_eq!(place.count("SELECT count(*) FROM standing"), PEOPLE);
    // The same name with another file is refused.
    std::fs::write(place.path("users.csv"), csv(2)).unwrap();
    assert_eq!(place.run(&words(&all)).0, 1);
}

#[test]
fn each_row_of_ndjson_is_told_of_in_the_report_and_a_dry_run_writes_nothing() {
    let place = Place::new();
    let file = place.path("users.ndjson");
    let lines = [
        r#"{"id":1,"login":"one_person","mail":"one@plaza.example","nick":"One","created_at":1614859200,"deleted_at":null,"password_hint":""}"#,
        r#"{"id":2,"login":"two_person","mail":"no address","nick":null}"#,
        "not an object",
        r#"{"id":4,"login":"one_person","mail":"four@plaza.example"}"#,
        r#"{"id":5,"login":"five_person","deleted_at":"2022-01-01"}"#,
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let report = place.path("report.csv").display().to_string();
    let file = file.display().to_string();
    let dry = place.import(&[&file], &["--dry-run", "--report", &report]);
    // The database is made by the first command that opens it for a change.
    let (code, told) = place.run(&words(&dry));
    assert_eq!((code, &told["data"]["dry_run"]), (3, &Value::Bool(true)), "{told}");
    assert_eq!(place.count("SELECT count(*) FROM standing"), 0);
    let wet = place.import(&[&file], &["--report", &report]);
    let (code, told) = place.run(&words(&wet));
    let data = &told["data"];
    assert_eq!(code, 3, "{told}");
    assert_eq!((&data["brought"], &data["partly"]), (&Value::from(0), &Value::from(2)), "{told}");
    assert_eq!((&data["refused"], &data["deleted"]), (&Value::from(2), &Value::from(1)), "{told}");
    let report = std::fs::read_to_string(report).unwrap();
    for line in [
        "row,outcome,column,why",
        "1,partly,nick,no-source",
        "1,partly,nick,no-basis",
        "2,partly,mail,not-an-email",
        "3,refused,,not-json",
        "4,refused,user_name,taken",
        "5,deleted,deleted_at,deleted-before",
    ] {
        assert!(report.lines().any(|l| l == line), "{line} is not in:\n{report}");
    }
    assert!(!report.contains("plaza.example"), "a report has no values");
}

#[test]
fn a_mapping_that_does_not_fit_is_told_before_anything_is_read() {
    let place = Place::new();
    std::fs::write(place.path("users.csv"), "id,login,mail,nick,created_at,deleted_at,shoe_size\n").unwrap();
    let file = place.path("users.csv").display().to_string();
    let all = place.import(&[&file], &[]);
    let (code, told) = place.run(&words(&all));
    let message = told["error"]["message"].as_str().unwrap();
    assert!(code == 1 && message.contains("shoe_size") && message.contains("password_hint"), "{told}");
    std::fs::write(place.path("users.toml"), "service = \"shop\"\nitmes = 1\n").unwrap();
    let (code, told) = place.run(&words(&all));
    assert!(code == 1 && told["error"]["message"].as_str().unwrap().contains("itmes"), "{told}");
}

#[tokio::test]
async fn a_postgresql_table_is_read_at_one_moment_and_taken_up_by_its_numbers() {
    let place = Place::new();
    let url = avouch_testkit::postgres::database().await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(
            "CREATE SCHEMA old; CREATE TABLE old.\"Users\" (id INTEGER PRIMARY KEY, login TEXT, mail TEXT, \
             nick TEXT, created_at TIMESTAMPTZ, deleted_at TIMESTAMPTZ, password_hint TEXT); \
             INSERT INTO old.\"Users\" SELECT n * 10, 'person_' || n, 'person' || n || '@plaza.example', NULL, \
             '2021-03-04 12:00:00+00', CASE WHEN n = 7 THEN now() END, '' FROM generate_series(1, 700) n",
        )
        .await
        .unwrap();
    std::fs::write(place.path("url"), &url).unwrap();
    let url_file = place.path("url").display().to_string();
    let all = place.import(&["--table", "old.Users", "--postgres-url-file", &url_file], &[]);
    let (code, told) = place.run(&words(&all));
    assert_eq!((code, &told["data"]["brought"], &told["data"]["deleted"]), (0, &699.into(), &1.into()), "{told}");
    assert_eq!(place.count("SELECT min(joined) FROM standing"), 1_614_859_200_000);
    client.batch_execute("INSERT INTO old.\"Users\" VALUES (5, 'late_person', NULL)").await.unwrap();
    let (code, told) = place.run(&words(&all));
    assert_eq!((code, &told["data"]["brought"]), (0, &700.into()), "{told}");
    assert_eq!(place.count("SELECT count(*) FROM standing"), 700);
    let gone = place.import(&["--table", "old.nothing", "--postgres-url-file", &url_file], &[]);
    assert_eq!(place.run(&words(&gone)).0, 1);
}
