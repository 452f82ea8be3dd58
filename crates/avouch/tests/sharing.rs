//! Sharing: the register of recipients binds every node at once; readers are told and must acknowledge.
//!
//! Keeps promises 4.1, 4.2 and 5.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::gate::Wanted;
use avouch::sharing::recipients::Stop;
use avouch::store::{Actor, DocumentKind, Event, ReaderKind, Sink, SubjectId, Used, Which};
use avouch::{App, Fault};
use avouch_policy::Act;
use avouch_store::ServiceTerms;
use avouch_testkit::{Engine, Home};
use jiff::SignedDuration;
use jiff::civil::date;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const PHONE: &str = "+86 19900001234";

async fn buyer(home: &Home, n: u64) -> SubjectId {
    home.try_person(n, &[("phone", PHONE)]).await.unwrap().subject
}

fn to_courier<'a>() -> Wanted<'a> {
    Wanted { act: Act::Share, purpose: "orders", items: &["phone"], recipient: Some("courier") }
}

async fn share(app: &App, who: SubjectId, by: &Actor) -> Result<Used, Fault> {
    app.use_records(who, &to_courier(), by, &Which::all()).await
}

fn codes(outcome: Result<Used, Fault>) -> Vec<&'static str> {
    match outcome {
        Err(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

async fn leaves_of(home: &Home, who: SubjectId) -> Vec<String> {
    let leaves = home.app.own_leaves(who, jiff::Timestamp::UNIX_EPOCH, 1000).await.unwrap();
    leaves.into_iter().map(|e| e.leaf.act).collect()
}

#[tokio::test]
async fn promise_4_2_a_flow_stops_within_a_second_of_the_agreements_end() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let who = buyer(&home, 1).await;
        let by = Actor::Service(home.service("shop", &["orders"]).await);
        // Kept checked, so that the agreement alone decides.
        home.app.check_recipient("officer", "courier", true, "Visited; all well.", date(2029, 1, 1)).await.unwrap();
        let ends = home.app.recipient("courier").await.unwrap().recipient.expires.unwrap();
        home.clock.advance(home.app.store.now().duration_until(ends) - SignedDuration::from_secs(1));
        assert_eq!(codes(share(&home.app, who, &by).await), Vec::<&str>::new());
        home.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(codes(share(&home.app, who, &by).await), ["no-agreement"]);
        assert_eq!(home.app.recipient("courier").await.unwrap().recipient.stopped, Some(Stop::Unbound));
    }
}

#[tokio::test]
async fn promise_4_2_a_failed_check_a_suspension_and_the_end_stop_the_flow_on_every_node() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let other = home.node("b", None).await;
        let who = buyer(&home, 1).await;
        let by = Actor::Service(home.service("shop", &["orders"]).await);
        assert_eq!(codes(share(&other, who, &by).await), Vec::<&str>::new());
        home.app.check_recipient("officer", "courier", false, "Labels in open waste.", date(2027, 3, 1)).await.unwrap();
        assert_eq!(codes(share(&other, who, &by).await), ["recipient-failed"]);
        home.app.check_recipient("officer", "courier", true, "Mended.", date(2027, 3, 1)).await.unwrap();
        assert_eq!(codes(share(&other, who, &by).await), Vec::<&str>::new());
        home.app.suspend_recipient("officer", "courier", "A leak is being looked into.").await.unwrap();
        assert_eq!(codes(share(&other, who, &by).await), ["recipient-suspended"]);
        home.app.resume_recipient("officer", "courier", "It was none.").await.unwrap();
        assert_eq!(codes(share(&other, who, &by).await), Vec::<&str>::new());
        let early = home.app.end_recipient("officer", "courier", "Contract over.").await;
        assert!(matches!(early, Err(Fault::NotNow(_))), "no end without the certificate");
        let file = b"All deleted on 1 December.".to_vec();
        let id = home.app.file_document("officer", "courier", DocumentKind::Deletion, file.clone()).await.unwrap();
        home.app.end_recipient("officer", "courier", "Contract over.").await.unwrap();
        assert_eq!(codes(share(&other, who, &by).await), ["recipient-ended"]);
        assert!(home.app.resume_recipient("officer", "courier", "Again?").await.is_err(), "ended is for good");
        let opened = home.app.open_document("officer", "courier", &id).await.unwrap();
        assert_eq!(opened.expose(Sink::Gate, Clone::clone), file);
        let acts: Vec<String> = home.app.latest_leaves(100).await.unwrap().into_iter().map(|e| e.leaf.act).collect();
        for act in
            ["recipient-failed", "recipient-checked", "recipient-suspended", "recipient-ended", "recipient-opened"]
        {
            assert!(acts.iter().any(|a| a == act), "{act} of {acts:?}");
        }
    }
}

#[tokio::test]
async fn promise_4_2_what_was_found_counts_before_what_was_planned() {
    let home = Home::new(Engine::Sqlite).await;
    let who = buyer(&home, 1).await;
    let by = Actor::Service(home.service("shop", &["orders"]).await);
    // The policy plans the next check for 10 January 2027.
    home.app.check_recipient("officer", "courier", true, "Look again soon.", date(2026, 12, 3)).await.unwrap();
    home.clock.days(2);
    assert_eq!(codes(share(&home.app, who, &by).await), Vec::<&str>::new(), "the third is not over in China");
    home.clock.days(1);
    assert_eq!(codes(share(&home.app, who, &by).await), ["recipient-unchecked"]);
    assert!(home.app.check_recipient("officer", "courier", true, "Well.", date(2026, 12, 1)).await.is_err());
    assert!(home.app.check_recipient("officer", "courier", true, " ", date(2027, 12, 1)).await.is_err());
    assert!(matches!(
        home.app.check_recipient("officer", "nobody", true, "Well.", date(2027, 12, 1)).await,
        Err(Fault::NotFound)
    ));
}

#[tokio::test]
async fn promise_4_2_nothing_is_released_that_was_opened_before_a_suspension() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let who = buyer(&home, 1).await;
        let by = Actor::Service(home.service("shop", &["orders"]).await);
        let store = &home.app.store;
        let policy = home.app.policy();
        let ask = policy
            .ask(avouch_policy::AskNames {
                act: Act::Share,
                party: by.party(),
                purpose: "orders",
                items: &["phone"],
                recipient: Some("courier"),
                region: "cn",
                at: store.now(),
            })
            .unwrap();
        let opened = {
            let mut reading = store.reading().await.unwrap();
            let mut look = reading.look().unwrap();
            match look.ask(who, ask, &by).await.unwrap() {
                avouch_store::Answer::Permitted(permit) => look.open(permit, &Which::all()).await.unwrap(),
                avouch_store::Answer::Refused(_) => panic!("it is permitted"),
            }
        };
        home.app.suspend_recipient("officer", "courier", "Stop.").await.unwrap();
        assert!(store.release(vec![opened]).await.unwrap().is_none(), "opened before, not given after");
        assert!(!leaves_of(&home, who).await.contains(&"share".to_owned()));
    }
}

/// A service that keeps what it reads for an hour.
async fn keeping(home: &Home, name: &str) -> Actor {
    let terms = ServiceTerms {
        purposes: vec!["account".to_owned(), "content".to_owned()],
        cache: SignedDuration::from_hours(1),
        hook: "https://shop.plaza.example/avouch".to_owned(),
        abroad: None,
    };
    let given = home.app.register_keeping(name, terms).await.unwrap();
    assert!(given.hook_key.is_some());
    Actor::Service(home.app.service(&given.credential).await.unwrap().unwrap())
}

async fn read(home: &Home, who: SubjectId, by: &Actor) {
    let wanted = Wanted { act: Act::Use, purpose: "account", items: &["email"], recipient: None };
    home.app.use_records(who, &wanted, by, &Which::all()).await.unwrap();
}

fn credential(by: &Actor) -> &avouch_store::Credential {
    match by {
        Actor::Service(credential) => credential,
        _ => panic!("a service"),
    }
}

#[tokio::test]
async fn promise_5_2_an_erasure_is_certified_when_the_last_reader_has_acknowledged() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let who = buyer(&home, 1).await;
        let (one, two) = (keeping(&home, "one").await, keeping(&home, "two").await);
        let fleeting = Actor::Service(home.service("fleeting", &["account", "orders"]).await);
        for by in [&one, &two, &fleeting] {
            read(&home, who, by).await;
        }
        share(&home.app, who, &fleeting).await.unwrap();
        let certificate = home.app.erase(who).await.unwrap();
        assert_eq!(certificate.told, ["courier", "one", "two"], "who keeps nothing is not told");
        let owed = |app: App| async move { app.owed().await.unwrap().iter().map(|o| o.open).sum::<u64>() };
        assert_eq!(owed(home.app.clone()).await, 3);
        let certified = || async { home.app.latest_leaves(50).await.unwrap().iter().any(|e| e.leaf.act == "certify") };
        for by in [&one, &two] {
            let open = home.app.notices_for(credential(by)).await.unwrap();
            assert_eq!((open.len(), open[0].event), (1, Event::Erasure));
            assert!(!certified().await);
            home.app.acknowledge(credential(by), &open[0].id_text()).await.unwrap();
            assert!(home.app.acknowledge(credential(by), &open[0].id_text()).await.is_err(), "it is no longer open");
        }
        let open = home.app.unconfirmed("courier").await.unwrap();
        home.app.confirm_notice("officer", "courier", &open[0].id_text()).await.unwrap();
        assert!(certified().await);
        assert_eq!(owed(home.app.clone()).await, 0);
        // Erasing again changes nothing and tells nobody twice.
        assert!(home.app.erase(who).await.unwrap().told.is_empty());
    }
}

#[tokio::test]
async fn promise_6_4_a_withdrawal_a_correction_and_a_deletion_are_told_to_who_read_and_to_nobody_else() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, other) = (home.person(1).await.subject, home.person(2).await.subject);
        let by = keeping(&home, "one").await;
        home.consent(who, "marketing", true).await;
        read(&home, who, &by).await;
        home.consent(other, "marketing", true).await;
        home.consent(other, "marketing", false).await;
        home.consent(who, "marketing", false).await;
        let session = home.session(1).await;
        home.app.correct(&session, "nickname", None, "Other").await.unwrap();
        let comment = avouch::collection::put::NewRecord {
            subject: who,
            purpose: "content".to_owned(),
            item: "comment".to_owned(),
            record: None,
            value: "Soon gone.".to_owned(),
        };
        let (comment, _) = home.app.put_record(comment, &Actor::Subject).await.unwrap();
        home.app.delete_record(who, "comment", comment).await.unwrap();
        let told = home.app.told_of(who).await.unwrap();
        let mut told: Vec<(Event, String)> = told.into_iter().map(|n| (n.event, n.about)).collect();
        told.sort_by_key(|(event, _)| event.name());
        let about = |event, text: &str| (event, text.to_owned());
        assert_eq!(
            told,
            [
                about(Event::Correction, "nickname"),
                about(Event::Deletion, "comment"),
                about(Event::Withdrawal, "marketing")
            ]
        );
        assert!(home.app.told_of(other).await.unwrap().is_empty(), "nobody read them");
    }
}

#[tokio::test]
async fn promise_5_2_a_service_that_stays_silent_is_suspended_and_one_that_answered_is_not() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let who = home.person(1).await.subject;
        let (one, two) = (keeping(&home, "one").await, keeping(&home, "two").await);
        for by in [&one, &two] {
            read(&home, who, by).await;
        }
        home.app.erase(who).await.unwrap();
        let open = home.app.notices_for(credential(&one)).await.unwrap();
        home.app.acknowledge(credential(&one), &open[0].id_text()).await.unwrap();
        home.clock.advance(SignedDuration::from_mins(59));
        home.app.work().await.unwrap();
        assert!(home.app.services().await.unwrap().iter().all(|s| !s.suspended), "its time is not over");
        home.clock.advance(SignedDuration::from_mins(1));
        home.app.work().await.unwrap();
        let suspended: Vec<String> =
            home.app.services().await.unwrap().into_iter().filter(|s| s.suspended).map(|s| s.name).collect();
        assert_eq!(suspended, ["two"]);
        home.app.resume_service("two", "officer").await.unwrap();
        let given = home.app.rotate_service("two", "officer").await.unwrap();
        assert!(home.app.service(&given.credential).await.unwrap().is_some());
        let owed = home.app.owed().await.unwrap();
        assert_eq!((owed[0].kind, owed[0].name.as_str(), owed[0].late), (ReaderKind::Service, "two", 1));
    }
}

#[tokio::test]
async fn promise_2_0_a_rotated_or_suspended_credential_is_refused() {
    let home = Home::new(Engine::Sqlite).await;
    let old = home.app.register_service("shop", &["orders".to_owned()]).await.unwrap();
    let new = home.app.rotate_service("shop", "officer").await.unwrap().credential;
    assert!(home.app.service(&old).await.unwrap().is_none() && home.app.service(&new).await.unwrap().is_some());
    home.app.suspend_service("shop", "officer", "Under review.").await.unwrap();
    assert!(home.app.service(&new).await.unwrap().is_none());
    assert!(home.app.suspend_service("shop", "officer", "Again.").await.is_err());
    home.app.resume_service("shop", "officer").await.unwrap();
    assert!(home.app.service(&new).await.unwrap().is_some());
    let half = ServiceTerms { hook: "https://x.example/".to_owned(), ..ServiceTerms::default() };
    assert!(matches!(home.app.register_keeping("half", half).await, Err(Fault::Invalid(_))));
}
