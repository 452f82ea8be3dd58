//! Signals: what devices send, each batch for one purpose; swept by the day, erased, exported, seen.
//!
//! Keeps promises 1.4 to 1.6, 5.1 and 6.4.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read;

use avouch::Fault;
use avouch::collection::signal::{Connection, Event, Taken};
use avouch::gate::Wanted;
use avouch::store::{Actor, PermissionState, Sink, SubjectId};
use avouch_policy::{Act, Party};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home};
use serde_json::{Value, json};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const PURPOSES: [&str; 5] = ["fault", "analytics", "security", "nearby", "find_friends"];

fn event(item: &str, fields: &Value) -> Event {
    Event { item: item.to_owned(), at: None, fields: fields.as_object().unwrap().clone() }
}

fn crash(text: &str) -> Event {
    event("crash_report", &json!({ "error": text }))
}

async fn plaza(home: &Home) -> Actor {
    Actor::Service(home.service("plaza", &PURPOSES).await)
}

async fn send(home: &Home, who: SubjectId, purpose: &str, events: &[Event], by: &Actor) -> Result<Taken, Fault> {
    home.app.take_signals(who, purpose, events, &Connection::default(), by).await
}

fn refused(fault: Fault) -> Vec<&'static str> {
    match fault {
        Fault::Refused(denied) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
        other => panic!("{other}"),
    }
}

async fn held(home: &Home, who: SubjectId) -> BTreeMap<String, u64> {
    let (sums, _) = home.app.signals(who).await.unwrap();
    sums.into_iter().map(|s| (format!("{}/{}", s.purpose, s.item), s.count)).collect()
}

async fn leaves(home: &Home) -> u64 {
    home.app.store.counts().await.unwrap()["leaves"]
}

#[tokio::test]
async fn promise_1_6_a_batch_is_taken_for_its_purpose_with_one_leaf_and_an_answer_for_each_event() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, by) = (home.person(1).await.subject, plaza(&home).await);
        let before = leaves(&home).await;
        let now = home.app.store.now();
        let mut late = crash("late");
        late.at = Some(now - jiff::SignedDuration::from_hours(8 * 24));
        let mut ahead = crash("ahead");
        ahead.at = Some(now + jiff::SignedDuration::from_hours(1));
        let events = [
            crash("one"),
            event("crash_report", &json!({ "error": "x", "password": "hunter2" })),
            event("crash_report", &json!({ "error": { "nested": 1 } })),
            event("crash_report", &json!({})),
            crash(&"x".repeat(40_000)),
            late,
            ahead,
            event("device_model", &json!({ "model": "M1" })),
        ];
        let taken = send(&home, who, "fault", &events, &by).await.unwrap();
        let codes: Vec<&str> = taken.events.iter().map(|e| e.as_ref().map_or("taken", |f| f.code)).collect();
        let expected = ["taken", "unknown-field", "not-plain", "required", "too-large", "not-now", "not-now", "taken"];
        assert_eq!(codes, expected, "{engine:?}");
        assert_eq!(leaves(&home).await, before + 1, "one leaf a batch");
        let all = held(&home, who).await;
        assert_eq!(all, BTreeMap::from([("fault/crash_report".into(), 1), ("fault/device_model".into(), 1)]));

        // Nothing right in it: told, and nothing kept.
        let Err(Fault::Invalid(faults)) = send(&home, who, "fault", &[event("crash_report", &json!({}))], &by).await
        else {
            panic!("taken")
        };
        assert_eq!((faults[0].field.as_str(), faults[0].code), ("events[0].fields", "required"));
        let many: Vec<Event> = (0..101).map(|n| crash(&n.to_string())).collect();
        assert!(
            matches!(send(&home, who, "fault", &many, &by).await, Err(Fault::Invalid(f)) if f[0].code == "batch-size")
        );
        assert!(matches!(send(&home, who, "fault", &[], &by).await, Err(Fault::Invalid(_))));
    }
}

#[tokio::test]
async fn promise_2_3_nothing_for_analysis_without_consent_and_the_security_log_serves_nothing_else() {
    let home = Home::new(Engine::Sqlite).await;
    let (who, by) = (home.person(1).await.subject, plaza(&home).await);
    let used = || [event("function_used", &json!({ "function": "search" }))];
    assert_eq!(refused(send(&home, who, "analytics", &used(), &by).await.unwrap_err()), ["no-consent"]);
    assert!(held(&home, who).await.is_empty());
    let sending = home.app.sending(who, Party::Service).await.unwrap();
    assert_eq!(sending.open.keys().collect::<Vec<_>>(), ["fault", "security"], "before any answer");

    home.consent(who, "analytics", true).await;
    send(&home, who, "analytics", &used(), &by).await.unwrap();
    assert!(home.app.sending(who, Party::Service).await.unwrap().open.contains_key("analytics"));

    // Purposes are kept apart: the log by duty is taken for no other, and opened for no other.
    let log = || [event("network_log", &json!({ "event": "start" }))];
    assert_eq!(refused(send(&home, who, "analytics", &log(), &by).await.unwrap_err()), ["item-not-in-purpose"]);
    assert_eq!(refused(send(&home, who, "fault", &log(), &by).await.unwrap_err()), ["item-not-in-purpose"]);
    assert_eq!(refused(send(&home, who, "security", &[crash("x")], &by).await.unwrap_err()), ["item-not-in-purpose"]);
    send(&home, who, "security", &log(), &by).await.unwrap();
    let of = |purpose: &'static str, item: &'static str| {
        let (home, by) = (&home, &by);
        async move {
            let wanted = Wanted { act: Act::Use, purpose, items: &[item], recipient: None };
            home.app.use_signals(who, &wanted, by, 10, None).await.map(|used| used.records.len())
        }
    };
    assert_eq!(of("security", "network_log").await.unwrap(), 1);
    assert_eq!(refused(of("analytics", "network_log").await.unwrap_err()), ["item-not-in-purpose"]);
    // Both purposes know the device; what was sent for the one is not opened for the other.
    send(&home, who, "fault", &[event("device_model", &json!({ "model": "M1" }))], &by).await.unwrap();
    assert_eq!(of("fault", "device_model").await.unwrap(), 1);
    assert_eq!(of("analytics", "device_model").await.unwrap(), 0);

    assert_eq!(refused(send(&home, who, "fortune", &log(), &by).await.unwrap_err()), ["unknown-purpose"]);
    let strange = [event("mood", &json!({ "is": "good" }))];
    assert_eq!(refused(send(&home, who, "fault", &strange, &by).await.unwrap_err()), ["unknown-item"]);
    let narrow = Actor::Service(home.service("narrow", &["content"]).await);
    assert_eq!(refused(send(&home, who, "fault", &[crash("x")], &narrow).await.unwrap_err()), ["service-not-bound"]);

    // A withdrawal ends it at once, and what was taken under it goes with it.
    home.consent(who, "analytics", false).await;
    assert_eq!(held(&home, who).await.keys().collect::<Vec<_>>(), ["fault/device_model", "security/network_log"]);
}

#[tokio::test]
async fn promise_1_5_address_and_browser_are_the_servers_word() {
    let home = Home::new(Engine::Sqlite).await;
    let (who, by) = (home.person(1).await.subject, plaza(&home).await);
    let from = Connection { ip: "198.51.100.7".into(), agent: "Plaza/1.0".into() };
    let forged = event("network_log", &json!({ "event": "start", "ip": "6.6.6.6" }));
    let honest = event("network_log", &json!({ "event": "start" }));
    let taken = home.app.take_signals(who, "security", &[forged, honest], &from, &by).await.unwrap();
    assert_eq!(taken.events[0].as_ref().unwrap().code, "unknown-field");
    let wanted = Wanted { act: Act::Use, purpose: "security", items: &["network_log"], recipient: None };
    let used = home.app.use_signals(who, &wanted, &by, 10, None).await.unwrap();
    let value: Value = used.records[0].value.expose(Sink::Service, |v| serde_json::from_slice(v).unwrap());
    assert_eq!(value, json!({ "event": "start", "ip": "198.51.100.7", "agent": "Plaza/1.0" }));
}

#[tokio::test]
async fn promise_5_1_each_purpose_ends_by_its_own_time_on_both_engines() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, by) = (home.person(1).await.subject, plaza(&home).await);
        home.app.ready_signals().await.unwrap();
        home.consent(who, "analytics", true).await;
        home.consent(who, "nearby", true).await;
        let log = || event("network_log", &json!({ "event": "start" }));
        for _ in 0..3 {
            send(&home, who, "security", &[log(), log()], &by).await.unwrap();
            send(&home, who, "fault", &[crash("x")], &by).await.unwrap();
            send(&home, who, "analytics", &[event("os", &json!({ "name": "Linux" }))], &by).await.unwrap();
            home.clock.days(1);
        }
        let place = event("location", &json!({ "latitude": 31.2, "longitude": 121.5 }));
        send(&home, who, "nearby", &[place], &by).await.unwrap();
        assert_eq!(home.app.sweep(false).await.unwrap().signals, BTreeMap::new(), "{engine:?}: nothing is over");

        home.clock.days(1);
        assert!(!held(&home, who).await.contains_key("nearby/location"), "unreadable at once");
        assert_eq!(home.app.sweep(true).await.unwrap().signals["nearby/location"], 1, "a dry run tells");
        assert_eq!(home.app.sweep(false).await.unwrap().signals["nearby/location"], 1);

        // Six months at least for the network log, and no longer than the policy says.
        home.clock.days(176);
        let sweep = home.app.sweep(false).await.unwrap();
        assert_eq!(sweep.signals, BTreeMap::from([("analytics/os".into(), 3), ("fault/crash_report".into(), 3)]));
        assert_eq!(held(&home, who).await, BTreeMap::from([("security/network_log".into(), 6)]));
        home.clock.days(8);
        assert!(held(&home, who).await.is_empty());
        assert_eq!(home.app.sweep(false).await.unwrap().signals["security/network_log"], 6, "{engine:?}");
        assert_eq!(home.app.store.counts().await.unwrap()["signals"], 0);
    }
}

#[tokio::test]
async fn promise_6_4_what_the_device_refuses_is_not_taken_and_a_withdrawal_asks_it_to_give_back() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, by) = (home.person(1).await.subject, plaza(&home).await);
        let place = || [event("location", &json!({ "latitude": 31.2, "longitude": 121.5 }))];
        let say = |item: &str, state| BTreeMap::from([(item.to_owned(), state)]);
        // The device grants: that is no consent.
        let back = home.app.set_permissions(who, &say("location", PermissionState::Granted), &by).await.unwrap();
        assert_eq!(back, ["location"], "nobody consented, so the app gives it back");
        assert_eq!(refused(send(&home, who, "nearby", &place(), &by).await.unwrap_err()), ["no-separate-consent"]);
        home.consent(who, "nearby", true).await;
        assert!(home.app.sending(who, Party::Service).await.unwrap().give_back.is_empty());
        send(&home, who, "nearby", &place(), &by).await.unwrap();

        // The device refuses: the consent stands, and nothing is taken all the same.
        home.app.set_permissions(who, &say("location", PermissionState::Denied), &by).await.unwrap();
        assert_eq!(refused(send(&home, who, "nearby", &place(), &by).await.unwrap_err()), ["permission-off"]);
        let new = avouch::collection::put::NewRecord {
            subject: who,
            purpose: "nearby".into(),
            item: "location".into(),
            record: None,
            value: "{}".into(),
        };
        assert_eq!(refused(home.app.put_record(new, &by).await.unwrap_err()), ["permission-off"], "by no other way");
        assert!(!home.app.sending(who, Party::Service).await.unwrap().open.contains_key("nearby"));

        // Granted again, then withdrawn in the privacy centre: the next answer tells the app.
        home.app.set_permissions(who, &say("location", PermissionState::Limited), &by).await.unwrap();
        send(&home, who, "nearby", &place(), &by).await.unwrap();
        home.consent(who, "nearby", false).await;
        assert_eq!(home.app.sending(who, Party::Service).await.unwrap().give_back, ["location"]);
        assert!(held(&home, who).await.is_empty(), "what was taken under it is gone");
        // The device's word is no consent, however often it is given.
        home.app.set_permissions(who, &say("location", PermissionState::Granted), &by).await.unwrap();
        assert_eq!(refused(send(&home, who, "nearby", &place(), &by).await.unwrap_err()), ["no-separate-consent"]);

        assert!(matches!(
            home.app.set_permissions(who, &say("os", PermissionState::Granted), &by).await,
            Err(Fault::Invalid(f)) if f[0].code == "no-permission"
        ));
        let other = Actor::Service(home.service("other", &["content"]).await);
        let strange = home.app.set_permissions(who, &say("location", PermissionState::Granted), &other).await;
        assert!(matches!(strange, Err(Fault::NotFound)), "a service that has nothing to do with it");
    }
}

fn files(zip: Vec<u8>) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    (0..zip.len())
        .map(|n| {
            let mut file = zip.by_index(n).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[tokio::test]
async fn promise_6_1_signals_are_exported_but_not_what_an_address_book_says_of_others() {
    let home = Home::new(Engine::Sqlite).await;
    let (who, by) = (home.person(1).await.subject, plaza(&home).await);
    home.consent(who, "find_friends", true).await;
    let entry = event("contacts", &json!({ "name": "Somebody Else", "number": "+8619900001234" }));
    send(&home, who, "find_friends", &[entry], &by).await.unwrap();
    for n in 0..25 {
        let events: Vec<Event> = (0..100).map(|m| crash(&format!("crash {n} {m}"))).collect();
        send(&home, who, "fault", &events, &by).await.unwrap();
    }
    let zip = files(home.app.export(who, "en").await.unwrap().zip().await.unwrap());
    let lines: Vec<Value> = zip["signals.jsonl"].lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2_500, "every page");
    assert!(lines.iter().any(|line| line["fields"] == json!({ "error": "crash 24 99" })));
    assert_eq!((&lines[0]["purpose"], &lines[0]["source"]), (&json!("fault"), &json!("service:plaza")));
    let data: Value = serde_json::from_str(&zip["data.json"]).unwrap();
    assert_eq!(data["signals"].as_array().unwrap().len(), 2, "that an address book is held is told");
    assert!(zip.values().all(|text| !text.contains("Somebody Else") && !text.contains("19900001234")));
    let manifest: Value = serde_json::from_str(&zip["manifest.json"]).unwrap();
    assert!(manifest["files"].as_array().unwrap().iter().any(|f| f["name"] == "signals.jsonl"));
}

#[tokio::test]
async fn promise_6_2_all_of_a_kind_is_deleted_at_a_word_but_not_what_a_law_keeps() {
    let home = Home::new(Engine::Sqlite).await;
    let (who, by) = (home.person(1).await.subject, plaza(&home).await);
    send(&home, who, "fault", &[crash("a"), crash("b")], &by).await.unwrap();
    send(&home, who, "security", &[event("network_log", &json!({ "event": "x" }))], &by).await.unwrap();
    assert_eq!(home.app.delete_signals(who, "fault", "crash_report").await.unwrap(), 2);
    assert_eq!(home.app.delete_signals(who, "fault", "crash_report").await.unwrap(), 0);
    let kept = home.app.delete_signals(who, "security", "network_log").await;
    assert!(matches!(kept, Err(Fault::NotNow(_))));
    assert_eq!(held(&home, who).await, BTreeMap::from([("security/network_log".into(), 1)]));
}

#[tokio::test]
async fn promise_5_2_erased_signals_are_unreadable_everywhere_and_the_log_by_duty_is_held_to_its_end() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, by) = (home.person(1).await.subject, plaza(&home).await);
        let (secret, logged) = (canary(1), canary(2));
        send(&home, who, "fault", &[crash(&secret)], &by).await.unwrap();
        let log: Vec<Event> =
            (0..7).map(|n| event("network_log", &json!({ "event": format!("{logged} {n}") }))).collect();
        send(&home, who, "security", &log, &by).await.unwrap();
        home.app.set_permissions(who, &[("location".into(), PermissionState::Granted)].into(), &by).await.unwrap();
        if engine == Engine::Sqlite {
            let found = scan(home.dir.path(), &[secret.as_bytes(), logged.as_bytes()]);
            assert!(found.is_empty(), "sealed from the first byte: {found:?}");
        }
        let certificate = home.app.erase(who).await.unwrap();
        // The log of the joining, which is a record, and the seven events.
        assert_eq!(certificate.kept, 8, "{engine:?}");
        let deleted: BTreeMap<_, _> = certificate.deleted.iter().copied().collect();
        assert_eq!((deleted["signal"], deleted["permission"]), (8, 1), "{engine:?}");
        assert!(matches!(send(&home, who, "fault", &[crash("x")], &by).await, Err(Fault::NotFound)));
        home.clock.days(190);
        assert_eq!(home.app.sweep(false).await.unwrap().held, 8);
    }
}
