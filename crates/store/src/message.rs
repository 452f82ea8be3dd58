//! Addresses of messages on their way that are no record: a new contact before it is accepted, an old one
//! after it was replaced. Sealed under the subject's key, opened by a permit like a record, with a leaf.
//!
//! Keeps promises 2.0 and 5.5.

use avouch_policy::ItemId;
use avouch_seal::{Aad, Plain, SubjectId};

use crate::engine::Hold;
use crate::error::StoreError;
use crate::permit::{Actor, Permit};
use crate::record::{Record, RecordHead, RecordId, Used};
use crate::tx::Tx;

fn aad<'a>(region: &'a str, subject: &'a SubjectId, id: &'a [u8; 16]) -> Aad<'a> {
    Aad { region, subject: subject.id(), item: "message", record: id, version: 1 }
}

impl<'t> Tx<'t> {
    /// Seals an address into the message of that id.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn seal_address(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
        address: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.held(subject, Hold::Shared)?;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        key.seal(&aad(self.shared.region.as_str(), &subject, id), address, self.shared.entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Opens the sealed address of a message: the permit must cover its item, and its leaf is in this commit.
    ///
    /// # Errors
    /// As [`Tx::open_here`].
    pub async fn open_address(
        &mut self,
        permit: Permit<'t>,
        item: ItemId,
        id: [u8; 16],
        sealed: &[u8],
    ) -> Result<Used, StoreError> {
        permit.spent_in(self)?;
        if !permit.covers(item) {
            return Err(StoreError::Misused { name: "permit", why: "it does not cover the contact's item".into() });
        }
        let subject = permit.subject();
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let value = key
            .open(&aad(self.shared.region.as_str(), &subject, &id), sealed)
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        let leaf = permit.leaf(self, avouch_ledger::leaf::Outcome::Done);
        let receipt = self.append(leaf, Some((subject, &key)))?;
        let head = RecordHead {
            item,
            id: RecordId(id),
            version: 1,
            purpose: String::new(),
            source: Actor::System.party().as_str().to_owned(),
            created: now,
            changed: now,
            until: None,
        };
        Ok(Used { records: vec![Record { head, value: Plain::new(value) }], receipt })
    }
}
