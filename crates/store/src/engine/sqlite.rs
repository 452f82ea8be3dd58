//! SQLite: WAL, `synchronous=FULL`, one writing connection, a pool of reading ones.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use super::value::{Row, Val, Value};
use crate::error::StoreError;

impl ToSql for Val<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Val::Null => ValueRef::Null,
            Val::Int(v) => ValueRef::Integer(*v),
            Val::Text(v) => ValueRef::Text(v.as_bytes()),
            Val::Blob(v) => ValueRef::Blob(v),
        }))
    }
}

/// One SQLite database file with its pool of reading connections.
pub(crate) struct SqliteFile {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// A reading connection on loan from the pool; goes back when dropped.
pub(crate) struct SqliteReader<'p> {
    pool: &'p SqliteFile,
    conn: Option<Connection>,
}

impl SqliteReader<'_> {
    pub(crate) fn conn(&mut self) -> Result<&mut Connection, StoreError> {
        self.conn
            .as_mut()
            .ok_or_else(|| StoreError::Unreadable("a reading connection was used after its return".into()))
    }
}

impl Drop for SqliteReader<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < 16 {
                idle.push(conn);
            }
        }
    }
}

impl SqliteFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// Opens the one writing connection, making the file where there is none.
    pub(crate) fn writer(&self) -> Result<Connection, StoreError> {
        let conn = Connection::open(&self.path).map_err(|e| self.unopened(&e))?;
        conn.set_prepared_statement_cache_capacity(256);
        // FULL: an acknowledged consent or erasure survives a power cut. secure_delete: freed pages are zeroed.
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        )
        .map_err(|e| self.unopened(&e))?;
        Ok(conn)
    }

    /// A reading connection, from the pool where one is idle.
    pub(crate) fn reader(&self) -> Result<SqliteReader<'_>, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let conn = Connection::open_with_flags(&self.path, flags).map_err(|e| self.unopened(&e))?;
                conn.set_prepared_statement_cache_capacity(128);
                conn.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA mmap_size = 268435456;")
                    .map_err(|e| self.unopened(&e))?;
                conn
            }
        };
        Ok(SqliteReader { pool: self, conn: Some(conn) })
    }

    fn unopened(&self, e: &rusqlite::Error) -> StoreError {
        StoreError::Unopened(format!(
            "cannot open the database {}: {e}. Check that the folder exists, that this user may write to it, \
             and that the disk is not full; if the file is damaged, restore it from a backup",
            self.path.display()
        ))
    }
}

fn fault(sql: &str, e: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as C;
    match e.sqlite_error_code() {
        Some(C::ConstraintViolation) => StoreError::Conflict(e.to_string()),
        Some(C::DiskFull | C::SystemIoFailure | C::ReadOnly | C::CannotOpen) => {
            StoreError::CannotRecord(format!("the disk refused a write ({e}); free space or mend the disk"))
        }
        Some(C::DatabaseBusy | C::DatabaseLocked) => StoreError::Busy(e.to_string()),
        Some(C::DatabaseCorrupt | C::NotADatabase) => StoreError::Unreadable(format!(
            "the database file is damaged ({e}); stop the server and restore it from a backup"
        )),
        _ => StoreError::Statement { sql: head(sql), why: e.to_string() },
    }
}

fn head(sql: &str) -> String {
    sql.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
}

pub(super) fn execute(conn: &mut Connection, sql: &str, params: &[Val<'_>]) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(|e| fault(sql, &e))?;
    let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(|e| fault(sql, &e))?;
    Ok(changed as u64)
}

pub(super) fn query(conn: &mut Connection, sql: &str, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(|e| fault(sql, &e))?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(|e| fault(sql, &e))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().map_err(|e| fault(sql, &e))? {
        let mut values = Vec::with_capacity(columns);
        for at in 0..columns {
            values.push(match row.get_ref(at).map_err(|e| fault(sql, &e))? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(v) => Value::Int(v),
                ValueRef::Text(v) => Value::Text(
                    String::from_utf8(v.to_vec())
                        .map_err(|_| StoreError::Unreadable("a stored text is not UTF-8".into()))?,
                ),
                ValueRef::Blob(v) => Value::Blob(v.to_vec()),
                ValueRef::Real(_) => return Err(StoreError::Unreadable("a stored value is a fraction".into())),
            });
        }
        out.push(Row(values));
    }
    Ok(out)
}

pub(super) fn script(conn: &mut Connection, sql: &str) -> Result<(), StoreError> {
    conn.execute_batch(sql).map_err(|e| fault(sql, &e))
}

/// Folds the write-ahead log into the file and empties it, so that no old page image stays behind.
pub(crate) fn truncate_wal(conn: &mut Connection) -> Result<(), StoreError> {
    let busy: i64 = conn
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|e| fault("PRAGMA wal_checkpoint", &e))?;
    if busy == 0 { Ok(()) } else { Err(StoreError::Busy("a reader still holds the write-ahead log".into())) }
}
