//! The register of exceptions at the gate, on both engines.
//!
//! Keeps promises 2.7 and 4.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::StaffRole::DataProtectionOfficer;
use avouch::store::{Actor, EntryId, NotApproved, Operator, SubjectId, Which};
use avouch::usage::exception::NewException;
use avouch_policy::{Act, AskNames, Code};
use avouch_store::{Answer, Faults};
use avouch_testkit::Home;
use jiff::SignedDuration;

avouch_testkit::on_both_engines!(
    promise_2_7_without_an_entry_there_is_no_exceptional_use,
    promise_2_7_an_entry_opens_its_scope_alone_and_lapses,
    promise_2_7_reputation_and_other_interests_are_no_ground,
    promise_2_7_an_emergency_is_entered_by_one_reviewed_and_told,
    promise_2_7_an_entry_ended_before_its_time_opens_nothing_more,
    promise_2_7_an_entry_and_its_approval_fail_and_hold_together,
    promise_2_7_a_notice_that_would_endanger_comes_later_by_a_clock_and_hides_the_use_until_then,
    promise_2_7_what_people_published_is_used_by_a_rule_and_not_against_their_refusal,
    promise_2_7_what_a_rule_no_longer_opens_is_not_handed_over,
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
        put_off: 0,
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
    let wanted = new(&home, "emergency", subject, &["phone"], Some("police"));
    let asked = async |act, subject, items: &[&str], to| ask(&home, act, "emergency", subject, items, to).await;
    let id = home.app.ask_exception(&desk.officer, &wanted, "asked by letter").await.unwrap();
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, [Code::NoInstrument], "asked only");
    home.app.answer_approval(&desk.deputy, id, true, "in order").await.unwrap();
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, [Code::NoInstrument], "allowed only");
    home.app.carry_out(&desk.officer, id).await.unwrap();

    assert_eq!(asked(Act::Share, subject, &["phone"], Some("police")).await, []);
    assert_eq!(asked(Act::Use, subject, &["phone"], None).await, []);
    assert_eq!(asked(Act::Share, subject, &["phone", "address"], Some("police")).await, [Code::OutsideInstrument]);
    assert_eq!(asked(Act::Share, other, &["phone"], Some("police")).await, [Code::NoInstrument], "another person");
    assert_eq!(ask(&home, Act::Use, "legal_request", subject, &["phone"], None).await, [Code::NoInstrument]);
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
        let wanted = NewException { purpose: purpose.into(), ..sound.clone() };
        let told = home.app.ask_exception(&desk.officer, &wanted, "why").await.map(drop).unwrap_err();
        assert!(told.to_string().contains("no ground of the law") && told.to_string().contains("court"), "{told}");
    }
    assert_eq!(asked(NewException { items: vec!["order".into()], ..sound.clone() }).await.0, "items");
    assert_eq!(asked(NewException { items: Vec::new(), ..sound.clone() }).await.0, "items");
    assert_eq!(asked(NewException { recipient: Some("ads".into()), ..sound.clone() }).await.0, "recipient");
    assert_eq!(asked(NewException { citation: " ".into(), ..sound.clone() }).await.0, "citation");
    assert_eq!(asked(NewException { ends: home.app.store.now(), ..sound.clone() }).await.0, "ends");
    assert_eq!(asked(NewException { subject: None, ..sound.clone() }).await, ("subject".into(), "required"));
    let duty = new(&home, "legal_request", subject, &["phone"], Some("police"));
    assert_eq!(asked(duty).await, ("recipient".into(), "authority"), "that is a request, with its papers");
    let held = new(&home, "legal_hold", subject, &["phone"], None);
    assert_eq!(asked(held).await.1, "no-ground", "what is held is used by nothing");
    let rule = new(&home, "disclosed", subject, &["comment"], None);
    assert_eq!(asked(rule).await, ("subject".into(), "rule"));
    let late = NewException { put_off: 91, ..sound.clone() };
    assert_eq!(asked(late).await, ("put_off".into(), "too-long"));
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
    let duty = new(&home, "legal_request", subject, &["phone"], None);
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
    let letters = outbox.take();
    assert!(!letters.is_empty() && letters.iter().all(|m| m.kind == "exception-used"), "and by message");
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

async fn promise_2_7_a_notice_that_would_endanger_comes_later_by_a_clock_and_hides_the_use_until_then(mut home: Home) {
    let outbox = home.with_outbox();
    let desk = desk(&home).await;
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let wanted = NewException { put_off: 7, ..new(&home, "emergency", subject, &["phone"], Some("police")) };
    let id = entered(&home, &desk, &wanted).await;
    assert_eq!(ask(&home, Act::Share, "emergency", subject, &["phone"], Some("police")).await, []);
    assert_eq!(
        ask(&home, Act::Share, "emergency", subject, &["phone", "address"], Some("police")).await,
        [Code::OutsideInstrument]
    );
    let acts = async || {
        let leaves = home.app.own_leaves(subject, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
        leaves.into_iter().filter(|e| e.leaf.purpose == "emergency").map(|e| e.leaf.act).collect::<Vec<_>>()
    };
    assert_eq!(acts().await, Vec::<String>::new(), "neither the entry, nor a use, nor a refusal");
    assert!(home.app.exceptions_of(subject).await.unwrap().is_empty());
    assert!(home.app.disclosures(subject).await.unwrap().is_empty());
    let logged = home.app.latest_leaves(50).await.unwrap();
    assert!(logged.iter().any(|e| e.leaf.act == "share" && e.leaf.purpose == "emergency"), "the ledger has it");
    let clocks = async || home.app.clocks("exception", &id.to_string()).await.unwrap();
    assert_eq!(clocks().await.iter().filter(|c| c.done.is_none()).count(), 1, "and a deadline runs");

    home.clock.advance(SignedDuration::from_hours(48 + 7 * 24) - SignedDuration::from_secs(1));
    home.app.work().await.unwrap();
    assert!(outbox.take().is_empty() && acts().await.is_empty());
    home.clock.advance(SignedDuration::from_secs(2));
    home.app.work().await.unwrap();
    assert!(outbox.take().iter().any(|m| m.kind == "exception-used"), "told");
    let mut seen = acts().await;
    seen.sort_unstable();
    assert_eq!(seen, ["exception", "notify", "share", "share"], "the refusal too");
    assert_eq!(home.app.exceptions_of(subject).await.unwrap().len(), 1);
    assert_eq!(home.app.disclosures(subject).await.unwrap().len(), 1);
    assert!(clocks().await.iter().all(|c| c.done.is_some()));
}

/// A person with one comment published and one kept to themselves, and a service that may use what is published.
async fn published(home: &Home) -> (SubjectId, Actor) {
    let subject = home.person(1).await.subject;
    home.consent(subject, "publication", true).await;
    let post = async |text: &str| {
        let (purpose, item) = ("content".to_owned(), "comment".to_owned());
        let new = NewRecord { subject, purpose, item, record: None, value: text.to_owned() };
        home.app.put_record(new, &Actor::Subject).await.unwrap().0
    };
    let open = post("seen by all").await;
    post("for me alone").await;
    home.app.publish(subject, "comment", open, &Actor::Subject).await.unwrap();
    (subject, Actor::Service(home.service("research", &["disclosed"]).await))
}

fn rule(home: &Home) -> NewException {
    NewException {
        subject: None,
        purpose: "disclosed".into(),
        citation: "PIPL Art. 13(1)(6), 27".into(),
        items: vec!["comment".into()],
        recipient: None,
        ends: home.app.store.now() + SignedDuration::from_hours(24 * 30),
        put_off: 0,
    }
}

async fn promise_2_7_what_people_published_is_used_by_a_rule_and_not_against_their_refusal(home: Home) {
    let desk = desk(&home).await;
    let (subject, service) = published(&home).await;
    let wanted = Wanted { act: Act::Use, purpose: "disclosed", items: &["comment"], recipient: None };
    let used = async || match home.app.use_records(subject, &wanted, &service, &Which::all()).await {
        Ok(used) => Ok(used.records.len()),
        Err(Fault::Refused(denied)) => Err(denied.refusal.reasons.iter().map(|r| r.code).collect::<Vec<_>>()),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(used().await, Err(vec![Code::NoInstrument]));
    let id = entered(&home, &desk, &rule(&home)).await;
    assert_eq!(used().await, Ok(1), "what was published, and nothing else");
    assert_eq!(home.app.exceptions_of(subject).await.unwrap().len(), 1, "everybody sees the rule");
    home.app.refuse_disclosed(subject, "disclosed", true, "en").await.unwrap();
    assert_eq!(used().await, Err(vec![Code::Objected]));
    home.app.refuse_disclosed(subject, "disclosed", false, "en").await.unwrap();
    assert_eq!(used().await, Ok(1));
    assert!(home.app.refuse_disclosed(subject, "emergency", true, "en").await.is_err(), "a life is not refused");
    home.consent(subject, "publication", false).await;
    assert_eq!(used().await, Ok(0), "no longer public");
    home.app.end_exception(&desk.officer, id).await.unwrap();
    assert_eq!(used().await, Err(vec![Code::NoInstrument]));
}

async fn promise_2_7_what_a_rule_no_longer_opens_is_not_handed_over(home: Home) {
    let desk = desk(&home).await;
    let (subject, service) = published(&home).await;
    let id = entered(&home, &desk, &rule(&home)).await;
    let opened = async || {
        let ask = AskNames {
            act: Act::Use,
            party: service.party(),
            purpose: "disclosed",
            items: &["comment"],
            recipient: None,
            region: "cn",
            at: home.app.store.now(),
        };
        let ask = home.app.policy().ask(ask).unwrap();
        let mut reading = home.app.store.reading().await.unwrap();
        let mut look = reading.look().unwrap();
        match look.ask(subject, ask, &service).await.unwrap() {
            Answer::Permitted(permit) => look.open(permit, &Which::all()).await.unwrap(),
            Answer::Refused(refused) => panic!("{:?}", refused.refusal),
        }
    };
    let in_time = opened().await;
    assert!(home.app.store.release(vec![in_time]).await.unwrap().is_some());
    let late = opened().await;
    home.app.end_exception(&desk.officer, id).await.unwrap();
    assert!(home.app.store.release(vec![late]).await.unwrap().is_none(), "it is decided anew, and refused");
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
