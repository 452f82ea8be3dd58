//! Imports: what became of each row, so that one that was stopped goes on where it stood.
//!
//! Keeps promise 1.1: nobody is brought in twice, and nobody who was erased meanwhile is brought back.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowOutcome {
    /// Brought in, whole.
    Brought,
    /// Brought in; some of it was left out or went to the quarantine.
    Partly,
    /// Not brought in.
    Refused,
    /// It had been deleted before, and was not brought in.
    Deleted,
}

impl RowOutcome {
    /// Its name in tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brought => "brought",
            Self::Partly => "partly",
            Self::Refused => "refused",
            Self::Deleted => "deleted",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Brought, Self::Partly, Self::Refused, Self::Deleted].into_iter().find(|o| o.name() == name)
    }
}

/// What is said of one field of a row: the column, and a code.
pub type About = (String, String);

/// One row of an import.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Its number.
    pub number: i64,
    /// What became of it.
    pub outcome: RowOutcome,
    /// What is said of its fields; never a value.
    pub about: Vec<About>,
}

/// An import that was begun.
#[derive(Debug, Clone)]
pub struct Import {
    /// The digest of what is read.
    pub source: Vec<u8>,
    /// When it was begun.
    pub begun: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

impl Look<'_> {
    /// An import by its name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn import(&mut self, name: &str) -> Result<Option<Import>, StoreError> {
        let row = self.db.first("SELECT source, begun, ended FROM import WHERE name = ?1", &[Val::Text(name)]).await?;
        row.map(|row| Ok(Import { source: row.blob(0)?.to_vec(), begun: row.time(1)?, ended: row.time_opt(2)? }))
            .transpose()
    }

    /// Of the rows from `first` to `last`, those of which it is written what became of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn import_rows_done(&mut self, name: &str, first: i64, last: i64) -> Result<HashSet<i64>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT row_number FROM import_row WHERE import = ?1 AND row_number >= ?2 AND row_number <= ?3",
                &[Val::Text(name), Val::Int(first), Val::Int(last)],
            )
            .await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// How many rows came to what.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn import_counts(&mut self, name: &str) -> Result<BTreeMap<RowOutcome, u64>, StoreError> {
        let rows = self
            .db
            .query("SELECT outcome, count(*) FROM import_row WHERE import = ?1 GROUP BY outcome", &[Val::Text(name)])
            .await?;
        rows.iter().map(|row| Ok((outcome(row.text(0)?)?, row.uint(1)?))).collect()
    }

    /// A page of rows after the number given, for a report.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn import_page(&mut self, name: &str, after: i64, limit: u32) -> Result<Vec<ImportRow>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT row_number, outcome, about FROM import_row WHERE import = ?1 AND row_number > ?2 \
                 ORDER BY row_number LIMIT ?3",
                &[Val::Text(name), Val::Int(after), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let about = serde_json::from_str(row.text(2)?)
                    .map_err(|_| StoreError::Unreadable("what is said of an imported row is no list".into()))?;
                Ok(ImportRow { number: row.int(0)?, outcome: outcome(row.text(1)?)?, about })
            })
            .collect()
    }

    /// The kinds of password hashes that were brought over, each as one that nobody has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn password_kinds(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self.db.query("SELECT nobody FROM password_kind ORDER BY nobody", &[]).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }
}

fn outcome(name: &str) -> Result<RowOutcome, StoreError> {
    RowOutcome::named(name).ok_or_else(|| StoreError::Unreadable("an imported row came to something unknown".into()))
}

impl Tx<'_> {
    /// Begins an import, or takes it up again; `source` is the digest of what is read. False when an import of
    /// this name reads something else.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_import(&mut self, name: &str, source: &[u8; 32]) -> Result<bool, StoreError> {
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO import (name, source, begun, ended) VALUES (?1, ?2, ?3, NULL) \
                 ON CONFLICT (name) DO NOTHING",
                &[Val::Text(name), Val::Blob(source), now.into()],
            )
            .await?;
        Ok(self.import(name).await?.is_some_and(|found| found.source == source))
    }

    /// Says that every row of an import has been read.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_import(&mut self, name: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute("UPDATE import SET ended = ?2 WHERE name = ?1 AND ended IS NULL", &[Val::Text(name), now.into()])
            .await?;
        Ok(())
    }

    /// Writes what became of a row.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when that is written already: the row is not brought in twice.
    pub async fn note_import_row(&mut self, name: &str, row: &ImportRow) -> Result<(), StoreError> {
        let about = serde_json::to_string(&row.about)
            .map_err(|e| StoreError::Misused { name: "note_import_row", why: e.to_string() })?;
        self.db
            .execute(
                "INSERT INTO import_row (import, row_number, outcome, about) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Text(name), Val::Int(row.number), Val::Text(row.outcome.name()), Val::Text(&about)],
            )
            .await?;
        Ok(())
    }

    /// Remembers a kind of password hash by one of it that nobody has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_password_kind(&mut self, nobody: &str) -> Result<(), StoreError> {
        self.db
            .execute(
                "INSERT INTO password_kind (nobody) VALUES (?1) ON CONFLICT (nobody) DO NOTHING",
                &[Val::Text(nobody)],
            )
            .await?;
        Ok(())
    }
}
