//! The register of exceptions: what may be done without asking a person, on which ground, with what, for whom, until
//! when.
//!
//! Keeps promises 2.6 and 2.7. A decision reads the entries that concern a person, and the commit of a use reads them
//! again, under a lock that the end of an entry waits for: what an entry no longer opens is used by nobody. An entry
//! that is kept from its person keeps the leaves and disclosures of its uses from them too, until it no longer is.

use avouch_ledger::leaf::Outcome;
use avouch_policy::model::Role;
use avouch_policy::{Act, Ask, Basis, Bits, Foreign, Instrument, Policy};
use avouch_seal::{Region, SubjectId};
use jiff::Timestamp;

use crate::approval::Spent;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::standing;
use crate::tx::{Receipt, Tx};

/// Names an entry of a register; written in hex.
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
    /// Whether a foreign authority stands behind it.
    pub foreign: Foreign,
    /// From when.
    pub begins: Timestamp,
    /// Until when; from then on it opens nothing.
    pub ends: Timestamp,
    /// When the person is told, where that is owed.
    pub tell: Option<Timestamp>,
    /// Days after its end for which telling would endanger somebody; until then it is kept from its person.
    pub put_off: u16,
    /// The request of an authority that keeps it from its person for now.
    pub hidden: Option<EntryId>,
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
    /// When the person is told.
    pub tell: Option<Timestamp>,
    /// Days after its end for which telling would endanger somebody.
    pub put_off: u16,
    /// When the person was told.
    pub told: Option<Timestamp>,
    /// Whether it is kept from its person now.
    pub hidden: bool,
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

/// What was permitted by an entry of the register, for the commit to look again.
#[derive(Debug, Clone)]
pub(crate) struct Exceptional {
    pub(crate) ask: Ask,
    /// By which entry or request it is kept from its person.
    pub(crate) hidden: Option<[u8; 16]>,
}

/// What stands for the rules for everyone where subjects are held: a use by a rule holds it shared, whoever changes a
/// rule alone.
#[must_use]
pub fn rules_lock(region: Region) -> SubjectId {
    let digest = avouch_ledger::hash::sha256(b"rules of exception");
    SubjectId::new(region, digest.first_chunk().copied().unwrap_or_default())
}

/// Whether an ask is decided by entries of the register: the purpose is exceptional, or an authority would get
/// something. What is only stored needs none.
pub(crate) fn needs_entry(policy: &Policy, ask: &Ask) -> bool {
    let rules = policy.rules();
    let exceptional = rules.purpose_rules.get(usize::from(ask.purpose.index())).is_some_and(|rule| rule.exceptional);
    let rule = ask.recipient.and_then(|r| rules.recipient_rules.get(usize::from(r.index())));
    ask.act != Act::Keep && (exceptional || rule.is_some_and(|rule| rule.role == Role::Authority))
}

/// The names of a JSON list as it is stored.
pub(crate) fn names(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a list of names is no list".into()))
}

/// A list of names as it is stored.
pub(crate) fn listed(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

/// A text that may be empty.
pub(crate) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whose a row is, where it still is somebody's.
pub(crate) fn whose(look: &Look<'_>, row: &Row, at: usize) -> Result<Option<SubjectId>, StoreError> {
    match row.blob_opt(at)? {
        None => Ok(None),
        Some(_) => Ok(Some(SubjectId::new(look.shared.region, row.bytes(at)?))),
    }
}

/// A query of entries with the columns [`entry`] reads, and what follows.
macro_rules! entries {
    ($rest:literal) => {
        concat!(
            "SELECT subject, id, everyone, purpose, basis, citation, items, coalesce(recipient, ''), asked_by, \
             coalesce(allowed_by, ''), begins, ends, tell, told, put_off, hidden FROM exception ",
            $rest
        )
    };
}

fn entry(look: &Look<'_>, row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        subject: whose(look, row, 0)?,
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
        put_off: u16::try_from(row.uint(14)?).unwrap_or(u16::MAX),
        hidden: row.blob_opt(15)?.is_some(),
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
    let foreign = match row.int(5)? {
        0 => Foreign::No,
        2 => Foreign::Approved,
        _ => Foreign::Unapproved,
    };
    Ok(Some(Instrument { purpose, items, recipient, from: row.time(3)?, until: row.time(4)?, foreign }))
}

impl Look<'_> {
    /// The entries in force now that concern a subject, as a policy reads them, each with what keeps it from its person.
    pub(crate) async fn instruments(
        &mut self,
        policy: &Policy,
        subject: SubjectId,
    ) -> Result<Vec<(Instrument, Option<[u8; 16]>)>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT purpose, items, coalesce(recipient, ''), begins, ends, foreign_body, hidden FROM exception \
                 WHERE (subject = ?1 OR everyone = 1) AND begins <= ?2 AND ends > ?2",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(instrument) = instrument(policy, row)? {
                let hidden = if row.blob_opt(6)?.is_some() { Some(row.bytes(6)?) } else { None };
                out.push((instrument, hidden));
            }
        }
        Ok(out)
    }

    /// The latest entries of the register, whatever became of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions(&mut self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let sql = entries!("ORDER BY begins DESC, id LIMIT ?1");
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| entry(self, row)).collect()
    }

    /// One entry.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn exception(&mut self, id: EntryId) -> Result<Entry, StoreError> {
        let row = self.db.first(entries!("WHERE id = ?1"), &[Val::Blob(&id.0)]).await?.ok_or(StoreError::NoRecord)?;
        entry(self, &row)
    }

    /// The entries about a subject that they may see, and the rules for everyone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions_of(&mut self, subject: SubjectId) -> Result<Vec<Entry>, StoreError> {
        let sql = entries!("WHERE (subject = ?1 OR everyone = 1) AND hidden IS NULL ORDER BY begins DESC, id");
        let rows = self.db.query(sql, &[Val::Blob(subject.id())]).await?;
        rows.iter().map(|row| entry(self, row)).collect()
    }
}

impl Tx<'_> {
    /// That whoever changes an entry holds whom it is about: their epoch is raised, and what was permitted is decided
    /// anew.
    async fn change_of_entry(&mut self, subject: Option<SubjectId>) -> Result<(), StoreError> {
        match subject {
            Some(subject) => {
                self.held(subject, Hold::Exclusive)?;
                standing::touch(&mut self.db, subject).await
            }
            None => self.held(rules_lock(self.shared.region), Hold::Exclusive),
        }
    }

    /// Makes an entry, under the approval that was spent for it in this transaction. Whom it is about must be held
    /// exclusively; for a rule for everyone [`rules_lock`].
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn enter_exception(&mut self, new: &NewEntry, spent: &Spent) -> Result<EntryId, StoreError> {
        self.change_of_entry(new.subject).await?;
        let id = EntryId(self.random());
        let hidden = if new.put_off > 0 { Some(id.0) } else { new.hidden.map(|request| request.0) };
        let foreign = match new.foreign {
            Foreign::No => 0,
            Foreign::Unapproved => 1,
            Foreign::Approved => 2,
        };
        self.db
            .execute(
                "INSERT INTO exception (subject, id, everyone, purpose, basis, citation, items, recipient, \
                 foreign_body, asked_by, allowed_by, approval, begins, ends, tell, put_off, hidden) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                &[
                    new.subject.as_ref().map(|s| Val::Blob(s.id())).into(),
                    Val::Blob(&id.0),
                    new.subject.is_none().into(),
                    Val::Text(&new.purpose),
                    Val::Text(new.basis.as_str()),
                    Val::Text(&new.citation),
                    Val::Text(&listed(&new.items)),
                    new.recipient.as_deref().into(),
                    Val::Int(foreign),
                    Val::Text(&spent.asked_by),
                    spent.allowed_by.as_deref().into(),
                    Val::Blob(&spent.id.0),
                    new.begins.into(),
                    new.ends.into(),
                    new.tell.into(),
                    Val::Int(i64::from(new.put_off)),
                    hidden.as_ref().map(|h| Val::Blob(h)).into(),
                ],
            )
            .await?;
        self.note_entry(&spent.asked_by, "exception", &new.purpose, new.subject, hidden).await?;
        Ok(id)
    }

    /// Ends an entry before its time; `tell` is when its person is told then.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when it is not in force.
    pub async fn end_exception(&mut self, entry: &Entry, by: &str, tell: Option<Timestamp>) -> Result<(), StoreError> {
        let now = self.now();
        self.change_of_entry(entry.subject).await?;
        let ended = self
            .db
            .first(
                "UPDATE exception SET ends = ?2, tell = ?3 WHERE id = ?1 AND ends > ?2 RETURNING hidden",
                &[Val::Blob(&entry.id.0), now.into(), tell.into()],
            )
            .await?
            .ok_or(StoreError::NoRecord)?;
        let hidden = if ended.blob_opt(0)?.is_some() { Some(ended.bytes(0)?) } else { None };
        self.note_entry(by, "exception-end", &entry.purpose, entry.subject, hidden).await?;
        Ok(())
    }

    /// Notes that the person was told of an entry; false when that was noted before, nothing is owed, or it is not yet
    /// time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn told_of_exception(&mut self, subject: SubjectId, id: EntryId) -> Result<bool, StoreError> {
        let now = self.now();
        let told = self
            .db
            .execute(
                "UPDATE exception SET told = ?2 WHERE id = ?1 AND told IS NULL AND tell <= ?2",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?;
        if told == 1 {
            self.reveal_hidden(subject, id).await?;
        }
        Ok(told == 1)
    }

    /// Lets a person see from now on what an entry or a request kept from them.
    pub(crate) async fn reveal_hidden(&mut self, subject: SubjectId, id: EntryId) -> Result<(), StoreError> {
        let of = [Val::Blob(subject.id()), Val::Blob(&id.0)];
        for sql in [
            "INSERT INTO subject_leaf (subject, at, log, idx) SELECT subject, at, log, idx FROM hidden_leaf \
             WHERE subject = ?1 AND hidden = ?2",
            "DELETE FROM hidden_leaf WHERE subject = ?1 AND hidden = ?2",
            "UPDATE disclosure SET hidden = NULL WHERE subject = ?1 AND hidden = ?2",
            "UPDATE exception SET hidden = NULL WHERE subject = ?1 AND hidden = ?2",
        ] {
            self.db.execute(sql, &of).await?;
        }
        Ok(())
    }

    /// A leaf of what staff did with a register, kept from the person while the entry is.
    pub(crate) async fn note_entry(
        &mut self,
        by: &str,
        act: &str,
        about: &str,
        subject: Option<SubjectId>,
        hidden: Option<[u8; 16]>,
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, about, Outcome::Done);
        avouch_policy::Party::Operator.as_str().clone_into(&mut leaf.party);
        by.clone_into(&mut leaf.actor);
        let Some(subject) = subject else { return self.append(leaf, None) };
        let key = self.key(subject).await?;
        self.append_hidden(leaf, key.as_deref().map(|key| (subject, key)), hidden)
    }

    /// Whether what was permitted by an entry still is.
    pub(crate) async fn still_open(&mut self, subject: SubjectId, by: &Exceptional) -> Result<bool, StoreError> {
        let ask = Ask { at: self.now(), ..by.ask.clone() };
        let policy = std::sync::Arc::clone(self.policy());
        Ok(self.instruments(&policy, subject).await?.iter().any(|(instrument, _)| instrument.opens(&ask)))
    }
}
