//! A change of hands: seen before, announced, told to every person, and answered by them.
//!
//! Keeps promise 4.3 (PIPL 22). The successor is a recipient of the policy in the role `successor`; its own policy is
//! compared with ours as a model, and purposes it changes are frozen for each person until they consent anew. Handing
//! over is in [`crate::sharing::hand_over`].

use std::sync::Arc;

use avouch_policy::model::{Recipient, Role};
use avouch_policy::{ChangeKind, Lang, Major, Party, Policy, Source, diff};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answered, ConsentKind, Hold, Outcome, Receipt, StoreError, Transact, Transfer, TransferCounts, TransferId,
    TransferPerson, TransferStage, Tx,
};
use jiff::Timestamp;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::rights::consent::wording;

/// The job that tells every person.
pub(crate) const JOB: &str = "transfer";
/// What a business can be handed over by.
pub const KINDS: [&str; 4] = ["merger", "division", "acquisition", "assets"];
/// People looked at in one step.
const PAGE: u32 = 200;

/// A purpose that changes with the hands.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Changed {
    /// The purpose.
    pub purpose: String,
    /// Its label in the policy's default language.
    pub label: String,
    /// What changes, sentence by sentence.
    pub how: Vec<String>,
    /// How many people gave the consent it rests on; zero where it rests on none.
    pub consenting: u64,
}

/// What a transfer would do, before anything is done.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Preview {
    /// The successor in the policy.
    pub recipient: String,
    /// Its name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
    /// How many people are told.
    pub people: u64,
    /// The purposes that change.
    pub changed: Vec<Changed>,
    /// What stands against it; it is not announced while there is any.
    pub faults: Vec<String>,
}

/// What is announced.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// One of [`KINDS`].
    pub kind: String,
    /// The successor, a recipient of the policy.
    pub recipient: String,
    /// The successor's policy.
    pub source: Source,
    /// From when the successor takes over.
    pub effective: Timestamp,
    /// Who decided it: two operators, not one twice.
    pub by: [String; 2],
}

/// A transfer as a person sees it.
#[derive(Debug)]
pub struct Seen {
    /// The transfer.
    pub transfer: Transfer,
    /// What became of the person.
    pub person: TransferPerson,
    /// The successor's policy, for the words of what changes.
    pub successor: Arc<Policy>,
}

/// A transfer's id as text.
#[must_use]
pub fn to_text(id: &TransferId) -> String {
    data_encoding::HEXLOWER.encode(id)
}

/// A transfer's id from its text; nothing for another text.
#[must_use]
pub fn from_text(text: &str) -> Option<TransferId> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn language(policy: &Policy) -> Lang {
    policy.facts().default_language.clone()
}

/// The purposes of the recipient that the successor's policy changes, each with what changes.
fn changed(old: &Policy, new: &Policy, recipient: &Recipient) -> Vec<(String, Vec<String>)> {
    let lang = language(old);
    let found = diff(old, new);
    let purposes = recipient.purposes.iter().filter_map(|purpose| {
        let path = format!("usage.purposes.{purpose}");
        let inner = format!("{path}.");
        let how: Vec<String> = found
            .changes
            .iter()
            .filter(|c| c.path == path && c.kind == ChangeKind::Removed || c.path.starts_with(&inner))
            .filter(|c| c.path == path || c.major == Some(Major::Purpose))
            .map(|c| c.sentence.in_lang(&lang).to_owned())
            .collect();
        (!how.is_empty() || found.ask_again.contains(purpose)).then(|| (purpose.clone(), how))
    });
    purposes.collect()
}

impl App {
    /// The successor's policy, read.
    fn successor(source: &Source) -> Result<Policy, Fault> {
        Policy::load(source).map_err(|faults| {
            let text = format!("the successor's policy cannot be read: {}", faults.report(false));
            Fault::Invalid(vec![FieldFault::new("policy", "unreadable", text)])
        })
    }

    /// What handing over to a recipient, whose policy is given, would do: whom it concerns, which purposes change, and
    /// what stands against it.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a recipient that is no successor, or a policy that cannot be read.
    pub async fn preview_transfer(&self, recipient: &str, source: &Source) -> Result<Preview, Fault> {
        let policy = self.policy();
        let successor = Self::successor(source)?;
        let fact = policy.facts().sharing.recipients.get(recipient).filter(|r| r.role == Role::Successor);
        let fact = fact.ok_or_else(|| {
            let text = format!("the policy has no recipient '{recipient}' with role = \"successor\"");
            Fault::Invalid(vec![FieldFault::new("recipient", "unknown", text)])
        })?;
        let lang = language(&policy);
        let mut purposes = Vec::new();
        let people = self.store.people().await?;
        let now = self.store.now();
        {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            for (purpose, how) in changed(&policy, &successor, fact) {
                let consenting = look.how_many_consent(&purpose).await?;
                let label = policy.facts().usage.purposes.get(&purpose).map(|p| p.label.in_lang(&lang).to_owned());
                purposes.push(Changed { label: label.unwrap_or_default(), purpose, how, consenting });
            }
        }
        let mut faults = Vec::new();
        let rule = policy.recipient(recipient).and_then(|r| policy.rules().recipient_rules.get(usize::from(r.index())));
        if rule.and_then(|r| r.agreement).is_none_or(|(from, until)| now < from || until <= now) {
            faults.push("no agreement that binds the successor is in force: write agreement = { id, signed, expires, next_check }".to_owned());
        }
        if fact.contact.is_none() {
            faults.push("people must be told how to reach the successor: write contact".to_owned());
        }
        if !policy.facts().sharing.transfer.as_ref().is_some_and(|rule| rule.notify && rule.ask_again) {
            faults.push("the policy does not promise notice and asking again: write [sharing.transfer]".to_owned());
        }
        Ok(Preview {
            recipient: recipient.to_owned(),
            name: fact.name.in_lang(&lang).to_owned(),
            contact: fact.contact.clone().unwrap_or_default(),
            people,
            changed: purposes,
            faults,
        })
    }

    /// Announces a transfer: from this commit it stands on the site, and every person is told by a job.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for what is missing or one operator twice; [`Fault::NotNow`] with what stands against it, or
    /// while another is under way.
    pub async fn announce_transfer(&self, new: NewTransfer) -> Result<(TransferId, Receipt), Fault> {
        let preview = self.preview_transfer(&new.recipient, &new.source).await?;
        let mut wrong = Vec::new();
        if !KINDS.contains(&new.kind.as_str()) {
            wrong.push(FieldFault::new("kind", "unknown", format!("write one of: {}", KINDS.join(", "))));
        }
        if new.by.iter().any(|name| name.trim().is_empty()) || new.by[0].trim() == new.by[1].trim() {
            wrong.push(FieldFault::new("by", "two-people", "two people decide it: name two operators"));
        }
        if !wrong.is_empty() {
            return Err(Fault::Invalid(wrong));
        }
        if !preview.faults.is_empty() {
            return Err(Fault::NotNow(preview.faults.join("; ")));
        }
        let policy = self.policy();
        let agreement = policy.facts().sharing.recipients.get(&new.recipient).and_then(|r| r.agreement.as_ref());
        let transfer = Transfer {
            id: self.store.random(),
            kind: new.kind,
            recipient: new.recipient,
            agreement: agreement.map(|a| a.id.clone()).unwrap_or_default(),
            source: new.source,
            changed: preview.changed.into_iter().map(|c| c.purpose).collect(),
            effective: new.effective,
            announced: self.store.now(),
            stage: TransferStage::Announced,
            ended: None,
        };
        let id = transfer.id;
        Ok((id, self.store.transact(Announce { transfer }).await?))
    }

    /// Tells every person not told yet. Run by its job, and again before handing over, for who joined meanwhile.
    ///
    /// # Errors
    /// What keeps the store from reading or writing; what was done stays done, and it goes on from there.
    pub async fn tell_everybody(&self, id: TransferId) -> Result<u64, Fault> {
        let (mut after, mut told) = (None, 0);
        loop {
            let (transfer, people) = {
                let mut reading = self.store.reading().await?;
                let mut look = reading.look()?;
                (look.transfer(id).await?, look.subjects(after, PAGE).await?)
            };
            if transfer.stage != TransferStage::Announced || people.is_empty() {
                return Ok(told);
            }
            after = people.last().copied();
            let transfer = Arc::new(transfer);
            for subject in people {
                told += u64::from(self.tell_person(subject, &transfer).await?);
            }
        }
    }

    async fn tell_person(&self, subject: SubjectId, transfer: &Arc<Transfer>) -> Result<bool, Fault> {
        if self.transfer_person(subject, transfer.id).await?.is_some() {
            return Ok(false);
        }
        let lang = language(&self.policy());
        let letters = match self.notices(subject, What::Transfer, None, &lang).await {
            Ok(letters) => letters,
            // Erased since the page was read.
            Err(Fault::NotFound) => return Ok(false),
            Err(other) => return Err(other),
        };
        match self.store.transact(Tell { subject, transfer: Arc::clone(transfer), letters }).await {
            Err(StoreError::Gone) => Ok(false),
            other => Ok(other?),
        }
    }

    async fn transfer_person(&self, subject: SubjectId, id: TransferId) -> Result<Option<TransferPerson>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.transfer_person(subject, id).await?)
    }

    /// The transfers a person was told of that are under way or took place, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn transfers_of(&self, subject: SubjectId) -> Result<Vec<Seen>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut seen = Vec::new();
        for transfer in look.transfers().await? {
            if let Some(person) = look.transfer_person(subject, transfer.id).await? {
                let successor = Arc::new(Self::successor(&transfer.source)?);
                seen.push(Seen { transfer, person, successor });
            }
        }
        Ok(seen)
    }

    /// Every transfer with its counts, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn transfers(&self) -> Result<Vec<(Transfer, TransferCounts)>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut all = Vec::new();
        for transfer in look.transfers().await? {
            let counts = look.transfer_counts(transfer.id).await?;
            all.push((transfer, counts));
        }
        Ok(all)
    }

    /// Records a person's new consent to a purpose as the successor has it, or its withdrawal.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when the transfer does not change that purpose, or the person was not told of it;
    /// [`Fault::NotNow`] when it was called off.
    pub async fn answer_transfer(
        &self,
        subject: SubjectId,
        id: TransferId,
        purpose: &str,
        given: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let seen = self.transfers_of(subject).await?.into_iter().find(|s| s.transfer.id == id);
        let seen = seen.filter(|s| s.transfer.changed.iter().any(|p| p == purpose)).ok_or(Fault::NotFound)?;
        if seen.transfer.stage == TransferStage::CalledOff {
            return Err(Fault::NotNow("the transfer was called off: nothing changes".into()));
        }
        let answered = Answered {
            kind: ConsentKind::Successor,
            target: purpose.to_owned(),
            given,
            wording: avouch_ledger::hash::sha256(wording(&seen.successor, purpose, language).as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(AnswerTransfer { subject, answered }).await
    }

    /// Records that a person objects to being handed over, or no longer does.
    ///
    /// # Errors
    /// [`Fault::NotNow`] once they have been handed over or left out.
    pub async fn object_to_transfer(
        &self,
        subject: SubjectId,
        id: TransferId,
        objects: bool,
    ) -> Result<Receipt, Fault> {
        self.transfer_person(subject, id).await?.ok_or(Fault::NotFound)?;
        self.store.transact(Object { subject, id, objects }).await
    }

    /// Calls a transfer off: what it froze is lifted for everyone.
    ///
    /// # Errors
    /// [`Fault::NotNow`] when it is over.
    pub async fn call_off_transfer(&self, id: TransferId) -> Result<Receipt, Fault> {
        let receipt = self.store.transact(End { id, stage: TransferStage::CalledOff }).await?;
        let (mut after, transfer) = (None, self.transfer(id).await?);
        let changed: Arc<[String]> = transfer.changed.into();
        loop {
            let people = {
                let mut reading = self.store.reading().await?;
                reading.look()?.subjects(after, PAGE).await?
            };
            if people.is_empty() {
                return Ok(receipt);
            }
            after = people.last().copied();
            for subject in people {
                match self.store.transact(Thaw { subject, changed: Arc::clone(&changed) }).await {
                    Ok(()) | Err(StoreError::Gone) => {}
                    Err(other) => return Err(other.into()),
                }
            }
        }
    }

    /// One transfer.
    ///
    /// # Errors
    /// [`Fault::NotFound`].
    pub async fn transfer(&self, id: TransferId) -> Result<Transfer, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.transfer(id).await?)
    }
}

struct Announce {
    transfer: Transfer,
}

impl Transact for Announce {
    const NAME: &'static str = "announce a transfer";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if tx.transfers().await?.iter().any(|t| t.stage == TransferStage::Announced) {
            return Err(Fault::NotNow("another transfer is under way: complete it or call it off first".into()));
        }
        tx.enter_transfer(&self.transfer).await?;
        let now = tx.now();
        tx.queue(JOB, None, now, &to_text(&self.transfer.id)).await?;
        Ok(tx.note("transfer", &self.transfer.recipient, &[], Party::Operator, Outcome::Done, None).await?)
    }
}

struct Tell {
    subject: SubjectId,
    transfer: Arc<Transfer>,
    letters: Vec<Outgoing>,
}

impl Transact for Tell {
    const NAME: &'static str = "tell of a transfer";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        if !tx.tell_transfer(self.subject, &self.transfer, self.letters.len() as u64).await? {
            return Ok(false);
        }
        for letter in &self.letters {
            letter.queue(tx, Some(self.subject), None).await?;
        }
        let about = &self.transfer.recipient;
        tx.note("transfer-told", about, &[], Party::System, Outcome::Done, Some(self.subject)).await?;
        Ok(true)
    }
}

struct AnswerTransfer {
    subject: SubjectId,
    answered: Answered,
}

impl Transact for AnswerTransfer {
    const NAME: &'static str = "answer for a successor";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if self.answered.given && account.cancel_due.is_some() {
            return Err(Fault::NotNow("the account is being cancelled; stop that first".into()));
        }
        Ok(tx.answer_successor(self.subject, &Actor::Subject, &self.answered).await?)
    }
}

struct Object {
    subject: SubjectId,
    id: TransferId,
    objects: bool,
}

impl Transact for Object {
    const NAME: &'static str = "object to a transfer";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let transfer = tx.transfer(self.id).await?;
        if transfer.stage != TransferStage::Announced
            || !tx.object_transfer(self.subject, self.id, self.objects).await?
        {
            return Err(Fault::NotNow("this was decided already; contact us, or the successor".into()));
        }
        let act = if self.objects { "transfer-object" } else { "transfer-accept" };
        let subject = Some(self.subject);
        Ok(tx.note(act, &transfer.recipient, &[], Party::Subject, Outcome::Done, subject).await?)
    }
}

struct Thaw {
    subject: SubjectId,
    changed: Arc<[String]>,
}

impl Transact for Thaw {
    const NAME: &'static str = "lift what a transfer froze";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.thaw(self.subject, &self.changed).await
    }
}

/// Ends a transfer, with its leaf.
pub(crate) struct End {
    pub(crate) id: TransferId,
    pub(crate) stage: TransferStage,
}

impl Transact for End {
    const NAME: &'static str = "end a transfer";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let transfer = tx.transfer(self.id).await?;
        if !tx.end_transfer(self.id, self.stage).await? {
            return Err(Fault::NotNow("this transfer is over".into()));
        }
        let act = if self.stage == TransferStage::Complete { "transfer-complete" } else { "transfer-off" };
        Ok(tx.note(act, &transfer.recipient, &[], Party::Operator, Outcome::Done, None).await?)
    }
}
