//! Inside a transaction: what a use case may do, and the leaves that go with it.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use avouch_ledger::leaf::Leaf;
use avouch_ledger::tile::LONGEST_ENTRY;
use avouch_policy::Policy;
use avouch_seal::{SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::engine::{Db, Hold};
use crate::error::StoreError;
use crate::journal::Entry;
use crate::look::Look;
use crate::store::Shared;
use crate::transact::Transact;

/// Where a leaf stands: the evidence a caller is given for an act.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// The log, named for the node that writes it.
    pub log: String,
    /// The leaf's place in that log, from 0.
    pub index: u64,
}

/// A leaf waiting for the commit.
pub(crate) struct PendingLeaf {
    pub(crate) entry: Vec<u8>,
    pub(crate) at: Timestamp,
    /// Among whose own leaves it stands.
    pub(crate) subjects: Vec<SubjectId>,
    /// By which entry of a register it is kept from their view for now.
    pub(crate) hidden: Option<[u8; 16]>,
}

/// A running transaction. Permits minted in it carry its lifetime and die with it.
pub struct Tx<'t> {
    look: Look<'t>,
    log: Option<String>,
    base: u64,
    leaves: Vec<PendingLeaf>,
    entries: Vec<Entry>,
    hold: Vec<(SubjectId, Hold)>,
    name: &'static str,
    scope: PhantomData<fn(&'t ()) -> &'t ()>,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'t> Deref for Tx<'t> {
    type Target = Look<'t>;

    fn deref(&self) -> &Look<'t> {
        &self.look
    }
}

impl<'t> DerefMut for Tx<'t> {
    fn deref_mut(&mut self) -> &mut Look<'t> {
        &mut self.look
    }
}

impl<'t> Tx<'t> {
    pub(crate) fn new(shared: Arc<Shared>, db: Db<'t>, log: Option<&str>, base: u64) -> Self {
        Self {
            look: Look::new(shared, db),
            log: log.map(str::to_owned),
            base,
            leaves: Vec::new(),
            entries: Vec::new(),
            hold: Vec::new(),
            name: "",
            scope: PhantomData,
        }
    }

    /// A new transaction begins within the same commit.
    pub(crate) fn enter<T: Transact>(&mut self, work: &T) {
        self.name = T::NAME;
        self.hold.clear();
        work.subjects(&mut self.hold);
        self.look.refresh();
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.look.db.script(sql).await
    }

    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.leaves.len(), self.entries.len())
    }

    pub(crate) fn forget(&mut self, (leaves, entries): (usize, usize)) {
        self.leaves.truncate(leaves);
        self.entries.truncate(entries);
    }

    /// Its leaves, and what the journal must hold before it is committed.
    pub(crate) fn finish(self) -> (Vec<PendingLeaf>, Vec<Entry>) {
        (self.leaves, self.entries)
    }

    /// Adds an entry to the journal, which holds it before this commit is acknowledged.
    pub(crate) fn journal(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// That the transaction announced this subject, so that a withdrawal elsewhere waits for it.
    pub(crate) fn held(&self, subject: SubjectId, at_least: Hold) -> Result<(), StoreError> {
        if self.hold.iter().any(|(s, h)| *s == subject && *h >= at_least) {
            Ok(())
        } else {
            Err(StoreError::Misused {
                name: self.name,
                why: format!("it touched a subject it did not announce with {at_least:?} in `subjects`"),
            })
        }
    }

    /// Appends a leaf to this commit.
    ///
    /// The subject's tag is computed here; without a key (before joining, after erasure) the leaf is
    /// nobody's.
    pub(crate) fn append(
        &mut self,
        leaf: Leaf,
        subject: Option<(SubjectId, &SubjectKey)>,
    ) -> Result<Receipt, StoreError> {
        self.append_hidden(leaf, subject, None)
    }

    /// As [`Tx::append`]; kept from the subject's view while the entry of a register named is.
    pub(crate) fn append_hidden(
        &mut self,
        mut leaf: Leaf,
        subject: Option<(SubjectId, &SubjectKey)>,
        hidden: Option<[u8; 16]>,
    ) -> Result<Receipt, StoreError> {
        leaf.subject = subject.map(|(_, key)| key.tag(&leaf.salt));
        let receipt = self.append_for(leaf, subject.map(|(id, _)| id).into_iter().collect())?;
        if let Some(last) = self.leaves.last_mut() {
            last.hidden = hidden;
        }
        Ok(receipt)
    }

    /// Appends a leaf as it is, found by each of these among their own.
    pub(crate) fn append_for(&mut self, leaf: Leaf, subjects: Vec<SubjectId>) -> Result<Receipt, StoreError> {
        let Some(log) = &self.log else {
            return Err(StoreError::Misused { name: self.name, why: "this database keeps no log".into() });
        };
        let entry = leaf.encode();
        if entry.len() > LONGEST_ENTRY {
            let why = format!(
                "its leaf has {} bytes, and an entry of the ledger at most {LONGEST_ENTRY}: name fewer items at once",
                entry.len()
            );
            return Err(StoreError::Misused { name: self.name, why });
        }
        let index = self.base + self.leaves.len() as u64;
        self.leaves.push(PendingLeaf { entry, at: self.look.now(), subjects, hidden: None });
        Ok(Receipt { log: log.clone(), index })
    }

    /// The policy in force for this transaction.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        self.look.policy()
    }
}
