//! Real names, their checks, children and guardians, on both engines.
//!
//! Keeps promises 1.2 and 6.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::collection::document::DocumentType;
use avouch::collection::put::NewRecord;
use avouch::collection::real_name::{Method, NewClaim};
use avouch::collection::verifier::{
    Answered, Asked, HttpSettings, HttpVerifier, Pending, Verifier, VerifierFault, sign,
};
use avouch::gate::Wanted;
use avouch::outbound::{Guard, Reach};
use avouch::rights::guardian::{Confirmation, Relation, code, invitation_code};
use avouch::security::session::Session;
use avouch::store::{Actor, LinkRole, Sink, SubjectId, Which};
use avouch_policy::{Act, Age, Code, Policy};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home};
use jiff::SignedDuration;
use zeroize::Zeroizing;

avouch_testkit::on_both_engines!(
    promise_1_2_without_separate_consent_every_path_is_refused,
    promise_1_2_without_an_assessment_every_path_is_refused,
    promise_1_2_a_confirmed_name_is_kept_and_its_claim_goes,
    promise_1_2_what_was_not_confirmed_is_not_kept,
    promise_1_2_a_name_is_corrected_by_a_new_check_alone,
    promise_1_2_a_verifier_that_does_not_answer_keeps_nobody_waiting,
    promise_1_2_staff_see_one_check_at_a_time_and_it_is_recorded,
    promise_1_2_withdrawing_ends_the_check_and_the_name,
    promise_1_2_a_check_nobody_decides_is_given_up,
    promise_1_2_a_face_is_agreed_to_for_itself_and_gone_with_the_decision,
    promise_6_5_a_child_needs_a_guardian_before_anything_is_kept,
    promise_6_5_a_guardian_is_of_age_and_in_touch_with_the_child,
    promise_6_5_a_child_joins_by_a_guardian_s_invitation_once,
    promise_6_5_a_guardian_who_leaves_takes_the_consent_along,
    promise_7_2_for_a_child_the_guardian_answers_what_a_new_version_asks,
    promise_6_5_a_teenager_is_marked_and_grows_up,
);

/// The example of GB 11643.
const GROWN: &str = "11010519491231002X";

fn number(birth: &str) -> String {
    let body = format!("310115{birth}123");
    let p = body.chars().fold(0, |p, c| (p + c.to_digit(10).unwrap()) * 2 % 11);
    let check = (12 - p) % 11;
    format!("{body}{}", if check == 10 { "X".to_owned() } else { check.to_string() })
}

/// What a verifier was asked: the check, the name, the number, the face.
type Seen = (String, String, String, Option<Vec<u8>>);

/// A verifier that answers as told, and remembers how often and what it was asked.
#[derive(Default)]
struct Told {
    answers: Mutex<Vec<Result<Answered, VerifierFault>>>,
    asked: Mutex<Vec<Seen>>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

impl Told {
    fn new(answers: Vec<Result<bool, VerifierFault>>) -> Arc<Self> {
        let answer = |a: Result<bool, _>| a.map(|confirmed| Answered { confirmed, reference: "R-1".into() });
        let mut answers: Vec<_> = answers.into_iter().map(answer).collect();
        answers.reverse();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }
}

impl Verifier for Told {
    fn recipient(&self) -> &'static str {
        "verifier"
    }

    fn host(&self) -> Option<&str> {
        None
    }

    fn compares_faces(&self) -> bool {
        true
    }

    fn verify<'a>(&'a self, asked: &'a Asked<'a>) -> Pending<'a, Result<Answered, VerifierFault>> {
        self.asked.lock().unwrap().push((
            asked.check.to_owned(),
            asked.name.to_owned(),
            asked.number.to_owned(),
            asked.face.map(<[u8]>::to_vec),
        ));
        let answer = self.answers.lock().unwrap().pop();
        Box::pin(async move { answer.unwrap_or(Err(VerifierFault::Status(503))) })
    }
}

fn with(home: &mut Home, verifier: &Arc<Told>) {
    home.app = home.app.clone().with_verifier(Arc::clone(verifier) as Arc<dyn Verifier>);
}

fn claim(name: &str, number: &str, method: Method) -> NewClaim {
    NewClaim {
        name: Zeroizing::new(name.into()),
        document: Some(DocumentType::ResidentId),
        number: Zeroizing::new(number.into()),
        lines: Zeroizing::new(String::new()),
        method,
        face: None,
    }
}

async fn plain(app: &avouch::App, subject: SubjectId, item: &str) -> Vec<String> {
    let records = app.see(subject, item).await.unwrap();
    records.iter().map(|r| r.value.expose(Sink::Subject, |v| String::from_utf8_lossy(v).into_owned())).collect()
}

async fn kept(app: &avouch::App, subject: SubjectId) -> Vec<String> {
    let policy = app.policy();
    let held = app.holdings(subject).await.unwrap();
    let mut names: Vec<String> = held.iter().map(|h| policy.item_name(h.item).to_owned()).collect();
    names.retain(|n| policy.facts().collection.items[n].clause.as_str() == "1.2");
    names
}

fn refused_with(fault: &Fault, code: Code) -> bool {
    matches!(fault, Fault::Refused(d) if d.refusal.reasons.iter().any(|r| r.code == code))
}

/// Every path by which an ID number could come in or go out; each must be refused with `code`.
async fn every_path_refuses(home: &Home, session: &Session, code: Code) {
    let subject = session.subject();
    let shop = home.service(&format!("shop-{}", code.name()), &["real_name"]).await;
    let actor = Actor::Service(Arc::clone(&shop));
    let leaves = home.app.store.counts().await.unwrap()["leaves"];
    let form = home.app.claim_name(session, claim("林梅", GROWN, Method::Review)).await.unwrap_err();
    assert!(refused_with(&form, code), "form: {form}");
    for item in ["id_number", "identity_claim"] {
        let value = if item == "identity_claim" { "{}".to_owned() } else { GROWN.to_owned() };
        let new = NewRecord { subject, purpose: "real_name".into(), item: item.into(), record: None, value };
        let api = home.app.put_record(new, &actor).await.unwrap_err();
        assert!(refused_with(&api, code), "API: {api}");
    }
    let wanted = Wanted { act: Act::Use, purpose: "real_name", items: &["id_number"], recipient: None };
    let one = home.app.use_records(subject, &wanted, &actor, &Which::all()).await.unwrap_err();
    assert!(refused_with(&one, code), "use: {one}");
    let page = home.app.bulk(&shop, "real_name", &["id_number"], None, 10).await.unwrap();
    assert_eq!((page.used.len(), page.refused), (0, 1), "bulk");
    assert!(kept(&home.app, subject).await.is_empty());
    assert!(home.app.store.counts().await.unwrap()["leaves"] >= leaves + 5, "every refusal is recorded");
}

async fn promise_1_2_without_separate_consent_every_path_is_refused(home: Home) {
    home.person(1).await;
    let session = home.session(1).await;
    every_path_refuses(&home, &session, Code::NoSeparateConsent).await;
    // Nor does joining take it, nor does correcting set it.
    let joined = home.try_person(2, &[("id_number", GROWN)]).await.err().unwrap();
    assert!(matches!(joined, Fault::Invalid(_)));
    assert!(matches!(home.app.correct(&session, "id_number", None, GROWN).await, Err(Fault::NotFound)));
    // With the consent the number is still nobody's to write but the check's.
    home.consent(session.subject(), "real_name", true).await;
    let shop = Actor::Service(home.service("shop", &["real_name"]).await);
    let new = NewRecord {
        subject: session.subject(),
        purpose: "real_name".into(),
        item: "id_number".into(),
        record: None,
        value: GROWN.into(),
    };
    assert!(matches!(home.app.put_record(new, &shop).await, Err(Fault::Invalid(f)) if f[0].code == "own-flow"));
    assert!(kept(&home.app, session.subject()).await.is_empty());
}

async fn promise_1_2_without_an_assessment_every_path_is_refused(home: Home) {
    home.person(1).await;
    let session = home.session(1).await;
    home.consent(session.subject(), "real_name", true).await;
    let mut source = avouch_testkit::home::source();
    let facts = source.facts.text.replace("assessment = { id = \"PIA-2026-01\", approved = \"2026-10-15\" }", "");
    source.facts = avouch_policy::File::new("policy/policy.toml", facts);
    home.app.store.set_policy(Arc::new(Policy::load(&source).unwrap()));
    every_path_refuses(&home, &session, Code::NoAssessment).await;
}

async fn promise_1_2_a_confirmed_name_is_kept_and_its_claim_goes(mut home: Home) {
    let verifier = Told::new(vec![Ok(true)]);
    with(&mut home, &verifier);
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim(" 林  梅 ", "1101 0519 4912 3100 2x", Method::Register)).await.unwrap();
    assert_eq!(kept(&home.app, subject).await, ["identity_claim"], "nothing is a name before it is confirmed");
    let twice = home.app.claim_name(&session, claim("林 梅", GROWN, Method::Register)).await.unwrap_err();
    assert!(matches!(twice, Fault::NotNow(_)));
    home.app.work().await.unwrap();
    assert_eq!(verifier.asked.lock().unwrap()[0].1, "林 梅");
    assert_eq!(verifier.asked.lock().unwrap()[0].2, GROWN);
    assert_eq!(kept(&home.app, subject).await, ["id_number", "id_type", "identity_check", "real_name"]);
    assert_eq!(plain(&home.app, subject, "id_number").await, [GROWN]);
    assert_eq!(plain(&home.app, subject, "id_type").await, ["resident-id"]);
    assert_eq!(plain(&home.app, subject, "real_name").await, ["林 梅"]);
    let check: serde_json::Value = serde_json::from_str(&plain(&home.app, subject, "identity_check").await[0]).unwrap();
    assert_eq!(
        (&check["confirmed"], &check["by"], &check["reference"]),
        (&true.into(), &"verifier".into(), &"R-1".into())
    );
    assert!(!check.to_string().contains(GROWN), "the result holds no number");
    // Nobody is found by a number.
    assert!(home.app.log_in(GROWN, avouch_testkit::home::PASSWORD, Default::default()).await.is_err());
    // What was shared is told, and the copy holds everything.
    let uses = home.app.uses(subject, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(uses.iter().any(|u| u.item == "identity_claim" && u.purpose == "real_name"));
    assert!(home.app.export(subject, "en").await.unwrap().zip().await.unwrap().len() > 100);
    // Nothing is left to do, and doing it again changes nothing.
    assert_eq!(home.app.work().await.unwrap(), 0);
    home.app.delete_record(subject, "id_number", avouch_store::RecordId::ONLY).await.unwrap();
    assert!(plain(&home.app, subject, "id_number").await.is_empty());
    // What is left ends as the policy says.
    home.clock.advance(SignedDuration::from_hours(24 * 366));
    home.app.sweep(false).await.unwrap();
    assert!(kept(&home.app, subject).await.is_empty());
}

async fn promise_1_2_what_was_not_confirmed_is_not_kept(mut home: Home) {
    with(&mut home, &Told::new(vec![Ok(false)]));
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", &number("20150505"), Method::Register)).await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(kept(&home.app, subject).await, ["identity_check"]);
    assert_eq!(home.app.account(subject).await.unwrap().standing.age, Age::Adult, "no band from what was refused");
}

async fn promise_1_2_a_name_is_corrected_by_a_new_check_alone(mut home: Home) {
    with(&mut home, &Told::new(vec![Ok(true), Ok(false), Ok(true)]));
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Register)).await.unwrap();
    home.app.work().await.unwrap();
    for item in ["real_name", "id_type", "id_number", "identity_check"] {
        assert!(matches!(home.app.correct(&session, item, None, "x").await, Err(Fault::NotFound)), "{item}");
    }
    home.clock.advance(SignedDuration::from_mins(11));
    let cookie = session.token.to_cookie();
    let stale = home.app.session(&cookie).await.unwrap().unwrap();
    let other = number("19800101");
    let unproven = home.app.claim_name(&stale, claim("林美", &other, Method::Register)).await.unwrap_err();
    assert!(matches!(unproven, Fault::NeedsProof));
    home.app.show_password(&stale, avouch_testkit::home::PASSWORD).await.unwrap();
    let session = home.app.session(&cookie).await.unwrap().unwrap();
    home.app.claim_name(&session, claim("林美", &other, Method::Register)).await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(plain(&home.app, subject, "real_name").await, ["林梅"], "refused, the old one stays");
    home.app.claim_name(&session, claim("林美", &other, Method::Register)).await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(plain(&home.app, subject, "real_name").await, ["林美"]);
    assert_eq!(plain(&home.app, subject, "id_number").await, [other]);
}

async fn promise_1_2_a_verifier_that_does_not_answer_keeps_nobody_waiting(mut home: Home) {
    let verifier = Told::new(vec![Err(VerifierFault::Status(503)), Err(VerifierFault::Unclear("/result".into()))]);
    with(&mut home, &verifier);
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Register)).await.unwrap();
    for _ in 0..6 {
        home.app.work().await.unwrap();
        home.clock.advance(SignedDuration::from_mins(20));
    }
    let asked = verifier.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 5);
    assert!(asked.iter().all(|a| a.0 == asked[0].0), "the same check each time, done and paid for once");
    assert_eq!(home.app.names_waiting().await.unwrap().len(), 1);
    home.app.decide_name(subject, "desk", true).await.unwrap();
    assert_eq!(plain(&home.app, subject, "real_name").await, ["林梅"]);
}

async fn promise_1_2_staff_see_one_check_at_a_time_and_it_is_recorded(home: Home) {
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    assert_eq!(home.app.name_methods(), [Method::Review], "without a verifier a person looks, and no face is asked");
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Review)).await.unwrap();
    assert_eq!(home.app.work().await.unwrap(), 0);
    let waiting = home.app.names_waiting().await.unwrap();
    assert_eq!(waiting[0].subject, subject);
    let opened = home.app.open_name(subject, "desk").await.unwrap();
    assert_eq!((opened.claim.name.text(), opened.claim.number.as_str()), ("林梅", GROWN));
    let leaves = home.app.own_leaves(subject, jiff::Timestamp::UNIX_EPOCH, 10).await.unwrap();
    assert!(leaves.iter().any(|e| e.leaf.party == "operator" && e.leaf.actor == "desk" && e.leaf.act == "use"));
    home.app.decide_name(subject, "desk", true).await.unwrap();
    assert!(home.app.names_waiting().await.unwrap().is_empty());
    assert!(matches!(home.app.open_name(subject, "desk").await, Err(Fault::NotFound)), "decided is closed");
    assert!(matches!(home.app.decide_name(subject, "desk", false).await, Err(Fault::NotFound)));
    assert_eq!(plain(&home.app, subject, "id_number").await, [GROWN]);
}

async fn promise_1_2_withdrawing_ends_the_check_and_the_name(mut home: Home) {
    let verifier = Told::new(vec![Ok(true)]);
    with(&mut home, &verifier);
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Register)).await.unwrap();
    home.consent(subject, "real_name", false).await;
    home.app.work().await.unwrap();
    assert!(verifier.asked.lock().unwrap().is_empty(), "nobody outside is asked after a withdrawal");
    assert!(kept(&home.app, subject).await.is_empty());
    assert!(home.app.name_standing(subject).await.unwrap().check.is_none());
    // The same with a name that was confirmed, and with a check that waits for staff.
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Register)).await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(kept(&home.app, subject).await.len(), 4);
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Review)).await.unwrap();
    home.consent(subject, "real_name", false).await;
    assert!(kept(&home.app, subject).await.is_empty());
    let refused = home.app.decide_name(subject, "desk", true).await.unwrap_err();
    assert!(matches!(refused, Fault::NotNow(_)), "{refused}");
    assert!(kept(&home.app, subject).await.is_empty());
    assert!(home.app.name_standing(subject).await.unwrap().check.is_none());
}

async fn promise_1_2_a_check_nobody_decides_is_given_up(home: Home) {
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", GROWN, Method::Review)).await.unwrap();
    home.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    home.app.work().await.unwrap();
    assert!(kept(&home.app, subject).await.is_empty());
    assert!(home.app.names_waiting().await.unwrap().is_empty());
}

async fn promise_1_2_a_face_is_agreed_to_for_itself_and_gone_with_the_decision(mut home: Home) {
    let verifier = Told::new(vec![Ok(true)]);
    with(&mut home, &verifier);
    assert!(home.app.name_methods().contains(&Method::Review), "a way without a face is always there");
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    home.consent(subject, "real_name", true).await;
    let picture = canary(7).repeat(300).into_bytes();
    let with_face = || NewClaim { face: Some(Zeroizing::new(picture.clone())), ..claim("林梅", GROWN, Method::Face) };
    // The consent to the name is none to the face.
    let refused = home.app.claim_name(&session, with_face()).await.unwrap_err();
    assert!(refused_with(&refused, Code::NoSeparateConsent), "{refused}");
    assert!(kept(&home.app, subject).await.is_empty(), "refused for the face, nothing of the rest is kept");
    home.consent(subject, "face_check", true).await;
    home.app.claim_name(&session, with_face()).await.unwrap();
    assert_eq!(kept(&home.app, subject).await, ["face", "identity_claim"]);
    home.app.work().await.unwrap();
    assert_eq!(verifier.asked.lock().unwrap()[0].3.as_deref(), Some(picture.as_slice()));
    assert_eq!(kept(&home.app, subject).await, ["id_number", "id_type", "identity_check", "real_name"]);
    assert!(plain(&home.app, subject, "face").await.is_empty());
    let check: serde_json::Value = serde_json::from_str(&plain(&home.app, subject, "identity_check").await[0]).unwrap();
    assert_eq!((&check["method"], &check["confirmed"]), (&"face".into(), &true.into()), "verdict and time are kept");
    let word = canary(7);
    assert!(scan(home.dir.path(), &[word.as_bytes(), GROWN.as_bytes()]).is_empty(), "in no byte of the folder");
}

/// A person whose band a check has set.
async fn checked(home: &Home, n: u64, birth: &str) -> Session {
    let subject = home.person(n).await.subject;
    let session = home.session(n).await;
    home.consent(subject, "real_name", true).await;
    home.app.claim_name(&session, claim("林梅", &number(birth), Method::Review)).await.unwrap();
    home.app.decide_name(subject, "desk", true).await.unwrap();
    session
}

async fn comment(home: &Home, subject: SubjectId, service: &str) -> Result<(), Fault> {
    let plaza = match home.app.register_service(service, &["content".to_owned()]).await {
        Ok(credential) => home.app.service(&credential).await.unwrap().unwrap(),
        Err(e) => panic!("{e}"),
    };
    let new =
        NewRecord { subject, purpose: "content".into(), item: "comment".into(), record: None, value: "Hello.".into() };
    home.app.put_record(new, &Actor::Service(plaza)).await.map(|_| ())
}

async fn promise_6_5_a_child_needs_a_guardian_before_anything_is_kept(home: Home) {
    let session = checked(&home, 1, "20150505").await;
    let child = session.subject();
    assert_eq!(home.app.account(child).await.unwrap().standing.age, Age::Child);
    assert_eq!(kept(&home.app, child).await, ["identity_check"], "of the child's own document nothing is kept");
    assert!(refused_with(&comment(&home, child, "a").await.unwrap_err(), Code::NoGuardian));
    let again = home.app.claim_name(&session, claim("林梅", GROWN, Method::Review)).await.unwrap_err();
    assert!(refused_with(&again, Code::NoGuardian), "{again}");
    // Rights stay open.
    assert_eq!(plain(&home.app, child, "nickname").await, ["Person 1"]);

    let guardian = checked(&home, 2, "19800101").await;
    home.app.ask_guardian(&session, "person2").await.unwrap();
    let mine = home.app.family(child).await.unwrap();
    let theirs = home.app.family(guardian.subject()).await.unwrap();
    assert!(mine.needs_guardian && theirs.can_guard);
    assert_eq!((mine.links[0].role, theirs.links[0].role), (LinkRole::Child, LinkRole::Guardian));
    assert_eq!(mine.links[0].id, theirs.links[0].id, "both see the same link");
    let id = mine.links[0].id;
    assert!(refused_with(&comment(&home, child, "b").await.unwrap_err(), Code::NoGuardian), "asked is not agreed");
    let confirm = |code: String, evidence: &str| Confirmation {
        code,
        relation: Some(Relation::Parent),
        evidence: Zeroizing::new(evidence.into()),
        wording: [7; 32],
        language: "en".into(),
    };
    let wrong = home.app.confirm_guardian(&guardian, id, confirm("AAAA-AAAA".into(), "Household register 1")).await;
    assert!(matches!(wrong, Err(Fault::Invalid(f)) if f[0].code == "wrong-code"));
    let bare = home.app.confirm_guardian(&guardian, id, confirm(code(id), " ")).await;
    assert!(matches!(bare, Err(Fault::Invalid(f)) if f[0].field == "evidence"));
    home.app.confirm_guardian(&guardian, id, confirm(code(id).to_lowercase(), "Household register 1")).await.unwrap();
    comment(&home, child, "c").await.unwrap();
    let history = home.app.consent_history(child).await.unwrap();
    assert!(history.iter().any(|e| e.target == "guardianship" && e.given), "in the child's own history");
    assert!(plain(&home.app, guardian.subject(), "guardian_proof").await[0].contains("Household register 1"));
    // A child does not end it; the guardian does, and the next use is refused.
    assert!(matches!(home.app.end_guardian(&session, id, "en").await, Err(Fault::NotFound)));
    home.app.end_guardian(&guardian, id, "en").await.unwrap();
    assert!(refused_with(&comment(&home, child, "d").await.unwrap_err(), Code::NoGuardian));
    assert!(plain(&home.app, guardian.subject(), "guardian_proof").await.is_empty(), "the proof goes with it");
}

async fn promise_6_5_a_guardian_is_of_age_and_in_touch_with_the_child(home: Home) {
    let session = checked(&home, 1, "20150505").await;
    home.person(2).await;
    let unverified = home.session(2).await;
    let teen = checked(&home, 3, "20100505").await;
    for name in ["person2", "person3@plaza.example", "nobody", "person1"] {
        home.app.ask_guardian(&session, name).await.unwrap();
    }
    let links = home.app.family(session.subject()).await.unwrap().links;
    assert_eq!(links.len(), 4, "what the child sees tells nothing of who is here");
    assert!(links.iter().all(|l| l.role == LinkRole::Child && l.confirmed.is_none()));
    let nobody = links.iter().find(|l| l.other == session.subject()).unwrap();
    home.app.end_guardian(&session, nobody.id, "en").await.unwrap();
    for (n, guardian) in [(0, &unverified), (1, &teen)] {
        let link = home.app.family(guardian.subject()).await.unwrap().links[0].clone();
        let confirmation = Confirmation {
            code: code(link.id),
            relation: Some(Relation::Relative),
            evidence: Zeroizing::new("Household register 1".into()),
            wording: [0; 32],
            language: "en".into(),
        };
        let refused = home.app.confirm_guardian(guardian, link.id, confirmation).await.unwrap_err();
        assert!(matches!(refused, Fault::NotNow(_)), "{n}: {refused}");
    }
    let stranger = home.app.ask_guardian(&unverified, "person1").await;
    assert!(matches!(stranger, Err(Fault::NotFound)), "who needs no guardian asks for none");
    for n in 0..20 {
        if let Err(Fault::TooMany(_)) = home.app.ask_guardian(&session, &format!("guess{n}")).await {
            return;
        }
    }
    panic!("guessing goes on without end");
}

async fn promise_6_5_a_child_joins_by_a_guardian_s_invitation_once(home: Home) {
    let guardian = checked(&home, 2, "19800101").await;
    let consent = || Confirmation {
        code: String::new(),
        relation: Some(Relation::Parent),
        evidence: Zeroizing::new("Household register 1".into()),
        wording: [3; 32],
        language: "en".into(),
    };
    let child = |n: u64| avouch::collection::join::Join {
        values: [("user_name", format!("child{n}")), ("email", format!("child{n}@plaza.example"))]
            .into_iter()
            .chain([("password", avouch_testkit::home::PASSWORD.to_owned())])
            .map(|(k, v)| (k.to_owned(), v))
            .collect(),
        age: Some(avouch::store::AgeBand::Child),
        device: None,
        external: None,
    };
    let people = home.app.store.people().await.unwrap();
    for wrong in ["", "AAAA-AAAA-AAAA-AAAA", "no code at all"] {
        let refused = home.app.join_child(child(1), wrong, "en", &Actor::Subject).await.err().unwrap();
        assert!(matches!(refused, Fault::NeedsGuardian), "{wrong}: {refused}");
    }
    assert_eq!(home.app.store.people().await.unwrap(), people, "nothing is kept of the child");
    let first = home.app.invite_child(&guardian, consent()).await.unwrap();
    home.app.end_guardian(&guardian, first, "en").await.unwrap();
    let taken_back = home.app.join_child(child(1), &invitation_code(first), "en", &Actor::Subject).await;
    assert!(matches!(taken_back, Err(Fault::NeedsGuardian)));

    let id = home.app.invite_child(&guardian, consent()).await.unwrap();
    let code = invitation_code(id).to_lowercase();
    let joined = home.app.join_child(child(1), &code, "en", &Actor::Subject).await.unwrap().subject;
    let standing = home.app.account(joined).await.unwrap().standing;
    assert!(standing.age == Age::Child && standing.guardian);
    comment(&home, joined, "a").await.unwrap();
    assert!(home.app.consent_history(joined).await.unwrap().iter().any(|e| e.target == "guardianship" && e.given));
    let again = home.app.join_child(child(3), &code, "en", &Actor::Subject).await;
    assert!(matches!(again, Err(Fault::NeedsGuardian)), "a code works once");
    home.app.end_guardian(&guardian, id, "en").await.unwrap();
    assert!(refused_with(&comment(&home, joined, "b").await.unwrap_err(), Code::NoGuardian));

    let late = home.app.invite_child(&guardian, consent()).await.unwrap();
    home.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let over = home.app.join_child(child(4), &invitation_code(late), "en", &Actor::Subject).await;
    assert!(matches!(over, Err(Fault::NeedsGuardian)));
}

async fn promise_6_5_a_guardian_who_leaves_takes_the_consent_along(home: Home) {
    let session = checked(&home, 1, "20150505").await;
    let guardian = checked(&home, 2, "19800101").await;
    home.app.ask_guardian(&session, "person2").await.unwrap();
    let id = home.app.family(session.subject()).await.unwrap().links[0].id;
    let confirmation = Confirmation {
        code: code(id),
        relation: Some(Relation::Appointed),
        evidence: Zeroizing::new("Court order 12".into()),
        wording: [0; 32],
        language: "en".into(),
    };
    home.app.confirm_guardian(&guardian, id, confirmation).await.unwrap();
    comment(&home, session.subject(), "a").await.unwrap();
    home.app.cancel(&guardian, true).await.unwrap();
    assert!(home.app.family(session.subject()).await.unwrap().links.is_empty());
    assert!(refused_with(&comment(&home, session.subject(), "b").await.unwrap_err(), Code::NoGuardian));
}

async fn promise_6_5_a_teenager_is_marked_and_grows_up(home: Home) {
    let session = checked(&home, 1, "20090505").await;
    let teen = session.subject();
    let age = async || home.app.account(teen).await.unwrap().standing.age;
    assert_eq!(age().await, Age::Teen);
    assert_eq!(kept(&home.app, teen).await.len(), 4, "14 to 17 decide for themselves");
    comment(&home, teen, "a").await.unwrap();
    // Eighteen on 5 May 2027; the job's day, 1 July, tells no birthday.
    home.clock.advance(SignedDuration::from_hours(24 * 200));
    home.app.work().await.unwrap();
    assert_eq!(age().await, Age::Teen);
    home.clock.advance(SignedDuration::from_hours(24 * 15));
    home.app.work().await.unwrap();
    assert_eq!(age().await, Age::Adult);
}

#[tokio::test]
async fn promise_1_2_the_http_adapter_signs_fills_and_reads() {
    let settings = || HttpSettings {
        recipient: "verifier".into(),
        url: "https://api.names.example/v1/check?two=1".into(),
        key_id: "plaza".into(),
        secret: Zeroizing::new(b"a shared secret".to_vec()),
        template: serde_json::json!({ "id": "{check}", "who": { "name": "{name}", "no": "{number}", "t": "{type}" } }),
        types: [("resident-id".to_owned(), "01".to_owned())].into(),
        verdict: "/data/match".into(),
        confirmed: vec!["1".into()],
        refused: vec!["0".into()],
        reference: "/data/no".into(),
        faces: false,
    };
    let asked = Asked { check: "c1", name: "O'\"{number}", document: "resident-id", number: GROWN, face: None, at: 9 };
    for (answer, expected) in [
        (r#"{"data":{"match":"1","no":42}}"#, Ok(Answered { confirmed: true, reference: "42".into() })),
        (r#"{"data":{"match":"0"}}"#, Ok(Answered { confirmed: false, reference: String::new() })),
        (r#"{"data":{"match":1}}"#, Err(VerifierFault::Unclear("/data/match".into()))),
        ("<html>", Err(VerifierFault::Unclear("the whole answer, which is no JSON,".into()))),
    ] {
        let (at, served) = serve_once(answer).await;
        let verifier = HttpVerifier::new(settings(), via("api.names.example", at)).unwrap();
        assert_eq!(verifier.verify(&asked).await, expected);
        let read = served.await.unwrap();
        let (head, body) = read.split_once("\r\n\r\n").unwrap();
        let sent: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(sent["who"], serde_json::json!({ "name": "O'\"{number}", "no": GROWN, "t": "01" }));
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        assert_eq!(header("x-avouch-signature"), sign(b"a shared secret", &settings().url, "9", "c1", body.as_bytes()));
        assert_eq!(header("x-avouch-nonce"), "c1");
        assert!(!format!("{verifier:?}").contains("secret"));
    }
}

/// A way out on which a host is reached through an address of this machine.
fn via(host: &str, at: std::net::SocketAddr) -> Guard {
    Guard::new(Reach { via: [(host.to_owned(), at)].into(), ..Reach::default() }, None).unwrap()
}

/// A verifier as a real server: reads one request, answers `answer`; gives what it read.
async fn serve_once(answer: &'static str) -> (std::net::SocketAddr, tokio::task::JoinHandle<String>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut read, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut part).await.unwrap();
            read.extend_from_slice(&part[..n]);
            let text = String::from_utf8_lossy(&read).into_owned();
            if n == 0 || text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.ends_with('}')) {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                return text;
            }
        }
    });
    (at, served)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_4_1_a_verifier_over_the_wire_gets_what_the_policy_names_at_the_host_it_names() {
    for (host, reached) in [("api.names.example", true), ("elsewhere.example", false)] {
        let mut home = Home::new(Engine::Sqlite).await;
        let (at, served) = serve_once(r#"{"ok":true,"no":"V-9"}"#).await;
        let settings = HttpSettings {
            recipient: "verifier".into(),
            url: format!("https://{host}/v1/check"),
            key_id: "plaza".into(),
            secret: Zeroizing::new(b"a shared secret".to_vec()),
            template: serde_json::json!({ "name": "{name}", "number": "{number}" }),
            types: Default::default(),
            verdict: "/ok".into(),
            confirmed: vec![true.into()],
            refused: vec![false.into()],
            reference: "/no".into(),
            faces: false,
        };
        let verifier = HttpVerifier::new(settings, via(host, at)).unwrap();
        home.app = home.app.clone().with_verifier(Arc::new(verifier));
        let subject = home.person(1).await.subject;
        let session = home.session(1).await;
        home.consent(subject, "real_name", true).await;
        home.app.claim_name(&session, claim("林梅", GROWN, Method::Register)).await.unwrap();
        home.app.work().await.unwrap();
        if reached {
            let read = served.await.unwrap();
            assert!(read.starts_with("POST /v1/check HTTP/1.1\r\n"), "{read}");
            assert!(read.contains("\r\nhost: api.names.example\r\n"), "{read}");
            assert!(read.contains("x-avouch-signature: ") && read.contains(GROWN));
            assert_eq!(plain(&home.app, subject, "real_name").await, ["林梅"]);
            assert!(plain(&home.app, subject, "identity_check").await[0].contains("V-9"));
        } else {
            served.abort();
            assert_eq!(home.app.names_waiting().await.unwrap().len(), 1, "staff look instead");
        }
    }
}

async fn promise_7_2_for_a_child_the_guardian_answers_what_a_new_version_asks(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let session = checked(&home, 1, "20160101").await;
    let child = session.subject();
    let guardian = checked(&home, 2, "19800101").await;
    let stranger = checked(&home, 3, "19810101").await;
    home.app.ask_guardian(&session, "person2").await.unwrap();
    let id = home.app.family(child).await.unwrap().links[0].id;
    let confirmation = Confirmation {
        code: code(id),
        relation: Some(Relation::Parent),
        evidence: Zeroizing::new("Household register 1".into()),
        wording: [7; 32],
        language: "en".into(),
    };
    home.app.confirm_guardian(&guardian, id, confirmation).await.unwrap();
    home.consent(child, "marketing", true).await;
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&avouch_testkit::updates::next(&[avouch_testkit::updates::WIDER]), None).await;
    let own = home.app.answer_update(child, "1.1", "marketing", true, "en").await;
    assert!(matches!(own, Err(Fault::NeedsGuardian)));
    assert!(home.app.updates_of_children(stranger.subject()).await.unwrap().is_empty());
    let other = home.app.answer_update_for(stranger.subject(), id, "1.1", "marketing", true, "en").await;
    assert!(matches!(other, Err(Fault::NotFound)));
    let asked = home.app.updates_of_children(guardian.subject()).await.unwrap();
    assert_eq!((asked.len(), asked[0].0, asked[0].1.questions.len()), (1, id, 1));
    home.app.answer_update_for(guardian.subject(), id, "1.1", "marketing", true, "en").await.unwrap();
    assert!(home.app.updates_of_children(guardian.subject()).await.unwrap().is_empty());
    let history = home.app.consent_history(child).await.unwrap();
    assert_eq!((history[0].target.as_str(), history[0].evidence.as_str()), ("marketing", "guardian"));
}
