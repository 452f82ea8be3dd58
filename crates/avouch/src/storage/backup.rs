//! Backups, and what must not come back with one.
//!
//! Keeps promises 5.2, 5.5, 6.2 and 6.3: after a restore the erased stay erased, the withdrawn withdrawn and the
//! deleted deleted, before anything is served.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answered, BackedUp, BackupHead, BackupTo, Hold, Outcome, Receipt, Since, StoreError, Transact, Tx, Undone,
};

use super::erase;
use super::retention::end_after_withdrawal;
use crate::app::App;
use crate::fault::Fault;
use crate::usage::publish;

/// A backup that was made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Made {
    /// What is in it.
    #[serde(flatten)]
    pub backup: BackedUp,
    /// Its leaf; it is not in the backup.
    pub receipt: Receipt,
}

/// What a restore re-applied.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Reapplied {
    /// People who were erased since the backup, and are again.
    pub erased: u64,
    /// People who joined after the data was copied and before their keys were.
    pub unknown: u64,
    /// Answers that allow less than the backup knew.
    pub answers: u64,
    /// Records, publications and signals that were deleted.
    pub deleted: u64,
    /// Accounts that are being cancelled.
    pub cancelling: u64,
    /// The leaf of the restore, the last of what it did.
    pub receipt: Option<Receipt>,
}

impl App {
    /// Makes a backup, while everything runs. `progress` is told how many rows and objects have been written.
    ///
    /// # Errors
    /// When a file cannot be written or a database read.
    pub async fn back_up(&self, to: &BackupTo<'_>, progress: &mut (dyn FnMut(u64) + Send)) -> Result<Made, Fault> {
        let backup = self.store.back_up(to, progress).await?;
        let receipt = self.store.transact(Note { act: "back up" }).await?;
        Ok(Made { backup, receipt })
    }

    /// Re-applies what happened since a backup to what was restored of it, and lets it serve. Stopped anywhere, it is
    /// run again.
    ///
    /// # Errors
    /// When what happened since cannot be known, or a store cannot be written; then it does not serve.
    pub async fn reapply(&self, backup: &BackupHead) -> Result<Reapplied, Fault> {
        let since = self.store.since(backup)?;
        let mut done = Reapplied::default();
        let mut after = None;
        loop {
            let page = self.store.keyed_subjects(after).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for subject in page {
                self.reapply_to(subject, &since, &mut done).await?;
            }
        }
        self.resume_erasures().await?;
        done.receipt = Some(self.store.transact(EndRestore).await?);
        Ok(done)
    }

    async fn reapply_to(&self, subject: SubjectId, since: &Since, done: &mut Reapplied) -> Result<(), Fault> {
        let undone = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            if look.account(subject).await?.is_none() {
                drop(look);
                self.store.forget_new_subject(subject).await?;
                done.unknown += 1;
                return Ok(());
            }
            if look.erased_since(subject, since) {
                drop(look);
                // Their rows go with those of everyone whose erasure was interrupted.
                self.store.destroy_key(subject).await?;
                done.erased += 1;
                return Ok(());
            }
            look.undone_since(subject, since).await?
        };
        for what in &undone {
            match what {
                Undone::Answer { .. } => done.answers += 1,
                Undone::Record(..) | Undone::Publication(..) | Undone::Signals { .. } => done.deleted += 1,
                Undone::Cancelling(_) => done.cancelling += 1,
            }
        }
        if undone.is_empty() { Ok(()) } else { self.store.transact(Undo { subject, undone }).await }
    }
}

/// Undoes of one person what a backup brought back.
struct Undo {
    subject: SubjectId,
    undone: Vec<Undone>,
}

impl Transact for Undo {
    const NAME: &'static str = "re-apply what happened since a backup";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let subject = self.subject;
        for what in &self.undone {
            match what {
                Undone::Answer { kind, target, given } => {
                    let answered = Answered {
                        kind: *kind,
                        target: target.clone(),
                        given: *given,
                        // The words of that answer are in the evidence of its own time.
                        wording: [0; 32],
                        language: String::new(),
                    };
                    tx.answer(subject, &Actor::System, &answered).await?;
                    let end = end_after_withdrawal(tx.policy(), target, tx.now());
                    if let Some(end) = end.filter(|_| !given) {
                        tx.end_purpose(subject, target, end).await?;
                        tx.queue("sweep", None, end, "").await?;
                    }
                    if !given && target == publish::PURPOSE {
                        tx.unpublish_all(subject).await?;
                    }
                }
                Undone::Record(item, record) => {
                    tx.delete_record(subject, item, *record).await?;
                    tx.note("delete", "restore", &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Publication(item, record) => {
                    tx.unpublish(subject, item, *record).await?;
                    tx.note("unpublish", "restore", &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Signals { purpose, item } => {
                    tx.delete_signals(subject, purpose, item).await?;
                    tx.note("delete", purpose, &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Cancelling(since) => {
                    let cancel = tx.policy().facts().rights.cancel.as_ref();
                    let due = cancel.and_then(|c| c.cooling_off).map_or(*since, |period| period.after(*since));
                    tx.set_cancelling(subject, Some(due)).await?;
                    tx.unqueue(erase::JOB, subject).await?;
                    tx.queue(erase::JOB, Some(subject), due, "").await?;
                    tx.note("cancel", "restore", &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
            }
        }
        Ok(())
    }
}

/// Lets a restored store serve; everyone logs in anew.
struct EndRestore;

impl Transact for EndRestore {
    const NAME: &'static str = "end a restore";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.end_restore().await?;
        tx.note("restore", "storage", &[], Party::System, Outcome::Done, None).await
    }
}

/// A leaf about a backup.
struct Note {
    act: &'static str,
}

impl Transact for Note {
    const NAME: &'static str = "note a backup";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.note(self.act, "storage", &[], Party::System, Outcome::Done, None).await
    }
}
