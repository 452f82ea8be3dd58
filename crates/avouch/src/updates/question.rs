//! Asking again what a release newly asks: one question for each answer that covers less than the new policy says,
//! and for each purpose that went on without asking and rests on consent from now.
//!
//! Keeps promise 7.2 (PIPL 14(2), 16, 31): a yes is an answer to the new words; a no leaves the old answer with its
//! old scope, and the service as it was. For a child the guardian answers.

use std::collections::BTreeSet;

use avouch_policy::{Policy, Scope};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answered, ConsentKind, Documented, GuardianLink, Hold, LinkId, LinkRole, Outcome, Receipt, StandingAnswer,
    Transact, Tx,
};

use super::notice::Update;
use crate::app::App;
use crate::collection::quarantine;
use crate::fault::Fault;
use crate::rights::consent::{kind_of, recipient_wording, wording};
use crate::storage::border;

/// What a person is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What kind of answer it is.
    pub kind: ConsentKind,
    /// The purpose or recipient it is about.
    pub target: String,
}

/// What an answer under `given` covers under `policy`; nothing where it covers all of it.
fn covered(policy: &Policy, given: &Policy, kind: ConsentKind, target: &str) -> Option<Scope> {
    match kind {
        ConsentKind::Consent | ConsentKind::Separate => policy.covered_purpose(given, target),
        ConsentKind::Recipient | ConsentKind::Abroad => policy.covered_recipient(given, target),
        ConsentKind::Objection | ConsentKind::Guardian | ConsentKind::Successor | ConsentKind::Frozen => None,
    }
}

/// Whether `policy` still asks this question.
fn asked(policy: &Policy, kind: ConsentKind, target: &str) -> bool {
    match kind {
        ConsentKind::Consent => kind_of(policy, target) == Some(kind),
        ConsentKind::Separate => policy.purpose(target).is_some(),
        _ => policy.recipient(target).is_some(),
    }
}

/// The questions `policy` leaves open for a person with these answers, who knows the policy `before`.
pub(super) fn open(
    app: &App,
    before: &Policy,
    policy: &Policy,
    answers: &[StandingAnswer],
    declined: &[(String, [u8; 32])],
) -> Vec<Question> {
    // A no to words that asked as much is a no to these.
    let refused = |kind, target: &str| {
        let mut noes = declined.iter().filter(|(to, _)| to == target);
        noes.any(|(_, digest)| {
            app.store.known_policy(digest).is_some_and(|p| covered(policy, &p, kind, target).is_none())
        })
    };
    let less = |answer: &StandingAnswer| match app.store.known_policy(&answer.policy) {
        Some(given) => covered(policy, &given, answer.kind, &answer.target).is_some(),
        None => true,
    };
    let again =
        answers.iter().filter(|answer| answer.given && asked(policy, answer.kind, &answer.target) && less(answer));
    let again = again.map(|answer| (answer.kind, answer.target.as_str()));
    // What rested on something else and rests on consent from now: nobody was asked yet.
    let newly = policy.facts().usage.purposes.keys().filter_map(|purpose| {
        let kind = kind_of(policy, purpose)?;
        before.purpose(purpose)?;
        let agreed = |kind| answers.iter().any(|a| a.kind == kind && a.target == *purpose && a.given);
        let went_on = match kind_of(before, purpose) {
            Some(earlier) => earlier != kind && agreed(earlier),
            None => true,
        };
        let answered = answers.iter().any(|a| a.kind == kind && a.target == *purpose);
        (went_on && !answered).then_some((kind, purpose.as_str()))
    });
    let mut seen = BTreeSet::new();
    again
        .chain(newly)
        .filter(|(kind, target)| !refused(*kind, target) && seen.insert((kind.name(), *target)))
        .map(|(kind, target)| Question { kind, target: target.to_owned() })
        .collect()
}

impl App {
    /// The words a question is asked with, in a language.
    fn question_wording(&self, policy: &Policy, question: &Question, language: &str) -> String {
        match question.kind {
            ConsentKind::Recipient => recipient_wording(policy, &question.target, language),
            ConsentKind::Abroad => border::notice(policy, self.store.region().as_str(), &question.target, language)
                .map(|notice| notice.wording())
                .unwrap_or_default(),
            _ => wording(policy, &question.target, language),
        }
    }

    /// Answers what a release newly asks, in the language it was shown in. A yes holds for the new scope from the
    /// release's instant; a no leaves everything as it was.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when this person is not asked that; [`Fault::NeedsGuardian`] for a child.
    pub async fn answer_update(
        &self,
        subject: SubjectId,
        version: &str,
        target: &str,
        yes: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let update = self.update_for(subject).await?.ok_or(Fault::NotFound)?;
        if update.child {
            return Err(Fault::NeedsGuardian);
        }
        self.answer_question(subject, &update, version, target, yes, language, None).await
    }

    /// As [`App::answer_update`], by a guardian for the child of a confirmed link (PIPL 31).
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is no such link, or the child is not asked that.
    pub async fn answer_update_for(
        &self,
        guardian: SubjectId,
        link: LinkId,
        version: &str,
        target: &str,
        yes: bool,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let children = self.children(guardian).await?;
        let child = children.iter().find(|child| child.id == link).ok_or(Fault::NotFound)?.other;
        let update = self.update_for(child).await?.filter(|update| update.child).ok_or(Fault::NotFound)?;
        self.answer_question(child, &update, version, target, yes, language, Some(guardian)).await
    }

    /// What a release asks for the children of a guardian, each by the link to the child.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn updates_of_children(&self, guardian: SubjectId) -> Result<Vec<(LinkId, Update)>, Fault> {
        let mut out = Vec::new();
        for child in self.children(guardian).await? {
            match self.update_for(child.other).await {
                Ok(Some(update)) if update.child && !update.questions.is_empty() => out.push((child.id, update)),
                Ok(_) | Err(Fault::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(out)
    }

    /// The confirmed links to children.
    async fn children(&self, guardian: SubjectId) -> Result<Vec<GuardianLink>, Fault> {
        let mut reading = self.store.reading().await?;
        let links = reading.look()?.guardian_links(guardian).await?;
        Ok(links.into_iter().filter(|link| link.role == LinkRole::Guardian && link.confirmed.is_some()).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "one answer, by one of two people")]
    async fn answer_question(
        &self,
        subject: SubjectId,
        update: &Update,
        version: &str,
        target: &str,
        yes: bool,
        language: &str,
        guardian: Option<SubjectId>,
    ) -> Result<Receipt, Fault> {
        let question = update.questions.iter().find(|q| q.target == target && update.release.version == version);
        let question = question.ok_or(Fault::NotFound)?;
        let shown = self.question_wording(&update.policy, question, language);
        let answered = Answered {
            kind: question.kind,
            target: target.to_owned(),
            given: true,
            wording: avouch_ledger::hash::sha256(shown.as_bytes()),
            language: language.to_owned(),
        };
        let digest = update.release.digest;
        self.store.transact(AnswerUpdate { subject, guardian, digest, answered, yes }).await
    }
}

struct AnswerUpdate {
    subject: SubjectId,
    guardian: Option<SubjectId>,
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
        hold.extend(self.guardian.map(|guardian| (guardian, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if account.cancel_due.is_some() {
            return Err(Fault::NotNow("the account is being cancelled; stop that first".into()));
        }
        if let Some(guardian) = self.guardian {
            let links = tx.guardian_links(guardian).await?;
            let confirmed = links.iter().any(|link| link.other == self.subject && link.confirmed.is_some());
            if !confirmed {
                return Err(Fault::NotFound);
            }
        }
        let (kind, target) = (self.answered.kind, self.answered.target.as_str());
        let answers = tx.answers(self.subject).await?;
        let stands = answers.iter().find(|answer| answer.kind == kind && answer.target == target);
        // Withdrawn meanwhile, or answered meanwhile to the same words: there is no question any more.
        if stands.is_some_and(|answer| !answer.given || answer.policy == self.digest) {
            return Err(Fault::NotFound);
        }
        if !self.yes {
            tx.decline(self.subject, &self.digest, target).await?;
            let party = avouch_policy::Party::Subject;
            return Ok(tx.note("decline", target, &[], party, Outcome::Done, Some(self.subject)).await?);
        }
        let by = if self.guardian.is_some() { "guardian" } else { "" };
        let now = Documented { at: tx.now(), evidence: by.to_owned() };
        let receipt = tx.answer_to(self.subject, &Actor::Subject, &self.answered, &now, self.digest).await?;
        // What waited for this answer is a record from here on, as far as the gate now permits.
        match quarantine::release(tx, self.subject, target).await {
            Ok(_) | Err(Fault::Refused(_) | Fault::NotNow(_)) => {}
            Err(other) => return Err(other),
        }
        Ok(receipt)
    }
}
