//! Signals: what devices send of themselves, in batches, each batch for one purpose.
//!
//! Keeps promises 1.4, 1.5 and 1.6. Only the fields the policy declares are taken, address and browser are noted by
//! the server and never believed, and a batch for analysis without consent leaves a refusal and nothing else. Who has
//! no account sends nothing: there is no key to seal it under, and nobody to ask.

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::model::{Derived, ItemSet, Signal};
use avouch_policy::{Act, Ask, Basis, ItemId, Party, Policy, Verdict};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answer, Denied, Hold, NewSignal, Outcome, Permission, PermissionState, Receipt, SignalSum, Transact, Tx,
    Used, Which,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// A device's clock may be ahead by this much.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// What happened longer ago is not taken any more: a device keeps it no longer than this.
const BEHIND: SignedDuration = SignedDuration::from_hours(7 * 24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One event as a device tells it.
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Event {
    /// Its item.
    pub item: String,
    /// When it happened, by the device's clock.
    pub at: Option<Timestamp>,
    /// Its fields: texts, numbers, true or false.
    pub fields: Map<String, Value>,
}

/// What the server knows of the connection; empty where it knows nothing.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Connection {
    /// The address.
    pub ip: String,
    /// What the browser or app calls itself.
    pub agent: String,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Taken {
    /// Of each event, in order: nothing when it was taken, else why not.
    pub events: Vec<Option<FieldFault>>,
    /// Where the batch is recorded.
    pub receipt: Receipt,
}

/// What a device may send now, and what it is asked to give back.
#[derive(Debug)]
pub struct Sending {
    /// Items by purpose, as the gate would decide this moment.
    pub open: BTreeMap<String, Vec<String>>,
    /// Items whose permission the device still grants, though no consent of the person asks for it any more.
    pub give_back: Vec<String>,
}

/// One event's faults of form, or its value as it is kept.
fn read(policy: &Policy, at: usize, event: &Event, from: &Connection, now: Timestamp) -> Result<String, FieldFault> {
    let path = format!("events[{at}]");
    let no = |field: &str, code, text: String| Err(FieldFault::new(&format!("{path}.{field}"), code, text));
    let Some(shape) = policy.facts().collection.items.get(&event.item).and_then(|i| i.signal.as_ref()) else {
        return no("item", "not-a-signal", format!("`{}` is not sent by devices", event.item));
    };
    for (name, value) in &event.fields {
        if !shape.fields.contains(name) {
            let known = shape.fields.join(", ");
            return no(
                &format!("fields.{name}"),
                "unknown-field",
                format!("not a field of it; its fields are: {known}"),
            );
        }
        if !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            return no(&format!("fields.{name}"), "not-plain", "write a text, a number, true or false".into());
        }
    }
    if event.fields.is_empty() && shape.derived.is_empty() {
        return no(
            "fields",
            "required",
            format!("there is nothing in it; its fields are: {}", shape.fields.join(", ")),
        );
    }
    if event.at.is_some_and(|t| t > now + AHEAD || t < now - BEHIND) {
        return no("at", "not-now", "it lies in the future, or more than seven days back".into());
    }
    let value = whole(shape, event, from);
    // Events of a crash can be long; the policy says how long at most.
    if value.len() > usize::try_from(shape.largest).unwrap_or(usize::MAX) {
        return no("fields", "too-large", format!("it has {} bytes, and may have {}", value.len(), shape.largest));
    }
    Ok(value)
}

/// The value as it is kept: the sender's fields, and over them what the server knows.
fn whole(shape: &Signal, event: &Event, from: &Connection) -> String {
    let mut fields = event.fields.clone();
    for derived in &shape.derived {
        let (name, known) = match derived {
            Derived::Ip => ("ip", &from.ip),
            Derived::Agent => ("agent", &from.agent),
        };
        fields.remove(name);
        if !known.is_empty() {
            fields.insert(name.to_owned(), Value::String(known.clone()));
        }
    }
    if let Some(at) = event.at {
        fields.insert("at".to_owned(), Value::String(at.to_string()));
    }
    Value::Object(fields).to_string()
}

/// The items behind a permission that the device grants, for which no consent stands: the app gives them back.
fn to_give_back(policy: &Policy, standing: &avouch_policy::Standing, permissions: &[Permission]) -> Vec<String> {
    let wanted = |item: &str| {
        policy.facts().usage.purposes.iter().any(|(name, purpose)| {
            let named = matches!(&purpose.items, ItemSet::Named(names) if names.contains(item));
            named
                && policy.purpose(name).is_some_and(|id| match purpose.basis {
                    Basis::Consent => standing.consents.has(id.index()),
                    Basis::SeparateConsent => standing.separate.has(id.index()),
                    _ => false,
                })
        })
    };
    let granted = permissions.iter().filter(|p| p.state != PermissionState::Denied);
    granted.filter(|p| !wanted(&p.item)).map(|p| p.item.clone()).collect()
}

impl App {
    /// Takes in a batch of events for one purpose.
    ///
    /// # Errors
    /// [`Fault::Refused`] where the gate refuses, with its leaf and no event kept; [`Fault::Invalid`] where no event
    /// can be taken or there are too many; [`Fault::TooMany`]; [`Fault::NotFound`] for an unknown subject.
    pub async fn take_signals(
        &self,
        subject: SubjectId,
        purpose: &str,
        events: &[Event],
        from: &Connection,
        actor: &Actor,
    ) -> Result<Taken, Fault> {
        let most = self.settings.signals_in_batch;
        if events.is_empty() || events.len() > most {
            let text = format!("a batch has from one event to {most}; this has {}", events.len());
            return Err(Fault::Invalid(vec![FieldFault::new("events", "batch-size", text)]));
        }
        // What the policy does not know is a gap, recorded as such, whatever else is wrong.
        let names: BTreeSet<&str> = events.iter().map(|e| e.item.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let wanted = Wanted { act: Act::Collect, purpose, items: &names, recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let (policy, now) = (self.policy(), self.store.now());
        let mut read_events = Vec::with_capacity(events.len());
        for (at, event) in events.iter().enumerate() {
            let item = policy.item(&event.item).ok_or(Fault::NotFound)?;
            read_events.push((item, read(&policy, at, event, from, now).map(Zeroizing::new)));
        }
        let actor = actor.clone();
        let limit = self.settings.signal_batches;
        self.store.transact(TakeSignals { subject, ask, actor, events: read_events, limit }).await?
    }

    /// What a subject's devices may send now. It only looks, and leaves no leaf.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject.
    pub async fn sending(&self, subject: SubjectId, party: Party) -> Result<Sending, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let policy = self.policy();
        let region = self.store.region();
        let account = look.account(subject).await?.ok_or(Fault::NotFound)?;
        let permissions = look.permissions(subject).await?;
        let mut standing = account.standing;
        let denied = permissions.iter().filter(|p| p.state == PermissionState::Denied);
        standing.denied = denied.filter_map(|p| policy.item(&p.item)).map(ItemId::index).collect();
        let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (purpose, fact) in &policy.facts().usage.purposes {
            let ItemSet::Named(names) = &fact.items else { continue };
            for (name, item) in names.iter().filter_map(|n| Some((n, policy.facts().collection.items.get(n)?))) {
                if item.signal.is_none() {
                    continue;
                }
                let wanted = avouch_policy::AskNames {
                    act: Act::Collect,
                    party,
                    purpose,
                    items: &[name],
                    recipient: None,
                    region: region.as_str(),
                    at: look.now(),
                };
                let permitted =
                    policy.ask(wanted).is_ok_and(|a| matches!(policy.decide(&standing, &a), Verdict::Permitted(_)));
                if permitted {
                    open.entry(purpose.clone()).or_default().push(name.clone());
                }
            }
        }
        Ok(Sending { open, give_back: to_give_back(&policy, &standing, &permissions) })
    }

    /// Keeps what a device permits, item by item (6.4). What it refuses is not taken in from then on; what it grants
    /// is no consent. Gives the items it should give back.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for an item that is behind no permission, [`Fault::NotFound`] for one the service has
    /// nothing to do with, or an unknown subject.
    pub async fn set_permissions(
        &self,
        subject: SubjectId,
        states: &BTreeMap<String, PermissionState>,
        actor: &Actor,
    ) -> Result<Vec<String>, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let mut faults = Vec::new();
        for item in states.keys() {
            if facts.collection.items.get(item).is_none_or(|i| i.permission.is_none()) {
                faults.push(FieldFault::new(item, "no-permission", "the policy knows no permission for it"));
            }
        }
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        if let Actor::Service(credential) = actor {
            let serves = |item: &String| {
                facts.usage.purposes.iter().any(|(name, p)| {
                    matches!(&p.items, ItemSet::Named(names) if names.contains(item)) && credential.may_claim(name)
                })
            };
            if !states.keys().all(serves) {
                return Err(Fault::NotFound);
            }
        }
        let states = states.iter().map(|(item, state)| (item.clone(), *state)).collect();
        self.store.transact(SetPermissions { subject, states, party: actor.party() }).await?;
        Ok(self.sending(subject, actor.party()).await?.give_back)
    }

    /// What is held of a subject's signals, counted, and what their device permits.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn signals(&self, subject: SubjectId) -> Result<(Vec<SignalSum>, Vec<Permission>), Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        Ok((look.signals(subject).await?, look.permissions(subject).await?))
    }

    /// A page of a subject's signals of some items, for a purpose, the oldest first; recorded like any use.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn use_signals(
        &self,
        subject: SubjectId,
        wanted: &Wanted<'_>,
        actor: &Actor,
        limit: u32,
        after: Option<avouch_store::SignalPlace>,
    ) -> Result<Used, Fault> {
        self.use_records(subject, wanted, actor, &Which::Signals { limit, after }).await
    }

    /// Deletes a person's signals of one purpose and item, at their word; gives how many there were.
    ///
    /// # Errors
    /// [`Fault::NotNow`] for what a law makes one keep; [`Fault::NotFound`] where the policy knows no such thing.
    pub async fn delete_signals(&self, subject: SubjectId, purpose: &str, item: &str) -> Result<u64, Fault> {
        let policy = self.policy();
        let (Some(_), Some(_)) = (policy.purpose(purpose), policy.item(item)) else { return Err(Fault::NotFound) };
        if kept_by_law(&policy, item) {
            return Err(Fault::NotNow("a law makes us keep this; it goes by itself when its time is over".into()));
        }
        let (purpose, item) = (purpose.to_owned(), item.to_owned());
        self.store.transact(DeleteSignals { subject, purpose, item }).await
    }
}

/// Whether a law makes one keep an item.
#[must_use]
pub fn kept_by_law(policy: &Policy, item: &str) -> bool {
    policy.facts().storage.statutory.values().any(|rule| rule.items.contains(item))
}

struct TakeSignals {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    events: Vec<(ItemId, Result<Zeroizing<String>, FieldFault>)>,
    limit: u64,
}

impl Transact for TakeSignals {
    const NAME: &'static str = "take in signals";
    /// A refusal is an outcome, not an error: its leaf is committed.
    type Out = Result<Taken, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        if tx.count_try("signals", &self.subject.to_string(), HOUR).await? > self.limit {
            return Ok(Err(Fault::TooMany(HOUR.as_mins().unsigned_abs())));
        }
        let policy = std::sync::Arc::clone(tx.policy());
        let permissions = tx.permissions(self.subject).await?;
        let refused = |item: ItemId| {
            permissions.iter().any(|p| p.state == PermissionState::Denied && p.item == policy.item_name(item))
        };
        let mut outcomes = Vec::with_capacity(self.events.len());
        let mut signals = Vec::new();
        for (at, (item, read)) in self.events.iter().enumerate() {
            outcomes.push(match read {
                Err(fault) => Some(fault.clone()),
                Ok(_) if refused(*item) => {
                    let text = "the device does not permit it";
                    Some(FieldFault::new(&format!("events[{at}].item"), "permission-off", text))
                }
                Ok(value) => {
                    signals.push(NewSignal { item: *item, value: value.as_bytes() });
                    None
                }
            });
        }
        let mut ask = self.ask.clone();
        // The gate is asked for what would be kept; where that is nothing, for all of it, and refuses or not.
        if !signals.is_empty() {
            ask.items = signals.iter().map(|s| s.item).collect::<BTreeSet<_>>().into_iter().collect();
        }
        match tx.ask(self.subject, ask, &self.actor).await? {
            Answer::Refused(denied) => Ok(Err(Denied::into(denied))),
            Answer::Permitted(_) if signals.is_empty() => Err(Fault::Invalid(outcomes.into_iter().flatten().collect())),
            Answer::Permitted(permit) => {
                let receipt = tx.put_signals(permit, &signals).await?;
                Ok(Ok(Taken { events: outcomes, receipt }))
            }
        }
    }
}

struct SetPermissions {
    subject: SubjectId,
    states: Vec<(String, PermissionState)>,
    party: Party,
}

impl Transact for SetPermissions {
    const NAME: &'static str = "keep what a device permits";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        for (item, state) in &self.states {
            if tx.set_permission(self.subject, item, *state).await? {
                let about = format!("permission {}", state.name());
                tx.note("permission", &about, &[item], self.party, Outcome::Done, Some(self.subject)).await?;
            }
        }
        Ok(())
    }
}

struct DeleteSignals {
    subject: SubjectId,
    purpose: String,
    item: String,
}

impl Transact for DeleteSignals {
    const NAME: &'static str = "delete signals";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        let gone = tx.delete_signals(self.subject, &self.purpose, &self.item).await?;
        if gone > 0 {
            let items = [self.item.as_str()];
            tx.note("delete", &self.purpose, &items, Party::Subject, Outcome::Done, Some(self.subject)).await?;
        }
        Ok(gone)
    }
}
