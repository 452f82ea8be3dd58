//! Giving and withdrawing consent: the same call, the same step, either way.
//!
//! Keeps promises 2.5 and 6.4: bound to the policy and to the words shown; a withdrawal holds from its
//! commit, and what was collected under it ends as the policy says (PIPL 15, 16, 47).

use avouch_policy::{Basis, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answered, ConsentKind, Hold, Receipt, Transact, Tx};

use crate::app::App;
use crate::collection::quarantine;
use crate::fault::Fault;
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
        self.store.transact(Answer { subject, answered, actor: actor.clone() }).await
    }
}

struct Answer {
    subject: SubjectId,
    answered: Answered,
    actor: Actor,
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
        }
        if !self.answered.given
            && let Some(end) = end_after_withdrawal(tx.policy(), &self.answered.target, tx.now())
        {
            tx.end_purpose(self.subject, &self.answered.target, end).await?;
            tx.queue("sweep", None, end, "").await?;
        }
        // Off is off: the tags go with the consent, and the address that refused is not written to again.
        if !self.answered.given {
            automated::forget_tags(tx, self.subject, &self.answered.target).await?;
        }
        marketing::answered(tx, self.subject, &self.answered.target, self.answered.given, &self.actor).await?;
        // What was published under it is in no list from this commit (4.4).
        if !self.answered.given && self.answered.target == publish::PURPOSE {
            tx.unpublish_all(self.subject).await?;
        }
        Ok(receipt)
    }
}
