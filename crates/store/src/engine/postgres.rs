//! PostgreSQL over tokio-postgres and a deadpool pool; rewrites the one SQL text to its dialect.

use std::error::Error as _;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::Hold;
use super::value::{Row, Val, Value};
use crate::error::StoreError;

/// How to reach a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresConfig {
    /// URL or key=value string as libpq takes it.
    pub url: String,
    /// Connections for reading; one more writes.
    pub readers: usize,
}

impl std::fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may carry a password.
        f.debug_struct("PostgresConfig").field("readers", &self.readers).finish_non_exhaustive()
    }
}

/// A pool of connections to one database.
pub(crate) struct PostgresPool(Pool);

impl PostgresPool {
    pub(crate) fn open(config: &PostgresConfig) -> Result<Self, StoreError> {
        let parsed: tokio_postgres::Config = config.url.parse().map_err(|e| {
            StoreError::Unopened(format!("the PostgreSQL URL cannot be read: {e}. Write postgres://user@host/database"))
        })?;
        let manager = Manager::from_config(
            parsed,
            tokio_postgres::NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(config.readers + 1)
            .build()
            .map_err(|e| StoreError::Unopened(format!("cannot make the PostgreSQL pool: {e}")))?;
        Ok(Self(pool))
    }

    pub(crate) async fn take(&self) -> Result<Object, StoreError> {
        self.0.get().await.map_err(|e| {
            let why = e.source().map_or_else(String::new, |s| format!(" ({s})"));
            StoreError::Unopened(format!(
                "cannot reach PostgreSQL: {e}{why}. Check that it runs, and the URL, user and password"
            ))
        })
    }
}

impl ToSql for Val<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Val::Null => Ok(IsNull::Yes),
            // A bare constant beside the parameter makes the server take it for a smaller integer.
            Val::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Val::Int(v) => v.to_sql(ty, out),
            Val::Text(v) => v.to_sql(ty, out),
            Val::Blob(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Val<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Required by the driver; a parameter may be a secret, so only its kind is told.
        f.write_str(match self {
            Val::Null => "null",
            Val::Int(_) => "integer",
            Val::Text(_) => "text",
            Val::Blob(_) => "bytes",
        })
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::BOOL => Value::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            _ => Value::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA) || <String as FromSql>::accepts(ty)
    }
}

fn fault(sql: &str, e: &tokio_postgres::Error) -> StoreError {
    let why = e.as_db_error().map_or_else(|| e.to_string(), |d| format!("{} ({})", d.message(), d.code().code()));
    match e.code() {
        Some(c) if *c == SqlState::UNIQUE_VIOLATION => StoreError::Conflict(why),
        Some(c)
            if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE]
                .contains(c) =>
        {
            StoreError::Busy(why)
        }
        Some(c) if [SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY, SqlState::READ_ONLY_SQL_TRANSACTION].contains(c) => {
            StoreError::CannotRecord(format!("PostgreSQL refused a write: {why}"))
        }
        None if e.is_closed() => StoreError::Lost(why),
        None => StoreError::Lost(why),
        _ => StoreError::Statement { sql: sql.split_whitespace().take(12).collect::<Vec<_>>().join(" "), why },
    }
}

/// `?1` becomes `$1`; quoted text is left alone.
fn placeholders(sql: &str) -> String {
    let mut quoted = false;
    sql.chars()
        .map(|c| match c {
            '\'' => {
                quoted = !quoted;
                c
            }
            '?' if !quoted => '$',
            _ => c,
        })
        .collect()
}

/// The end of a table that has a part for each day here: what is past its end is dropped with its part.
const PARTS: &str = ") STRICT, WITHOUT ROWID; -- a part for each day";

/// The column types and table options that differ, in the text of a migration.
fn dialect(sql: &str) -> String {
    sql.replace(" BLOB", " BYTEA")
        .replace(" INTEGER", " BIGINT")
        .replace(PARTS, ") PARTITION BY LIST (ends);\nCREATE TABLE signal_rest PARTITION OF signal DEFAULT;")
        .replace(") STRICT, WITHOUT ROWID;", ");")
        .replace(") STRICT;", ");")
}

pub(super) async fn execute(conn: &mut Object, sql: &str, params: &[Val<'_>]) -> Result<u64, StoreError> {
    let statement = conn.prepare_cached(&placeholders(sql)).await.map_err(|e| fault(sql, &e))?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
    conn.execute(&statement, &params).await.map_err(|e| fault(sql, &e))
}

pub(super) async fn query(conn: &mut Object, sql: &str, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
    let statement = conn.prepare_cached(&placeholders(sql)).await.map_err(|e| fault(sql, &e))?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
    let rows = conn.query(&statement, &params).await.map_err(|e| fault(sql, &e))?;
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|at| row.try_get::<_, Value>(at).map_err(|e| fault(sql, &e)))
                .collect::<Result<Vec<_>, _>>()
                .map(Row)
        })
        .collect()
}

pub(super) async fn script(conn: &mut Object, sql: &str) -> Result<(), StoreError> {
    conn.batch_execute(&dialect(sql)).await.map_err(|e| fault(sql, &e))
}

/// The days a table has parts for, the earliest first.
pub(super) async fn days(conn: &mut Object, table: &str) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                       JOIN pg_class p ON p.oid = i.inhparent WHERE p.oid = to_regclass(?1)";
    let rows = query(conn, SQL, &[Val::Text(table)]).await?;
    let mut days = Vec::new();
    for row in &rows {
        let part = row.text(0)?.strip_prefix(table).and_then(|rest| rest.strip_prefix('_'));
        days.extend(part.and_then(|day| day.parse::<i64>().ok()));
    }
    days.sort_unstable();
    Ok(days)
}

/// Makes a day's part. What came before its part stays in the rest and is deleted row by row.
pub(super) async fn make_day(conn: &mut Object, table: &str, day: i64) -> Result<(), StoreError> {
    if days(conn, table).await?.contains(&day) {
        return Ok(());
    }
    let rest = format!("SELECT 1 FROM {table}_rest WHERE ends = ?1 LIMIT 1");
    if query(conn, &rest, &[Val::Int(day)]).await?.is_empty() {
        script(conn, &format!("CREATE TABLE IF NOT EXISTS {table}_{day} PARTITION OF {table} FOR VALUES IN ({day});"))
            .await?;
    }
    Ok(())
}

pub(super) async fn lock(conn: &mut Object, keys: &[(i64, Hold)]) -> Result<(), StoreError> {
    const SHARED: &str = "SELECT pg_advisory_xact_lock_shared($1)";
    const EXCLUSIVE: &str = "SELECT pg_advisory_xact_lock($1)";
    let shared = conn.prepare_cached(SHARED).await.map_err(|e| fault(SHARED, &e))?;
    let exclusive = conn.prepare_cached(EXCLUSIVE).await.map_err(|e| fault(EXCLUSIVE, &e))?;
    for (key, hold) in keys {
        let statement = if *hold == Hold::Shared { &shared } else { &exclusive };
        conn.query(statement, &[key]).await.map_err(|e| fault("pg_advisory_xact_lock", &e))?;
    }
    Ok(())
}

/// The advisory lock that stands for a subject: the first eight bytes of its random id.
pub(crate) fn advisory_key(id: &[u8; 16]) -> i64 {
    let (first, _) = id.split_at(8);
    first.try_into().map_or(0, i64::from_be_bytes)
}
