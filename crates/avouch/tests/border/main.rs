//! Across the border: mechanism, notice, separate consent, and people counted to the last one.
//!
//! Keeps promise 5.4. Counts are seeded in bulk with people of whom only the entry stands; those at the thresholds
//! are real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_debug_implementations,
    reason = "tests"
)]

mod support;

use std::sync::Arc;

use avouch::Fault;
use avouch::gate::Wanted;
use avouch::storage::border::notice;
use avouch::store::{Actor, ConsentKind, Outcome, Which};
use avouch_policy::Act;
use avouch_testkit::Engine;

use support::{Abroad, CONTRACT, SMALL};

/// The same tests on each engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Engine::Sqlite).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Engine::Postgres).await; })*
        }
    };
}

on_both_engines!(
    promise_5_4_counts_are_exact_at_every_threshold_of_plain_data,
    promise_5_4_counts_are_exact_at_every_threshold_of_sensitive_data,
    promise_5_4_a_person_counts_once_a_year_and_erasing_lowers_no_count,
    promise_5_4_a_failed_commit_counts_nobody,
);

async fn promise_5_4_counts_are_exact_at_every_threshold_of_plain_data(engine: Engine) {
    let abroad = Abroad::new(engine).await;
    let people = abroad.people(8).await;
    let mut people = people.into_iter();
    let mut next = || people.next().unwrap();

    // The exemption of small numbers: warned from 80 000, stopped so that 99 999 have gone and no more.
    abroad.seed("plain", 79_998).await;
    abroad.send(next(), SMALL, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (79_999, 0));
    assert_eq!(abroad.marks().await, []);
    abroad.send(next(), SMALL, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (80_000, 0));
    assert_eq!(abroad.marks().await, [("cross_border.exempt_below".to_owned(), false)]);
    abroad.seed("plain", 99_998).await;
    let last = next();
    abroad.send(last, SMALL, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (99_999, 0));
    // Who is counted already goes on; one more does not.
    abroad.send(last, SMALL, "email").await.unwrap();
    let one_more = next();
    abroad.refused(one_more, SMALL, "email", &["mechanism-exceeded"]).await;
    assert_eq!(abroad.counts().await, (99_999, 0), "a refusal counts nobody");
    let stopped = ("cross_border.exempt_below".to_owned(), true);
    assert!(abroad.marks().await.contains(&stopped), "what is stopped is a task");

    // A standard contract covers the next, and with the hundred thousandth the exemption is over for all.
    abroad.send(one_more, CONTRACT, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (100_000, 0));
    abroad.refused(last, SMALL, "email", &["mechanism-exceeded"]).await;

    // Up to a million, not one person more.
    abroad.seed("plain", 999_998).await;
    abroad.send(next(), CONTRACT, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (999_999, 0));
    let one_more = next();
    abroad.refused(one_more, CONTRACT, "email", &["mechanism-exceeded"]).await;
    abroad.send(one_more, support::ASSESSED, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (1_000_000, 0));
    // What the law exempts by its case is neither stopped nor counted.
    abroad.send(next(), support::NAMED, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (1_000_000, 0));
    assert_eq!(abroad.entries().await, (1_000_000, 0), "each count is its entries");

    // What came near is to be seen to by a day in working days, once.
    let border = abroad.home.app.border().await.unwrap().unwrap();
    let near = border.tasks.iter().find(|t| !t.mark.reached && t.people == 80_000).unwrap();
    // Thirty working days after 1 December 2026; the days of 2027 are not announced yet.
    assert!(near.due > jiff::civil::date(2027, 1, 1) && near.provisional, "{near:?}");
    let (app, year, record) = (&abroad.home.app, near.mark.year, near.mark.record.clone());
    assert!(matches!(app.settle_threshold("dpo", year, &record, false, " ").await, Err(Fault::Invalid(_))));
    app.settle_threshold("dpo", year, &record, false, "Contract SCC-1 prepared").await.unwrap();
    let twice = app.settle_threshold("dpo", year, &record, false, "again").await;
    assert!(matches!(twice, Err(Fault::NotFound)), "{twice:?}");
}

async fn promise_5_4_counts_are_exact_at_every_threshold_of_sensitive_data(engine: Engine) {
    let abroad = Abroad::new(engine).await;
    let people = abroad.people(6).await;
    // Without a mechanism not even one, and the exemption of small numbers covers not even one.
    abroad.refused(people[0], support::BARE, "interests", &["no-mechanism"]).await;
    abroad.refused(people[0], SMALL, "interests", &["mechanism-sensitive"]).await;
    assert_eq!(abroad.counts().await, (0, 0));
    abroad.send(people[0], CONTRACT, "interests").await.unwrap();
    assert_eq!(abroad.counts().await, (0, 1));
    abroad.seed("sensitive", 7_999).await;
    abroad.send(people[1], CONTRACT, "interests").await.unwrap();
    assert_eq!(abroad.marks().await, [("cross_border.assess_from_sensitive".to_owned(), false)]);
    abroad.seed("sensitive", 9_998).await;
    abroad.send(people[2], CONTRACT, "interests").await.unwrap();
    assert_eq!(abroad.counts().await, (0, 9_999));
    abroad.refused(people[3], CONTRACT, "interests", &["mechanism-exceeded"]).await;
    // Plain data is another count, and goes on.
    abroad.send(people[3], CONTRACT, "email").await.unwrap();
    abroad.send(people[3], support::ASSESSED, "interests").await.unwrap();
    assert_eq!(abroad.counts().await, (1, 10_000));
    abroad.refused(people[2], CONTRACT, "interests", &["mechanism-exceeded"]).await;
    // Nobody is counted of whom there was nothing to send.
    let bare = abroad.person_without_interests(99).await;
    abroad.send(bare, support::ASSESSED, "interests").await.unwrap();
    assert_eq!(abroad.counts().await, (1, 10_000));
}

async fn promise_5_4_a_person_counts_once_a_year_and_erasing_lowers_no_count(engine: Engine) {
    let abroad = Abroad::new(engine).await;
    let people = abroad.people(2).await;
    for recipient in [SMALL, CONTRACT, SMALL, support::ASSESSED] {
        abroad.send(people[0], recipient, "email").await.unwrap();
    }
    abroad.send(people[0], CONTRACT, "interests").await.unwrap();
    abroad.send(people[1], SMALL, "email").await.unwrap();
    assert_eq!(abroad.counts().await, (2, 1), "once, whoever it went to and however often");

    abroad.home.app.erase(people[0]).await.unwrap();
    assert_eq!(abroad.counts().await, (2, 1), "erasing lowers no count");
    assert_eq!(abroad.entries().await, (2, 1));
    assert!(!abroad.names(people[0]).await, "no entry bears the person's id");

    // The last second of the year, and the first of the next, where the law's days begin: in China.
    abroad.clock_to("2026-12-31T15:59:59Z");
    abroad.send(people[1], SMALL, "email").await.unwrap();
    assert_eq!(abroad.counts_of(2026).await, (2, 1));
    abroad.clock_to("2026-12-31T16:00:00Z");
    abroad.send(people[1], SMALL, "email").await.unwrap();
    assert_eq!((abroad.counts_of(2026).await, abroad.counts_of(2027).await), ((2, 1), (1, 0)));
    // Entries of a year that is over go; its totals stay.
    abroad.home.app.sweep(false).await.unwrap();
    assert_eq!(abroad.entries().await, (1, 0));
    assert_eq!(abroad.counts_of(2026).await, (2, 1));
}

async fn promise_5_4_a_failed_commit_counts_nobody(engine: Engine) {
    let abroad = Abroad::new(engine).await;
    let person = abroad.people(1).await[0];
    let once = Arc::new(support::Once::default());
    let node = abroad.node("f", Some(Arc::clone(&once) as _)).await;
    once.arm();
    let failed = abroad.send_through(&node, person, SMALL, "email").await;
    assert!(matches!(failed, Err(Fault::Store(_))), "{failed:?}");
    assert_eq!((abroad.counts().await, abroad.entries().await), ((0, 0), (0, 0)));
    let shared = |outcome| async move {
        let leaves = abroad.home.app.own_leaves(person, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
        leaves.iter().filter(|e| e.leaf.act == "share" && e.leaf.outcome == outcome).count()
    };
    assert_eq!(shared(Outcome::Done).await, 0, "no leaf, no count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_5_4_two_nodes_cannot_pass_a_threshold_together() {
    let abroad = Abroad::new(Engine::Postgres).await;
    let people = abroad.people(24).await;
    abroad.seed("plain", 99_990).await;
    let nodes = [abroad.home.app.clone(), abroad.node("b", None).await];
    let mut running = Vec::new();
    for (n, person) in people.into_iter().enumerate() {
        let (abroad, node) = (abroad.clone(), nodes[n % 2].clone());
        running.push(tokio::spawn(async move { abroad.send_through(&node, person, SMALL, "email").await }));
    }
    let (mut gone, mut refused) = (0, 0);
    for sending in running {
        match sending.await.unwrap() {
            Ok(()) => gone += 1,
            Err(Fault::Refused(denied)) => {
                let codes: Vec<_> = denied.refusal.reasons.iter().map(|r| r.code.name()).collect();
                assert_eq!(codes, ["mechanism-exceeded"]);
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((gone, refused), (9, 15));
    assert_eq!((abroad.counts().await, abroad.entries().await), ((99_999, 0), (99_999, 0)));
}

#[tokio::test]
async fn promise_5_4_nothing_goes_abroad_without_a_separate_consent_bound_to_the_notice_shown() {
    let abroad = Abroad::new(Engine::Sqlite).await;
    let person = abroad.people(1).await[0];
    let app = &abroad.home.app;
    let policy = app.policy();
    let shown = notice(&policy, "cn", SMALL, "en").unwrap();
    // All that PIPL 39 asks to be told.
    assert_eq!(
        (shown.name.as_str(), shown.contact.as_str(), shown.region.as_str()),
        ("Small Abroad (demo)", "privacy@small.example", "United States")
    );
    assert_eq!((shown.purposes.len(), shown.kinds.len(), shown.sensitive.len()), (1, 3, 1));
    assert!(!shown.method.is_empty() && !shown.rights.is_empty());
    assert_ne!(shown.wording(), notice(&policy, "cn", SMALL, "zh-CN").unwrap().wording());
    assert!(notice(&policy, "cn", "courier", "en").is_none(), "a recipient at home is none abroad");

    app.answer_abroad(person, SMALL, false, "en", &Actor::Subject).await.unwrap();
    abroad.refused(person, SMALL, "email", &["no-abroad-consent"]).await;
    let receipt = app.answer_abroad(person, SMALL, true, "zh-CN", &Actor::Subject).await.unwrap();
    abroad.send(person, SMALL, "email").await.unwrap();
    let history = app.consent_history(person).await.unwrap();
    let answer = history.iter().find(|e| e.receipt == receipt).unwrap();
    assert_eq!((answer.kind, answer.target.as_str(), answer.given), (ConsentKind::Abroad, SMALL, true));
    let words = notice(&policy, "cn", SMALL, "zh-CN").unwrap().wording();
    assert_eq!(answer.wording, data_encoding::HEXLOWER.encode(&avouch::store::sha256(words.as_bytes())));
    let at_home = app.answer_abroad(person, "courier", true, "en", &Actor::Subject).await;
    assert!(matches!(at_home, Err(Fault::NotFound)), "{at_home:?}");
}

#[tokio::test]
async fn promise_5_4_what_a_service_abroad_uses_is_sent_abroad() {
    let abroad = Abroad::new(Engine::Sqlite).await;
    let person = abroad.people(1).await[0];
    let app = &abroad.home.app;
    let unknown = app.register_service_abroad("desk", &["marketing".to_owned()], "courier").await;
    assert!(matches!(unknown, Err(Fault::Invalid(_))), "{unknown:?}");
    let credential = app.register_service_abroad("desk", &["marketing".to_owned()], SMALL).await.unwrap();
    let desk = Actor::Service(app.service(&credential).await.unwrap().unwrap());
    let use_of = |items: &'static [&'static str]| {
        let (app, desk) = (app.clone(), desk.clone());
        async move {
            let wanted = Wanted { act: Act::Use, purpose: "marketing", items, recipient: None };
            app.use_records(person, &wanted, &desk, &Which::all()).await
        }
    };
    use_of(&["email"]).await.unwrap();
    assert_eq!(abroad.counts().await, (1, 0));
    let leaves = app.own_leaves(person, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
    let last = &leaves.first().unwrap().leaf;
    assert_eq!((last.act.as_str(), last.recipient.as_deref(), last.actor.as_str()), ("share", Some(SMALL), "desk"));
    let sensitive = use_of(&["interests"]).await;
    assert_eq!(support::codes(sensitive.map(drop)), ["mechanism-sensitive"]);
    app.answer_abroad(person, SMALL, false, "en", &Actor::Subject).await.unwrap();
    assert_eq!(support::codes(use_of(&["email"]).await.map(drop)), ["no-abroad-consent"]);
    // Everyone at once is no way round.
    let page = app.bulk(&app.service(&credential).await.unwrap().unwrap(), "marketing", &["email"], None, 10).await;
    let page = page.unwrap();
    assert_eq!((page.used.len(), page.refused), (0, 1));
}
