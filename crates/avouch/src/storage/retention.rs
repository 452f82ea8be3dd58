//! Retention: every record has its end; what is past it is unreadable at once and gone at the next sweep.
//!
//! Keeps promise 5.1.

use std::collections::BTreeMap;

use avouch_policy::model::{After, ItemSet, Purpose};
use avouch_policy::{Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Expired, Hold, Outcome, Overdue, Receipt, StoreError, Transact, Tx};
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::collection::upload::Expire;
use crate::fault::Fault;

/// When what was collected for a purpose ends, if its consent is withdrawn at `now`; nothing when the
/// policy ends it by another event.
#[must_use]
pub fn end_after_withdrawal(policy: &Policy, purpose: &str, now: Timestamp) -> Option<Timestamp> {
    let rule = policy.facts().usage.purposes.get(purpose)?.retention.as_ref()?;
    match rule.after {
        After::ConsentWithdrawn => Some(rule.keep.after(now)),
        // Collected under the consent and kept for a time of its own: without the consent nothing keeps it
        // (PIPL 47(1)(3)).
        _ => Some(now),
    }
}

/// What a sweep did, or with a dry run would do.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Sweep {
    /// Records past their end, by purpose and item.
    pub records: BTreeMap<String, u64>,
    /// Signals past their end, by purpose and item.
    pub signals: BTreeMap<String, u64>,
    /// Values whose statutory period is over.
    pub held: u64,
    /// Values brought over from elsewhere whose person did not answer.
    pub quarantined: u64,
    /// Uploads that were never finished.
    pub uploads: u64,
    /// Sealed objects deleted that belonged to nothing any more.
    pub objects: u64,
    /// Cases of customer service forgotten.
    pub cases: u64,
    /// Deadlines that end at another time now, by a calendar announced since.
    pub moved: u64,
    /// The leaf of the sweep; none for a dry run.
    pub receipt: Option<Receipt>,
}

/// How long a message that could not be sent is told of.
const DEAD_LETTERS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Records deleted in one commit.
const PAGE: u32 = 256;

impl App {
    /// Deletes everything past its end; with `dry_run` only tells what would go.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn sweep(&self, dry_run: bool) -> Result<Sweep, Fault> {
        let mut sweep = Sweep::default();
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                let mut look = reading.look()?;
                if dry_run {
                    let all = look.overdue(u32::MAX).await?;
                    sweep.quarantined = look.quarantine_overdue().await?;
                    sweep.held = look.held_counts().await?.iter().map(|(_, _, over)| over).sum();
                    count(&mut sweep, &all);
                    count_signals(&mut sweep, &look.overdue_signals().await?);
                    return Ok(sweep);
                }
                look.overdue(PAGE).await?
            };
            if page.is_empty() {
                break;
            }
            count(&mut sweep, &page);
            self.store.transact(DeleteOverdue { page }).await?;
        }
        // What is to be counted is counted before its signals may go.
        self.analyse().await?;
        self.expire_signals(&mut sweep).await?;
        sweep.uploads = self.expire_uploads().await?;
        self.store.find_loose_objects().await?;
        sweep.objects = self.store.sweep_objects().await?;
        sweep.cases = self.forget_cases().await?;
        sweep.moved = self.recount_clocks().await?;
        let (held, quarantined, receipt) =
            self.store.transact(SweepHeld { window: self.settings.tries_window }).await?;
        sweep.held = held;
        sweep.quarantined = quarantined;
        sweep.receipt = Some(receipt);
        Ok(sweep)
    }
}

impl App {
    async fn expire_signals(&self, sweep: &mut Sweep) -> Result<(), Fault> {
        self.ready_signals().await?;
        loop {
            let gone = self.store.transact(ExpireSignals).await?;
            if gone.is_empty() {
                return Ok(());
            }
            count_signals(sweep, &gone);
        }
    }

    /// Makes ready, where the engine keeps days apart, the days in which what is sent today and in the next two days
    /// will end. Run at the start and by every sweep.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn ready_signals(&self) -> Result<(), Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let taken = |p: &Purpose| {
            p.items
                .of(facts.collection.items.keys())
                .any(|i| facts.collection.items.get(i).is_some_and(|i| i.signal.is_some()))
        };
        let mut until = Vec::new();
        for (name, _) in facts.usage.purposes.iter().filter(|(_, p)| !matches!(p.items, ItemSet::All) && taken(p)) {
            let Some(purpose) = policy.purpose(name) else { continue };
            let days = (0..=2).map(|n| self.store.now() + SignedDuration::from_hours(24 * n));
            until.extend(days.filter_map(|day| policy.keep_until(purpose, day)));
        }
        Ok(self.store.transact(ReadySignals { until }).await?)
    }

    async fn expire_uploads(&self) -> Result<u64, Fault> {
        self.waiting.sweep(self.store.now());
        let mut expired = 0;
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                reading.look()?.overdue_uploads(PAGE).await?
            };
            if page.is_empty() {
                return Ok(expired);
            }
            expired += page.len() as u64;
            self.store.transact(Expire(page)).await?;
        }
    }
}

fn count(sweep: &mut Sweep, page: &[Overdue]) {
    for overdue in page {
        *sweep.records.entry(format!("{}/{}", overdue.purpose, overdue.item)).or_default() += 1;
    }
}

fn count_signals(sweep: &mut Sweep, gone: &[Expired]) {
    for expired in gone.iter().filter(|e| e.count > 0) {
        *sweep.signals.entry(format!("{}/{}", expired.purpose, expired.item)).or_default() += expired.count;
    }
}

/// Signals deleted in one commit where they are deleted one by one.
const SIGNALS_AT_ONCE: u32 = 10_000;

struct ExpireSignals;

impl Transact for ExpireSignals {
    const NAME: &'static str = "delete signals past their end";
    type Out = Vec<Expired>;
    type Fault = StoreError;

    // Nobody's standing is touched, and what is past its end is opened by nobody.
    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.expire_signals(SIGNALS_AT_ONCE).await
    }
}

struct ReadySignals {
    until: Vec<Timestamp>,
}

impl Transact for ReadySignals {
    const NAME: &'static str = "make days of signals ready";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.ready_signals(&self.until).await
    }
}

struct DeleteOverdue {
    page: Vec<Overdue>,
}

impl Transact for DeleteOverdue {
    const NAME: &'static str = "delete what is past its end";
    type Out = ();
    type Fault = StoreError;

    // Many subjects in one commit: a sweep is housekeeping, and each row is its own matter.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.page.iter().map(|o| (o.subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for overdue in &self.page {
            if tx.drop_record(overdue.subject, &overdue.item, overdue.record).await? {
                let items = [overdue.item.as_str()];
                tx.note("expire", &overdue.purpose, &items, Party::System, Outcome::Done, Some(overdue.subject))
                    .await?;
            }
        }
        Ok(())
    }
}

struct SweepHeld {
    window: SignedDuration,
}

impl Transact for SweepHeld {
    const NAME: &'static str = "sweep";
    type Out = (u64, u64, Receipt);
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let held = tx.sweep_held().await?;
        let quarantined = tx.sweep_quarantine().await?;
        tx.sweep_crossings().await?;
        tx.sweep_holds().await?;
        tx.sweep_decisions().await?;
        tx.forget_requests().await?;
        tx.sweep_tries(self.window).await?;
        tx.sweep_accounts(DEAD_LETTERS).await?;
        tx.sweep_sharing(crate::sharing::egress::ANSWERS).await?;
        let receipt = tx.note("sweep", "retention", &[], Party::System, Outcome::Done, None).await?;
        Ok((held, quarantined, receipt))
    }
}
