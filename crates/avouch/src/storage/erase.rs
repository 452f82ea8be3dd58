//! Erasing a person: what law keeps is re-sealed, the key is destroyed, the rows go.
//!
//! Keeps promises 5.2 and 6.3. Interrupted anywhere, it is run again and ends the same: the key store is
//! the truth, and a subject without a key is erased.

use std::collections::BTreeSet;

use avouch_policy::model::Purpose;
use avouch_policy::{Act, Ask};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answer, Deleted, Hold, Keep, LegalHold, Permit, Receipt, SignalPlace, StoreError, Transact, Tx, Which,
};
use jiff::Timestamp;

use crate::app::App;
use crate::collection::real_name;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::storage::hold;
use crate::usage::exception;

/// The job that erases.
pub const JOB: &str = "erase";

/// A joining that another node has under way ends, well or not, long before this.
const JOINING_LASTS: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Signals re-sealed at once.
const SIGNALS_AT_ONCE: u32 = 5_000;

/// After how long an erasure that was stopped between its steps is taken up again.
const GO_ON: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// What an erasure did; for the person's certificate.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Certificate {
    /// Rows deleted, by table.
    pub deleted: Vec<Deleted>,
    /// Values kept by law under the holding key.
    pub kept: u64,
    /// What a legal hold keeps besides, and why.
    pub held: Vec<HeldBy>,
    /// How long a backup of the key store may still hold the key, as the policy says.
    pub backups_until: String,
    /// Services and recipients that held something of the person and are told; the erasure is certified in the ledger
    /// when the last of them has acknowledged.
    pub told: Vec<String>,
    /// Where the erasure is recorded.
    pub receipt: Receipt,
}

/// What one legal hold keeps past an erasure; for the person's certificate.
#[derive(Debug, Clone, serde::Serialize)]
pub struct HeldBy {
    /// The ground.
    pub citation: String,
    /// Which items.
    pub items: Vec<String>,
    /// Until when.
    pub until: Timestamp,
}

impl From<LegalHold> for HeldBy {
    fn from(hold: LegalHold) -> Self {
        Self { citation: hold.citation, items: hold.items, until: hold.ends }
    }
}

impl App {
    /// What law keeps, rule by rule and purpose by purpose: the ask for a purpose that cites the same statute, of those
    /// of the rule's items it names, and for how long.
    fn keeping(&self) -> Result<Vec<(Ask, Vec<Keep>)>, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let mut out = Vec::new();
        for (name, rule) in &facts.storage.statutory {
            let cites = |p: &Purpose| p.retention.as_ref().is_some_and(|r| r.statute.as_ref() == Some(&rule.statute));
            let mut left: BTreeSet<&str> = rule.items.iter().map(String::as_str).collect();
            for (purpose, fact) in facts.usage.purposes.iter().filter(|(_, p)| cites(p)) {
                let items: Vec<&str> = left.iter().copied().filter(|item| fact.items.has(item)).collect();
                if items.is_empty() {
                    continue;
                }
                left.retain(|item| !items.contains(item));
                let ask = self.keep_ask(&Wanted { act: Act::Keep, purpose, items: &items, recipient: None })?;
                let keep =
                    |item: &&str| Keep { item: (*item).to_owned(), statute: rule.statute.clone(), period: rule.keep };
                out.push((ask, items.iter().map(keep).collect()));
            }
            if let Some(item) = left.first() {
                let why = format!(
                    "no purpose that cites {} names '{item}', which [storage.statutory.{name}] keeps by it",
                    rule.statute
                );
                return Err(Fault::NotNow(why));
            }
        }
        Ok(out)
    }

    /// Until when a legal hold keeps pictures or videos of a person, for which their erasure waits: until then only
    /// storage goes on. Nothing where none does.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn erasure_waits(&self, subject: SubjectId) -> Result<Option<Timestamp>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.media_held(subject).await?)
    }

    /// Erases a subject, or puts it off to the end of the hold that keeps what cannot be sealed anew.
    pub(crate) async fn erase_when_free(&self, subject: SubjectId) -> Result<(), Fault> {
        match self.erasure_waits(subject).await? {
            Some(until) => Ok(self.store.transact(PutOff { subject, until }).await?),
            None => self.erase(subject).await.map(|_| ()),
        }
    }

    /// Erases a subject now.
    ///
    /// # Errors
    /// [`Fault::NotNow`] while a legal hold keeps pictures or videos; when a store cannot be written: running it again
    /// goes on where it stopped.
    pub async fn erase(&self, subject: SubjectId) -> Result<Certificate, Fault> {
        if let Some(until) = self.erasure_waits(subject).await? {
            return Err(Fault::NotNow(format!("a legal hold keeps pictures or videos until {until}: lift it first")));
        }
        let held = self.legal_holds_of(subject).await?;
        // A child whose guardian goes has no guardian's consent any more, before the guardian's key is gone.
        self.end_all_guardians(subject).await?;
        // What ends their grants at partners is on its way before the key that opens it is gone.
        self.end_grants(subject).await?;
        let kept = match self
            .store
            .transact(KeepByLaw { subject, keeping: self.keeping()?, holding: self.holding(&held)? })
            .await
        {
            Ok(count) => count,
            // Erased before, up to the rows.
            Err(Fault::NotFound) => 0,
            Err(other) => return Err(other),
        };
        self.store.destroy_key(subject).await?;
        let (deleted, receipt) = self.store.transact(DeleteRows { subject }).await?;
        let policy = self.policy();
        let backups_until = policy.facts().storage.backups.as_ref().map(|b| b.kept.to_string()).unwrap_or_default();
        let mut told: Vec<String> = self.told_of(subject).await?.into_iter().map(|notice| notice.name).collect();
        told.sort_unstable();
        told.dedup();
        let held = held.into_iter().map(HeldBy::from).collect();
        Ok(Certificate { deleted, kept, held, backups_until, told, receipt })
    }

    /// The ask for keeping what holds name; nothing where there are none.
    fn holding(&self, holds: &[LegalHold]) -> Result<Option<Ask>, Fault> {
        let mut items: Vec<&str> = holds.iter().flat_map(|h| h.items.iter().map(String::as_str)).collect();
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return Ok(None);
        }
        let wanted = Wanted { act: Act::Keep, purpose: hold::PURPOSE, items: &items, recipient: None };
        self.keep_ask(&wanted).map(Some)
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
                self.store.destroy_key(subject).await?;
                self.store.transact(DeleteRows { subject }).await?;
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

struct KeepByLaw {
    subject: SubjectId,
    keeping: Vec<(Ask, Vec<Keep>)>,
    /// For what holds name, where there are any.
    holding: Option<Ask>,
}

impl KeepByLaw {
    async fn permit<'t>(&self, tx: &mut Tx<'t>, ask: &Ask) -> Result<Permit<'t>, Fault> {
        match tx.ask(self.subject, ask.clone(), &Actor::System).await? {
            Answer::Permitted(permit) => Ok(permit),
            Answer::Refused(denied) => Err(denied.into()),
        }
    }

    /// Re-seals what holds keep: records, signals page by page, and what was moved apart before.
    async fn keep_held(&self, tx: &mut Tx<'_>, ask: &Ask) -> Result<u64, Fault> {
        let holds = tx.legal_holds_of(self.subject).await?;
        let permit = self.permit(tx, ask).await?;
        let (mut kept, _) = tx.keep_by_hold(permit, &holds, &Which::all()).await?;
        let mut after: Option<SignalPlace> = None;
        let mut more = !tx.signals(self.subject).await?.is_empty();
        while more {
            let permit = self.permit(tx, ask).await?;
            let which = Which::Signals { limit: SIGNALS_AT_ONCE, after };
            let (count, last) = tx.keep_by_hold(permit, &holds, &which).await?;
            kept += count;
            more = last.is_some();
            after = last;
        }
        let permit = self.permit(tx, ask).await?;
        Ok(kept + tx.keep_apart_by_hold(permit, &holds).await?)
    }
}

struct PutOff {
    subject: SubjectId,
    until: Timestamp,
}

impl Transact for PutOff {
    const NAME: &'static str = "put an erasure off";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        // The job that is being done stays until it is finished; this one takes its place.
        tx.queue(JOB, Some(self.subject), self.until, "").await?;
        Ok(())
    }
}

impl Transact for KeepByLaw {
    const NAME: &'static str = "keep what law keeps";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        if tx.account(self.subject).await?.is_none() {
            return Err(Fault::NotFound);
        }
        // Should anything stop the erasure from here on, the worker goes on with it.
        tx.queue(JOB, Some(self.subject), tx.now() + GO_ON, "").await?;
        let mut kept = tx.keep_disclosures(self.subject).await?;
        for (ask, keeps) in &self.keeping {
            // Records, then page by page the signals: of a person who was here long there are many.
            let signals = tx.signals(self.subject).await?;
            let sent = signals.iter().any(|s| keeps.iter().any(|k| k.item == s.item));
            let mut which = Which::all();
            loop {
                let (count, last) = match tx.ask(self.subject, ask.clone(), &Actor::System).await? {
                    Answer::Permitted(permit) => tx.keep_by_law(permit, keeps, &which).await?,
                    Answer::Refused(denied) => return Err(denied.into()),
                };
                kept += count;
                let after = match which {
                    Which::Signals { .. } if last.is_some() => last,
                    Which::Signals { .. } => break,
                    _ if sent => None,
                    _ => break,
                };
                which = Which::Signals { limit: SIGNALS_AT_ONCE, after };
            }
        }
        if let Some(ask) = &self.holding {
            kept += self.keep_held(tx, ask).await?;
        }
        Ok(kept)
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
        let identity = crate::rights::identity::JOB;
        for job in [JOB, exception::JOB, identity, real_name::JOB, real_name::END_JOB, real_name::AGE_JOB] {
            tx.unqueue(job, self.subject).await?;
        }
        tx.delete_rows(self.subject).await
    }
}
