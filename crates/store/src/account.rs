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
        let row = self.db.first("SELECT subject FROM identifier WHERE digest = ?1", &[Val::Blob(&digest)]).await?;
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
        let joined = joined.min(self.now());
        self.db
            .execute(
                "INSERT INTO standing (subject, epoch, state, age, guardian, restricted, hold, joined, cancel_due) \
                 VALUES (?1, 1, ?2, ?3, 0, 0, 0, ?4, NULL)",
                &[Val::Blob(subject.id()), Val::Int(ACTIVE), Val::Int(band), joined.into()],
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

    /// Restricts the processing of everything of a subject, or ends that; whoever holds something of theirs is told
    /// (GDPR 19). The epoch rises. False when it was so before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_restricted(&mut self, subject: SubjectId, on: bool) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let entry = self.journal_entry(if on { Kind::Restricted } else { Kind::Lifted }, subject, &[]);
        self.journal(entry);
        let changed = self
            .db
            .execute(
                "UPDATE standing SET restricted = ?2, epoch = epoch + 1 WHERE subject = ?1 AND restricted <> ?2",
                &[Val::Blob(subject.id()), on.into()],
            )
            .await?;
        if changed == 1 {
            let event = if on { crate::reader::Event::Restriction } else { crate::reader::Event::Lifting };
            self.tell_readers(subject, event, "").await?;
        }
        Ok(changed == 1)
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
        if due.is_some() {
            self.tell_readers(subject, crate::reader::Event::Cancellation, "").await?;
        }
        Ok(())
    }
}
