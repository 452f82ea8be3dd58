//! Last night's backup restored today: who was erased stays erased, what was withdrawn or deleted stays so.
//!
//! Keeps promises 2.5, 5.2, 5.5, 6.2, 6.3 and 6.4.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use avouch::collection::put::NewRecord;
use avouch::storage::backup::{Made, Reapplied};
use avouch::store::SubjectId;
use avouch::{App, Settings};
use avouch_seal::{KeyFile, Kms, Region, SystemEntropy};
use avouch_store::{
    Actor, BackupTo, DATA_FILE, Faults, KEYS_FILE, LedgerReader, Location, PostgresConfig, Restore, Store, StoreConfig,
    StoreError, restore,
};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Engine, Home, SeededEntropy, policy};
use jiff::SignedDuration;

/// The two keys of backups, which lie with neither.
struct Keys {
    data: KeyFile,
    keys: KeyFile,
}

fn keys(at: &Path) -> Keys {
    let make = |name: &str| KeyFile::create(&at.join(name), &SystemEntropy).unwrap();
    Keys { data: make("backup-data.key"), keys: make("backup-keys.key") }
}

async fn back_up(app: &App, keys: &Keys, to: &Path) -> Made {
    std::fs::create_dir_all(to).unwrap();
    let (data, key_file) = (to.join(DATA_FILE), to.join(KEYS_FILE));
    let to = BackupTo { data: &data, keys: &key_file, data_key: &keys.data, keys_key: &keys.keys };
    app.back_up(&to, &mut |_| {}).await.unwrap()
}

/// Empty databases of an engine, and a folder for objects.
async fn empty(engine: Engine, dir: &Path) -> (Location, Location) {
    match engine {
        Engine::Sqlite => (Location::Sqlite(dir.join("data.db")), Location::Sqlite(dir.join("keys.db"))),
        Engine::Postgres => {
            let at = |url| Location::Postgres(PostgresConfig { url, readers: 4 });
            (at(avouch_testkit::postgres::database().await), at(avouch_testkit::postgres::database().await))
        }
    }
}

struct Restored {
    app: App,
    done: Reapplied,
    data: Location,
    _dir: tempfile::TempDir,
}

fn config(home: &Home, data: Location, keys: Location, objects: &Path, journals: &Path) -> StoreConfig {
    let kms: Arc<dyn Kms> = Arc::new(KeyFile::open(&home.key_file()).unwrap());
    StoreConfig {
        region: Region::new("cn").unwrap(),
        data,
        keys,
        objects: objects.join("objects"),
        journals: journals.to_owned(),
        node: "a".into(),
        origin: "plaza.example/cn".into(),
        kms,
        clock: Arc::clone(&home.clock) as _,
        entropy: Arc::new(SeededEntropy::new(77)),
        policy: policy(),
        faults: None,
    }
}

async fn bring_back(
    home: &Home,
    engine: Engine,
    from: &Path,
    with: &Keys,
    journals: &Path,
) -> Result<Restored, avouch::Fault> {
    let dir = tempfile::tempdir().unwrap();
    let (data, keys) = empty(engine, dir.path()).await;
    let (data_file, keys_file) = (from.join(DATA_FILE), from.join(KEYS_FILE));
    let objects = dir.path().join("objects");
    let head = restore(
        &Restore {
            data_file: &data_file,
            keys_file: Some(&keys_file),
            data_key: &with.data,
            keys_key: &with.keys,
            data: &data,
            keys: &keys,
            objects: &objects,
            entropy: &SystemEntropy,
        },
        &mut |_| {},
    )
    .await?;
    let served = Store::open(config(home, data.clone(), keys.clone(), dir.path(), journals)).await;
    assert!(
        matches!(served, Err(StoreError::Unopened(why)) if why.contains("not finished")),
        "it does not serve before what happened since is re-applied"
    );
    let store = Store::open_restored(config(home, data.clone(), keys.clone(), dir.path(), journals)).await?;
    let app = App::new(store, Settings::default());
    let done = app.reapply(&head).await?;
    Ok(Restored { app, done, data, _dir: dir })
}

async fn reads(app: &App, subject: SubjectId, item: &str) -> usize {
    app.see(subject, item).await.map_or(0, |records| records.len())
}

async fn consented(app: &App, subject: SubjectId, purpose: &str) -> bool {
    let mut reading = app.store.reading().await.unwrap();
    let account = reading.look().unwrap().account(subject).await.unwrap().unwrap();
    account.standing.consents.has(app.policy().purpose(purpose).unwrap().index())
}

fn journals(home: &Home) -> std::path::PathBuf {
    home.dir.path().join("journals")
}

#[tokio::test]
async fn promise_5_2_a_restored_backup_brings_back_nobody_who_was_erased_and_nothing_that_was_withdrawn() {
    // Each engine's backup into the other too: they write the same.
    for (from, to) in [
        (Engine::Sqlite, Engine::Sqlite),
        (Engine::Postgres, Engine::Postgres),
        (Engine::Sqlite, Engine::Postgres),
        (Engine::Postgres, Engine::Sqlite),
    ] {
        let home = Home::new(from).await;
        let mut people = Vec::new();
        for n in 1..=5 {
            people.push(home.person(n).await.subject);
        }
        let [erased, withdrew, deleted, cancels, stays] = people[..] else { panic!("five people") };
        let plaza = Actor::Service(home.service("plaza", &["content"]).await);
        let comment = |subject, text: &str| NewRecord {
            subject,
            purpose: "content".into(),
            item: "comment".into(),
            record: None,
            value: text.into(),
        };
        let (gone, _) = home.app.put_record(comment(deleted, "a comment"), &plaza).await.unwrap();
        home.app.put_record(comment(deleted, "another"), &plaza).await.unwrap();
        for subject in [withdrew, stays] {
            home.consent(subject, "marketing", true).await;
        }
        let cookie = home.app.log_in("person5", PASSWORD, Default::default()).await.unwrap().to_cookie();

        let night = tempfile::tempdir().unwrap();
        let keys = keys(night.path());
        let made = back_up(&home.app, &keys, &night.path().join("backup")).await;
        assert!(made.backup.rows > 0 && made.backup.keys >= 5);

        home.clock.advance(SignedDuration::from_hours(8));
        home.app.erase(erased).await.unwrap();
        home.consent(withdrew, "marketing", false).await;
        home.app.delete_record(deleted, "comment", gone).await.unwrap();
        home.app.cancel(&home.session(4).await, false).await.unwrap();

        let back = bring_back(&home, to, &night.path().join("backup"), &keys, &journals(&home)).await.unwrap();
        assert_eq!(
            (back.done.erased, back.done.answers, back.done.deleted, back.done.cancelling),
            (1, 1, 1, 1),
            "{from:?} to {to:?}: {:?}",
            back.done
        );
        assert_eq!(reads(&back.app, erased, "nickname").await, 0);
        assert!(back.app.log_in("person1", PASSWORD, Default::default()).await.is_err());
        assert!(!consented(&back.app, withdrew, "marketing").await);
        assert!(consented(&back.app, stays, "marketing").await);
        assert_eq!(reads(&back.app, deleted, "comment").await, 1);
        assert_eq!(reads(&back.app, stays, "nickname").await, 1);
        assert!(back.app.log_in("person5", PASSWORD, Default::default()).await.is_ok());
        assert!(back.app.session(&cookie).await.unwrap().is_none(), "who was logged in logs in anew");
        let mut reading = back.app.store.reading().await.unwrap();
        assert!(reading.look().unwrap().account(cancels).await.unwrap().unwrap().cancel_due.is_some());
        drop(reading);

        // The old log ends where the backup was made; a new one was begun, and both verify.
        let ledger = LedgerReader::open(&back.data).unwrap();
        let heads = ledger.heads().await.unwrap();
        assert_eq!(heads.len(), 2);
        for head in heads {
            assert!(ledger.verify(&head.log).await.unwrap().faults.is_empty());
        }
    }
}

#[tokio::test]
async fn promise_5_2_a_backup_is_not_restored_where_what_happened_since_cannot_be_known() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    home.consent(subject, "marketing", true).await;
    home.consent(subject, "marketing", false).await;
    let night = tempfile::tempdir().unwrap();
    let keys = keys(night.path());
    let backup = night.path().join("backup");
    back_up(&home.app, &keys, &backup).await;
    home.app.erase(subject).await.unwrap();
    let told = |outcome: Result<Restored, avouch::Fault>| match outcome {
        Err(fault) => fault.to_string(),
        Ok(_) => panic!("it was restored"),
    };
    let own = journals(&home).join("cn-a.journal");
    let elsewhere = tempfile::tempdir().unwrap();
    let place = |bytes: &[u8]| std::fs::write(elsewhere.path().join("cn-a.journal"), bytes).unwrap();
    // Lost: a fresh one was begun in its place.
    let said = told(bring_back(&home, Engine::Sqlite, &backup, &keys, elsewhere.path()).await);
    assert!(said.contains("cannot be known") && said.contains("another"), "{said}");
    // From before the backup: cut off.
    let whole = std::fs::read(&own).unwrap();
    place(&whole[..32]);
    let said = told(bring_back(&home, Engine::Sqlite, &backup, &keys, elsewhere.path()).await);
    assert!(said.contains("ends before"), "{said}");
    // Any changed byte of an entry is found.
    for at in 32..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        place(&bytes);
        let outcome = Store::open(config(
            &home,
            home.places().0.clone(),
            home.places().1.clone(),
            home.dir.path(),
            elsewhere.path(),
        ));
        assert!(outcome.await.is_err(), "byte {at}");
    }
    // Half an entry at its end is one that was never acknowledged.
    place(&[&whole[..], &[3; 20]].concat());
    let back = bring_back(&home, Engine::Sqlite, &backup, &keys, elsewhere.path()).await.unwrap();
    assert_eq!(back.done.erased, 1);
    assert_eq!(reads(&back.app, subject, "nickname").await, 0);
}

#[tokio::test]
async fn promise_5_5_a_backup_shows_nothing_and_a_changed_one_is_refused() {
    let home = Home::new(Engine::Sqlite).await;
    let word = canary(7);
    home.try_person(1, &[("nickname", &word)]).await.unwrap();
    let night = tempfile::tempdir().unwrap();
    let with = keys(night.path());
    let backup = night.path().join("backup");
    back_up(&home.app, &with, &backup).await;
    assert!(scan(&backup, &[word.as_bytes()]).is_empty(), "no value in clear");
    let subject_ids = home.app.store.keyed_subjects(None).await.unwrap();
    let data = std::fs::read(backup.join(DATA_FILE)).unwrap();
    for file in [DATA_FILE, KEYS_FILE] {
        let bytes = std::fs::read(backup.join(file)).unwrap();
        let id = subject_ids[0].id();
        assert!(!bytes.windows(16).any(|w| w == id), "no row of {file} in clear");
    }
    // The keys are two: with one of them alone, or swapped, nothing opens.
    let other = tempfile::tempdir().unwrap();
    let strangers = keys(other.path());
    for wrong in [
        Keys { data: KeyFile::open(&night.path().join("backup-keys.key")).unwrap(), keys: strangers.keys },
        Keys { data: strangers.data, keys: KeyFile::open(&night.path().join("backup-keys.key")).unwrap() },
    ] {
        assert!(bring_back(&home, Engine::Sqlite, &backup, &wrong, &journals(&home)).await.is_err());
    }
    // A byte changed anywhere, or the end missing.
    for at in (0..data.len()).step_by(data.len() / 40 + 1).chain([data.len() - 1]) {
        let mut bytes = data.clone();
        bytes[at] ^= 1;
        std::fs::write(backup.join(DATA_FILE), &bytes).unwrap();
        assert!(bring_back(&home, Engine::Sqlite, &backup, &with, &journals(&home)).await.is_err(), "byte {at}");
    }
    for keep in [data.len() - 1, data.len() / 2, 10] {
        std::fs::write(backup.join(DATA_FILE), &data[..keep]).unwrap();
        assert!(bring_back(&home, Engine::Sqlite, &backup, &with, &journals(&home)).await.is_err(), "{keep} bytes");
    }
    std::fs::write(backup.join(DATA_FILE), &data).unwrap();
    assert!(bring_back(&home, Engine::Sqlite, &backup, &with, &journals(&home)).await.is_ok());
}

/// The journal's disk is full.
struct FullJournal;

impl Faults for FullJournal {
    fn strike(&self, point: &'static str) -> bool {
        point == "journal"
    }
}

#[tokio::test]
async fn promise_6_3_a_journal_that_cannot_be_written_acknowledges_no_withdrawal_and_no_erasure() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    home.consent(subject, "marketing", true).await;
    let app = home.node("b", Some(Arc::new(FullJournal))).await;
    let withdrawn = app.answer(subject, "marketing", false, "en", &Actor::Subject).await;
    assert!(withdrawn.is_err());
    assert!(consented(&home.app, subject, "marketing").await, "nothing half-happened");
    assert!(app.erase(subject).await.is_err());
    assert_eq!(reads(&home.app, subject, "nickname").await, 1);
}
