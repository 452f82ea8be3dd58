//! Accounts nobody uses: when a person last came in, and when they were told that the account goes.
//!
//! Keeps promise 5.1. What counts is what people do themselves: coming in, and what they or their devices give.

use avouch_seal::SubjectId;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::standing::ACTIVE;
use crate::tx::Tx;

/// An account that seems unused.
#[derive(Debug, Clone, Copy)]
pub struct Unused {
    /// Whose.
    pub subject: SubjectId,
    /// When its person last did anything.
    pub last: Timestamp,
    /// When they were told that it goes; nothing while they were not.
    pub noticed: Option<Timestamp>,
}

/// A session in use is noted once in so long.
const NOTED: SignedDuration = SignedDuration::from_hours(24);

impl Look<'_> {
    /// Accounts in use whose person seems not to have come in since `before`, after the one named; with what they or
    /// their devices last gave.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unused(
        &mut self,
        before: Timestamp,
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<Vec<Unused>, StoreError> {
        let from = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let rows = self
            .db
            .query(
                "SELECT subject, COALESCE(seen, joined), noticed FROM standing s WHERE subject > ?2 AND state = ?4 \
                 AND (seen <= ?1 OR (seen IS NULL AND joined <= ?1)) AND hold = 0 AND NOT EXISTS \
                 (SELECT 1 FROM case_file c WHERE c.subject = s.subject AND c.secret IS NOT NULL) \
                 ORDER BY subject LIMIT ?3",
                &[before.into(), from, Val::Int(i64::from(limit)), Val::Int(ACTIVE)],
            )
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let subject = SubjectId::new(self.shared.region, row.bytes(0)?);
            let mut last = row.time(1)?;
            for sql in [
                "SELECT max(seen) FROM session WHERE subject = ?1",
                "SELECT max(changed) FROM record WHERE subject = ?1 AND source <> 'system'",
                "SELECT max(at) FROM signal WHERE subject = ?1",
            ] {
                if let Some(row) = self.db.first(sql, &[Val::Blob(subject.id())]).await? {
                    last = last.max(row.time_opt(0)?.unwrap_or(last));
                }
            }
            out.push(Unused { subject, last, noticed: row.time_opt(2)? });
        }
        Ok(out)
    }
}

impl Tx<'_> {
    /// Notes that a person came in, to the day; what they were told of their unused account is void.
    pub(crate) async fn note_seen(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "UPDATE standing SET seen = ?2, noticed = NULL WHERE subject = ?1 \
                 AND (seen IS NULL OR seen <= ?3 OR noticed IS NOT NULL)",
                &[Val::Blob(subject.id()), now.into(), (now - NOTED).into()],
            )
            .await?;
        Ok(())
    }

    /// Notes when a person last did anything, and whether they were told now that their account goes.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_unused(&mut self, unused: &Unused, told: bool) -> Result<(), StoreError> {
        self.held(unused.subject, Hold::Exclusive)?;
        let noticed = told.then(|| self.now());
        let sql = "UPDATE standing SET seen = ?2, noticed = ?3 WHERE subject = ?1";
        self.db.execute(sql, &[Val::Blob(unused.subject.id()), unused.last.into(), noticed.into()]).await?;
        Ok(())
    }

    /// Whether an account was told at that time and nobody has come in since.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn still_unused(&mut self, unused: &Unused) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM standing WHERE subject = ?1 AND state = ?2 AND (noticed IS NULL OR noticed = ?3) \
                   AND (seen IS NULL OR seen <= ?4)";
        let told = unused.noticed.unwrap_or(Timestamp::UNIX_EPOCH);
        let of = [Val::Blob(unused.subject.id()), Val::Int(ACTIVE), told.into(), unused.last.into()];
        Ok(self.db.first(sql, &of).await?.is_some())
    }
}
