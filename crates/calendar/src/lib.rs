//! Statutory working days and deadlines.
//!
//! Keeps promise 8.2: fifteen working days are counted by the calendar that the State Council publishes,
//! make-up days included, the day of receipt not counted (Civil Code 201), ending at the end of the last
//! day (Civil Code 203). A year that is not announced yet gives a provisional date, made earlier by a
//! margin, and is never called final.

mod import;
mod year;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

pub use import::{ImportError, import_holiday_cn};
pub use year::{Citation, Year};

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
}

/// How much earlier a provisional date is made.
#[derive(Debug, Clone, Deserialize)]
struct Margin {
    /// For deadlines of at most so many working days.
    up_to: u32,
    /// Calendar days.
    days: i8,
}

#[derive(Debug, Deserialize)]
struct About {
    margins: Vec<Margin>,
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
        let margins = serde_json::from_str::<About>(include_str!("../data/cn/calendar.json"))
            .map(|a| a.margins)
            .unwrap_or_default();
        Self {
            name: "cn".into(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            years: Some(years),
            list: Vec::new(),
            margins,
        }
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
        }
    }

    /// The calendar of that name: `cn`; `eu` (Regulation 1182/71: Saturdays, Sundays and public holidays,
    /// which differ by member state and are given by list); `us-ca`.
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
    pub fn announce(&mut self, year: Year) {
        self.years.get_or_insert_with(BTreeMap::new).insert(year.year, year);
    }

    /// The calendar and the years it knows, e.g. `cn 2024-2026`.
    #[must_use]
    pub fn version(&self) -> String {
        match &self.years {
            Some(years) => match (years.keys().next(), years.keys().next_back()) {
                (Some(first), Some(last)) => format!("{} {first}-{last}", self.name),
                _ => format!("{} none", self.name),
            },
            None => self.name.clone(),
        }
    }

    /// Whether a day is worked.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> Day {
        let weekend = self.weekend.contains(&date.weekday());
        match &self.years {
            None => Day { working: !weekend && self.list.binary_search(&date).is_err(), known: true },
            Some(years) => match years.get(&date.year()) {
                None => Day { working: !weekend, known: false },
                Some(year) => Day { working: year.works(date).unwrap_or(!weekend), known: true },
            },
        }
    }

    /// The last of so many working days after a day of receipt, which is not counted.
    ///
    /// With zero working days it is the day of receipt itself.
    #[must_use]
    pub fn due(&self, received: Date, working_days: u32) -> Due {
        let mut date = received;
        let mut left = working_days;
        let mut provisional = !self.is_working_day(received).known;
        while left > 0 {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            let day = self.is_working_day(date);
            provisional |= !day.known;
            left -= u32::from(day.working);
        }
        if provisional {
            let margin = self.margins.iter().find(|m| working_days <= m.up_to).map_or(0, |m| m.days);
            let earlier = date.checked_sub(jiff::Span::new().days(i64::from(margin))).unwrap_or(date);
            // Never before the day after receipt, or the deadline would be over when it begins.
            let first = received.tomorrow().unwrap_or(received);
            date = if working_days == 0 { date } else { earlier.max(first) };
        }
        Due { date, provisional, calendar_version: self.version() }
    }

    /// The instant a due day ends: 24:00 in the calendar's zone.
    #[must_use]
    pub fn end_of(&self, date: Date) -> Timestamp {
        let next = date.tomorrow().unwrap_or(date);
        next.to_zoned_datetime(self.zone.clone()).map_or(Timestamp::MAX, |z| z.timestamp())
    }
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
        assert_eq!(Calendar::cn().margins.len(), 2, "the margins are read");
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
