//! Seeing: every item held, its value, why, on what basis, from whom, for how long, and who used it.
//!
//! Keeps promises 6.1 and 0.1.

use avouch_policy::Act;
use avouch_seal::SubjectId;
use avouch_store::{
    Account, Actor, ConsentEvent, Evidence, Head, Proof, Receipt, Record, RecordHead, SessionInfo, UseCount, Which,
};
use jiff::Timestamp;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

impl App {
    /// A subject's account.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn account(&self, subject: SubjectId) -> Result<Account, Fault> {
        let mut reading = self.store.reading().await?;
        reading.look()?.account(subject).await?.ok_or(Fault::NotFound)
    }

    /// What is held of a subject, unopened.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn holdings(&self, subject: SubjectId) -> Result<Vec<RecordHead>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.holdings(subject).await?)
    }

    /// A subject's own records of an item, opened for them.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn see(&self, subject: SubjectId, item: &str) -> Result<Vec<Record>, Fault> {
        self.see_all(subject, &[item]).await
    }

    /// A subject's own records of several items in one look.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn see_all(&self, subject: SubjectId, items: &[&str]) -> Result<Vec<Record>, Fault> {
        let wanted = Wanted { act: Act::Use, purpose: super::PURPOSE, items, recipient: None };
        Ok(self.use_records(subject, &wanted, &Actor::Subject, &Which::all()).await?.records)
    }

    /// One of a subject's own leaves, with the head of its log.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not theirs.
    pub async fn own_leaf(&self, subject: SubjectId, receipt: &Receipt) -> Result<(Evidence, Head), Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        if !look.owns_leaf(subject, receipt).await? {
            return Err(Fault::NotFound);
        }
        Ok(look.leaf(receipt).await?)
    }

    /// What a tlog-tiles path of a log asks for; nothing where there is no such thing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tile(&self, log: &str, wanted: avouch_ledger::tile::Wanted) -> Result<Option<Vec<u8>>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.tile(log, wanted).await?)
    }

    /// Who used a subject's data since a time: by purpose, item and service.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn uses(&self, subject: SubjectId, since: Timestamp) -> Result<Vec<UseCount>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.use_counts(subject, since).await?)
    }

    /// A subject's own leaves since a time, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn own_leaves(&self, subject: SubjectId, since: Timestamp, limit: u32) -> Result<Vec<Evidence>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.own_leaves(subject, since, limit).await?)
    }

    /// The proof of one of a subject's own leaves.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not theirs.
    pub async fn prove_own(&self, subject: SubjectId, receipt: &Receipt) -> Result<Proof, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        if !look.owns_leaf(subject, receipt).await? {
            return Err(Fault::NotFound);
        }
        let mut proof = look.prove(receipt).await?;
        proof.member = look.member(subject, receipt).await?;
        Ok(proof)
    }

    /// A subject's live sessions.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sessions(&self, subject: SubjectId) -> Result<Vec<SessionInfo>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.sessions(subject).await?)
    }

    /// Every answer a subject gave.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn consent_history(&self, subject: SubjectId) -> Result<Vec<ConsentEvent>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.consent_history(subject).await?)
    }
}
