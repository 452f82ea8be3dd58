//! What was counted before values went: groups of people that stood the test, and how many did not.
//!
//! Keeps promise 5.2. A cohort, the values of a purpose that end in one day or month, is counted once and never again,
//! so that no two counts differ by one person.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::signal;
use crate::tx::Tx;

/// How many people of a group said one thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct AnonymousCell {
    /// What they have in common, as a JSON list in the order the policy names it.
    pub people_like: String,
    /// What they said; empty for the group itself.
    pub value: String,
    /// How many people.
    pub people: u64,
}

/// One cohort as it was counted.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AnonymousSet {
    /// The purpose.
    pub purpose: String,
    /// The day or month in which the values end.
    pub cohort: String,
    /// When it was counted.
    pub at: Timestamp,
    /// The fewest people of a group it was tested with.
    pub k: u64,
    /// The fewest different values.
    pub l: u64,
    /// Groups that stood the test.
    pub passed: u64,
    /// Groups that did not: nothing is kept of them.
    pub refused: u64,
}

impl Look<'_> {
    /// Whether a cohort was counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cohort_is_counted(&mut self, purpose: &str, cohort: &str) -> Result<bool, StoreError> {
        let of = [Val::Text(purpose), Val::Text(cohort)];
        Ok(self.db.first("SELECT 1 FROM anonymous_set WHERE purpose = ?1 AND cohort = ?2", &of).await?.is_some())
    }

    /// People with records or signals of a purpose that end from a time on and before another, in the order of their
    /// ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ending_with(
        &mut self,
        purpose: &str,
        (from, to): (Timestamp, Timestamp),
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<Vec<SubjectId>, StoreError> {
        let start = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let rows = self
            .db
            .query(
                "SELECT subject FROM (SELECT subject FROM record WHERE until >= ?2 AND until < ?3 AND purpose = ?1 \
                 AND subject > ?4 UNION SELECT subject FROM signal WHERE ends >= ?5 AND ends <= ?6 AND until >= ?2 \
                 AND until < ?3 AND purpose = ?1 AND subject > ?4) AS ending ORDER BY subject LIMIT ?7",
                &[
                    Val::Text(purpose),
                    from.into(),
                    to.into(),
                    start,
                    Val::Int(signal::ends(Some(from))),
                    Val::Int(signal::ends(Some(to))),
                    Val::Int(i64::from(limit)),
                ],
            )
            .await?;
        rows.iter().map(|row| Ok(SubjectId::new(self.shared.region, row.bytes(0)?))).collect()
    }

    /// The cohorts counted for a purpose, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn anonymous_sets(&mut self, purpose: &str) -> Result<Vec<AnonymousSet>, StoreError> {
        let sql = "SELECT cohort, at, k, l, passed, refused FROM anonymous_set WHERE purpose = ?1 ORDER BY cohort DESC";
        let rows = self.db.query(sql, &[Val::Text(purpose)]).await?;
        rows.iter()
            .map(|row| {
                Ok(AnonymousSet {
                    purpose: purpose.to_owned(),
                    cohort: row.text(0)?.to_owned(),
                    at: row.time(1)?,
                    k: row.uint(2)?,
                    l: row.uint(3)?,
                    passed: row.uint(4)?,
                    refused: row.uint(5)?,
                })
            })
            .collect()
    }

    /// The counts of a cohort.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn anonymous_cells(&mut self, purpose: &str, cohort: &str) -> Result<Vec<AnonymousCell>, StoreError> {
        let sql = "SELECT people_like, value, people FROM anonymous_cell WHERE purpose = ?1 AND cohort = ?2 \
                   ORDER BY people_like, value";
        let rows = self.db.query(sql, &[Val::Text(purpose), Val::Text(cohort)]).await?;
        rows.iter()
            .map(|row| {
                let (people_like, value) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                Ok(AnonymousCell { people_like, value, people: row.uint(2)? })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Keeps a cohort's counts; false when it was counted before, by whichever node, and nothing is changed then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_anonymous(&mut self, set: &AnonymousSet, cells: &[AnonymousCell]) -> Result<bool, StoreError> {
        let (purpose, cohort) = (Val::Text(&set.purpose), Val::Text(&set.cohort));
        let made = self
            .db
            .execute(
                "INSERT INTO anonymous_set (purpose, cohort, at, k, l, passed, refused) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (purpose, cohort) DO NOTHING",
                &[purpose, cohort, set.at.into(), set.k.into(), set.l.into(), set.passed.into(), set.refused.into()],
            )
            .await?;
        if made == 0 {
            return Ok(false);
        }
        for cell in cells {
            self.db
                .execute(
                    "INSERT INTO anonymous_cell (purpose, cohort, people_like, value, people) VALUES (?1, ?2, ?3, ?4, ?5)",
                    &[purpose, cohort, Val::Text(&cell.people_like), Val::Text(&cell.value), cell.people.into()],
                )
                .await?;
        }
        Ok(true)
    }
}
