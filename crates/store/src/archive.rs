//! The archive of policies: every one that was ever in force here, whole.
//!
//! Keeps promises 0.1 and 7.1: a consent's digest leads to the words it was given to.

use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// A policy in the archive.
#[derive(Debug, Clone)]
pub struct Archived {
    /// Its digest.
    pub digest: [u8; 32],
    /// Its version.
    pub version: String,
    /// The day it takes effect.
    pub effective: String,
    /// When it was put here.
    pub published: Timestamp,
    /// Facts and words, as JSON.
    pub source: String,
}

impl Tx<'_> {
    /// Archives a policy; nothing happens when it is there already. True when it is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn archive_policy(
        &mut self,
        digest: &[u8; 32],
        version: &str,
        effective: &str,
        source: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let made = self
            .db
            .execute(
                "INSERT INTO policy (digest, version, effective, published, source) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (digest) DO NOTHING",
                &[Val::Blob(digest), Val::Text(version), Val::Text(effective), now.into(), Val::Text(source)],
            )
            .await?;
        Ok(made == 1)
    }
}

impl Look<'_> {
    /// Whether another policy was in force here before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_later_policy(&mut self) -> Result<bool, StoreError> {
        let row = self.db.first("SELECT count(*) FROM policy", &[]).await?;
        Ok(row.map_or(Ok(0), |row| row.uint(0))? > 1)
    }

    /// Every archived policy, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn policies(&mut self) -> Result<Vec<Archived>, StoreError> {
        let rows = self
            .db
            .query("SELECT digest, version, effective, published, source FROM policy ORDER BY published DESC", &[])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Archived {
                    digest: row.bytes(0)?,
                    version: row.text(1)?.to_owned(),
                    effective: row.text(2)?.to_owned(),
                    published: row.time(3)?,
                    source: row.text(4)?.to_owned(),
                })
            })
            .collect()
    }
}
