//! Usage analysis: counts of people by day and value, and nothing else.
//!
//! Keeps promise 2.3: only signals of people who said yes, through the gate; nobody's signals leave it, only how many
//! people had a value on a day, and no count below the policy's smallest group. Counts are de-identified, which is not
//! the same as anonymous, and are never called so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use avouch_policy::model::Evidence;
use avouch_policy::{Act, Ask, Party, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Cell, Credential, Hold, Outcome, Receipt, Record, RecordId, StoreError, Transact, Tx, Which,
};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// People counted in one commit.
const PAGE: u32 = 200;
/// Signals of one person opened at once.
const AT_ONCE: u32 = 1_000;
/// Days that are counted late, when nothing ran on time.
const LATE: usize = 7;
/// The most days of one query.
const MOST_DAYS: i32 = 366;
/// Values longer than this are not counted: they would be as good as unique.
const LONGEST: usize = 64;

/// Item, field and value.
type Key = (String, String, String);

/// The counts of one field.
#[derive(Debug)]
pub struct Counts {
    /// The fewest people a count may stand for.
    pub smallest: u32,
    /// By day; a day that is not over, or was not counted, is missing.
    pub days: Vec<(Date, Vec<Cell>)>,
    /// Where the look is recorded.
    pub receipt: Receipt,
}

/// The signals' items of a purpose, by name.
fn sent<'p>(policy: &'p Policy, purpose: &str) -> Vec<&'p str> {
    let known = &policy.facts().collection.items;
    policy.items_of(purpose).into_iter().filter(|i| known.get(*i).is_some_and(|i| i.signal.is_some())).collect()
}

fn day(policy: &Policy, at: Timestamp) -> Date {
    at.to_zoned_datetime(policy.zone()).date()
}

fn begin(policy: &Policy, day: Date) -> Option<Timestamp> {
    day.to_zoned_datetime(policy.zone()).ok().map(|z| z.timestamp())
}

/// What one person's signals say, each value once.
fn values(policy: &Policy, records: &[Record], until: Timestamp, out: &mut BTreeSet<Key>) {
    for record in records.iter().filter(|r| r.head.created < until) {
        let item = policy.item_name(record.head.item);
        let fields = record.value.expose(Sink::Gate, |v| serde_json::from_slice::<serde_json::Value>(v).ok());
        for (field, value) in fields.as_ref().and_then(|f| f.as_object()).into_iter().flatten() {
            if let Some(text) = value.as_str().filter(|text| !text.is_empty() && text.len() <= LONGEST) {
                out.insert((item.to_owned(), field.clone(), text.to_owned()));
            }
        }
    }
}

impl App {
    /// Counts every day that is over and was not counted yet, for each purpose the policy lets be counted. Run with
    /// every sweep; a day is counted once.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn analyse(&self) -> Result<(), Fault> {
        let policy = self.policy();
        let mut days = Vec::new();
        let mut day = day(&policy, self.store.now());
        for _ in 0..LATE {
            let Ok(before) = day.yesterday() else { break };
            day = before;
            days.push(day);
        }
        for (purpose, fact) in &policy.facts().usage.purposes {
            let Some(smallest) = fact.smallest else { continue };
            for day in days.iter().rev().copied() {
                let counted = {
                    let mut reading = self.store.reading().await?;
                    reading.look()?.day_is_counted(purpose, day).await?
                };
                if !counted {
                    let cells = self.count(&policy, purpose, day, fact.evidence == Evidence::Batch).await?;
                    let cells = cells
                        .into_iter()
                        .filter(|(_, people)| *people >= u64::from(smallest))
                        .map(|((item, field, value), people)| Cell { item, field, value, people })
                        .collect();
                    self.store.transact(Keep { purpose: purpose.clone(), day, cells }).await?;
                }
            }
        }
        Ok(())
    }

    async fn count(&self, policy: &Policy, purpose: &str, day: Date, batch: bool) -> Result<BTreeMap<Key, u64>, Fault> {
        let mut counts = BTreeMap::new();
        let items = sent(policy, purpose);
        let ends = day.tomorrow().ok().and_then(|next| begin(policy, next));
        let (Some(from), Some(until), false) = (begin(policy, day), ends, items.is_empty()) else {
            return Ok(counts);
        };
        let wanted = Wanted { act: Act::Use, purpose, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::System).await?;
        let which = Which::Signals { limit: AT_ONCE, after: Some((from, RecordId::ONLY)) };
        let mut after = None;
        loop {
            let (mut opened, mut refused) = (Vec::new(), Vec::new());
            let page = {
                let mut reading = self.store.reading().await?;
                let mut look = reading.look()?;
                let page = look.consenting(purpose, after, PAGE).await?;
                for subject in page.iter().copied() {
                    match look.ask(subject, ask.clone(), &Actor::System).await {
                        Ok(Answer::Permitted(permit)) => opened.push(look.open(permit, &which).await?),
                        Ok(Answer::Refused(no)) => refused.push(no),
                        Err(StoreError::Gone) => {}
                        Err(e) => return Err(e.into()),
                    }
                }
                page
            };
            // Whose standing changed meanwhile is not counted: their answer came first.
            for (subject, used) in self.store.release_page(opened, refused, batch).await?.used {
                let mut seen = BTreeSet::new();
                values(policy, &used.records, until, &mut seen);
                self.rest_of_day(policy, subject, &ask, used.records, until, &mut seen).await?;
                for key in seen {
                    *counts.entry(key).or_insert(0) += 1;
                }
            }
            after = page.last().copied();
            if after.is_none() {
                return Ok(counts);
            }
        }
    }

    /// The pages after the first of a person's day.
    async fn rest_of_day(
        &self,
        policy: &Policy,
        subject: SubjectId,
        ask: &Ask,
        mut records: Vec<Record>,
        until: Timestamp,
        seen: &mut BTreeSet<Key>,
    ) -> Result<(), Fault> {
        while records.len() == usize::try_from(AT_ONCE).unwrap_or(usize::MAX)
            && let Some(last) = records.last().filter(|last| last.head.created < until)
        {
            let which = Which::Signals { limit: AT_ONCE, after: Some((last.head.created, last.head.id)) };
            match self.store.use_records(subject, ask, &Actor::System, &which).await {
                Ok(Ok(used)) => records = used.records,
                Ok(Err(_recorded)) => break,
                Err(StoreError::Gone) => break,
                Err(e) => return Err(e.into()),
            }
            values(policy, &records, until, seen);
        }
        Ok(())
    }

    /// The counts of one field of what devices sent, by day. Whole days only, at most a year of them.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a purpose that is not counted, or one the service may not claim; [`Fault::Invalid`] for
    /// an item or field it does not have, or days that are none.
    pub async fn counts(
        &self,
        purpose: &str,
        item: &str,
        field: &str,
        from: Date,
        to: Date,
        credential: &Arc<Credential>,
    ) -> Result<Counts, Fault> {
        let policy = self.policy();
        let fact = policy.facts().usage.purposes.get(purpose).filter(|_| credential.may_claim(purpose));
        let smallest = fact.and_then(|p| p.smallest).ok_or(Fault::NotFound)?;
        let mut faults = Vec::new();
        let signal = policy.facts().collection.items.get(item).and_then(|i| i.signal.as_ref());
        match signal.filter(|_| sent(&policy, purpose).contains(&item)) {
            None => faults.push(FieldFault::new("item", "unknown", "name an item of the purpose that devices send")),
            Some(signal) if !signal.fields.iter().any(|f| f == field) => {
                let known = signal.fields.join(", ");
                faults.push(FieldFault::new("field", "unknown", format!("the fields of '{item}' are: {known}")));
            }
            Some(_) => {}
        }
        if to < from || (to - from).get_days() > MOST_DAYS {
            faults.push(FieldFault::new("to", "not-days", format!("at most {MOST_DAYS} days, the first first")));
        }
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        let days = {
            let mut reading = self.store.reading().await?;
            reading.look()?.counted(purpose, item, field, from, to).await?
        };
        let receipt = self.store.transact(Looked { purpose: purpose.to_owned(), item: item.to_owned() }).await?;
        Ok(Counts { smallest, days, receipt })
    }
}

struct Keep {
    purpose: String,
    day: Date,
    cells: Vec<Cell>,
}

impl Transact for Keep {
    const NAME: &'static str = "keep a day's counts";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        tx.put_counts(&self.purpose, self.day, &self.cells).await
    }
}

struct Looked {
    purpose: String,
    item: String,
}

impl Transact for Looked {
    const NAME: &'static str = "look at counts";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.note("analyse", &self.purpose, &[&self.item], Party::Service, Outcome::Done, None).await
    }
}
