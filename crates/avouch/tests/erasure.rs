//! Erased means unreadable everywhere: canaries in everything a person gives, and a search of every byte.
//!
//! Keeps promises 5.2, 5.5 and 6.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use avouch::collection::put::NewRecord;
use avouch::store::{Actor, SubjectId};
use avouch_store::LedgerReader;
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that is logged, at every level, from every crate.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Logs {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// A person whose every value is a canary; gives who, and the canaries.
async fn planted(home: &Home, n: u64) -> (SubjectId, Vec<String>) {
    let words: Vec<String> = (0..10).map(|k| canary(n * 100 + k)).collect();
    let mail = format!("{}@plaza.example", words[1]);
    let joined = home
        .try_person(n, &[("user_name", words[0].as_str()), ("email", &mail), ("nickname", &words[2])])
        .await
        .unwrap();
    let plaza = Actor::Service(home.service(&format!("plaza{n}"), &["content", "support"]).await);
    for (purpose, item, value) in
        [("content", "comment", &words[3]), ("content", "text", &words[4]), ("support", "support_message", &words[5])]
    {
        let new = NewRecord {
            subject: joined.subject,
            purpose: purpose.into(),
            item: item.into(),
            record: None,
            value: value.clone(),
        };
        home.app.put_record(new, &plaza).await.unwrap();
    }
    let password = avouch_testkit::home::PASSWORD;
    let device = avouch::security::session::Device { agent: words[6].clone(), address: "192.0.2.9".into() };
    let token = home.app.log_in(&words[0], password, device).await.unwrap();
    let session = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    home.app.correct(&session, "nickname", None, &words[7]).await.unwrap();
    let mail = format!("{}@plaza.example", words[8]);
    home.app.correct(&session, "email", None, &mail).await.unwrap();
    // What is refused is not kept either, nor told in a log.
    let wrong = home.app.correct(&session, "email", None, &words[9]).await.unwrap_err();
    assert!(matches!(wrong, avouch::Fault::Invalid(_)));
    assert!(
        home.app.see(joined.subject, "nickname").await.unwrap()[0]
            .value
            .expose(avouch::store::Sink::Subject, |v| v == words[7].as_bytes())
    );
    (joined.subject, words)
}

fn key_rows(home: &Home) -> Vec<([u8; 16], Vec<u8>)> {
    let keys = rusqlite::Connection::open(home.dir.path().join("keys.db")).unwrap();
    let mut rows = keys.prepare("SELECT subject, secret FROM subject_key").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn found(home: &Home, words: &[String]) -> Vec<String> {
    let needles: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    scan(home.dir.path(), &needles).iter().map(|(file, n)| format!("{} holds {}", file.display(), words[*n])).collect()
}

#[tokio::test]
async fn promise_5_2_an_erased_person_is_in_no_byte_of_the_folder() {
    let logs = Logs::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone()).finish();
    // The writer has a thread of its own, so the subscriber is the whole process's.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::info!("the capture works");

    let home = Home::new(Engine::Sqlite).await;
    let (gone, words) = planted(&home, 1).await;
    let (stays, others) = planted(&home, 2).await;
    let every: Vec<String> = words.iter().chain(&others).cloned().collect();
    assert_eq!(found(&home, &every), Vec::<String>::new(), "sealed at rest, before any erasure");

    let secret = key_rows(&home).into_iter().find(|(subject, _)| subject == gone.id()).unwrap().1;
    assert!(secret.len() >= 32);
    assert!(!scan(home.dir.path(), &[&secret]).is_empty(), "the search finds the wrapped key while it stands");

    // The longest part of the wrapped key that no other could share: all after its header.
    let token = home.app.log_in(&words[0], avouch_testkit::home::PASSWORD, Default::default()).await.unwrap();
    let session = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    let cancelled = home.app.cancel(&session, true).await.unwrap();
    assert!(cancelled.erased.is_some());
    // At once, while the server runs: the key is in no file, the write-ahead log included.
    assert!(scan(home.dir.path(), &[&secret, &secret[secret.len() - 24..]]).is_empty(), "the wrapped key is nowhere");

    let log = home.app.store.node().to_owned();
    let location = home.places().0.clone();
    let (dir, clock) = home.close();
    let folder = dir.path();
    assert!(scan(folder, &[&secret, &secret[secret.len() - 24..]]).is_empty());
    let needles: Vec<&[u8]> = every.iter().map(String::as_bytes).collect();
    assert!(scan(folder, &needles).is_empty(), "nothing in plain after the erasure");
    assert!(scan(folder, &[gone.to_string().as_bytes()]).is_empty(), "the subject's name is in no text");
    let data = rusqlite::Connection::open(folder.join("data.db")).unwrap();
    for table in ["standing", "record", "consent", "consent_event", "identifier", "session", "subject_leaf", "job"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE subject = ?1");
        let left: i64 = data.query_row(&sql, [gone.id().as_slice()], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    drop(data);

    let ledger = LedgerReader::open(&location).unwrap();
    let head = ledger.heads().await.unwrap().into_iter().find(|h| h.log == log).unwrap();
    assert!(ledger.verify(&head.log).await.unwrap().faults.is_empty());

    let home = Home::reopen(dir, clock).await;
    assert!(matches!(home.app.account(gone).await, Err(avouch::Fault::NotFound)));
    let nickname = home.app.see(stays, "nickname").await.unwrap();
    assert!(nickname[0].value.expose(avouch::store::Sink::Subject, |v| v == others[7].as_bytes()), "others still open");

    let told = String::from_utf8_lossy(&logs.0.lock().unwrap()).into_owned();
    assert!(told.contains("the capture works"));
    for word in &every {
        assert!(!told.contains(word.as_str()), "a log holds {word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_5_2_a_reader_of_the_key_store_delays_an_erasure_and_no_more() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let secret = key_rows(&home).pop().unwrap().1;
    let path = home.dir.path().join("keys.db");
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let keys = |db: &rusqlite::Connection| {
        db.query_row("SELECT count(*) FROM subject_key", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(keys(&reader), 1, "the reader holds the state before");
    let app = home.app.clone();
    let erasure = tokio::spawn(async move { app.erase(subject).await });
    let looking = rusqlite::Connection::open(&path).unwrap();
    while keys(&looking) > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!scan(home.dir.path(), &[&secret]).is_empty(), "the old page is there while somebody reads it");
    reader.execute_batch("COMMIT").unwrap();
    erasure.await.unwrap().unwrap();
    assert!(scan(home.dir.path(), &[&secret]).is_empty(), "and gone when the erasure is told");
    let jobs = rusqlite::Connection::open(home.dir.path().join("data.db")).unwrap();
    let left: i64 = jobs.query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "nothing is left to be gone on with");
}
