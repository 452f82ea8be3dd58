//! Backups, and what must not come back with one.
//!
//! Keeps promises 4.1, 4.3, 5.2, 5.5, 5.6, 6.2 and 6.3: after a restore the erased stay erased, the withdrawn
//! withdrawn, the deleted deleted, and whoever was shut out stays so, before anything is served.

use std::sync::Arc;

use avouch_policy::Party;
use avouch_seal::{Region, SubjectId};
use avouch_store::{
    Actor, Answered, BackedUp, BackupHead, BackupTo, ConsentKind, Hold, Outcome, Receipt, Restore, Since, Store,
    StoreConfig, StoreError, Transact, Tx, Undone, recipient_lock, restore, take_back,
};
use jiff::Timestamp;

use super::erase;
use crate::app::{App, Settings};
use crate::fault::Fault;
use crate::rights::consent;
use crate::security::passkey;
use crate::usage::{automated, marketing};

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
    /// Keys whose people are not in the data: they joined after it was copied. Given up once it is in its place.
    pub unknown: u64,
    /// Answers that allow less than the backup knew.
    pub answers: u64,
    /// Records, publications and signals that were deleted.
    pub deleted: u64,
    /// Accounts that are being cancelled.
    pub cancelling: u64,
    /// Links, tokens, guardians and objections that ended otherwise.
    pub ended: u64,
    /// Passwords and contacts that were replaced since: they open nothing, and their people come in another way.
    pub replaced: u64,
    /// What of the installation was shut or changed since, and is shut: `service NAME`, `operator NAME` and the like.
    pub shut: Vec<String>,
    /// When the journals' last entry was written; nothing where they are empty.
    pub journal_until: Option<Timestamp>,
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

    /// Re-applies what happened since a backup to what was restored of it, and lets it serve.
    ///
    /// # Errors
    /// When what happened since cannot be known, or a store cannot be written; then it does not serve.
    async fn reapply(&self, backup: &BackupHead) -> Result<Reapplied, Fault> {
        let since = Arc::new(self.store.since(backup)?);
        let mut done = Reapplied { journal_until: since.last(), ..Reapplied::default() };
        let mut after = None;
        loop {
            let page = self.store.keyed_subjects(after).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for subject in page {
                self.reapply_to(subject, &since, &mut done).await?;
            }
        }
        self.finish_erasures().await?;
        let recipients = self.policy().facts().sharing.recipients.keys().cloned().collect();
        let (shut, receipt) =
            self.store.transact(EndRestore { since, region: self.store.region(), recipients }).await?;
        (done.shut, done.receipt) = (shut, Some(receipt));
        Ok(done)
    }

    async fn reapply_to(&self, subject: SubjectId, since: &Since, done: &mut Reapplied) -> Result<(), Fault> {
        let undone = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            if look.account(subject).await?.is_none() {
                done.unknown += 1;
                return Ok(());
            }
            if look.erased_since(subject, since) { None } else { Some(look.undone_since(subject, since).await?) }
        };
        let Some(undone) = undone else {
            // As the first time: what law keeps is kept, then the key goes, then the rows.
            self.erase_now(subject).await?;
            done.erased += 1;
            return Ok(());
        };
        for what in &undone {
            match what {
                Undone::Answer { .. } => done.answers += 1,
                Undone::Record(..) | Undone::Publication(..) | Undone::Signals { .. } | Undone::Quarantined(..) => {
                    done.deleted += 1;
                }
                Undone::Cancelling(_) => done.cancelling += 1,
                Undone::Joint(_)
                | Undone::Token(_)
                | Undone::Guardian(..)
                | Undone::Transfer(_)
                | Undone::Purpose(..) => done.ended += 1,
                Undone::Password(..) | Undone::Contact(_) => done.replaced += 1,
            }
        }
        if undone.is_empty() { Ok(()) } else { self.store.transact(Undo { subject, undone }).await }
    }

    /// Gives up the keys whose people a restored backup did not bring back, where one has just been put in its place.
    ///
    /// # Errors
    /// When a store cannot be read or written; running it again goes on.
    pub(super) async fn give_up_unmatched(&self) -> Result<(), Fault> {
        if !self.store.unmatched().await? {
            return Ok(());
        }
        // Who is joining just now has a key and no account yet.
        let joining = self.store.unfinished(Timestamp::MAX).await?;
        let mut after = None;
        loop {
            let page = self.store.keyed_subjects(after).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for subject in page {
                let stands = {
                    let mut reading = self.store.reading().await?;
                    reading.look()?.account(subject).await?.is_some()
                };
                if !stands && !joining.contains(&subject) {
                    self.store.forget_new_subject(subject).await?;
                }
            }
        }
        Ok(self.store.transact(EndUnmatched).await?)
    }
}

/// Brings a backup back into empty databases, and re-applies what happened since; what it serves from then on is
/// whole. When anything fails, the databases are empty again. `config` opens what `from` fills.
///
/// # Errors
/// When a file is damaged, a database not empty, or what happened since cannot be known.
pub async fn bring_back(
    from: &Restore<'_>,
    config: StoreConfig,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(BackupHead, Reapplied), Fault> {
    let head = restore(from, progress).await?;
    let outcome = match Store::open_restored(config).await {
        Ok(store) => App::new(store, Settings::default()).reapply(&head).await,
        Err(e) => Err(e.into()),
    };
    match outcome {
        Ok(done) => Ok((head, done)),
        Err(fault) => {
            take_back(from).await?;
            Err(fault)
        }
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
        for what in &self.undone {
            if let Undone::Guardian(guardian, _) = what {
                hold.push((*guardian, Hold::Shared));
            }
        }
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
                    if *kind == ConsentKind::Objection {
                        automated::forget_tags(tx, subject, target).await?;
                    } else {
                        consent::follow(tx, subject, &answered, &Actor::System).await?;
                    }
                }
                Undone::Record(item, record) => {
                    if item == passkey::ITEM {
                        tx.remove_passkey(subject, item, *record).await?;
                    } else {
                        tx.delete_record(subject, item, *record).await?;
                    }
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
                Undone::Quarantined(item, id) => {
                    tx.decline_quarantined(subject, item, *id).await?;
                    tx.note("delete", "restore", &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Joint(partner) => {
                    tx.unlink_joint(subject, partner).await?;
                    tx.note("unlink", partner, &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Token(handle) => {
                    tx.revoke_token(subject, handle, None).await?;
                    tx.note("revoke token", "restore", &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Guardian(guardian, id) => {
                    tx.end_guardian(subject, *guardian, *id).await?;
                    tx.note("end guardian", "restore", &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Transfer(id) => {
                    tx.object_transfer(subject, *id, true).await?;
                    tx.note("object", "restore", &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Purpose(purpose, kind, at) => {
                    tx.note_end(subject, purpose, *kind, *at).await?;
                    tx.note("end", purpose, &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Password(item, id) => {
                    tx.drop_record(subject, item, *id).await?;
                    tx.journal_ended(subject, &["password"]);
                    tx.note("delete", "restore", &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
                Undone::Contact(item) => {
                    tx.drop_identifier(subject, item).await?;
                    tx.unverify_contact(subject, item).await?;
                    tx.note("unverify", "restore", &[item], Party::System, Outcome::Done, Some(subject)).await?;
                }
            }
        }
        Ok(())
    }
}

/// Lets a restored store serve; everyone logs in anew.
struct EndRestore {
    since: Arc<Since>,
    region: Region,
    recipients: Vec<String>,
}

impl Transact for EndRestore {
    const NAME: &'static str = "end a restore";
    type Out = (Vec<String>, Receipt);
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.recipients.iter().map(|name| (recipient_lock(self.region, name), Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let shut = tx.shut_again(&self.since, &self.recipients).await?;
        // Which channel an address refused is not in the journal: it is kept from all.
        let refused = self.since.refused();
        for purpose in marketing::channels(tx.policy()) {
            tx.suppress(&purpose, &refused).await?;
        }
        tx.end_restore().await?;
        let receipt = tx.note("restore", "storage", &[], Party::System, Outcome::Done, None).await?;
        Ok((shut, receipt))
    }
}

/// Every key has its person again.
struct EndUnmatched;

impl Transact for EndUnmatched {
    const NAME: &'static str = "give up keys without a person";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_unmatched().await?;
        tx.note("give up", "keys", &[], Party::System, Outcome::Done, None).await.map(|_| ())
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
