//! Bulk: the uses of many people in one commit, evidenced each by a leaf of its own or all by one that commits to
//! them.
//!
//! Keeps promises 2.0 and 0.1: a batch's leaf holds the root of a small tree over one entry for each person, their
//! tag and a commitment to what was opened of theirs. Each person keeps their own entry with its path, so that they
//! see the use among their own and can prove they were in the batch; erased, only the tag is left, which is nobody's.

use std::collections::BTreeMap;

use avouch_ledger::hash::{Hash, leaf_hash};
use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_ledger::proof::{self, Nodes};
use avouch_seal::{SubjectId, SubjectKey};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::{Refused, leaf};
use crate::record::{Leaving, Opened, Used};
use crate::store::Store;
use crate::transact::Transact;
use crate::tx::{Receipt, Tx};

/// What came of a page: who was handed over, and whose standing changed meanwhile.
#[derive(Debug)]
pub struct Released {
    /// Who was permitted, with what was opened and the evidence.
    pub used: Vec<(SubjectId, Used)>,
    /// Whose standing changed since the permit: nothing of theirs is handed over; ask anew.
    pub stale: Vec<SubjectId>,
}

/// A person's entry in a batch, checkable against the batch's leaf with nothing else.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Member {
    /// The entry, base64: 16 bytes of salt, the person's tag of 16 bytes, and for a use 32 bytes of commitment.
    pub entry: String,
    /// Its place in the batch.
    pub place: u64,
    /// How many the batch holds.
    pub count: u64,
    /// The hashes from the entry to the batch's root, base64.
    pub inclusion: Vec<String>,
}

/// The hashes of a batch's entries: small enough that no node above them is kept.
struct Entries(Vec<Hash>);

impl Nodes for Entries {
    fn leaf(&self, index: u64) -> Option<Hash> {
        self.0.get(usize::try_from(index).ok()?).copied()
    }

    fn node(&self, _: u8, _: u64) -> Option<Hash> {
        None
    }
}

/// What stands for one person in a batch.
fn entry(key: &SubjectKey, salt: &[u8; 16], commitment: Option<&[u8; 32]>) -> Vec<u8> {
    let mut entry = Vec::with_capacity(64);
    entry.extend_from_slice(salt);
    entry.extend_from_slice(&key.tag(salt));
    entry.extend_from_slice(commitment.map_or(&[], |c| c.as_slice()));
    entry
}

impl Tx<'_> {
    /// Appends one leaf for many people: each of them finds it among their own, with their entry and its path.
    async fn append_batch(
        &mut self,
        mut batch: Leaf,
        mut members: Vec<(SubjectId, Vec<u8>)>,
    ) -> Result<Receipt, StoreError> {
        // In the order of the entries, which are random: the order of people tells nothing.
        members.sort_by(|(_, a), (_, b)| a.cmp(b));
        let entries = Entries(members.iter().map(|(_, entry)| leaf_hash(entry)).collect());
        let count = members.len() as u64;
        let root = proof::root(count, &entries);
        let root = root.ok_or(StoreError::Misused { name: "batch", why: "a batch of nobody".into() })?;
        batch.salt = self.random();
        batch.commitment = None;
        batch.batch = Some((root, count));
        let receipt = self.append_for(batch, members.iter().map(|(subject, _)| *subject).collect())?;
        for (place, (subject, entry)) in members.iter().enumerate() {
            let place = place as u64;
            let path = proof::inclusion(count, place, &entries).unwrap_or_default().concat();
            self.db
                .execute(
                    "INSERT INTO batch_member (subject, log, idx, place, entry, path) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    &[
                        Val::Blob(subject.id()),
                        Val::Text(&receipt.log),
                        receipt.index.into(),
                        place.into(),
                        Val::Blob(entry),
                        Val::Blob(&path),
                    ],
                )
                .await?;
        }
        Ok(receipt)
    }
}

/// What leaves with a page, each at the epoch it was permitted at, and its refusals.
struct ReleasePage {
    leaves: Vec<Leaving>,
    refused: Vec<Refused>,
    batch: bool,
}

impl ReleasePage {
    /// One leaf for all that were refused for the same reasons.
    async fn refuse_batch(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut alike: BTreeMap<Vec<&str>, Vec<&Refused>> = BTreeMap::new();
        for refused in &self.refused {
            alike.entry(refused.refusal.reasons.iter().map(|r| r.code.name()).collect()).or_default().push(refused);
        }
        for (reasons, all) in alike {
            let mut members = Vec::with_capacity(all.len());
            for refused in &all {
                if let Some(key) = tx.key(refused.subject).await? {
                    members.push((refused.subject, entry(&key, &tx.random(), None)));
                }
            }
            if let (Some(first), false) = (all.first(), members.is_empty()) {
                let mut batch = leaf(tx, &first.policy, &first.ask, &first.actor, Outcome::Refused);
                batch.reasons = reasons.iter().map(|r| (*r).to_owned()).collect();
                tx.append_batch(batch, members).await?;
            }
        }
        Ok(())
    }
}

impl Transact for ReleasePage {
    const NAME: &'static str = "release a page";
    /// A receipt each; nothing for those whose standing, or that of the recipient, has changed since their permit, or
    /// with whom more people would go abroad than a mechanism covers.
    type Out = Vec<Option<Receipt>>;
    type Fault = StoreError;

    // Many subjects in one commit: each is checked for itself, and whose standing changed is left out.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        self.leaves.iter().for_each(|leaving| leaving.hold(hold));
        hold.extend(self.refused.iter().map(|refused| (refused.subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut receipts = Vec::with_capacity(self.leaves.len());
        let mut members = Vec::new();
        for leaving in &self.leaves {
            let Leaving { subject, leaf, going, .. } = leaving;
            let Some(key) = leaving.still(tx).await? else {
                receipts.push(None);
                continue;
            };
            if let Some(going) = going
                && !tx.count_going(&[(&key, *going)]).await?
            {
                receipts.push(None);
            } else if self.batch {
                members.push((*subject, entry(&key, &leaf.salt, leaf.commitment.as_ref())));
                receipts.push(Some(Receipt { log: String::new(), index: 0 }));
            } else {
                receipts.push(Some(tx.append(leaf.clone(), Some((*subject, &key)))?));
            }
        }
        if let (Some(first), false) = (self.leaves.first(), members.is_empty()) {
            let receipt = tx.append_batch(first.leaf.clone(), members).await?;
            for place in receipts.iter_mut().flatten() {
                *place = receipt.clone();
            }
        }
        for (leaving, receipt) in self.leaves.iter().zip(&receipts) {
            if let Some(receipt) = receipt {
                tx.note_given(leaving.subject, &leaving.leaf, receipt).await?;
                tx.note_used(leaving.subject, &leaving.leaf.purpose, &leaving.used).await?;
            }
        }
        if self.batch {
            self.refuse_batch(tx).await?;
        } else {
            for refused in &self.refused {
                tx.deny(refused.clone()).await?;
            }
        }
        Ok(receipts)
    }
}

impl Store {
    /// Commits the evidence of a page and hands over what was opened, but for those whose standing changed meanwhile.
    ///
    /// # Errors
    /// What keeps the store from recording; every value is dropped unread.
    pub async fn release_page(
        &self,
        opened: Vec<Opened>,
        refused: Vec<Refused>,
        batch: bool,
    ) -> Result<Released, StoreError> {
        if opened.is_empty() && refused.is_empty() {
            return Ok(Released { used: Vec::new(), stale: Vec::new() });
        }
        let leaves = opened.iter().map(Leaving::of).collect();
        let receipts = self.transact(ReleasePage { leaves, refused, batch }).await?;
        let mut out = Released { used: Vec::new(), stale: Vec::new() };
        for (opened, receipt) in opened.into_iter().zip(receipts) {
            match receipt {
                Some(receipt) => out.used.push((opened.subject, Used { records: opened.records, receipt })),
                None => out.stale.push(opened.subject),
            }
        }
        Ok(out)
    }
}

impl Look<'_> {
    /// A person's entry in the batch of a leaf; nothing where the leaf is theirs alone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn member(&mut self, subject: SubjectId, receipt: &Receipt) -> Result<Option<Member>, StoreError> {
        let row = self
            .db
            .first(
                "SELECT place, entry, path FROM batch_member WHERE subject = ?1 AND log = ?2 AND idx = ?3",
                &[Val::Blob(subject.id()), Val::Text(&receipt.log), receipt.index.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let count = self.leaf(receipt).await?.0.leaf.batch.map_or(0, |(_, count)| count);
        Ok(Some(Member {
            entry: data_encoding::BASE64.encode(row.blob(1)?),
            place: row.uint(0)?,
            count,
            inclusion: row.blob(2)?.chunks(32).map(|hash| data_encoding::BASE64.encode(hash)).collect(),
        }))
    }
}
