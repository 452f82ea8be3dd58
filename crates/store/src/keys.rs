//! The key store: a second database, apart from data and from its backups.
//!
//! Keeps promises 5.2, 5.5 and 6.3. It commits first and is the truth: a subject whose key is gone is
//! erased, whatever else still stands. See ADR 0003.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use avouch_seal::{Entropy, HoldingKey, Kms, KmsError, LookupKey, Region, RegionKey, SubjectId, SubjectKey, Suite};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::{Db, Hold, Location, SqliteConn, Val, truncate_wal};
use crate::error::StoreError;
use crate::migrate::{self, Which};
use crate::pool::Pool;

/// The keys of one region.
pub(crate) struct KeyStore {
    pub(crate) region: Region,
    pub(crate) pool: Pool,
    /// SQLite's one writing connection; PostgreSQL writes through its pool.
    pub(crate) writer: Option<Arc<Mutex<SqliteConn>>>,
    pub(crate) kms: Arc<dyn Kms>,
    /// What new values are sealed with.
    pub(crate) suite: Suite,
    ring: RwLock<Arc<Ring>>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The region's keys, unwrapped. Another process may add one; then they are read again.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    /// By version, the newest last.
    pub(crate) regions: Vec<RegionKey>,
    /// By version, the newest last.
    lookups: Vec<LookupKey>,
}

impl Ring {
    pub(crate) fn current(&self) -> Result<&RegionKey, StoreError> {
        self.regions.last().ok_or_else(|| StoreError::Unopened("the key store holds no region key".into()))
    }

    pub(crate) fn version(&self, version: i64) -> Option<&RegionKey> {
        self.regions.iter().find(|k| i64::from(k.version()) == version)
    }

    fn lookup(&self) -> Result<&LookupKey, StoreError> {
        self.lookups.last().ok_or_else(|| StoreError::Unopened("the key store holds no lookup key".into()))
    }
}

/// Held shared while a person's key is made, alone while old region keys are given up.
pub(crate) const KEYRING: i64 = 0x006b_6579_7269_6e67;

impl From<KmsError> for StoreError {
    fn from(e: KmsError) -> Self {
        Self::Unopened(e.to_string())
    }
}

pub(crate) fn poll_now<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => out,
        Poll::Pending => Err(StoreError::Misused { name: "key store", why: "it awaited on SQLite".into() }),
    }
}

/// Runs `$body`, an async block over `$db`, alone in a transaction of the key store.
macro_rules! alone {
    ($self:ident, |$db:ident| $body:expr) => {{
        match (&$self.pool, &$self.writer) {
            (Pool::Postgres(pool), _) => {
                let mut conn = pool.take().await?;
                let mut $db = Db::Postgres(&mut conn);
                $db.begin().await?;
                let out = $body.await;
                $db.script(if out.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
                out
            }
            (Pool::Sqlite(_), Some(writer)) => {
                let writer = Arc::clone(writer);
                tokio::task::spawn_blocking(move || {
                    let mut conn = writer.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut $db = Db::Sqlite(&mut conn);
                    poll_now(async {
                        $db.begin().await?;
                        let out = $body.await;
                        $db.script(if out.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
                        out
                    })
                })
                .await
                .map_err(|_| StoreError::Closing)?
            }
            (Pool::Sqlite(_), None) => Err(StoreError::Closing),
        }
    }};
}

pub(crate) use alone;

impl KeyStore {
    /// Opens the key store of a region, making its first keys where the store is new.
    pub(crate) async fn open(
        location: &Location,
        region: Region,
        suite: Suite,
        kms: Arc<dyn Kms>,
        entropy: Arc<dyn Entropy>,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let pool = Pool::open(location)?;
        let writer = match &pool {
            Pool::Sqlite(file) => Some(Arc::new(Mutex::new(file.writer()?))),
            Pool::Postgres(_) => None,
        };
        let store = Self { region, pool, writer, kms, suite, ring: RwLock::default(), entropy };
        store.migrate().await?;
        let fresh = store.wrapped(&store.region_name()).await?.is_empty();
        if fresh {
            let (_, secret) = RegionKey::generate(region, 1, suite, store.kms.as_ref(), store.entropy.as_ref())?;
            store.keep_wrapped(&store.region_name(), 1, secret, at).await?;
        }
        // Read back: where two nodes start together, the first one's key holds for both.
        store.refresh().await?;
        if store.ring().lookups.is_empty() {
            // Before it was kept by itself it hung on the first region key, in the suite of that time.
            let ring = store.ring();
            let first = ring.current()?;
            let secret = match (fresh, ring.regions.first()) {
                (false, Some(first)) => first.in_suite(Suite::default()).lookup(),
                _ => first.lookup(),
            }
            .wrapped(store.kms.as_ref(), store.entropy.as_ref())?;
            store.keep_wrapped(&store.lookup_name(), 1, secret, at).await?;
            store.refresh().await?;
        }
        Ok(store)
    }

    pub(crate) fn region_name(&self) -> String {
        format!("region:{}", self.region)
    }

    fn lookup_name(&self) -> String {
        format!("lookup:{}", self.region)
    }

    /// The keys as they were last read.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let mut ring = Ring::default();
        for (version, secret) in self.wrapped(&self.region_name()).await? {
            ring.regions.push(RegionKey::from_wrapped(self.region, version, self.suite, &secret, self.kms.as_ref())?);
        }
        for (_, secret) in self.wrapped(&self.lookup_name()).await? {
            ring.lookups.push(LookupKey::from_wrapped(self.region, &secret, self.kms.as_ref())?);
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        match (&self.pool, &self.writer) {
            (Pool::Postgres(pool), _) => migrate::apply(&mut Db::Postgres(&mut pool.take().await?), Which::Keys).await,
            (Pool::Sqlite(_), Some(writer)) => {
                let mut conn = writer.lock().unwrap_or_else(PoisonError::into_inner);
                poll_now(migrate::apply(&mut Db::Sqlite(&mut conn), Which::Keys))
            }
            (Pool::Sqlite(_), None) => Err(StoreError::Closing),
        }
    }

    pub(crate) async fn wrapped(&self, name: &str) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
        let mut loan = self.pool.take().await?;
        let rows = loan
            .db()?
            .query("SELECT version, secret FROM wrapped WHERE name = ?1 ORDER BY version", &[Val::Text(name)])
            .await?;
        rows.iter().map(|row| Ok((u32::try_from(row.int(0)?).unwrap_or(0), row.blob(1)?.to_vec()))).collect()
    }

    pub(crate) async fn keep_wrapped(
        &self,
        name: &str,
        version: u32,
        secret: Vec<u8>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        alone!(self, |db| async {
            db.execute(
                "INSERT INTO wrapped (name, version, secret, made) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (name, version) DO NOTHING",
                &[Val::Text(&name), Val::Int(i64::from(version)), Val::Blob(&secret), at.into()],
            )
            .await
            .map(|_| ())
        })
    }

    /// The seed of a log's signing key, made on first use.
    pub(crate) async fn log_seed(&self, log: &str, at: Timestamp) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let name = format!("log:{log}");
        if self.wrapped(&name).await?.is_empty() {
            let seed = Zeroizing::new(self.entropy.bytes::<32>());
            let secret = self.kms.wrap(&name, seed.as_ref(), self.entropy.as_ref())?;
            self.keep_wrapped(&name, 1, secret, at).await?;
        }
        let (_, secret) = self.wrapped(&name).await?.pop().ok_or(StoreError::Closing)?;
        Ok(self.kms.unwrap(&name, &secret)?)
    }

    /// Makes new subjects' keys, durably and all at once, before anything of theirs is written.
    pub(crate) async fn create(&self, subjects: &[SubjectId], at: Timestamp) -> Result<(), StoreError> {
        loop {
            let ring = self.ring();
            let region_key = ring.current()?;
            let version = i64::from(region_key.version());
            let mut made = Vec::with_capacity(subjects.len());
            for subject in subjects {
                let (_, secret) = region_key
                    .new_subject(subject, self.entropy.as_ref())
                    .map_err(|e| StoreError::Sealed(e.to_string()))?;
                made.push((*subject, secret));
            }
            let name = self.region_name();
            let kept = alone!(self, |db| async {
                db.lock(&[(KEYRING, Hold::Shared)]).await?;
                // Nobody's key is wrapped by a region key that was rotated away.
                let newest = db.first("SELECT max(version) FROM wrapped WHERE name = ?1", &[Val::Text(&name)]).await?;
                if newest.map_or(Ok(None), |row| row.int_opt(0))? != Some(version) {
                    return Ok(false);
                }
                for (subject, secret) in &made {
                    db.execute(
                        "INSERT INTO subject_key (subject, region_version, secret) VALUES (?1, ?2, ?3)",
                        &[Val::Blob(subject.id()), Val::Int(version), Val::Blob(secret)],
                    )
                    .await?;
                    db.execute(
                        "INSERT INTO joining (subject, at) VALUES (?1, ?2)",
                        &[Val::Blob(subject.id()), at.into()],
                    )
                    .await?;
                }
                Ok(true)
            })?;
            if kept {
                return Ok(());
            }
            self.refresh().await?;
            if self.ring().current().is_ok_and(|k| i64::from(k.version()) == version) {
                return Err(StoreError::Unreadable("the newest region key is not in the key store".into()));
            }
        }
    }

    /// The joinings have ended well: the keys stay.
    pub(crate) async fn joined(&self, subjects: &[SubjectId]) -> Result<(), StoreError> {
        let subjects = subjects.to_vec();
        alone!(self, |db| async {
            for subject in &subjects {
                db.execute("DELETE FROM joining WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
            }
            Ok(())
        })
    }

    /// Keys made up to `until` for joinings that have not been seen to end.
    pub(crate) async fn joining(&self, until: Timestamp) -> Result<Vec<SubjectId>, StoreError> {
        let mut loan = self.pool.take().await?;
        let rows = loan.db()?.query("SELECT subject FROM joining WHERE at <= ?1", &[until.into()]).await?;
        rows.iter().map(|row| Ok(SubjectId::new(self.region, row.bytes(0)?))).collect()
    }

    /// A subject's key; nothing when it never was or is destroyed.
    pub(crate) async fn load(&self, subject: SubjectId) -> Result<Option<SubjectKey>, StoreError> {
        self.unwrapped(subject, "SELECT region_version, secret FROM subject_key WHERE subject = ?1").await
    }

    /// The key of a subject who is being erased, while a law's part of what they had is not kept yet.
    pub(crate) async fn parting(&self, subject: SubjectId) -> Result<Option<SubjectKey>, StoreError> {
        self.unwrapped(subject, "SELECT region_version, secret FROM parting WHERE subject = ?1").await
    }

    async fn unwrapped(&self, subject: SubjectId, sql: &'static str) -> Result<Option<SubjectKey>, StoreError> {
        let mut loan = self.pool.take().await?;
        let row = loan.db()?.first(sql, &[Val::Blob(subject.id())]).await?;
        let Some(row) = row else { return Ok(None) };
        let version = row.int(0)?;
        if self.ring().version(version).is_none() {
            // Rotated by another process since the keys were read.
            drop(loan);
            self.refresh().await?;
        }
        let ring = self.ring();
        let region_key = ring
            .version(version)
            .ok_or_else(|| StoreError::Unreadable(format!("the region key {version} is not in the key store")))?;
        region_key.subject(&subject, row.blob(1)?).map(Some).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Puts a subject's key where nothing but the keeping of a law's part finds it, durably, and leaves a tombstone:
    /// one commit, whatever the subject has. From then on the subject is erased.
    pub(crate) async fn part(&self, subject: SubjectId, at: Timestamp) -> Result<(), StoreError> {
        alone!(self, |db| async {
            let of = [Val::Blob(subject.id())];
            db.execute(
                "INSERT INTO parting (subject, region_version, secret) \
                 SELECT subject, region_version, secret FROM subject_key WHERE subject = ?1 \
                 ON CONFLICT (subject) DO NOTHING",
                &of,
            )
            .await?;
            db.execute("DELETE FROM subject_key WHERE subject = ?1", &of).await?;
            db.execute("DELETE FROM joining WHERE subject = ?1", &of).await?;
            db.execute(
                "INSERT INTO tombstone (subject, at) VALUES (?1, ?2) ON CONFLICT (subject) DO NOTHING",
                &[Val::Blob(subject.id()), at.into()],
            )
            .await
            .map(|_| ())
        })
    }

    /// Destroys a subject's key, durably, and leaves a tombstone. From then on the subject is erased.
    pub(crate) async fn destroy(&self, subject: SubjectId, at: Timestamp) -> Result<(), StoreError> {
        alone!(self, |db| async {
            db.execute("DELETE FROM subject_key WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
            db.execute("DELETE FROM parting WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
            db.execute("DELETE FROM joining WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
            db.execute(
                "INSERT INTO tombstone (subject, at) VALUES (?1, ?2) ON CONFLICT (subject) DO NOTHING",
                &[Val::Blob(subject.id()), at.into()],
            )
            .await
            .map(|_| ())
        })?;
        self.scrub().await
    }

    /// Takes back a key that was made for a joining that did not happen.
    pub(crate) async fn discard(&self, subject: SubjectId) -> Result<(), StoreError> {
        alone!(self, |db| async {
            db.execute("DELETE FROM subject_key WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
            db.execute("DELETE FROM joining WHERE subject = ?1", &[Val::Blob(subject.id())]).await.map(|_| ())
        })
    }

    /// Leaves no old page image behind: on SQLite the write-ahead log is folded in and emptied.
    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        let Some(writer) = self.writer.as_ref().map(Arc::clone) else {
            // PostgreSQL keeps dead tuples until vacuum; docs/sealing.md says what that means.
            return Ok(());
        };
        tokio::task::spawn_blocking(move || {
            let mut conn = writer.lock().unwrap_or_else(PoisonError::into_inner);
            truncate_wal(&mut conn)
        })
        .await
        .map_err(|_| StoreError::Closing)?
    }

    /// Of these subjects, those that were erased.
    pub(crate) async fn tombstones(&self) -> Result<Vec<SubjectId>, StoreError> {
        let mut loan = self.pool.take().await?;
        let rows = loan.db()?.query("SELECT subject FROM tombstone", &[]).await?;
        rows.iter().map(|row| Ok(SubjectId::new(self.region, row.bytes(0)?))).collect()
    }

    /// How many subjects have a key.
    pub(crate) async fn count(&self) -> Result<u64, StoreError> {
        let mut loan = self.pool.take().await?;
        loan.db()?.first("SELECT count(*) FROM subject_key", &[]).await?.map_or(Ok(0), |row| row.uint(0))
    }

    /// The keyed digest of an identifier. Its key stays when the region's rotates, so that rotation loses nobody.
    pub(crate) fn blind_index(&self, item: &str, normalized: &str) -> [u8; 32] {
        self.ring().lookup().map_or([0; 32], |k| k.blind_index(item, normalized))
    }

    /// The key for what law keeps.
    pub(crate) fn holding(&self) -> Result<HoldingKey, StoreError> {
        self.ring().lookup().map(|k| k.holding(self.suite))
    }

    /// The suite of what is compared and never sealed anew: that of the region's first day.
    pub(crate) fn lasting_suite(&self) -> Result<Suite, StoreError> {
        self.ring().lookup().map(LookupKey::suite)
    }
}
