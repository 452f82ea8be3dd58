//! Ends of records and what sweeps do: triggers, several purposes, changed rules, certificates, unused accounts,
//! anonymous counts.
//!
//! Keeps promises 5.1 and 5.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::collection::signal::{Connection, Event};
use avouch::gate::Wanted;
use avouch::security::code::From;
use avouch::storage::certificate::{self, Unproven};
use avouch_policy::{Act, Ask, AskNames, Code, End, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Faults, RecordId, Which};
use avouch_testkit::{Home, home, on_both_engines};
use jiff::{SignedDuration, Timestamp};

on_both_engines!(
    promise_5_1_a_record_ends_by_what_happens_to_its_purpose,
    promise_5_1_several_purposes_keep_a_record_until_the_last_lives,
    promise_5_1_what_ends_while_it_is_opened_is_not_handed_over,
    promise_5_1_in_the_place_of_what_is_over_comes_something_new,
    promise_5_1_rules_that_change_move_ends_both_ways_and_are_taken_up_where_they_stopped,
    promise_5_1_a_dry_run_tells_by_item_and_rule_and_changes_nothing,
    promise_5_1_a_certificate_is_checked_by_an_outsider_and_a_changed_one_fails,
    promise_5_1_what_will_end_is_told_by_month,
    promise_5_1_what_is_held_is_left_and_read_by_nobody,
    promise_5_1_an_unused_account_is_told_then_goes_unless_somebody_comes_in,
    promise_5_1_an_end_is_shown_with_its_reason,
    promise_5_2_values_are_counted_before_they_go_and_small_groups_are_refused,
);

/// The shipped policy with purposes for each trigger, and what else a test changes in its text.
fn policy(change: impl FnOnce(&mut String)) -> Arc<Policy> {
    let mut source = home::source();
    let text = &mut source.facts.text;
    text.push_str(
        "\n[collection.items.datum]\nclause = '1.3'\nlabel = { en = 'Datum', zh-CN = '数据' }\nsource = 'provided'\n\
         kind = 'text'\nmany = true\ndeletable = true\n",
    );
    for (name, after, keep, basis) in [
        ("short", "collected", "10 days", "contract"),
        ("long", "collected", "100 days", "contract"),
        ("used", "last-used", "30 days", "contract"),
        ("task", "purpose-ended", "5 days", "contract"),
        ("deal", "contract-ended", "20 days", "contract"),
        ("wish", "consent-withdrawn", "7 days", "consent"),
        ("asked", "collected", "60 days", "consent"),
    ] {
        writeln!(
            text,
            "[usage.purposes.{name}]\nclause = '2.2'\nlabel = {{ en = '{name}', zh-CN = '{name}' }}\n\
             why = {{ en = 'So.', zh-CN = '如此。' }}\nbasis = '{basis}'\nitems = ['datum']\nparty = ['service']\n\
             retention = {{ after = '{after}', keep = '{keep}', then = 'delete' }}"
        )
        .unwrap();
    }
    change(text);
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

const PURPOSES: [&str; 7] = ["short", "long", "used", "task", "deal", "wish", "asked"];

struct World {
    home: Home,
    who: SubjectId,
    service: Actor,
}

impl World {
    async fn new(home: Home) -> Self {
        home.app.store.set_policy(policy(|_| {}));
        let service = Actor::Service(home.service("plaza", &PURPOSES).await);
        let who = home.person(1).await.subject;
        Self { home, who, service }
    }

    async fn put(&self, purpose: &str, record: Option<RecordId>) -> RecordId {
        let new = NewRecord {
            subject: self.who,
            purpose: purpose.into(),
            item: "datum".into(),
            record,
            value: format!("for {purpose}"),
        };
        self.home.app.put_record(new, &self.service).await.unwrap().0
    }

    /// What a service reads for a purpose.
    async fn read(&self, purpose: &str) -> Vec<RecordId> {
        let wanted = Wanted { act: Act::Use, purpose, items: &["datum"], recipient: None };
        let used = self.home.app.use_records(self.who, &wanted, &self.service, &Which::all()).await.unwrap();
        used.records.iter().map(|r| r.head.id).collect()
    }

    async fn end(&self, record: RecordId) -> (Option<Timestamp>, End) {
        let held = self.home.app.holdings(self.who).await.unwrap();
        let head = held.into_iter().find(|h| h.id == record).expect("it is held");
        (head.until, End::read(&head.rule, head.until).expect("a rule stands beside it"))
    }

    fn in_days(&self, days: i64) -> Option<Timestamp> {
        Some(self.home.app.store.now() + SignedDuration::from_hours(24 * days))
    }
}

async fn promise_5_1_a_record_ends_by_what_happens_to_its_purpose(home: Home) {
    let w = World::new(home).await;
    let (short, used, task, deal) =
        (w.put("short", None).await, w.put("used", None).await, w.put("task", None).await, w.put("deal", None).await);
    assert_eq!(w.end(short).await.0, w.in_days(10));
    assert_eq!(w.end(used).await.0, w.in_days(30));
    assert_eq!((w.end(task).await.0, w.end(deal).await.0), (None, None), "an event decides");
    w.home.clock.days(9);
    assert_eq!(w.read("short").await.len(), 4);
    assert_eq!(w.end(used).await.0, w.in_days(21), "a use for another purpose does not lengthen it");
    w.read("used").await;
    assert_eq!(w.end(used).await.0, w.in_days(30), "its own does");
    w.home.app.see(w.who, "datum").await.unwrap();
    w.home.app.end_purpose(w.who, "task", &w.service).await.unwrap();
    w.home.app.end_purpose(w.who, "deal", &w.service).await.unwrap();
    let after = w.put("task", None).await;
    assert_eq!((w.end(task).await.0, w.end(deal).await.0), (w.in_days(5), w.in_days(20)));
    w.home.clock.advance(SignedDuration::from_secs(1));
    w.home.app.end_purpose(w.who, "task", &w.service).await.unwrap();
    assert_eq!(w.end(after).await.0, w.in_days(5), "what came after the first end waits for the next");
    assert!(w.end(task).await.0 < w.in_days(5), "and what the first ended stays as it was");
    for (purpose, fault) in [("short", "does not wait"), ("nothing", "no such thing")] {
        let actor = Actor::Service(w.home.service(&format!("s-{purpose}"), &["short"]).await);
        let wrong = w.home.app.end_purpose(w.who, purpose, &actor).await.unwrap_err().to_string();
        assert!(wrong.contains(fault), "{wrong}");
    }
    let stranger = Actor::Service(w.home.service("stranger", &["short"]).await);
    assert!(matches!(w.home.app.end_purpose(w.who, "task", &stranger).await, Err(Fault::NotFound)));

    w.home.consent(w.who, "wish", true).await;
    w.home.consent(w.who, "asked", true).await;
    let (wish, asked) = (w.put("wish", None).await, w.put("asked", None).await);
    assert_eq!((w.end(wish).await.0, w.end(asked).await.0), (None, w.in_days(60)));
    w.home.consent(w.who, "wish", false).await;
    assert_eq!(w.end(wish).await.0, w.in_days(7));
    w.home.consent(w.who, "wish", true).await;
    assert_eq!(w.end(wish).await.0, None, "given again in time");
    w.home.consent(w.who, "asked", false).await;
    let held = w.home.app.holdings(w.who).await.unwrap();
    assert!(held.iter().all(|h| h.id != asked), "unreadable with its consent");
    w.home.consent(w.who, "asked", true).await;
    assert!(w.home.app.holdings(w.who).await.unwrap().iter().all(|h| h.id != asked), "and not revived");
}

async fn promise_5_1_several_purposes_keep_a_record_until_the_last_lives(home: Home) {
    let w = World::new(home).await;
    let record = w.put("short", None).await;
    assert_eq!(w.put("long", Some(record)).await, record);
    let (until, why) = w.end(record).await;
    assert_eq!((until, why.purpose.as_str()), (w.in_days(100), "long"));
    w.home.consent(w.who, "asked", true).await;
    let other = w.put("asked", None).await;
    w.put("short", Some(other)).await;
    assert_eq!(w.end(other).await.1.purpose, "asked");
    w.home.consent(w.who, "asked", false).await;
    assert_eq!((w.end(other).await.0, w.end(other).await.1.purpose.as_str()), (w.in_days(10), "short"));
    w.home.clock.days(10);
    assert_eq!(w.read("short").await, [record], "the one whose last purpose is over is read no more");
    w.home.app.sweep(false).await.unwrap();
    assert_eq!(w.read("short").await, [record]);
    w.home.clock.days(90);
    assert!(w.read("short").await.is_empty());
    // A correction is no purpose of its own.
    let session = w.home.session(1).await;
    w.home.app.correct(&session, "nickname", None, "Other").await.unwrap();
    let held = w.home.app.holdings(w.who).await.unwrap();
    let nickname = w.home.app.policy().item("nickname").unwrap();
    assert!(held.iter().find(|h| h.item == nickname).unwrap().rule.starts_with("account account-cancelled"));
}

fn ask(policy: &Policy, purpose: &str, now: Timestamp) -> Ask {
    let names = AskNames {
        act: Act::Use,
        party: Party::Service,
        purpose,
        items: &["datum"],
        recipient: None,
        region: "cn",
        at: now,
    };
    policy.ask(names).unwrap()
}

async fn promise_5_1_what_ends_while_it_is_opened_is_not_handed_over(home: Home) {
    let w = World::new(home).await;
    let record = w.put("short", None).await;
    let store = w.home.app.store.clone();
    w.home.clock.advance(SignedDuration::from_hours(10 * 24) - SignedDuration::from_secs(1));
    let item = store.policy().item("datum").unwrap();
    let opened = {
        let mut reading = store.reading().await.unwrap();
        let mut look = reading.look().unwrap();
        let asked = ask(&store.policy(), "short", store.now());
        let Answer::Permitted(permit) = look.ask(w.who, asked, &w.service).await.unwrap() else { panic!() };
        look.open(permit, &Which::One(item, record)).await.unwrap()
    };
    let leaves = store.counts().await.unwrap()["leaves"];
    w.home.clock.advance(SignedDuration::from_secs(1));
    assert!(store.release(vec![opened]).await.unwrap().is_none(), "its last second passed between opening and leaf");
    assert_eq!(store.counts().await.unwrap()["leaves"], leaves);
    let wrong = w.home.app.use_one(w.who, Act::Use, "short", "datum", &record.to_string(), &w.service).await;
    let Err(Fault::Refused(denied)) = wrong else { panic!("{wrong:?}") };
    assert_eq!(denied.refusal.reasons[0].code, Code::Expired);
}

async fn promise_5_1_in_the_place_of_what_is_over_comes_something_new(home: Home) {
    let w = World::new(home).await;
    let record = w.put("short", None).await;
    w.put("used", Some(record)).await;
    w.home.clock.days(40);
    assert!(w.read("short").await.is_empty());
    assert_eq!(w.put("long", Some(record)).await, record);
    let (until, why) = w.end(record).await;
    assert_eq!((until, why.purpose.as_str()), (w.in_days(100), "long"), "with an end and purposes of its own");
    assert_eq!(w.read("short").await, [record]);
    w.home.app.sweep(false).await.unwrap();
    assert_eq!(w.read("short").await, [record], "a sweep takes nothing of it");
}

/// Fails one commit after so many.
struct FailAfter(AtomicUsize);

impl Faults for FailAfter {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && self.0.fetch_sub(1, Ordering::Relaxed) == 0
    }
}

async fn promise_5_1_rules_that_change_move_ends_both_ways_and_are_taken_up_where_they_stopped(home: Home) {
    let w = World::new(home).await;
    w.home.app.sweep(false).await.unwrap();
    let begun = w.home.app.store.now();
    let (short, long, task) = (w.put("short", None).await, w.put("long", None).await, w.put("task", None).await);
    for _ in 0..600 {
        w.put("long", None).await;
    }
    w.home.app.end_purpose(w.who, "task", &w.service).await.unwrap();
    let over = w.put("short", None).await;
    let changed = policy(|text| {
        *text = text.replace("keep = '10 days'", "keep = '30 days'").replace("keep = '100 days'", "keep = '20 days'");
    });
    w.home.clock.days(11);
    assert!(w.read("long").await.iter().all(|id| *id != over && *id != short), "over by the old rule");
    // Begun by a node that dies in the middle of it, gone on with by another.
    let dying = w.home.node("dying", Some(Arc::new(FailAfter(AtomicUsize::new(1))))).await;
    dying.store.set_policy(Arc::clone(&changed));
    dying.reckon().await.unwrap_err();
    w.home.app.store.set_policy(Arc::clone(&changed));
    let found = w.home.app.reckon().await.unwrap().unwrap();
    assert!(found.earlier >= 601, "{found:?}");
    assert_eq!(w.home.app.reckon().await.unwrap(), None, "once is enough");
    let at = |days: i64| Some(begun + SignedDuration::from_hours(24 * days));
    assert_eq!(w.end(long).await.0, at(20), "earlier");
    let held = w.home.app.holdings(w.who).await.unwrap();
    assert!(held.iter().all(|h| h.id != short && h.id != over), "what had ended is not revived by a longer rule");
    assert!(held.iter().all(|h| h.id != task), "nor what its purpose's end had ended");
    let own = w.home.app.own_leaves(w.who, Timestamp::UNIX_EPOCH, 10_000).await.unwrap();
    assert!(own.iter().any(|e| e.leaf.act == "reckon"), "its person finds that among their own");
    let again = w.put("short", None).await;
    assert_eq!(w.end(again).await.0, w.in_days(30), "and what comes later goes by the new rule");
    w.home.app.store.set_policy(policy(|text| *text = text.replace("keep = '10 days'", "keep = '60 days'")));
    w.home.app.sweep(false).await.unwrap();
    assert_eq!(w.end(again).await.0, w.in_days(60), "later; a sweep reckons first");
}

async fn promise_5_1_a_dry_run_tells_by_item_and_rule_and_changes_nothing(home: Home) {
    let w = World::new(home).await;
    w.put("short", None).await;
    w.put("short", None).await;
    let both = w.put("short", None).await;
    w.put("used", Some(both)).await;
    w.home.clock.days(31);
    let counts = w.home.app.store.counts().await.unwrap();
    let dry = w.home.app.sweep(true).await.unwrap();
    let line = |rule: &str| dry.lines.iter().find(|l| l.rule == rule).map_or(0, |l| l.count);
    assert_eq!((line("short collected 10 days"), line("used last-used 30 days")), (2, 1), "{:?}", dry.lines);
    assert_eq!(w.home.app.store.counts().await.unwrap(), counts, "nothing changed, no leaf either");
    assert!(dry.receipt.is_none());
    let mut swept = w.home.app.sweep(false).await.unwrap();
    swept.lines.sort();
    assert_eq!(swept.lines, dry.lines);
    assert!(w.home.app.sweep(true).await.unwrap().lines.is_empty());
}

async fn promise_5_1_a_certificate_is_checked_by_an_outsider_and_a_changed_one_fails(home: Home) {
    let w = World::new(home).await;
    w.put("short", None).await;
    w.home.clock.days(11);
    let receipt = w.home.app.sweep(false).await.unwrap().receipt.unwrap();
    w.put("short", None).await;
    let certificate = w.home.app.sweep_certificate(&receipt).await.unwrap();
    let key = w.home.app.store.verifier().to_string();
    let checked = certificate::check(&certificate, Some(&key)).unwrap();
    assert_eq!((checked.leaf.act.as_str(), checked.index), ("sweep", receipt.index));
    let line = &checked.document["lines"][0];
    assert_eq!(
        (&line["item"], &line["rule"], &line["count"]),
        (&"datum".into(), &"short collected 10 days".into(), &1.into())
    );
    assert!(!certificate.to_string().contains(&w.who.to_string()), "it names nobody");
    let mut changed = certificate.clone();
    changed["document"] = certificate["document"].as_str().unwrap().replace("\"count\":1", "\"count\":0").into();
    assert_eq!(certificate::check(&changed, Some(&key)).unwrap_err(), Unproven::Document);
    let other = w.home.node("other", None).await;
    let stranger = other.store.verifier().to_string();
    assert_eq!(certificate::check(&certificate, Some(&stranger)).unwrap_err(), Unproven::Key);
    let mut moved = certificate.clone();
    moved["proof"]["index"] = (receipt.index - 1).into();
    assert_eq!(certificate::check(&moved, Some(&key)).unwrap_err(), Unproven::Leaf);
    let mut forged = certificate.clone();
    forged["proof"]["checkpoint"] =
        certificate["proof"]["checkpoint"].as_str().unwrap().replacen("\n", "\n1", 1).into();
    assert!(matches!(certificate::check(&forged, Some(&key)).unwrap_err(), Unproven::Head(_)));
    let missing = avouch_store::Receipt { log: receipt.log, index: 0 };
    assert!(matches!(w.home.app.sweep_certificate(&missing).await, Err(Fault::NotFound)));
    assert!(certificate::check(&serde_json::json!({}), None).is_err());
}

async fn promise_5_1_what_will_end_is_told_by_month(home: Home) {
    let w = World::new(home).await;
    w.put("short", None).await;
    w.put("short", None).await;
    w.put("long", None).await;
    w.put("task", None).await;
    let months = w.home.app.forecast(13).await.unwrap();
    assert_eq!((months.len(), months[0].month.as_str(), months[12].month.as_str()), (13, "2026-12", "2027-12"));
    let datum = |at: usize| {
        let of = months[at].endings.iter().filter(|e| e.item == "datum");
        of.map(|e| (e.purpose.clone(), e.count)).collect::<Vec<_>>()
    };
    assert_eq!(datum(0), [("short".to_owned(), 2)]);
    assert_eq!(datum(3), [("long".to_owned(), 1)]);
    assert!(months[6].endings.iter().any(|e| e.item == "network_log" && e.purpose == "security"));
    let all: u64 = months.iter().flat_map(|m| &m.endings).filter(|e| e.item == "datum").map(|e| e.count).sum();
    assert_eq!(all, 3, "what an event will end is in no month");
}

/// Holds a person, as a legal hold does.
struct HoldPerson(SubjectId);

impl HoldPerson {
    async fn set(home: &Home, who: SubjectId, held: bool) {
        match home.places().0 {
            avouch_store::Location::Sqlite(path) => {
                let db = rusqlite::Connection::open(path).unwrap();
                db.execute("UPDATE standing SET hold = ?1 WHERE subject = ?2", (held, who.id().as_slice())).unwrap();
            }
            avouch_store::Location::Postgres(config) => {
                let (client, connection) = tokio_postgres::connect(&config.url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                let sql = "UPDATE standing SET hold = $1 WHERE subject = $2";
                client.execute(sql, &[&i64::from(held), &who.id().as_slice()]).await.unwrap();
            }
        }
    }
}

async fn promise_5_1_what_is_held_is_left_and_read_by_nobody(home: Home) {
    let w = World::new(home).await;
    w.put("short", None).await;
    HoldPerson::set(&w.home, w.who, true).await;
    w.home.clock.days(11);
    assert!(w.read("long").await.is_empty(), "past its end it is read by nobody, held or not");
    let swept = w.home.app.sweep(false).await.unwrap();
    assert_eq!((swept.held_back, swept.records.get("short/datum")), (1, None));
    assert_eq!(w.home.app.sweep(true).await.unwrap().held_back, 1);
    assert!(matches!(w.home.app.erase(w.who).await, Err(Fault::NotNow(_))), "nor is its person erased");
    HoldPerson::set(&w.home, w.who, false).await;
    assert_eq!(w.home.app.sweep(false).await.unwrap().records["short/datum"], 1);
    w.home.app.erase(w.who).await.unwrap();
}

async fn promise_5_1_an_unused_account_is_told_then_goes_unless_somebody_comes_in(mut home: Home) {
    let outbox = home.with_outbox();
    let (gone, stays) = (home.person(1).await.subject, home.person(2).await.subject);
    for who in [1, 2] {
        let session = home.session(who).await;
        let from = From { address: "192.0.2.7", language: "en" };
        home.app.start_verifying(&session, "email", from).await.unwrap();
        home.app.work().await.unwrap();
        let code = outbox.take().pop().unwrap().code.unwrap();
        home.app.verify(&session, "email", &code).await.unwrap();
    }
    home.clock.days(3 * 365 - 40);
    let swept = home.app.sweep(false).await.unwrap();
    assert_eq!((swept.noticed, swept.unused), (0, 0), "not yet");
    home.clock.days(15);
    assert_eq!(home.app.sweep(true).await.unwrap().noticed, 2);
    assert_eq!(home.app.sweep(false).await.unwrap().noticed, 2);
    assert_eq!(home.app.sweep(false).await.unwrap().noticed, 0, "told once");
    home.app.work().await.unwrap();
    let told = outbox.take();
    let mut to: Vec<&str> = told.iter().filter(|l| l.kind == "unused").map(|l| l.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["person1@plaza.example", "person2@plaza.example"]);
    assert!(told.iter().filter(|l| l.kind == "unused").all(|l| l.text.contains("30")), "and when");
    home.clock.days(5);
    home.session(2).await;
    home.clock.days(24);
    assert_eq!(home.app.sweep(false).await.unwrap().unused, 0, "a day is left");
    home.clock.days(2);
    assert_eq!(home.app.sweep(true).await.unwrap().unused, 1);
    assert_eq!(home.app.sweep(false).await.unwrap().unused, 1);
    home.app.work().await.unwrap();
    assert!(matches!(home.app.account(gone).await, Err(Fault::NotFound)));
    home.app.account(stays).await.unwrap();
    let own = home.app.own_leaves(stays, Timestamp::UNIX_EPOCH, 1_000).await.unwrap();
    assert!(own.iter().any(|e| e.leaf.act == "notice-unused"));
}

async fn promise_5_1_an_end_is_shown_with_its_reason(home: Home) {
    let w = World::new(home).await;
    let record = w.put("short", None).await;
    let (_, why) = w.end(record).await;
    assert_eq!(why.rule(), "short collected 10 days");
    let zip = w.home.app.export(w.who, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let data: serde_json::Value = serde_json::from_reader(zip.by_name("data.json").unwrap()).unwrap();
    let records = data["records"].as_array().unwrap();
    let told = records.iter().find(|r| r["item"] == "datum").unwrap();
    assert_eq!(told["kept_by"], serde_json::json!({ "purpose": "short", "after": "collected", "keep": "10 days" }));
    assert!(records.iter().all(|r| r["kept_by"].is_object()), "every record says why");
    // An account that is being cancelled shows when its records end with it.
    let session = w.home.session(1).await;
    w.home.app.cancel(&session, false).await.unwrap();
    let nickname = w.home.app.policy().item("nickname").unwrap();
    let end = |held: Vec<avouch_store::RecordHead>| held.into_iter().find(|h| h.item == nickname).unwrap().until;
    assert_eq!(end(w.home.app.holdings(w.who).await.unwrap()), w.in_days(7));
    w.home.app.keep_account(&session).await.unwrap();
    assert_eq!(end(w.home.app.holdings(w.who).await.unwrap()), None);
}

async fn promise_5_2_values_are_counted_before_they_go_and_small_groups_are_refused(home: Home) {
    home.app.store.set_policy(policy(|text| *text = text.replace("k = 20, l = 2", "k = 2, l = 2")));
    let plaza = home.service("plaza", &["analytics"]).await;
    let actor = Actor::Service(Arc::clone(&plaza));
    // Four with one system who used one of two functions each, one alone with another system, one who says no later.
    for n in 1..=6 {
        let who = home.person(n).await.subject;
        home.consent(who, "analytics", true).await;
        let os = if n == 5 { "Haiku" } else { "Linux" };
        let function = if n % 2 == 0 { "search" } else { "post" };
        let event = |item: &str, field: &str, value: &str| Event {
            item: item.into(),
            at: None,
            fields: serde_json::json!({ field: value }).as_object().unwrap().clone(),
        };
        let events = [event("os", "name", os), event("function_used", "function", function)];
        home.app.take_signals(who, "analytics", &events, &Connection::default(), &actor).await.unwrap();
        if n == 6 {
            home.consent(who, "analytics", false).await;
        }
    }
    home.clock.days(80);
    assert!(home.app.sweep(false).await.unwrap().anonymous.is_empty(), "nothing ends this month");
    // They end on the first of March; by then their cohort was counted.
    home.clock.days(9);
    home.clock.advance(SignedDuration::from_hours(20));
    let swept = home.app.sweep(false).await.unwrap();
    let set = swept.anonymous.first().expect("the cohort has begun");
    assert_eq!((set.cohort.as_str(), set.passed, set.refused), ("2027-03", 1, 1));
    let cohorts = home.app.anonymous("analytics").await.unwrap();
    let cells: Vec<_> = cohorts[0].1.iter().map(|c| (c.people_like.as_str(), c.value.as_str(), c.people)).collect();
    assert_eq!(
        cells,
        [("[\"Linux\",\"\"]", "", 4), ("[\"Linux\",\"\"]", "post", 2), ("[\"Linux\",\"\"]", "search", 2)]
    );
    home.clock.days(1);
    let swept = home.app.sweep(false).await.unwrap();
    assert_eq!((swept.signals["analytics/os"], swept.anonymous.len()), (5, 0), "the values go, the cohort stays");
    assert_eq!(home.app.anonymous("analytics").await.unwrap()[0].1.len(), 3);
}
