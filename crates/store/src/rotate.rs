//! Rotating keys while everything runs: the root key under its wrapped keys, the region's under people's keys.
//!
//! Keeps promise 5.5. A rotation may be stopped anywhere and gone on with; whoever reads meanwhile finds the key
//! they need, because the old one stays until nothing is wrapped by it any more.

use std::sync::{Arc, PoisonError};

use avouch_seal::{RegionKey, SubjectId};
use jiff::Timestamp;

use crate::engine::{Db, Hold, Val};
use crate::error::StoreError;
use crate::keys::{KEYRING, KeyStore, alone, poll_now};
use crate::pool::Pool;
use crate::store::Store;

/// A key that is kept wrapped by the root key.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KeyInfo {
    /// What it is: `region:NAME`, `lookup:NAME`, `log:NODE`.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// When it was made, where that was kept.
    pub made: Option<Timestamp>,
    /// The version of the root key that wraps it.
    pub wrapped_by: String,
    /// Keys of people it wraps; region keys only.
    pub people: Option<u64>,
}

/// People's keys wrapped anew, a page of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many were wrapped anew.
    pub count: u64,
    /// The last that was looked at; nothing when there was none left.
    pub last: Option<SubjectId>,
}

/// A wrapped key as it is stored: name, version, secret, when it was made.
type Row = (String, u32, Vec<u8>, Option<Timestamp>);

/// What a wrapped key is bound to.
fn context(name: &str, version: u32) -> String {
    if name.starts_with("region:") { format!("{name}:{version}") } else { name.to_owned() }
}

impl KeyStore {
    async fn all_wrapped(&self) -> Result<Vec<Row>, StoreError> {
        let mut loan = self.pool.take().await?;
        let sql = "SELECT name, version, secret, made FROM wrapped ORDER BY name, version";
        let rows = loan.db()?.query(sql, &[]).await?;
        rows.iter()
            .map(|row| {
                let version = u32::try_from(row.int(1)?).unwrap_or(0);
                Ok((row.text(0)?.to_owned(), version, row.blob(2)?.to_vec(), row.time_opt(3)?))
            })
            .collect()
    }

    async fn people_by_version(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        let mut loan = self.pool.take().await?;
        let sql = "SELECT region_version, count(*) FROM subject_key GROUP BY region_version";
        let rows = loan.db()?.query(sql, &[]).await?;
        rows.iter().map(|row| Ok((u32::try_from(row.int(0)?).unwrap_or(0), row.uint(1)?))).collect()
    }

    async fn inventory(&self) -> Result<Vec<KeyInfo>, StoreError> {
        let people = self.people_by_version().await?;
        let (own, mut out) = (self.region_name(), Vec::new());
        for (name, version, secret, made) in self.all_wrapped().await? {
            let wrapped_by = self.kms.wrapped_by(&context(&name, version), &secret)?;
            let count = people.iter().find(|(v, _)| *v == version).map_or(0, |(_, n)| *n);
            let people = (name == own).then_some(count);
            out.push(KeyInfo { name, version, made, wrapped_by, people });
        }
        Ok(out)
    }

    /// Wraps every key that an older root key wraps by the newest; gives how many there were.
    async fn rewrap_root(&self) -> Result<u64, StoreError> {
        let newest = self.kms.version()?;
        let mut done = 0;
        for (name, version, secret, _) in self.all_wrapped().await? {
            let context = context(&name, version);
            if self.kms.wrapped_by(&context, &secret)? == newest {
                continue;
            }
            let fresh = self.kms.wrap(&context, &self.kms.unwrap(&context, &secret)?, self.entropy.as_ref())?;
            done += alone!(self, |db| async {
                db.execute(
                    "UPDATE wrapped SET secret = ?3 WHERE name = ?1 AND version = ?2 AND secret = ?4",
                    &[Val::Text(&name), Val::Int(i64::from(version)), Val::Blob(&fresh), Val::Blob(&secret)],
                )
                .await
            })?;
        }
        self.scrub().await?;
        Ok(done)
    }

    /// Makes the region's next key, unless people's keys still wait to be wrapped by the newest.
    async fn next_region_key(&self, at: Timestamp) -> Result<u32, StoreError> {
        self.refresh().await?;
        let current = self.ring().current()?.version();
        if self.people_by_version().await?.iter().any(|(version, _)| *version != current) {
            return Ok(current);
        }
        let version = current + 1;
        let (_, secret) =
            RegionKey::generate(self.region, version, self.suite, self.kms.as_ref(), self.entropy.as_ref())?;
        self.keep_wrapped(&self.region_name(), version, secret, at).await?;
        self.refresh().await?;
        Ok(version)
    }

    /// Wraps the keys of a page of people by the newest region key.
    async fn rewrap_people(&self, after: Option<SubjectId>, limit: u32) -> Result<Rewrapped, StoreError> {
        let ring = self.ring();
        let by = ring.current()?;
        let from = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let rows = {
            let mut loan = self.pool.take().await?;
            loan.db()?
                .query(
                    "SELECT subject, region_version, secret FROM subject_key WHERE subject > ?1 \
                     ORDER BY subject LIMIT ?2",
                    &[from, Val::Int(i64::from(limit))],
                )
                .await?
        };
        let mut work = Vec::new();
        let mut last = None;
        for row in &rows {
            let subject = SubjectId::new(self.region, row.bytes(0)?);
            last = Some(subject);
            let version = row.int(1)?;
            if version == i64::from(by.version()) {
                continue;
            }
            let old = ring
                .version(version)
                .ok_or_else(|| StoreError::Unreadable(format!("the region key {version} is not in the key store")))?;
            let secret = old
                .rewrap(&subject, row.blob(2)?, by, self.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            work.push((subject, version, secret));
        }
        let version = i64::from(by.version());
        let count = alone!(self, |db| async {
            let mut count = 0;
            for (subject, old, secret) in &work {
                // A key that was destroyed meanwhile stays destroyed: there is no row to write.
                count += db
                    .execute(
                        "UPDATE subject_key SET region_version = ?2, secret = ?3 \
                         WHERE subject = ?1 AND region_version = ?4",
                        &[Val::Blob(subject.id()), Val::Int(version), Val::Blob(secret), Val::Int(*old)],
                    )
                    .await?;
            }
            Ok(count)
        })?;
        Ok(Rewrapped { count, last })
    }

    /// Gives up the region keys that wrap nobody's key any more; gives how many there were.
    async fn retire_region(&self) -> Result<u64, StoreError> {
        let name = self.region_name();
        let gone = alone!(self, |db| async {
            db.lock(&[(KEYRING, Hold::Exclusive)]).await?;
            db.execute(
                "DELETE FROM wrapped WHERE name = ?1 AND version < (SELECT max(version) FROM wrapped WHERE name = ?1) \
                 AND NOT EXISTS (SELECT 1 FROM subject_key WHERE region_version = wrapped.version) \
                 AND NOT EXISTS (SELECT 1 FROM parting WHERE region_version = wrapped.version)",
                &[Val::Text(&name)],
            )
            .await
        })?;
        self.scrub().await?;
        self.refresh().await?;
        Ok(gone)
    }
}

impl Store {
    /// The keys that are kept wrapped, and by what.
    ///
    /// # Errors
    /// When the key store cannot be read, or the root key does not open one of them.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, StoreError> {
        self.shared().keys.inventory().await
    }

    /// The version of the root key that wraps now.
    ///
    /// # Errors
    /// When the root key cannot be used.
    pub fn root_version(&self) -> Result<String, StoreError> {
        Ok(self.shared().keys.kms.version()?)
    }

    /// Where the root key is.
    #[must_use]
    pub fn root_place(&self) -> String {
        self.shared().keys.kms.describe()
    }

    /// Makes a new version of the root key, which wraps from now on. Unless a rotation was stopped half-way:
    /// then the newest stays, and this is to be followed by [`Store::rewrap_root`] all the same.
    ///
    /// # Errors
    /// When the root key cannot be rotated; then nothing has changed.
    pub async fn next_root_key(&self) -> Result<String, StoreError> {
        let keys = &self.shared().keys;
        let newest = keys.kms.version()?;
        if self.keys().await?.iter().all(|k| k.wrapped_by == newest) {
            keys.kms.rotate(keys.entropy.as_ref())?;
        }
        Ok(keys.kms.version()?)
    }

    /// Wraps every key by the newest root key; gives how many were wrapped by an older one.
    ///
    /// # Errors
    /// When the key store cannot be written; what was done stays, and running it again goes on.
    pub async fn rewrap_root(&self) -> Result<u64, StoreError> {
        self.shared().keys.rewrap_root().await
    }

    /// Makes a new version of the region's key, which wraps new people's keys from now on; gives it. Unless a
    /// rotation was stopped half-way: then it is the newest that stays.
    ///
    /// # Errors
    /// When the key store cannot be written; then nothing has changed.
    pub async fn next_region_key(&self) -> Result<u32, StoreError> {
        self.shared().keys.next_region_key(self.now()).await
    }

    /// Wraps the keys of a page of people by the newest region key.
    ///
    /// # Errors
    /// When the key store cannot be written; then none of this page was.
    pub async fn rewrap_people(&self, after: Option<SubjectId>, limit: u32) -> Result<Rewrapped, StoreError> {
        self.shared().keys.rewrap_people(after, limit).await
    }

    /// Gives up the region keys that wrap nobody's key any more; gives how many.
    ///
    /// # Errors
    /// When the key store cannot be written.
    pub async fn retire_region_keys(&self) -> Result<u64, StoreError> {
        self.shared().keys.retire_region().await
    }

    /// Gives up every version of the root key but the newest. Backups of the key store that were made before the
    /// rotation do not open any more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while an older version still wraps a key.
    pub async fn retire_root_keys(&self) -> Result<(), StoreError> {
        let newest = self.root_version()?;
        if let Some(key) = self.keys().await?.iter().find(|k| k.wrapped_by != newest) {
            let why = format!(
                "{} {} is still wrapped by the root key {}: finish with `avouch keys rotate root` first",
                key.name, key.version, key.wrapped_by
            );
            return Err(StoreError::Conflict(why));
        }
        Ok(self.shared().keys.kms.retire()?)
    }
}
