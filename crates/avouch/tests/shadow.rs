//! A policy in shadow: it says what it would refuse, and changes no answer.
//!
//! Keeps promise 2.0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use avouch::gate::Wanted;
use avouch::store::{Actor, SubjectId, Which};
use avouch_policy::{Act, Policy};
use avouch_testkit::canary::scan;
use avouch_testkit::{Engine, Home};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// The shipped policy, with offers by mail no longer using the address, and orders by consent of their own.
fn stricter() -> Arc<Policy> {
    let mut source = avouch_testkit::home::source();
    let text = &source.facts.text;
    let text =
        text.replace("items = [\"email\", \"nickname\", \"interests\"]", "items = [\"nickname\", \"interests\"]");
    assert_ne!(text, source.facts.text);
    source.facts.text = text;
    Arc::new(Policy::load(&source).unwrap())
}

async fn mail(home: &Home, who: SubjectId, by: &Actor, purpose: &str) -> bool {
    let wanted = Wanted { act: Act::Use, purpose, items: &["email"], recipient: None };
    home.app.use_records(who, &wanted, by, &Which::all()).await.is_ok()
}

async fn report(home: &Home, policy: &Policy) -> BTreeMap<String, u64> {
    home.app.work().await.unwrap();
    let mut reading = home.app.store.reading().await.unwrap();
    let counts = reading.look().unwrap().shadow_counts(policy.digest().as_bytes()).await.unwrap();
    counts.iter().map(|c| (format!("{}/{}/{}/{}", c.actor, c.purpose, c.item, c.outcome), c.times)).collect()
}

#[tokio::test]
async fn promise_2_0_a_policy_in_shadow_tells_what_it_would_refuse_and_changes_no_answer() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let who = home.person(1).await.subject;
        let by = Actor::Service(home.service("plaza", &["marketing", "support"]).await);
        home.consent(who, "marketing", true).await;
        assert!(mail(&home, who, &by, "marketing").await);

        let next = stricter();
        home.app.store.set_shadow(Arc::clone(&next), BTreeSet::from(["marketing".to_owned()]));
        for _ in 0..3 {
            assert!(mail(&home, who, &by, "marketing").await, "{engine:?}: the policy in force answers");
        }
        assert!(mail(&home, who, &by, "support").await);
        let first = BTreeMap::from([
            ("plaza/marketing//asked".to_owned(), 3),
            ("plaza/marketing/email/item-not-in-purpose".to_owned(), 3),
        ]);
        assert_eq!(report(&home, &next).await, first, "{engine:?}: only the purpose that was named");

        // Counted further, and by another node beside.
        home.consent(who, "marketing", false).await;
        assert!(!mail(&home, who, &by, "marketing").await, "refused by both: no difference");
        assert_eq!(report(&home, &next).await["plaza/marketing//asked"], 4);
        if engine == Engine::Sqlite {
            let id = who.to_string();
            assert!(scan(home.dir.path(), &[id.as_bytes(), b"person1@plaza.example"]).is_empty());
        }
    }
}

#[tokio::test]
async fn promise_2_0_what_a_policy_in_shadow_would_newly_permit_is_told_too() {
    let home = Home::new(Engine::Sqlite).await;
    let who = home.person(1).await.subject;
    let by = Actor::Service(home.service("plaza", &["marketing"]).await);
    home.consent(who, "marketing", true).await;
    let shipped = home.app.policy();
    home.app.store.set_policy(stricter());
    home.app.store.set_shadow(Arc::clone(&shipped), BTreeSet::new());
    assert!(!mail(&home, who, &by, "marketing").await);
    assert_eq!(report(&home, &shipped).await["plaza/marketing//would-permit"], 1);
}
