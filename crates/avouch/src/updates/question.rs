//! Asking again what a release newly asks: one question for each answer that covers less than the new policy says.
//!
//! Keeps promise 7.2 (PIPL 14(2), 16): a yes is an answer to the new words; a no leaves the old answer with its old
//! scope, and the service as it was.

use std::sync::Arc;

use avouch_policy::{Policy, Scope};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answered, ConsentKind, Documented, Hold, Receipt, Transact, Tx};

use crate::app::App;
use crate::fault::Fault;
use crate::rights::consent::wording;

/// What a person is asked again.
#[derive(Debug, Clone)]
pub struct Question {
    /// What kind of answer was given.
    pub kind: ConsentKind,
    /// The purpose or recipient it is about.
    pub target: String,
}

/// What an answer under `given` covers under `policy`; nothing where it covers all of it.
fn covered(policy: &Policy, given: &Policy, kind: ConsentKind, target: &str) -> Option<Scope> {
    match kind {
        ConsentKind::Consent | ConsentKind::Separate => policy.covered_purpose(given, target),
        ConsentKind::Recipient | ConsentKind::Abroad => policy.covered_recipient(given, target),
        ConsentKind::Objection | ConsentKind::Guardian => None,
    }
}

/// Whether `policy` still asks this question.
fn asked(policy: &Policy, kind: ConsentKind, target: &str) -> bool {
    match kind {
        ConsentKind::Consent | ConsentKind::Separate => policy.purpose(target).is_some(),
        _ => policy.recipient(target).is_some(),
    }
}

/// The questions `policy` leaves open for a person with these answers.
pub(super) fn open(
    app: &App,
    policy: &Arc<Policy>,
    answers: &[(ConsentKind, String, [u8; 32])],
    declined: &[String],
) -> Vec<Question> {
    let open = |(kind, target, digest): &&(ConsentKind, String, [u8; 32])| {
        let less = match app.store.known_policy(digest) {
            Some(given) => covered(policy, &given, *kind, target).is_some(),
            None => true,
        };
        less && asked(policy, *kind, target) && !declined.contains(target)
    };
    answers
        .iter()
        .filter(open)
        .map(|(kind, target, _)| Question { kind: *kind, target: target.clone() })
        .collect()
}

impl App {
    /// Answers what a release newly asks, in the language it was shown in. A yes holds for the new scope from the
    /// release's instant; a no leaves everything as it was.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when this person is not asked that.
    pub async fn answer_update(
        &self,
        subject: SubjectId,
        version: &str,
        target: &str,
        yes: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let update = self.update_for(subject).await?.filter(|u| u.release.version == version).ok_or(Fault::NotFound)?;
        let question = update.questions.iter().find(|q| q.target == target).ok_or(Fault::NotFound)?;
        let shown = wording(&update.policy, target, language);
        let answered = Answered {
            kind: question.kind,
            target: target.to_owned(),
            given: true,
            wording: avouch_ledger::hash::sha256(shown.as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(AnswerUpdate { subject, digest: update.release.digest, answered, yes }).await
    }
}

struct AnswerUpdate {
    subject: SubjectId,
    digest: [u8; 32],
    answered: Answered,
    yes: bool,
}

impl Transact for AnswerUpdate {
    const NAME: &'static str = "answer what a release asks";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if account.cancel_due.is_some() {
            return Err(Fault::NotNow("the account is being cancelled; stop that first".into()));
        }
        let target = &self.answered.target;
        // Withdrawn meanwhile: there is nothing to renew.
        if !tx.answers(self.subject).await?.iter().any(|(kind, of, _)| *kind == self.answered.kind && of == target) {
            return Err(Fault::NotFound);
        }
        if self.yes {
            let now = Documented { at: tx.now(), evidence: String::new() };
            return Ok(tx.answer_to(self.subject, &Actor::Subject, &self.answered, &now, self.digest).await?);
        }
        tx.decline(self.subject, &self.digest, target).await?;
        let party = avouch_policy::Party::Subject;
        Ok(tx.note("decline", target, &[], party, avouch_store::Outcome::Done, Some(self.subject)).await?)
    }
}
