//! The rules of a policy, interned: names become dense ids, sets become bits, once, at load.
//!
//! Keeps promise 2.0: what a decision costs depends on what is asked, not on how many rules there are.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::bits::Bits;
use crate::crossing::{Crossing, CrossingLaw, crossing};
use crate::law::LawPack;
use crate::model::{Basis, Facts, ItemSet, Party, Role};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u16);

        impl $name {
            /// The id of the `n`th name.
            #[must_use]
            pub const fn new(n: u16) -> Self {
                Self(n)
            }

            /// Its place among the names.
            #[must_use]
            pub const fn index(self) -> u16 {
                self.0
            }
        }
    };
}

id!(
    /// An item, by its place among the policy's items in order of name.
    ItemId
);
id!(
    /// A purpose, by its place among the policy's purposes in order of name.
    PurposeId
);
id!(
    /// A recipient, by its place among the policy's recipients in order of name.
    RecipientId
);
id!(
    /// A region, by its place among the policy's regions in order of name.
    RegionId
);

/// Sorted names and their places.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<String>,
    places: HashMap<String, u16>,
}

impl Names {
    /// The names, which must be sorted.
    #[must_use]
    pub fn new<'n>(names: impl Iterator<Item = &'n String>) -> Self {
        let names: Vec<String> = names.take(usize::from(u16::MAX)).cloned().collect();
        let places = names.iter().zip(0..).map(|(n, at)| (n.clone(), at)).collect();
        Self { names, places }
    }

    /// The place of a name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<u16> {
        self.places.get(name).copied()
    }

    /// The name at a place; empty where there is none.
    #[must_use]
    pub fn name(&self, at: u16) -> &str {
        self.names.get(usize::from(at)).map_or("", String::as_str)
    }

    /// How many names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// What is decided on of a purpose.
#[derive(Debug, Clone)]
pub struct PurposeRule {
    /// Its legal basis.
    pub basis: Basis,
    /// Its items.
    pub items: Bits,
    /// Who may claim it, by [`party_bit`].
    pub parties: u8,
    /// Whether the service cannot do without it.
    pub essential: bool,
    /// Whether each use needs an entry in the register of exceptions.
    pub exceptional: bool,
}

/// What is decided on of an item.
#[derive(Debug, Clone, Copy)]
pub struct ItemRule {
    /// Whether it is sensitive.
    pub sensitive: bool,
    /// From when an impact assessment is approved; nothing where there is none (PIPL 55).
    pub assessed: Option<Timestamp>,
}

/// What is decided on of a recipient.
#[derive(Debug, Clone)]
pub struct RecipientRule {
    /// Its role.
    pub role: Role,
    /// The purposes it may receive for.
    pub purposes: Bits,
    /// The items it may receive.
    pub items: Bits,
    /// Where it is; nothing for a region the policy does not hold data in.
    pub region: Option<RegionId>,
    /// From when until when, exclusive, its agreement holds (4.2).
    pub agreement: Option<(Timestamp, Timestamp)>,
    /// Until when, exclusive, its supervision is not overdue (4.2); nothing where no check is set.
    pub checked: Option<Timestamp>,
    /// What makes sending abroad lawful, with an approved assessment (5.4).
    pub crossing: Option<Crossing>,
}

/// A policy's rules, ready to decide on.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Items by name.
    pub items: Names,
    /// Purposes by name.
    pub purposes: Names,
    /// Recipients by name.
    pub recipients: Names,
    /// Regions by name.
    pub regions: Names,
    /// Items behind a permission of the device (6.4).
    pub permissions: Bits,
    /// Items' rules, by place.
    pub item_rules: Vec<ItemRule>,
    /// Purposes' rules, by place.
    pub purpose_rules: Vec<PurposeRule>,
    /// Recipients' rules, by place.
    pub recipient_rules: Vec<RecipientRule>,
    /// Whether data may go abroad at all (5.4).
    pub abroad_allowed: bool,
    /// What the law at home counts of those whose data goes abroad; nothing where it counts nobody (5.4).
    pub crossing_law: Option<CrossingLaw>,
}

/// The bit that stands for a party.
#[must_use]
pub const fn party_bit(party: Party) -> u8 {
    match party {
        Party::Subject => 1,
        Party::Service => 2,
        Party::Operator => 4,
        Party::System => 8,
    }
}

/// The time zone in which the first law in force counts days.
pub(crate) fn zone(facts: &Facts) -> TimeZone {
    let law = facts.controller.law.iter().find_map(|name| LawPack::named(name));
    law.and_then(|pack| TimeZone::get(&pack.zone).ok()).unwrap_or(TimeZone::UTC)
}

/// Days of the policy as instants. A day begins where the first law in force counts it; a day that cannot be
/// told as an instant is none, so that what rests on it does not hold.
pub(crate) struct Days(TimeZone);

impl Days {
    pub(crate) fn of(facts: &Facts) -> Self {
        Self(zone(facts))
    }

    pub(crate) fn begin(&self, date: Date) -> Option<Timestamp> {
        date.to_zoned_datetime(self.0.clone()).ok().map(|day| day.timestamp())
    }

    fn end(&self, date: Date) -> Option<Timestamp> {
        self.begin(date.tomorrow().ok()?)
    }
}

impl Rules {
    /// Compiles the facts.
    #[must_use]
    pub fn compile(facts: &Facts) -> Self {
        let items = Names::new(facts.collection.items.keys());
        let purposes = Names::new(facts.usage.purposes.keys());
        let recipients = Names::new(facts.sharing.recipients.keys());
        let regions = Names::new(facts.storage.regions.keys());
        let days = Days::of(facts);
        let item_rules = facts
            .collection
            .items
            .values()
            .map(|i| ItemRule {
                sensitive: i.sensitive,
                assessed: i.assessment.as_ref().and_then(|a| days.begin(a.approved)),
            })
            .collect();
        let permissions = facts
            .collection
            .items
            .iter()
            .filter(|(_, i)| i.permission.is_some())
            .filter_map(|(name, _)| items.place(name))
            .collect();
        let purpose_rules = facts
            .usage
            .purposes
            .values()
            .map(|p| PurposeRule {
                basis: p.basis,
                items: match &p.items {
                    ItemSet::All => (0..items.len()).filter_map(|n| u16::try_from(n).ok()).collect(),
                    ItemSet::Named(named) => named.iter().filter_map(|n| items.place(n)).collect(),
                },
                parties: p.party.iter().fold(0, |bits, party| bits | party_bit(*party)),
                essential: p.essential,
                exceptional: p.exceptional,
            })
            .collect();
        let crossing_law = CrossingLaw::of(facts);
        let recipient_rules = facts
            .sharing
            .recipients
            .values()
            .map(|r| RecipientRule {
                role: r.role,
                purposes: r.purposes.iter().filter_map(|n| purposes.place(n)).collect(),
                items: r.items.iter().filter_map(|n| items.place(n)).collect(),
                region: regions.place(&r.region).map(RegionId),
                agreement: r.agreement.as_ref().and_then(|a| Some((days.begin(a.signed)?, days.begin(a.expires)?))),
                checked: r.agreement.as_ref().and_then(|a| days.end(a.next_check?)),
                crossing: r.abroad.as_ref().and_then(|way| {
                    let approved = days.begin(way.assessment.as_ref()?.approved)?;
                    let from = way.valid_from.map_or(Some(approved), |day| days.begin(day))?.max(approved);
                    let until = way.valid_until.map_or(Some(Timestamp::MAX), |day| days.begin(day))?;
                    crossing(way, crossing_law.as_ref(), from, until)
                }),
            })
            .collect();
        let abroad_allowed = facts.storage.cross_border.as_ref().is_some_and(|c| c.allowed);
        Self {
            items,
            purposes,
            recipients,
            regions,
            permissions,
            item_rules,
            purpose_rules,
            recipient_rules,
            abroad_allowed,
            crossing_law,
        }
    }
}
