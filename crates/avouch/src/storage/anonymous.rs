//! Made anonymous instead of deleted without a trace: people are counted by what they have in common before their
//! values go, and a group's counts stay only where the group stands a test.
//!
//! Keeps promise 5.2. The values of a purpose that end in one month (or day, where they are kept shortly) are a cohort,
//! counted once at its beginning, through the gate, while they may still be used. A group stands the test when it is at
//! least k people; of what they said only what at least k of them said, and not all of them, is told, and at least l such
//! things must be. Nothing of a group that fails is kept. The values themselves are deleted at their end like any
//! others. What this promises and what it does not: `docs/adr/0018-anonymous-is-what-stood-a-test.md`.

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::model::{Anonymous, Evidence, Then};
use avouch_policy::{Act, Ask, Period, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{Actor, AnonymousCell, AnonymousSet, Answer, Hold, Record, StoreError, Transact, Tx, Which};
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// People counted in one commit.
const PAGE: u32 = 200;
/// Records or signals of one person opened at once.
const AT_ONCE: u32 = 1_000;
/// Values longer than this are not counted: they would be as good as unique.
const LONGEST: usize = 64;
/// From this length on values of a month are one cohort; every one of them is there when it begins.
const MONTHLY: u64 = 62 * 24;

/// What one person has in common with others, and what they said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Person {
    /// The latest value of each thing people are grouped by.
    by: Vec<Option<(Timestamp, String)>>,
    of: BTreeSet<String>,
}

impl Person {
    fn add(&mut self, policy: &Policy, rule: &Anonymous, window: (Timestamp, Timestamp), records: &[Record]) {
        self.by.resize(rule.by.len(), None);
        for record in records {
            if record.head.until.is_none_or(|until| until < window.0 || until >= window.1) {
                continue;
            }
            let item = policy.item_name(record.head.item);
            for (at, named) in rule.by.iter().enumerate() {
                let Some(value) = value(record, item, named) else { continue };
                let Some(latest) = self.by.get_mut(at) else { continue };
                if latest.as_ref().is_none_or(|(since, _)| *since <= record.head.created) {
                    *latest = Some((record.head.created, value));
                }
            }
            self.of.extend(rule.of.iter().filter_map(|named| value(record, item, named)));
        }
    }
}

/// What a record says of a named item or field; nothing where it is of another, or says nothing short.
fn value(record: &Record, item: &str, named: &str) -> Option<String> {
    let (wanted, field) = named.split_once('.').map_or((named, None), |(item, field)| (item, Some(field)));
    if wanted != item {
        return None;
    }
    let text = record.value.expose(Sink::Gate, |bytes| match field {
        None => Some(String::from_utf8_lossy(bytes).into_owned()),
        Some(field) => {
            let fields = serde_json::from_slice::<serde_json::Value>(bytes).ok()?;
            fields.get(field)?.as_str().map(str::to_owned)
        }
    })?;
    (!text.is_empty() && text.len() <= LONGEST).then_some(text)
}

/// The groups that stand the test, as cells, and how many did and did not.
fn tested(people: impl IntoIterator<Item = Person>, rule: &Anonymous) -> (Vec<AnonymousCell>, u64, u64) {
    let mut groups: BTreeMap<Vec<String>, (u64, BTreeMap<String, u64>)> = BTreeMap::new();
    for person in people {
        let like = person.by.into_iter().map(|value| value.map(|(_, text)| text).unwrap_or_default()).collect();
        let (count, said) = groups.entry(like).or_default();
        *count += 1;
        for value in person.of {
            *said.entry(value).or_default() += 1;
        }
    }
    let (k, l) = (u64::from(rule.k), rule.l as usize);
    let (mut cells, mut passed, mut refused) = (Vec::new(), 0, 0);
    for (like, (people, mut said)) in groups {
        // What few said tells of them, and what all said tells of each.
        said.retain(|_, n| *n >= k && *n < people);
        if people < k || (rule.of.is_some() && said.len() < l) {
            refused += 1;
            continue;
        }
        passed += 1;
        let people_like = json!(like).to_string();
        cells.push(AnonymousCell { people_like: people_like.clone(), value: String::new(), people });
        cells.extend(said.into_iter().map(|(value, people)| AnonymousCell {
            people_like: people_like.clone(),
            value,
            people,
        }));
    }
    (cells, passed, refused)
}

/// The cohort that has begun: its name, and what is left of its time.
fn cohort(policy: &Policy, keep: Period, now: Timestamp) -> Option<(String, (Timestamp, Timestamp))> {
    let today = now.to_zoned_datetime(policy.zone()).date();
    let (name, next) = if keep.at_least_hours() >= MONTHLY {
        (today.strftime("%Y-%m").to_string(), today.first_of_month().checked_add(1.month()).ok()?)
    } else {
        (today.to_string(), today.tomorrow().ok()?)
    };
    Some((name, (now, next.to_zoned_datetime(policy.zone()).ok()?.timestamp())))
}

impl App {
    /// Counts each cohort that has begun and was not counted yet. Run with every sweep, before it deletes.
    pub(super) async fn anonymise(&self) -> Result<Vec<AnonymousSet>, Fault> {
        let policy = self.policy();
        let mut out = Vec::new();
        for (purpose, fact) in &policy.facts().usage.purposes {
            let Some(kept) = fact.retention.as_ref().filter(|kept| kept.then == Then::Anonymise) else { continue };
            let Some(rule) = &kept.anonymous else { continue };
            let Some((name, window)) = cohort(&policy, kept.keep, self.store.now()) else { continue };
            let counted = {
                let mut reading = self.store.reading().await?;
                reading.look()?.cohort_is_counted(purpose, &name).await?
            };
            if counted {
                continue;
            }
            let people = self.cohort_people(&policy, purpose, rule, window, fact.evidence == Evidence::Batch).await?;
            let (cells, passed, refused) = tested(people, rule);
            let (k, l) = (u64::from(rule.k), u64::from(rule.l));
            let at = self.store.now();
            let set = AnonymousSet { purpose: purpose.clone(), cohort: name, at, k, l, passed, refused };
            if self.store.transact(Keep { set: set.clone(), cells }).await? && passed + refused > 0 {
                out.push(set);
            }
        }
        Ok(out)
    }

    async fn cohort_people(
        &self,
        policy: &Policy,
        purpose: &str,
        rule: &Anonymous,
        window: (Timestamp, Timestamp),
        batch: bool,
    ) -> Result<Vec<Person>, Fault> {
        let names =
            rule.by.iter().chain(&rule.of).map(|named| named.split_once('.').map_or(named.as_str(), |(i, _)| i));
        let names: BTreeSet<&str> = names.collect();
        let (signals, records): (Vec<&str>, Vec<&str>) = names
            .into_iter()
            .partition(|name| policy.facts().collection.items.get(*name).is_some_and(|item| item.signal.is_some()));
        let mut asks = Vec::new();
        for (items, which) in [
            (signals, Which::Signals { limit: AT_ONCE, after: None }),
            (records, Which::Page { limit: AT_ONCE, after: None }),
        ] {
            if !items.is_empty() {
                let wanted = Wanted { act: Act::Use, purpose, items: &items, recipient: None };
                asks.push((self.ask_or_refuse(&wanted, &Actor::System).await?, which));
            }
        }
        let (mut out, mut after) = (Vec::new(), None);
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                reading.look()?.ending_with(purpose, window, after, PAGE).await?
            };
            after = page.last().copied();
            if after.is_none() {
                return Ok(out);
            }
            let mut people: BTreeMap<SubjectId, Person> = BTreeMap::new();
            for (ask, which) in &asks {
                let (mut opened, mut refused) = (Vec::new(), Vec::new());
                {
                    let mut reading = self.store.reading().await?;
                    let mut look = reading.look()?;
                    for subject in page.iter().copied() {
                        match look.ask(subject, ask.clone(), &Actor::System).await {
                            Ok(Answer::Permitted(permit)) => opened.push(look.open(permit, which).await?),
                            Ok(Answer::Refused(no)) => refused.push(no),
                            Err(StoreError::Gone) => {}
                            Err(e) => return Err(e.into()),
                        }
                    }
                }
                // Whose standing changed meanwhile is not counted: their answer came first.
                for (subject, used) in self.store.release_page(opened, refused, batch).await?.used {
                    let person = people.entry(subject).or_default();
                    person.add(policy, rule, window, &used.records);
                    self.rest(policy, rule, window, subject, ask, used.records, person).await?;
                }
            }
            out.extend(people.into_values().filter(|p| p.by.iter().any(Option::is_some) || !p.of.is_empty()));
        }
    }

    /// The pages after the first of what a person has.
    #[expect(clippy::too_many_arguments, reason = "what is counted, of whom, and where the counting stands")]
    async fn rest(
        &self,
        policy: &Policy,
        rule: &Anonymous,
        window: (Timestamp, Timestamp),
        subject: SubjectId,
        ask: &Ask,
        mut records: Vec<Record>,
        person: &mut Person,
    ) -> Result<(), Fault> {
        while records.len() == usize::try_from(AT_ONCE).unwrap_or(usize::MAX)
            && let Some(last) = records.last().map(|last| &last.head)
        {
            let signal = policy.facts().collection.items.get(policy.item_name(last.item));
            let which = if signal.is_some_and(|item| item.signal.is_some()) {
                Which::Signals { limit: AT_ONCE, after: Some((last.created, last.id)) }
            } else {
                Which::Page { limit: AT_ONCE, after: Some((last.item, last.id)) }
            };
            match self.store.use_records(subject, ask, &Actor::System, &which).await {
                Ok(Ok(used)) => records = used.records,
                Ok(Err(_recorded)) => break,
                Err(StoreError::Gone) => break,
                Err(e) => return Err(e.into()),
            }
            person.add(policy, rule, window, &records);
        }
        Ok(())
    }

    /// What was counted of a purpose's values before they went, the latest cohort first, each with its cells.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn anonymous(&self, purpose: &str) -> Result<Vec<(AnonymousSet, Vec<AnonymousCell>)>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut out = Vec::new();
        for set in look.anonymous_sets(purpose).await? {
            let cells = look.anonymous_cells(purpose, &set.cohort).await?;
            out.push((set, cells));
        }
        Ok(out)
    }
}

struct Keep {
    set: AnonymousSet,
    cells: Vec<AnonymousCell>,
}

impl Transact for Keep {
    const NAME: &'static str = "keep a cohort's counts";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let new = tx.put_anonymous(&self.set, &self.cells).await?;
        if new && self.set.passed + self.set.refused > 0 {
            let document = json!({ "format": "avouch-anonymous/1", "set": self.set, "cells": self.cells });
            tx.note_document("anonymise", &self.set.purpose, &document.to_string()).await?;
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(like: u8, said: &[u8]) -> Person {
        Person {
            by: vec![Some((Timestamp::UNIX_EPOCH, format!("os{like}")))],
            of: said.iter().map(|s| format!("f{s}")).collect(),
        }
    }

    fn rule(k: u32, l: u32) -> Anonymous {
        Anonymous { by: vec!["os.name".into()], of: Some("function_used.function".into()), k, l }
    }

    #[test]
    fn promise_5_2_a_group_too_small_or_that_says_one_thing_is_refused_whole() {
        let mut people: Vec<Person> = (0..4).map(|n| person(1, &[n % 2])).collect();
        people.push(person(2, &[0]));
        people.extend((0..4).map(|_| person(3, &[0])));
        let (cells, passed, refused) = tested(people, &rule(2, 2));
        assert_eq!((passed, refused), (1, 2));
        let told: Vec<_> = cells.iter().map(|c| (c.people_like.as_str(), c.value.as_str(), c.people)).collect();
        assert_eq!(told, [("[\"os1\"]", "", 4), ("[\"os1\"]", "f0", 2), ("[\"os1\"]", "f1", 2)]);
    }

    proptest! {
        #[test]
        fn promise_5_2_no_number_is_below_k_and_every_group_tells_l_things(
            people in proptest::collection::vec((0u8..4, proptest::collection::vec(0u8..6, 0..4)), 0..80),
            k in 2u32..8, l in 2u32..4,
        ) {
            let all: Vec<Person> = people.iter().map(|(like, said)| person(*like, said)).collect();
            let groups: BTreeSet<u8> = people.iter().map(|(like, _)| *like).collect();
            let (cells, passed, refused) = tested(all, &rule(k, l));
            prop_assert_eq!(passed + refused, groups.len() as u64);
            let mut by: BTreeMap<&str, Vec<&AnonymousCell>> = BTreeMap::new();
            for cell in &cells {
                prop_assert!(cell.people >= u64::from(k));
                by.entry(&cell.people_like).or_default().push(cell);
            }
            prop_assert_eq!(by.len() as u64, passed);
            for cells in by.values() {
                prop_assert!(cells.len() > l as usize, "the group, and at least l things it said");
                let whole = cells[0].people;
                prop_assert!(cells[1..].iter().all(|c| c.people < whole), "nothing that is true of each");
            }
        }
    }
}
