//! Last night's backup restored today: who was erased stays erased, what was withdrawn or deleted stays so.
//!
//! Keeps promises 2.5, 5.2, 5.5, 6.2, 6.3 and 6.4.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use avouch::collection::put::NewRecord;
use avouch::security::code::From;
use avouch::security::staff::Change;
use avouch::storage::backup::{self, Made, Reapplied};
use avouch::store::SubjectId;
use avouch::{App, Settings};
use avouch_seal::{KeyFile, Kms, Region, SystemEntropy};
use avouch_store::{
    Actor, ApprovalKind, BackupTo, DATA_FILE, ExactAct, Faults, Hold, KEYS_FILE, Kept, LedgerReader, LinkId, Location,
    NewJointLogin, Origin, Outcome, PostgresConfig, Receipt, RecipientState, RecordId, Restore, StaffRole, Store,
    StoreConfig, StoreError, TokenHead, Transact, Transfer, TransferStage, Tx, restore,
};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Engine, Home, SeededEntropy, policy};
use jiff::SignedDuration;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

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
    bring_back_into(home, dir, (data, keys), from, with, journals, None).await
}

async fn bring_back_into(
    home: &Home,
    dir: tempfile::TempDir,
    (data, keys): (Location, Location),
    from: &Path,
    with: &Keys,
    journals: &Path,
    faults: Option<Arc<dyn Faults>>,
) -> Result<Restored, avouch::Fault> {
    let (data_file, keys_file) = (from.join(DATA_FILE), from.join(KEYS_FILE));
    let objects = dir.path().join("objects");
    let restore = Restore {
        data_file: &data_file,
        keys_file: Some(&keys_file),
        data_key: &with.data,
        keys_key: &with.keys,
        data: &data,
        keys: &keys,
        objects: &objects,
        entropy: &SystemEntropy,
    };
    let opening = || config(home, data.clone(), keys.clone(), dir.path(), journals);
    let outcome = backup::bring_back(&restore, StoreConfig { faults, ..opening() }, &mut |_| {}).await;
    let (_, done) = match outcome {
        Ok(brought) => brought,
        Err(fault) => {
            // Nothing half-filled is left: the same places take the same backup again.
            assert!(!objects.exists());
            for place in [&data, &keys] {
                assert!(is_empty(place).await);
            }
            return Err(fault);
        }
    };
    let app = App::new(Store::open(opening()).await?, Settings::default());
    app.resume_erasures().await?;
    Ok(Restored { app, done, data, _dir: dir })
}

async fn is_empty(place: &Location) -> bool {
    match place {
        Location::Sqlite(path) => !path.exists(),
        Location::Postgres(at) => {
            let (client, connection) = tokio_postgres::connect(&at.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let sql = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = current_schema()";
            client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0
        }
    }
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
        let mut look = reading.look().unwrap();
        assert!(look.account(cancels).await.unwrap().unwrap().cancel_due.is_some());
        assert!(look.is_suppressed(withdrew, "marketing", "email").await.unwrap());
        drop(look);
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
    for engine in ENGINES {
        unknowable(engine).await;
    }
}

async fn unknowable(engine: Engine) {
    let home = Home::new(engine).await;
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
    // Lost; and nothing is begun in its place by trying.
    let said = told(bring_back(&home, engine, &backup, &keys, elsewhere.path()).await);
    assert!(said.contains("cannot be known") && said.contains("is missing"), "{said}");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "no empty journal");
    // Another one.
    let mut other = std::fs::read(&own).unwrap();
    other[20] ^= 1;
    place(&other);
    let said = told(bring_back(&home, engine, &backup, &keys, elsewhere.path()).await);
    assert!(said.contains("cannot be known") && said.contains("another"), "{said}");
    // From before the backup: cut off.
    let whole = std::fs::read(&own).unwrap();
    place(&whole[..32]);
    let said = told(bring_back(&home, engine, &backup, &keys, elsewhere.path()).await);
    assert!(said.contains("ends before"), "{said}");
    // Any changed byte of an entry is found.
    for at in (32..whole.len()).step_by(if engine == Engine::Sqlite { 1 } else { 29 }) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        place(&bytes);
        let (data, keys) = home.places();
        let outcome = Store::open(config(&home, data.clone(), keys.clone(), home.dir.path(), elsewhere.path())).await;
        assert!(outcome.is_err(), "byte {at}");
    }
    // Half an entry at its end is one that was never acknowledged. Whoever only looks leaves it, whoever writes cuts it off.
    let torn = [&whole[..], &[3; 20]].concat();
    place(&torn);
    let (data, key_store) = home.places();
    let look = config(&home, data.clone(), key_store.clone(), home.dir.path(), elsewhere.path());
    drop(Store::open_to_look(look).await.unwrap());
    assert_eq!(std::fs::read(elsewhere.path().join("cn-a.journal")).unwrap(), torn, "a look changes nothing");
    let back = bring_back(&home, engine, &backup, &keys, elsewhere.path()).await.unwrap();
    assert_eq!(back.done.erased, 1);
    assert_eq!(reads(&back.app, subject, "nickname").await, 0);
    let after = std::fs::read(elsewhere.path().join("cn-a.journal")).unwrap();
    assert!(after.starts_with(&whole) && (after.len() - 32).is_multiple_of(48), "what was acknowledged is all there");
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

/// Fails one write: the one of that number, at that point.
struct At(&'static str, AtomicU32);

impl Faults for At {
    fn strike(&self, point: &'static str) -> bool {
        point == self.0 && self.1.fetch_sub(1, Ordering::SeqCst) == 0
    }
}

#[tokio::test]
async fn promise_5_2_a_restore_that_fails_anywhere_leaves_nothing_half_filled() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let mut people = Vec::new();
        for n in 1..=2 {
            let subject = home.person(n).await.subject;
            home.consent(subject, "marketing", true).await;
            people.push(subject);
        }
        let night = tempfile::tempdir().unwrap();
        let with = keys(night.path());
        let backup = night.path().join("backup");
        back_up(&home.app, &with, &backup).await;
        home.app.erase(people[0]).await.unwrap();
        home.consent(people[1], "marketing", false).await;
        let database = empty(engine, night.path()).await;
        let folder = journals(&home);
        // Into the same databases each time; files of SQLite are others, for the ones before are closed a little later.
        let again = async |faults| {
            let dir = tempfile::tempdir().unwrap();
            let places = if engine == Engine::Sqlite { empty(engine, dir.path()).await } else { database.clone() };
            bring_back_into(&home, dir, places, &backup, &with, &folder, faults).await
        };
        // Each file cut off near its end, when most of it was written.
        for file in [DATA_FILE, KEYS_FILE] {
            let bytes = std::fs::read(backup.join(file)).unwrap();
            std::fs::write(backup.join(file), &bytes[..bytes.len() - 9]).unwrap();
            assert!(again(None).await.is_err(), "{file}");
            std::fs::write(backup.join(file), &bytes).unwrap();
        }
        // Each write of what is re-applied. `bring_back_into` looks at what was left after each failure.
        let mut struck = 0;
        for point in ["before commit", "journal", "after commit"] {
            for n in 0.. {
                let outcome = again(Some(Arc::new(At(point, AtomicU32::new(n))) as _)).await;
                match outcome {
                    Err(_) => struck += 1,
                    Ok(back) => {
                        assert!(n > 0, "{point}");
                        assert_eq!(reads(&back.app, people[0], "nickname").await, 0, "{point} {n}");
                        assert!(!consented(&back.app, people[1], "marketing").await, "{point} {n}");
                        drop(back);
                        clear(&database).await;
                        break;
                    }
                }
            }
        }
        assert!(struck >= 8, "{struck}");
    }
}

/// Empties databases that were filled on purpose.
async fn clear((data, keys): &(Location, Location)) {
    for place in [data, keys] {
        match place {
            Location::Sqlite(path) => {
                for end in ["", "-wal", "-shm"] {
                    let _may_be_gone = std::fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            Location::Postgres(at) => {
                let (client, connection) = tokio_postgres::connect(&at.url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn promise_5_2_a_restore_that_was_killed_is_begun_anew_in_the_same_place() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subject = home.person(1).await.subject;
        let night = tempfile::tempdir().unwrap();
        let with = keys(night.path());
        let backup = night.path().join("backup");
        back_up(&home.app, &with, &backup).await;
        // The rows are there, and nothing was re-applied: as if the power had gone.
        let (data, keys) = empty(engine, night.path()).await;
        let data_file = backup.join(DATA_FILE);
        let killed = Restore {
            data_file: &data_file,
            keys_file: None,
            data_key: &with.data,
            keys_key: &with.keys,
            data: &data,
            keys: &keys,
            objects: &night.path().join("half"),
            entropy: &SystemEntropy,
        };
        restore(&killed, &mut |_| {}).await.unwrap();
        let served = Store::open(config(&home, data.clone(), keys.clone(), night.path(), &journals(&home))).await;
        assert!(
            matches!(served, Err(StoreError::Unopened(why)) if why.contains("not finished")),
            "it does not serve before what happened since is re-applied"
        );
        clear(&(keys.clone(), keys.clone())).await;
        let dir = tempfile::tempdir().unwrap();
        let back = bring_back_into(&home, dir, (data, keys), &backup, &with, &journals(&home), None).await.unwrap();
        assert_eq!(reads(&back.app, subject, "nickname").await, 1);
    }
}

#[tokio::test]
async fn promise_5_2_where_the_key_store_stays_keys_are_given_up_only_once_the_data_is_in_its_place() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (stays, erased) = (home.person(1).await.subject, home.person(2).await.subject);
        let night = tempfile::tempdir().unwrap();
        let with = keys(night.path());
        let backup = night.path().join("backup");
        back_up(&home.app, &with, &backup).await;
        let late = home.person(3).await.subject;
        home.app.erase(erased).await.unwrap();
        let (data, _) = empty(engine, night.path()).await;
        let key_store = home.places().1.clone();
        let (data_file, objects) = (backup.join(DATA_FILE), night.path().join("objects"));
        let from = Restore {
            data_file: &data_file,
            keys_file: None,
            data_key: &with.data,
            keys_key: &with.keys,
            data: &data,
            keys: &key_store,
            objects: &objects,
            entropy: &SystemEntropy,
        };
        let opening = || config(&home, data.clone(), key_store.clone(), night.path(), &journals(&home));
        for n in 0..2 {
            let faults: Option<Arc<dyn Faults>> = Some(Arc::new(At("before commit", AtomicU32::new(n))));
            let outcome = backup::bring_back(&from, StoreConfig { faults, ..opening() }, &mut |_| {}).await;
            if outcome.is_ok() {
                break;
            }
            assert_eq!(reads(&home.app, late, "nickname").await, 1, "a failed restore took nobody's key");
            assert!(is_empty(&data).await);
        }
        if is_empty(&data).await {
            backup::bring_back(&from, opening(), &mut |_| {}).await.unwrap();
        }
        assert_eq!(
            reads(&home.app, late, "nickname").await,
            1,
            "until it is in its place, the data that is here opens"
        );
        let app = App::new(Store::open(opening()).await.unwrap(), Settings::default());
        app.resume_erasures().await.unwrap();
        assert_eq!(reads(&home.app, late, "nickname").await, 0, "whose data was not brought back has no key any more");
        assert_eq!((reads(&app, stays, "nickname").await, reads(&app, erased, "nickname").await), (1, 0));
        assert_eq!(app.store.people().await.unwrap(), 1);
    }
}

/// Begins, or ends, what can end otherwise than by a withdrawal or a deletion.
struct Links {
    who: SubjectId,
    guardian: SubjectId,
    end: bool,
}

const TRANSFER: [u8; 16] = [9; 16];
const LINK: LinkId = LinkId([8; 16]);

fn token(who: SubjectId, now: jiff::Timestamp, uses: Option<u64>) -> TokenHead {
    TokenHead {
        handle: String::new(),
        subject: who,
        service: "shop".into(),
        purpose: "orders".into(),
        item: "phone".into(),
        record: RecordId::ONLY,
        created: now,
        expires: None,
        uses,
    }
}

impl Transact for Links {
    const NAME: &'static str = "begin or end links";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.who, Hold::Exclusive));
        hold.push((self.guardian, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (who, now) = (self.who, tx.now());
        if self.end {
            assert!(tx.unlink_joint(who, "harbour").await?);
            assert!(tx.decline_quarantined(who, "interests", RecordId::ONLY).await?);
            let unlimited = tx.tokens(who).await?.into_iter().find(|t| t.uses.is_none()).unwrap();
            tx.revoke_token(who, &unlimited.handle, None).await?;
            assert!(tx.object_transfer(who, TRANSFER, true).await?);
            assert!(tx.end_guardian(who, self.guardian, LINK).await?);
            let digests = tx.suppressed_as(who, "email").await?;
            tx.suppress("marketing", &digests).await?;
        } else {
            let receipt = Receipt { log: "a".into(), index: 0 };
            let login = NewJointLogin {
                partner: "harbour",
                identity: "https://id.harbour.example 7",
                scopes: "openid",
                receipt: &receipt,
                token: Some(b"ends the grant"),
            };
            assert!(tx.link_joint(who, &login).await?);
            let kept = Kept {
                item: "interests",
                id: RecordId::ONLY,
                purpose: "recommendation",
                service: "shop",
                value: b"chess",
                reasons: &[],
                until: now + SignedDuration::from_hours(99),
            };
            tx.quarantine(who, &kept, &Origin { source: "import:old".into(), collected: now }).await?;
            for uses in [None, Some(2)] {
                tx.make_token(&token(who, now, uses)).await?;
            }
            let transfer = Transfer {
                id: TRANSFER,
                kind: "merger".into(),
                recipient: "courier".into(),
                agreement: "signed".into(),
                source: avouch_testkit::home::source(),
                changed: Vec::new(),
                effective: now + SignedDuration::from_hours(240),
                announced: now,
                stage: TransferStage::Announced,
                ended: None,
            };
            tx.ask_guardian(who, Some(self.guardian), LINK).await?;
            tx.confirm_guardian(who, self.guardian, LINK).await?;
            tx.enter_transfer(&transfer).await?;
            assert!(tx.tell_transfer(who, &transfer, 0).await?);
        }
        tx.note("test", "", &[], avouch_policy::Party::System, Outcome::Done, None).await.map(|_| ())
    }
}

#[tokio::test]
async fn promise_5_2_links_tokens_and_objections_that_ended_since_stay_ended() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (who, guardian) = (home.person(1).await.subject, home.person(2).await.subject);
        home.app.store.transact(Links { who, guardian, end: false }).await.unwrap();
        let night = tempfile::tempdir().unwrap();
        let with = keys(night.path());
        let backup = night.path().join("backup");
        back_up(&home.app, &with, &backup).await;
        let undisturbed = bring_back(&home, engine, &backup, &with, &journals(&home)).await.unwrap();
        assert_eq!((undisturbed.done.ended, undisturbed.done.deleted), (0, 0), "what stood still stands");
        home.clock.advance(SignedDuration::from_hours(8));
        home.app.store.transact(Links { who, guardian, end: true }).await.unwrap();
        let back = bring_back(&home, engine, &backup, &with, &journals(&home)).await.unwrap();
        assert_eq!((back.done.ended, back.done.deleted), (4, 1), "{:?}", back.done);
        for (app, over) in [(&undisturbed.app, false), (&back.app, true)] {
            let mut reading = app.store.reading().await.unwrap();
            let mut look = reading.look().unwrap();
            assert_eq!(look.joint_logins(who).await.unwrap().is_empty(), over);
            assert_eq!(look.quarantined(who).await.unwrap().is_empty(), over);
            let tokens = look.tokens(who).await.unwrap();
            assert!(tokens.iter().all(|t| t.uses.is_none()), "how often one was spent since is not known: it ends");
            assert_eq!(tokens.is_empty(), over);
            let person = look.transfer_person(who, TRANSFER).await.unwrap().unwrap();
            assert_eq!(person.objected.is_some(), over);
            assert_eq!(look.guardian_links(who).await.unwrap().is_empty(), over);
            assert_eq!(look.account(who).await.unwrap().unwrap().standing.guardian, !over);
            assert_eq!(
                look.is_suppressed(who, "marketing", "email").await.unwrap(),
                over,
                "who refused is not written to"
            );
        }
    }
}

#[tokio::test]
async fn promise_5_6_whoever_was_shut_out_since_stays_out_and_what_was_replaced_opens_nothing() {
    const NEW: &str = "copper meadow lantern thunder";
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        let (changes, moves) = (home.person(1).await.subject, home.person(2).await.subject);
        let old = home.app.register_service("shop", &["orders".to_owned()]).await.unwrap();
        home.app.register_service("feed", &["orders".to_owned()]).await.unwrap();
        let console = home.console("admin", &[StaffRole::Administrator]).await;
        for name in ["leaves", "stays"] {
            home.operator(name, &[StaffRole::DataProtectionOfficer]).await;
        }
        let act = ExactAct::new(ApprovalKind::LegalHold).with("reason", "court");
        let spent = home.app.ask_approval(&home.staff("stays").await, act, "a court asks").await.unwrap();
        home.app.answer_approval(&home.staff("leaves").await, spent, true, "yes").await.unwrap();
        home.app.store.transact(Links { who: changes, guardian: moves, end: false }).await.unwrap();
        let night = tempfile::tempdir().unwrap();
        let with = keys(night.path());
        let backup = night.path().join("backup");
        back_up(&home.app, &with, &backup).await;

        home.clock.advance(SignedDuration::from_hours(8));
        home.app.rotate_service("shop", "admin").await.unwrap();
        home.app.change_operator_here("leaves", Change::Disable).await.unwrap();
        home.app.suspend_recipient("stays", "courier", "a leak").await.unwrap();
        home.app.change_password(&home.session(1).await, PASSWORD, NEW, "", "en").await.unwrap();
        let session = home.session(2).await;
        let here = From { address: "192.0.2.7", language: "en" };
        home.app.start_change(&session, "email", "moved@plaza.example", here).await.unwrap();
        home.app.work().await.unwrap();
        let code = outbox.take().into_iter().find_map(|m| m.code).unwrap();
        home.app.finish_change(&session, "email", "moved@plaza.example", &code, "en").await.unwrap();

        let back = bring_back(&home, engine, &backup, &with, &journals(&home)).await.unwrap();
        assert_eq!(back.done.shut, ["service shop", "operator leaves", "recipient courier"]);
        assert_eq!(back.done.replaced, 2, "{:?}", back.done);
        let app = &back.app;
        assert!(app.service(&old).await.unwrap().is_none(), "a credential that was rotated lets nobody in");
        let services = app.services().await.unwrap();
        assert!(services.iter().all(|s| s.suspended == (s.name == "shop")), "{services:?}");
        assert!(app.operator(&console).await.unwrap().is_none(), "no operator is signed in");
        let operators = app.operators().await.unwrap();
        assert!(operators.iter().all(|o| o.active == (o.name != "leaves")), "{operators:?}");
        assert!(app.recipient("courier").await.unwrap().recipient.standing.state == RecipientState::Suspended);
        assert!(app.carry_out(&home.staff("stays").await, spent).await.is_err(), "an approval is not used twice");
        for password in [PASSWORD, NEW] {
            assert!(app.log_in("person1", password, Default::default()).await.is_err());
        }
        assert_eq!(reads(app, changes, "nickname").await, 1, "their data is theirs still");
        let mut reading = app.store.reading().await.unwrap();
        let mut look = reading.look().unwrap();
        assert!(look.find("email", "person2@plaza.example").await.unwrap().is_none());
        assert!(look.find("user_name", "person2").await.unwrap() == Some(moves));
    }
}

/// Every cell of a database of SQLite, table by table.
fn cells(place: &Location) -> BTreeMap<String, Vec<String>> {
    let Location::Sqlite(path) = place else { panic!("SQLite") };
    let db = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let tables: Vec<String> =
        db.prepare(sql).unwrap().query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = BTreeMap::new();
    for table in tables {
        let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let count = all.column_count();
        let mut rows = all.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let line: Vec<String> = (0..count).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
            lines.push(line.join(" "));
        }
        lines.sort();
        out.insert(table, lines);
    }
    out
}

#[tokio::test]
async fn promise_5_2_every_table_is_in_a_backup_whichever_engine_it_goes_through() {
    let home = Home::new(Engine::Sqlite).await;
    let (who, guardian) = (home.person(1).await.subject, home.person(2).await.subject);
    home.app.store.transact(Links { who, guardian, end: false }).await.unwrap();
    home.service("shop", &["orders"]).await;
    home.operator("admin", &[StaffRole::Administrator]).await;
    let with_keys = tempfile::tempdir().unwrap();
    let with = keys(with_keys.path());
    let before = cells(home.places().0);
    // What is ended on purpose, what says where the data is, and the leaf of the restore itself.
    let changed = [
        "session",
        "code",
        "operator_token",
        "token",
        "case_reveal",
        "job",
        "meta",
        "leaf",
        "node",
        "log",
        "checkpoint",
        "subject_leaf",
    ];
    let mut nights = vec![(with_keys.path().join("first"), Engine::Postgres)];
    back_up(&home.app, &with, &nights[0].0).await;
    let through = bring_back(&home, Engine::Postgres, &nights[0].0, &with, &journals(&home)).await.unwrap();
    nights.push((with_keys.path().join("second"), Engine::Sqlite));
    back_up(&through.app, &with, &nights[1].0).await;
    let back = bring_back(&home, Engine::Sqlite, &nights[1].0, &with, &journals(&home)).await.unwrap();
    let after = cells(&back.data);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (table, rows) in &before {
        if !changed.contains(&table.as_str()) {
            assert_eq!(rows, &after[table], "{table}");
        }
    }
    let filled = before.iter().filter(|(table, rows)| !changed.contains(&table.as_str()) && !rows.is_empty()).count();
    assert!(filled >= 12, "{filled} tables have rows");
}
