//! Giving and withdrawing consent: the same call, the same step, either way.
//!
//! Keeps promises 2.5 and 6.4: bound to the policy and to the words shown; a withdrawal holds from its
//! commit, and what was collected under it ends as the policy says (PIPL 15, 16, 47).

use avouch_policy::model::Role;
use avouch_policy::{Basis, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answered, ConsentKind, Hold, Receipt, Transact, Tx};

use crate::app::App;
use crate::collection::{joint, quarantine};
use crate::fault::Fault;
use crate::security::ways_in::{WaysIn, Without};
use crate::storage::retention::end_after_withdrawal;
use crate::usage::{automated, marketing, publish};

/// The kind of consent a purpose rests on; nothing when it rests on another basis.
#[must_use]
pub fn kind_of(policy: &Policy, purpose: &str) -> Option<ConsentKind> {
    match policy.facts().usage.purposes.get(purpose)?.basis {
        Basis::Consent => Some(ConsentKind::Consent),
        Basis::SeparateConsent => Some(ConsentKind::Separate),
        _ => None,
    }
}

/// The words a person is asked with: what for, why, with what, and what stops without it.
#[must_use]
pub fn wording(policy: &Policy, purpose: &str, language: &str) -> String {
    let facts = policy.facts();
    let Some(fact) = facts.usage.purposes.get(purpose) else {
        return String::new();
    };
    let items: Vec<&str> = policy
        .items_of(purpose)
        .into_iter()
        .filter_map(|i| facts.collection.items.get(i).map(|item| item.label.in_lang(language)))
        .collect();
    let without = fact.without.as_ref().map(|w| w.in_lang(language)).unwrap_or_default();
    [fact.label.in_lang(language), fact.why.in_lang(language), &items.join(" · "), without].join("\n")
}

impl App {
    /// Records a subject's answer to a purpose's question, in the language it was shown in.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown purpose; [`Fault::NotNow`] for one that rests on another basis.
    pub async fn answer(
        &self,
        subject: SubjectId,
        purpose: &str,
        given: bool,
        language: &str,
        actor: &Actor,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        policy.purpose(purpose).ok_or(Fault::NotFound)?;
        let kind = kind_of(&policy, purpose)
            .ok_or_else(|| Fault::NotNow(format!("'{purpose}' does not rest on consent, so there is none to give")))?;
        let answered = Answered {
            kind,
            target: purpose.to_owned(),
            given,
            wording: avouch_ledger::hash::sha256(wording(&policy, purpose, language).as_bytes()),
            language: language.to_owned(),
        };
        let ways = if !given && purpose == joint::PURPOSE { Some(self.ways_in(subject).await?) } else { None };
        self.store.transact(Answer { subject, answered, actor: actor.clone(), ways }).await
    }
}

/// The words a person is asked with before anything goes to a recipient that decides for itself: who, how to reach it,
/// what for, which kinds of data (PIPL 23).
#[must_use]
pub fn recipient_wording(policy: &Policy, recipient: &str, language: &str) -> String {
    let facts = policy.facts();
    let Some(fact) = facts.sharing.recipients.get(recipient) else {
        return String::new();
    };
    let purposes: Vec<&str> = fact
        .purposes
        .iter()
        .filter_map(|name| facts.usage.purposes.get(name).map(|purpose| purpose.label.in_lang(language)))
        .collect();
    let items: Vec<&str> = fact
        .items
        .iter()
        .filter_map(|name| facts.collection.items.get(name).map(|item| item.label.in_lang(language)))
        .collect();
    let contact = fact.contact.as_deref().unwrap_or_default();
    let way = fact.kind.in_lang(language);
    [fact.name.in_lang(language), contact, way, &purposes.join(" · "), &items.join(" · ")].join("\n")
}

/// Whether a recipient needs a separate consent of its own: it decides for itself what it does with the data.
#[must_use]
pub fn asks_for_recipient(policy: &Policy, recipient: &str) -> bool {
    policy.facts().sharing.recipients.get(recipient).is_some_and(|fact| fact.role == Role::Controller)
}

impl App {
    /// Records a subject's answer to whether a recipient that decides for itself may be given data.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown recipient, or one that needs no consent of its own.
    pub async fn answer_recipient(
        &self,
        subject: SubjectId,
        recipient: &str,
        given: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        if !asks_for_recipient(&policy, recipient) {
            return Err(Fault::NotFound);
        }
        let answered = Answered {
            kind: ConsentKind::Recipient,
            target: recipient.to_owned(),
            given,
            wording: avouch_ledger::hash::sha256(recipient_wording(&policy, recipient, language).as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(Answer { subject, answered, actor: Actor::Subject, ways: None }).await
    }
}

struct Answer {
    subject: SubjectId,
    answered: Answered,
    actor: Actor,
    /// What lets the person in, where partners' accounts are withdrawn.
    ways: Option<WaysIn>,
}

impl Transact for Answer {
    const NAME: &'static str = "answer a question";
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
        let receipt = tx.answer(self.subject, &self.actor, &self.answered).await?;
        if self.answered.given {
            // What waited for this answer is a record from here on, as far as the gate now permits.
            match quarantine::release(tx, self.subject, &self.answered.target).await {
                Ok(_) | Err(Fault::Refused(_) | Fault::NotNow(_)) => {}
                Err(other) => return Err(other),
            }
            tx.resume_purpose(self.subject, &self.answered.target).await?;
        }
        // Partners' accounts let nobody in from this commit, and the grants there end (1.7).
        if let Some(ways) = &self.ways
            && !tx.joint_logins(self.subject).await?.is_empty()
        {
            if !ways.remain(tx, self.subject, Without::Partners).await? {
                return Err(Fault::LastWayIn);
            }
            joint::end_all(tx, self.subject).await?;
        }
        follow(tx, self.subject, &self.answered, &self.actor).await?;
        Ok(receipt)
    }
}

/// What an answer brings with it in its own commit, also where a restore gives it again.
pub(crate) async fn follow(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    answered: &Answered,
    by: &Actor,
) -> Result<(), avouch_store::StoreError> {
    let target = answered.target.as_str();
    marketing::answered(tx, subject, target, answered.given, by).await?;
    if answered.given {
        return Ok(());
    }
    if let Some(end) = end_after_withdrawal(tx.policy(), target, tx.now())
        && let Some(at) = end.until
    {
        tx.end_purpose(subject, &end, at).await?;
        tx.queue("sweep", None, at, "").await?;
    }
    // Off is off: the tags go with the consent, and the address that refused is not written to again.
    automated::forget_tags(tx, subject, target).await?;
    // What was published under it is in no list from this commit (4.4).
    if target == publish::PURPOSE {
        tx.unpublish_all(subject).await?;
    }
    Ok(())
}
