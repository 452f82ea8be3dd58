//! Retention: every record has its end; what is past it is unreadable at once and gone at the next sweep.
//!
//! Keeps promise 5.1. A sweep counts what is to be anonymous, deletes what has ended, and leaves a certificate: counts
//! by item and rule, to which its leaf commits. What is held is told and left.

use std::collections::BTreeMap;

use avouch_policy::model::{ItemSet, Purpose};
use avouch_policy::{End, Lived, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{
    AnonymousSet, Ending, Expired, Hold, Outcome, Overdue, Receipt, Reckoned, StoreError, SweepCertificate, Transact,
    Tx,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::app::App;
use crate::collection::upload::Expire;
use crate::fault::Fault;

/// When what was collected for a purpose ends, and by which rule, if its consent is withdrawn at `now`; nothing when
/// the policy does not know the purpose.
#[must_use]
pub fn end_after_withdrawal(policy: &Policy, purpose: &str, now: Timestamp) -> Option<End> {
    policy.end_for(purpose, &Lived { withdrawn: Some(now), ..Lived::since(now) }).filter(|end| end.until.is_some())
}

/// The rule of a purpose as it stands beside a record; the purpose alone where the policy has none.
fn own_rule(policy: &Policy, purpose: &str) -> String {
    policy.end_for(purpose, &Lived::since(Timestamp::UNIX_EPOCH)).map_or_else(|| purpose.to_owned(), |end| end.rule())
}

/// What went, or would go, of one item by one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Line {
    /// `record`, `signal`, `held` (kept by law after an erasure).
    pub kind: &'static str,
    /// The item.
    pub item: String,
    /// The rule: purpose, trigger and period; the law record for what law kept.
    pub rule: String,
    /// What the policy says happens then: `delete`, `anonymise`.
    pub then: &'static str,
    /// How many.
    pub count: u64,
}

/// What a sweep did, or with a dry run would do.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Sweep {
    /// Everything by kind, item and rule.
    pub lines: Vec<Line>,
    /// Records past their end, by purpose and item.
    pub records: BTreeMap<String, u64>,
    /// Signals past their end, by purpose and item.
    pub signals: BTreeMap<String, u64>,
    /// Values whose statutory period is over.
    pub held: u64,
    /// Records past their end that must not be deleted, because they are held; nobody reads them.
    pub held_back: u64,
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
    /// People told that their unused account goes.
    pub noticed: u64,
    /// Unused accounts that go now.
    pub unused: u64,
    /// What was counted to be kept as anonymous, with how much of it stood the test.
    pub anonymous: Vec<AnonymousSet>,
    /// Ends reckoned anew by rules that changed; nothing where none did.
    pub reckoned: Option<Reckoned>,
    /// The leaf of the sweep; none for a dry run.
    pub receipt: Option<Receipt>,
}

impl Sweep {
    fn add(&mut self, policy: &Policy, kind: &'static str, item: &str, rule: &str, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(line) = self.lines.iter_mut().find(|l| l.kind == kind && l.item == item && l.rule == rule) {
            line.count += count;
            return;
        }
        let purpose = rule.split(' ').next().unwrap_or_default();
        let kept = policy.facts().usage.purposes.get(purpose).and_then(|p| p.retention.as_ref());
        let then = kept.filter(|_| kind != "held").map_or("delete", |rule| rule.then.as_str());
        self.lines.push(Line { kind, item: item.to_owned(), rule: rule.to_owned(), then, count });
    }

    fn add_record(&mut self, policy: &Policy, overdue: &Overdue) {
        *self.records.entry(format!("{}/{}", overdue.purpose, overdue.item)).or_default() += 1;
        // A record of before rules were kept beside it went by its purpose's.
        if overdue.rule.is_empty() {
            self.add(policy, "record", &overdue.item, &own_rule(policy, &overdue.purpose), 1);
        } else {
            self.add(policy, "record", &overdue.item, &overdue.rule, 1);
        }
    }

    fn add_signals(&mut self, policy: &Policy, gone: &[Expired]) {
        for expired in gone.iter().filter(|e| e.count > 0) {
            *self.signals.entry(format!("{}/{}", expired.purpose, expired.item)).or_default() += expired.count;
            self.add(policy, "signal", &expired.item, &own_rule(policy, &expired.purpose), expired.count);
        }
    }

    fn add_held(&mut self, policy: &Policy, gone: &[Ending]) {
        for ending in gone {
            self.held += ending.count;
            self.add(policy, "held", &ending.item, &ending.purpose, ending.count);
        }
    }

    /// The certificate's document: what went, by item and rule, and nothing of anybody.
    fn document(&self, app: &App) -> String {
        let mut lines = self.lines.clone();
        lines.sort();
        json!({
            "format": "avouch-sweep/1",
            "at": app.store.now().to_string(),
            "region": app.store.region().as_str(),
            "policy": app.policy().digest().to_string(),
            "lines": lines,
            "held_back": self.held_back,
            "quarantined": self.quarantined,
            "uploads": self.uploads,
            "objects": self.objects,
            "cases": self.cases,
            "unused_accounts": self.unused,
            "anonymous": self.anonymous,
        })
        .to_string()
    }
}

/// How long a message that could not be sent is told of.
const DEAD_LETTERS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Records deleted in one commit.
const PAGE: u32 = 256;

impl App {
    /// Deletes everything past its end; with `dry_run` only tells what would go, by item and rule, and changes nothing.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn sweep(&self, dry_run: bool) -> Result<Sweep, Fault> {
        if dry_run {
            return self.would_sweep().await;
        }
        let mut sweep = Sweep { reckoned: self.reckon().await?, ..Sweep::default() };
        sweep.anonymous = self.anonymise().await?;
        let policy = self.policy();
        let mut last: Option<Overdue> = None;
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                reading.look()?.overdue(last.as_ref(), PAGE).await?
            };
            let Some(end) = page.last().cloned() else { break };
            last = Some(end);
            let (held, page): (Vec<_>, Vec<_>) = page.into_iter().partition(|overdue| overdue.held);
            sweep.held_back += held.len() as u64;
            for gone in self.store.transact(DeleteOverdue { page }).await? {
                sweep.add_record(&policy, &gone);
            }
        }
        // What is to be counted is counted before its signals may go.
        self.analyse().await?;
        self.expire_signals(&mut sweep).await?;
        sweep.uploads = self.expire_uploads().await?;
        self.store.find_loose_objects().await?;
        sweep.objects = self.store.sweep_objects().await?;
        sweep.cases = self.forget_cases().await?;
        sweep.moved = self.recount_clocks().await?;
        (sweep.noticed, sweep.unused) = self.close_unused(false).await?;
        let (held, quarantined) = self.store.transact(SweepRest { window: self.settings.tries_window }).await?;
        sweep.add_held(&policy, &held);
        sweep.quarantined = quarantined;
        sweep.receipt = Some(self.store.transact(Certify { document: sweep.document(self) }).await?);
        Ok(sweep)
    }

    async fn would_sweep(&self) -> Result<Sweep, Fault> {
        let mut sweep = Sweep::default();
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut last: Option<Overdue> = None;
        loop {
            let page = look.overdue(last.as_ref(), PAGE).await?;
            for overdue in &page {
                if overdue.held {
                    sweep.held_back += 1;
                } else {
                    sweep.add_record(&policy, overdue);
                }
            }
            last = page.into_iter().next_back();
            if last.is_none() {
                break;
            }
        }
        sweep.quarantined = look.quarantine_overdue().await?;
        sweep.add_signals(&policy, &look.overdue_signals().await?);
        let over = look.now() + SignedDuration::from_millis(1);
        let over: Vec<Ending> = look.ending(Timestamp::UNIX_EPOCH, over).await?;
        sweep.add_held(&policy, &over.into_iter().filter(|e| e.kind == "held").collect::<Vec<_>>());
        drop(look);
        drop(reading);
        (sweep.noticed, sweep.unused) = self.close_unused(true).await?;
        sweep.lines.sort();
        Ok(sweep)
    }

    /// The certificates of past sweeps, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sweeps(&self, limit: u32) -> Result<Vec<SweepCertificate>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.sweeps(limit).await?)
    }

    /// The certificate of a sweep, with the proof that its leaf is in the log: what an outsider checks by the log's key
    /// alone, see [`super::certificate`].
    ///
    /// # Errors
    /// [`Fault::NotFound`] for what is no sweep's leaf.
    pub async fn sweep_certificate(&self, receipt: &Receipt) -> Result<serde_json::Value, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let found = look.sweep_certificate(receipt).await?.ok_or(Fault::NotFound)?;
        let proof = look.prove(receipt).await?;
        Ok(json!({ "format": "avouch-certificate/1", "document": found.document, "proof": proof }))
    }
}

impl App {
    async fn expire_signals(&self, sweep: &mut Sweep) -> Result<(), Fault> {
        self.ready_signals().await?;
        let policy = self.policy();
        loop {
            let gone = self.store.transact(ExpireSignals).await?;
            if gone.is_empty() {
                return Ok(());
            }
            sweep.add_signals(&policy, &gone);
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
    /// What went; another node may have been first with some of it.
    type Out = Vec<Overdue>;
    type Fault = StoreError;

    // Many subjects in one commit: a sweep is housekeeping, and each row is its own matter.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.page.iter().map(|o| (o.subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut gone = Vec::with_capacity(self.page.len());
        for overdue in &self.page {
            if tx.expire_record(overdue).await? {
                let items = [overdue.item.as_str()];
                tx.note("expire", &overdue.purpose, &items, Party::System, Outcome::Done, Some(overdue.subject))
                    .await?;
                gone.push(overdue.clone());
            }
        }
        Ok(gone)
    }
}

struct SweepRest {
    window: SignedDuration,
}

impl Transact for SweepRest {
    const NAME: &'static str = "sweep";
    type Out = (Vec<Ending>, u64);
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let held = tx.sweep_held().await?;
        let quarantined = tx.sweep_quarantine().await?;
        tx.sweep_crossings().await?;
        tx.sweep_decisions().await?;
        tx.sweep_tries(self.window).await?;
        tx.sweep_accounts(DEAD_LETTERS).await?;
        tx.sweep_sharing(crate::sharing::egress::ANSWERS).await?;
        Ok((held, quarantined))
    }
}

struct Certify {
    document: String,
}

impl Transact for Certify {
    const NAME: &'static str = "certify a sweep";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.certify_sweep(&self.document).await
    }
}
