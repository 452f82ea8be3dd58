//! Legal holds: what two people keep against deletion for a dispute or a procedure, on which ground, until when.
//!
//! Keeps promise 5.2. A hold stops no right but deletion, and that only for what it names: what its person deletes is
//! used by nobody any more, and goes when the hold ends. It makes no use lawful; what is held is opened for a request
//! of an authority alone.

use avouch_seal::SubjectId;
use avouch_store::{
    ApprovalId, ApprovalKind, EntryId, ExactAct, Hold, LegalHold, NewHold, NotApproved, Operator, StoreError, Transact,
    Tx,
};

use crate::app::App;
use crate::fault::Fault;
use crate::storage::erase;
use crate::usage::exception::{Leave, cited, wrong};

/// The purpose of the policy that holds keep for.
pub const PURPOSE: &str = "legal_hold";
/// The most holds listed.
const LISTED: u32 = 1_000;

/// Exactly this hold, for the approval.
#[must_use]
pub fn exact(new: &NewHold) -> ExactAct {
    ExactAct::new(ApprovalKind::LegalHold)
        .with("items", new.items.join(", "))
        .with("citation", new.citation.trim())
        .with("ends", new.ends.to_string())
        .about(new.subject)
}

/// The end of a hold before its time, for the approval.
fn exact_end(hold: &LegalHold) -> ExactAct {
    let act = ExactAct::new(ApprovalKind::LegalHold)
        .with("lift", hold.id.to_string())
        .with("items", hold.items.join(", "))
        .with("citation", &hold.citation);
    match hold.subject {
        Some(subject) => act.about(subject),
        None => act,
    }
}

fn of(act: &ExactAct) -> Option<NewHold> {
    Some(NewHold {
        subject: act.part("subject")?.parse().ok()?,
        items: act.part("items")?.split(", ").map(str::to_owned).collect(),
        citation: act.part("citation")?.to_owned(),
        ends: act.part("ends")?.parse().ok()?,
    })
}

impl App {
    async fn check_hold(&self, new: &NewHold) -> Result<(), Fault> {
        let ours = self.items_of(PURPOSE);
        if new.items.is_empty() || !new.items.iter().all(|item| ours.contains(item)) {
            return Err(wrong(
                "items",
                "not-of-purpose",
                "name what the procedure needs, of what the policy lets be held",
            ));
        }
        cited(&new.citation)?;
        if new.ends <= self.store.now() {
            return Err(wrong("ends", "past", "name a time to come: a hold lapses by itself"));
        }
        self.account(new.subject).await.map(|_| ())
    }

    /// Asks a second person for a hold.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for items the policy lets nobody hold, no ground, or no time to come; [`Fault::NotFound`] for
    /// nobody here; [`Fault::NotApproved`].
    pub async fn ask_hold(&self, by: &Operator, new: &NewHold, why: &str) -> Result<ApprovalId, Fault> {
        self.check_hold(new).await?;
        self.ask_approval(by, exact(new), why).await
    }

    /// Asks a second person to lift a hold before its time.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not in force; [`Fault::NotApproved`].
    pub async fn ask_hold_end(&self, by: &Operator, id: EntryId, why: &str) -> Result<ApprovalId, Fault> {
        let hold = self.legal_hold(id).await?;
        if hold.ends <= self.store.now() {
            return Err(Fault::NotFound);
        }
        self.ask_approval(by, exact_end(&hold), why).await
    }

    /// Places the hold, or lifts it, as a second person allowed.
    ///
    /// # Errors
    /// As [`App::ask_hold`] and [`App::ask_hold_end`].
    pub async fn carry_out_hold(&self, by: &Operator, id: ApprovalId, act: &ExactAct) -> Result<(), Fault> {
        if let Some(hold) = act.part("lift") {
            let hold = self.legal_hold(hold.parse()?).await?;
            return Ok(self.store.transact(Lift { by: by.name.clone(), approval: id, hold }).await??);
        }
        let new = of(act).ok_or(Fault::NotFound)?;
        self.place(by, new, Leave::Approval(id)).await.map(|_| ())
    }

    /// Places a hold at once, by one person, where what it keeps is about to be deleted; somebody else reviews it.
    ///
    /// # Errors
    /// As [`App::ask_hold`].
    pub async fn hold_in_emergency(&self, by: &Operator, new: NewHold, why: &str) -> Result<EntryId, Fault> {
        tracing::error!(operator = %by.name, "one person placed a legal hold in an emergency");
        self.place(by, new, Leave::Emergency(why.to_owned())).await
    }

    async fn place(&self, by: &Operator, mut new: NewHold, leave: Leave) -> Result<EntryId, Fault> {
        self.check_hold(&new).await?;
        new.citation = new.citation.trim().to_owned();
        Ok(self.store.transact(Place { by: by.name.clone(), new, leave }).await??)
    }

    /// The holds, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn legal_holds(&self) -> Result<Vec<LegalHold>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.legal_holds(LISTED).await?)
    }

    /// The holds of a person's data that are in force.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn legal_holds_of(&self, subject: SubjectId) -> Result<Vec<LegalHold>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.legal_holds_of(subject).await?)
    }

    async fn legal_hold(&self, id: EntryId) -> Result<LegalHold, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.legal_hold(id).await?)
    }
}

struct Place {
    by: String,
    new: NewHold,
    leave: Leave,
}

impl Transact for Place {
    const NAME: &'static str = "place a legal hold";
    type Out = Result<EntryId, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.new.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let spent = match self.leave.spend(tx, &exact(&self.new), &self.by).await? {
            Ok(spent) => spent,
            Err(not) => return Ok(Err(not)),
        };
        // What is held is let go of at its end, whoever looks.
        tx.queue("sweep", None, self.new.ends, "").await?;
        Ok(Ok(tx.place_hold(&self.new, &spent).await?))
    }
}

struct Lift {
    by: String,
    approval: ApprovalId,
    hold: LegalHold,
}

impl Transact for Lift {
    const NAME: &'static str = "lift a legal hold";
    type Out = Result<(), NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.hold.subject.map(|subject| (subject, Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let exact = exact_end(&self.hold);
        if let Err(not) = tx.spend_approval(self.approval, &exact, &self.by).await? {
            return Ok(Err(not));
        }
        tx.lift_hold(&self.hold, &self.by).await?;
        let now = tx.now();
        tx.queue("sweep", None, now, "").await?;
        // An erasure that waited for this hold goes on.
        if let Some(subject) = self.hold.subject
            && let Some(due) = tx.account(subject).await?.and_then(|account| account.cancel_due)
        {
            tx.unqueue(erase::JOB, subject).await?;
            tx.queue(erase::JOB, Some(subject), due.max(now), "").await?;
        }
        Ok(Ok(()))
    }
}
