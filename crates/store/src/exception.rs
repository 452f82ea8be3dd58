//! The register of exceptions: entries that let the gate permit what nobody was asked for, within their scope and
//! time alone.
//!
//! Keeps promises 2.7 and 4.1. An entry is made in the transaction that spends its approval, raises the person's epoch
//! and lapses by itself; the gate loads the entries in force itself, and nobody tells it of one.

use avouch_ledger::leaf::Outcome;
use avouch_policy::{Basis, Bits, Instrument, Policy};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::approval::Spent;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::standing;
use crate::tx::Tx;

/// Names an entry; written in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryId(pub [u8; 16]);

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for EntryId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|b| b.try_into().ok());
        bytes.map(Self).ok_or(StoreError::NoRecord)
    }
}

/// An entry to be made.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Whose data; nothing for everyone's.
    pub subject: Option<SubjectId>,
    /// The exceptional purpose.
    pub purpose: String,
    /// Its basis.
    pub basis: Basis,
    /// The provision, or the number of the instrument.
    pub citation: String,
    /// Which items.
    pub items: Vec<String>,
    /// Who outside may get them.
    pub recipient: Option<String>,
    /// From when.
    pub begins: Timestamp,
    /// Until when; from then on it opens nothing.
    pub ends: Timestamp,
    /// By when the person is told, where that is owed.
    pub tell: Option<Timestamp>,
}

/// An entry of the register.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// Whose data; nothing for everyone's, or where the person was erased.
    pub subject: Option<SubjectId>,
    /// Whether it is a rule for everyone.
    pub everyone: bool,
    /// The purpose.
    pub purpose: String,
    /// Which exception of the law.
    pub basis: String,
    /// The provision.
    pub citation: String,
    /// Which items.
    pub items: Vec<String>,
    /// Who outside may get them.
    pub recipient: Option<String>,
    /// Who asked for it.
    pub asked_by: String,
    /// Who allowed it; nobody where it was an emergency.
    pub allowed_by: Option<String>,
    /// From when.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// By when the person is told.
    pub tell: Option<Timestamp>,
    /// When the person was told.
    pub told: Option<Timestamp>,
}

impl Entry {
    /// Whether it opens something at a time.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.begins <= at && at < self.ends
    }

    /// Whether the person should have been told by now and was not.
    #[must_use]
    pub fn overdue(&self, at: Timestamp) -> bool {
        self.told.is_none() && self.tell.is_some_and(|tell| tell < at)
    }
}

/// The names of a JSON list as it is stored.
fn names(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a list of items is no list".into()))
}

/// A list of names as it is stored.
fn listed(names: &[String]) -> String {
    serde_json::to_string(names).unwrap_or_default()
}

fn entry(look: &Look<'_>, row: &Row) -> Result<Entry, StoreError> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Entry {
        subject: match row.blob_opt(0)? {
            None => None,
            Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(0)?)),
        },
        id: EntryId(row.bytes(1)?),
        everyone: row.flag(2)?,
        purpose: row.text(3)?.to_owned(),
        basis: row.text(4)?.to_owned(),
        citation: row.text(5)?.to_owned(),
        items: names(row.text(6)?)?,
        recipient: some(row.text(7)?),
        asked_by: row.text(8)?.to_owned(),
        allowed_by: some(row.text(9)?),
        begins: row.time(10)?,
        ends: row.time(11)?,
        tell: row.time_opt(12)?,
        told: row.time_opt(13)?,
    })
}

/// The entry as a decision reads it; nothing where the policy in force no longer knows what it names.
fn instrument(policy: &Policy, row: &Row) -> Result<Option<Instrument>, StoreError> {
    let recipient = match row.text(2)? {
        "" => None,
        name => match policy.recipient(name) {
            None => return Ok(None),
            known => known,
        },
    };
    let Some(purpose) = policy.purpose(row.text(0)?) else { return Ok(None) };
    let items: Bits = names(row.text(1)?)?.iter().filter_map(|n| policy.item(n)).map(|i| i.index()).collect();
    Ok(Some(Instrument { purpose, items, recipient, from: row.time(3)?, until: row.time(4)? }))
}

impl Look<'_> {
    /// The entries in force now that open something of a subject's data.
    pub(crate) async fn instruments(&mut self, subject: SubjectId) -> Result<Vec<Instrument>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT purpose, items, coalesce(recipient, ''), begins, ends FROM exception \
                 WHERE (subject = ?1 OR everyone = 1) AND begins <= ?2 AND ends > ?2",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        let policy = std::sync::Arc::clone(self.policy());
        rows.iter().filter_map(|row| instrument(&policy, row).transpose()).collect()
    }

    /// The latest entries of the register, whatever became of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions(&mut self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT subject, id, everyone, purpose, basis, citation, items, coalesce(recipient, ''), asked_by, \
                 coalesce(allowed_by, ''), begins, ends, tell, told FROM exception ORDER BY begins DESC, id LIMIT ?1",
                &[Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| entry(self, row)).collect()
    }

    /// The entries about a subject, and the rules for everyone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions_of(&mut self, subject: SubjectId) -> Result<Vec<Entry>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT subject, id, everyone, purpose, basis, citation, items, coalesce(recipient, ''), asked_by, \
                 coalesce(allowed_by, ''), begins, ends, tell, told FROM exception \
                 WHERE subject = ?1 OR everyone = 1 ORDER BY begins DESC, id",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter().map(|row| entry(self, row)).collect()
    }
}

impl Tx<'_> {
    /// Makes an entry, under the approval that was spent for it in this transaction. A person it is about must be held
    /// exclusively: from this commit on they are decided on anew.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn enter_exception(&mut self, new: &NewEntry, spent: &Spent) -> Result<EntryId, StoreError> {
        if let Some(subject) = new.subject {
            self.held(subject, Hold::Exclusive)?;
            standing::touch(&mut self.db, subject).await?;
        }
        let id = EntryId(self.random());
        self.db
            .execute(
                "INSERT INTO exception (subject, id, everyone, purpose, basis, citation, items, recipient, \
                 asked_by, allowed_by, approval, begins, ends, tell) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                &[
                    new.subject.as_ref().map(|s| Val::Blob(s.id())).into(),
                    Val::Blob(&id.0),
                    new.subject.is_none().into(),
                    Val::Text(&new.purpose),
                    Val::Text(new.basis.as_str()),
                    Val::Text(&new.citation),
                    Val::Text(&listed(&new.items)),
                    new.recipient.as_deref().into(),
                    Val::Text(&spent.asked_by),
                    spent.allowed_by.as_deref().into(),
                    Val::Blob(&spent.id.0),
                    new.begins.into(),
                    new.ends.into(),
                    new.tell.into(),
                ],
            )
            .await?;
        self.note_by(&spent.asked_by, "exception", &new.purpose, Outcome::Done, new.subject).await?;
        Ok(id)
    }

    /// Ends an entry before its time; gives whose it was and for which purpose.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none in force.
    pub async fn end_exception(&mut self, id: EntryId, by: &str, subject: Option<SubjectId>) -> Result<(), StoreError> {
        let now = self.now();
        if let Some(subject) = subject {
            self.held(subject, Hold::Exclusive)?;
            standing::touch(&mut self.db, subject).await?;
        }
        let ended = self
            .db
            .first(
                "UPDATE exception SET ends = ?2, tell = CASE WHEN tell IS NULL THEN NULL ELSE ?2 END \
                 WHERE id = ?1 AND ends > ?2 RETURNING purpose",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?
            .ok_or(StoreError::NoRecord)?;
        let purpose = ended.text(0)?.to_owned();
        self.note_by(by, "exception-end", &purpose, Outcome::Done, subject).await?;
        Ok(())
    }

    /// Notes that the person was told of an entry; false when that was noted before, or nothing is owed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn told_of_exception(&mut self, id: EntryId) -> Result<bool, StoreError> {
        let now = self.now();
        let told = self
            .db
            .execute(
                "UPDATE exception SET told = ?2 WHERE id = ?1 AND told IS NULL AND tell IS NOT NULL",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?;
        Ok(told == 1)
    }
}
