//! Staff look: the way without a machine, for everybody who prefers it.
//!
//! Keeps promise 1.2 (a lawful alternative to a face) and 5.5: what staff open is opened by the gate, with
//! its leaf, one check at a time.

use avouch_policy::Act;
use avouch_seal::{Sink, SubjectId};
use avouch_store::{Actor, CheckStage, NameCheck, Receipt, RecordId, Which};
use jiff::Timestamp;

use super::{CLAIM, Claim, Decision, PURPOSE};
use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// A check that waits for staff; nothing personal.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose.
    pub subject: SubjectId,
    /// Since when.
    pub since: Timestamp,
    /// When it is given up.
    pub ends: Timestamp,
}

/// A check opened for a member of staff.
#[derive(Debug)]
pub struct Opened {
    /// What is to be compared.
    pub claim: Claim,
    /// Since when it waits.
    pub since: Timestamp,
}

impl App {
    /// The checks that wait for staff, the oldest first, at most a hundred.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn names_waiting(&self) -> Result<Vec<Waiting>, Fault> {
        let mut reading = self.store.reading().await?;
        let checks = reading.look()?.name_checks(100).await?;
        Ok(checks.into_iter().map(|c| Waiting { subject: c.subject, since: c.at, ends: c.ends }).collect())
    }

    async fn waiting(&self, subject: SubjectId) -> Result<NameCheck, Fault> {
        let mut reading = self.store.reading().await?;
        let check = reading.look()?.name_check(subject).await?;
        check.filter(|c| c.stage == CheckStage::Staff).ok_or(Fault::NotFound)
    }

    /// Opens a check for a member of staff; the use is recorded first.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none waits; [`Fault::Refused`] when the consent was withdrawn.
    pub async fn open_name(&self, subject: SubjectId, operator: &str) -> Result<Opened, Fault> {
        let check = self.waiting(subject).await?;
        let wanted = Wanted { act: Act::Use, purpose: PURPOSE, items: &[CLAIM], recipient: None };
        let actor = Actor::Operator(operator.to_owned());
        let used = self.use_records(subject, &wanted, &actor, &Which::all()).await?;
        let record = used.records.into_iter().find(|r| r.head.id == RecordId(check.id)).ok_or(Fault::NotFound)?;
        let claim = record.value.expose(Sink::Gate, |v| Claim::from_bytes(v)).ok_or(Fault::NotFound)?;
        Ok(Opened { claim, since: check.at })
    }

    /// A member of staff decides.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none waits; [`Fault::Refused`] when the consent was withdrawn.
    pub async fn decide_name(&self, subject: SubjectId, operator: &str, confirmed: bool) -> Result<Receipt, Fault> {
        let check = self.waiting(subject).await?;
        let decision = Decision { confirmed, by: operator.to_owned(), reference: String::new() };
        self.decide(&check, decision, &Actor::Operator(operator.to_owned())).await
    }
}
