//! Erasing: what law keeps is re-sealed first, then the key goes, then the rows.
//!
//! Keeps promises 5.2 and 6.3. The three steps may be interrupted anywhere and run again.

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_seal::{Aad, SubjectId};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::{Actor, Permit};
use crate::record::Which;
use crate::tx::{Receipt, Tx};

/// How long an item is kept by law, and by which record of a law pack.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The item's name.
    pub item: String,
    /// The law record.
    pub statute: String,
    /// How long from its collection, as an end for a given beginning.
    pub period: avouch_policy::Period,
}

/// Rows of one table deleted at an erasure.
pub type Deleted = (&'static str, u64);

/// A table with something of a person: its name, and the rows of it that are theirs.
struct Rows {
    table: &'static str,
    delete: &'static str,
    count: &'static str,
}

macro_rules! rows {
    ($(($table:literal, $from:literal),)*) => {
        &[$(Rows { table: $table, delete: concat!("DELETE ", $from), count: concat!("SELECT count(*) ", $from) }),*]
    };
}

/// Every table with something of a person. What still waits to tell recipients of the erasure is not of it.
const ROWS: &[Rows] = rows![
    ("record", "FROM record WHERE subject = ?1"),
    ("record_purpose", "FROM record_purpose WHERE subject = ?1"),
    ("blob", "FROM blob WHERE subject = ?1"),
    ("blob_object", "FROM blob_object WHERE subject = ?1"),
    ("upload", "FROM upload WHERE subject = ?1"),
    ("quarantine", "FROM quarantine WHERE subject = ?1"),
    ("signal", "FROM signal WHERE subject = ?1"),
    ("permission", "FROM permission WHERE subject = ?1"),
    ("publication", "FROM publication WHERE subject = ?1"),
    ("consent", "FROM consent WHERE subject = ?1"),
    ("consent_event", "FROM consent_event WHERE subject = ?1"),
    ("purpose_end", "FROM purpose_end WHERE subject = ?1"),
    ("identifier", "FROM identifier WHERE subject = ?1"),
    ("joint_login", "FROM joint_login WHERE subject = ?1"),
    ("session", "FROM session WHERE subject = ?1"),
    ("code", "FROM code WHERE subject = ?1"),
    ("verified", "FROM verified WHERE subject = ?1"),
    ("place", "FROM place WHERE subject = ?1"),
    ("job", "FROM job WHERE subject = ?1 AND kind IN ('message', 'offer')"),
    ("case_file", "FROM case_file WHERE subject = ?1"),
    ("case_entry", "FROM case_entry WHERE subject = ?1"),
    ("case_reveal", "FROM case_reveal WHERE subject = ?1"),
    ("clock", "FROM clock WHERE subject = ?1"),
    ("decision", "FROM decision WHERE subject = ?1"),
    ("campaign_member", "FROM campaign_member WHERE subject = ?1"),
    ("name_check", "FROM name_check WHERE subject = ?1"),
    ("transfer_person", "FROM transfer_person WHERE subject = ?1"),
    ("guardian", "FROM guardian WHERE subject = ?1 OR other = ?1"),
    ("disclosure", "FROM disclosure WHERE subject = ?1"),
    ("egress", "FROM egress WHERE subject = ?1"),
    ("token", "FROM token WHERE subject = ?1"),
    ("reader", "FROM reader WHERE subject = ?1"),
    ("batch_member", "FROM batch_member WHERE subject = ?1"),
    ("subject_leaf", "FROM subject_leaf WHERE subject = ?1"),
    ("standing", "FROM standing WHERE subject = ?1"),
];

/// The tables of which a person may have any number of rows: they go a page at a time, before the rest.
const MANY: &[(&str, &str)] = &[
    (
        "signal",
        "DELETE FROM signal WHERE (ends, subject, id) IN \
         (SELECT ends, subject, id FROM signal WHERE subject = ?1 LIMIT ?2)",
    ),
    (
        "record",
        "DELETE FROM record WHERE (subject, item, id) IN \
         (SELECT subject, item, id FROM record WHERE subject = ?1 LIMIT ?2)",
    ),
    (
        "subject_leaf",
        "DELETE FROM subject_leaf WHERE (subject, at, log, idx) IN \
         (SELECT subject, at, log, idx FROM subject_leaf WHERE subject = ?1 LIMIT ?2)",
    ),
];

/// What a look found, after an erasure, of whom was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Remains {
    /// Whether anything could still open what was theirs.
    pub key: bool,
    /// Rows that still stand, by table; none when it is whole.
    pub rows: Vec<(&'static str, u64)>,
    /// Tables that were looked at.
    pub tables: usize,
}

impl Remains {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.key && self.rows.is_empty()
    }
}

impl Look<'_> {
    /// Reads what is left of an erased subject, in every table that could hold anything of theirs, and in the key store.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub async fn remains(&mut self, subject: SubjectId) -> Result<Remains, StoreError> {
        let keys = &self.shared.keys;
        let key = keys.load(subject).await?.is_some() || keys.parting(subject).await?.is_some();
        let mut out = Remains { key, rows: Vec::new(), tables: ROWS.len() };
        for rows in ROWS {
            let found = self.db.first(rows.count, &[Val::Blob(subject.id())]).await?;
            let count = found.map_or(Ok(0), |row| row.uint(0))?;
            if count > 0 {
                out.rows.push((rows.table, count));
            }
        }
        Ok(out)
    }

    /// Whether a subject has a record or signal of one of these items.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_any(&mut self, subject: SubjectId, items: &[String]) -> Result<bool, StoreError> {
        for item in items {
            for sql in [
                "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 LIMIT 1",
                "SELECT 1 FROM signal WHERE subject = ?1 AND item = ?2 LIMIT 1",
            ] {
                if self.db.first(sql, &[Val::Blob(subject.id()), Val::Text(item)]).await?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl<'t> Tx<'t> {
    /// Re-seals what law keeps of `which` under the holding key. The permit must be for keeping, by legal duty.
    /// Gives how many records or signals are kept, and which come next; nothing after the last page.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the key is destroyed already.
    pub async fn keep_by_law(
        &mut self,
        permit: Permit<'t>,
        keeps: &[Keep],
        which: &Which,
    ) -> Result<(u64, Option<Which>), StoreError> {
        let subject = permit.subject();
        let used = self.open_here(permit, which).await?;
        let holding = self.shared.keys.holding()?;
        let now = self.now();
        let mut kept = 0;
        for record in &used.records {
            let item = self.policy().item_name(record.head.item).to_owned();
            let Some(keep) = keeps.iter().find(|k| k.item == item) else {
                continue;
            };
            let until = keep.period.after(record.head.created);
            if until <= now {
                continue;
            }
            let id = holding.id(&subject, &item, &record.head.id.0);
            let aad = Aad { region: self.shared.region.as_str(), subject: &[], item: &item, record: &id, version: 1 };
            let sealed = holding
                .seal(&aad, record.value.expose_bytes(), self.shared.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            self.db
                .execute(
                    "INSERT INTO held (id, item, sealed, statute, until) VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (id) DO NOTHING",
                    &[Val::Blob(&id), Val::Text(&item), Val::Blob(&sealed), Val::Text(&keep.statute), until.into()],
                )
                .await?;
            kept += 1;
        }
        let next = used.records.last().and_then(|last| match which {
            Which::Page { limit, .. } => {
                Some(Which::Page { limit: *limit, after: Some((last.head.item, last.head.id)) })
            }
            Which::Signals { limit, .. } => {
                Some(Which::Signals { limit: *limit, after: Some((last.head.created, last.head.id)) })
            }
            Which::One(..) | Which::These(_) => None,
        });
        Ok((kept, next))
    }

    /// The parting key serves this transaction, to keep what law keeps; false when there is none (any more).
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn take_leave(&mut self, subject: SubjectId) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let key = self.shared.keys.parting(subject).await?;
        let there = key.is_some();
        if let Some(key) = key {
            self.set_key(subject, key);
        }
        Ok(there)
    }

    async fn is_keyless(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        let keys = &self.shared.keys;
        if keys.load(subject).await?.is_some() || keys.parting(subject).await?.is_some() {
            return Err(StoreError::Misused { name: "erase", why: "the subject's key still stands".into() });
        }
        Ok(())
    }

    /// Deletes a page of the rows a keyless subject may have any number of; gives how many of which table, nothing
    /// when no more are left.
    ///
    /// # Errors
    /// [`StoreError::Misused`] while the key still stands.
    pub async fn delete_some(&mut self, subject: SubjectId, limit: u32) -> Result<Option<Deleted>, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        self.is_keyless(subject).await?;
        for (table, sql) in MANY {
            let gone = self.db.execute(sql, &[Val::Blob(subject.id()), Val::Int(i64::from(limit))]).await?;
            if gone > 0 {
                return Ok(Some((table, gone)));
            }
        }
        Ok(None)
    }

    /// Deletes every row of a subject whose key is destroyed, and writes the leaf that says so.
    ///
    /// # Errors
    /// [`StoreError::Misused`] while the key still stands.
    pub async fn delete_rows(&mut self, subject: SubjectId) -> Result<(Vec<Deleted>, Receipt), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        self.is_keyless(subject).await?;
        self.loosen_all(subject).await?;
        self.tell_of_erasure(subject).await?;
        let mut deleted = Vec::new();
        for rows in ROWS {
            deleted.push((rows.table, self.db.execute(rows.delete, &[Val::Blob(subject.id())]).await?));
        }
        // What two people decided stays as that they did; of whom goes.
        let sql = "UPDATE approval SET subject = NULL, act = '' WHERE subject = ?1";
        deleted.push(("approval", self.db.execute(sql, &[Val::Blob(subject.id())]).await?));
        let leaf = self.plain_leaf("erase", "cancellation", Outcome::Done);
        let receipt = self.append(leaf, None)?;
        Ok((deleted, receipt))
    }

    /// Writes a leaf of an act that needs no permit, such as a login, a deletion, a sweep. A subject's tag
    /// is added where the subject is named and has a key.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn note(
        &mut self,
        act: &str,
        about: &str,
        items: &[&str],
        party: avouch_policy::Party,
        outcome: Outcome,
        subject: Option<SubjectId>,
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, about, outcome);
        party.as_str().clone_into(&mut leaf.party);
        leaf.items = items.iter().map(|i| (*i).to_owned()).collect();
        match subject {
            None => self.append(leaf, None),
            Some(subject) => {
                let key = self.key(subject).await?;
                self.append(leaf, key.as_deref().map(|k| (subject, k)))
            }
        }
    }

    /// As [`Tx::note`], of an operator's act; `exact` is the digest of what was done, to which the leaf commits.
    pub(crate) async fn note_committed(
        &mut self,
        operator: &str,
        act: &str,
        about: &str,
        outcome: Outcome,
        subject: Option<SubjectId>,
        exact: Option<[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, about, outcome);
        avouch_policy::Party::Operator.as_str().clone_into(&mut leaf.party);
        operator.clone_into(&mut leaf.actor);
        leaf.commitment = exact.map(|exact| sha256(&[leaf.salt.as_slice(), exact.as_slice()].concat()));
        match subject {
            None => self.append(leaf, None),
            Some(subject) => {
                let key = self.key(subject).await?;
                self.append(leaf, key.as_deref().map(|k| (subject, k)))
            }
        }
    }

    /// As [`Tx::note`], of what somebody did about a subject.
    ///
    /// # Errors
    /// As [`Tx::note`].
    pub async fn note_by(
        &mut self,
        act: &str,
        about: &str,
        items: &[&str],
        actor: &Actor,
        outcome: Outcome,
        subject: SubjectId,
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, about, outcome);
        actor.party().as_str().clone_into(&mut leaf.party);
        actor.name().clone_into(&mut leaf.actor);
        leaf.items = items.iter().map(|i| (*i).to_owned()).collect();
        let key = self.key(subject).await?;
        self.append(leaf, key.as_deref().map(|key| (subject, key)))
    }

    /// Writes the leaf of a refusal that named what the policy does not know, so that no subject's standing
    /// was asked.
    ///
    /// # Errors
    /// When the database keeps no log.
    pub async fn note_refusal(
        &mut self,
        act: &str,
        purpose: &str,
        party: avouch_policy::Party,
        reasons: &[String],
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, purpose, Outcome::Refused);
        party.as_str().clone_into(&mut leaf.party);
        leaf.reasons = reasons.to_vec();
        self.append(leaf, None)
    }

    pub(crate) fn plain_leaf(&self, act: &str, about: &str, outcome: Outcome) -> Leaf {
        Leaf {
            at: self.now().as_millisecond(),
            act: act.to_owned(),
            outcome,
            party: avouch_policy::Party::System.as_str().to_owned(),
            actor: String::new(),
            purpose: about.to_owned(),
            basis: String::new(),
            items: Vec::new(),
            recipient: None,
            region: self.shared.region.as_str().to_owned(),
            policy: *self.policy().digest().as_bytes(),
            reasons: Vec::new(),
            salt: self.random(),
            subject: None,
            commitment: None,
            batch: None,
        }
    }
}
