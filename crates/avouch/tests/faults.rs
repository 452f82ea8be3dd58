//! No act without its leaf, no leaf without its act: every kind of act fails before its commit, and after it.
//!
//! Keeps promise 0.1. Before: nothing happened. After: it happened, only the answer was lost. In both the
//! caller is told that it cannot be recorded, nothing personal is handed over, health says so, and the
//! next act works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::collection::document::DocumentType;
use avouch::collection::put::NewRecord;
use avouch::collection::real_name::{Method, NewClaim};
use avouch::contact::case::NewCase;
use avouch::contact::desk::Deed;
use avouch::gate::Wanted;
use avouch::store::{Actor, Outcome, RecordId, StoreError, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::Act;
use avouch_store::Faults;
use avouch_testkit::{Engine, Home};

/// Fails once, at a point, after letting it pass some times.
#[derive(Default)]
struct Once(Mutex<Option<(&'static str, u32)>>);

impl Once {
    fn arm(&self, point: &'static str, pass: u32) {
        *self.0.lock().unwrap() = Some((point, pass));
    }

    fn fired(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }
}

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        let mut armed = self.0.lock().unwrap();
        match &mut *armed {
            Some((at, 0)) if *at == point => {
                *armed = None;
                true
            }
            Some((at, pass)) if *at == point => {
                *pass -= 1;
                false
            }
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Join,
    Put,
    Use,
    Refuse,
    Consent,
    Withdraw,
    Delete,
    Cancel,
    Erase,
    Sweep,
    Claim,
    Decide,
    OpenCase,
    CloseCase,
    Reveal,
}

const KINDS: [Kind; 15] = [
    Kind::Join,
    Kind::Put,
    Kind::Use,
    Kind::Refuse,
    Kind::Consent,
    Kind::Withdraw,
    Kind::Delete,
    Kind::Cancel,
    Kind::Erase,
    Kind::Sweep,
    Kind::Claim,
    Kind::Decide,
    Kind::OpenCase,
    Kind::CloseCase,
    Kind::Reveal,
];

fn question(app: &App) -> NewCase {
    let file = b"order 42\n".to_vec();
    NewCase {
        category: "question".into(),
        text: "When do you open?".into(),
        file: Some(app.room_for(file.len() as u64).unwrap().holds(file.into())),
        mail: String::new(),
        language: "en".into(),
        address: String::new(),
    }
}

struct Bench<'h> {
    home: &'h Home,
    /// The node whose commits fail.
    app: App,
    service: Actor,
    once: Arc<Once>,
}

impl Bench<'_> {
    /// What must stand before the act can be tried.
    async fn prepare(&self, kind: Kind, n: u64, subject: SubjectId) -> RecordId {
        match kind {
            Kind::Claim | Kind::Decide => {
                self.home.consent(subject, "real_name", true).await;
                if kind == Kind::Decide {
                    self.claim(&self.home.app, n).await.unwrap();
                }
                RecordId::ONLY
            }
            Kind::Delete | Kind::Sweep => {
                let (id, _) = self.app.put_record(self.comment(subject), &self.service).await.unwrap();
                if kind == Kind::Sweep {
                    self.home.clock.days(4000);
                }
                id
            }
            Kind::Withdraw => {
                self.home.consent(subject, "marketing", true).await;
                RecordId::ONLY
            }
            Kind::CloseCase | Kind::Reveal => {
                self.home.app.open_case(question(&self.home.app), Some(subject)).await.unwrap();
                RecordId::ONLY
            }
            _ => RecordId::ONLY,
        }
    }

    async fn claim(&self, app: &App, n: u64) -> Result<(), Fault> {
        let password = avouch_testkit::home::PASSWORD;
        let token = self.home.app.log_in(&format!("person{n}"), password, Default::default()).await?;
        let session = self.home.app.session(&token.to_cookie()).await?.unwrap();
        let claim = NewClaim {
            name: "Lin Mei".to_owned().into(),
            document: Some(DocumentType::ResidentId),
            number: "11010519491231002X".to_owned().into(),
            lines: String::new().into(),
            method: Method::Review,
            face: None,
        };
        app.claim_name(&session, claim).await.map(drop)
    }

    fn comment(&self, subject: SubjectId) -> NewRecord {
        NewRecord {
            subject,
            purpose: "content".into(),
            item: "comment".into(),
            record: None,
            value: "a comment".into(),
        }
    }

    async fn act(&self, kind: Kind, n: u64, subject: SubjectId, record: RecordId) -> Result<(), Fault> {
        let app = &self.app;
        match kind {
            Kind::Join => {
                let values = [("user_name", format!("new{n}")), ("email", format!("new{n}@plaza.example"))]
                    .into_iter()
                    .chain([("password", avouch_testkit::home::PASSWORD.to_owned())])
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect();
                let age = Some(avouch::store::AgeBand::Adult);
                app.join(avouch::collection::join::Join { values, age, device: None, external: None }, &Actor::Subject)
                    .await
                    .map(drop)
            }
            Kind::Put => app.put_record(self.comment(subject), &self.service).await.map(drop),
            Kind::Use | Kind::Refuse => {
                let purpose = if kind == Kind::Use { "support" } else { "marketing" };
                let wanted = Wanted { act: Act::Use, purpose, items: &["email"], recipient: None };
                app.use_records(subject, &wanted, &self.service, &Which::all()).await.map(drop)
            }
            Kind::Consent | Kind::Withdraw => {
                app.answer(subject, "marketing", kind == Kind::Consent, "en", &Actor::Subject).await.map(drop)
            }
            Kind::Delete => app.delete_record(subject, "comment", record).await.map(drop),
            Kind::Cancel => {
                let name = format!("person{n}");
                let password = avouch_testkit::home::PASSWORD;
                // Logged in through the node that does not fail.
                let token = self.home.app.log_in(&name, password, Default::default()).await?;
                let session = self.home.app.session(&token.to_cookie()).await?.unwrap();
                app.cancel(&session, false).await.map(drop)
            }
            Kind::Erase => app.erase(subject).await.map(drop),
            Kind::Sweep => app.sweep(false).await.map(drop),
            Kind::Claim => self.claim(app, n).await,
            Kind::Decide => app.decide_name(subject, "desk", true).await.map(drop),
            Kind::OpenCase => app.open_case(question(app), Some(subject)).await.map(drop),
            Kind::CloseCase | Kind::Reveal => {
                let number = self.home.app.own_cases(subject).await?.remove(0).number;
                if kind == Kind::Reveal {
                    return app.reveal(&number, "desk", "email", "To write to the right person.").await;
                }
                let deed = Deed::Close { outcome: "answered".into(), reason: String::new(), text: "Yes.".into() };
                app.work_on_case(&number, "desk", deed, None).await
            }
        }
    }

    /// How much of this kind has happened, and how many leaves say so.
    async fn tally(&self, kind: Kind, subject: SubjectId) -> (i64, i64) {
        let app = &self.home.app;
        let counts = app.store.counts().await.unwrap();
        let history = || app.consent_history(subject);
        let (happened, act, purpose, outcome) = match kind {
            Kind::Join => (counts["subjects"], "collect", "account", Outcome::Done),
            Kind::Put => (counts["records"], "collect", "content", Outcome::Done),
            Kind::Use => (0, "use", "support", Outcome::Done),
            Kind::Refuse => (0, "use", "marketing", Outcome::Refused),
            Kind::Consent => (history().await.unwrap().len() as u64, "consent", "marketing", Outcome::Done),
            Kind::Withdraw => (history().await.unwrap().len() as u64, "withdraw", "marketing", Outcome::Done),
            Kind::Delete => (counts["records"], "delete", "rights", Outcome::Done),
            Kind::Cancel => (counts["cancelling"], "cancel", "rights", Outcome::Done),
            Kind::Erase => (counts["subjects"], "erase", "cancellation", Outcome::Done),
            Kind::Sweep => (counts["records"], "expire", "", Outcome::Done),
            Kind::Claim => {
                let checking = app.name_standing(subject).await.unwrap().check.is_some();
                (checking.into(), "collect", "real_name", Outcome::Done)
            }
            // The claim goes, the name comes, and one leaf says that it was decided.
            Kind::Decide => {
                let standing = app.name_standing(subject).await.unwrap();
                assert_eq!(standing.check.is_some(), standing.verified.is_none(), "one or the other");
                (standing.verified.is_some().into(), "check-name", "real_name", Outcome::Done)
            }
            Kind::OpenCase => (app.own_cases(subject).await.unwrap().len() as u64, "case", "support", Outcome::Done),
            // With the letter its record, state and clock: the case is closed, and one leaf says so.
            Kind::CloseCase => {
                let case = app.own_cases(subject).await.unwrap().pop().unwrap();
                let clock = app.clocks("case", &case.matter).await.unwrap().remove(0);
                assert_eq!(case.closed.is_some(), clock.done.is_some(), "one with the other");
                (case.closed.is_some().into(), "case", "support", Outcome::Done)
            }
            Kind::Reveal => {
                let case = app.own_cases(subject).await.unwrap().pop().unwrap();
                let mut reading = app.store.reading().await.unwrap();
                let mut look = reading.look().unwrap();
                let revealed = look.revealed((subject, &case.number), "desk").await.unwrap();
                (revealed.len() as u64, "reveal", "support", Outcome::Done)
            }
        };
        let mut reading = app.store.reading().await.unwrap();
        let leaves = reading.look().unwrap().latest_leaves(1_000_000).await.unwrap();
        let mine = |l: &avouch::store::Leaf| {
            l.act == act && l.outcome == outcome && (purpose.is_empty() || l.purpose == purpose)
        };
        (i64::try_from(happened).unwrap(), leaves.iter().filter(|e| mine(&e.leaf)).count() as i64)
    }

    async fn fails(&self, kind: Kind, point: &'static str, n: u64) {
        let what = format!("{kind:?} failing {point}");
        let subject = self.home.person(n).await.subject;
        let record = self.prepare(kind, n, subject).await;
        let before = self.tally(kind, subject).await;
        self.once.arm(point, 0);
        let fault = self.act(kind, n, subject, record).await.expect_err(&what);
        assert!(self.once.fired(), "{what}");
        assert!(matches!(fault, Fault::Store(StoreError::CannotRecord(_))), "{what}: {fault}");
        assert!(self.app.store.health().fault().is_some(), "{what}: health says so");

        let after = self.tally(kind, subject).await;
        let (happened, told) = ((after.0 - before.0).abs(), after.1 - before.1);
        match (kind, point) {
            (_, "before commit") => assert_eq!((happened, told), (0, 0), "{what}"),
            // The values are dropped unread; that they were opened is told all the same.
            (Kind::Use | Kind::Refuse, _) => assert_eq!((happened, told), (0, 1), "{what}"),
            // Its first commit only keeps what law keeps; the key still stands, so nobody is erased.
            (Kind::Erase, _) => assert_eq!((happened, told), (0, 0), "{what}"),
            // More than the one record may have been overdue.
            (Kind::Sweep, _) => assert!(happened == told && told > 0, "{what}: {happened} and {told}"),
            _ => assert_eq!((happened, told), (1, 1), "{what}"),
        }

        // Nothing has to be mended for the next act, and health knows.
        let other = self.home.person(n + 10_000).await.subject;
        self.app.answer(other, "marketing", true, "en", &Actor::Subject).await.unwrap();
        assert_eq!(self.app.store.health().fault(), None, "{what}: health recovers");
    }
}

async fn every_act(home: Home) {
    let once = Arc::new(Once::default());
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    let service = Actor::Service(home.service("plaza", &["content", "support", "marketing"]).await);
    let bench = Bench { home: &home, app, service, once };
    let mut n = 0;
    for kind in KINDS {
        for point in ["before commit", "after commit"] {
            n += 1;
            bench.fails(kind, point, n).await;
        }
    }

    // An erasure that fails after the key is gone: erased all the same, and finished by the next start.
    for point in ["before commit", "after commit"] {
        n += 1;
        let subject = home.person(n).await.subject;
        bench.once.arm(point, 1);
        bench.app.erase(subject).await.expect_err("its second commit fails");
        let read = home.app.see(subject, "email").await;
        assert!(matches!(read, Err(Fault::NotFound)), "without a key nobody reads");
        home.app.resume_erasures().await.unwrap();
        assert!(matches!(home.app.account(subject).await, Err(Fault::NotFound)));
        assert!(home.app.holdings(subject).await.unwrap().is_empty());
    }

    // Joinings that failed leave no key behind once they cannot be under way any more.
    home.clock.advance(jiff::SignedDuration::from_mins(11));
    home.app.resume_erasures().await.unwrap();
    assert_eq!(home.app.store.people().await.unwrap(), home.app.store.counts().await.unwrap()["subjects"]);

    let ledger = home.ledger();
    for head in ledger.heads().await.unwrap() {
        let report = ledger.verify(&head.log).await.unwrap();
        assert!(report.faults.is_empty() && report.leaves == head.size, "{}: {:?}", head.log, report.faults);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_0_1_no_act_without_its_leaf_on_sqlite() {
    every_act(Home::new(Engine::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_0_1_no_act_without_its_leaf_on_postgres() {
    every_act(Home::new(Engine::Postgres).await).await;
}
