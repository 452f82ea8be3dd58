//! Reading a backup into empty databases. Until what happened since has been re-applied they do not serve.

use std::path::Path;

use avouch_seal::{Entropy, Kms};

use super::file::{BackupHead, Item, Reading};
use crate::engine::{Db, Location, Row, Val, Value};
use crate::error::StoreError;
use crate::migrate::{self, Which};
use crate::objects::Objects;
use crate::pool::Pool;

/// Rows in one commit.
const PAGE: usize = 1_000;

/// What is restored, and where to.
#[derive(Clone, Copy)]
pub struct Restore<'r> {
    /// The data's file.
    pub data_file: &'r Path,
    /// The key store's file; nothing where the key store in use stays.
    pub keys_file: Option<&'r Path>,
    /// Unwraps the key of the data's file.
    pub data_key: &'r dyn Kms,
    /// Unwraps the key of the key store's file.
    pub keys_key: &'r dyn Kms,
    /// An empty database for the data.
    pub data: &'r Location,
    /// An empty database for the keys.
    pub keys: &'r Location,
    /// An empty folder for the sealed objects.
    pub objects: &'r Path,
    /// Names the log that is begun: the old one ends where the backup was made.
    pub entropy: &'r dyn Entropy,
}

impl std::fmt::Debug for Restore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore").field("data_file", &self.data_file).finish_non_exhaustive()
    }
}

/// Reads a backup into empty databases, all of it or nothing: when it fails they are empty again. Gives its head.
/// `progress` is told how many rows and objects have been read.
///
/// # Errors
/// When a file is damaged, cut off, of another key or of a newer Avouch; when the two files are of two backups; when
/// a database is not empty.
pub async fn restore(from: &Restore<'_>, progress: &mut (dyn FnMut(u64) + Send)) -> Result<BackupHead, StoreError> {
    let (head, mut data) = Reading::open(from.data_file, from.data_key)?;
    let keys = from.keys_file.map(|file| Reading::open(file, from.keys_key)).transpose()?;
    if head.what != "data" || keys.as_ref().is_some_and(|(k, _)| k.what != "keys") {
        return Err(StoreError::Unopened("the file of the data and the file of the keys are confused".into()));
    }
    if let Some((other, _)) = keys.as_ref().filter(|(k, _)| k.id != head.id) {
        return Err(StoreError::Unopened(format!(
            "the two files are not of one backup: the data is of {}, the key store of {}",
            head.made, other.made
        )));
    }
    if from.objects.read_dir().is_ok_and(|mut listed| listed.next().is_some()) {
        return Err(StoreError::Unopened(format!(
            "the folder for the sealed objects, {}, is not empty: name a fresh one; nothing was changed",
            from.objects.display()
        )));
    }
    // What a restore that was killed left behind says so of itself, and is begun anew.
    if marked(from.data).await? {
        wipe(from.data).await?;
    }
    must_be_empty(from.data, "data").await?;
    if keys.is_some() {
        must_be_empty(from.keys, "key store's").await?;
    }
    let outcome = fill(from, &head, &mut data, keys, progress).await;
    if outcome.is_err() {
        take_back(from).await?;
    }
    outcome.map(|()| head)
}

async fn fill(
    from: &Restore<'_>,
    head: &BackupHead,
    data: &mut Reading,
    keys: Option<(BackupHead, Reading)>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), StoreError> {
    let objects = Objects::open(from.objects)?;
    let mut count = 0;
    load(from.data, Which::Data, head, data, Some((&objects, from.entropy)), &mut count, progress).await?;
    if let Some((head, mut keys)) = keys {
        load(from.keys, Which::Keys, &head, &mut keys, None, &mut count, progress).await?;
    }
    Ok(())
}

/// Empties what [`restore`] filled, where what came after it failed.
///
/// # Errors
/// When a database or a folder cannot be emptied: it is to be emptied by hand then.
pub async fn take_back(from: &Restore<'_>) -> Result<(), StoreError> {
    wipe(from.data).await?;
    if from.keys_file.is_some() {
        wipe(from.keys).await?;
    }
    match std::fs::remove_dir_all(from.objects) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Unopened(format!("cannot empty {}: {e}", from.objects.display())))
        }
        _ => Ok(()),
    }
}

/// Empties a database that was filled by a restore, and by nobody else.
async fn wipe(location: &Location) -> Result<(), StoreError> {
    match location {
        Location::Sqlite(path) => {
            for end in ["", "-wal", "-shm"] {
                let one = std::path::PathBuf::from(format!("{}{end}", path.display()));
                match std::fs::remove_file(&one) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(StoreError::Unopened(format!("cannot empty {}: {e}", one.display())));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
        Location::Postgres(_) => {
            let pool = Pool::open(location)?;
            let mut loan = pool.take().await?;
            let mut db = loan.db()?;
            let mut names: Vec<String> = db.tables().await?.into_iter().map(|t| format!("\"{}\"", t.name)).collect();
            names.push("migration".into());
            db.script(&format!("DROP TABLE IF EXISTS {} CASCADE", names.join(", "))).await
        }
    }
}

/// Nothing where there is no database yet: SQLite makes none by being asked.
async fn tables(location: &Location) -> Result<usize, StoreError> {
    if matches!(location, Location::Sqlite(path) if !path.exists()) {
        return Ok(0);
    }
    let pool = Pool::open(location)?;
    let mut loan = pool.take().await?;
    Ok(loan.db()?.tables().await?.len())
}

async fn marked(location: &Location) -> Result<bool, StoreError> {
    if tables(location).await? == 0 {
        return Ok(false);
    }
    let pool = Pool::open(location)?;
    let mut loan = pool.take().await?;
    let mut db = loan.db()?;
    if db.tables().await?.iter().all(|t| t.name != "meta") {
        return Ok(false);
    }
    Ok(meta(&mut db, RESTORING).await?.is_some())
}

async fn must_be_empty(location: &Location, what: &str) -> Result<(), StoreError> {
    if tables(location).await? == 0 {
        return Ok(());
    }
    Err(StoreError::Unopened(format!(
        "the {what} database to restore into is not empty: name a fresh one; nothing was changed"
    )))
}

/// The name under which a database says that it is being restored.
pub(crate) const RESTORING: &str = "restoring";
/// The name under which a database says that the key store may have keys of people who are not in it.
pub(crate) const UNMATCHED: &str = "restored";
/// The name under which a database says what stands behind a node's name in the name of its log.
pub(crate) const LOG_SUFFIX: &str = "log suffix";

async fn load(
    location: &Location,
    which: Which,
    head: &BackupHead,
    file: &mut Reading,
    objects: Option<(&Objects, &dyn Entropy)>,
    count: &mut u64,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), StoreError> {
    let pool = Pool::open(location)?;
    let (mut own, mut loan);
    let mut db = match &pool {
        Pool::Sqlite(file) => {
            own = file.writer()?;
            Db::Sqlite(&mut own)
        }
        Pool::Postgres(pool) => {
            loan = pool.take().await?;
            Db::Postgres(&mut loan)
        }
    };
    migrate::apply_first(&mut db, which, &head.migrations).await?;
    let meta = |name: &'static str| vec![Value::Text(name.to_owned())];
    if let Some((_, entropy)) = objects {
        let columns = ["name".to_owned(), "value".to_owned()];
        let suffix = format!("-{}", data_encoding::HEXLOWER.encode(&entropy.bytes::<4>()));
        for (name, value) in [(RESTORING, head.id.clone()), (LOG_SUFFIX, suffix)] {
            let row = Row([meta(name), vec![Value::Text(value)]].concat());
            db.put("meta", &columns, &row).await?;
        }
    }
    let mut table: Option<(String, Vec<String>)> = None;
    let mut open = false;
    let mut page = 0;
    loop {
        let item = file.next()?;
        if !open {
            db.begin().await?;
            (open, page) = (true, 0);
        }
        match item {
            Item::End => break,
            Item::Table(name, columns) => table = Some((name, columns)),
            Item::Row(values) => {
                let (name, columns) = table.as_ref().ok_or_else(|| {
                    StoreError::Unreadable("the backup has a row before its first table; use another backup".into())
                })?;
                let ours =
                    |v: &Value| matches!(v, Value::Text(t) if [RESTORING, UNMATCHED, LOG_SUFFIX].contains(&t.as_str()));
                if name != "meta" || !values.first().is_some_and(ours) {
                    db.put(name, columns, &Row(values)).await?;
                }
            }
            Item::Object(name, bytes) => {
                if let Some((objects, _)) = objects {
                    objects.put(&name, bytes).await?;
                }
            }
        }
        *count += 1;
        page += 1;
        if page == PAGE {
            db.script("COMMIT").await?;
            open = false;
            progress(*count);
        }
    }
    db.script("COMMIT").await?;
    progress(*count);
    Ok(())
}

/// The value a database keeps under a name of its own.
pub(crate) async fn meta(db: &mut Db<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let row = db.first("SELECT value FROM meta WHERE name = ?1", &[Val::Text(name)]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}
