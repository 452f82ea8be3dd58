//! Automated decisions: switched off with one step, explained, and looked at again by a human.
//!
//! Keeps promise 2.2 (PIPL 24): off deletes the tags in the same commit and gives a choice that rests on no trait; a
//! decision that weighs on a person says why, and a human answers who asks for one, by a due time.

use avouch_policy::model::{Basis, Purpose};
use avouch_policy::{Act, Code, Party, Policy};
use avouch_seal::{Plain, Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Answered, ConsentKind, Credential, DecisionHead, Denied, Hold, OpenedDecision, Outcome, Receipt,
    Record, RecordId, Review, StoreError, Transact, Tx, Which,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::app::App;
use crate::contact::clock;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::rights::consent::kind_of;
use crate::rights::{self, PURPOSE as RIGHTS};

/// The most bytes of what a decision says.
const LONGEST: usize = 4_000;
/// Reviews listed at once.
const REVIEWS: u32 = 200;

/// What a decision says, sealed under the person's key.
#[derive(Serialize, Deserialize)]
struct Said {
    outcome: String,
    because: String,
}

/// A decision as its person, or the human who looks again, reads it.
#[derive(Debug)]
pub struct Decision {
    /// What is known of it.
    pub head: DecisionHead,
    /// What was decided.
    pub outcome: Plain<String>,
    /// Why.
    pub because: Plain<String>,
    /// What the human said, once there is an answer.
    pub answer: Option<Plain<String>>,
}

/// How an answer is made for a person: by what they like, or by nothing of theirs.
#[derive(Debug)]
pub enum Personal {
    /// Allowed: what it may be made from, with the evidence of the use.
    Yes {
        /// The tags.
        tags: Vec<Record>,
        /// Where the use is recorded.
        receipt: Receipt,
    },
    /// The person has it off, or it must not be: the answer rests on no trait.
    No(Box<Denied>),
}

/// Whether a purpose is switched by objecting, and not by a consent.
#[must_use]
pub fn by_objection(purpose: &Purpose) -> bool {
    purpose.objectable && !matches!(purpose.basis, Basis::Consent | Basis::SeparateConsent)
}

/// Whether a reason is the person's own choice or state, and no fault of who asks.
fn persons_own(code: Code) -> bool {
    matches!(
        code,
        Code::NoConsent
            | Code::NoSeparateConsent
            | Code::Objected
            | Code::Restricted
            | Code::Cancelling
            | Code::NoGuardian
    )
}

/// The items of a purpose that are tags: kept as records, not sent by devices.
fn tags<'p>(policy: &'p Policy, purpose: &str) -> Vec<&'p str> {
    let known = &policy.facts().collection.items;
    let kept = |item: &&str| known.get(*item).is_some_and(|i| i.signal.is_none());
    policy.items_of(purpose).into_iter().filter(kept).collect()
}

fn automated<'p>(policy: &'p Policy, purpose: &str) -> Result<&'p Purpose, Fault> {
    policy.facts().usage.purposes.get(purpose).filter(|p| p.automated).ok_or(Fault::NotFound)
}

fn opened(decision: OpenedDecision) -> Result<Decision, StoreError> {
    let said = decision.value.expose(Sink::Gate, |v| serde_json::from_slice::<Said>(v));
    let said = said.map_err(|_| StoreError::Unreadable("a decision says nothing that can be read".into()))?;
    let text =
        |plain: Plain<Vec<u8>>| plain.expose(Sink::Gate, |v| Plain::new(String::from_utf8_lossy(v).into_owned()));
    Ok(Decision {
        head: decision.head,
        outcome: Plain::new(said.outcome),
        because: Plain::new(said.because),
        answer: decision.answer.map(text),
    })
}

fn said(field: &str, text: &str) -> Result<(), FieldFault> {
    if text.trim().is_empty() {
        return Err(FieldFault::new(field, "required", "say it in words the person understands"));
    }
    if text.len() > LONGEST {
        return Err(FieldFault::new(field, "too-long", format!("at most {LONGEST} bytes")));
    }
    Ok(())
}

impl App {
    /// What an answer may be personalised with; with what the person has off, nothing, and the same call says so.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a purpose that is not automated, or an unknown subject; [`Fault::Refused`] when the
    /// refusal is no choice of the person's.
    pub async fn personal(
        &self,
        subject: SubjectId,
        purpose: &str,
        credential: &Arc<Credential>,
    ) -> Result<Personal, Fault> {
        let policy = self.policy();
        automated(&policy, purpose)?;
        let items = tags(&policy, purpose);
        let wanted = Wanted { act: Act::Use, purpose, items: &items, recipient: None };
        let actor = Actor::Service(Arc::clone(credential));
        match self.use_records(subject, &wanted, &actor, &Which::all()).await {
            Ok(used) => Ok(Personal::Yes { tags: used.records, receipt: used.receipt }),
            Err(Fault::Refused(denied)) if denied.refusal.reasons.iter().all(|r| persons_own(r.code)) => {
                Ok(Personal::No(denied))
            }
            Err(other) => Err(other),
        }
    }

    /// Turns an automated purpose on or off, by consent or by objection as it rests; off deletes what was gathered
    /// for it in the same commit.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a purpose that cannot be switched.
    pub async fn switch_automated(
        &self,
        subject: SubjectId,
        purpose: &str,
        on: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        let fact = automated(&policy, purpose)?;
        if kind_of(&policy, purpose).is_some() {
            return self.answer(subject, purpose, on, language, &Actor::Subject).await;
        }
        if !by_objection(fact) {
            return Err(Fault::NotFound);
        }
        let wording = rights::consent::wording(&policy, purpose, language);
        let answered = Answered {
            kind: ConsentKind::Objection,
            target: purpose.to_owned(),
            given: !on,
            wording: avouch_ledger::hash::sha256(wording.as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(Object { subject, answered }).await
    }

    /// Records a decision a service made about a person with the items of an automated purpose, and why.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for words that say nothing; [`Fault::NotFound`] for a purpose that is not automated;
    /// [`Fault::Refused`].
    pub async fn record_decision(
        &self,
        subject: SubjectId,
        purpose: &str,
        items: &[&str],
        outcome: &str,
        because: &str,
        credential: &Arc<Credential>,
    ) -> Result<(RecordId, Receipt), Fault> {
        automated(&self.policy(), purpose)?;
        let faults: Vec<FieldFault> =
            [said("outcome", outcome), said("because", because)].into_iter().filter_map(Result::err).collect();
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        let actor = Actor::Service(Arc::clone(credential));
        let wanted = Wanted { act: Act::Use, purpose, items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let value = serde_json::to_vec(&Said { outcome: outcome.to_owned(), because: because.to_owned() })
            .map_err(|e| Fault::NotNow(e.to_string()))?;
        self.store.transact(RecordIt { subject, ask, actor, value: Plain::new(value) }).await?
    }

    /// One decision's head, for the service that made it.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it made none of that id.
    pub async fn decision_of(
        &self,
        subject: SubjectId,
        id: RecordId,
        credential: &Credential,
    ) -> Result<DecisionHead, Fault> {
        let mut reading = self.store.reading().await?;
        let heads = reading.look()?.decisions(subject).await?;
        heads.into_iter().find(|h| h.id == id && h.service == credential.name()).ok_or(Fault::NotFound)
    }

    /// A person's decisions, opened for them; the look is evidenced.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn see_decisions(&self, subject: SubjectId) -> Result<Vec<Decision>, Fault> {
        let heads = {
            let mut reading = self.store.reading().await?;
            reading.look()?.decisions(subject).await?
        };
        let mut items: Vec<&str> = heads.iter().flat_map(|h| h.items.iter().map(String::as_str)).collect();
        let policy = self.policy();
        items.retain(|i| policy.item(i).is_some());
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.open_decisions(subject, RIGHTS, &items, Actor::Subject).await
    }

    async fn open_decisions(
        &self,
        subject: SubjectId,
        purpose: &str,
        items: &[&str],
        actor: Actor,
    ) -> Result<Vec<Decision>, Fault> {
        let wanted = Wanted { act: Act::Use, purpose, items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let purpose = purpose.to_owned();
        let opened_here = self.store.transact(Open { subject, ask, actor, purpose }).await??;
        Ok(opened_here.into_iter().map(opened).collect::<Result<_, _>>()?)
    }

    /// A person asks that a human looks at a decision that weighs on them. Asking twice is asking once.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is no such decision, or its purpose does not weigh on anyone.
    pub async fn ask_review(&self, subject: SubjectId, id: RecordId) -> Result<(), Fault> {
        let policy = self.policy();
        let head = {
            let mut reading = self.store.reading().await?;
            reading.look()?.decisions(subject).await?.into_iter().find(|h| h.id == id).ok_or(Fault::NotFound)?
        };
        automated(&policy, &head.purpose).ok().filter(|p| p.significant).ok_or(Fault::NotFound)?;
        self.store.transact(AskReview { subject, head }).await
    }

    /// The reviews that wait for a human, the one due first in front.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reviews(&self) -> Result<Vec<(SubjectId, DecisionHead)>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.reviews(REVIEWS).await?)
    }

    async fn waiting_review(&self, subject: SubjectId, id: RecordId) -> Result<DecisionHead, Fault> {
        let mut reading = self.store.reading().await?;
        let heads = reading.look()?.decisions(subject).await?;
        heads.into_iter().find(|h| h.id == id && h.review == Review::Asked).ok_or(Fault::NotFound)
    }

    /// Opens a decision for the human who looks again; the use is recorded.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when no review is asked for; [`Fault::Refused`].
    pub async fn open_review(&self, subject: SubjectId, id: RecordId, operator: &str) -> Result<Decision, Fault> {
        let head = self.waiting_review(subject, id).await?;
        let items: Vec<&str> = head.items.iter().map(String::as_str).collect();
        let all = self.open_decisions(subject, &head.purpose, &items, Actor::Operator(operator.to_owned())).await?;
        all.into_iter().find(|d| d.head.id == id).ok_or(Fault::NotFound)
    }

    /// The human answers: upheld or changed, in words for the person, who is told that there is an answer.
    ///
    /// # Errors
    /// [`Fault::Invalid`] without words; [`Fault::NotFound`] when no review is asked for; [`Fault::Refused`].
    pub async fn answer_review(
        &self,
        subject: SubjectId,
        id: RecordId,
        operator: &str,
        changed: bool,
        words: &str,
    ) -> Result<Receipt, Fault> {
        said("words", words).map_err(|f| Fault::Invalid(vec![f]))?;
        let head = self.waiting_review(subject, id).await?;
        let items: Vec<&str> = head.items.iter().map(String::as_str).collect();
        let actor = Actor::Operator(operator.to_owned());
        let wanted = Wanted { act: Act::Use, purpose: &head.purpose, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let words = Plain::new(words.trim().as_bytes().to_vec());
        self.store.transact(AnswerReview { subject, ask, actor, id, changed, words }).await?
    }
}

/// Deletes what was gathered for an automated purpose, in the commit that switches it off.
pub(crate) async fn forget_tags(tx: &mut Tx<'_>, subject: SubjectId, purpose: &str) -> Result<(), StoreError> {
    if !tx.policy().facts().usage.purposes.get(purpose).is_some_and(|p| p.automated) {
        return Ok(());
    }
    let gone = tx.delete_purpose(subject, purpose).await?;
    if !gone.is_empty() {
        let items: Vec<&str> = gone.iter().map(String::as_str).collect();
        tx.note("delete", purpose, &items, Party::Subject, Outcome::Done, Some(subject)).await?;
    }
    Ok(())
}

/// An objection to a purpose, or its end.
pub(crate) struct Object {
    pub(crate) subject: SubjectId,
    pub(crate) answered: Answered,
}

impl Transact for Object {
    const NAME: &'static str = "object to a purpose";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let receipt = tx.answer(self.subject, &Actor::Subject, &self.answered).await?;
        if self.answered.given {
            rights::request::at_once(tx, self.subject, "object", &self.answered.target, &receipt).await?;
            forget_tags(tx, self.subject, &self.answered.target).await?;
        }
        Ok(receipt)
    }
}

struct RecordIt {
    subject: SubjectId,
    ask: avouch_policy::Ask,
    actor: Actor,
    value: Plain<Vec<u8>>,
}

impl Transact for RecordIt {
    const NAME: &'static str = "record a decision";
    type Out = Result<(RecordId, Receipt), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => {
                let value = self.value.expose(Sink::Gate, Vec::clone);
                Ok(Ok(tx.put_decision(permit, &value).await?))
            }
            Answer::Refused(denied) => Ok(Err(denied.into())),
        }
    }
}

struct Open {
    subject: SubjectId,
    ask: avouch_policy::Ask,
    actor: Actor,
    purpose: String,
}

impl Transact for Open {
    const NAME: &'static str = "open decisions";
    type Out = Result<Vec<OpenedDecision>, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let opened = tx.open_decisions(&permit).await?;
        let mut items: Vec<&str> = opened.iter().flat_map(|o| o.head.items.iter().map(String::as_str)).collect();
        items.sort_unstable();
        items.dedup();
        tx.note("use", &self.purpose, &items, self.actor.party(), Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(opened))
    }
}

struct AskReview {
    subject: SubjectId,
    head: DecisionHead,
}

impl Transact for AskReview {
    const NAME: &'static str = "ask for a human";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if let Some(matter) = tx.ask_review(self.subject, self.head.id).await? {
            let (rules, now) = (clock::promised(tx.policy()), tx.now());
            clock::start(tx, &matter, rules.as_slice(), now).await?;
            let items: Vec<&str> = self.head.items.iter().map(String::as_str).collect();
            tx.note("ask-review", &self.head.purpose, &items, Party::Subject, Outcome::Done, Some(self.subject))
                .await?;
        }
        Ok(())
    }
}

struct AnswerReview {
    subject: SubjectId,
    ask: avouch_policy::Ask,
    actor: Actor,
    id: RecordId,
    changed: bool,
    words: Plain<Vec<u8>>,
}

impl Transact for AnswerReview {
    const NAME: &'static str = "answer a review";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let words = self.words.expose(Sink::Gate, Vec::clone);
        let receipt = tx.answer_review(permit, self.id, self.changed, &words).await?;
        if let Some(contact) = tx.verified(self.subject).await?.first() {
            let language = tx.policy().facts().default_language.clone();
            Outgoing::notice(What::Reviewed, &contact.item, &language).queue(tx, Some(self.subject), None).await?;
        }
        Ok(Ok(receipt))
    }
}
