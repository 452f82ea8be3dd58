//! Automated decisions: one step off and on, tags that go, words that explain, and a human who looks again.
//!
//! Keeps promise 2.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::collection::signal::{Connection, Event};
use avouch::store::{Actor, Credential, Review, Sink, SubjectId};
use avouch::usage::automated::{Decision, Personal};
use avouch_testkit::{Engine, Home};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

async fn put(home: &Home, who: SubjectId, purpose: &str, item: &str, value: &str, by: &Arc<Credential>) {
    let new = NewRecord { subject: who, purpose: purpose.into(), item: item.into(), record: None, value: value.into() };
    home.app.put_record(new, &Actor::Service(Arc::clone(by))).await.unwrap();
}

fn tags(personal: Personal) -> Option<Vec<String>> {
    let text = |v: &Vec<u8>| String::from_utf8(v.clone()).unwrap();
    match personal {
        Personal::Yes { tags, .. } => Some(tags.iter().map(|t| t.value.expose(Sink::Service, text)).collect()),
        Personal::No(_) => None,
    }
}

async fn held(home: &Home, who: SubjectId) -> Vec<String> {
    let policy = home.app.policy();
    let heads = home.app.holdings(who).await.unwrap();
    heads.iter().map(|h| format!("{}/{}", h.purpose, policy.item_name(h.item))).collect()
}

fn says(decision: &Decision) -> (String, String, Option<String>) {
    (
        decision.outcome.expose(Sink::Subject, Clone::clone),
        decision.because.expose(Sink::Subject, Clone::clone),
        decision.answer.as_ref().map(|a| a.expose(Sink::Subject, Clone::clone)),
    )
}

#[tokio::test]
async fn promise_2_2_off_deletes_the_tags_at_once_and_the_same_call_answers_without_them() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        home.app.ready_signals().await.unwrap();
        let (who, other) = (home.person(1).await.subject, home.person(2).await.subject);
        let by = home.service("feed", &["recommendation", "marketing"]).await;
        // Off is where everyone begins.
        assert_eq!(tags(home.app.personal(who, "recommendation", &by).await.unwrap()), None);

        for one in [who, other] {
            home.app.switch_automated(one, "recommendation", true, "en").await.unwrap();
            put(&home, one, "recommendation", "interests", "hiking", &by).await;
            put(&home, one, "recommendation", "tastes", "rivers", &by).await;
            let used = Event {
                item: "function_used".into(),
                at: None,
                fields: serde_json::json!({ "function": "search" }).as_object().unwrap().clone(),
            };
            let (from, by) = (Connection::default(), Actor::Service(Arc::clone(&by)));
            home.app.take_signals(one, "recommendation", &[used], &from, &by).await.unwrap();
        }
        // What was given for another purpose is not a tag of this one.
        home.consent(who, "marketing", true).await;
        put(&home, who, "marketing", "interests", "tea", &by).await;
        let mut on = tags(home.app.personal(who, "recommendation", &by).await.unwrap()).unwrap();
        on.sort();
        assert_eq!(on, ["hiking", "rivers", "tea"], "{engine:?}");

        home.app.switch_automated(who, "recommendation", false, "en").await.unwrap();
        let left = held(&home, who).await;
        assert!(left.iter().all(|h| !h.starts_with("recommendation/")), "{engine:?}: {left:?}");
        assert!(left.contains(&"marketing/interests".to_owned()));
        assert!(home.app.signals(who).await.unwrap().0.is_empty(), "{engine:?}");
        assert_eq!(tags(home.app.personal(who, "recommendation", &by).await.unwrap()), None);
        // It stays off, and another person's tags stay.
        home.clock.days(400);
        assert_eq!(tags(home.app.personal(who, "recommendation", &by).await.unwrap()), None);
        assert_eq!(tags(home.app.personal(other, "recommendation", &by).await.unwrap()).unwrap().len(), 2);

        // The same step back.
        home.app.switch_automated(who, "recommendation", true, "en").await.unwrap();
        assert_eq!(tags(home.app.personal(who, "recommendation", &by).await.unwrap()).unwrap(), ["tea"]);

        // A service that is not bound to it is refused, and not answered as for somebody who has it off.
        let narrow = home.service("narrow", &["content"]).await;
        assert!(matches!(home.app.personal(who, "recommendation", &narrow).await, Err(Fault::Refused(_))));
        assert!(matches!(home.app.personal(who, "marketing", &by).await, Err(Fault::NotFound)), "not automated");
    }
}

#[tokio::test]
async fn promise_2_2_a_decision_that_weighs_on_a_person_is_explained_and_looked_at_by_a_human() {
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        let who = home.person(1).await.subject;
        let session = home.session(1).await;
        let from = avouch::security::code::From { address: "192.0.2.7", language: "en" };
        home.app.start_verifying(&session, "email", from).await.unwrap();
        home.app.work().await.unwrap();
        let code = outbox.take()[0].code.clone().unwrap();
        home.app.verify(&session, "email", &code).await.unwrap();
        let (by, stranger) =
            (home.service("plaza", &["moderation"]).await, home.service("mail", &["moderation"]).await);

        let decide = |outcome: &'static str, because: &'static str| {
            home.app.record_decision(who, "moderation", &["text"], outcome, because, &by)
        };
        let Err(Fault::Invalid(faults)) = decide("Hidden.", " ").await else { panic!("without a reason") };
        assert_eq!(faults[0].field, "because");
        let (id, _) = decide("Your post was hidden.", "Rule 4 forbids sales.").await.unwrap();
        assert_eq!(home.app.decision_of(who, id, &by).await.unwrap().review, Review::Stands);
        assert!(matches!(home.app.decision_of(who, id, &stranger).await, Err(Fault::NotFound)));

        let seen = home.app.see_decisions(who).await.unwrap();
        assert_eq!(says(&seen[0]), ("Your post was hidden.".into(), "Rule 4 forbids sales.".into(), None));
        assert!(matches!(home.app.open_review(who, id, "officer").await, Err(Fault::NotFound)), "nobody asked");

        // Asked twice is asked once: the due time does not move.
        home.app.ask_review(who, id).await.unwrap();
        let due = home.app.reviews().await.unwrap()[0].1.due;
        home.clock.days(2);
        home.app.ask_review(who, id).await.unwrap();
        let waiting = home.app.reviews().await.unwrap();
        assert_eq!((waiting.len(), waiting[0].1.due), (1, due), "{engine:?}");
        // Fifteen working days from 1 December 2026, the day of asking not counted: 22 December, to its end.
        assert_eq!(due.unwrap().to_string(), "2026-12-22T16:00:00Z");

        let opened = home.app.open_review(who, id, "officer").await.unwrap();
        assert_eq!(says(&opened).1, "Rule 4 forbids sales.");
        assert!(matches!(home.app.answer_review(who, id, "officer", true, "").await, Err(Fault::Invalid(_))));
        home.app.answer_review(who, id, "officer", true, "It sells nothing.").await.unwrap();
        assert!(home.app.reviews().await.unwrap().is_empty());
        assert!(
            matches!(home.app.answer_review(who, id, "officer", false, "Again.").await, Err(Fault::NotFound)),
            "answered once"
        );
        assert_eq!(home.app.decision_of(who, id, &by).await.unwrap().review, Review::Changed);
        let seen = home.app.see_decisions(who).await.unwrap();
        assert_eq!(says(&seen[0]).2.as_deref(), Some("It sells nothing."));

        // The person is told that there is an answer, and no more than that leaves the house.
        home.app.work().await.unwrap();
        let told = outbox.take();
        assert_eq!((told.len(), told[0].kind.as_str()), (1, "reviewed"));
        assert!(!told[0].text.contains("sells"));

        // Each step has its leaf in the person's own list.
        let leaves = home.app.own_leaves(who, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
        let acts: Vec<&str> = leaves.iter().map(|e| e.leaf.act.as_str()).collect();
        for act in ["decide", "ask-review", "reviewed"] {
            assert_eq!(acts.iter().filter(|a| **a == act).count(), 1, "{engine:?} {act}: {acts:?}");
        }

        // It ends with its period, and with the person.
        home.clock.days(400);
        home.app.sweep(false).await.unwrap();
        assert!(home.app.see_decisions(who).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn promise_2_2_who_objects_is_decided_about_by_no_machine() {
    let home = Home::new(Engine::Sqlite).await;
    let who = home.person(1).await.subject;
    let by = home.service("plaza", &["moderation"]).await;
    home.app.switch_automated(who, "moderation", false, "en").await.unwrap();
    let refused = home.app.record_decision(who, "moderation", &["text"], "Hidden.", "Rule 4.", &by).await.unwrap_err();
    let Fault::Refused(denied) = refused else { panic!("{refused}") };
    assert_eq!(denied.refusal.reasons[0].code.name(), "objected");
    home.app.switch_automated(who, "moderation", true, "en").await.unwrap();
    home.app.record_decision(who, "moderation", &["text"], "Hidden.", "Rule 4.", &by).await.unwrap();
    assert!(matches!(home.app.switch_automated(who, "content", false, "en").await, Err(Fault::NotFound)));
    assert!(matches!(home.app.record_decision(who, "content", &["text"], "a", "b", &by).await, Err(Fault::NotFound)));
}
