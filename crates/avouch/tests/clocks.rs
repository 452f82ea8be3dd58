//! Statutory clocks on both engines: the earliest rule governs, alarms come once each, a year announced late moves
//! what runs and says so. Shows promise 8.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use avouch::contact::clock;
use avouch::store::{Matter, Rule, RunningClock, StoreError, SubjectId};
use avouch_policy::{File, Policy};
use avouch_store::{Hold, Transact, Tx};
use avouch_testkit::{Engine, Home};
use jiff::{SignedDuration, Timestamp};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// A year with New Year's Day and nothing else off.
const YEAR_2027: &str = r#"{"year":2027,"papers":["https://notice.example/2027"],"days":[
    {"name":"New Year","date":"2027-01-01","isOffDay":true}]}"#;

/// The shipped policy under the laws named.
fn policy(laws: &str) -> Arc<Policy> {
    let mut source = avouch_testkit::home::source();
    let text = source.facts.text.replace("law = [\"cn-pipl\"]", &format!("law = [{laws}]"));
    source.facts = File::new("policy/policy.toml", text);
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

struct Start {
    matter: Matter,
    rules: Vec<Rule>,
}

impl Transact for Start {
    const NAME: &'static str = "start clocks in a test";
    type Out = Option<RunningClock>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let now = tx.now();
        clock::start(tx, &self.matter, &self.rules, now).await
    }
}

struct Stop(&'static str);

impl Transact for Stop {
    const NAME: &'static str = "stop clocks in a test";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.stop_clocks("request", self.0).await
    }
}

fn request(id: &str) -> Matter {
    Matter { about: "request".into(), id: id.into(), subject: None }
}

/// The policy's promise and the answer to a request by law.
fn rules(policy: &Policy, at: Timestamp) -> Vec<Rule> {
    clock::promised(policy).into_iter().chain(clock::by_law(policy, &["deadline.reply"], at)).collect()
}

async fn start(home: &Home, id: &str) -> RunningClock {
    let rules = rules(&home.app.policy(), home.app.store.now());
    home.app.store.transact(Start { matter: request(id), rules }).await.unwrap().unwrap()
}

async fn acts(home: &Home, act: &str) -> usize {
    let leaves = home.app.latest_leaves(1000).await.unwrap();
    leaves.iter().filter(|e| e.leaf.act == act).count()
}

#[tokio::test]
async fn promise_8_2_the_earliest_of_every_regime_governs() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        home.app.store.set_policy(policy(r#""cn-pipl", "eu-gdpr", "us-ca-ccpa""#));
        let governing = start(&home, "one").await;
        let all = home.app.clocks("request", "one").await.unwrap();
        // Received on Tuesday, 1 December 2026.
        let ends: Vec<(&str, String)> =
            all.iter().map(|c| (c.rule.regime.as_str(), c.ends.last_day.unwrap().to_string())).collect();
        assert_eq!(
            ends,
            [
                (clock::PROMISE, "2026-12-22".to_owned()),
                ("cn-pipl.deadline.reply", "2026-12-31".to_owned()),
                // A Friday; by the calendar of weekends alone it is not put off.
                ("eu-gdpr.deadline.reply", "2027-01-01".to_owned()),
                ("us-ca-ccpa.deadline.reply", "2027-01-14".to_owned()),
            ]
        );
        assert_eq!(all.iter().map(|c| c.governs).collect::<Vec<_>>(), [true, false, false, false]);
        assert_eq!(governing.ends.due, "2026-12-22T16:00:00Z".parse().unwrap(), "the last day ends at 24:00");
        // Once more changes nothing; another matter has clocks of its own.
        assert_eq!(start(&home, "one").await.id, governing.id);
        start(&home, "two").await;
        let counts = home.app.clock_counts(SignedDuration::from_hours(72)).await.unwrap();
        assert_eq!((counts.running, counts.overdue, counts.soon), (2, 0, 0));
        // Done: none of them runs, and nothing is urgent.
        assert_eq!(home.app.store.transact(Stop("one")).await.unwrap(), 4);
        let urgent = home.app.urgent_clocks(Timestamp::UNIX_EPOCH, 10).await.unwrap();
        assert_eq!(urgent.iter().map(|c| c.matter.id.as_str()).collect::<Vec<_>>(), ["two"]);
    }
}

#[tokio::test]
async fn promise_8_2_alarms_come_at_half_at_four_fifths_and_at_the_end_once_each() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let clock = start(&home, "one").await;
        let whole = clock.ends.due.duration_since(clock.started);
        let mut given = Vec::new();
        for per_mille in [499, 1, 300, 199, 1, 500] {
            home.clock.advance(SignedDuration::from_secs(whole.as_secs() * per_mille / 1000 + 1));
            home.app.work().await.unwrap();
            home.app.work().await.unwrap();
            given.push((home.app.clocks("request", "one").await.unwrap()[0].alarmed, acts(&home, "alarm").await));
        }
        assert_eq!(given, [(0, 0), (50, 1), (80, 2), (80, 2), (100, 3), (100, 3)]);
        let counts = home.app.clock_counts(SignedDuration::ZERO).await.unwrap();
        assert_eq!((counts.running, counts.overdue), (1, 1));
        // A node that slept gives the alarm that is due, not all that were missed; what is done gives none.
        start(&home, "two").await;
        start(&home, "three").await;
        home.app.store.transact(Stop("three")).await.unwrap();
        home.clock.days(60);
        home.app.work().await.unwrap();
        assert_eq!(acts(&home, "alarm").await, 4);
    }
}

#[tokio::test]
async fn promise_8_2_a_year_announced_late_moves_what_runs_and_says_so() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        start(&home, "early").await;
        home.clock.days(19);
        let before = start(&home, "late").await;
        // Counted without the year: provisional, and earlier by the margin.
        assert!(before.ends.provisional);
        assert_eq!(before.ends.last_day.unwrap().to_string(), "2027-01-05");

        // What is no calendar changes nothing.
        let empty = r#"{"year":2027,"papers":[],"days":[]}"#;
        assert!(matches!(home.app.announce_year(empty).await, Err(avouch::Fault::Invalid(_))));
        assert_eq!(acts(&home, "announce-year").await, 0);

        let announced = home.app.announce_year(YEAR_2027).await.unwrap();
        assert_eq!((announced.year, announced.moved), (2027, 1), "{announced:?}");
        let all = home.app.clocks("request", "late").await.unwrap();
        let after = all.iter().find(|c| c.governs).unwrap();
        assert_eq!((after.id, after.ends.provisional), (before.id, false));
        assert_eq!(after.ends.last_day.unwrap().to_string(), "2027-01-11");
        assert!(all.iter().all(|c| !c.rule.calendar.starts_with("cn") || c.ends.version == announced.version));
        assert_eq!(acts(&home, "announce-year").await, 1);
        assert!(acts(&home, "recount").await >= 1);
        // What was final stays where it was, and nothing is left to count; another node counts the same.
        assert_eq!(
            home.app.clocks("request", "early").await.unwrap()[0].ends.last_day.unwrap().to_string(),
            "2026-12-22"
        );
        assert_eq!(home.app.recount_clocks().await.unwrap(), 0);
        let other = home.node("b", None).await;
        assert_eq!(other.recount_clocks().await.unwrap(), 0);
        // Half of the new time is the time of the first alarm.
        home.clock.advance(SignedDuration::from_hours(12 * 21));
        home.app.work().await.unwrap();
        let late = home.app.clocks("request", "late").await.unwrap();
        assert_eq!(late.iter().find(|c| c.governs).unwrap().alarmed, 0, "the old half is over, the new is not");
        home.clock.advance(SignedDuration::from_hours(24));
        home.app.work().await.unwrap();
        let late = home.app.clocks("request", "late").await.unwrap();
        assert_eq!(late.iter().find(|c| c.governs).unwrap().alarmed, 50);
    }
}

#[tokio::test]
async fn promise_8_2_hour_clocks_do_not_pause_on_holidays() {
    let home = Home::new(Engine::Sqlite).await;
    let policy = policy(r#""eu-gdpr""#);
    let rules = clock::by_law(&policy, &["incident.report"], home.app.store.now());
    let matter = Matter { about: "incident".into(), id: "one".into(), subject: None };
    let clock = home.app.store.transact(Start { matter, rules }).await.unwrap().unwrap();
    assert_eq!(clock.ends.due, clock.started + SignedDuration::from_hours(72));
    assert_eq!((clock.ends.last_day, clock.ends.provisional), (None, false));
}

#[tokio::test]
async fn promise_8_2_a_draft_and_a_word_set_no_clock() {
    let home = Home::new(Engine::Sqlite).await;
    let policy = home.app.policy();
    let at = home.app.store.now();
    assert!(clock::by_law(&policy, &["deadline.access", "deadline.cancel_draft", "nothing"], at).is_empty());
    let reply = clock::by_law(&policy, &["deadline.reply"], at);
    assert_eq!(reply.iter().map(|r| (r.period.as_str(), r.gives_way)).collect::<Vec<_>>(), [("30 days", true)]);
    assert!(home.app.store.transact(Start { matter: request("none"), rules: Vec::new() }).await.unwrap().is_none());
}
