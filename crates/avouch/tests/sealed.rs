//! Everything that is sealed anywhere opens after every key was turned over, and is sealed anew with another suite
//! while people are served.
//!
//! Keeps promise 5.5.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use avouch::collection::signal::{Connection, Event};
use avouch::collection::upload::NewUpload;
use avouch::gate::Wanted;
use avouch::store::{Actor, RecordId, Sink, SubjectId, Which};
use avouch::{App, Settings};
use avouch_policy::{Act, File, Policy, Source};
use avouch_seal::{KeyFile, Region, Suite};
use avouch_store::{
    ApprovalId, ApprovalKind, Concluded, DocumentKind, EgressState, ExactAct, Faults, Hold, Kept, Location, NewEgress,
    NewJointLogin, Origin, Outcome, Receipt, ServiceTerms, StaffRole, Store, StoreConfig, StoreError, Transact, Tx,
};
use avouch_testkit::home::{PASSWORD, source};
use avouch_testkit::media::video;
use avouch_testkit::staff::code_of;
use avouch_testkit::{Engine, Home, SeededEntropy, policy};
use bytes::Bytes;
use jiff::SignedDuration;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const WAITS: [u8; 16] = [4; 16];
const CALLED: [u8; 16] = [5; 16];

/// The shipped policy with another suite in its region.
fn in_sm4() -> Arc<Policy> {
    let texts = source().texts;
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/policy.toml")).unwrap();
    let other = text.replace("suite = \"aes-256-gcm\"", "suite = \"sm4-gcm\"");
    assert_ne!(text, other);
    Arc::new(Policy::load(&Source { facts: File::new("policy.toml", other), texts }).unwrap())
}

async fn node(home: &Home, name: &str, policy: Arc<Policy>, faults: Option<Arc<dyn Faults>>) -> App {
    let (data, keys) = home.places();
    let store = Store::open(StoreConfig {
        region: Region::new("cn").unwrap(),
        data: data.clone(),
        keys: keys.clone(),
        objects: home.dir.path().join("objects"),
        journals: home.dir.path().join("journals"),
        node: name.to_owned(),
        origin: "plaza.example/cn".to_owned(),
        kms: Arc::new(KeyFile::open(&home.key_file()).unwrap()),
        clock: Arc::clone(&home.clock) as _,
        entropy: Arc::new(SeededEntropy::new(name.bytes().fold(3, |n, b| n * 31 + u64::from(b)))),
        policy,
        faults,
    });
    App::new(store.await.unwrap(), Settings::default())
}

/// What has no shorter way in: a value that waits, two calls of the gateway, an account at a partner.
struct Rest(SubjectId);

impl Transact for Rest {
    const NAME: &'static str = "make what is sealed";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.0, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let subject = self.0;
        let kept = Kept {
            item: "interests",
            id: RecordId::ONLY,
            purpose: "recommendation",
            service: "shop",
            value: b"chess",
            reasons: &[],
            until: tx.now() + SignedDuration::from_hours(99),
        };
        let origin = Origin { source: "import:old-shop".into(), collected: tx.now() };
        tx.quarantine(subject, &kept, &origin).await?;
        for id in [WAITS, CALLED] {
            let new = NewEgress {
                subject,
                id,
                service: "shop".into(),
                key: [id[0]; 32],
                request: [7; 32],
                recipient: "courier".into(),
                purpose: "orders".into(),
            };
            tx.begin_egress(&new, b"what is sent").await?;
        }
        let ended = Concluded { state: EgressState::Sent, status: Some(200), fault: String::new() };
        tx.conclude_egress(subject, &CALLED, &ended, Some(b"what came back")).await?;
        let receipt = Receipt { log: "a".into(), index: 0 };
        let login = NewJointLogin {
            partner: "harbour",
            identity: "https://id.harbour.example 7",
            scopes: "openid",
            receipt: &receipt,
            token: Some(b"ends the grant"),
        };
        assert!(tx.link_joint(subject, &login).await?);
        tx.note("test", "", &[], avouch_policy::Party::System, Outcome::Done, None).await.map(|_| ())
    }
}

/// Ends the link with a partner; gives the token that ends the grant there.
struct Unlink(SubjectId);

impl Transact for Unlink {
    const NAME: &'static str = "unlink";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.0, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        tx.unlink_joint(self.0, "harbour").await
    }
}

struct World {
    home: Home,
    who: SubjectId,
    video: RecordId,
    document: String,
    secret: String,
    approval: ApprovalId,
}

fn event(item: &str, fields: &serde_json::Value) -> Event {
    Event { item: item.into(), at: None, fields: fields.as_object().unwrap().clone() }
}

async fn put_up(app: &App, subject: SubjectId) -> RecordId {
    // More than one chunk.
    let bytes = video(200_000, "", b"soun");
    let new = NewUpload { subject, purpose: "content".into(), item: "video".into(), size: bytes.len() as u64 };
    let (begun, _) = app.begin_upload(new, &Actor::Subject).await.unwrap();
    let body = futures_util::stream::iter([Ok::<_, &str>(Bytes::from(bytes))]);
    app.append(subject, begun.id, 0, body, &Actor::Subject).await.unwrap();
    begun.id
}

impl World {
    async fn new(engine: Engine) -> Self {
        let home = Home::new(engine).await;
        let who = home.person(1).await.subject;
        home.app.log_in("person1", PASSWORD, Default::default()).await.unwrap();
        let plaza = Actor::Service(home.service("plaza", &["fault", "security"]).await);
        let crash = event("crash_report", &serde_json::json!({ "error": "stack" }));
        home.app.take_signals(who, "fault", &[crash], &Connection::default(), &plaza).await.unwrap();
        let video = put_up(&home.app, who).await;
        home.app.store.transact(Rest(who)).await.unwrap();
        let moderator = home.service("moderator", &["moderation"]).await;
        let decided = home.app.record_decision(who, "moderation", &["text"], "Hidden.", "Rule 4.", &moderator).await;
        let (decision, _) = decided.unwrap();
        home.app.ask_review(who, decision).await.unwrap();
        home.app.answer_review(who, decision, "officer", false, "It stays hidden.").await.unwrap();
        // What law keeps of somebody who is gone.
        let gone = home.person(2).await.subject;
        let seen = event("network_log", &serde_json::json!({ "event": "login" }));
        home.app.take_signals(gone, "security", &[seen], &Connection::default(), &plaza).await.unwrap();
        assert!(home.app.erase(gone).await.unwrap().kept > 0);
        // Nobody's: a document, a hook's key, an authenticator, words of staff.
        let terms = ServiceTerms {
            purposes: vec!["account".into()],
            cache: SignedDuration::from_hours(1),
            hook: "https://feed.plaza.example/forget".into(),
            abroad: None,
        };
        home.app.register_keeping("feed", terms).await.unwrap();
        let document =
            home.app.file_document("desk", "courier", DocumentKind::Agreement, b"signed".to_vec()).await.unwrap();
        home.operator("officer", &[StaffRole::DataProtectionOfficer]).await;
        home.operator("admin", &[StaffRole::Administrator]).await;
        let link = home.app.operator_link("officer").await.unwrap();
        let avouch::security::operator::Entered::Enrol(enrolment) = home.app.operator_sign_in(&link).await.unwrap()
        else {
            panic!("enrols")
        };
        let secret = home.app.operator_secret();
        let code = code_of(&secret, home.app.store.now());
        home.app.operator_enrol(&enrolment, PASSWORD, &secret, &code).await.unwrap();
        let (officer, admin) = (home.staff("officer").await, home.staff("admin").await);
        let act = ExactAct::new(ApprovalKind::RoleGrant).with("operator", "front").with("role", "auditor");
        let approval = home.app.ask_approval(&admin, act, "audits begin").await.unwrap();
        home.app.answer_approval(&officer, approval, true, "known to me").await.unwrap();
        Self { home, who, video, document, secret, approval }
    }

    /// Opens every kind of sealed thing the way it is opened in use.
    async fn opens(&self, app: &App, when: &str) {
        let who = self.who;
        let text = |value: &avouch_seal::Plain<Vec<u8>>| {
            value.expose(Sink::Subject, |v| String::from_utf8_lossy(v).into_owned())
        };
        let seen = app.see(who, "nickname").await.unwrap();
        assert_eq!(text(&seen[0].value), "Person 1", "{when}");
        let wanted = Wanted { act: Act::Use, purpose: "fault", items: &["crash_report"], recipient: None };
        let service = app.store.reading().await.unwrap().look().unwrap().service_named("plaza").await.unwrap().unwrap();
        let used = app.use_signals(who, &wanted, &Actor::Service(service), 10, None).await.unwrap();
        assert!(text(&used.records[0].value).contains("stack"), "{when}");
        assert!(!app.sessions(who).await.unwrap().is_empty(), "{when}");
        assert_eq!(text(&app.see_quarantined(who).await.unwrap()[0].value), "chess", "{when}");
        let wanted = Wanted { act: Act::Use, purpose: "rights", items: &["video"], recipient: None };
        let which = Which::One(app.policy().item("video").unwrap(), self.video);
        let used = app.use_records(who, &wanted, &Actor::Subject, &which).await.unwrap();
        for blob in &used.records[0].blobs {
            let mut at = 0;
            while let Some(part) = blob.read(at, blob.size()).await.unwrap() {
                at += part.expose(Sink::Subject, |p| p.len() as u64);
            }
            assert_eq!(at, blob.size(), "{when}");
        }
        {
            let mut reading = app.store.reading().await.unwrap();
            let mut look = reading.look().unwrap();
            let waits = look.egress_template(who, &WAITS).await.unwrap().unwrap();
            assert_eq!(text(&waits), "what is sent", "{when}");
            let answer = look.egress_answer(who, &CALLED).await.unwrap().unwrap();
            assert_eq!(text(&answer), "what came back", "{when}");
            assert!(look.hook("feed").await.unwrap().is_some(), "{when}");
        }
        let decision = &app.see_decisions(who).await.unwrap()[0];
        let said = [Some(&decision.outcome), decision.answer.as_ref()];
        let said = said.map(|part| part.map(|p| p.expose(Sink::Subject, String::clone)).unwrap_or_default());
        assert_eq!(said, ["Hidden.", "It stays hidden."], "{when}");
        let document = app.open_document("desk", "courier", &self.document).await.unwrap();
        assert_eq!(text(&document), "signed", "{when}");
        self.home.clock.advance(SignedDuration::from_mins(1));
        let code = code_of(&self.secret, app.store.now());
        app.operator_log_in("officer", PASSWORD, &code, "192.0.2.9").await.unwrap();
        let approval = app.approval(self.approval).await.unwrap();
        assert_eq!(approval.why, "audits begin", "{when}");
    }

    /// In the files: no cell that begins as a value of that suite does.
    fn none_of(&self, suite: Suite) {
        let Location::Sqlite(path) = self.home.places().0 else { return };
        let db = rusqlite::Connection::open(path).unwrap();
        let tables: Vec<String> = db
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut found: BTreeMap<String, u32> = BTreeMap::new();
        for table in tables {
            let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let names: Vec<String> = all.column_names().map(str::to_owned).collect();
            let mut rows = all.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for (at, name) in names.iter().enumerate() {
                    if let rusqlite::types::ValueRef::Blob(bytes) = row.get_ref(at).unwrap()
                        && bytes.len() >= 30
                        && bytes.starts_with(&[1, suite as u8])
                    {
                        *found.entry(format!("{table}.{name}")).or_default() += 1;
                    }
                }
            }
        }
        assert!(found.is_empty(), "sealed with {suite:?}: {found:?}");
        let objects = self.home.dir.path().join("objects");
        for entry in walk(&objects) {
            let bytes = std::fs::read(&entry).unwrap();
            assert!(!bytes.starts_with(&[1, suite as u8]), "{}", entry.display());
        }
    }
}

fn walk(at: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(at).unwrap().flatten() {
        if entry.path().is_dir() { out.extend(walk(&entry.path())) } else { out.push(entry.path()) }
    }
    out
}

#[tokio::test]
async fn promise_5_5_everything_sealed_opens_after_root_and_region_keys_were_turned_over_and_given_up() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let home = &world.home;
        world.opens(&home.app, "before").await;
        home.app.rotate_region(|_| {}).await.unwrap();
        home.app.rotate_root().await.unwrap();
        world.opens(&home.app, "after both").await;
        home.app.retire_keys().await.unwrap();
        world.opens(&home.app, "the old ones are gone").await;
        let fresh = home.node("b", None).await;
        world.opens(&fresh, "at a node that never saw them").await;
        assert!(home.app.store.transact(Unlink(world.who)).await.unwrap(), "the token at the partner opens");
    }
}

/// The power goes in a commit, after some that went well.
struct AtCommit(AtomicU32);

impl Faults for AtCommit {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && self.0.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

#[tokio::test]
async fn promise_5_5_values_are_sealed_anew_between_suites_while_people_are_served_and_after_a_stop() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let home = &world.home;
        let other = in_sm4();
        // People's keys by the new suite, then values; stopped in the third commit, whatever it is.
        node(home, "b", Arc::clone(&other), None).await.rotate_region(|_| {}).await.unwrap();
        let stopped = node(home, "c", Arc::clone(&other), Some(Arc::new(AtCommit(AtomicU32::new(4))))).await;
        let before = stopped.store.left_to_reseal().await.unwrap();
        assert!(before > 15, "{before}");
        assert!(stopped.reseal(|_, _| {}).await.is_err());
        let left = stopped.store.left_to_reseal().await.unwrap();
        assert!(left > 0 && left < before, "{left} of {before}");
        // Both suites side by side, at a node that seals with the old one too.
        world.opens(&home.app, "half-way").await;
        let fresh = node(home, "d", Arc::clone(&other), None).await;
        world.opens(&fresh, "half-way, the new suite").await;

        let mut told = Vec::new();
        let done = fresh.reseal(|count, of| told.push((count, of))).await.unwrap();
        assert_eq!((done.suite, done.broken), ("sm4-gcm", 0));
        assert!(done.count >= left, "{} of {left}", done.count);
        assert!(told.iter().all(|(_, of)| *of >= left) && told.is_sorted());
        assert_eq!(fresh.store.left_to_reseal().await.unwrap(), 0);
        home.clock.advance(SignedDuration::from_hours(2));
        fresh.store.sweep_objects().await.unwrap();
        world.none_of(Suite::Aes256Gcm);
        world.opens(&fresh, "after").await;
        assert_eq!(fresh.reseal(|_, _| {}).await.unwrap().count, 0, "done again it finds nothing");

        // And back.
        let again = node(home, "e", policy(), None).await;
        again.rotate_region(|_| {}).await.unwrap();
        assert_eq!(again.reseal(|_, _| {}).await.unwrap().broken, 0);
        world.opens(&again, "back").await;
        again.retire_keys().await.unwrap();
        assert!(again.store.transact(Unlink(world.who)).await.unwrap());
        for log in ["a", "b", "c", "d", "e"] {
            assert!(home.ledger().verify(log).await.unwrap().faults.is_empty(), "{log}");
        }
    }
}

#[tokio::test]
async fn a_value_that_was_damaged_before_is_told_and_stops_nothing() {
    let world = World::new(Engine::Sqlite).await;
    let Location::Sqlite(path) = world.home.places().0 else { panic!("SQLite") };
    let db = rusqlite::Connection::open(path).unwrap();
    let which = "FROM record WHERE item = 'nickname'";
    let mut sealed: Vec<u8> = db.query_row(&format!("SELECT sealed {which}"), [], |r| r.get(0)).unwrap();
    sealed[20] ^= 1;
    let changed = db.execute("UPDATE record SET sealed = ?1 WHERE item = 'nickname'", [&sealed]).unwrap();
    assert_eq!(changed, 1);
    let app = node(&world.home, "b", in_sm4(), None).await;
    let done = app.reseal(|_, _| {}).await.unwrap();
    assert_eq!(done.broken, 1);
    assert_eq!(app.store.left_to_reseal().await.unwrap(), 1);
}
