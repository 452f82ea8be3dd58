//! The register of exceptions at the gate, on both engines.
//!
//! Keeps promises 2.7 and 4.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::gate::Wanted;
use avouch::store::StaffRole::DataProtectionOfficer;
use avouch::store::{Actor, EntryId, NotApproved, Operator, SubjectId, Which};
use avouch::usage::exception::NewException;
use avouch_policy::{Act, Code};
use avouch_store::Faults;
use avouch_testkit::{Engine, Home};
use jiff::SignedDuration;

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Home::new(super::Engine::Sqlite).await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Home::new(super::Engine::Postgres).await).await; })*
        }
    };
}

on_both_engines!(
    promise_2_7_without_an_entry_there_is_no_exceptional_use,
    promise_2_7_an_entry_opens_its_scope_alone_and_lapses,
    promise_2_7_reputation_and_other_interests_are_no_ground,
    promise_2_7_an_emergency_is_entered_by_one_reviewed_and_told,
    promise_2_7_an_entry_ended_before_its_time_opens_nothing_more,
    promise_2_7_an_entry_and_its_approval_fail_and_hold_together,
    promise_5_2_the_register_forgets_who_was_erased,
);

struct Desk {
    officer: Operator,
    deputy: Operator,
}

async fn desk(home: &Home) -> Desk {
    Desk {
        officer: home.operator("officer", &[DataProtectionOfficer]).await,
        deputy: home.operator("deputy", &[DataProtectionOfficer]).await,
    }
}

fn new(home: &Home, purpose: &str, subject: SubjectId, items: &[&str], recipient: Option<&str>) -> NewException {
    NewException {
        subject: Some(subject),
        purpose: purpose.into(),
        citation: "Criminal Procedure Law Art. 54, No. 2026-117".into(),
        items: items.iter().map(|i| (*i).to_owned()).collect(),
        recipient: recipient.map(str::to_owned),
        ends: home.app.store.now() + SignedDuration::from_hours(48),
    }
}

/// Entered by two.
async fn entered(home: &Home, desk: &Desk, new: &NewException) -> EntryId {
    let id = home.app.ask_exception(&desk.officer, new, "asked by letter").await.unwrap();
    home.app.answer_approval(&desk.deputy, id, true, "the letter is in order").await.unwrap();
    home.app.carry_out(&desk.officer, id).await.unwrap();
    home.app.exceptions().await.unwrap()[0].id
}

async fn ask(home: &Home, act: Act, purpose: &str, subject: SubjectId, items: &[&str], to: Option<&str>) -> Vec<Code> {
    let wanted = Wanted { act, purpose, items, recipient: to };
    match home.app.use_records(subject, &wanted, &Actor::Operator("officer".into()), &Which::all()).await {
        Ok(_) => Vec::new(),
        Err(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code).collect(),
        Err(other) => panic!("{other}"),
    }
}

async fn promise_2_7_without_an_entry_there_is_no_exceptional_use(home: Home) {
    desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    for purpose in ["legal_request", "emergency"] {
        assert_eq!(ask(&home, Act::Use, purpose, subject, &["phone"], None).await, [Code::NoInstrument]);
        assert_eq!(ask(&home, Act::Share, purpose, subject, &["phone"], Some("police")).await, [Code::NoInstrument]);
    }
}

async fn promise_2_7_an_entry_opens_its_scope_alone_and_lapses(home: Home) {
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let other = home.try_person(2, &[("phone", "+86 19900000002")]).await.unwrap().subject;
    let wanted = new(&home, "legal_request", subject, &["phone"], Some("police"));
    let id = home.app.ask_exception(&desk.officer, &wanted, "asked by letter").await.unwrap();
    assert_eq!(
        ask(&home, Act::Use, "legal_request", subject, &["phone"], None).await,
        [Code::NoInstrument],
        "asked only"
    );
    home.app.answer_approval(&desk.deputy, id, true, "in order").await.unwrap();
    assert_eq!(
        ask(&home, Act::Use, "legal_request", subject, &["phone"], None).await,
        [Code::NoInstrument],
        "allowed only"
    );
    home.app.carry_out(&desk.officer, id).await.unwrap();

    let asked = async |act, subject, items: &[&str], to| ask(&home, act, "legal_request", subject, items, to).await;
    assert_eq!(asked(Act::Share, subject, &["phone"], Some("police")).await, []);
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, []);
    assert_eq!(asked(Act::Share, subject, &["phone", "order"], Some("police")).await, [Code::OutsideInstrument]);
    assert_eq!(asked(Act::Share, other, &["phone"], Some("police")).await, [Code::NoInstrument], "another person");
    assert_eq!(ask(&home, Act::Use, "emergency", subject, &["phone"], None).await, [Code::NoInstrument]);
    let seen = home.app.exceptions_of(subject).await.unwrap();
    assert_eq!((seen.len(), home.app.exceptions_of(other).await.unwrap().len()), (1, 0));
    assert_eq!((seen[0].asked_by.as_str(), seen[0].allowed_by.as_deref()), ("officer", Some("deputy")));

    home.clock.advance(SignedDuration::from_hours(48) - SignedDuration::from_secs(1));
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, []);
    home.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, [Code::NoInstrument], "it lapses by itself");
}

fn field(fault: Result<impl Sized, Fault>) -> (String, &'static str) {
    match fault.err() {
        Some(Fault::Invalid(faults)) => (faults[0].field.clone(), faults[0].code),
        other => panic!("{other:?}"),
    }
}

async fn promise_2_7_reputation_and_other_interests_are_no_ground(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let asked = async |new: NewException| field(home.app.ask_exception(&desk.officer, &new, "why").await);
    let sound = new(&home, "emergency", subject, &["phone"], None);
    for purpose in ["reputation", "other-interests", "marketing", "nothing"] {
        let told =
            home.app.ask_exception(&desk.officer, &NewException { purpose: purpose.into(), ..sound.clone() }, "why");
        let told = told.await.map(drop).unwrap_err();
        assert!(told.to_string().contains("no ground of the law") && told.to_string().contains("court"), "{told}");
    }
    assert_eq!(asked(NewException { items: vec!["order".into()], ..sound.clone() }).await.0, "items");
    assert_eq!(asked(NewException { items: Vec::new(), ..sound.clone() }).await.0, "items");
    assert_eq!(asked(NewException { recipient: Some("ads".into()), ..sound.clone() }).await.0, "recipient");
    assert_eq!(asked(NewException { citation: " ".into(), ..sound.clone() }).await.0, "citation");
    assert_eq!(asked(NewException { ends: home.app.store.now(), ..sound.clone() }).await.0, "ends");
    assert_eq!(asked(NewException { subject: None, ..sound.clone() }).await, ("subject".into(), "required"));
    let gone = home.person(2).await.subject;
    home.app.erase(gone).await.unwrap();
    let nobody = NewException { subject: Some(gone), ..sound };
    assert!(matches!(home.app.ask_exception(&desk.officer, &nobody, "why").await, Err(Fault::NotFound)));
}

async fn promise_2_7_an_emergency_is_entered_by_one_reviewed_and_told(mut home: Home) {
    let outbox = home.with_outbox();
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let sound = new(&home, "emergency", subject, &["phone"], Some("police"));
    let enter = async |new: NewException, why| home.app.enter_in_emergency(&desk.officer, new, why).await;
    let duty = new(&home, "legal_request", subject, &["phone"], Some("police"));
    assert_eq!(field(enter(duty, "urgent").await), ("purpose".into(), "no-emergency"));
    let long = NewException { ends: home.app.store.now() + SignedDuration::from_hours(73), ..sound.clone() };
    assert_eq!(field(enter(long, "urgent").await), ("ends".into(), "too-long"));
    assert!(matches!(enter(sound.clone(), " ").await, Err(Fault::NotApproved(NotApproved::NoReason))));
    assert_eq!(ask(&home, Act::Share, "emergency", subject, &["phone"], Some("police")).await, [Code::NoInstrument]);

    enter(sound, "a life is in danger").await.unwrap();
    assert_eq!(ask(&home, Act::Share, "emergency", subject, &["phone"], Some("police")).await, []);
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 1), "somebody else reviews it");
    home.app.work().await.unwrap();
    assert!(outbox.take().is_empty(), "while it goes on nobody is told");
    let entry = home.app.exceptions_of(subject).await.unwrap().remove(0);
    assert!(entry.told.is_none() && entry.tell == Some(entry.ends));
    home.clock.advance(SignedDuration::from_hours(49));
    assert!(home.app.exceptions_of(subject).await.unwrap()[0].overdue(home.app.store.now()));
    for _ in 0..2 {
        home.app.work().await.unwrap();
    }
    let told = home.app.exceptions_of(subject).await.unwrap().remove(0);
    assert!(told.told.is_some(), "told as soon as it is over");
    assert!(outbox.take().iter().all(|m| m.kind == "exception-used"), "and by message");
    let leaves = home.app.latest_leaves(50).await.unwrap();
    assert_eq!(leaves.iter().filter(|e| e.leaf.act == "notify").count(), 1, "once");
}

async fn promise_2_7_an_entry_ended_before_its_time_opens_nothing_more(home: Home) {
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let id = entered(&home, &desk, &new(&home, "legal_request", subject, &["phone"], None)).await;
    assert_eq!(ask(&home, Act::Use, "legal_request", subject, &["phone"], None).await, []);
    home.app.end_exception(&desk.deputy, id).await.unwrap();
    assert_eq!(ask(&home, Act::Use, "legal_request", subject, &["phone"], None).await, [Code::NoInstrument]);
    assert!(matches!(home.app.end_exception(&desk.deputy, id).await, Err(Fault::NotFound)), "once");
}

/// Fails the next commit at a point, once.
#[derive(Default)]
struct Once(Mutex<Option<&'static str>>);

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        let mut armed = self.0.lock().unwrap();
        let hit = *armed == Some(point);
        if hit {
            *armed = None;
        }
        hit
    }
}

async fn promise_2_7_an_entry_and_its_approval_fail_and_hold_together(home: Home) {
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let once = Arc::new(Once::default());
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    let wanted = new(&home, "legal_request", subject, &["phone"], None);
    let id = home.app.ask_exception(&desk.officer, &wanted, "asked by letter").await.unwrap();
    home.app.answer_approval(&desk.deputy, id, true, "in order").await.unwrap();
    *once.0.lock().unwrap() = Some("before commit");
    assert!(app.carry_out(&desk.officer, id).await.is_err());
    assert!(home.app.exceptions().await.unwrap().is_empty(), "no entry, and the approval is unspent");
    *once.0.lock().unwrap() = Some("after commit");
    assert!(app.carry_out(&desk.officer, id).await.is_err());
    assert_eq!(home.app.exceptions().await.unwrap().len(), 1);
    let again = home.app.carry_out(&desk.officer, id).await.err();
    assert!(matches!(again, Some(Fault::NotApproved(NotApproved::Decided))), "entered once");
    // An emergency likewise, with the job that tells the person in the same commit.
    let sound = new(&home, "emergency", subject, &["phone"], None);
    *once.0.lock().unwrap() = Some("before commit");
    assert!(app.enter_in_emergency(&desk.officer, sound.clone(), "a life is in danger").await.is_err());
    assert_eq!((home.app.exceptions().await.unwrap().len(), home.app.approvals_waiting().await.unwrap().1), (1, 0));
    home.app.enter_in_emergency(&desk.officer, sound, "a life is in danger").await.unwrap();
    assert_eq!((home.app.exceptions().await.unwrap().len(), home.app.approvals_waiting().await.unwrap().1), (2, 1));
}

async fn promise_5_2_the_register_forgets_who_was_erased(home: Home) {
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    entered(&home, &desk, &new(&home, "legal_request", subject, &["phone"], None)).await;
    home.app.erase(subject).await.unwrap();
    let entry = home.app.exceptions().await.unwrap().remove(0);
    assert!(entry.subject.is_none() && !entry.everyone, "the entry stays, and names nobody");
    let other = home.person(2).await.subject;
    assert_eq!(
        ask(&home, Act::Use, "legal_request", other, &["phone"], None).await,
        [Code::NoInstrument],
        "nor everybody"
    );
}
