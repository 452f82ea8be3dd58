//! Erasing a person: the key goes in one durable step, whatever they have; what law keeps is re-sealed, the rows go.
//!
//! Keeps promises 5.2 and 6.3. Interrupted anywhere, it is run again and ends the same: the key store is
//! the truth, and a subject without a key is erased. Where a law keeps something, the key waits where nothing but that
//! keeping finds it, and is destroyed once it is done. At the end every table is read once more.

use avouch_policy::model::Threads;
use avouch_policy::{Act, Ask};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Deleted, Hold, Keep, Receipt, Remains, StoreError, Transact, Tx, Which};

use crate::app::App;
use crate::collection::real_name;
use crate::fault::Fault;
use crate::gate::Wanted;

/// The job that erases.
pub const JOB: &str = "erase";

/// A joining that another node has under way ends, well or not, long before this.
const JOINING_LASTS: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Records or signals re-sealed in one commit, and rows deleted in one.
const AT_ONCE: u32 = 5_000;

/// After how long an erasure that was stopped between its steps is taken up again.
const GO_ON: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// What an erasure did; for the person's certificate.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Certificate {
    /// Rows deleted, by table.
    pub deleted: Vec<Deleted>,
    /// Values kept by law under the holding key.
    pub kept: u64,
    /// Comments of others under the person's posts that are published no more, where the policy closes threads.
    pub closed: u64,
    /// What a look at every table and the key store found afterwards: nothing.
    pub remains: Remains,
    /// How long a backup of the key store may still hold the key, as the policy says.
    pub backups_until: String,
    /// Services and recipients that held something of the person and are told; the erasure is certified in the ledger
    /// when the last of them has acknowledged.
    pub told: Vec<String>,
    /// Where the erasure is recorded.
    pub receipt: Receipt,
}

impl App {
    /// What law keeps, rule by rule: the ask for the purpose that cites the same statute, and for how long.
    fn keeping(&self) -> Result<Vec<(Ask, Vec<Keep>)>, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let mut out = Vec::new();
        for (name, rule) in &facts.storage.statutory {
            let purpose = facts
                .usage
                .purposes
                .iter()
                .find(|(_, p)| p.retention.as_ref().is_some_and(|r| r.statute.as_ref() == Some(&rule.statute)))
                .map(|(purpose, _)| purpose)
                .ok_or_else(|| {
                    Fault::NotNow(format!(
                        "no purpose cites {}, which [storage.statutory.{name}] keeps by",
                        rule.statute
                    ))
                })?;
            let items: Vec<&str> = rule.items.iter().map(String::as_str).collect();
            let ask = self.keep_ask(&Wanted { act: Act::Keep, purpose, items: &items, recipient: None })?;
            let keep = |item: &String| Keep { item: item.clone(), statute: rule.statute.clone(), period: rule.keep };
            out.push((ask, rule.items.iter().map(keep).collect()));
        }
        Ok(out)
    }

    /// Erases a subject now.
    ///
    /// # Errors
    /// [`Fault::NotNow`] while something of theirs is held; when a store cannot be written. Running it again goes on
    /// where it stopped.
    pub async fn erase(&self, subject: SubjectId) -> Result<Certificate, Fault> {
        let held = {
            let mut reading = self.store.reading().await?;
            reading.look()?.is_held(subject, None).await?
        };
        if held {
            return Err(Fault::NotNow("a legal hold keeps this person's data: it is erased when that ends".into()));
        }
        self.erase_now(subject).await
    }

    /// As [`App::erase`], of somebody who was erased before, whatever a restored backup says of holds.
    pub(super) async fn erase_now(&self, subject: SubjectId) -> Result<Certificate, Fault> {
        let keeping = self.keeping()?;
        let items: Vec<String> = keeping.iter().flat_map(|(_, keeps)| keeps).map(|keep| keep.item.clone()).collect();
        let (stands, law) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            (look.account(subject).await?.is_some(), look.has_any(subject, &items).await?)
        };
        if stands {
            // A child whose guardian goes has no guardian's consent any more, before the guardian's key is gone.
            self.end_all_guardians(subject).await?;
            // What ends their grants at partners is on its way before the key that opens it is gone.
            self.end_grants(subject).await?;
            self.store.transact(Begin { subject }).await?;
        }
        let mut kept = 0;
        if stands {
            if law {
                self.store.part(subject).await?;
            } else {
                self.store.destroy_key(subject).await?;
            }
            kept = self.keep_by_law(subject, &keeping).await?;
        }
        self.finish(subject, kept).await
    }

    /// Re-seals what law keeps with the parting key, page by page; running it again keeps nothing twice.
    async fn keep_by_law(&self, subject: SubjectId, keeping: &[(Ask, Vec<Keep>)]) -> Result<u64, Fault> {
        let mut kept = self.store.transact(KeepDisclosures { subject }).await?;
        for (ask, keeps) in keeping {
            for first in [Which::Page { limit: AT_ONCE, after: None }, Which::Signals { limit: AT_ONCE, after: None }] {
                let mut which = Some(first);
                while let Some(page) = which {
                    let work = KeepByLaw { subject, ask: ask.clone(), keeps: keeps.clone(), which: page };
                    let (count, next) = self.store.transact(work).await?;
                    kept += count;
                    which = next;
                }
            }
        }
        Ok(kept)
    }

    /// The key goes for good, the rows after it; then everything is looked at once more.
    async fn finish(&self, subject: SubjectId, kept: u64) -> Result<Certificate, Fault> {
        self.store.destroy_key(subject).await?;
        let policy = self.policy();
        let close = policy.facts().rights.cancel.as_ref().and_then(|c| c.threads) == Some(Threads::Close);
        let mut many: Vec<Deleted> = Vec::new();
        let closed = if close { self.store.transact(CloseThreads { subject }).await? } else { 0 };
        while let Some((table, count)) = self.store.transact(DeleteSome { subject }).await? {
            match many.iter_mut().find(|(name, _)| *name == table) {
                Some((_, all)) => *all += count,
                None => many.push((table, count)),
            }
        }
        let (mut deleted, receipt) = self.store.transact(DeleteRows { subject }).await?;
        for (table, count) in &mut deleted {
            *count += many.iter().find(|(name, _)| name == table).map_or(0, |(_, count)| *count);
        }
        let remains = {
            let mut reading = self.store.reading().await?;
            reading.look()?.remains(subject).await?
        };
        if !remains.is_nothing() {
            return Err(Fault::NotNow(format!("the erasure left something behind and is tried again: {remains:?}")));
        }
        let backups_until = policy.facts().storage.backups.as_ref().map(|b| b.kept.to_string()).unwrap_or_default();
        let mut told: Vec<String> = self.told_of(subject).await?.into_iter().map(|notice| notice.name).collect();
        told.sort_unstable();
        told.dedup();
        Ok(Certificate { deleted, kept, closed, remains, backups_until, told, receipt })
    }

    fn keep_ask(&self, wanted: &Wanted<'_>) -> Result<Ask, Fault> {
        self.ask(wanted, &Actor::System).map_err(|refusal| {
            Fault::NotNow(format!(
                "the policy cannot keep what [storage.statutory] says: {}",
                refusal.reasons.iter().map(|r| r.code.name()).collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// Finishes erasures that a crash interrupted between key and rows, and re-applies those a restored
    /// backup brought back. To be run before serving; gives how many there were.
    ///
    /// # Errors
    /// When a store cannot be read or written.
    pub async fn resume_erasures(&self) -> Result<u64, Fault> {
        let resumed = self.finish_erasures().await?;
        self.finish_joinings().await?;
        self.give_up_unmatched().await?;
        Ok(resumed)
    }

    /// Deletes what still stands of people whose key is destroyed; gives how many there were.
    pub(super) async fn finish_erasures(&self) -> Result<u64, Fault> {
        let mut resumed = 0;
        for subject in self.store.tombstones().await? {
            let stands = {
                let mut reading = self.store.reading().await?;
                reading.look()?.account(subject).await?.is_some()
            };
            if stands {
                self.end_all_guardians(subject).await?;
                let keeping = self.keeping()?;
                let kept = self.keep_by_law(subject, &keeping).await?;
                self.finish(subject, kept).await?;
                resumed += 1;
            }
        }
        Ok(resumed)
    }

    /// Joinings that a crash interrupted between key and account: where the account stands, the key stays;
    /// where it does not, nothing was ever sealed with the key, and it is taken back.
    async fn finish_joinings(&self) -> Result<(), Fault> {
        for subject in self.store.unfinished(self.store.now() - JOINING_LASTS).await? {
            let stands = {
                let mut reading = self.store.reading().await?;
                reading.look()?.account(subject).await?.is_some()
            };
            if stands {
                self.store.keep_new_subjects(&[subject]).await?;
            } else {
                self.store.forget_new_subject(subject).await?;
            }
        }
        Ok(())
    }
}

/// Says that an erasure has begun: should anything stop it from here on, the worker goes on with it.
struct Begin {
    subject: SubjectId,
}

impl Transact for Begin {
    const NAME: &'static str = "begin an erasure";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.unqueue(JOB, self.subject).await?;
        tx.queue(JOB, Some(self.subject), tx.now() + GO_ON, "").await?;
        Ok(())
    }
}

struct KeepDisclosures {
    subject: SubjectId,
}

impl Transact for KeepDisclosures {
    const NAME: &'static str = "keep disclosures by law";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.keep_disclosures(self.subject).await
    }
}

struct KeepByLaw {
    subject: SubjectId,
    ask: Ask,
    keeps: Vec<Keep>,
    which: Which,
}

impl Transact for KeepByLaw {
    const NAME: &'static str = "keep what law keeps";
    type Out = (u64, Option<Which>);
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        // Kept and gone before, up to the rows.
        if !tx.take_leave(self.subject).await? || tx.account(self.subject).await?.is_none() {
            return Ok((0, None));
        }
        match tx.ask(self.subject, self.ask.clone(), &Actor::System).await? {
            Answer::Permitted(permit) => Ok(tx.keep_by_law(permit, &self.keeps, &self.which).await?),
            Answer::Refused(denied) => Err(denied.into()),
        }
    }
}

struct CloseThreads {
    subject: SubjectId,
}

impl Transact for CloseThreads {
    const NAME: &'static str = "close an erased person's threads";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.close_threads(self.subject).await
    }
}

struct DeleteSome {
    subject: SubjectId,
}

impl Transact for DeleteSome {
    const NAME: &'static str = "delete some rows of an erased subject";
    type Out = Option<Deleted>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Deleted>, StoreError> {
        tx.delete_some(self.subject, AT_ONCE).await
    }
}

struct DeleteRows {
    subject: SubjectId,
}

impl Transact for DeleteRows {
    const NAME: &'static str = "delete the rows of an erased subject";
    type Out = (Vec<Deleted>, Receipt);
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        for job in [JOB, real_name::JOB, real_name::END_JOB, real_name::AGE_JOB] {
            tx.unqueue(job, self.subject).await?;
        }
        tx.delete_rows(self.subject).await
    }
}
