//! What readers are told when a person's data changes, and their acknowledgement.
//!
//! Keeps promises 4.2, 5.2 and 6.4: services that read a person and recipients that were given something of theirs
//! are told of every withdrawal, correction, deletion and erasure, by a signed call to their hook; a service that
//! stays silent beyond the time it declared is suspended, and an erasure is certified when the last has acknowledged.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{
    Credential, Disclosure, Hold, Job, Notice, ReaderKind, Receipt, StoreError, Transact, Tx, notice_id,
};

use crate::app::App;
use crate::fault::Fault;

/// How many notices a reader owes an answer to.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Owed {
    /// What kind of reader.
    pub kind: ReaderKind,
    /// Which.
    pub name: String,
    /// How many.
    pub open: u64,
    /// How many of them are past their time.
    pub late: u64,
}

impl App {
    /// What a service has not acknowledged yet, the most urgent first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn notices_for(&self, credential: &Credential) -> Result<Vec<Notice>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.unacknowledged(ReaderKind::Service, credential.name()).await?)
    }

    /// A service acknowledges a notice; once more is no fault.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a notice that is not its own.
    pub async fn acknowledge(&self, credential: &Credential, id: &str) -> Result<(), Fault> {
        let id = notice_id(id).ok_or(Fault::NotFound)?;
        let open = self.notices_for(credential).await?;
        let notice = open.into_iter().find(|notice| notice.id == id).ok_or(Fault::NotFound)?;
        self.store.transact(Acknowledge { notice }).await?;
        Ok(())
    }

    /// What a recipient has not confirmed yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn unconfirmed(&self, recipient: &str) -> Result<Vec<Notice>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.unacknowledged(ReaderKind::Recipient, recipient).await?)
    }

    /// Staff enter that a recipient confirmed what it was told by letter or mail.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a notice that is not open.
    pub async fn confirm_notice(&self, operator: &str, recipient: &str, id: &str) -> Result<Receipt, Fault> {
        let id = notice_id(id).ok_or(Fault::NotFound)?;
        let notice = self.unconfirmed(recipient).await?.into_iter().find(|n| n.id == id).ok_or(Fault::NotFound)?;
        Ok(self.store.transact(Confirm { notice, operator: operator.to_owned() }).await?)
    }

    /// What each reader owes an answer to; empty when all was acknowledged.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn owed(&self) -> Result<Vec<Owed>, Fault> {
        let mut reading = self.store.reading().await?;
        let open = reading.look()?.open_notices().await?;
        Ok(open.into_iter().map(|(kind, name, open, late)| Owed { kind, name, open, late }).collect())
    }

    /// What readers were told of a subject, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn told_of(&self, subject: SubjectId) -> Result<Vec<Notice>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.notices(subject).await?)
    }

    /// A reader acknowledged by its answer.
    pub(super) async fn acknowledged(&self, notice: Notice) -> Result<(), Fault> {
        self.store.transact(Acknowledge { notice }).await?;
        Ok(())
    }

    /// What was given of a subject to recipients, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn disclosures(&self, subject: SubjectId) -> Result<Vec<Disclosure>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.disclosures(subject).await?)
    }

    /// Suspends a service that has not acknowledged a notice by its time.
    pub(crate) async fn hear_silence(&self, subject: SubjectId, job: &Job) -> Result<(), Fault> {
        let Some(notice) = self.notice_of(subject, job).await? else { return Ok(()) };
        Ok(self.store.transact(Silence { notice }).await?)
    }

    /// The open notice a job is about; nothing once it was acknowledged.
    pub(super) async fn notice_of(&self, subject: SubjectId, job: &Job) -> Result<Option<Notice>, Fault> {
        let Some(id) = notice_id(&job.body) else { return Ok(None) };
        let mut reading = self.store.reading().await?;
        let notice = reading.look()?.notice(subject, id).await?;
        Ok(notice.filter(|notice| notice.acknowledged.is_none()))
    }
}

struct Acknowledge {
    notice: Notice,
}

impl Transact for Acknowledge {
    const NAME: &'static str = "acknowledge a notice";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.notice.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        tx.acknowledge(&self.notice).await
    }
}

struct Confirm {
    notice: Notice,
    operator: String,
}

impl Transact for Confirm {
    const NAME: &'static str = "enter a confirmation";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.notice.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.acknowledge(&self.notice).await?;
        tx.note_recipient("recipient-confirmed", &self.notice.name, &self.operator)
    }
}

struct Silence {
    notice: Notice,
}

impl Transact for Silence {
    const NAME: &'static str = "suspend a silent service";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.notice.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        // Acknowledged since the job was taken up.
        let open = tx.notice(self.notice.subject, self.notice.id).await?;
        if open.is_none_or(|notice| notice.acknowledged.is_some()) {
            return Ok(());
        }
        let reason = format!("no acknowledgement of the notice {}", self.notice.id_text());
        if tx.suspend_service(&self.notice.name, true, &reason).await? {
            tx.note_service("suspend", &self.notice.name, Party::System, "")?;
        }
        Ok(())
    }
}
