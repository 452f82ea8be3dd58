//! Reading connections of one database, whichever engine it runs on.

use crate::engine::{Db, Location, PostgresConn, PostgresPool, SqliteFile, SqliteReader};
use crate::error::StoreError;
use std::sync::Arc;

/// The connections of one database.
pub(crate) enum Pool {
    Sqlite(SqliteFile),
    Postgres(Arc<PostgresPool>),
}

/// A reading connection on loan.
pub(crate) enum Loan<'p> {
    Sqlite(SqliteReader<'p>),
    Postgres(PostgresConn),
}

impl Pool {
    pub(crate) fn open(location: &Location) -> Result<Self, StoreError> {
        Ok(match location {
            Location::Sqlite(path) => Self::Sqlite(SqliteFile::at(path)),
            Location::Postgres(config) => Self::Postgres(Arc::new(PostgresPool::open(config)?)),
        })
    }

    pub(crate) async fn take(&self) -> Result<Loan<'_>, StoreError> {
        Ok(match self {
            Self::Sqlite(file) => Loan::Sqlite(file.reader()?),
            Self::Postgres(pool) => Loan::Postgres(pool.take().await?),
        })
    }
}

impl Loan<'_> {
    pub(crate) fn db(&mut self) -> Result<Db<'_>, StoreError> {
        Ok(match self {
            Self::Sqlite(reader) => Db::Sqlite(reader.conn()?),
            Self::Postgres(conn) => Db::Postgres(conn),
        })
    }
}
