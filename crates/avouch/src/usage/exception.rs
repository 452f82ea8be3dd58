//! The register of exceptions: use without asking, on a ground of the law alone, entered by two people, for a scope
//! and a time; in an emergency by one, who is reviewed; and the person is told afterwards.
//!
//! Keeps promises 2.7 and 4.1. The gate permits within an entry's person, items, recipient and time
//! (`crates/policy/src/decide.rs`); what people disclosed themselves is a rule for everyone, and each use of it asks for
//! recorded provenance and no refusal. Reputation and "other interests" are no ground of the law.

use avouch_policy::{Basis, Policy};
use avouch_seal::SubjectId;
use avouch_store::{
    ApprovalId, ApprovalKind, Entry, EntryId, ExactAct, Hold, NewEntry, NotApproved, Operator, Spent, StoreError,
    Transact, Tx,
};
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::messages::send::Outgoing;
use crate::messages::words::What;

/// The job that tells a person that an exception was used.
pub(crate) const JOB: &str = "tell-exception";
/// An emergency lasts so long at most; a longer one is entered anew, by two.
pub const EMERGENCY_LASTS: SignedDuration = SignedDuration::from_hours(72);
/// The most entries listed.
const LISTED: u32 = 1_000;

/// What an entry is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewException {
    /// Whose data; nothing for everyone's.
    pub subject: Option<SubjectId>,
    /// The exceptional purpose.
    pub purpose: String,
    /// The provision it rests on, and the number of the instrument where there is one.
    pub citation: String,
    /// Which items.
    pub items: Vec<String>,
    /// Who outside may get them.
    pub recipient: Option<String>,
    /// Until when.
    pub ends: Timestamp,
}

fn wrong(field: &str, code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, code, text)])
}

impl NewException {
    /// Checks it against the policy; gives the basis it rests on.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with what is wrong and what the law asks instead.
    fn basis(&self, policy: &Policy, now: Timestamp) -> Result<Basis, Fault> {
        let facts = policy.facts();
        let Some(purpose) = facts.usage.purposes.get(&self.purpose).filter(|p| p.exceptional) else {
            let text = "the policy has no such exceptional purpose: reputation and other interests are no ground of the \
                        law; ask the person, or obtain a court's order and enter it under the duty by law";
            return Err(wrong("purpose", "no-ground", text));
        };
        let known = |item: &String| purpose.items.of(facts.collection.items.keys()).any(|i| i == item);
        if self.items.is_empty() || !self.items.iter().all(known) {
            return Err(wrong("items", "not-of-purpose", "name items of this purpose, and no more than are needed"));
        }
        if let Some(name) = &self.recipient
            && !facts.sharing.recipients.get(name).is_some_and(|r| r.purposes.contains(&self.purpose))
        {
            return Err(wrong("recipient", "not-of-purpose", "the policy names no such recipient for this purpose"));
        }
        if self.citation.trim().is_empty() || self.citation.chars().count() > 200 {
            return Err(wrong(
                "citation",
                "required",
                "cite the provision, and the instrument's number if there is one",
            ));
        }
        if self.ends <= now {
            return Err(wrong("ends", "past", "name a time to come: an entry lapses by itself"));
        }
        match (purpose.basis, self.subject) {
            (Basis::SelfDisclosed, Some(_)) => {
                Err(wrong("subject", "rule", "what people disclosed themselves is entered as a rule for everyone"))
            }
            (Basis::SelfDisclosed, None) | (_, Some(_)) => Ok(purpose.basis),
            (_, None) => Err(wrong("subject", "required", "name the person it is about")),
        }
    }

    fn entry(&self, basis: Basis, now: Timestamp) -> NewEntry {
        NewEntry {
            subject: self.subject,
            purpose: self.purpose.clone(),
            basis,
            citation: self.citation.trim().to_owned(),
            items: self.items.clone(),
            recipient: self.recipient.clone(),
            begins: now,
            ends: self.ends,
            // The law wants the person told when the emergency is over (PIPL 18(2)).
            tell: (basis == Basis::Emergency).then_some(self.ends),
        }
    }

    /// Exactly this entry, for the approval.
    #[must_use]
    pub fn exact(&self) -> ExactAct {
        let act = ExactAct::new(ApprovalKind::Exception)
            .with("purpose", &self.purpose)
            .with("citation", self.citation.trim())
            .with("items", self.items.join(", "))
            .with("recipient", self.recipient.as_deref().unwrap_or("nobody"))
            .with("ends", self.ends.to_string());
        match self.subject {
            Some(subject) => act.about(subject),
            None => act.with("subject", "everyone"),
        }
    }

    fn of(act: &ExactAct) -> Option<Self> {
        let part = |name: &str| act.part(name);
        Some(Self {
            subject: match part("subject")? {
                "everyone" => None,
                id => Some(id.parse().ok()?),
            },
            purpose: part("purpose")?.to_owned(),
            citation: part("citation")?.to_owned(),
            items: part("items")?.split(", ").map(str::to_owned).collect(),
            recipient: part("recipient").filter(|r| *r != "nobody").map(str::to_owned),
            ends: part("ends")?.parse().ok()?,
        })
    }
}

impl App {
    /// Asks a second person for an entry.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for what the law or the policy does not let stand; [`Fault::NotFound`] for nobody here;
    /// [`Fault::NotApproved`].
    pub async fn ask_exception(&self, by: &Operator, new: &NewException, why: &str) -> Result<ApprovalId, Fault> {
        new.basis(&self.policy(), self.store.now())?;
        if let Some(subject) = new.subject {
            self.account(subject).await?;
        }
        self.ask_approval(by, new.exact(), why).await
    }

    /// Makes the entry that a second person allowed.
    ///
    /// # Errors
    /// As [`App::ask_exception`].
    pub async fn enter_exception(&self, by: &Operator, id: ApprovalId, act: &ExactAct) -> Result<EntryId, Fault> {
        let new = NewException::of(act).ok_or(Fault::NotFound)?;
        self.enter(by, new, Leave::Approval(id)).await
    }

    /// Makes an entry at once, in an emergency, by one person; it lasts three days at most and stands open until
    /// somebody else has reviewed it.
    ///
    /// # Errors
    /// As [`App::ask_exception`]; [`Fault::Invalid`] for another basis or a longer time.
    pub async fn enter_in_emergency(&self, by: &Operator, new: NewException, why: &str) -> Result<EntryId, Fault> {
        let now = self.store.now();
        if new.basis(&self.policy(), now)? != Basis::Emergency {
            let text = "this ground is no emergency: ask a second person";
            return Err(wrong("purpose", "no-emergency", text));
        }
        if new.ends > now + EMERGENCY_LASTS {
            return Err(wrong("ends", "too-long", "an emergency is entered for three days at most"));
        }
        tracing::error!(operator = %by.name, purpose = %new.purpose, "an exception was entered by one person in an emergency");
        self.enter(by, new, Leave::Emergency(why.to_owned())).await
    }

    async fn enter(&self, by: &Operator, new: NewException, leave: Leave) -> Result<EntryId, Fault> {
        let now = self.store.now();
        let entry = new.entry(new.basis(&self.policy(), now)?, now);
        if let Some(subject) = new.subject {
            self.account(subject).await?;
        }
        Ok(self.store.transact(Enter { by: by.name.clone(), exact: new.exact(), entry, leave }).await??)
    }

    /// Ends an entry before its time.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none is in force.
    pub async fn end_exception(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        let entry = self.exceptions().await?.into_iter().find(|e| e.id == id).ok_or(Fault::NotFound)?;
        Ok(self
            .store
            .transact(End { by: by.name.clone(), id, subject: entry.subject, tell: entry.tell.is_some() })
            .await?)
    }

    /// The register, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn exceptions(&self) -> Result<Vec<Entry>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.exceptions(LISTED).await?)
    }

    /// What of the register the person may see of themselves.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn exceptions_of(&self, subject: SubjectId) -> Result<Vec<Entry>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.exceptions_of(subject).await?)
    }

    /// Tells a person that an exception was used, once it is over; does nothing the second time.
    pub(crate) async fn tell_exception(&self, subject: SubjectId, entry: &str) -> Result<(), Fault> {
        let id: EntryId = entry.parse()?;
        let language = self.policy().facts().default_language.clone();
        let notices = match self.notices(subject, What::ExceptionUsed, None, &language).await {
            // Erased meanwhile: nobody is left to be told.
            Err(Fault::NotFound) => return Ok(()),
            other => other?,
        };
        Ok(self.store.transact(Tell { subject, id, notices }).await?)
    }
}

/// What lets an entry be made.
enum Leave {
    Approval(ApprovalId),
    Emergency(String),
}

struct Enter {
    by: String,
    exact: ExactAct,
    entry: NewEntry,
    leave: Leave,
}

impl Enter {
    async fn spend(&self, tx: &mut Tx<'_>) -> Result<Result<Spent, NotApproved>, StoreError> {
        match &self.leave {
            Leave::Approval(id) => tx.spend_approval(*id, &self.exact, &self.by).await,
            Leave::Emergency(why) => tx.break_glass(&self.exact, &self.by, why).await,
        }
    }
}

impl Transact for Enter {
    const NAME: &'static str = "enter an exception";
    type Out = Result<EntryId, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.entry.subject.map(|subject| (subject, Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let spent = match self.spend(tx).await? {
            Ok(spent) => spent,
            Err(not) => return Ok(Err(not)),
        };
        let id = tx.enter_exception(&self.entry, &spent).await?;
        if let (Some(subject), Some(tell)) = (self.entry.subject, self.entry.tell) {
            tx.queue(JOB, Some(subject), tell, &id.to_string()).await?;
        }
        Ok(Ok(id))
    }
}

struct End {
    by: String,
    id: EntryId,
    subject: Option<SubjectId>,
    tell: bool,
}

impl Transact for End {
    const NAME: &'static str = "end an exception";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|subject| (subject, Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_exception(self.id, &self.by, self.subject).await?;
        if self.tell {
            let now = tx.now();
            tx.queue(JOB, self.subject, now, &self.id.to_string()).await?;
        }
        Ok(())
    }
}

struct Tell {
    subject: SubjectId,
    id: EntryId,
    notices: Vec<Outgoing>,
}

impl Transact for Tell {
    const NAME: &'static str = "tell of an exception";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if tx.told_of_exception(self.id).await? {
            for notice in &self.notices {
                notice.queue(tx, Some(self.subject), None).await?;
            }
            tx.note(
                "notify",
                "emergency",
                &[],
                avouch_policy::Party::System,
                avouch_store::Outcome::Done,
                Some(self.subject),
            )
            .await?;
        }
        Ok(())
    }
}
