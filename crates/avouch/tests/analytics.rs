//! Counts of usage: by consent, of whole days, once, and never below the smallest group.
//!
//! Keeps promise 2.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use avouch::Fault;
use avouch::collection::signal::{Connection, Event};
use avouch::store::{Actor, Credential, SubjectId};
use avouch_testkit::{Engine, Home};
use jiff::civil::{Date, date};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const FIRST: Date = date(2026, 12, 1);

async fn used(home: &Home, who: SubjectId, function: &str, by: &Arc<Credential>) {
    let event = Event {
        item: "function_used".into(),
        at: None,
        fields: serde_json::json!({ "function": function }).as_object().unwrap().clone(),
    };
    let by = Actor::Service(Arc::clone(by));
    home.app.take_signals(who, "analytics", &[event], &Connection::default(), &by).await.unwrap();
}

async fn told(home: &Home, by: &Arc<Credential>) -> Vec<(Date, Vec<(String, u64)>)> {
    let counts =
        home.app.counts("analytics", "function_used", "function", FIRST, date(2026, 12, 31), by).await.unwrap();
    let cells = |cells: Vec<avouch::store::Cell>| cells.into_iter().map(|c| (c.value, c.people)).collect();
    counts.days.into_iter().map(|(day, all)| (day, cells(all))).filter(|(day, _)| *day >= FIRST).collect()
}

#[tokio::test]
async fn promise_2_3_counts_are_of_people_who_said_yes_and_never_below_the_smallest_group() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        home.app.ready_signals().await.unwrap();
        let by = home.service("stats", &["analytics"]).await;
        let smallest = u64::from(home.app.policy().facts().usage.purposes["analytics"].smallest.unwrap());
        let mut people = Vec::new();
        for n in 0..=smallest {
            let who = home.person(n).await.subject;
            home.consent(who, "analytics", true).await;
            people.push(who);
        }
        for who in &people {
            // Three times is once: people are counted, not events.
            for _ in 0..3 {
                used(&home, *who, "search", &by).await;
            }
        }
        for who in &people[..people.len() - 2] {
            used(&home, *who, "upload", &by).await;
        }
        // Before the day is over there is nothing to tell.
        home.app.analyse().await.unwrap();
        assert!(told(&home, &by).await.is_empty(), "{engine:?}");

        // One withdraws before the day is counted: they are in no count.
        home.consent(people[0], "analytics", false).await;
        home.clock.days(1);
        home.app.sweep(false).await.unwrap();
        let first = vec![(FIRST, vec![("search".to_owned(), smallest)])];
        assert_eq!(told(&home, &by).await, first, "{engine:?}: one fewer than the smallest group is not told");

        // One withdraws after: the count stands as it was, so before and after tell nothing of them.
        home.consent(people[1], "analytics", false).await;
        home.app.analyse().await.unwrap();
        assert_eq!(told(&home, &by).await, first, "{engine:?}");
        home.clock.days(1);
        home.app.analyse().await.unwrap();
        let days = told(&home, &by).await;
        assert_eq!(days[1], (date(2026, 12, 2), Vec::new()), "{engine:?}");

        // Each person sees that they were counted.
        let uses = home.app.uses(people[2], jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(uses.iter().any(|u| u.purpose == "analytics" && u.party == "system"), "{engine:?}");
    }
}

#[tokio::test]
async fn promise_2_3_only_what_is_counted_can_be_asked_and_only_by_whom_it_is_for() {
    let home = Home::new(Engine::Sqlite).await;
    let (by, other) = (home.service("stats", &["analytics", "fault"]).await, home.service("x", &["support"]).await);
    let ask = async |purpose: &str, item: &str, field: &str, to: Date, by: &Arc<Credential>| {
        home.app.counts(purpose, item, field, FIRST, to, by).await
    };
    let next = date(2026, 12, 2);
    assert!(matches!(ask("analytics", "os", "name", next, &other).await, Err(Fault::NotFound)), "not bound");
    assert!(matches!(ask("fault", "os", "name", next, &by).await, Err(Fault::NotFound)), "not counted");
    for (item, field, to, wrong) in [
        ("network_log", "event", next, "item"),
        ("os", "mood", next, "field"),
        ("os", "name", date(2026, 11, 1), "to"),
        ("os", "name", date(2036, 1, 1), "to"),
    ] {
        let Err(Fault::Invalid(faults)) = ask("analytics", item, field, to, &by).await else { panic!("{item}") };
        assert_eq!(faults[0].field, wrong);
    }
    assert!(ask("analytics", "os", "name", next, &by).await.is_ok());
}
