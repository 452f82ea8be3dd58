//! Legal holds against every way a value goes, on both engines.
//!
//! Keeps promise 5.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::collection::signal::{Connection, Event};
use avouch::collection::upload::NewUpload;
use avouch::gate::Wanted;
use avouch::store::StaffRole::DataProtectionOfficer;
use avouch::store::{
    Actor, NewAuthorityRequest, NewHold, NotApproved, Operator, PaperKind, RecordId, Sink, SubjectId, Which,
};
use avouch_policy::{Act, Code};
use avouch_testkit::{Home, media};
use bytes::Bytes;
use futures_util::stream;
use jiff::{SignedDuration, civil};
use serde_json::{Value, json};

avouch_testkit::on_both_engines!(
    promise_5_2_a_hold_is_placed_and_lifted_by_two_people,
    promise_5_2_what_is_deleted_under_a_hold_is_used_by_nobody_and_goes_with_its_end,
    promise_5_2_a_correction_leaves_what_stood_before,
    promise_5_2_what_expires_under_a_hold_is_there_for_the_procedure_alone,
    promise_5_2_signals_that_expire_under_a_hold_wait_for_its_end,
    promise_5_2_an_erasure_seals_what_is_held_and_says_why,
    promise_5_2_an_erasure_waits_for_held_pictures_and_goes_on_when_they_are_free,
    promise_5_2_in_an_emergency_one_person_holds_and_another_reviews,
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

fn new(home: &Home, subject: SubjectId, items: &[&str], days: i64) -> NewHold {
    NewHold {
        subject,
        items: items.iter().map(|i| (*i).to_owned()).collect(),
        citation: "Civil Procedure Law Art. 84, (2026) Hu 0115 No. 21".into(),
        ends: home.app.store.now() + SignedDuration::from_hours(24 * days),
    }
}

/// Placed by two.
async fn placed(home: &Home, desk: &Desk, new: &NewHold) {
    let id = home.app.ask_hold(&desk.officer, new, "the court asks").await.unwrap();
    home.app.answer_approval(&desk.deputy, id, true, "I read the order").await.unwrap();
    home.app.carry_out(&desk.officer, id).await.unwrap();
}

async fn put(home: &Home, subject: SubjectId, purpose: &str, item: &str, value: &str, by: &Actor) -> RecordId {
    let new = NewRecord { subject, purpose: purpose.into(), item: item.into(), record: None, value: value.to_owned() };
    home.app.put_record(new, by).await.unwrap().0
}

async fn apart(home: &Home, subject: SubjectId) -> u64 {
    let mut reading = home.app.store.reading().await.unwrap();
    reading.look().unwrap().held_apart(subject).await.unwrap()
}

/// Values kept under the holding key, of one item.
async fn sealed(home: &Home, item: &str) -> u64 {
    let mut reading = home.app.store.reading().await.unwrap();
    let counts = reading.look().unwrap().held_counts().await.unwrap();
    counts.into_iter().find(|(name, ..)| name == item).map_or(0, |(_, count, _)| count)
}

fn not(fault: Result<impl Sized, Fault>) -> NotApproved {
    match fault.err() {
        Some(Fault::NotApproved(not)) => not,
        other => panic!("{other:?}"),
    }
}

async fn promise_5_2_a_hold_is_placed_and_lifted_by_two_people(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let field = async |new: NewHold| match home.app.ask_hold(&desk.officer, &new, "why").await {
        Err(Fault::Invalid(faults)) => faults[0].field.clone(),
        other => panic!("{other:?}"),
    };
    let sound = new(&home, subject, &["comment"], 30);
    assert_eq!(field(NewHold { items: vec!["password".into()], ..sound.clone() }).await, "items");
    assert_eq!(field(NewHold { citation: " ".into(), ..sound.clone() }).await, "citation");
    assert_eq!(field(NewHold { ends: home.app.store.now(), ..sound.clone() }).await, "ends");
    let id = home.app.ask_hold(&desk.officer, &sound, "the court asks").await.unwrap();
    assert_eq!(not(home.app.carry_out(&desk.officer, id).await), NotApproved::Waiting);
    assert_eq!(not(home.app.answer_approval(&desk.officer, id, true, "mine").await), NotApproved::Own);
    home.app.answer_approval(&desk.deputy, id, true, "I read it").await.unwrap();
    home.app.carry_out(&desk.officer, id).await.unwrap();
    assert_eq!(not(home.app.carry_out(&desk.officer, id).await), NotApproved::Decided, "once");
    let holds = home.app.legal_holds_of(subject).await.unwrap();
    assert_eq!((holds.len(), holds[0].allowed_by.as_deref()), (1, Some("deputy")));
    assert!(home.app.account(subject).await.unwrap().standing.hold);
    // No use becomes lawful by it.
    let wanted = Wanted { act: Act::Use, purpose: "legal_hold", items: &["comment"], recipient: None };
    for actor in [Actor::Operator("officer".into()), Actor::System] {
        match home.app.use_records(subject, &wanted, &actor, &Which::all()).await {
            Err(Fault::Refused(denied)) => {
                assert!(denied.refusal.reasons.iter().any(|r| r.code == Code::NoInstrument), "{:?}", denied.refusal);
            }
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    let end = home.app.ask_hold_end(&desk.officer, holds[0].id, "the court is done").await.unwrap();
    assert_eq!(not(home.app.carry_out(&desk.officer, end).await), NotApproved::Waiting);
    home.app.answer_approval(&desk.deputy, end, true, "I read that too").await.unwrap();
    home.app.carry_out(&desk.officer, end).await.unwrap();
    assert!(home.app.legal_holds_of(subject).await.unwrap().is_empty());
    assert!(matches!(home.app.ask_hold_end(&desk.officer, holds[0].id, "again").await, Err(Fault::NotFound)));
    home.app.work().await.unwrap();
    assert!(!home.app.account(subject).await.unwrap().standing.hold);
}

async fn promise_5_2_what_is_deleted_under_a_hold_is_used_by_nobody_and_goes_with_its_end(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let held = put(&home, subject, "content", "comment", "what is disputed", &Actor::Subject).await;
    let free = put(&home, subject, "content", "text", "another matter", &Actor::Subject).await;
    placed(&home, &desk, &new(&home, subject, &["comment"], 30)).await;
    home.app.delete_record(subject, "comment", held).await.unwrap();
    home.app.delete_record(subject, "text", free).await.unwrap();
    assert_eq!(apart(&home, subject).await, 1, "what the hold names, and nothing else");
    assert!(home.app.see(subject, "comment").await.unwrap().is_empty());
    assert!(home.app.holdings(subject).await.unwrap().iter().all(|h| h.purpose != "content"));
    home.app.sweep(false).await.unwrap();
    assert_eq!(apart(&home, subject).await, 1);
    home.clock.advance(SignedDuration::from_hours(24 * 30));
    home.app.work().await.unwrap();
    assert_eq!(apart(&home, subject).await, 0, "gone with the hold");
}

async fn promise_5_2_a_correction_leaves_what_stood_before(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    placed(&home, &desk, &new(&home, subject, &["nickname"], 30)).await;
    let actor = Actor::Subject;
    let new = |value: &str| NewRecord {
        subject,
        purpose: "account".into(),
        item: "nickname".into(),
        record: None,
        value: value.to_owned(),
    };
    home.app.put_record(new("Another"), &actor).await.unwrap();
    home.app.put_record(new("A third"), &actor).await.unwrap();
    assert_eq!(apart(&home, subject).await, 2, "each as it stood");
    let shown = home.app.see(subject, "nickname").await.unwrap();
    assert!(shown[0].value.expose(Sink::Subject, |v| v == b"A third"));
}

async fn handed(home: &Home, desk: &Desk, subject: SubjectId, item: &str) -> Value {
    let request = NewAuthorityRequest {
        subject,
        recipient: "police".into(),
        office: "Pudong branch (demo)".into(),
        instrument: "No. 2026-117".into(),
        dated: civil::date(2026, 11, 30),
        ground: "Criminal Procedure Law Art. 54".into(),
        items: vec![item.into()],
        covers: (None, None),
        foreign: false,
        secret_until: None,
    };
    let id = home.app.receive_request(&desk.officer, request).await.unwrap();
    home.app.file_paper(&desk.officer, id, PaperKind::Instrument, "", b"as received".to_vec()).await.unwrap();
    let approval = home.app.ask_release(&desk.officer, id, "in order").await.unwrap();
    home.app.open_paper(&desk.deputy, id, PaperKind::Instrument).await.unwrap();
    home.app.answer_approval(&desk.deputy, approval, true, "in order").await.unwrap();
    let handed = home.app.release(&desk.officer, approval).await.unwrap();
    handed.expose(Sink::Recipient, |bytes| serde_json::from_slice(bytes)).unwrap()
}

async fn promise_5_2_what_expires_under_a_hold_is_there_for_the_procedure_alone(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let shop = Actor::Service(home.service("shop", &["orders"]).await);
    put(&home, subject, "orders", "order", "{\"lamp\":1}", &shop).await;
    placed(&home, &desk, &new(&home, subject, &["order"], 5 * 366)).await;
    home.clock.advance(SignedDuration::from_hours(24 * 366 * 3));
    home.app.sweep(false).await.unwrap();
    assert_eq!(apart(&home, subject).await, 1);
    let wanted = Wanted { act: Act::Use, purpose: "orders", items: &["order"], recipient: None };
    let used = home.app.use_records(subject, &wanted, &shop, &Which::all()).await.unwrap();
    assert!(used.records.is_empty(), "no purpose opens it");
    assert!(home.app.see(subject, "order").await.unwrap().is_empty());
    let out = handed(&home, &desk, subject, "order").await;
    assert_eq!(out["values"][0]["value"], "{\"lamp\":1}", "a request of an authority does");
}

async fn promise_5_2_signals_that_expire_under_a_hold_wait_for_its_end(home: Home) {
    let desk = desk(&home).await;
    let (subject, other) = (home.person(1).await.subject, home.person(2).await.subject);
    let by = Actor::Service(home.service("plaza", &["security"]).await);
    let event = || {
        let fields = json!({ "event": "login" }).as_object().unwrap().clone();
        Event { item: "network_log".into(), at: None, fields }
    };
    for who in [subject, other] {
        let events = [event()];
        home.app.take_signals(who, "security", &events, &Connection::default(), &by).await.unwrap();
    }
    placed(&home, &desk, &new(&home, subject, &["network_log"], 400)).await;
    home.clock.advance(SignedDuration::from_hours(24 * 200));
    home.app.sweep(false).await.unwrap();
    // What was sent, and the entry of the login that joining was.
    assert_eq!((apart(&home, subject).await, apart(&home, other).await), (2, 0));
    let out = handed(&home, &desk, subject, "network_log").await;
    assert_eq!(out["values"].as_array().unwrap().len(), 2);
    home.clock.advance(SignedDuration::from_hours(24 * 200));
    home.app.work().await.unwrap();
    assert_eq!(apart(&home, subject).await, 0);
}

async fn promise_5_2_an_erasure_seals_what_is_held_and_says_why(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let gone = put(&home, subject, "content", "comment", "deleted before", &Actor::Subject).await;
    put(&home, subject, "content", "comment", "there to the end", &Actor::Subject).await;
    let hold = new(&home, subject, &["comment"], 30);
    placed(&home, &desk, &hold).await;
    home.app.delete_record(subject, "comment", gone).await.unwrap();
    let certificate = home.app.erase(subject).await.unwrap();
    assert_eq!(certificate.held.len(), 1);
    let told = &certificate.held[0];
    assert_eq!((told.citation.as_str(), told.until), (hold.citation.as_str(), hold.ends));
    assert_eq!((sealed(&home, "comment").await, apart(&home, subject).await), (2, 0));
    let holds = home.app.legal_holds().await.unwrap();
    assert!(holds[0].subject.is_none(), "the hold stays, and names nobody");
    // Run again, as after a crash: the same.
    home.app.erase(subject).await.unwrap();
    assert_eq!(sealed(&home, "comment").await, 2);
    home.clock.advance(SignedDuration::from_hours(24 * 30));
    home.app.work().await.unwrap();
    assert_eq!(sealed(&home, "comment").await, 0, "gone with the hold");
}

async fn promise_5_2_an_erasure_waits_for_held_pictures_and_goes_on_when_they_are_free(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let picture = media::picture(64, 48, image::ImageFormat::Jpeg);
    let new_upload =
        NewUpload { subject, purpose: "content".into(), item: "picture".into(), size: picture.len() as u64 };
    let (begun, _) = home.app.begin_upload(new_upload, &Actor::Subject).await.unwrap();
    let body = stream::iter([Ok::<_, &str>(Bytes::from(picture))]);
    home.app.append(subject, begun.id, 0, body, &Actor::Subject).await.unwrap();
    let hold = new(&home, subject, &["picture"], 30);
    placed(&home, &desk, &hold).await;
    home.app.delete_record(subject, "picture", begun.id).await.unwrap();
    assert!(home.app.see(subject, "picture").await.unwrap().is_empty());
    assert_eq!(apart(&home, subject).await, 1);
    let session = home.session(1).await;
    let cancelling = home.app.cancel(&session, true).await.unwrap();
    assert!(cancelling.erased.is_none() && cancelling.due == hold.ends, "only storage goes on until then");
    assert!(matches!(home.app.erase(subject).await, Err(Fault::NotNow(_))));
    let id = home.app.legal_holds_of(subject).await.unwrap()[0].id;
    let end = home.app.ask_hold_end(&desk.officer, id, "the court is done").await.unwrap();
    home.app.answer_approval(&desk.deputy, end, true, "it is").await.unwrap();
    home.app.carry_out(&desk.officer, end).await.unwrap();
    home.app.work().await.unwrap();
    assert!(matches!(home.app.account(subject).await, Err(Fault::NotFound)), "erased as soon as it was free");
}

async fn promise_5_2_in_an_emergency_one_person_holds_and_another_reviews(home: Home) {
    let desk = desk(&home).await;
    let subject = home.person(1).await.subject;
    let hold = new(&home, subject, &["comment"], 30);
    assert_eq!(not(home.app.hold_in_emergency(&desk.officer, hold.clone(), " ").await), NotApproved::NoReason);
    home.app.hold_in_emergency(&desk.officer, hold, "it is about to be deleted").await.unwrap();
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 1));
    assert_eq!(home.app.legal_holds_of(subject).await.unwrap().len(), 1);
}
