//! What people published: posts and comments, newest first; a comment outlives what it answers.
//!
//! Keeps promises 1.3, 4.4 and 6.2: published by permit alone, gone with the record, the consent or the
//! person; a deleted post leaves no author behind in its thread.

use avouch_ledger::leaf::Outcome;
use avouch_policy::{Act, ItemId};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::journal::Kind;
use crate::look::Look;
use crate::permit::Permit;
use crate::record::RecordId;
use crate::tx::{Receipt, Tx};

/// The purpose under which things are published. For it nothing is opened but what is published.
pub const PUBLICATION: &str = "publication";

/// The public name of something published.
pub type PublicId = [u8; 16];

/// Something published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its public name.
    pub id: PublicId,
    /// Whose.
    pub subject: SubjectId,
    /// Of which item.
    pub item: String,
    /// Which record.
    pub record: RecordId,
    /// Since when.
    pub at: Timestamp,
    /// The post it belongs to, for a comment.
    pub thread: Option<PublicId>,
    /// What it answers, for a comment; it may be gone.
    pub parent: Option<PublicId>,
}

const BEFORE: &str = "SELECT id, subject, item, record, at, thread, parent FROM publication \
     WHERE thread IS NULL AND (at < ?1 OR (at = ?1 AND id < ?2)) AND NOT EXISTS (SELECT 1 FROM record r \
     WHERE r.subject = publication.subject AND r.item = publication.item AND r.id = publication.record \
     AND r.until <= ?4) ORDER BY at DESC, id DESC LIMIT ?3";
const AFTER: &str = "SELECT id, subject, item, record, at, thread, parent FROM publication \
     WHERE thread = ?1 AND (at > ?2 OR (at = ?2 AND id > ?3)) AND NOT EXISTS (SELECT 1 FROM record r \
     WHERE r.subject = publication.subject AND r.item = publication.item AND r.id = publication.record \
     AND r.until <= ?5) ORDER BY at, id LIMIT ?4";

impl Look<'_> {
    fn published(&self, row: &Row) -> Result<Published, StoreError> {
        let optional = |at| row.blob_opt(at)?.map(|_| row.bytes(at)).transpose();
        Ok(Published {
            id: row.bytes(0)?,
            subject: SubjectId::new(self.shared.region, row.bytes(1)?),
            item: row.text(2)?.to_owned(),
            record: RecordId(row.bytes(3)?),
            at: row.time(4)?,
            thread: optional(5)?,
            parent: optional(6)?,
        })
    }

    /// Posts, newest first, older than the one named by time and id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn posts(
        &mut self,
        before: Option<(Timestamp, PublicId)>,
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        let (at, id) = before.unwrap_or((Timestamp::MAX, [0xff; 16]));
        let now = self.now();
        let rows = self.db.query(BEFORE, &[at.into(), Val::Blob(&id), Val::Int(i64::from(limit)), now.into()]).await?;
        rows.iter().map(|row| self.published(row)).collect()
    }

    /// The comments under a post, oldest first, after the one named; the post itself may be gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn comments(
        &mut self,
        thread: PublicId,
        after: Option<(Timestamp, PublicId)>,
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        let (at, id) = after.unwrap_or((Timestamp::UNIX_EPOCH, [0; 16]));
        let now = self.now();
        let params = [Val::Blob(&thread), at.into(), Val::Blob(&id), Val::Int(i64::from(limit)), now.into()];
        let rows = self.db.query(AFTER, &params).await?;
        rows.iter().map(|row| self.published(row)).collect()
    }

    /// Something published, by its public name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn publication(&mut self, id: PublicId) -> Result<Option<Published>, StoreError> {
        let sql = "SELECT id, subject, item, record, at, thread, parent FROM publication WHERE id = ?1";
        let row = self.db.first(sql, &[Val::Blob(&id)]).await?;
        row.map(|row| self.published(&row)).transpose()
    }

    /// Everything a subject published.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn publications(&mut self, subject: SubjectId) -> Result<Vec<Published>, StoreError> {
        let sql = "SELECT id, subject, item, record, at, thread, parent FROM publication WHERE subject = ?1 \
                   ORDER BY at DESC, id DESC";
        let rows = self.db.query(sql, &[Val::Blob(subject.id())]).await?;
        rows.iter().map(|row| self.published(row)).collect()
    }
}

impl<'t> Tx<'t> {
    /// Publishes a record: the permit must be to publish it. Published before, it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Misused`] for another permit; [`StoreError::NoRecord`] when there is no such record.
    pub async fn publish(
        &mut self,
        permit: Permit<'t>,
        item: ItemId,
        record: RecordId,
        under: Option<(PublicId, PublicId)>,
    ) -> Result<(PublicId, Receipt), StoreError> {
        permit.spent_in(self)?;
        if permit.ask.act != Act::Publish || !permit.covers(item) {
            return Err(StoreError::Misused { name: "publish", why: "the permit is not to publish this item".into() });
        }
        let subject = permit.subject();
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let (name, now) = (self.policy().item_name(item).to_owned(), self.now());
        let place = [Val::Blob(subject.id()), Val::Text(&name), Val::Blob(&record.0)];
        let sql = "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3 AND (until IS NULL OR until > ?4)";
        self.db.first(sql, &[place[0], place[1], place[2], now.into()]).await?.ok_or(StoreError::NoRecord)?;
        let sql = "SELECT id FROM publication WHERE subject = ?1 AND item = ?2 AND record = ?3";
        let id: PublicId = match self.db.first(sql, &place).await? {
            Some(row) => row.bytes(0)?,
            None => {
                let id = self.random();
                let (thread, parent) = under.map_or((None, None), |(t, p)| (Some(t), Some(p)));
                self.db
                    .execute(
                        "INSERT INTO publication (subject, item, record, id, at, thread, parent) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        &[
                            place[0],
                            place[1],
                            place[2],
                            Val::Blob(&id),
                            now.into(),
                            thread.as_ref().into(),
                            parent.as_ref().into(),
                        ],
                    )
                    .await?;
                id
            }
        };
        let leaf = permit.leaf(self, Outcome::Done);
        Ok((id, self.append(leaf, Some((subject, &key)))?))
    }

    /// Takes a record back from publication; false when it was not published. The leaf is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unpublish(&mut self, subject: SubjectId, item: &str, record: RecordId) -> Result<bool, StoreError> {
        let gone = self.drop_publication(subject, item, record).await?;
        if gone {
            self.journal_record(Kind::Unpublished, subject, item, record);
        }
        Ok(gone)
    }

    /// As [`Tx::unpublish`], of a record that goes with it.
    pub(crate) async fn drop_publication(
        &mut self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
    ) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let sql = "DELETE FROM publication WHERE subject = ?1 AND item = ?2 AND record = ?3";
        let gone = self.db.execute(sql, &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0)]).await?;
        Ok(gone > 0)
    }

    /// Takes what others wrote below a subject's posts from publication: it stays with its writers. Gives how much.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn close_threads(&mut self, subject: SubjectId) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        let sql = "DELETE FROM publication WHERE thread IN \
                   (SELECT id FROM publication WHERE subject = ?1 AND thread IS NULL)";
        self.db.execute(sql, &[Val::Blob(subject.id())]).await
    }

    /// Takes everything a subject published back; gives how much it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unpublish_all(&mut self, subject: SubjectId) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db.execute("DELETE FROM publication WHERE subject = ?1", &[Val::Blob(subject.id())]).await
    }
}
