//! What an answer that was given to one policy still covers under another.
//!
//! Keeps promise 7.2: a consent is good for what the person was told and no more (PIPL 14(2)). When the policy grows,
//! the old answer holds for its old scope, and the new is asked for; who does not answer keeps the old.

use crate::bits::Bits;
use crate::decide::{Act, Ask, Code, Reason};
use crate::model::{self, Party, Purpose, Recipient};
use crate::policy::Policy;
use crate::rules::{RecipientId, party_bit};

/// What an answer covers, in the terms of the policy in force, where that is less than the policy now says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whether the way of processing is still the one that was agreed to; where it is not, nothing is covered.
    pub way: bool,
    /// Whether new data may be taken in: not when it would be kept longer than was said.
    pub collect: bool,
    /// Who may claim it.
    pub parties: u8,
    /// The items.
    pub items: Bits,
    /// Purposes, for an answer about a recipient; nothing for one about a purpose.
    pub purposes: Option<Bits>,
    /// Recipients and what each may get, for an answer about a purpose.
    pub recipients: Vec<(RecipientId, Bits)>,
}

impl Scope {
    const fn nothing() -> Self {
        Self { way: false, collect: false, parties: 0, items: Bits::new(), purposes: None, recipients: Vec::new() }
    }

    /// What of an ask is beyond this scope.
    pub(crate) fn beyond(&self, ask: &Ask, mut add: impl FnMut(Reason)) {
        let outside = Reason::act(Code::ConsentOutdated);
        if !self.way || ask.act == Act::Collect && !self.collect || self.parties & party_bit(ask.party) == 0 {
            add(outside.clone());
            return;
        }
        if self.purposes.as_ref().is_some_and(|purposes| !purposes.has(ask.purpose.index())) {
            add(outside.clone());
        }
        let mut items = |allowed: &Bits| {
            for id in ask.items.iter().filter(|id| !allowed.has(id.index())) {
                add(Reason::item(Code::ConsentOutdated, *id));
            }
        };
        items(&self.items);
        if self.purposes.is_none()
            && ask.act == Act::Share
            && let Some(to) = ask.recipient
        {
            match self.recipients.iter().find(|(id, _)| *id == to) {
                Some((_, allowed)) => items(allowed),
                None => add(outside),
            }
        }
    }
}

/// Whether what is kept under `new` is kept longer than under `old`, or what comes after is another thing.
fn kept_longer(old: &Purpose, new: &Purpose) -> bool {
    match (&old.retention, &new.retention) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(old), Some(new)) => {
            old.after != new.after || old.then != new.then || new.keep.at_least_hours() > old.keep.at_least_hours()
        }
    }
}

/// The items both state, and of which neither says it is more sensitive than before.
fn in_both<'n>(given: &Policy, now: &Policy, names: impl Iterator<Item = &'n str>) -> Bits {
    let (old, new) = (&given.facts().collection.items, &now.facts().collection.items);
    let same = |name: &str| old.get(name).zip(new.get(name)).is_some_and(|(old, new)| old.sensitive || !new.sensitive);
    names.filter(|name| same(name)).filter_map(|name| Some(now.item(name)?.index())).collect()
}

/// Whether a recipient is still who it was: its role, its region.
fn same_recipient(old: &Recipient, new: &Recipient) -> bool {
    old.role == new.role && old.region == new.region
}

impl Policy {
    /// What a consent to `purpose`, given under `given`, covers under this policy; nothing where it covers all of it.
    #[must_use]
    pub fn covered_purpose(&self, given: &Self, purpose: &str) -> Option<Scope> {
        let Some(new) = self.facts().usage.purposes.get(purpose) else { return Some(Scope::nothing()) };
        let Some(old) = given.facts().usage.purposes.get(purpose) else { return Some(Scope::nothing()) };
        let named = self.facts().collection.items.keys().filter(|name| old.items.has(name) && new.items.has(name));
        let items = in_both(given, self, named.map(String::as_str));
        let parties = |p: &Purpose| p.party.iter().fold(0, |bits, party: &Party| bits | party_bit(*party));
        let mut whole =
            self.items_of(purpose).iter().all(|name| self.item(name).is_some_and(|id| items.has(id.index())));
        let mut recipients = Vec::new();
        for (name, to) in self.facts().sharing.recipients.iter().filter(|(_, r)| r.purposes.contains(purpose)) {
            let before = given.facts().sharing.recipients.get(name);
            let before = before.filter(|old| old.purposes.contains(purpose) && same_recipient(old, to));
            let Some(before) = before else {
                // An authority asks under a law; nobody consents to it.
                whole &= to.role == model::Role::Authority;
                continue;
            };
            let allowed = in_both(given, self, to.items.intersection(&before.items).map(String::as_str));
            whole &= to.items.is_subset(&before.items);
            recipients.extend(self.recipient(name).map(|id| (id, allowed)));
        }
        let scope = Scope {
            way: old.automated || !new.automated,
            collect: !kept_longer(old, new),
            parties: parties(old),
            items,
            purposes: None,
            recipients,
        };
        whole &= scope.way && scope.collect && parties(new) & !scope.parties == 0;
        (!whole).then_some(scope)
    }

    /// What a separate consent to `recipient`, given under `given`, covers under this policy; nothing where it covers
    /// all of it.
    #[must_use]
    pub fn covered_recipient(&self, given: &Self, recipient: &str) -> Option<Scope> {
        let both = (given.facts().sharing.recipients.get(recipient), self.facts().sharing.recipients.get(recipient));
        let (Some(old), Some(new)) = both else { return Some(Scope::nothing()) };
        let purposes = old.purposes.intersection(&new.purposes).filter_map(|name| Some(self.purpose(name)?.index()));
        let scope = Scope {
            way: same_recipient(old, new),
            collect: true,
            parties: u8::MAX,
            items: in_both(given, self, old.items.intersection(&new.items).map(String::as_str)),
            purposes: Some(purposes.collect()),
            recipients: Vec::new(),
        };
        let whole = scope.way && new.items.is_subset(&old.items) && new.purposes.is_subset(&old.purposes);
        (!whole).then_some(scope)
    }
}
