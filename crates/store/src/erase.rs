//! Erasing: what law keeps is re-sealed first, then the key goes, then the rows.
//!
//! Keeps promises 5.2 and 6.3. The three steps may be interrupted anywhere and run again.

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_seal::{Aad, SubjectId};
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::{Actor, Permit};
use crate::record::Which;
use crate::signal::SignalPlace;
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

impl<'t> Tx<'t> {
    /// Re-seals what law keeps of `which` under the holding key. The permit must be for keeping, by legal duty.
    /// Gives how many records or signals are kept, and the place of the last that was looked at.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the key is destroyed already.
    pub async fn keep_by_law(
        &mut self,
        permit: Permit<'t>,
        keeps: &[Keep],
        which: &Which,
    ) -> Result<(u64, Option<SignalPlace>), StoreError> {
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
        Ok((kept, used.records.last().map(|r| (r.head.created, r.head.id))))
    }

    /// Deletes every row of a subject whose key is destroyed, and writes the leaf that says so.
    ///
    /// # Errors
    /// [`StoreError::Misused`] while the key still stands.
    pub async fn delete_rows(&mut self, subject: SubjectId) -> Result<(Vec<Deleted>, Receipt), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        if self.shared.keys.load(subject).await?.is_some() {
            return Err(StoreError::Misused { name: "erase", why: "the subject's key still stands".into() });
        }
        self.loosen_all(subject).await?;
        self.tell_of_erasure(subject).await?;
        let mut deleted = Vec::new();
        for (table, sql) in [
            ("record", "DELETE FROM record WHERE subject = ?1"),
            ("blob", "DELETE FROM blob WHERE subject = ?1"),
            ("blob_object", "DELETE FROM blob_object WHERE subject = ?1"),
            ("upload", "DELETE FROM upload WHERE subject = ?1"),
            ("quarantine", "DELETE FROM quarantine WHERE subject = ?1"),
            ("signal", "DELETE FROM signal WHERE subject = ?1"),
            ("permission", "DELETE FROM permission WHERE subject = ?1"),
            ("publication", "DELETE FROM publication WHERE subject = ?1"),
            ("consent", "DELETE FROM consent WHERE subject = ?1"),
            ("consent_event", "DELETE FROM consent_event WHERE subject = ?1"),
            ("policy_notice", "DELETE FROM policy_notice WHERE subject = ?1"),
            ("policy_declined", "DELETE FROM policy_declined WHERE subject = ?1"),
            ("identifier", "DELETE FROM identifier WHERE subject = ?1"),
            ("joint_login", "DELETE FROM joint_login WHERE subject = ?1"),
            ("session", "DELETE FROM session WHERE subject = ?1"),
            ("code", "DELETE FROM code WHERE subject = ?1"),
            ("verified", "DELETE FROM verified WHERE subject = ?1"),
            ("place", "DELETE FROM place WHERE subject = ?1"),
            ("job", "DELETE FROM job WHERE subject = ?1 AND kind IN ('message', 'offer')"),
            ("case_file", "DELETE FROM case_file WHERE subject = ?1"),
            ("case_entry", "DELETE FROM case_entry WHERE subject = ?1"),
            ("case_reveal", "DELETE FROM case_reveal WHERE subject = ?1"),
            ("clock", "DELETE FROM clock WHERE subject = ?1"),
            ("decision", "DELETE FROM decision WHERE subject = ?1"),
            ("campaign_member", "DELETE FROM campaign_member WHERE subject = ?1"),
            ("name_check", "DELETE FROM name_check WHERE subject = ?1"),
            ("transfer_person", "DELETE FROM transfer_person WHERE subject = ?1"),
            ("guardian", "DELETE FROM guardian WHERE subject = ?1 OR other = ?1"),
            ("approval", "UPDATE approval SET subject = NULL, act = '' WHERE subject = ?1"),
            ("disclosure", "DELETE FROM disclosure WHERE subject = ?1"),
            ("egress", "DELETE FROM egress WHERE subject = ?1"),
            ("token", "DELETE FROM token WHERE subject = ?1"),
            ("reader", "DELETE FROM reader WHERE subject = ?1"),
            ("batch_member", "DELETE FROM batch_member WHERE subject = ?1"),
            ("subject_leaf", "DELETE FROM subject_leaf WHERE subject = ?1"),
            ("standing", "DELETE FROM standing WHERE subject = ?1"),
        ] {
            deleted.push((table, self.db.execute(sql, &[Val::Blob(subject.id())]).await?));
        }
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

/// One record past its end.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// Whose.
    pub subject: SubjectId,
    /// Its item.
    pub item: String,
    /// Which.
    pub record: crate::record::RecordId,
    /// The purpose it was collected for.
    pub purpose: String,
    /// Since when.
    pub until: Timestamp,
}

impl Look<'_> {
    /// Records past their end, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overdue(&mut self, limit: u32) -> Result<Vec<Overdue>, StoreError> {
        let now = self.now();
        let region = self.shared.region;
        let rows = self
            .db
            .query(
                "SELECT subject, item, id, purpose, until FROM record WHERE until IS NOT NULL AND until <= ?1 \
                 ORDER BY until LIMIT ?2",
                &[now.into(), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Overdue {
                    subject: SubjectId::new(region, row.bytes(0)?),
                    item: row.text(1)?.to_owned(),
                    record: crate::record::RecordId(row.bytes(2)?),
                    purpose: row.text(3)?.to_owned(),
                    until: row.time(4)?,
                })
            })
            .collect()
    }

    /// How many values law keeps, by item, and how many of them are past their end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn held_counts(&mut self) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT item, count(*), count(CASE WHEN until <= ?1 THEN 1 END) FROM held GROUP BY item ORDER BY item",
                &[now.into()],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?, row.uint(2)?))).collect()
    }
}

impl Tx<'_> {
    /// Deletes held values past their end; gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_held(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM held WHERE until <= ?1", &[now.into()]).await
    }
}
