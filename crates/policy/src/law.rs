//! Law packs: what a law demands, as data. No legal number stands in code.
//!
//! A pack is a TOML file under `law/`. Each record gives a value with its unit, the calendar that counts it,
//! its citation, from when to when it holds, what standing it has (a law, a standard, a draft, our own promise),
//! how surely it was read, where, and on which day. Lint, retention, deadlines and refusals cite records by
//! their full name, e.g. `cn-pipl.retention.network_log`. Held against promises 2.0, 2.6, 2.7 and 5.1.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::period::{Period, Unit};

/// The packs that come with Avouch: name and text.
const EMBEDDED: [(&str, &str); 3] = [
    ("cn-pipl", include_str!("../law/cn-pipl.toml")),
    ("eu-gdpr", include_str!("../law/eu-gdpr.toml")),
    ("us-ca-ccpa", include_str!("../law/us-ca-ccpa.toml")),
];

/// The packs, read once. A pack that does not read would be absent, and every reference to it a fault; a test
/// reads each.
static PACKS: LazyLock<Vec<LawPack>> =
    LazyLock::new(|| EMBEDDED.iter().filter_map(|(_, text)| LawPack::parse(text).ok()).collect());

/// What a record's value counts or names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days, working or not by the record's calendar.
    Days,
    /// Months.
    Months,
    /// Years.
    Years,
    /// Distinct people.
    People,
    /// So many of a hundred.
    Percent,
    /// Years of age.
    Age,
    /// So many times.
    Times,
    /// A day of the year, `MM-DD`.
    DayOfYear,
    /// The word of a legal basis.
    Basis,
    /// The word of a right.
    Right,
    /// The word of a cross-border mechanism.
    Mechanism,
    /// A duty without a number: `required`.
    Duty,
    /// Another word, e.g. `promptly`.
    Word,
}

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counting {
    /// Every day.
    Calendar,
    /// Working days of mainland China.
    WorkingCn,
    /// Working days of the EU (Regulation 1182/71).
    WorkingEu,
    /// Business days of California.
    BusinessUsCa,
    /// Nothing is counted.
    None,
}

/// What standing a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Binding.
    Law,
    /// A recommended standard or an authority's guide.
    Standard,
    /// Not in force; never enforced.
    Draft,
    /// Stricter than law: the source policy's own word.
    Promise,
}

/// How surely a record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// In a full text.
    Verified,
    /// In an excerpt or a source that quotes the article.
    Excerpt,
    /// From memory; to be checked before it is printed as law.
    Memory,
    /// Uncertain.
    Uncertain,
}

/// Which side of a value the law stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// The value is the least.
    #[default]
    Least,
    /// The value is the most.
    Most,
}

/// The value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A count.
    Number(u32),
    /// A word.
    Word(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// One thing a law demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its name in the pack, e.g. `retention.network_log`.
    pub id: String,
    /// What it says, in a few words.
    pub says: String,
    /// The value.
    pub value: Value,
    /// What the value counts or names.
    pub unit: Measure,
    /// Which side of it is lawful, for a period of retention.
    #[serde(default)]
    pub bound: Bound,
    /// How days are counted.
    pub calendar: Counting,
    /// The provision.
    pub citation: String,
    /// First day in force.
    #[serde(deserialize_with = "date")]
    pub valid_from: Date,
    /// First day no longer in force, when known.
    #[serde(default, deserialize_with = "some_date", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Its standing.
    pub status: Status,
    /// How surely it was read.
    pub confidence: Confidence,
    /// Where it was read.
    pub source: String,
    /// The day it was last checked.
    #[serde(deserialize_with = "date")]
    pub checked: Date,
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn some_date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    date(from).map(Some)
}

impl Record {
    /// Whether it is in force on `day`; a draft never is.
    #[must_use]
    pub fn in_force(&self, day: Date) -> bool {
        self.status != Status::Draft && self.valid_from <= day && self.valid_to.is_none_or(|end| day < end)
    }

    /// The value as a length of time, when it is one.
    #[must_use]
    pub const fn period(&self) -> Option<Period> {
        let Value::Number(n) = self.value else {
            return None;
        };
        let unit = match (self.unit, self.calendar) {
            (Measure::Minutes, _) => Unit::Minute,
            (Measure::Hours, _) => Unit::Hour,
            (Measure::Days, Counting::Calendar | Counting::None) => Unit::Day,
            (Measure::Days, _) => Unit::WorkingDay,
            (Measure::Months, _) => Unit::Month,
            (Measure::Years, _) => Unit::Year,
            _ => return None,
        };
        Some(Period::Of(n, unit))
    }

    /// The value as a count, when it is one (people, percent, age, times).
    #[must_use]
    pub const fn count(&self) -> Option<u32> {
        match self.value {
            Value::Number(n) => Some(n),
            Value::Word(_) => None,
        }
    }

    /// The value as a word, when it is one.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Word(word) => Some(word),
            Value::Number(_) => None,
        }
    }
}

/// The records of one law and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawPack {
    /// Its name, e.g. `cn-pipl`.
    pub name: String,
    /// What it holds, in words.
    pub title: String,
    /// The time zone, by its IANA name, in which its days begin.
    pub zone: String,
    /// The calendar that counts its days: `cn`, `eu`, `us-ca`.
    pub calendar: String,
    /// The records by id.
    records: BTreeMap<String, Record>,
}

/// Why a text is no law pack.
#[derive(Debug, Error)]
pub enum LawError {
    /// It is not TOML of the right shape.
    #[error("the law pack cannot be read: {0}")]
    Shape(#[from] toml::de::Error),
    /// Two records bear one id.
    #[error("the law pack has two records `{0}`: give one of them another id")]
    Twice(String),
}

impl LawPack {
    /// Reads a pack from TOML.
    ///
    /// # Errors
    /// When the text has another shape, or two records share an id.
    pub fn parse(text: &str) -> Result<Self, LawError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shape {
            name: String,
            title: String,
            zone: String,
            calendar: String,
            record: Vec<Record>,
        }
        let shape: Shape = toml::from_str(text)?;
        let mut records = BTreeMap::new();
        for record in shape.record {
            let id = record.id.clone();
            if records.insert(id.clone(), record).is_some() {
                return Err(LawError::Twice(id));
            }
        }
        Ok(Self { name: shape.name, title: shape.title, zone: shape.zone, calendar: shape.calendar, records })
    }

    /// The pack of that name among those that come with Avouch.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PACKS.iter().find(|pack| pack.name == name)
    }

    /// The packs that come with Avouch.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        PACKS.iter()
    }

    /// The record of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(id)
    }

    /// The records by id.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}

/// The record of a full name such as `cn-pipl.retention.network_log`, with its pack.
#[must_use]
pub fn record(full_name: &str) -> Option<(&'static LawPack, &'static Record)> {
    let (pack, id) = full_name.split_once('.')?;
    let pack = LawPack::named(pack)?;
    Some((pack, pack.get(id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_reads_and_bears_its_name() {
        for (name, text) in EMBEDDED {
            let pack = LawPack::parse(text).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(pack.name, name);
            assert!(jiff::tz::TimeZone::get(&pack.zone).is_ok(), "{name}: {}", pack.zone);
            assert!(pack.records().count() > 30, "{name}");
        }
    }

    #[test]
    fn every_record_is_complete() {
        for record in LawPack::all().flat_map(LawPack::records) {
            let id = &record.id;
            for text in [&record.says, &record.citation, &record.source] {
                assert!(text.trim().len() > 3, "{id}");
            }
            assert!(record.valid_to.is_none_or(|end| record.valid_from < end), "{id}");
            let counted = matches!(
                record.unit,
                Measure::Minutes | Measure::Hours | Measure::Days | Measure::Months | Measure::Years
            );
            assert_eq!(counted, record.period().is_some(), "{id}: a time needs a number");
            assert_eq!(counted, record.calendar != Counting::None, "{id}: a time, and only a time, needs a calendar");
            let number =
                counted || matches!(record.unit, Measure::People | Measure::Percent | Measure::Age | Measure::Times);
            assert_eq!(number, record.count().is_some(), "{id}: number or word");
        }
    }

    #[test]
    fn words_of_records_are_words_of_the_policy() {
        use crate::model::{Basis, Mechanism, Right};
        for record in LawPack::all().flat_map(LawPack::records) {
            let word = record.word().unwrap_or_default();
            let known = match record.unit {
                Measure::Basis => Basis::ALL.iter().any(|b| b.as_str() == word),
                Measure::Right => Right::ALL.iter().any(|r| r.as_str() == word),
                Measure::Mechanism => Mechanism::ALL.iter().any(|m| m.as_str() == word),
                Measure::Duty => word == "required",
                _ => true,
            };
            assert!(known, "{}: {word}", record.id);
        }
    }

    #[test]
    fn a_draft_is_never_in_force() {
        let day = jiff::civil::date(2030, 1, 1);
        assert!(
            LawPack::all().flat_map(LawPack::records).filter(|r| r.status == Status::Draft).all(|r| !r.in_force(day))
        );
        assert!(LawPack::named("cn-pipl").unwrap().records().any(|r| r.status == Status::Draft));
    }

    #[test]
    fn a_record_is_found_by_its_full_name() {
        let (pack, record) = record("cn-pipl.retention.network_log").unwrap();
        assert_eq!((pack.name.as_str(), record.period()), ("cn-pipl", Some(Period::Of(6, Unit::Month))));
        assert!(super::record("cn-pipl.nothing").is_none());
        assert!(super::record("nothing").is_none());
    }

    #[test]
    fn a_pack_with_an_id_twice_is_refused() {
        let one = "[[record]]\nid='a'\nsays='a duty'\nvalue='required'\nunit='duty'\ncalendar='none'\ncitation='art 1'\nvalid_from='2020-01-01'\nstatus='law'\nconfidence='memory'\nsource='memory'\nchecked='2026-11-23'\n";
        let text = format!("name='x'\ntitle='y'\nzone='Asia/Shanghai'\ncalendar='cn'\n{one}{one}");
        assert!(matches!(LawPack::parse(&text), Err(LawError::Twice(_))));
    }
}
