//! Backups: a consistent copy while people are served; and reading one back into empty databases.
//!
//! Keeps promises 5.2, 5.5 and 6.3. Data and key store go into two files under two keys, neither of which is in
//! either file, so that one of them alone opens nothing. Both engines write the same items (ADR 0014): a backup of
//! SQLite can be read into PostgreSQL. What was erased, withdrawn or deleted since is re-applied from the journal
//! before anything is served: `reapply.rs`.

mod file;
pub(crate) mod load;
mod reapply;

use std::path::Path;

use avouch_seal::Kms;
use jiff::Timestamp;

pub use file::{BackupHead, backup_head};
pub use load::{Restore, restore, take_back};
pub use reapply::{Since, Undone};

use crate::engine::{Db, Row};
use crate::error::StoreError;
use crate::journal;
use crate::migrate;
use crate::pool::Pool;
use crate::store::Store;
use file::{Item, Writing};

/// The file of the data within a backup's folder.
pub const DATA_FILE: &str = "data.backup";
/// The file of the key store.
pub const KEYS_FILE: &str = "keys.backup";

/// Rows read at once.
const PAGE: u32 = 1_000;

/// Where a backup goes, and who wraps its keys.
#[derive(Clone, Copy)]
pub struct BackupTo<'b> {
    /// The data's file; it must not be there yet.
    pub data: &'b Path,
    /// The key store's file: best on another machine.
    pub keys: &'b Path,
    /// Wraps the key of the data's file.
    pub data_key: &'b dyn Kms,
    /// Wraps the key of the key store's file; another than that of the data.
    pub keys_key: &'b dyn Kms,
}

impl std::fmt::Debug for BackupTo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupTo").field("data", &self.data).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What a backup holds.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct BackedUp {
    /// Its id, the same in both files.
    pub id: String,
    /// Rows of the data store.
    pub rows: u64,
    /// Sealed objects: pictures and videos.
    pub objects: u64,
    /// Objects whose record was deleted while the backup was made.
    pub deleted_meanwhile: u64,
    /// Rows of the key store.
    pub keys: u64,
    /// Bytes of the data's file.
    pub data_bytes: u64,
    /// Bytes of the key store's file.
    pub key_bytes: u64,
}

impl Store {
    /// Makes a backup, while everything runs. `progress` is told how many rows and objects have been written.
    ///
    /// # Errors
    /// When a file cannot be written or a database read; then no file of that name is left.
    pub async fn back_up(
        &self,
        to: &BackupTo<'_>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<BackedUp, StoreError> {
        let shared = self.shared();
        let entropy = shared.entropy.as_ref();
        let id = data_encoding::HEXLOWER.encode(&self.random::<16>());
        let head = |what: &str, made: Timestamp, migrations| -> Result<BackupHead, StoreError> {
            Ok(BackupHead {
                id: id.clone(),
                what: what.to_owned(),
                region: shared.region.to_string(),
                made,
                policy: self.policy().digest().to_string(),
                migrations,
                journals: journal::marks(&shared.journals, shared.region)?,
                key: String::new(),
            })
        };
        let mut done = BackedUp { id: id.clone(), ..BackedUp::default() };

        // The journal first: what is written there after this moment is re-applied, whether or not it is in here.
        let data_head = head("data", self.now(), Vec::new())?;
        let mut loan = shared.data.take().await?;
        let mut db = loan.db()?;
        db.begin_reading().await?;
        let migrations = migrate::names(&mut db).await?;
        let mut file = Writing::begin(to.data, BackupHead { migrations, ..data_head }, to.data_key, entropy)?;
        for table in db.tables().await? {
            file.push(&Item::Table(table.name.clone(), table.columns.clone()), entropy)?;
            let mut after: Option<Row> = None;
            loop {
                let page = db.page(&table, after.as_ref(), PAGE).await?;
                done.rows += page.len() as u64;
                for row in &page {
                    file.push(&Item::Row(row.0.clone()), entropy)?;
                }
                progress(done.rows);
                match page.into_iter().next_back() {
                    Some(last) => after = Some(last),
                    None => break,
                }
            }
        }
        self.back_up_objects(&mut db, &mut file, &mut done, progress).await?;
        db.end_reading().await?;
        drop(loan);

        // The key store after the data: whoever is in the data and was not erased meanwhile has a key here. It is
        // read page by page, so that an erasure never waits for a backup; tombstones come last.
        let keys_head = head("keys", self.now(), key_migrations(&shared.keys.pool).await?)?;
        let mut keys = Writing::begin(to.keys, keys_head, to.keys_key, entropy)?;
        done.keys = back_up_keys(&shared.keys.pool, &mut keys, entropy).await?;
        done.key_bytes = keys.end(entropy)?;
        done.data_bytes = file.end(entropy)?;
        Ok(done)
    }

    async fn back_up_objects(
        &self,
        db: &mut Db<'_>,
        file: &mut Writing,
        done: &mut BackedUp,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), StoreError> {
        let shared = self.shared();
        let mut after = Vec::new();
        loop {
            let sql = "SELECT name FROM blob_object WHERE name > ?1 ORDER BY name LIMIT 1000";
            let names = db.query(sql, &[(&after).into()]).await?;
            for row in &names {
                let name = row.bytes(0)?;
                match shared.objects.whole(&name).await? {
                    Some(bytes) => {
                        file.push(&Item::Object(name, bytes.to_vec()), shared.entropy.as_ref())?;
                        done.objects += 1;
                    }
                    None => done.deleted_meanwhile += 1,
                }
                progress(done.rows + done.objects);
            }
            match names.last() {
                Some(last) => after = last.blob(0)?.to_vec(),
                None => return Ok(()),
            }
        }
    }
}

async fn key_migrations(pool: &Pool) -> Result<Vec<String>, StoreError> {
    migrate::names(&mut pool.take().await?.db()?).await
}

async fn back_up_keys(pool: &Pool, file: &mut Writing, entropy: &dyn avouch_seal::Entropy) -> Result<u64, StoreError> {
    let (mut count, mut versions) = (0, std::collections::BTreeSet::new());
    let mut tables = pool.take().await?.db()?.tables().await?;
    // People's keys first; what wraps them, and who was erased, after.
    let peoples = |name: &str| matches!(name, "subject_key" | "parting");
    tables.sort_by_key(|t| (t.name == "tombstone", !peoples(&t.name), t.name == "parting"));
    for table in tables {
        file.push(&Item::Table(table.name.clone(), table.columns.clone()), entropy)?;
        let mut after: Option<Row> = None;
        loop {
            let page = pool.take().await?.db()?.page(&table, after.as_ref(), PAGE).await?;
            count += page.len() as u64;
            for row in &page {
                file.push(&Item::Row(row.0.clone()), entropy)?;
                if peoples(&table.name) {
                    versions.insert(row.int(1)?);
                } else if table.name == "wrapped" && row.text(0)?.starts_with("region:") {
                    versions.remove(&row.int(1)?);
                }
            }
            match page.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
    }
    // A key that was retired while its people were read: what was written would not open.
    if versions.is_empty() {
        return Ok(count);
    }
    Err(StoreError::Busy("region keys were retired while they were backed up".into()))
}
