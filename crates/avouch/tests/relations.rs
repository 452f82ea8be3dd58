//! What is between two people: each has their own, and neither keeps the other's name when the other goes.
//!
//! Keeps promises 2.2, 5.2, 6.1 and 6.2, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use avouch::Fault;
use avouch::store::{Actor, RecordId, Sink, SubjectId};
use avouch::usage::relation::NewRelation;
use avouch_store::Faults;
use avouch_testkit::Home;

avouch_testkit::on_both_engines!(
    promise_6_1_what_belongs_to_both_is_seen_by_both_and_a_block_by_its_maker_alone,
    promise_6_2_deleted_by_one_it_stays_for_the_other_without_their_name,
    promise_5_2_erased_one_is_named_by_nothing_that_stays_with_the_other,
    promise_2_2_it_is_there_for_both_or_for_neither,
);

async fn people(home: &Home) -> (SubjectId, SubjectId, Actor) {
    let service = home.service("talk", &["social"]).await;
    (home.person(1).await.subject, home.person(2).await.subject, Actor::Service(service))
}

fn new(from: SubjectId, to: SubjectId, item: &str, value: &str) -> NewRelation {
    NewRelation { from, to, purpose: "social".into(), item: item.into(), value: value.into() }
}

async fn put(home: &Home, new: NewRelation, by: &Actor) -> RecordId {
    home.app.relate(new, by).await.unwrap().0
}

/// What a service reads: value, the other, whether the person made it.
async fn read(home: &Home, of: SubjectId, item: &str, by: &Actor) -> Vec<(String, Option<SubjectId>, bool)> {
    let related = home.app.related(of, "social", item, by).await.unwrap();
    let one = |record: &avouch::store::Record| {
        let relation = related.relations.iter().find(|r| r.record == record.head.id).unwrap();
        let value = record.value.expose(Sink::Service, |v| String::from_utf8_lossy(v).into_owned());
        (value, relation.other, relation.made)
    };
    related.used.records.iter().map(one).collect()
}

async fn promise_6_1_what_belongs_to_both_is_seen_by_both_and_a_block_by_its_maker_alone(home: Home) {
    let (lin, wei, by) = people(&home).await;
    put(&home, new(lin, wei, "message", "See you at the river?"), &by).await;
    put(&home, new(lin, wei, "follow", "follows"), &by).await;
    put(&home, new(wei, lin, "block", "blocks"), &by).await;
    assert_eq!(read(&home, lin, "message", &by).await, [("See you at the river?".to_owned(), Some(wei), true)]);
    assert_eq!(read(&home, wei, "message", &by).await, [("See you at the river?".to_owned(), Some(lin), false)]);
    assert_eq!(read(&home, wei, "follow", &by).await.len(), 1);
    assert_eq!(read(&home, wei, "block", &by).await, [("blocks".to_owned(), Some(lin), true)]);
    assert!(read(&home, lin, "block", &by).await.is_empty(), "the other learns nothing");
    // Both see it in their own access, and nothing private of the other.
    for who in [lin, wei] {
        assert_eq!(home.app.see(who, "message").await.unwrap().len(), 1);
    }
    let export = export(&home, wei).await;
    assert!(export.contains("See you at the river?"));
    assert!(!export.contains(&lin.to_string()) && !export.contains("person1"), "{export}");
    let oneself = home.app.relate(new(lin, lin, "message", "note"), &by).await;
    assert!(matches!(oneself, Err(Fault::Invalid(_))));
}

async fn export(home: &Home, subject: SubjectId) -> String {
    use std::io::Read as _;
    let zip = home.app.export(subject, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut text = String::new();
    zip.by_name("data.json").unwrap().read_to_string(&mut text).unwrap();
    text
}

async fn promise_6_2_deleted_by_one_it_stays_for_the_other_without_their_name(home: Home) {
    let (lin, wei, by) = people(&home).await;
    let id = put(&home, new(lin, wei, "message", "See you?"), &by).await;
    home.app.delete_record(lin, "message", id).await.unwrap();
    assert!(read(&home, lin, "message", &by).await.is_empty());
    assert_eq!(read(&home, wei, "message", &by).await, [("See you?".to_owned(), None, false)]);
}

async fn promise_5_2_erased_one_is_named_by_nothing_that_stays_with_the_other(home: Home) {
    let (lin, wei, by) = people(&home).await;
    put(&home, new(lin, wei, "message", "See you?"), &by).await;
    put(&home, new(wei, lin, "follow", "follows"), &by).await;
    home.app.erase(lin).await.unwrap();
    assert_eq!(read(&home, wei, "message", &by).await, [("See you?".to_owned(), None, false)]);
    assert_eq!(read(&home, wei, "follow", &by).await, [("follows".to_owned(), None, true)]);
    let gone = home.app.relate(new(wei, lin, "message", "still there?"), &by).await;
    assert!(matches!(gone, Err(Fault::NotFound)));
}

/// Fails the next commit, once.
struct Once(AtomicBool);

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && self.0.swap(false, Ordering::SeqCst)
    }
}

async fn promise_2_2_it_is_there_for_both_or_for_neither(home: Home) {
    let (lin, wei, by) = people(&home).await;
    let once = Arc::new(Once(AtomicBool::new(false)));
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    once.0.store(true, Ordering::SeqCst);
    assert!(app.relate(new(lin, wei, "message", "lost"), &by).await.is_err());
    // Who is leaving takes in nothing more, and then nothing is sent.
    let session = home.session(2).await;
    home.app.cancel(&session, false).await.unwrap();
    match home.app.relate(new(lin, wei, "message", "too late"), &by).await {
        Err(Fault::Refused(denied)) => assert_eq!(denied.refusal.reasons[0].code.name(), "cancelling"),
        other => panic!("{other:?}"),
    }
    assert!(read(&home, lin, "message", &by).await.is_empty());
}
