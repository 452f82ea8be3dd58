//! Deadlines of every regime, for what is received on any day of 2024 to 2026, against an oracle that shares nothing
//! with the crate but the published days. Shows promise 8.2.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly, also in its helpers")]

use std::collections::BTreeSet;

use avouch_calendar::{Calendar, Count, Year};
use jiff::Timestamp;

/// Year, month, day: counted by hand, without a date library.
type Day = (i64, i64, i64);

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length((year, month): (i64, i64)) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn next((year, month, day): Day) -> Day {
    if day < length((year, month)) {
        (year, month, day + 1)
    } else if month < 12 {
        (year, month + 1, 1)
    } else {
        (year + 1, 1, 1)
    }
}

/// Days since 1 January 2023, a Sunday.
fn number((year, month, day): Day) -> i64 {
    let years: i64 = (2023..year).map(|y| 365 + i64::from(leap(y))).sum();
    let months: i64 = (1..month).map(|m| length((year, m))).sum();
    years + months + day - 1
}

/// From Monday, 0, to Sunday, 6.
fn weekday(of: Day) -> i64 {
    (number(of) + 6) % 7
}

fn weekend(of: Day) -> bool {
    weekday(of) >= 5
}

/// The published days off and make-up days, read as plain text.
struct Published {
    off: BTreeSet<Day>,
    work: BTreeSet<Day>,
}

impl Published {
    fn read() -> Self {
        let mut all = Self { off: BTreeSet::new(), work: BTreeSet::new() };
        for text in [
            include_str!("../data/cn/2024.json"),
            include_str!("../data/cn/2025.json"),
            include_str!("../data/cn/2026.json"),
        ] {
            let file: serde_json::Value = serde_json::from_str(text).unwrap();
            for (list, into) in [("off", &mut all.off), ("work", &mut all.work)] {
                for day in file[list].as_array().unwrap() {
                    let parts: Vec<i64> = day.as_str().unwrap().split('-').map(|p| p.parse().unwrap()).collect();
                    into.insert((parts[0], parts[1], parts[2]));
                }
            }
        }
        all
    }

    fn works(&self, day: Day) -> bool {
        self.work.contains(&day) || !weekend(day) && !self.off.contains(&day)
    }
}

/// The last, or the n-th, Sunday of a month.
fn sunday(year: i64, month: i64, which: Option<usize>) -> i64 {
    let sundays: Vec<i64> = (1..=length((year, month))).filter(|d| weekday((year, month, *d)) == 6).collect();
    match which {
        Some(n) => sundays[n - 1],
        None => *sundays.last().unwrap(),
    }
}

/// Hours of a zone ahead of UTC at the midnight a day begins with.
fn ahead(zone: &str, day: Day) -> i64 {
    let (year, month, _) = day;
    let between = |from: Day, to: Day| day > from && day <= to;
    match zone {
        "cn" => 8,
        "eu" => {
            let (from, to) = ((year, 3, sunday(year, 3, None)), (year, 10, sunday(year, 10, None)));
            1 + i64::from((3..=10).contains(&month) && between(from, to))
        }
        _ => {
            let (from, to) = ((year, 3, sunday(year, 3, Some(2))), (year, 11, sunday(year, 11, Some(1))));
            -8 + i64::from((3..=11).contains(&month) && between(from, to))
        }
    }
}

/// Seconds since 1970 at which a day begins in a zone.
fn begins(zone: &str, day: Day) -> i64 {
    1_672_531_200 + number(day) * 86_400 - ahead(zone, day) * 3_600
}

/// The day of an instant in a zone: the last that has begun.
fn day_at(zone: &str, instant: i64, near: Day) -> Day {
    // The day before may still last, in a zone behind.
    let (year, month, _) = near;
    let mut day = if month == 1 { (year - 1, 12, 1) } else { (year, month - 1, 1) };
    while begins(zone, next(day)) <= instant {
        day = next(day);
    }
    day
}

fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

#[test]
fn promise_8_2_what_is_received_on_any_day_is_due_on_the_right_one_in_every_regime() {
    let published = Published::read();
    let (cn, eu, ca) = (Calendar::cn(), Calendar::named("eu").unwrap(), Calendar::named("us-ca").unwrap());
    let last_known = (2026, 12, 28);
    let mut received = (2024, 1, 1);
    let (mut final_ones, mut all) = (0, 0);
    while received < (2027, 1, 1) {
        // Just after midnight and late at night: in Shanghai it is another day than in Brussels or Los Angeles.
        for second in [60, 30_000, 60_000, 86_340] {
            let instant = begins("cn", received) + second;
            let start = Timestamp::from_second(instant).unwrap();
            all += 1;

            // The policy's promise: fifteen working days of mainland China.
            let mut day = day_at("cn", instant, received);
            assert_eq!(day, received);
            for _ in 0..15 {
                day = next(day);
                while !published.works(day) {
                    day = next(day);
                }
            }
            let got = cn.end(start, Count::WorkingDays(15), false);
            if got.provisional {
                assert!(day > last_known && seconds(got.at) <= begins("cn", next(day)), "{received:?}");
            } else {
                final_ones += 1;
                assert_eq!(seconds(got.at), begins("cn", next(day)), "15 working days from {received:?}");
            }

            // Thirty days of a Chinese standard, giving way to the next working day.
            let mut day = received;
            for _ in 0..30 {
                day = next(day);
            }
            let got = cn.end(start, Count::Days(30), true);
            while day <= last_known && !published.works(day) {
                day = next(day);
            }
            assert_eq!(got.provisional, day > last_known, "30 days from {received:?}");
            assert_eq!(seconds(got.at), begins("cn", next(day)), "30 days from {received:?}");

            // One month of the GDPR: the same number of the next month, or its last; not on a weekend.
            let (year, month, number_of) = day_at("eu", instant, received);
            let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            let mut day = (year, month, number_of.min(length((year, month))));
            while weekend(day) {
                day = next(day);
            }
            let got = eu.end(start, Count::Months(1), true);
            assert_eq!((seconds(got.at), got.provisional), (begins("eu", next(day)), false), "a month, {received:?}");

            // Forty-five days of California, every one counted.
            let mut day = day_at("us-ca", instant, received);
            for _ in 0..45 {
                day = next(day);
            }
            let got = ca.end(start, Count::Days(45), false);
            assert_eq!((seconds(got.at), got.provisional), (begins("us-ca", next(day)), false), "45 d, {received:?}");

            // Hours do not pause, neither on holidays nor when clocks change.
            for hours in [1, 4, 72] {
                let got = eu.end(start, Count::Hours(hours), true);
                assert_eq!((seconds(got.at), got.last_day), (instant + i64::from(hours) * 3_600, None));
            }
        }
        received = next(received);
    }
    assert!(final_ones > all * 9 / 10, "{final_ones} of {all} are final");
}

#[test]
fn promise_8_2_the_published_vectors_to_the_instant() {
    let cn = Calendar::cn();
    for (received, due) in [
        ("2024-02-01", "2024-02-27"),
        ("2024-09-20", "2024-10-16"),
        ("2025-01-17", "2025-02-13"),
        ("2026-02-06", "2026-03-05"),
        ("2026-09-30", "2026-10-27"),
    ] {
        let start: Timestamp = format!("{received}T15:59:59Z").parse().unwrap();
        let got = cn.end(start, Count::WorkingDays(15), false);
        assert_eq!(got.at, format!("{due}T16:00:00Z").parse().unwrap(), "{received}: the last day ends at 24:00");
        assert_eq!(got.last_day.map(|d| d.to_string()).as_deref(), Some(due));
    }
}

#[test]
fn a_year_written_is_the_year_read() {
    let text = include_str!("../data/cn/2026.json");
    let year = Year::from_json(text).unwrap();
    assert_eq!(Year::from_json(&year.to_json()), Ok(year));
}

#[test]
fn the_longest_counts_do_not_panic() {
    let cn = Calendar::cn();
    for count in [Count::Days(u32::MAX), Count::Months(u32::MAX), Count::Years(u32::MAX), Count::Hours(u32::MAX)] {
        let end = cn.end(Timestamp::from_second(0).unwrap(), count, true);
        assert!(end.at > Timestamp::from_second(0).unwrap());
    }
}
