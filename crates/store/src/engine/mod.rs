//! The two engines behind one small adapter: one SQL text for both.
//!
//! SQL is written with `?1` placeholders, `INTEGER`, `TEXT` and `BLOB` columns; the PostgreSQL side
//! rewrites what differs. No other module knows which engine runs.

mod foreign;
mod postgres;
mod sqlite;
mod tables;
mod value;

pub use foreign::{ForeignRow, ForeignTable};
pub use postgres::PostgresConfig;
pub(crate) use postgres::{PostgresPool, advisory_key};
pub(crate) use sqlite::{SqliteFile, SqliteReader, truncate_wal};
pub(crate) use value::{Row, Val, Value};

use crate::error::StoreError;

/// A connection of the SQLite engine, for those who hold one and hand it to [`Db`].
pub(crate) type SqliteConn = rusqlite::Connection;
/// A connection of the PostgreSQL engine, on loan from its pool.
pub(crate) type PostgresConn = deadpool_postgres::Object;

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// An SQLite file, made when it is not there.
    Sqlite(std::path::PathBuf),
    /// A PostgreSQL database by its URL, e.g. `postgres://user@host/name`.
    Postgres(PostgresConfig),
}

/// How a transaction holds a subject while it runs.
///
/// On PostgreSQL these are transaction-scoped advisory locks, so that reads write no tuple locks;
/// on SQLite the one writer holds everyone exclusively.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Others may use the subject's data too; nobody may change their standing.
    Shared,
    /// Nobody else may use the subject's data or change their standing.
    Exclusive,
}

/// One connection of either engine.
pub(crate) enum Db<'c> {
    Sqlite(&'c mut SqliteConn),
    Postgres(&'c mut PostgresConn),
}

impl<'c> Db<'c> {
    /// The same connection for a shorter while.
    pub(crate) fn reborrow(&mut self) -> Db<'_> {
        match self {
            Db::Sqlite(c) => Db::Sqlite(c),
            Db::Postgres(c) => Db::Postgres(c),
        }
    }

    /// Runs a statement; gives the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, params: &[Val<'_>]) -> Result<u64, StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::execute(c, sql, params),
            Db::Postgres(c) => postgres::execute(c, sql, params).await,
        }
    }

    /// Runs a statement; gives every row it returned.
    pub(crate) async fn query(&mut self, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::query(c, sql, params),
            Db::Postgres(c) => postgres::query(c, sql, params).await,
        }
    }

    /// Runs a statement; gives its first row.
    pub(crate) async fn first(&mut self, sql: &'static str, params: &[Val<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs statements without parameters, such as a migration.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::script(c, sql),
            Db::Postgres(c) => postgres::script(c, sql).await,
        }
    }

    /// The days a table has a part of its own for; none on an engine without parts.
    pub(crate) async fn days(&mut self, table: &'static str) -> Result<Vec<i64>, StoreError> {
        match self {
            Db::Sqlite(_) => Ok(Vec::new()),
            Db::Postgres(c) => postgres::days(c, table).await,
        }
    }

    /// Gives a day a part of its own, unless it has one or rows of that day rest elsewhere already.
    pub(crate) async fn make_day(&mut self, table: &'static str, day: i64) -> Result<(), StoreError> {
        match self {
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(c) => postgres::make_day(c, table, day).await,
        }
    }

    /// Drops the part of a day with everything in it.
    pub(crate) async fn drop_day(&mut self, table: &'static str, day: i64) -> Result<(), StoreError> {
        match self {
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(c) => postgres::script(c, &format!("DROP TABLE {table}_{day};")).await,
        }
    }

    /// Begins a writing transaction.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::script(c, "BEGIN IMMEDIATE"),
            Db::Postgres(c) => postgres::script(c, "BEGIN").await,
        }
    }

    /// Begins a reading transaction: everything read until [`Db::end_reading`] is of one moment.
    pub(crate) async fn begin_reading(&mut self) -> Result<(), StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::script(c, "BEGIN DEFERRED"),
            Db::Postgres(c) => postgres::script(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    /// Ends a reading transaction.
    pub(crate) async fn end_reading(&mut self) -> Result<(), StoreError> {
        self.script("ROLLBACK").await
    }

    /// Takes locks in the order given, until the transaction ends.
    pub(crate) async fn lock(&mut self, keys: &[(i64, Hold)]) -> Result<(), StoreError> {
        match self {
            // The one writer holds the file already.
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(c) => postgres::lock(c, keys).await,
        }
    }
}
