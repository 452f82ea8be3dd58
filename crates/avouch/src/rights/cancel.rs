//! Cancelling the account: all use stops at once, a cooling-off, then erasure.
//!
//! Keeps promise 6.3: no call or mail needed; logging in never undoes it, one click does; "erase now" is
//! offered where the policy says so; the whole never takes longer than the policy promises.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, Receipt, Transact, Tx};
use jiff::Timestamp;

use super::request;
use crate::app::App;
use crate::fault::Fault;
use crate::security::session::Session;
use crate::storage::erase;

/// A cancellation under way.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Cancelling {
    /// When everything is erased.
    pub due: Timestamp,
    /// Where it is recorded.
    pub receipt: Receipt,
    /// The certificate, where everything was erased at once.
    pub erased: Option<erase::Certificate>,
}

impl App {
    /// Begins the cancellation of the signed-in subject's account.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`] unless the password was shown recently.
    pub async fn cancel(&self, session: &Session, now: bool) -> Result<Cancelling, Fault> {
        session.prove()?;
        let policy = self.policy();
        let start = self.store.now();
        let due = match &policy.facts().rights.cancel {
            Some(cancel) if !(now && cancel.erase_now) => cancel.cooling_off.map_or(start, |p| p.after(start)),
            _ => start,
        };
        let subject = session.subject();
        // What a hold keeps and cannot be sealed anew is only stored until then.
        let waits = self.erasure_waits(subject).await?;
        let receipt = self.store.transact(Begin { subject, due }).await?;
        let erased = if due <= start && waits.is_none() { Some(self.erase(subject).await?) } else { None };
        let due = waits.map_or(due, |until| due.max(until));
        Ok(Cancelling { due, receipt, erased })
    }

    /// Since when the account is being cancelled; nothing when it is not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn cancelling_since(&self, subject: SubjectId) -> Result<Option<Timestamp>, Fault> {
        let leaves = self.own_leaves(subject, Timestamp::UNIX_EPOCH, 100_000).await?;
        let last = leaves.iter().find(|e| e.leaf.act == "cancel");
        Ok(last.and_then(|e| Timestamp::from_millisecond(e.leaf.at).ok()))
    }

    /// Ends the cooling-off: the account is as before.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when nothing is being cancelled.
    pub async fn keep_account(&self, session: &Session) -> Result<Receipt, Fault> {
        self.store.transact(Stop { subject: session.subject() }).await
    }
}

struct Begin {
    subject: SubjectId,
    due: Timestamp,
}

impl Transact for Begin {
    const NAME: &'static str = "cancel an account";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        tx.set_cancelling(self.subject, Some(self.due)).await?;
        tx.unqueue(erase::JOB, self.subject).await?;
        tx.queue(erase::JOB, Some(self.subject), self.due, "").await?;
        let receipt = tx.note("cancel", super::PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.subject)).await?;
        request::at_once(tx, self.subject, "cancel", "", &receipt).await?;
        Ok(receipt)
    }
}

struct Stop {
    subject: SubjectId,
}

impl Transact for Stop {
    const NAME: &'static str = "keep an account";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if account.cancel_due.is_none() {
            return Err(Fault::NotFound);
        }
        tx.set_cancelling(self.subject, None).await?;
        tx.unqueue(erase::JOB, self.subject).await?;
        Ok(tx.note("keep", super::PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.subject)).await?)
    }
}
