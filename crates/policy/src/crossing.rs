//! Sending across the border, in numbers: what a mechanism covers, and where the law's thresholds lie.
//!
//! Keeps promise 5.4. Every number is a record of the law pack; a law that counts nobody has none.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::law::{LawPack, Record};
use crate::model::{Abroad, Facts, Mechanism};

/// What makes sending to a recipient abroad lawful, from when until when, and for how many people a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossing {
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// Whether the people it takes abroad are counted: all but those of an exemption the law names by its case.
    pub counted: bool,
    /// The number of people of plain data it must stay below; nothing where there is no such number.
    pub plain_below: Option<u32>,
    /// The same of sensitive data; zero where it does not cover even one person.
    pub sensitive_below: Option<u32>,
}

impl Crossing {
    /// Whether it holds at a time.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// People whose data went abroad since the day the law counts from, all recipients together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crossed {
    /// People of whom plain data went.
    pub plain: u32,
    /// People of whom sensitive data went.
    pub sensitive: u32,
}

/// Which of the two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// Plain data.
    Plain,
    /// Sensitive data.
    Sensitive,
}

impl Counted {
    /// Its name in tables, leaves and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sensitive => "sensitive",
        }
    }
}

/// A number of people at which the law asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Of which count.
    pub counted: Counted,
    /// The number: from here on more is asked.
    pub people: u32,
    /// From this number on it is warned.
    pub warn: u32,
    /// Its record in the law pack.
    pub record: &'static str,
}

/// Each threshold's record in a law pack, the lower first.
const THRESHOLDS: [(Counted, &str); 3] = [
    (Counted::Plain, EXEMPT_BELOW),
    (Counted::Plain, "cross_border.assess_from"),
    (Counted::Sensitive, "cross_border.assess_from_sensitive"),
];
/// The exemption of small numbers; it covers plain data alone, and its people are counted.
pub(crate) const EXEMPT_BELOW: &str = "cross_border.exempt_below";

/// What the law at home counts of people whose data goes abroad.
#[derive(Debug, Clone)]
pub struct CrossingLaw {
    pack: &'static LawPack,
    zone: TimeZone,
    /// Month and day from which a year is counted.
    first: (i8, i8),
    thresholds: Vec<Threshold>,
}

impl CrossingLaw {
    /// That of the first law in force that counts; nothing where none does.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        let mut packs = facts.controller.law.iter().filter_map(|name| LawPack::named(name));
        let (pack, first) = packs.find_map(|pack| Some((pack, pack.get("cross_border.counted_from")?.word()?)))?;
        let (month, day) = first.split_once('-')?;
        let percent = u64::from(count(pack, "cross_border.warn_at")?);
        let thresholds = THRESHOLDS.iter().filter_map(|(counted, record)| {
            let people = count(pack, record)?;
            let warn = u32::try_from((u64::from(people) * percent).div_ceil(100)).unwrap_or(people);
            Some(Threshold { counted: *counted, people, warn, record })
        });
        Some(Self {
            pack,
            zone: TimeZone::get(&pack.zone).ok()?,
            first: (month.parse().ok()?, day.parse().ok()?),
            thresholds: thresholds.collect(),
        })
    }

    /// The year a moment is counted in, by the year it began in.
    #[must_use]
    pub fn year(&self, at: Timestamp) -> i16 {
        let day = at.to_zoned_datetime(self.zone.clone()).date();
        if (day.month(), day.day()) < self.first { day.year() - 1 } else { day.year() }
    }

    /// The numbers at which the law asks for more, the lower first.
    #[must_use]
    pub fn thresholds(&self) -> &[Threshold] {
        &self.thresholds
    }

    /// A record of the pack the numbers are from.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&'static Record> {
        self.pack.get(id)
    }

    /// The time zone its days begin in.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

fn count(pack: &LawPack, id: &str) -> Option<u32> {
    pack.get(id).and_then(Record::count)
}

/// What a recipient's mechanism covers, from the first day it holds. Nothing for an exemption without citation: it
/// is not told which one it is.
pub(crate) fn crossing(way: &Abroad, law: Option<&CrossingLaw>, from: Timestamp, until: Timestamp) -> Option<Crossing> {
    let limit = |id: &str| law.and_then(|law| count(law.pack, id));
    let all = Crossing { from, until, counted: true, plain_below: None, sensitive_below: None };
    Some(match way.mechanism {
        Mechanism::SecurityAssessment | Mechanism::Adequacy => all,
        Mechanism::StandardContract | Mechanism::Certification => Crossing {
            plain_below: limit("cross_border.contract_below"),
            sensitive_below: limit("cross_border.contract_below_sensitive"),
            ..all
        },
        Mechanism::Exemption => {
            let cited = way.citation.as_deref()?;
            if cited.split_once('.').is_some_and(|(_, id)| id == EXEMPT_BELOW) {
                Crossing { plain_below: limit(EXEMPT_BELOW), sensitive_below: Some(0), ..all }
            } else {
                Crossing { counted: false, ..all }
            }
        }
    })
}
