//! The steps of an erasure: unreadable by one commit whatever the person has, taken up where it stopped, read over at the
//! end; what others wrote below.
//!
//! Keeps promises 5.2 and 6.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::collection::signal::{Connection, Event};
use avouch_policy::Policy;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Faults};
use avouch_testkit::{Engine, Home, home, on_both_engines};

on_both_engines!(
    promise_5_2_one_commit_makes_a_person_unreadable_and_what_law_keeps_is_kept_after_it,
    promise_5_2_an_erasure_reads_every_table_over_at_its_end,
    promise_5_2_threads_of_an_erased_person_stay_or_close_as_the_policy_says,
);

/// Fails every commit from the one after so many.
struct FailFrom(AtomicUsize, usize);

impl Faults for FailFrom {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && self.0.fetch_add(1, Ordering::Relaxed) >= self.1
    }
}

async fn logs(home: &Home, who: SubjectId, count: usize) {
    let by = Actor::Service(home.service("edge", &["security"]).await);
    for _ in 0..count / 100 {
        let events: Vec<Event> = (0..100)
            .map(|_| Event {
                item: "network_log".into(),
                at: None,
                fields: serde_json::json!({ "event": "page" }).as_object().unwrap().clone(),
            })
            .collect();
        home.app.take_signals(who, "security", &events, &Connection::default(), &by).await.unwrap();
    }
}

async fn promise_5_2_one_commit_makes_a_person_unreadable_and_what_law_keeps_is_kept_after_it(home: Home) {
    let who = home.person(1).await.subject;
    // More than one page of what law keeps.
    logs(&home, who, 5_200).await;
    let held = home.app.store.counts().await.unwrap()["held"];
    // Guardians, grants and the announcement commit before; from the first commit after the key's nothing does.
    let mut stopped = None;
    for commits in 0..12 {
        let dying = home.node(&format!("dying{commits}"), Some(Arc::new(FailFrom(AtomicUsize::new(0), commits)))).await;
        dying.erase(who).await.unwrap_err();
        if home.app.store.tombstones().await.unwrap().contains(&who) {
            stopped = Some(commits);
            break;
        }
    }
    assert!(stopped.is_some());
    let read = home.app.see(who, "nickname").await;
    assert!(matches!(read, Err(Fault::NotFound)), "unreadable before anything of theirs was touched: {read:?}");
    let counts = home.app.store.counts().await.unwrap();
    assert!(counts["signals"] >= 5_200 && counts["held"] == held, "nothing is kept or deleted yet: {counts:?}");
    assert_eq!(home.app.resume_erasures().await.unwrap(), 1);
    let counts = home.app.store.counts().await.unwrap();
    assert_eq!((counts["signals"], counts["records"], counts["subjects"]), (0, 0, 0));
    assert_eq!(counts["held"], 5_201, "each of the logs, once, the one of joining among them");
    assert_eq!(home.app.resume_erasures().await.unwrap(), 0);
}

async fn promise_5_2_an_erasure_reads_every_table_over_at_its_end(home: Home) {
    let who = home.person(1).await.subject;
    logs(&home, who, 100).await;
    let certificate = home.app.erase(who).await.unwrap();
    assert!(certificate.remains.is_nothing() && certificate.remains.tables > 30);
    assert_eq!(certificate.kept, 101);
    let gone = |table: &str| certificate.deleted.iter().find(|(name, _)| *name == table).unwrap().1;
    assert_eq!(gone("signal"), 100);
    assert!(gone("record") > 3 && gone("standing") == 1);
}

#[tokio::test]
async fn promise_5_2_every_table_with_a_subject_is_part_of_an_erasure() {
    let home = Home::new(Engine::Sqlite).await;
    let who = home.person(1).await.subject;
    let certificate = home.app.erase(who).await.unwrap();
    let erased: BTreeSet<&str> = certificate.deleted.iter().map(|(table, _)| *table).collect();
    let data = rusqlite::Connection::open(home.dir.path().join("data.db")).unwrap();
    let mut tables = data
        .prepare(
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'subject' \
             WHERE m.type = 'table' ORDER BY m.name",
        )
        .unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 25);
    // What tells recipients and services of the erasure itself goes when the last of them has acknowledged.
    let missing: Vec<_> = tables.iter().filter(|t| !erased.contains(t.as_str()) && *t != "notice").collect();
    assert!(missing.is_empty(), "a new table with a subject needs its line in crates/store/src/erase.rs: {missing:?}");
}

fn policy(threads: &str) -> Arc<Policy> {
    let mut source = home::source();
    let text = &mut source.facts.text;
    assert!(text.contains("threads = \"stay\""));
    *text = text.replace("threads = \"stay\"", &format!("threads = \"{threads}\""));
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

async fn promise_5_2_threads_of_an_erased_person_stay_or_close_as_the_policy_says(home: Home) {
    let service = Actor::Service(home.service("plaza", &["content", "publication"]).await);
    for (n, threads, left) in [(1, "stay", 1), (3, "close", 0)] {
        home.app.store.set_policy(policy(threads));
        let (author, other) = (home.person(n).await.subject, home.person(n + 1).await.subject);
        home.consent(author, "publication", true).await;
        home.consent(other, "publication", true).await;
        let new = NewRecord {
            subject: author,
            purpose: "content".into(),
            item: "text".into(),
            record: None,
            value: "words".into(),
        };
        let (text, _) = home.app.put_record(new, &service).await.unwrap();
        let (post, _) = home.app.publish(author, "text", text, &service).await.unwrap();
        let (_, comment, _) = home.app.comment(other, post, "an answer", &service).await.unwrap();
        let certificate = home.app.erase(author).await.unwrap();
        assert_eq!(certificate.closed, 1 - left, "{threads}");
        let mut reading = home.app.store.reading().await.unwrap();
        let comments = reading.look().unwrap().comments(post, None, 10).await.unwrap();
        assert_eq!(comments.len() as u64, left, "{threads}");
        drop(reading);
        let held = home.app.holdings(other).await.unwrap();
        assert!(held.iter().any(|h| h.id == comment), "what the other wrote stays theirs: {threads}");
    }
}
