//! Four eyes: asking for a second person's yes, giving it, and doing what was allowed.
//!
//! Keeps promises 2.6, 2.7 and 5.6. What holds is held by the store (`crates/store/src/approval.rs`): a use case
//! that needs two people calls [`avouch_store::Tx::spend_approval`] in its own transaction, with exactly what it is
//! about to do.

use avouch_seal::SubjectId;
use avouch_store::{
    Approval, ApprovalId, ApprovalKind, ExactAct, Hold, NotApproved, Operator, StaffRole, StoreError, Transact, Tx,
};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::Fault;

/// No answer within this is a no; what was allowed is done within it too.
pub const LASTS: SignedDuration = SignedDuration::from_hours(72);
/// The most approvals listed.
const LISTED: u32 = 1_000;

/// What doing an allowed act gave.
#[expect(missing_debug_implementations, reason = "holds a secret")]
pub enum CarriedOut {
    /// It is done.
    Done,
    /// A link's secret, shown once.
    Link(String),
}

impl App {
    /// Asks for a second person's yes to exactly this act.
    ///
    /// # Errors
    /// [`Fault::NotApproved`] when this account may not ask for it, or gives no reason.
    pub async fn ask_approval(&self, by: &Operator, act: ExactAct, why: &str) -> Result<ApprovalId, Fault> {
        let work = AskApproval { by: by.name.clone(), act, why: why.to_owned() };
        Ok(self.store.transact(work).await??)
    }

    /// Answers yes or no, with a reason.
    ///
    /// # Errors
    /// [`Fault::NotApproved`] with why it cannot be answered.
    pub async fn answer_approval(&self, by: &Operator, id: ApprovalId, yes: bool, words: &str) -> Result<(), Fault> {
        let work = Answer { by: by.name.clone(), id, yes, words: words.to_owned() };
        Ok(self.store.transact(work).await??)
    }

    /// Closes the review of what one person did in an emergency.
    ///
    /// # Errors
    /// [`Fault::NotApproved`] with why it cannot be closed.
    pub async fn review_emergency(&self, by: &Operator, id: ApprovalId, words: &str) -> Result<(), Fault> {
        let work = Review { by: by.name.clone(), id, words: words.to_owned() };
        Ok(self.store.transact(work).await??)
    }

    /// The latest approvals, whatever became of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn approvals(&self) -> Result<Vec<Approval>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.approvals(LISTED).await?)
    }

    /// One approval.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn approval(&self, id: ApprovalId) -> Result<Approval, Fault> {
        let mut reading = self.store.reading().await?;
        reading.look()?.approval(id).await?.ok_or(Fault::NotFound)
    }

    /// How many approvals wait for an answer, and how many emergencies for a review.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn approvals_waiting(&self) -> Result<(u64, u64), Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.approvals_waiting().await?)
    }

    /// Does what was allowed, by who asked for it, where the console can do it whole. Other kinds are done where
    /// they belong, with the approval's id.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; [`Fault::NotNow`] for a kind that is done elsewhere; those of the act itself.
    pub async fn carry_out(&self, by: &Operator, id: ApprovalId) -> Result<CarriedOut, Fault> {
        let act = self.approval(id).await?.act;
        let part = |name: &str| act.part(name).unwrap_or_default();
        match act.kind() {
            ApprovalKind::RoleGrant => {
                let role = StaffRole::named(part("role")).ok_or(Fault::NotFound)?;
                self.grant_role(by, id, part("operator"), role).await?;
                Ok(CarriedOut::Done)
            }
            ApprovalKind::OperatorLink => Ok(CarriedOut::Link(self.relink_operator(by, id, part("operator")).await?)),
            ApprovalKind::PolicyPublication => {
                self.publish_policy(by, id).await?;
                Ok(CarriedOut::Done)
            }
            other => Err(Fault::NotNow(format!("'{}' is done where it belongs, with this approval", other.name()))),
        }
    }
}

/// Whether the console can do an allowed act of that kind from the page of approvals.
#[must_use]
pub const fn done_here(kind: ApprovalKind) -> bool {
    matches!(kind, ApprovalKind::RoleGrant | ApprovalKind::OperatorLink | ApprovalKind::PolicyPublication)
}

struct AskApproval {
    by: String,
    act: ExactAct,
    why: String,
}

impl Transact for AskApproval {
    const NAME: &'static str = "ask for approval";
    type Out = Result<ApprovalId, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let until = tx.now() + LASTS;
        tx.ask_approval(&self.act, &self.by, &self.why, until).await
    }
}

struct Answer {
    by: String,
    id: ApprovalId,
    yes: bool,
    words: String,
}

impl Transact for Answer {
    const NAME: &'static str = "answer a request for approval";
    type Out = Result<(), NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.answer_approval(self.id, &self.by, self.yes, &self.words).await
    }
}

struct Review {
    by: String,
    id: ApprovalId,
    words: String,
}

impl Transact for Review {
    const NAME: &'static str = "review an emergency";
    type Out = Result<(), NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.review_emergency(self.id, &self.by, &self.words).await
    }
}
