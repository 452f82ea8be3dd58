//! Addresses of messages on their way that are no record: a new contact before it is accepted, an old one
//! after it was replaced. Sealed under the subject's key, opened by a permit like a record, with a leaf.
//!
//! Keeps promises 2.0 and 5.5.

use avouch_ledger::leaf::Outcome;
use avouch_policy::{Ask, ItemId};
use avouch_seal::{Aad, Plain, SubjectId};

use crate::engine::Hold;
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::{Actor, Answer, Denied, Permit};
use crate::record::{Opened, Record, RecordHead, RecordId, Used, Which};
use crate::store::Store;
use crate::tx::Tx;

/// An address sealed into a message.
#[derive(Debug, Clone)]
pub struct SealedAddress {
    /// The message's id.
    pub id: [u8; 16],
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

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

    /// Seals the address that a record holds now into the message of that id; it leaves the store in no other
    /// form. The permit's leaf is in this commit.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when none is held; [`StoreError::Gone`] when the subject was erased.
    pub async fn reseal_address(
        &mut self,
        permit: Permit<'t>,
        item: ItemId,
        id: &[u8; 16],
    ) -> Result<Vec<u8>, StoreError> {
        let subject = permit.subject();
        let used = self.open_here(permit, &Which::One(item, RecordId::ONLY)).await?;
        let record = used.records.first().ok_or(StoreError::NoRecord)?;
        self.seal_address(subject, id, record.value.expose_bytes()).await
    }
}

impl<'c> Look<'c> {
    async fn open_address(
        &mut self,
        permit: Permit<'c>,
        item: ItemId,
        sealed: &SealedAddress,
    ) -> Result<Opened, StoreError> {
        permit.spent_in(self)?;
        if !permit.covers(item) {
            return Err(StoreError::Misused { name: "permit", why: "it does not cover the contact's item".into() });
        }
        let subject = permit.subject();
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let value = key
            .open(&aad(self.shared.region.as_str(), &subject, &sealed.id), &sealed.bytes)
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        let head = RecordHead {
            item,
            id: RecordId(sealed.id),
            version: 1,
            purpose: String::new(),
            source: Actor::System.party().as_str().to_owned(),
            created: now,
            changed: now,
            until: None,
            rule: String::new(),
        };
        let leaf = permit.leaf(self, Outcome::Done);
        Ok(Opened {
            used: Vec::new(),
            register: None,
            subject,
            epoch: permit.epoch,
            leaf,
            going: permit.going,
            records: vec![Record { head, value: Plain::new(value), blobs: Vec::new() }],
        })
    }
}

impl Store {
    /// Uses the sealed address of a message, as [`Store::use_records`] uses records.
    ///
    /// # Errors
    /// As [`Store::use_records`].
    pub async fn use_address(
        &self,
        subject: SubjectId,
        ask: &Ask,
        actor: &Actor,
        item: ItemId,
        sealed: &SealedAddress,
    ) -> Result<Result<Used, Denied>, StoreError> {
        let opened = {
            let mut reading = self.reading().await?;
            let mut look = reading.look()?;
            match look.ask(subject, ask.clone(), actor).await? {
                Answer::Permitted(permit) => Ok(look.open_address(permit, item, sealed).await?),
                Answer::Refused(refused) => Err(refused),
            }
        };
        match opened {
            Err(refused) => Ok(Err(self.refuse(refused).await?)),
            Ok(opened) => match self.release(vec![opened]).await?.and_then(|mut used| used.pop()) {
                Some(used) => Ok(Ok(used)),
                // The job is done again, and decided anew.
                None => Err(StoreError::Busy("this person's standing changed meanwhile".into())),
            },
        }
    }
}
