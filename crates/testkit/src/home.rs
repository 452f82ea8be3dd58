//! Avouch at home: the whole application over an engine, in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::collection::join::{Join, Joined};
use avouch::security::session::{Device, Session};
use avouch::{App, Settings};
use avouch_policy::{File, Policy, Source};
use avouch_seal::{Entropy, KeyFile, Kms, Region, SubjectId};
use avouch_store::{Actor, Clock, Credential, Faults, LedgerReader, Location, PostgresConfig, Store, StoreConfig};

use crate::clock::SimClock;
use crate::entropy::SeededEntropy;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A folder, a clock, and Avouch over them.
#[derive(Debug)]
pub struct Home {
    pub app: App,
    pub clock: Arc<SimClock>,
    pub dir: tempfile::TempDir,
    data: Location,
    keys: Location,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shipped policy's source.
pub fn source() -> Source {
    let read = |name: &str| File::new(name, std::fs::read_to_string(root().join(name)).unwrap());
    let texts = ["en", "zh-CN"]
        .into_iter()
        .filter(|lang| root().join(format!("policy/text/{lang}.md")).exists())
        .map(|lang| (lang.to_owned(), read(&format!("policy/text/{lang}.md"))))
        .collect();
    Source { facts: read("policy/policy.toml"), texts }
}

/// The shipped policy.
pub fn policy() -> Arc<Policy> {
    Arc::new(Policy::load(&source()).unwrap_or_else(|faults| panic!("{faults}")))
}

impl Home {
    /// A new home, at nine in the morning of the day the policy takes effect.
    pub async fn new(engine: Engine) -> Self {
        Self::in_folder(engine, tempfile::tempdir().unwrap()).await
    }

    /// As [`Home::new`], in an empty folder given.
    pub async fn in_folder(engine: Engine, dir: tempfile::TempDir) -> Self {
        let (data, keys) = match engine {
            Engine::Sqlite => {
                (Location::Sqlite(dir.path().join("data.db")), Location::Sqlite(dir.path().join("keys.db")))
            }
            Engine::Postgres => {
                let at = |url| Location::Postgres(PostgresConfig { url, readers: 8 });
                (at(crate::postgres::database().await), at(crate::postgres::database().await))
            }
        };
        let clock = Arc::new(SimClock::at("2026-12-01T01:00:00Z"));
        let key_file = dir.path().join("root.key");
        KeyFile::create(&key_file, &SeededEntropy::new(99)).unwrap();
        let app = open(&dir.path().join("root.key"), &data, &keys, &clock, "a", 1, None).await.unwrap();
        Self { app, clock, dir, data, keys }
    }

    /// The same data through another node, as another process would open it.
    pub async fn node(&self, name: &str, faults: Option<Arc<dyn Faults>>) -> App {
        let seed = name.bytes().fold(7, |n, b| n * 31 + u64::from(b));
        open(&self.dir.path().join("root.key"), &self.data, &self.keys, &self.clock, name, seed, faults).await.unwrap()
    }

    /// From now on messages can be sent; they arrive in the outbox given back.
    pub fn with_outbox(&mut self) -> Arc<crate::Outbox> {
        let outbox = Arc::new(crate::Outbox::default());
        let messengers =
            avouch::messages::Messengers { mail: Some(Arc::clone(&outbox) as _), sms: Some(Arc::clone(&outbox) as _) };
        self.app = self.app.clone().with_messengers(messengers);
        outbox
    }

    /// Where its data and its keys are, for another process to open.
    pub fn places(&self) -> (&Location, &Location) {
        (&self.data, &self.keys)
    }

    /// Stops it and waits until nothing of it holds its files any more; gives the folder and the clock. SQLite only.
    pub fn close(self) -> (tempfile::TempDir, Arc<SimClock>) {
        let Self { app, clock, dir, .. } = self;
        drop(app);
        // Writer and readers end on threads of their own; the last of them takes the write-ahead log away.
        for log in ["data.db-wal", "keys.db-wal"] {
            let log = dir.path().join(log);
            while log.exists() {
                std::thread::yield_now();
            }
        }
        (dir, clock)
    }

    /// Opens it again after [`Home::close`], or over a copy of its folder.
    pub async fn reopen(dir: tempfile::TempDir, clock: Arc<SimClock>) -> Self {
        Self::try_reopen(dir, clock).await.unwrap()
    }

    /// As [`Home::reopen`], where it may not be possible.
    pub async fn try_reopen(dir: tempfile::TempDir, clock: Arc<SimClock>) -> Result<Self, avouch_store::StoreError> {
        let (data, keys) = (Location::Sqlite(dir.path().join("data.db")), Location::Sqlite(dir.path().join("keys.db")));
        let app = open(&dir.path().join("root.key"), &data, &keys, &clock, "a", 2, None).await?;
        Ok(Self { app, clock, dir, data, keys })
    }

    /// Its key file.
    pub fn key_file(&self) -> PathBuf {
        self.dir.path().join("root.key")
    }

    /// The ledger as a stranger with the files reads it.
    pub fn ledger(&self) -> LedgerReader {
        LedgerReader::open(&self.data).unwrap()
    }

    /// A person with a user name made of `n`.
    pub async fn person(&self, n: u64) -> Joined {
        self.try_person(n, &[]).await.unwrap()
    }

    /// As [`Home::person`], with other values.
    pub async fn try_person(&self, n: u64, values: &[(&str, &str)]) -> Result<Joined, avouch::Fault> {
        let mut all = BTreeMap::from([
            ("user_name".to_owned(), format!("person{n}")),
            ("email".to_owned(), format!("person{n}@plaza.example")),
            ("password".to_owned(), PASSWORD.to_owned()),
            ("nickname".to_owned(), format!("Person {n}")),
        ]);
        for (item, value) in values {
            all.insert((*item).to_owned(), (*value).to_owned());
        }
        let device = Device { agent: "Test Browser".to_owned(), address: "192.0.2.7".to_owned() };
        self.app
            .join(
                Join { values: all, age: Some(avouch_store::AgeBand::Adult), device: Some(device), external: None },
                &Actor::Subject,
            )
            .await
    }

    /// A session of that person, freshly proven.
    pub async fn session(&self, n: u64) -> Session {
        let token = self.app.log_in(&format!("person{n}"), PASSWORD, Device::default()).await.unwrap();
        self.app.session(&token.to_cookie()).await.unwrap().unwrap()
    }

    /// A service bound to purposes.
    pub async fn service(&self, name: &str, purposes: &[&str]) -> Arc<Credential> {
        let purposes: Vec<String> = purposes.iter().map(|p| (*p).to_owned()).collect();
        let credential = self.app.register_service(name, &purposes).await.unwrap();
        self.app.service(&credential).await.unwrap().unwrap()
    }

    /// Gives consent to a purpose.
    pub async fn consent(&self, subject: SubjectId, purpose: &str, given: bool) {
        self.app.answer(subject, purpose, given, "en", &Actor::Subject).await.unwrap();
    }
}

/// The password of every invented person.
pub const PASSWORD: &str = "lantern orbit velvet cactus";

async fn open(
    key_file: &Path,
    data: &Location,
    keys: &Location,
    clock: &Arc<SimClock>,
    node: &str,
    seed: u64,
    faults: Option<Arc<dyn Faults>>,
) -> Result<App, avouch_store::StoreError> {
    let entropy = Arc::new(SeededEntropy::new(seed));
    open_app(key_file, data, keys, Arc::clone(clock) as _, node, entropy, faults).await
}

/// Avouch over the databases given, with the shipped policy.
pub async fn open_app(
    key_file: &Path,
    data: &Location,
    keys: &Location,
    clock: Arc<dyn Clock>,
    node: &str,
    entropy: Arc<dyn Entropy>,
    faults: Option<Arc<dyn Faults>>,
) -> Result<App, avouch_store::StoreError> {
    let kms: Arc<dyn Kms> =
        Arc::new(KeyFile::open(key_file).map_err(|e| avouch_store::StoreError::Unopened(e.to_string()))?);
    let store = Store::open(StoreConfig {
        region: Region::new("cn").unwrap(),
        data: data.clone(),
        keys: keys.clone(),
        objects: key_file.parent().unwrap_or(key_file).join("objects"),
        journals: key_file.parent().unwrap_or(key_file).join("journals"),
        node: node.to_owned(),
        origin: "plaza.example/cn".to_owned(),
        kms,
        clock,
        entropy,
        policy: policy(),
        faults,
    })
    .await?;
    Ok(App::new(store, Settings::default()))
}
