//! Requests of authorities, from paper to answer, on both engines.
//!
//! Keeps promises 2.6 and 4.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::store::StaffRole::{CustomerService, DataProtectionOfficer};
use avouch::store::{
    ApprovalId, EntryId, NewAuthorityRequest, NotApproved, Operator, PaperKind, RequestState, Sink, SubjectId, sha256,
};
use avouch_policy::Policy;
use avouch_store::Faults;
use avouch_testkit::{Home, home};
use jiff::{SignedDuration, Timestamp, civil};
use serde_json::Value;

avouch_testkit::on_both_engines!(
    promise_2_6_a_request_is_answered_with_exactly_what_its_paper_names,
    promise_2_6_nothing_goes_out_that_two_people_have_not_read_and_allowed,
    promise_2_6_a_foreign_authority_is_refused_without_the_approval_on_file,
    promise_2_6_an_authority_abroad_is_a_foreign_one_whatever_is_said_of_it,
    promise_2_6_a_secrecy_order_keeps_it_from_the_person_until_it_ends,
    promise_2_6_a_secrecy_order_that_is_lifted_shows_it_at_once,
    promise_2_6_what_is_not_a_request_of_this_authority_is_not_entered,
    promise_2_6_an_answer_and_its_evidence_fail_and_hold_together,
    promise_5_2_a_request_forgets_who_was_erased,
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

async fn person(home: &Home) -> SubjectId {
    home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject
}

fn new(subject: SubjectId) -> NewAuthorityRequest {
    NewAuthorityRequest {
        subject,
        recipient: "police".into(),
        office: "Pudong branch (demo)".into(),
        instrument: "No. 2026-117".into(),
        dated: civil::date(2026, 11, 30),
        ground: "Criminal Procedure Law Art. 54".into(),
        items: vec!["phone".into()],
        covers: (None, None),
        foreign: false,
        secret_until: None,
    }
}

/// Entered, with its instrument on file, and the secrecy order where there is one.
async fn received(home: &Home, desk: &Desk, new: NewAuthorityRequest) -> EntryId {
    let secret = new.secret_until.is_some();
    let id = home.app.receive_request(&desk.officer, new).await.unwrap();
    file(home, desk, id, PaperKind::Instrument, "").await;
    if secret {
        file(home, desk, id, PaperKind::Secrecy, "").await;
    }
    id
}

async fn file(home: &Home, desk: &Desk, id: EntryId, kind: PaperKind, number: &str) {
    home.app.file_paper(&desk.officer, id, kind, number, b"as received".to_vec()).await.unwrap();
}

/// Read by the second person and allowed.
async fn allowed(home: &Home, desk: &Desk, id: EntryId) -> ApprovalId {
    let approval = home.app.ask_release(&desk.officer, id, "in order").await.unwrap();
    for paper in home.app.authority_request(id).await.unwrap().1 {
        home.app.open_paper(&desk.deputy, id, paper.kind).await.unwrap();
    }
    home.app.answer_approval(&desk.deputy, approval, true, "I called the office back").await.unwrap();
    approval
}

async fn released(home: &Home, desk: &Desk, approval: ApprovalId) -> Result<Value, Fault> {
    let handed = home.app.release(&desk.officer, approval).await?;
    Ok(handed.expose(Sink::Recipient, |bytes| serde_json::from_slice(bytes)).unwrap())
}

fn values(handed: &Value) -> Vec<(&str, &str)> {
    let all = handed["values"].as_array().unwrap();
    all.iter().map(|v| (v["item"].as_str().unwrap(), v["value"].as_str().unwrap())).collect()
}

/// Acts of a person's own leaves that tell of the request.
async fn seen(home: &Home, subject: SubjectId) -> Vec<String> {
    let leaves = home.app.own_leaves(subject, Timestamp::UNIX_EPOCH, 100).await.unwrap();
    let tells = |l: &avouch::store::Leaf| l.purpose == "legal_request" || l.purpose == "police";
    let mut acts: Vec<String> = leaves.into_iter().filter(|e| tells(&e.leaf)).map(|e| e.leaf.act).collect();
    acts.sort_unstable();
    acts
}

async fn promise_2_6_a_request_is_answered_with_exactly_what_its_paper_names(mut home: Home) {
    let outbox = home.with_outbox();
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let id = received(&home, &desk, new(subject)).await;
    let approval = allowed(&home, &desk, id).await;
    let handed = home.app.release(&desk.officer, approval).await.unwrap();
    let bytes = handed.expose(Sink::Recipient, Clone::clone);
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(values(&json), [("phone", "+8619900000001")], "no more than was asked for");
    let (request, _) = home.app.authority_request(id).await.unwrap();
    assert_eq!(request.state, RequestState::Released);
    let digest: String = sha256(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(request.released, Some(digest));
    let given = home.app.disclosures(subject).await.unwrap();
    assert_eq!((given.len(), given[0].recipient.as_str(), given[0].purpose.as_str()), (1, "police", "legal_request"));
    assert_eq!(home.app.authority_requests_of(subject).await.unwrap().len(), 1);
    home.app.work().await.unwrap();
    assert!(outbox.take().iter().any(|m| m.kind == "authority-answered"), "the person is told");
    let again = released(&home, &desk, approval).await;
    assert!(matches!(again, Err(Fault::NotNow(_))), "once");
    // Another request covers a time before the number was there: nothing of it goes out.
    let early = NewAuthorityRequest { covers: (None, Some("2026-11-01T00:00:00Z".parse().unwrap())), ..new(subject) };
    let id = received(&home, &desk, early).await;
    let approval = allowed(&home, &desk, id).await;
    assert_eq!(values(&released(&home, &desk, approval).await.unwrap()), []);
    // What the entry opened it opened for the release alone.
    assert!(home.app.exceptions().await.unwrap().iter().all(|e| !e.in_force(home.app.store.now())));
}

async fn promise_2_6_nothing_goes_out_that_two_people_have_not_read_and_allowed(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let id = home.app.receive_request(&desk.officer, new(subject)).await.unwrap();
    let asked = home.app.ask_release(&desk.officer, id, "in order").await;
    assert!(matches!(asked, Err(Fault::NotNow(_))), "without its paper");
    file(&home, &desk, id, PaperKind::Instrument, "").await;
    let front = home.operator("front", &[CustomerService]).await;
    let asked = home.app.ask_release(&front, id, "in order").await;
    assert!(matches!(asked, Err(Fault::NotApproved(NotApproved::Role))));
    let approval = home.app.ask_release(&desk.officer, id, "in order").await.unwrap();
    let early = released(&home, &desk, approval).await;
    assert!(matches!(early, Err(Fault::NotApproved(NotApproved::Waiting))));
    let own = home.app.answer_approval(&desk.officer, approval, true, "mine").await;
    assert!(matches!(own, Err(Fault::NotApproved(NotApproved::Own))));
    home.app.answer_approval(&desk.deputy, approval, true, "unread").await.unwrap();
    match released(&home, &desk, approval).await {
        Err(Fault::NotNow(why)) => assert!(why.contains("deputy") && why.contains("instrument"), "{why}"),
        other => panic!("{other:?}"),
    }
    // Another paper than was allowed.
    home.app.file_paper(&desk.officer, id, PaperKind::Instrument, "", b"another".to_vec()).await.unwrap();
    home.app.open_paper(&desk.deputy, id, PaperKind::Instrument).await.unwrap();
    let other = released(&home, &desk, approval).await;
    assert!(matches!(other, Err(Fault::NotApproved(NotApproved::Other))));
    assert!(home.app.disclosures(subject).await.unwrap().is_empty());
    home.app.refuse_request(&desk.officer, id).await.unwrap();
    assert!(matches!(home.app.refuse_request(&desk.officer, id).await, Err(Fault::NotFound)));
    assert!(matches!(released(&home, &desk, approval).await, Err(Fault::NotNow(_))), "it was refused");
}

fn codes(fault: Result<impl Sized, Fault>) -> Vec<&'static str> {
    match fault.err() {
        Some(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
        other => panic!("{other:?}"),
    }
}

async fn promise_2_6_a_foreign_authority_is_refused_without_the_approval_on_file(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let id = received(&home, &desk, NewAuthorityRequest { foreign: true, ..new(subject) }).await;
    assert_eq!(codes(home.app.ask_release(&desk.officer, id, "asked").await), ["foreign-authority"]);
    let leaves = home.app.latest_leaves(10).await.unwrap();
    assert!(leaves.iter().any(|e| e.leaf.reasons == ["foreign-authority"]), "the refusal is in the ledger");
    let bare = home.app.file_paper(&desk.officer, id, PaperKind::Permission, " ", b"yes".to_vec()).await;
    assert!(matches!(bare, Err(Fault::Invalid(_))), "an approval has a number");
    file(&home, &desk, id, PaperKind::Permission, "MoJ 2026-9").await;
    let approval = allowed(&home, &desk, id).await;
    assert_eq!(values(&released(&home, &desk, approval).await.unwrap()).len(), 1);
}

async fn promise_2_6_an_authority_abroad_is_a_foreign_one_whatever_is_said_of_it(home: Home) {
    let mut source = home::source();
    source.facts.text.push_str(
        "\n[storage.regions.us]\nlabel = { en = 'United States', zh-CN = '美国' }\ncountry = 'US'\n\
         [sharing.recipients.marshal]\nclause = '2.6'\nname = { en = 'Marshal (demo)', zh-CN = '法警（演示）' }\n\
         contact = 'desk@marshal.example'\nrole = 'authority'\nkind = { en = 'authority', zh-CN = '国家机关' }\n\
         purposes = ['legal_request']\nitems = ['phone']\nregion = 'us'\n",
    );
    let policy = Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}"));
    home.app.store.set_policy(Arc::new(policy));
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let id = received(&home, &desk, NewAuthorityRequest { recipient: "marshal".into(), ..new(subject) }).await;
    assert!(home.app.authority_request(id).await.unwrap().0.foreign);
    assert_eq!(codes(home.app.ask_release(&desk.officer, id, "asked").await), ["foreign-authority"]);
    file(&home, &desk, id, PaperKind::Permission, "MoJ 2026-9").await;
    let approval = allowed(&home, &desk, id).await;
    assert_eq!(values(&released(&home, &desk, approval).await.unwrap()).len(), 1, "the approval opens it");
}

async fn export(home: &Home, subject: SubjectId) -> String {
    use std::io::Read as _;
    let zip = home.app.export(subject, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut text = String::new();
    zip.by_name("data.json").unwrap().read_to_string(&mut text).unwrap();
    text
}

async fn promise_2_6_a_secrecy_order_keeps_it_from_the_person_until_it_ends(mut home: Home) {
    let outbox = home.with_outbox();
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let until = home.app.store.now() + SignedDuration::from_hours(240);
    let secret = NewAuthorityRequest { secret_until: Some(until), ..new(subject) };
    let bare = home.app.receive_request(&desk.officer, secret.clone()).await.unwrap();
    file(&home, &desk, bare, PaperKind::Instrument, "").await;
    let asked = home.app.ask_release(&desk.officer, bare, "in order").await;
    assert!(matches!(asked, Err(Fault::NotNow(_))), "a secrecy order is on paper too");
    let id = received(&home, &desk, secret).await;
    let approval = allowed(&home, &desk, id).await;
    released(&home, &desk, approval).await.unwrap();
    let hidden = async || {
        assert_eq!(seen(&home, subject).await, Vec::<String>::new());
        assert!(home.app.disclosures(subject).await.unwrap().is_empty());
        assert!(home.app.exceptions_of(subject).await.unwrap().is_empty());
        assert!(home.app.authority_requests_of(subject).await.unwrap().is_empty());
        assert!(
            home.app.uses(subject, Timestamp::UNIX_EPOCH).await.unwrap().iter().all(|u| u.purpose != "legal_request")
        );
        let export = export(&home, subject).await;
        assert!(!export.contains("police") && !export.contains("legal_request"), "{export}");
        // A correction later tells nobody who would give it away.
        assert!(home.app.told_of(subject).await.unwrap().is_empty());
    };
    hidden().await;
    let ledger = home.app.latest_leaves(50).await.unwrap();
    assert!(ledger.iter().any(|e| e.leaf.act == "share" && e.leaf.recipient.as_deref() == Some("police")));
    home.clock.advance(SignedDuration::from_hours(240) - SignedDuration::from_secs(1));
    home.app.work().await.unwrap();
    hidden().await;
    assert!(outbox.take().is_empty());
    home.clock.advance(SignedDuration::from_secs(1));
    for _ in 0..2 {
        home.app.work().await.unwrap();
    }
    let told = outbox.take();
    assert_eq!(told.iter().filter(|m| m.kind == "authority-answered" && m.channel == "mail").count(), 1, "told once");
    let acts = seen(&home, subject).await;
    for act in
        ["authority-request", "authority-paper", "authority-opened", "share", "exception", "secrecy-end", "notify"]
    {
        assert!(acts.iter().any(|a| a == act), "{act} of {acts:?}");
    }
    assert_eq!(home.app.disclosures(subject).await.unwrap().len(), 1);
    assert_eq!(home.app.authority_requests_of(subject).await.unwrap().len(), 1);
    assert!(export(&home, subject).await.contains("police"));
}

async fn promise_2_6_a_secrecy_order_that_is_lifted_shows_it_at_once(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let until = home.app.store.now() + SignedDuration::from_hours(240);
    let id = received(&home, &desk, NewAuthorityRequest { secret_until: Some(until), ..new(subject) }).await;
    let approval = allowed(&home, &desk, id).await;
    released(&home, &desk, approval).await.unwrap();
    home.app.lift_secrecy(&desk.officer, id).await.unwrap();
    assert_eq!(home.app.disclosures(subject).await.unwrap().len(), 1);
    assert!(home.app.authority_request(id).await.unwrap().0.told.is_some());
    assert!(matches!(home.app.lift_secrecy(&desk.officer, id).await, Err(Fault::NotFound)));
    // Its end changes nothing any more.
    home.clock.advance(SignedDuration::from_hours(241));
    home.app.work().await.unwrap();
    assert_eq!(seen(&home, subject).await.iter().filter(|a| *a == "notify").count(), 1);
}

async fn promise_2_6_what_is_not_a_request_of_this_authority_is_not_entered(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let field = async |new: NewAuthorityRequest| match home.app.receive_request(&desk.officer, new).await {
        Err(Fault::Invalid(faults)) => faults[0].field.clone(),
        other => panic!("{other:?}"),
    };
    let sound = new(subject);
    assert_eq!(field(NewAuthorityRequest { recipient: "courier".into(), ..sound.clone() }).await, "recipient");
    assert_eq!(field(NewAuthorityRequest { items: vec!["comment".into()], ..sound.clone() }).await, "items");
    assert_eq!(field(NewAuthorityRequest { items: Vec::new(), ..sound.clone() }).await, "items");
    assert_eq!(field(NewAuthorityRequest { office: " ".into(), ..sound.clone() }).await, "office");
    let now = home.app.store.now();
    assert_eq!(field(NewAuthorityRequest { covers: (Some(now), Some(now)), ..sound.clone() }).await, "covers");
    assert_eq!(field(NewAuthorityRequest { secret_until: Some(now), ..sound.clone() }).await, "secret");
    assert_eq!(home.app.whose("person1").await.unwrap(), subject);
    assert_eq!(home.app.whose(&subject.to_string()).await.unwrap(), subject);
    assert!(matches!(home.app.whose("nobody").await, Err(Fault::NotFound)));
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

async fn promise_2_6_an_answer_and_its_evidence_fail_and_hold_together(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let once = Arc::new(Once::default());
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    let until = home.app.store.now() + SignedDuration::from_hours(24);
    let id = received(&home, &desk, NewAuthorityRequest { secret_until: Some(until), ..new(subject) }).await;
    let approval = allowed(&home, &desk, id).await;
    *once.0.lock().unwrap() = Some("before commit");
    assert!(app.release(&desk.officer, approval).await.is_err());
    assert_eq!(home.app.authority_request(id).await.unwrap().0.state, RequestState::Received);
    assert!(home.app.exceptions().await.unwrap().is_empty());
    *once.0.lock().unwrap() = Some("after commit");
    assert!(app.release(&desk.officer, approval).await.is_err(), "done, but the answer was lost");
    assert_eq!(home.app.authority_request(id).await.unwrap().0.state, RequestState::Released);
    assert!(matches!(released(&home, &desk, approval).await, Err(Fault::NotNow(_))), "not twice");
    *once.0.lock().unwrap() = Some("before commit");
    assert!(app.lift_secrecy(&desk.officer, id).await.is_err());
    assert!(home.app.disclosures(subject).await.unwrap().is_empty(), "still kept from them");
    home.app.lift_secrecy(&desk.officer, id).await.unwrap();
    assert_eq!(home.app.disclosures(subject).await.unwrap().len(), 1);
}

async fn promise_5_2_a_request_forgets_who_was_erased(home: Home) {
    let desk = desk(&home).await;
    let subject = person(&home).await;
    let until = home.app.store.now() + SignedDuration::from_hours(24);
    let id = received(&home, &desk, NewAuthorityRequest { secret_until: Some(until), ..new(subject) }).await;
    let approval = allowed(&home, &desk, id).await;
    released(&home, &desk, approval).await.unwrap();
    home.app.erase(subject).await.unwrap();
    let (request, papers) = home.app.authority_request(id).await.unwrap();
    assert!(request.subject.is_none() && papers.len() == 2, "the request stays, and names nobody");
    home.clock.advance(SignedDuration::from_hours(25));
    home.app.work().await.unwrap();
    assert!(home.app.authority_request(id).await.unwrap().0.lifted.is_some(), "its order ends all the same");
}
