//! Accounts: joining, identifiers, and the state that decides everything else.
//!
//! Keeps promises 1.1, 2.1 and 6.3: identifiers are found by keyed digest only, and a cancelled
//! account's state stops every use at its commit.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::journal::Kind;
use crate::look::Look;
use crate::standing::{self, ACTIVE, CANCELLING};
use crate::tx::Tx;

/// What the law makes of a person's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgeBand {
    /// Below the age at which a guardian decides.
    Child,
    /// A minor who decides alone, but is marked.
    Teen,
    /// Of age.
    Adult,
}

impl Look<'_> {
    /// The keyed digest of an identifier; `normalized` as its kind prescribes.
    fn digest(&self, item: &str, normalized: &str) -> [u8; 32] {
        self.shared.keys.blind_index(item, normalized)
    }

    /// Whose identifier this is, by its keyed digest.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find(&mut self, item: &str, normalized: &str) -> Result<Option<SubjectId>, StoreError> {
        let digest = self.digest(item, normalized);
        let now = self.now();
        // Nobody is found by what is past its end, also before the sweep takes it.
        let sql = "SELECT subject FROM identifier i WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM record r \
                   WHERE r.subject = i.subject AND r.item = i.item AND r.until <= ?2)";
        let row = self.db.first(sql, &[Val::Blob(&digest), now.into()]).await?;
        row.map(|row| Ok(SubjectId::new(self.shared.region, row.bytes(0)?))).transpose()
    }

    /// A page of subjects in the order of their ids, for bulk use.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn subjects(&mut self, after: Option<SubjectId>, limit: u32) -> Result<Vec<SubjectId>, StoreError> {
        let from = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let rows = self
            .db
            .query(
                "SELECT subject FROM standing WHERE subject > ?1 AND state < 2 ORDER BY subject LIMIT ?2",
                &[from, Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| Ok(SubjectId::new(self.shared.region, row.bytes(0)?))).collect()
    }
}

impl Tx<'_> {
    /// Opens an account for a subject whose key is in the key store.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is there already.
    pub async fn open_account(&mut self, subject: SubjectId, age: Option<AgeBand>) -> Result<(), StoreError> {
        let now = self.now();
        self.open_account_of(subject, age, now).await
    }

    /// As [`Tx::open_account`], of somebody who joined elsewhere before.
    ///
    /// # Errors
    /// As [`Tx::open_account`].
    pub async fn open_account_of(
        &mut self,
        subject: SubjectId,
        age: Option<AgeBand>,
        joined: Timestamp,
    ) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let band = age.map_or(0, AgeBand::code);
        let now = self.now();
        let joined = joined.min(now);
        self.db
            .execute(
                "INSERT INTO standing (subject, epoch, state, age, guardian, restricted, hold, joined, cancel_due, seen) \
                 VALUES (?1, 1, ?2, ?3, 0, 0, 0, ?4, NULL, ?5)",
                &[Val::Blob(subject.id()), Val::Int(ACTIVE), Val::Int(band), joined.into(), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Makes an identifier findable; false when somebody else has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_identifier(
        &mut self,
        subject: SubjectId,
        item: &str,
        normalized: &str,
    ) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let digest = self.shared.keys.blind_index(item, normalized);
        let made = self
            .db
            .execute(
                "INSERT INTO identifier (digest, subject, item) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
                &[Val::Blob(&digest), Val::Blob(subject.id()), Val::Text(item)],
            )
            .await?;
        if made == 1 {
            return Ok(true);
        }
        Ok(self.find(item, normalized).await? == Some(subject))
    }

    /// Takes an identifier of a subject out of the lookup, for another to take its place.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_identifier(&mut self, subject: SubjectId, item: &str) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db
            .execute(
                "DELETE FROM identifier WHERE subject = ?1 AND item = ?2",
                &[Val::Blob(subject.id()), Val::Text(item)],
            )
            .await?;
        self.journal_ended(subject, &["contact", item]);
        Ok(())
    }

    /// Starts the cooling-off of a cancelled account, or with nothing ends it. The epoch rises.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn set_cancelling(&mut self, subject: SubjectId, due: Option<Timestamp>) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        standing::touch(&mut self.db, subject).await?;
        let state = if due.is_some() { CANCELLING } else { ACTIVE };
        let kind = if due.is_some() { Kind::Cancelled } else { Kind::Kept };
        let entry = self.journal_entry(kind, subject, &[]);
        self.journal(entry);
        self.db
            .execute(
                "UPDATE standing SET state = ?2, cancel_due = ?3 WHERE subject = ?1 AND state < 2",
                &[Val::Blob(subject.id()), Val::Int(state), due.into()],
            )
            .await?;
        self.end_with_account(subject, due).await?;
        if due.is_some() {
            self.tell_readers(subject, crate::reader::Event::Cancellation, "").await?;
        }
        Ok(())
    }
}
