//! Statutory working days and deadlines.
//!
//! Keeps promise 8.2: fifteen working days are counted by the calendar that the State Council publishes,
//! make-up days included, the day of receipt not counted (Civil Code 201), ending at the end of the last
//! day (Civil Code 203). A year that is not announced yet gives a provisional date, made earlier by a
//! margin, and is never called final. The margins, and how much of December the next year's notice may
//! still change, are data (`data/cn/calendar.json`), not code.

mod count;
mod import;
mod year;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

pub use count::{Count, End};
pub use import::import_holiday_cn;
pub use year::{Citation, Year, YearError};

/// Which days are worked.
#[derive(Debug, Clone)]
pub struct Calendar {
    name: String,
    zone: TimeZone,
    weekend: Vec<Weekday>,
    /// Years whose days are announced; nothing where every year follows the weekend and the list alone.
    years: Option<BTreeMap<i16, Year>>,
    /// Days off in every year known to a calendar without announcements.
    list: Vec<Date>,
    margins: Vec<Margin>,
    /// The last days of December that the notice of the next year may still change.
    shared: i8,
    /// Worked out once: every deadline carries it.
    version: String,
}

/// How much earlier a provisional date is made.
#[derive(Debug, Clone, Deserialize)]
struct Margin {
    /// For deadlines of at most so many working days.
    up_to: u32,
    /// Where given, for these numbers of working days alone.
    #[serde(default)]
    only: Vec<u32>,
    /// Calendar days.
    days: i8,
}

#[derive(Debug, Deserialize)]
struct About {
    margins: Vec<Margin>,
    shared_with_next_year: i8,
}

/// Whether a day is worked, and whether that is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Whether it is worked; by the weekend alone where it is not announced.
    pub working: bool,
    /// Whether the year is announced.
    pub known: bool,
}

/// When a deadline ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last day.
    pub date: Date,
    /// Whether it may still move, because a year it needs is not announced.
    pub provisional: bool,
    /// The calendar and the years it knew.
    pub calendar_version: String,
}

impl Calendar {
    /// Mainland China, with the years that ship.
    #[must_use]
    pub fn cn() -> Self {
        let files = [
            include_str!("../data/cn/2024.json"),
            include_str!("../data/cn/2025.json"),
            include_str!("../data/cn/2026.json"),
        ];
        // A test reads each of the files that ship.
        let years = files.iter().filter_map(|text| Year::from_json(text).ok()).map(|y| (y.year, y)).collect();
        let about = serde_json::from_str::<About>(include_str!("../data/cn/calendar.json"));
        let (margins, shared) = about.map(|a| (a.margins, a.shared_with_next_year)).unwrap_or_default();
        Self {
            name: "cn".into(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            years: Some(years),
            list: Vec::new(),
            margins,
            shared,
            version: String::new(),
        }
        .with_version()
    }

    /// A calendar that knows only a weekend.
    #[must_use]
    pub fn weekends(name: &str, zone: TimeZone) -> Self {
        Self::with_list(name, zone, Vec::new())
    }

    /// A calendar of a weekend and a list of days off.
    #[must_use]
    pub fn with_list(name: &str, zone: TimeZone, mut list: Vec<Date>) -> Self {
        list.sort_unstable();
        Self {
            name: name.to_owned(),
            zone,
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            years: None,
            list,
            margins: Vec::new(),
            shared: 0,
            version: String::new(),
        }
        .with_version()
    }

    /// The calendar of that name: `cn`; `eu` (Regulation 1182/71: Saturdays, Sundays and public holidays,
    /// which differ by member state and are given by list); `us-ca`.
    ///
    /// `eu` and `us-ca` count every day from Monday to Friday: without a list of public holidays a deadline
    /// ends early, never late. [`Calendar::with_list`] takes the list that applies.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "cn" => Some(Self::cn()),
            "eu" => Some(Self::weekends("eu", TimeZone::get("Europe/Brussels").unwrap_or(TimeZone::UTC))),
            "us-ca" => Some(Self::weekends("us-ca", TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC))),
            _ => None,
        }
    }

    /// Adds an announced year, or puts a corrected one in the place of the old.
    pub fn announce(&mut self, mut year: Year) {
        year.off.sort_unstable();
        year.work.sort_unstable();
        self.years.get_or_insert_with(BTreeMap::new).insert(year.year, year);
        *self = self.clone().with_version();
    }

    /// The calendar, the years it knows and a checksum of their days, e.g. `cn 2024-2026 5f0c2a91`: a corrected
    /// year is another version.
    #[must_use]
    pub fn version(&self) -> String {
        self.version.clone()
    }

    fn with_version(mut self) -> Self {
        self.version = match &self.years {
            None if self.list.is_empty() => self.name.clone(),
            None => format!("{} {:08x}", self.name, checksum(self.list.iter().map(|day| (*day, false)))),
            Some(years) => {
                let days = years.values().flat_map(|year| {
                    let off = year.off.iter().map(|day| (*day, false));
                    off.chain(year.work.iter().map(|day| (*day, true)))
                });
                match (years.keys().next(), years.keys().next_back()) {
                    (Some(first), Some(last)) => format!("{} {first}-{last} {:08x}", self.name, checksum(days)),
                    _ => format!("{} none", self.name),
                }
            }
        };
        self
    }

    /// Whether a day is worked.
    ///
    /// The last days of December may be moved by the notice of the next year (29 December 2018 was a working
    /// Saturday, 31 December a day off); until it is out they are not known.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> Day {
        let weekend = self.weekend.contains(&date.weekday());
        let Some(years) = &self.years else {
            return Day { working: !weekend && self.list.binary_search(&date).is_err(), known: true };
        };
        let (own, next) = (years.get(&date.year()), years.get(&(date.year() + 1)));
        let told = next.and_then(|year| year.works(date)).or_else(|| own.and_then(|year| year.works(date)));
        let shared = date.month() == 12 && date.day() > 31 - self.shared;
        Day { working: told.unwrap_or(!weekend), known: own.is_some() && (next.is_some() || !shared) }
    }

    /// The last of so many working days after a day of receipt, which is not counted.
    ///
    /// With zero working days it is the day of receipt itself. When a day that had to be counted is not known,
    /// the date is provisional: Monday to Friday less the margin, but neither before the first such day nor
    /// before the day after receipt.
    #[must_use]
    pub fn due(&self, received: Date, working_days: u32) -> Due {
        let mut date = received;
        let mut counted = 0;
        // What a provisional date cannot be before; nothing while every day is known.
        let mut floor = None;
        while counted < working_days {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            let day = self.is_working_day(date);
            counted += u32::from(day.working);
            if !day.known && floor.is_none() {
                floor = Some(date);
            }
            // More working days never end earlier, whatever the margins say.
            floor = floor.map(|floor| floor.max(self.earlier(date, counted)));
        }
        let provisional = floor.is_some() || working_days == 0 && !self.is_working_day(received).known;
        Due { date: floor.unwrap_or(date), provisional, calendar_version: self.version() }
    }

    /// A day counted from Monday to Friday, less the margin for so many working days.
    fn earlier(&self, date: Date, working_days: u32) -> Date {
        let fits = |m: &&Margin| working_days <= m.up_to && (m.only.is_empty() || m.only.contains(&working_days));
        let margin = self.margins.iter().find(fits).map_or(0, |m| m.days);
        date.checked_sub(jiff::Span::new().days(i64::from(margin))).unwrap_or(date)
    }

    /// The instant a due day ends: 24:00 in the calendar's zone.
    #[must_use]
    pub fn end_of(&self, date: Date) -> Timestamp {
        let next = date.tomorrow().unwrap_or(date);
        next.to_zoned_datetime(self.zone.clone()).map_or(Timestamp::MAX, |z| z.timestamp())
    }
}

/// FNV-1a, 32 bits: tells versions apart, proves nothing.
fn checksum(days: impl Iterator<Item = (Date, bool)>) -> u32 {
    let bytes = days.flat_map(|(day, worked)| format!("{day}{}", if worked { '+' } else { '-' }).into_bytes());
    bytes.fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// Receipt day and the fifteenth working day after it.
    const VECTORS: &[(&str, &str)] = &[
        ("2024-02-01", "2024-02-27"),
        ("2024-09-20", "2024-10-16"),
        ("2025-01-17", "2025-02-13"),
        ("2025-04-25", "2025-05-20"),
        ("2025-09-26", "2025-10-23"),
        ("2026-02-06", "2026-03-05"),
        ("2026-04-24", "2026-05-19"),
        ("2026-09-18", "2026-10-15"),
        ("2026-09-30", "2026-10-27"),
        ("2026-10-01", "2026-10-27"),
    ];

    #[test]
    fn promise_8_2_fifteen_working_days_by_the_published_calendar() {
        let cn = Calendar::cn();
        for (received, due) in VECTORS {
            let got = cn.due(received.parse().unwrap(), 15);
            assert_eq!((got.date.to_string().as_str(), got.provisional), (*due, false), "received {received}");
        }
        assert_eq!(cn.due(date(2026, 9, 18), 30).date, date(2026, 11, 5));
        assert_eq!(cn.due(date(2026, 2, 6), 30).date, date(2026, 3, 26));
    }

    #[test]
    fn the_shipped_years_are_whole() {
        for (text, off, work) in [
            (include_str!("../data/cn/2024.json"), 28, 8),
            (include_str!("../data/cn/2025.json"), 28, 5),
            (include_str!("../data/cn/2026.json"), 33, 6),
        ] {
            let year = Year::from_json(text).unwrap();
            assert_eq!((year.off.len(), year.work.len()), (off, work), "{}", year.year);
            assert!(!year.citation.document.is_empty() && !year.citation.title.is_empty());
            assert!(year.work.iter().all(|d| matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday)));
        }
        assert_eq!(Calendar::cn().margins.len(), 3, "the margins are read");
        assert_eq!(Calendar::cn().shared, 3);
    }

    #[test]
    fn a_year_not_announced_is_provisional_and_early() {
        let cn = Calendar::cn();
        let due = cn.due(date(2026, 12, 20), 15);
        assert!(due.provisional);
        // Monday to Friday alone would say 8 January.
        assert_eq!(due.date, date(2027, 1, 5));
        assert!(cn.due(date(2027, 3, 1), 5).provisional);
        assert_eq!(cn.due(date(2027, 3, 1), 5).date, date(2027, 3, 6));
    }

    #[test]
    fn a_calendar_published_late_recomputes() {
        let mut cn = Calendar::cn();
        let before = cn.due(date(2026, 12, 20), 15);
        let mut year = Year::empty(2027);
        year.off = vec![date(2027, 1, 1)];
        cn.announce(year);
        let after = cn.due(date(2026, 12, 20), 15);
        assert!(before.provisional && !after.provisional);
        assert_eq!(after.date, date(2027, 1, 11));
        assert_ne!(before.calendar_version, after.calendar_version);
    }

    #[test]
    fn other_calendars_know_weekend_and_list() {
        let eu = Calendar::with_list("eu", TimeZone::UTC, vec![date(2026, 12, 25)]);
        assert_eq!(eu.due(date(2026, 12, 24), 1).date, date(2026, 12, 28));
        assert!(!Calendar::named("us-ca").unwrap().due(date(2027, 7, 1), 10).provisional);
        assert!(Calendar::named("moon").is_none());
    }

    #[test]
    fn a_deadline_ends_with_the_day_in_its_zone() {
        assert_eq!(Calendar::cn().end_of(date(2026, 10, 27)).to_string(), "2026-10-27T16:00:00Z");
    }

    proptest! {
        #[test]
        fn a_due_day_is_worked_after_receipt_and_counts_right(offset in 0_i64..1000, n in 1_u32..30) {
            let cn = Calendar::cn();
            let received = date(2024, 1, 1).checked_add(jiff::Span::new().days(offset)).unwrap();
            let due = cn.due(received, n);
            if !due.provisional {
                prop_assert!(due.date > received);
                prop_assert!(cn.is_working_day(due.date).working);
                let mut count = 0;
                let mut day = received;
                while day < due.date {
                    day = day.tomorrow().unwrap();
                    count += u32::from(cn.is_working_day(day).working);
                }
                prop_assert_eq!(count, n);
                prop_assert!(cn.due(received, n + 1).date > due.date || cn.due(received, n + 1).provisional);
                prop_assert!(cn.due(received.tomorrow().unwrap(), n).date >= due.date);
            }
        }
    }
}
