//! Restricting processing, and objecting to one purpose: switches of the person's own, in force at their commit, and
//! taken back with the same step.
//!
//! Keeps promise 6.5 (PIPL 44, GDPR 18 and 21). While processing is restricted everything but keeping, legal duties
//! and the person's own rights is refused; an objection refuses one purpose that rests on no consent. What an account
//! cannot be without is not objected to: there the person restricts, or leaves. What rests on consent is withdrawn.

use avouch_policy::{Basis, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Answered, ConsentKind, Hold, Outcome, Receipt, Transact, Tx};

use super::consent::wording;
use super::request;
use crate::app::App;
use crate::fault::Fault;
use crate::usage::automated::Object;

/// The purposes one can object to: an objection refuses them, and they are neither consent nor duty.
#[must_use]
pub fn objectable(policy: &Policy) -> Vec<String> {
    let purposes = policy.facts().usage.purposes.iter();
    purposes
        .filter(|(_, p)| !matches!(p.basis, Basis::Consent | Basis::SeparateConsent | Basis::LegalDuty))
        .filter(|(_, p)| p.basis != Basis::Emergency && !(p.essential && p.basis == Basis::Contract))
        .map(|(name, _)| name.clone())
        .collect()
}

impl App {
    /// Restricts the processing of everything of a subject, or ends that. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject.
    pub async fn restrict(&self, subject: SubjectId, on: bool) -> Result<Receipt, Fault> {
        self.store.transact(Restrict { subject, on }).await
    }

    /// Objects to a purpose, or takes that back.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a purpose that cannot be objected to.
    pub async fn object(&self, subject: SubjectId, purpose: &str, on: bool, language: &str) -> Result<Receipt, Fault> {
        let policy = self.policy();
        if !objectable(&policy).iter().any(|name| name == purpose) {
            return Err(Fault::NotFound);
        }
        let answered = Answered {
            kind: ConsentKind::Objection,
            target: purpose.to_owned(),
            given: on,
            wording: avouch_ledger::hash::sha256(wording(&policy, purpose, language).as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(Object { subject, answered }).await
    }
}

struct Restrict {
    subject: SubjectId,
    on: bool,
}

impl Transact for Restrict {
    const NAME: &'static str = "restrict processing";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        let changed = tx.set_restricted(self.subject, self.on).await?;
        let act = if self.on { "restrict" } else { "unrestrict" };
        let receipt = tx.note(act, super::PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.subject)).await?;
        if self.on && changed {
            request::at_once(tx, self.subject, "restrict", "", &receipt).await?;
        }
        Ok(receipt)
    }
}
