//! The key store: a second database, apart from data and from its backups.
//!
//! Keeps promises 5.2, 5.5 and 6.3. It commits first and is the truth: a subject whose key is gone is
//! erased, whatever else still stands. See ADR 0003.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use avouch_seal::{Entropy, HoldingKey, Kms, KmsError, Region, RegionKey, SubjectId, SubjectKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::{Db, Location, SqliteConn, Val, truncate_wal};
use crate::error::StoreError;
use crate::migrate::{self, Which};
use crate::pool::Pool;

/// The keys of one region.
pub(crate) struct KeyStore {
    region: Region,
    pool: Pool,
    /// SQLite's one writing connection; PostgreSQL writes through its pool.
    writer: Option<Arc<Mutex<SqliteConn>>>,
    /// By version, the newest last.
    ring: Vec<RegionKey>,
    entropy: Arc<dyn Entropy>,
}

impl From<KmsError> for StoreError {
    fn from(e: KmsError) -> Self {
        Self::Unopened(e.to_string())
    }
}

fn poll_now<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
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

impl KeyStore {
    /// Opens the key store of a region, making its first region key where the store is new.
    pub(crate) async fn open(
        location: &Location,
        region: Region,
        kms: &dyn Kms,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let pool = Pool::open(location)?;
        let writer = match &pool {
            Pool::Sqlite(file) => Some(Arc::new(Mutex::new(file.writer()?))),
            Pool::Postgres(_) => None,
        };
        let mut store = Self { region, pool, writer, ring: Vec::new(), entropy };
        store.migrate().await?;
        let name = format!("region:{region}");
        for (version, secret) in store.wrapped(&name).await? {
            store.ring.push(RegionKey::from_wrapped(region, version, &secret, kms)?);
        }
        if store.ring.is_empty() {
            let (_, wrapped) = RegionKey::generate(region, 1, kms, store.entropy.as_ref())?;
            store.keep_wrapped(&name, 1, wrapped).await?;
            // Read back: where two nodes start together, the first one's key holds for both.
            for (version, secret) in store.wrapped(&name).await? {
                store.ring.push(RegionKey::from_wrapped(region, version, &secret, kms)?);
            }
        }
        Ok(store)
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

    async fn wrapped(&self, name: &str) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
        let mut loan = self.pool.take().await?;
        let rows = loan
            .db()?
            .query("SELECT version, secret FROM wrapped WHERE name = ?1 ORDER BY version", &[Val::Text(name)])
            .await?;
        rows.iter().map(|row| Ok((u32::try_from(row.int(0)?).unwrap_or(0), row.blob(1)?.to_vec()))).collect()
    }

    async fn keep_wrapped(&self, name: &str, version: u32, secret: Vec<u8>) -> Result<(), StoreError> {
        let name = name.to_owned();
        alone!(self, |db| async {
            db.execute(
                "INSERT INTO wrapped (name, version, secret) VALUES (?1, ?2, ?3) ON CONFLICT (name, version) DO NOTHING",
                &[Val::Text(&name), Val::Int(i64::from(version)), Val::Blob(&secret)],
            )
            .await
            .map(|_| ())
        })
    }

    /// The seed of a log's signing key, made on first use.
    pub(crate) async fn log_seed(&self, log: &str, kms: &dyn Kms) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let name = format!("log:{log}");
        if self.wrapped(&name).await?.is_empty() {
            let seed = Zeroizing::new(self.entropy.bytes::<32>());
            let secret = kms.wrap(&name, seed.as_ref(), self.entropy.as_ref())?;
            self.keep_wrapped(&name, 1, secret).await?;
        }
        let (_, secret) = self.wrapped(&name).await?.pop().ok_or(StoreError::Closing)?;
        Ok(kms.unwrap(&name, &secret)?)
    }

    fn current(&self) -> Result<&RegionKey, StoreError> {
        self.ring.last().ok_or_else(|| StoreError::Unopened("the key store holds no region key".into()))
    }

    /// Makes new subjects' keys, durably and all at once, before anything of theirs is written.
    pub(crate) async fn create(&self, subjects: &[SubjectId], at: Timestamp) -> Result<(), StoreError> {
        let region_key = self.current()?;
        let version = i64::from(region_key.version());
        let mut made = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let (_, secret) = region_key
                .new_subject(subject, self.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            made.push((*subject, secret));
        }
        alone!(self, |db| async {
            for (subject, secret) in &made {
                db.execute(
                    "INSERT INTO subject_key (subject, region_version, secret) VALUES (?1, ?2, ?3)",
                    &[Val::Blob(subject.id()), Val::Int(version), Val::Blob(secret)],
                )
                .await?;
                db.execute("INSERT INTO joining (subject, at) VALUES (?1, ?2)", &[Val::Blob(subject.id()), at.into()])
                    .await?;
            }
            Ok(())
        })
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
        let mut loan = self.pool.take().await?;
        let row = loan
            .db()?
            .first("SELECT region_version, secret FROM subject_key WHERE subject = ?1", &[Val::Blob(subject.id())])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let version = row.int(0)?;
        let region_key = self
            .ring
            .iter()
            .find(|k| i64::from(k.version()) == version)
            .ok_or_else(|| StoreError::Unreadable(format!("the region key {version} is not in the key store")))?;
        region_key.subject(&subject, row.blob(1)?).map(Some).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Destroys a subject's key, durably, and leaves a tombstone. From then on the subject is erased.
    pub(crate) async fn destroy(&self, subject: SubjectId, at: Timestamp) -> Result<(), StoreError> {
        alone!(self, |db| async {
            db.execute("DELETE FROM subject_key WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
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
    async fn scrub(&self) -> Result<(), StoreError> {
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

    /// The keyed digest of an identifier. Its key stays that of the first region key, so that rotation
    /// loses nobody.
    pub(crate) fn blind_index(&self, item: &str, normalized: &str) -> [u8; 32] {
        self.ring.first().map_or([0; 32], |k| k.blind_index(item, normalized))
    }

    /// The key for what law keeps.
    pub(crate) fn holding(&self) -> Result<HoldingKey, StoreError> {
        self.ring.first().map(RegionKey::holding).ok_or(StoreError::Closing)
    }
}
