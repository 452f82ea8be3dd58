//! Changes of the policy on both engines: released ahead, in force at its instant on every node, told to whom it
//! concerns, and asked again where a consent no longer covers it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "tests"
)]

use avouch::App;
use avouch::Fault;
use avouch::gate::Wanted;
use avouch::store::{Actor, Credential, SubjectId, Told};
use avouch::updates::archive::Began;
use avouch_policy::{Act, Source};
use avouch_store::{ApprovalKind, ApprovalState, Clock as _, Faults, NotApproved, StaffRole, StoreError, Which};
use avouch_testkit::updates::{WIDER, changed, next, noon};
use avouch_testkit::{Home, Outbox};
use jiff::SignedDuration;
use std::sync::Arc;

avouch_testkit::on_both_engines!(
    promise_7_2_who_has_not_answered_is_refused_the_new_at_its_instant_everywhere_and_keeps_the_old,
    promise_7_2_a_yes_ahead_counts_from_the_instant_and_a_no_is_not_asked_again,
    promise_7_2_what_is_kept_longer_is_not_taken_in_before_an_answer,
    promise_7_1_nothing_is_released_that_lint_forbids_or_that_comes_too_soon,
    promise_7_1_everyone_it_concerns_is_told_once_and_that_is_evidenced,
    promise_7_1_a_release_is_called_off_until_it_comes,
    promise_7_1_a_release_an_answer_and_a_notice_stand_or_fall_with_their_evidence,
    promise_7_2_who_missed_a_version_is_told_of_everything_since_the_one_they_know,
    promise_7_2_a_no_is_not_asked_again_by_a_version_that_asks_no_more,
    promise_7_2_what_rests_on_consent_from_now_is_asked_of_everybody_it_was_done_with,
    promise_7_2_an_answer_ahead_to_a_release_that_is_called_off_keeps_what_was_agreed_before,
);

/// As [`WIDER`], and what the network of advertisers gets.
const MORE: (&str, &str) = (
    "purposes = [\"recommendation\"]\nitems = [\"interests\"]",
    "purposes = [\"recommendation\"]\nitems = [\"interests\", \"tastes\"]",
);

type Said = Result<(), Vec<&'static str>>;

async fn ask(app: &App, subject: SubjectId, by: &Actor, wanted: &Wanted<'_>) -> Said {
    match app.use_records(subject, wanted, by, &Which::all()).await {
        Ok(_) => Ok(()),
        Err(Fault::Refused(denied)) => Err(denied.refusal.reasons.iter().map(|r| r.code.name()).collect()),
        Err(other) => panic!("{other}"),
    }
}

/// Use for marketing.
async fn may(app: &App, subject: SubjectId, shop: &Actor, act: Act, item: &str) -> Said {
    ask(app, subject, shop, &Wanted { act, purpose: "marketing", items: &[item], recipient: None }).await
}

/// Sharing with the network of advertisers.
async fn may_share(app: &App, subject: SubjectId, by: &Actor, item: &str) -> Said {
    let wanted = Wanted { act: Act::Share, purpose: "recommendation", items: &[item], recipient: Some("ads") };
    ask(app, subject, by, &wanted).await
}

/// How many a bulk use for marketing opens, and why not the others.
async fn bulk(app: &App, shop: &Arc<Credential>, item: &str) -> (usize, Vec<&'static str>) {
    let page = app.bulk(shop, "marketing", &[item], None, 100).await.unwrap();
    (page.used.len(), page.reasons.into_keys().collect())
}

fn outdated() -> Said {
    Err(vec!["consent-outdated"])
}

async fn promise_7_2_who_has_not_answered_is_refused_the_new_at_its_instant_everywhere_and_keeps_the_old(home: Home) {
    assert_eq!(home.app.begin(&avouch_testkit::home::source()).await.unwrap(), Began::First);
    let subject = home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let seen = home.person(2).await.subject;
    let credential = home.service("shop", &["marketing", "recommendation"]).await;
    let shop = Actor::Service(Arc::clone(&credential));
    home.consent(subject, "marketing", true).await;
    home.consent(seen, "recommendation", true).await;
    home.app.answer_recipient(seen, "ads", true, "en").await.unwrap();
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER, MORE]), Some(noon())).await;
    let other = home.node("b", None).await;
    other.refresh_releases().await.unwrap();

    home.clock.advance(noon().duration_since(home.clock.now()) - SignedDuration::from_secs(1));
    for app in [&home.app, &other] {
        assert_eq!(app.policy().version(), "1.0");
        assert_eq!(may(app, subject, &shop, Act::Use, "phone").await, Err(vec!["item-not-in-purpose"]));
        assert_eq!(may_share(app, seen, &shop, "tastes").await, Err(vec!["recipient-item"]));
        assert_eq!(may_share(app, seen, &shop, "interests").await, Ok(()));
    }
    home.clock.advance(SignedDuration::from_secs(2));
    for app in [&home.app, &other] {
        assert_eq!(app.policy().version(), "1.1");
        assert_eq!(may(app, subject, &shop, Act::Use, "phone").await, outdated(), "the new");
        assert_eq!(may(app, subject, &shop, Act::Use, "email").await, Ok(()), "the old");
        assert_eq!(bulk(app, &credential, "phone").await, (0, vec!["consent-outdated", "no-consent"]));
        assert_eq!(bulk(app, &credential, "email").await, (1, vec!["no-consent"]));
        assert_eq!(may_share(app, seen, &shop, "tastes").await, outdated(), "the new is not shared");
        assert_eq!(may_share(app, seen, &shop, "interests").await, Ok(()), "the old is");
    }
    // Who started only now knows the same.
    let late = home.node("c", None).await;
    late.refresh_releases().await.unwrap();
    assert_eq!(may(&late, subject, &shop, Act::Use, "phone").await, outdated());
    assert_eq!(may(&late, subject, &shop, Act::Use, "email").await, Ok(()));
    // One clear question; and who agrees to the policy as it is now is asked nothing.
    let update = home.app.update_for(subject).await.unwrap().unwrap();
    assert_eq!(update.questions.iter().map(|q| q.target.as_str()).collect::<Vec<_>>(), ["marketing"]);
    home.app.answer_update(subject, "1.1", "marketing", true, "en").await.unwrap();
    for app in [&home.app, &other] {
        assert_eq!(may(app, subject, &shop, Act::Use, "phone").await, Ok(()));
    }
    assert!(home.app.update_for(subject).await.unwrap().unwrap().questions.is_empty());
    // Withdrawn, nothing of either is left.
    home.consent(subject, "marketing", false).await;
    assert_eq!(may(&other, subject, &shop, Act::Use, "email").await, Err(vec!["no-consent"]));
}

async fn promise_7_2_a_yes_ahead_counts_from_the_instant_and_a_no_is_not_asked_again(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let phone = |n: u64| format!("+86 1990000000{n}");
    let yes = home.try_person(1, &[("phone", &phone(1))]).await.unwrap().subject;
    let no = home.try_person(2, &[("phone", &phone(2))]).await.unwrap().subject;
    let shop = Actor::Service(home.service("shop", &["marketing"]).await);
    for subject in [yes, no] {
        home.consent(subject, "marketing", true).await;
    }
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    home.app.answer_update(yes, "1.1", "marketing", true, "en").await.unwrap();
    home.app.answer_update(no, "1.1", "marketing", false, "en").await.unwrap();
    for subject in [yes, no] {
        assert!(home.app.update_for(subject).await.unwrap().unwrap().questions.is_empty(), "asked once");
        assert_eq!(may(&home.app, subject, &shop, Act::Use, "email").await, Ok(()), "until then as before");
        assert!(matches!(home.app.answer_update(subject, "1.1", "marketing", true, "en").await, Err(Fault::NotFound)));
    }
    home.clock.advance(noon().duration_since(home.clock.now()));
    assert_eq!(may(&home.app, yes, &shop, Act::Use, "phone").await, Ok(()));
    assert_eq!(may(&home.app, no, &shop, Act::Use, "phone").await, outdated());
    assert_eq!(may(&home.app, no, &shop, Act::Use, "email").await, Ok(()));
    // The answer stands in the history with the words it was given to.
    let history = home.app.consent_history(yes).await.unwrap();
    let digest = home.app.policy().digest().to_string();
    assert_eq!((history[0].given, &history[0].policy), (true, &digest));
}

async fn promise_7_2_what_is_kept_longer_is_not_taken_in_before_an_answer(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let subject = home.person(1).await.subject;
    let shop = Actor::Service(home.service("shop", &["recommendation"]).await);
    home.consent(subject, "recommendation", true).await;
    home.clock.advance(SignedDuration::from_secs(1));
    let from = "items = [\"interests\", \"tastes\", \"function_used\"]\nparty = [\"subject\", \"service\"]\nretention = { after = \"consent-withdrawn\", keep = \"0 days\"";
    let to = "items = [\"interests\", \"tastes\", \"function_used\"]\nparty = [\"subject\", \"service\"]\nretention = { after = \"consent-withdrawn\", keep = \"90 days\"";
    home.release(&next(&[(from, to)]), None).await;
    home.clock.advance(noon().duration_since(home.clock.now()));
    let put = || {
        let record = avouch::collection::put::NewRecord {
            subject,
            purpose: "recommendation".into(),
            item: "interests".into(),
            record: None,
            value: "tea".into(),
        };
        home.app.put_record(record, &shop)
    };
    let Err(Fault::Refused(denied)) = put().await else { panic!("taken in") };
    assert_eq!(denied.refusal.reasons[0].code.name(), "consent-outdated");
    let told = denied.refusal.tell(&denied.policy, "en");
    assert_eq!((told[0].clause, told[0].citation.as_str()), ("7.2", "PIPL art. 14(2)"));
    home.app.answer_update(subject, "1.1", "recommendation", true, "en").await.unwrap();
    put().await.unwrap();
}

async fn promise_7_1_nothing_is_released_that_lint_forbids_or_that_comes_too_soon(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let code = |proposed: Result<_, Fault>| match proposed {
        Err(Fault::Invalid(faults)) => faults[0].code,
        Err(other) => panic!("{other}"),
        Ok(_) => "fine",
    };
    let propose = |source: Source, at: Option<&str>| {
        let (app, at) = (home.app.clone(), at.map(|at| at.parse().unwrap()));
        async move { code(app.propose_policy(&source, at).await) }
    };
    assert_eq!(propose(avouch_testkit::home::source(), None).await, "no-change");
    assert_eq!(propose(next(&[]), None).await, "fine");
    assert_eq!(propose(next(&[("version = \"1.1\"", "version = \"1.0\"")]), None).await, "used");
    assert_eq!(propose(next(&[]), Some("2026-12-10T04:00:00Z")).await, "other-day");
    let soon = ("effective = \"2026-12-09\"", "effective = \"2026-12-03\"");
    assert_eq!(propose(next(&[soon]), None).await, "too-soon");
    assert_eq!(propose(next(&[("address = { en = \"88", "adress = { en = \"88")]), None).await, "unreadable");
    let gap = "retention = { after = \"consent-withdrawn\", keep = \"0 days\", then = \"delete\" }\nwithout = { en = \"You get no offers by e-mail.\"";
    assert_eq!(propose(next(&[(gap, "without = { en = \"You get no offers by e-mail.\"")]), None).await, "lint");
    // Two people: nobody releases alone, and what was allowed is what is released.
    let [one, two] = home.officers().await;
    let proposal = home.app.propose_policy(&next(&[WIDER]), None).await.unwrap();
    let id = home.app.ask_publication(&one, &proposal, "marketing by phone").await.unwrap();
    let not = |done: Result<_, Fault>| match done {
        Err(Fault::NotApproved(not)) => not,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("released"),
    };
    assert_eq!(not(home.app.publish_policy(&one, id).await), NotApproved::Waiting);
    assert_eq!(not(home.app.answer_approval(&one, id, true, "mine").await.map(|()| unreachable!())), NotApproved::Own);
    let administrator = home.operator("admin", &[StaffRole::Administrator]).await;
    let answered = home.app.answer_approval(&administrator, id, true, "fine").await;
    assert_eq!(not(answered.map(|()| unreachable!())), NotApproved::Role);
    home.app.answer_approval(&two, id, true, "read it").await.unwrap();
    assert_eq!(not(home.app.publish_policy(&two, id).await), NotApproved::NotYours);
    // What was allowed is what is kept: nobody can put other files in its place.
    let kept = home.app.proposal_of(id).await.unwrap();
    assert_eq!(kept.policy.digest(), proposal.policy.digest());
    assert_eq!(home.app.approval(id).await.unwrap().act.kind(), ApprovalKind::PolicyPublication);
    assert_eq!(home.app.releases().await.unwrap().len(), 1, "nothing was released");
    // And too late for the promised time, it is not released any more.
    home.clock.advance(SignedDuration::from_hours(60));
    assert_eq!(code(home.app.publish_policy(&one, id).await.map(|_| unreachable!())), "too-soon");
}

async fn promise_7_1_everyone_it_concerns_is_told_once_and_that_is_evidenced(mut home: Home) {
    let outbox: Arc<Outbox> = home.with_outbox();
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let concerned = home.person(1).await.subject;
    let other = home.person(2).await.subject;
    home.consent(concerned, "marketing", true).await;
    home.app.work().await.unwrap();
    outbox.take();
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    for _ in 0..2 {
        home.app.work().await.unwrap();
    }
    let sent: Vec<_> = outbox.take().into_iter().filter(|m| m.kind == "policy-change").collect();
    assert_eq!(sent.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), ["person1@plaza.example"]);
    let update = home.app.update_for(concerned).await.unwrap().unwrap();
    assert!(update.is_open() && update.notice.unwrap().sent.is_some());
    assert!(update.changes.iter().any(|c| c.path == "usage.purposes.marketing.items"), "{:?}", update.changes);
    let untouched = home.app.update_for(other).await.unwrap().unwrap();
    assert!(!untouched.is_open() && untouched.notice.is_none(), "nothing is put before whom it does not concern");
    // Shown, answered and read; each leaves its entry once.
    for told in [Told::Shown, Told::Shown, Told::Acknowledged] {
        home.app.told_of_update(concerned, "1.1", told).await.unwrap();
    }
    home.app.answer_update(concerned, "1.1", "marketing", false, "en").await.unwrap();
    assert!(!home.app.update_for(concerned).await.unwrap().unwrap().is_open());
    let acts = |name: &str| {
        let leaves = home.app.latest_leaves(200);
        let name = name.to_owned();
        async move { leaves.await.unwrap().iter().filter(|e| e.leaf.act == name && e.leaf.purpose == "1.1").count() }
    };
    for act in ["publish", "notice-sent", "notice-shown", "notice-read"] {
        assert_eq!(acts(act).await, 1, "{act}");
    }
    // Who joins afterwards joined by the new words.
    home.clock.advance(SignedDuration::from_secs(1));
    let late = home.person(3).await.subject;
    assert!(home.app.update_for(late).await.unwrap().is_none());
    home.clock.advance(noon().duration_since(home.clock.now()));
    home.app.work().await.unwrap();
    assert_eq!(acts("in-force").await, 1);
    // An erased person leaves nothing of it.
    home.app.erase(concerned).await.unwrap();
    assert!(matches!(home.app.update_for(concerned).await, Err(Fault::NotFound)));
}

async fn promise_7_1_a_release_is_called_off_until_it_comes(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    assert_eq!(home.app.store.coming_policies().len(), 1);
    let [one, _] = home.officers().await;
    home.app.call_off_policy(&one, "1.1").await.unwrap();
    assert!(home.app.store.coming_policies().is_empty());
    home.clock.advance(noon().duration_since(home.clock.now()));
    home.app.work().await.unwrap();
    assert_eq!(home.app.policy().version(), "1.0");
    // The same version is not used for other words; what is in force stays.
    assert!(matches!(home.app.call_off_policy(&one, "1.0").await, Err(Fault::NotFound)));
}

/// Version 1.2 of 20 December, made of a version 1.1.
fn third(second: &Source, changes: &[(&str, &str)]) -> Source {
    changed(second, ("1.1", "2026-12-09"), ("1.2", "2026-12-20"), changes)
}

/// Answers come sooner: how rights are exercised changes.
const SOONER: (&str, &str) = ("respond_within = \"15 working days\"", "respond_within = \"10 working days\"");

async fn promise_7_2_who_missed_a_version_is_told_of_everything_since_the_one_they_know(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let [away, reader] = [home.person(1).await.subject, home.person(2).await.subject];
    for subject in [away, reader] {
        home.consent(subject, "marketing", true).await;
    }
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    home.app.told_of_update(reader, "1.1", Told::Acknowledged).await.unwrap();
    home.clock.advance(noon().duration_since(home.clock.now()));
    home.release(&third(&next(&[WIDER]), &[SOONER]), None).await;
    let of = async |subject| {
        let update = home.app.update_for(subject).await.unwrap().unwrap();
        let wider = update.changes.iter().any(|c| c.path == "usage.purposes.marketing.items");
        assert!(update.changes.iter().any(|c| c.path == "contact.respond_within") && update.is_open());
        (update.release.version, update.follows, wider)
    };
    assert_eq!(of(away).await, ("1.2".to_owned(), "1.0".to_owned(), true));
    assert_eq!(of(reader).await, ("1.2".to_owned(), "1.1".to_owned(), false));
}

async fn promise_7_2_a_no_is_not_asked_again_by_a_version_that_asks_no_more(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let subject = home.person(1).await.subject;
    home.consent(subject, "marketing", true).await;
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    home.app.answer_update(subject, "1.1", "marketing", false, "en").await.unwrap();
    home.clock.advance(noon().duration_since(home.clock.now()));
    home.release(&third(&next(&[WIDER]), &[SOONER]), None).await;
    assert!(home.app.update_for(subject).await.unwrap().unwrap().questions.is_empty(), "no is no");
    home.clock.advance(SignedDuration::from_hours(24 * 20));
    let more = (
        "\"interests\", \"phone\"]\nparty = [\"service\"]",
        "\"interests\", \"phone\", \"avatar\"]\nparty = [\"service\"]",
    );
    let fourth = third(&next(&[WIDER]), &[SOONER]);
    home.release(&changed(&fourth, ("1.2", "2026-12-20"), ("1.3", "2027-02-01"), &[more]), None).await;
    assert_eq!(home.app.update_for(subject).await.unwrap().unwrap().questions.len(), 1, "that is more");
}

async fn promise_7_2_what_rests_on_consent_from_now_is_asked_of_everybody_it_was_done_with(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let subject = home.person(1).await.subject;
    let office = Actor::Service(home.service("office", &["moderation"]).await);
    let wanted = Wanted { act: Act::Use, purpose: "moderation", items: &["comment"], recipient: None };
    assert_eq!(ask(&home.app, subject, &office, &wanted).await, Ok(()));
    home.clock.advance(SignedDuration::from_secs(1));
    let why = "before others see it.\", zh-CN = \"在他人看到之前拦截社区规则禁止的内容。\" }\nbasis = ";
    let (from, to) = (format!("{why}\"contract\""), format!("{why}\"consent\""));
    home.release(&next(&[(&from, &to)]), Some(noon())).await;
    home.clock.advance(noon().duration_since(home.clock.now()));
    assert_eq!(ask(&home.app, subject, &office, &wanted).await, Err(vec!["no-consent"]));
    let update = home.app.update_for(subject).await.unwrap().unwrap();
    assert_eq!(update.questions.iter().map(|q| q.target.as_str()).collect::<Vec<_>>(), ["moderation"]);
    home.app.answer_update(subject, "1.1", "moderation", true, "en").await.unwrap();
    assert_eq!(ask(&home.app, subject, &office, &wanted).await, Ok(()));
    assert!(home.app.update_for(subject).await.unwrap().unwrap().questions.is_empty());
}

async fn promise_7_2_an_answer_ahead_to_a_release_that_is_called_off_keeps_what_was_agreed_before(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let subject = home.person(1).await.subject;
    let shop = Actor::Service(home.service("shop", &["marketing"]).await);
    home.consent(subject, "marketing", true).await;
    home.clock.advance(SignedDuration::from_secs(1));
    home.release(&next(&[WIDER]), None).await;
    home.app.answer_update(subject, "1.1", "marketing", true, "en").await.unwrap();
    let [one, _] = home.officers().await;
    home.app.call_off_policy(&one, "1.1").await.unwrap();
    home.clock.advance(noon().duration_since(home.clock.now()));
    let other = home.node("b", None).await;
    other.refresh_releases().await.unwrap();
    for app in [&home.app, &other] {
        assert_eq!(may(app, subject, &shop, Act::Use, "email").await, Ok(()));
        assert_eq!(may(app, subject, &shop, Act::Use, "phone").await, Err(vec!["item-not-in-purpose"]));
    }
}

/// Fails the next commit at a point.
#[derive(Default)]
struct Once(std::sync::Mutex<Option<&'static str>>);

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        self.0.lock().unwrap().take_if(|at| *at == point).is_some()
    }
}

async fn promise_7_1_a_release_an_answer_and_a_notice_stand_or_fall_with_their_evidence(home: Home) {
    home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let [yes, no] = [home.person(1).await.subject, home.person(2).await.subject];
    for subject in [yes, no] {
        home.consent(subject, "marketing", true).await;
    }
    home.clock.advance(SignedDuration::from_secs(1));
    let once = Arc::new(Once::default());
    let other = home.node("b", Some(Arc::clone(&once) as _)).await;
    other.refresh_releases().await.unwrap();
    let [one, two] = home.officers().await;
    let proposal = home.app.propose_policy(&next(&[WIDER]), None).await.unwrap();
    let id = home.app.ask_publication(&one, &proposal, "as planned").await.unwrap();
    home.app.answer_approval(&two, id, true, "read it").await.unwrap();
    let leaves = async |act: &str| {
        let all = home.app.latest_leaves(1_000).await.unwrap();
        all.iter().filter(|e| e.leaf.act == act).count()
    };
    let lost = |done: Result<(), Fault>| assert!(matches!(done, Err(Fault::Store(StoreError::CannotRecord(_)))));
    for (point, happened) in [("before commit", 0), ("after commit", 1)] {
        *once.0.lock().unwrap() = Some(point);
        lost(other.publish_policy(&one, id).await.map(|_| ()));
        let state = home.app.approval(id).await.unwrap().state;
        assert_eq!(state, if happened == 1 { ApprovalState::Used } else { ApprovalState::Approved });
        assert_eq!((home.app.releases().await.unwrap().len(), leaves("publish").await), (1 + happened, 1 + happened));
    }
    for app in [&home.app, &other] {
        app.refresh_releases().await.unwrap();
    }
    for (point, happened) in [("before commit", 0), ("after commit", 1)] {
        let open = async |subject| home.app.update_for(subject).await.unwrap().unwrap().questions.len();
        *once.0.lock().unwrap() = Some(point);
        lost(other.answer_update(yes, "1.1", "marketing", true, "en").await.map(|_| ()));
        assert_eq!((open(yes).await, home.app.consent_history(yes).await.unwrap().len()), (1 - happened, 1 + happened));
        *once.0.lock().unwrap() = Some(point);
        lost(other.answer_update(no, "1.1", "marketing", false, "en").await.map(|_| ()));
        assert_eq!((open(no).await, leaves("decline").await), (1 - happened, happened));
        *once.0.lock().unwrap() = Some(point);
        lost(other.told_of_update(no, "1.1", Told::Shown).await);
        let notice = home.app.update_for(no).await.unwrap().unwrap().notice;
        assert_eq!((notice.is_some(), leaves("notice-shown").await), (happened == 1, happened));
    }
    for (point, left) in [("before commit", 2), ("after commit", 1)] {
        *once.0.lock().unwrap() = Some(point);
        lost(other.call_off_policy(&one, "1.1").await.map(|_| ()));
        assert_eq!((home.app.releases().await.unwrap().len(), leaves("unpublish").await), (left, 2 - left));
    }
}
