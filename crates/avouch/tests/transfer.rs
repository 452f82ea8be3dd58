//! A change of hands: seen before, announced, told, answered, handed over, resumed, reported, called off.
//!
//! Keeps promise 4.3, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{Error, Write};
use std::sync::Arc;

use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::sharing::transfer::NewTransfer;
use avouch::store::{Actor, Outcome, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::{Act, Policy, Source};
use avouch_testkit::{Engine, Home, Outbox, home};

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
    promise_4_3_everyone_is_told_and_what_changes_rests_until_consent_is_given_again,
    promise_4_3_handing_over_leaves_out_who_objects_and_goes_on_where_it_stopped,
    promise_4_3_called_off_nothing_changes,
);

const SUCCESSOR: &str = "\n[sharing.recipients.successor]\nclause = '4.3'\nname = { en = 'Harbour Social (demo)', zh-CN = '港湾社交（演示）' }\n\
     contact = 'privacy@harbour.example'\nrole = 'successor'\nkind = { en = 'community', zh-CN = '社区' }\n\
     purposes = ['account', 'content', 'marketing']\nitems = ['user_name', 'email', 'nickname', 'comment', 'interests']\n\
     region = 'cn'\nhosts = ['api.harbour.example']\npolicy = 'https://harbour.example/privacy'\n";
const AGREEMENT: &str =
    "agreement = { id = 'MA-2026-1', signed = '2026-11-01', expires = '2028-11-01', next_check = '2027-11-01' }\n";

fn ours(agreement: &str) -> Arc<Policy> {
    let mut source = home::source();
    source.facts.text.push_str(SUCCESSOR);
    source.facts.text.push_str(agreement);
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

/// The successor's policy: offers go to the phone too.
fn theirs() -> Source {
    let mut source = home::source();
    let before = "items = [\"email\", \"nickname\", \"interests\"]";
    assert!(source.facts.text.contains(before));
    source.facts.text =
        source.facts.text.replace(before, "items = [\"email\", \"nickname\", \"interests\", \"phone\"]");
    source
}

fn planned(effective: &str) -> NewTransfer {
    NewTransfer {
        kind: "merger".to_owned(),
        recipient: "successor".to_owned(),
        source: theirs(),
        effective: effective.parse().unwrap(),
        by: ["officer".to_owned(), "counsel".to_owned()],
    }
}

struct Plaza {
    home: Home,
    outbox: Arc<Outbox>,
    service: Actor,
    people: Vec<SubjectId>,
}

impl Plaza {
    /// Three people who agreed to offers and wrote a comment; of each an interest is held for offers.
    async fn new(engine: Engine) -> Self {
        let mut home = Home::new(engine).await;
        home.app.store.set_policy(ours(AGREEMENT));
        let outbox = home.with_outbox();
        let service = Actor::Service(home.service("plaza", &["account", "content", "marketing"]).await);
        let mut people = Vec::new();
        for n in 0..3 {
            let subject = home.person(n).await.subject;
            home.consent(subject, "marketing", true).await;
            for (purpose, item) in [("content", "comment"), ("marketing", "interests")] {
                let new = NewRecord {
                    subject,
                    purpose: purpose.to_owned(),
                    item: item.to_owned(),
                    record: None,
                    value: format!("{item} of person {n}"),
                };
                home.app.put_record(new, &service).await.unwrap();
            }
            people.push(subject);
        }
        Self { home, outbox, service, people }
    }

    fn app(&self) -> &App {
        &self.home.app
    }

    /// Why a use for a purpose is refused; nothing when it is permitted.
    async fn refusal(&self, person: SubjectId, purpose: &str) -> Vec<&'static str> {
        let wanted = Wanted { act: Act::Use, purpose, items: &["email"], recipient: None };
        match self.app().use_records(person, &wanted, &self.service, &Which::all()).await {
            Ok(_) => Vec::new(),
            Err(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    async fn leaves(&self, person: SubjectId, act: &str) -> usize {
        let leaves = self.app().own_leaves(person, jiff::Timestamp::UNIX_EPOCH, 1000).await.unwrap();
        leaves.iter().filter(|e| e.leaf.act == act && e.leaf.outcome == Outcome::Done).count()
    }
}

async fn promise_4_3_everyone_is_told_and_what_changes_rests_until_consent_is_given_again(engine: Engine) {
    let plaza = Plaza::new(engine).await;
    let app = plaza.app();
    // Without a document that binds the successor it is seen, and not done.
    app.store.set_policy(ours(""));
    let preview = app.preview_transfer("successor", &theirs()).await.unwrap();
    assert!(preview.faults.iter().any(|f| f.contains("agreement")), "{:?}", preview.faults);
    let unbound = app.announce_transfer(planned("2027-01-01T00:00:00Z")).await;
    assert!(matches!(unbound, Err(Fault::NotNow(_))), "{unbound:?}");
    app.store.set_policy(ours(AGREEMENT));

    let preview = app.preview_transfer("successor", &theirs()).await.unwrap();
    assert_eq!((preview.people, preview.faults.len()), (3, 0));
    assert_eq!((preview.name.as_str(), preview.contact.as_str()), ("港湾社交（演示）", "privacy@harbour.example"));
    let changed: Vec<_> = preview.changed.iter().map(|c| (c.purpose.as_str(), c.consenting)).collect();
    assert_eq!(changed, [("marketing", 3)]);
    assert!(matches!(app.preview_transfer("courier", &theirs()).await, Err(Fault::Invalid(_))));
    let alone = NewTransfer { by: ["officer".to_owned(), "officer".to_owned()], ..planned("2027-01-01T00:00:00Z") };
    assert!(matches!(app.announce_transfer(alone).await, Err(Fault::Invalid(_))));
    assert_eq!(plaza.refusal(plaza.people[0], "marketing").await, [""; 0], "a preview does nothing");

    let (id, _) = app.announce_transfer(planned("2027-01-01T00:00:00Z")).await.unwrap();
    let second = app.announce_transfer(planned("2027-02-01T00:00:00Z")).await;
    assert!(matches!(second, Err(Fault::NotNow(_))), "{second:?}");
    app.work().await.unwrap();
    assert_eq!(app.tell_everybody(id).await.unwrap(), 0, "nobody is told twice");
    let letters = plaza.outbox.take();
    let told: Vec<_> = letters.iter().filter(|l| l.kind == "transfer").collect();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|l| l.text.contains("港湾社交") && l.text.contains("privacy@harbour.example")));
    for person in &plaza.people {
        let seen = app.transfers_of(*person).await.unwrap();
        assert_eq!((seen.len(), seen[0].transfer.id), (1, id));
        assert_eq!(plaza.leaves(*person, "transfer-told").await, 1);
        assert_eq!(plaza.refusal(*person, "marketing").await, ["frozen"]);
        assert_eq!(plaza.refusal(*person, "account").await, [""; 0], "what does not change goes on");
    }

    let person = plaza.people[0];
    app.answer_transfer(person, id, "marketing", true, "en").await.unwrap();
    assert_eq!(plaza.refusal(person, "marketing").await, [""; 0]);
    assert_eq!(plaza.refusal(plaza.people[1], "marketing").await, ["frozen"], "each answers alone");
    app.answer_transfer(person, id, "marketing", false, "en").await.unwrap();
    assert_eq!(plaza.refusal(person, "marketing").await, ["frozen"]);
    let unchanged = app.answer_transfer(person, id, "content", true, "en").await;
    assert!(matches!(unchanged, Err(Fault::NotFound)), "{unchanged:?}");
    // Who is erased leaves nothing in it.
    app.erase(person).await.unwrap();
    let (_, counts) = app.transfers().await.unwrap().remove(0);
    assert_eq!((counts.told, counts.messages), (2, 2));
}

/// A file on a disk that is full after some lines.
struct Full(Vec<u8>, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.iter().filter(|b| **b == b'\n').count() >= self.1 {
            return Err(Error::other("the disk is full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn promise_4_3_handing_over_leaves_out_who_objects_and_goes_on_where_it_stopped(engine: Engine) {
    let plaza = Plaza::new(engine).await;
    let app = plaza.app();
    let (id, _) = app.announce_transfer(planned("2027-01-01T00:00:00Z")).await.unwrap();
    app.work().await.unwrap();
    let [agrees, silent, objects] = plaza.people[..] else { panic!("three people") };
    app.answer_transfer(agrees, id, "marketing", true, "zh-CN").await.unwrap();
    app.object_to_transfer(objects, id, true).await.unwrap();
    let late = plaza.home.person(9).await.subject;

    let mut file = Full(Vec::new(), usize::MAX);
    let early = app.hand_over(id, &mut file).await;
    assert!(matches!(early, Err(Fault::NotNow(_))) && file.0.is_empty(), "{early:?}");
    plaza.home.clock.days(31);
    file.1 = 3;
    let stopped = app.hand_over(id, &mut file).await;
    assert!(matches!(stopped, Err(Fault::NotNow(_))), "{stopped:?}");
    file.1 = usize::MAX;
    let report = app.hand_over(id, &mut file).await.unwrap();
    assert!(report.receipt.is_some());
    let outcomes: Vec<_> = report.counts.outcomes.iter().map(|(o, n)| (o.as_str(), *n)).collect();
    assert_eq!(outcomes, [("handed-over", 3), ("objected", 1)]);

    // Each record once, however often a person was begun; none of who objects, and offers only of who agreed anew.
    let text = String::from_utf8(file.0).unwrap();
    let mut lines: Vec<(String, String, String)> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|v| ["subject", "purpose", "item"].map(|key| v[key].as_str().unwrap().to_owned()))
        .map(|[a, b, c]| (a, b, c))
        .collect();
    lines.sort();
    lines.dedup();
    let of = |person: SubjectId, purpose: &str| {
        lines.iter().filter(|(s, p, _)| *s == person.to_string() && p == purpose).count()
    };
    assert_eq!((of(agrees, "account"), of(agrees, "content"), of(agrees, "marketing")), (3, 1, 1));
    assert_eq!((of(silent, "account"), of(silent, "content"), of(silent, "marketing")), (3, 1, 0));
    assert_eq!(of(objects, "account") + of(objects, "content") + of(objects, "marketing"), 0);
    assert_eq!(of(late, "account"), 3, "who joined meanwhile is told and handed over too");
    assert!(plaza.leaves(silent, "share").await >= 2, "each handing over has its leaf");
    assert_eq!(plaza.leaves(objects, "share").await, 0);
    assert_eq!(plaza.leaves(objects, "transfer-left-out").await, 1);

    let again = app.hand_over(id, &mut Full(Vec::new(), usize::MAX)).await;
    assert!(matches!(again, Err(Fault::NotNow(_))), "{again:?}");
    let too_late = app.object_to_transfer(silent, id, true).await;
    assert!(matches!(too_late, Err(Fault::NotNow(_))), "{too_late:?}");
    assert_eq!(plaza.refusal(silent, "marketing").await, ["frozen"], "what changed rests on");
}

async fn promise_4_3_called_off_nothing_changes(engine: Engine) {
    let plaza = Plaza::new(engine).await;
    let app = plaza.app();
    let (id, _) = app.announce_transfer(planned("2027-01-01T00:00:00Z")).await.unwrap();
    app.work().await.unwrap();
    assert_eq!(plaza.refusal(plaza.people[0], "marketing").await, ["frozen"]);
    app.call_off_transfer(id).await.unwrap();
    for person in &plaza.people {
        assert_eq!(plaza.refusal(*person, "marketing").await, [""; 0]);
    }
    assert!(matches!(app.call_off_transfer(id).await, Err(Fault::NotNow(_))));
    let dead = app.answer_transfer(plaza.people[0], id, "marketing", true, "en").await;
    assert!(matches!(dead, Err(Fault::NotNow(_))), "{dead:?}");
    // The way is free for another.
    app.announce_transfer(planned("2027-03-01T00:00:00Z")).await.unwrap();
}
