//! Records about two people: follows, blocks, messages.
//!
//! Keeps promises 2.2, 6.1 and 6.2. What belongs to both is a record of each, sealed under each one's own key, so that
//! seeing, exporting, deleting and erasing are those of any record. The row beside it says who the other is, for the
//! services that need it, and forgets them when the other is erased or deletes theirs.

use avouch_seal::SubjectId;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::exception::whose;
use crate::look::Look;
use crate::record::RecordId;
use crate::tx::Tx;

/// Whom a record of a subject is about besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The item.
    pub item: String,
    /// Which record of it.
    pub record: RecordId,
    /// The other; nobody once they are erased or have deleted theirs.
    pub other: Option<SubjectId>,
    /// Whether this subject made it.
    pub made: bool,
}

impl Look<'_> {
    /// Whom a subject's records are about besides.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn relations(&mut self, subject: SubjectId) -> Result<Vec<Relation>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT other, item, record, made FROM relation WHERE subject = ?1 ORDER BY item, record",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Relation {
                    other: whose(self, row, 0)?,
                    item: row.text(1)?.to_owned(),
                    record: RecordId(row.bytes(2)?),
                    made: row.flag(3)?,
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Says whom a subject's record is about besides.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn relate(&mut self, subject: SubjectId, to: &Relation) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db
            .execute(
                "INSERT INTO relation (subject, item, record, other, made) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(&to.item),
                    Val::Blob(&to.record.0),
                    to.other.as_ref().map(|other| Val::Blob(other.id())).into(),
                    to.made.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// A record goes: so does what it says of the other, and the other's says no longer who this one was.
    pub(crate) async fn part(&mut self, subject: SubjectId, item: &str, record: RecordId) -> Result<(), StoreError> {
        let of = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0)];
        for sql in [
            "DELETE FROM relation WHERE subject = ?1 AND item = ?2 AND record = ?3",
            "UPDATE relation SET other = NULL WHERE other = ?1 AND item = ?2 AND record = ?3",
        ] {
            self.db.execute(sql, &of).await?;
        }
        Ok(())
    }
}
