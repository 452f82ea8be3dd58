//! A table of somebody else's PostgreSQL database, read once from its beginning to its end.

use tokio_postgres::{Client, Error, NoTls};

use crate::error::StoreError;

/// A row of such a table: the number that names it, where it has one, and the row as a JSON object.
pub type ForeignRow = (Option<i64>, String);

/// A table to be read, as it is at one moment, in the order of the column of whole numbers that names its rows.
pub struct ForeignTable {
    client: Client,
    columns: Vec<String>,
}

impl std::fmt::Debug for ForeignTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignTable").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// A name quoted for SQL; each part of `schema.table` by itself.
fn quoted(name: &str) -> String {
    name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect::<Vec<_>>().join(".")
}

fn fault(e: Error) -> StoreError {
    let told = e.as_db_error().map_or_else(|| e.to_string(), |db| db.message().to_owned());
    StoreError::Unopened(format!("the table to be read: {told}"))
}

impl ForeignTable {
    /// Opens a table, `schema.table`, of the database at `url`; `number` is the column that names a row.
    ///
    /// # Errors
    /// [`StoreError::Unopened`] when the database cannot be reached, or there is no such table or column.
    pub async fn open(url: &str, table: &str, number: &str) -> Result<Self, StoreError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(fault)?;
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                tracing::error!(error = %e, "the connection to the table that is read ended");
            }
        });
        let (from, key) = (quoted(table), quoted(number));
        let shape = client.prepare(&format!("SELECT * FROM {from} LIMIT 0")).await.map_err(fault)?;
        let columns = shape.columns().iter().map(|c| c.name().to_owned()).collect();
        let cursor = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; DECLARE people NO SCROLL CURSOR FOR \
             SELECT {key}::bigint, row_to_json(t)::text FROM {from} t ORDER BY 1"
        );
        client.batch_execute(&cursor).await.map_err(fault)?;
        Ok(Self { client, columns })
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next rows, at most `most`; none at the end.
    ///
    /// # Errors
    /// When the connection was lost.
    pub async fn next(&mut self, most: usize) -> Result<Vec<ForeignRow>, StoreError> {
        let rows = self.client.query(&format!("FETCH {most} FROM people"), &[]).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.try_get(0).map_err(fault)?, row.try_get(1).map_err(fault)?))).collect()
    }
}
