//! The register of exceptions: use without asking, on a ground of the law alone, entered by two people, for a scope
//! and a time; in an emergency by one, who is reviewed; and the person is told afterwards.
//!
//! Keeps promises 2.7 and 4.1. The gate permits within an entry's person, items, recipient and time
//! (`crates/policy/src/decide.rs`); what people disclosed themselves is a rule for everyone, and each use of it asks for
//! recorded provenance and no refusal. Reputation and "other interests" are no ground of the law.

use avouch_policy::law::LawPack;
use avouch_policy::model::Role;
use avouch_policy::{Basis, Foreign, Policy};
use avouch_seal::SubjectId;
use avouch_store::{
    Answered, ApprovalId, ApprovalKind, ConsentKind, Entry, EntryId, ExactAct, Hold, Matter, NewEntry, NotApproved,
    Operator, Outcome, Receipt, Rule, Spent, StoreError, Transact, Tx, rules_lock,
};
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::contact::{calendar, clock};
use crate::fault::{Fault, FieldFault};
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::rights::consent::wording;
use crate::storage::hold;

/// The job that tells a person that an exception was used.
pub(crate) const JOB: &str = "tell-exception";
/// What the clock of a notice that was put off is about.
pub const ABOUT: &str = "exception";
/// An emergency entered by one person lasts so long at most; a longer one is entered anew, by two.
pub const EMERGENCY_LASTS: SignedDuration = SignedDuration::from_hours(72);
/// The most days a notice is put off; where it would endanger somebody for longer, two people enter it anew.
pub const MOST_PUT_OFF: u16 = 90;
/// The longest ground, in characters.
pub const LONGEST: usize = 200;
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
    /// Days after its end for which telling the person would endanger somebody.
    pub put_off: u16,
}

pub(crate) fn wrong(field: &str, code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, code, text)])
}

/// A ground: the provision, and the number of the instrument.
pub(crate) fn cited(citation: &str) -> Result<(), Fault> {
    let long = citation.chars().count() > LONGEST;
    if citation.trim().is_empty() || long {
        return Err(wrong("citation", "required", "cite the provision, and the instrument's number if there is one"));
    }
    Ok(())
}

impl NewException {
    /// Checks it against the policy; gives the basis it rests on.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with what is wrong and what the law asks instead.
    fn basis(&self, policy: &Policy, now: Timestamp) -> Result<Basis, Fault> {
        let facts = policy.facts();
        let Some(purpose) =
            facts.usage.purposes.get(&self.purpose).filter(|p| p.exceptional && self.purpose != hold::PURPOSE)
        else {
            let text = "the policy has no such exceptional purpose: reputation and other interests are no ground of the \
                        law; ask the person, or obtain a court's order and enter it under the duty by law";
            return Err(wrong("purpose", "no-ground", text));
        };
        let known = |item: &String| purpose.items.of(facts.collection.items.keys()).any(|i| i == item);
        if self.items.is_empty() || !self.items.iter().all(known) {
            return Err(wrong("items", "not-of-purpose", "name items of this purpose, and no more than are needed"));
        }
        if let Some(name) = &self.recipient {
            let fact = facts.sharing.recipients.get(name).filter(|r| r.purposes.contains(&self.purpose));
            let fact = fact.ok_or_else(|| {
                wrong("recipient", "not-of-purpose", "the policy names no such recipient for this purpose")
            })?;
            if fact.role == Role::Authority && purpose.basis != Basis::Emergency {
                let text = "what an authority asks for is entered with its papers, under the authorities' requests";
                return Err(wrong("recipient", "authority", text));
            }
        }
        cited(&self.citation)?;
        if self.ends <= now {
            return Err(wrong("ends", "past", "name a time to come: an entry lapses by itself"));
        }
        if self.put_off > 0 && (purpose.basis != Basis::Emergency || self.put_off > MOST_PUT_OFF) {
            let text = format!("only the notice of an emergency is put off, by {MOST_PUT_OFF} days at most");
            return Err(wrong("put_off", "too-long", text));
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
            foreign: Foreign::No,
            begins: now,
            ends: self.ends,
            // The law wants the person told when the emergency is over (PIPL 18(2)).
            tell: (basis == Basis::Emergency).then(|| told_at(self.ends, self.put_off)),
            put_off: self.put_off,
            hidden: None,
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
            .with("ends", self.ends.to_string())
            .with("notice put off, days", self.put_off.to_string());
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
            put_off: part("notice put off, days")?.parse().ok()?,
        })
    }
}

/// When a person is told of an emergency that ends at a time.
fn told_at(ends: Timestamp, put_off: u16) -> Timestamp {
    ends.checked_add(SignedDuration::from_hours(24 * i64::from(put_off))).unwrap_or(Timestamp::MAX)
}

/// The clock's rule of a notice that was put off: the law's "promptly", and how long it would endanger somebody.
fn rule(policy: &Policy, put_off: u16) -> Rule {
    let laws = policy.facts().controller.law.iter();
    let pack = laws.filter_map(|name| LawPack::named(name)).find(|pack| pack.get("basis.emergency_notice").is_some());
    let regime = pack.map_or_else(|| "2.7".to_owned(), |pack| format!("{}.basis.emergency_notice", pack.name));
    let period = format!("{put_off} {}", if put_off == 1 { "day" } else { "days" });
    Rule { regime, period, calendar: calendar::of_policy(policy).to_owned(), gives_way: false }
}

/// Queues the notice of an entry, with its clock where it is put off.
async fn queue_notice(
    tx: &mut Tx<'_>,
    id: EntryId,
    subject: SubjectId,
    ends: Timestamp,
    put_off: u16,
) -> Result<(), StoreError> {
    tx.queue(JOB, Some(subject), told_at(ends, put_off), &id.to_string()).await?;
    tx.forget_clocks(ABOUT, &id.to_string()).await?;
    if put_off > 0 {
        let matter = Matter { about: ABOUT.into(), id: id.to_string(), subject: Some(subject) };
        let rule = rule(tx.policy(), put_off);
        clock::start(tx, &matter, &[rule], ends).await?;
    }
    Ok(())
}

impl App {
    /// Whose a person's id, or an identifier of theirs, is: for staff who enter what an authority or a court names.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for nobody here.
    pub async fn whose(&self, text: &str) -> Result<SubjectId, Fault> {
        let text = text.trim();
        let subject = match text.parse() {
            Ok(subject) => subject,
            Err(_) => self.find(text).await?.ok_or(Fault::NotFound)?,
        };
        self.account(subject).await.map(|_| subject)
    }

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
        self.make_entry(by, new, Leave::Approval(id)).await
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
            return Err(wrong("ends", "too-long", "an emergency is entered by one person for three days at most"));
        }
        tracing::error!(operator = %by.name, purpose = %new.purpose, "one person entered an exception in an emergency");
        self.make_entry(by, new, Leave::Emergency(why.to_owned())).await
    }

    async fn make_entry(&self, by: &Operator, new: NewException, leave: Leave) -> Result<EntryId, Fault> {
        let now = self.store.now();
        let entry = new.entry(new.basis(&self.policy(), now)?, now);
        if let Some(subject) = new.subject {
            self.account(subject).await?;
        }
        let region = self.store.region();
        Ok(self.store.transact(Enter { by: by.name.clone(), exact: new.exact(), entry, leave, region }).await??)
    }

    /// Ends an entry before its time.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not in force.
    pub async fn end_exception(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        let entry = {
            let mut reading = self.store.reading().await?;
            reading.look()?.exception(id).await?
        };
        let region = self.store.region();
        Ok(self.store.transact(End { by: by.name.clone(), entry, region }).await?)
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

    /// Refuses, or allows again, the use of what a person made public themselves (PIPL 27).
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a purpose that rests on anything else.
    pub async fn refuse_disclosed(
        &self,
        subject: SubjectId,
        purpose: &str,
        refused: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        let fact = policy.facts().usage.purposes.get(purpose);
        fact.filter(|p| p.basis == Basis::SelfDisclosed).ok_or(Fault::NotFound)?;
        let answered = Answered {
            kind: ConsentKind::Objection,
            target: purpose.to_owned(),
            given: refused,
            wording: avouch_ledger::hash::sha256(wording(&policy, purpose, language).as_bytes()),
            language: language.to_owned(),
        };
        Ok(self.store.transact(Refuse { subject, answered }).await?)
    }

    /// Tells a person that an exception was used, once it is over; does nothing the second time.
    pub(crate) async fn tell_exception(&self, subject: SubjectId, entry: &str) -> Result<(), Fault> {
        let id: EntryId = entry.parse()?;
        let notices = match self.register_notices(subject, What::ExceptionUsed).await {
            // Erased meanwhile: nobody is left to be told.
            Err(Fault::NotFound) => return Ok(()),
            other => other?,
        };
        Ok(self.store.transact(Tell { subject, id, notices }).await?)
    }

    /// The messages that tell a person of an entry in one of the registers about them.
    pub(crate) async fn register_notices(&self, subject: SubjectId, what: What) -> Result<Vec<Outgoing>, Fault> {
        let language = self.policy().facts().default_language.clone();
        self.notices(subject, what, None, &language).await
    }
}

/// What lets an entry be made.
pub(crate) enum Leave {
    Approval(ApprovalId),
    Emergency(String),
}

impl Leave {
    /// Spends it for exactly this act.
    pub(crate) async fn spend(
        &self,
        tx: &mut Tx<'_>,
        exact: &ExactAct,
        by: &str,
    ) -> Result<Result<Spent, NotApproved>, StoreError> {
        match self {
            Self::Approval(id) => tx.spend_approval(*id, exact, by).await,
            Self::Emergency(why) => tx.break_glass(exact, by, why).await,
        }
    }
}

/// Whom a change of an entry holds: whose it is, or the rules for everyone.
fn hold_entry(subject: Option<SubjectId>, region: avouch_seal::Region, hold: &mut Vec<(SubjectId, Hold)>) {
    hold.push((subject.unwrap_or_else(|| rules_lock(region)), Hold::Exclusive));
}

struct Enter {
    by: String,
    exact: ExactAct,
    entry: NewEntry,
    leave: Leave,
    region: avouch_seal::Region,
}

impl Transact for Enter {
    const NAME: &'static str = "enter an exception";
    type Out = Result<EntryId, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold_entry(self.entry.subject, self.region, hold);
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let spent = match self.leave.spend(tx, &self.exact, &self.by).await? {
            Ok(spent) => spent,
            Err(not) => return Ok(Err(not)),
        };
        let id = tx.enter_exception(&self.entry, &spent).await?;
        if let (Some(subject), true) = (self.entry.subject, self.entry.tell.is_some()) {
            queue_notice(tx, id, subject, self.entry.ends, self.entry.put_off).await?;
        }
        Ok(Ok(id))
    }
}

struct End {
    by: String,
    entry: Entry,
    region: avouch_seal::Region,
}

impl Transact for End {
    const NAME: &'static str = "end an exception";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        // Nobody is left where the person was erased; then it opens nothing, and ends as a rule does.
        hold_entry(self.entry.subject, self.region, hold);
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now = tx.now();
        let tell = self.entry.tell.map(|_| told_at(now, self.entry.put_off));
        tx.end_exception(&self.entry, &self.by, tell).await?;
        if let (Some(subject), true) = (self.entry.subject, tell.is_some()) {
            queue_notice(tx, self.entry.id, subject, now, self.entry.put_off).await?;
        }
        Ok(())
    }
}

struct Refuse {
    subject: SubjectId,
    answered: Answered,
}

impl Transact for Refuse {
    const NAME: &'static str = "refuse the use of what was disclosed";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.answer(self.subject, &avouch_store::Actor::Subject, &self.answered).await
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
        if tx.told_of_exception(self.subject, self.id).await? {
            told(tx, self.subject, &self.notices, "emergency").await?;
            tx.stop_clocks(ABOUT, &self.id.to_string()).await?;
        }
        Ok(())
    }
}

/// Queues the messages and writes the leaf that the person was told.
pub(crate) async fn told(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    notices: &[Outgoing],
    about: &str,
) -> Result<(), StoreError> {
    for notice in notices {
        notice.queue(tx, Some(subject), None).await?;
    }
    let party = avouch_policy::Party::System;
    tx.note("notify", about, &[], party, Outcome::Done, Some(subject)).await.map(|_| ())
}
