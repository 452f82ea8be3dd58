//! Working days and deadlines held against published counts, a naive reference, and what must hold of any deadline.
//! Shows promise 8.2.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly, also in its helpers")]

use avouch_calendar::{Calendar, Year, import_holiday_cn};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use proptest::prelude::*;

/// Receipt, the 15th working day after it, and what counting Monday to Friday alone would say.
const FIFTEEN: [(&str, &str, &str); 10] = [
    ("2024-02-01", "2024-02-27", "2024-02-22"),
    ("2024-09-20", "2024-10-16", "2024-10-11"),
    ("2025-01-17", "2025-02-13", "2025-02-07"),
    ("2025-04-25", "2025-05-20", "2025-05-16"),
    ("2025-09-26", "2025-10-23", "2025-10-17"),
    ("2026-02-06", "2026-03-05", "2026-02-27"),
    ("2026-04-24", "2026-05-19", "2026-05-15"),
    ("2026-09-18", "2026-10-15", "2026-10-09"),
    ("2026-09-30", "2026-10-27", "2026-10-21"),
    ("2026-10-01", "2026-10-27", "2026-10-22"),
];

/// Working days in each month, as two independent data sets give them.
const MONTHS: [(i16, [usize; 12]); 3] = [
    (2024, [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22]),
    (2025, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]),
    (2026, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]),
];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn after(from: Date, days: i64) -> Date {
    from.checked_add(Span::new().days(days)).unwrap()
}

/// Counts one day at a time, by whatever rule.
fn naive(received: Date, n: u32, works: impl Fn(Date) -> bool) -> Date {
    let mut date = received;
    for _ in 0..n {
        date = date.tomorrow().unwrap();
        while !works(date) {
            date = date.tomorrow().unwrap();
        }
    }
    date
}

fn monday_to_friday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[test]
fn promise_8_2_fifteen_working_days_from_each_published_vector() {
    let cn = Calendar::cn();
    for (received, due, plain) in FIFTEEN {
        let got = cn.due(day(received), 15);
        assert_eq!((got.date, got.provisional), (day(due), false), "received {received}");
        assert_eq!(Calendar::weekends("plain", TimeZone::UTC).due(day(received), 15).date, day(plain));
    }
    for (received, due) in [("2026-09-18", "2026-11-05"), ("2026-02-06", "2026-03-26")] {
        assert_eq!(cn.due(day(received), 30).date, day(due), "received {received}");
    }
}

#[test]
fn every_month_has_the_published_number_of_working_days() {
    let cn = Calendar::cn();
    for (year, months) in MONTHS {
        for (month, want) in (1_i8..).zip(months) {
            let days = date(year, month, 1).series(1.day()).take_while(|day| day.month() == month);
            let count = days.filter(|day| cn.is_working_day(*day).working).count();
            assert_eq!(count, want, "{year}-{month:02}");
        }
    }
}

#[test]
fn make_up_days_are_worked_and_every_day_of_a_holiday_is_off() {
    let cn = Calendar::cn();
    for worked in ["2024-02-04", "2024-10-12", "2025-01-26", "2025-10-11", "2026-01-04", "2026-02-14", "2026-10-10"] {
        assert!(cn.is_working_day(day(worked)).working, "{worked}");
    }
    for off in day("2026-02-15").series(1.day()).take(9).chain(day("2026-10-01").series(1.day()).take(7)) {
        assert!(!cn.is_working_day(off).working, "{off}");
    }
}

#[test]
fn no_year_outside_the_announced_ones_is_ever_called_known() {
    let cn = Calendar::cn();
    for unknown in ["2023-12-31", "2027-01-01", "2027-10-01", "2030-05-01", "1900-01-01"] {
        assert!(!cn.is_working_day(day(unknown)).known, "{unknown}");
        assert!(cn.due(day(unknown), 0).provisional, "{unknown}");
    }
    for n in 0..40 {
        assert!(cn.due(day("2027-02-01"), n).provisional);
    }
    // The last days of December wait for the next notice; those of a year whose successor is out do not.
    assert!(cn.is_working_day(day("2026-12-28")).known);
    assert!(!cn.is_working_day(day("2026-12-29")).known);
    assert!(cn.is_working_day(day("2025-12-31")).known);
    assert!(!cn.due(day("2026-12-25"), 1).provisional);
    assert!(cn.due(day("2026-12-25"), 2).provisional);
}

#[test]
fn a_deadline_counted_in_announced_days_alone_is_final() {
    // The day of receipt is not counted, so that its year is not announced changes nothing.
    let due = Calendar::cn().due(day("2023-12-31"), 3);
    assert_eq!((due.date, due.provisional), (day("2024-01-04"), false));
}

#[test]
fn a_provisional_date_is_monday_to_friday_less_the_margin() {
    let cn = Calendar::cn();
    let received = day("2027-03-01");
    for (n, margin) in [(5, 2), (10, 3), (15, 3), (30, 3), (12, 4)] {
        let plain = naive(received, n, monday_to_friday);
        let due = cn.due(received, n);
        assert_eq!(due.date, after(plain, -margin), "{n} working days");
        assert!(due.provisional);
    }
    // Never before the first day that is not known: until then every day was counted.
    assert_eq!(cn.due(day("2026-12-28"), 1).date, day("2026-12-29"));
    assert_eq!(cn.due(day("2027-03-01"), 1).date, day("2027-03-02"));
}

#[test]
fn the_margins_suffice_for_every_receipt_date_of_the_years_we_know() {
    let cn = Calendar::cn();
    // The same weekdays, 574 weeks later, in years without a notice.
    let shift = 574 * 7;
    for offset in 0..1000 {
        let received = after(day("2024-01-01"), offset);
        for n in 1..=60 {
            let known = cn.due(received, n);
            if known.provisional {
                break;
            }
            let unknown = cn.due(after(received, shift), n);
            assert!(unknown.provisional);
            let promised = after(unknown.date, -shift);
            assert!(promised <= known.date, "{received} + {n}: {promised} is after {}", known.date);
        }
    }
}

#[test]
fn a_notice_may_move_days_of_the_december_before() {
    // As the notice for 2019 did: 29 December 2018 was a working Saturday, 31 December a day off.
    let json = r#"{"year":2027,"papers":["https://notice.example/2027"],"days":[
        {"name":"元旦","date":"2026-12-26","isOffDay":false},
        {"name":"元旦","date":"2026-12-31","isOffDay":true},
        {"name":"元旦","date":"2027-01-01","isOffDay":true},
        {"name":"元旦","date":"2028-01-01","isOffDay":true}]}"#;
    let mut cn = Calendar::cn();
    assert!(!cn.is_working_day(day("2026-12-26")).working);
    cn.announce(import_holiday_cn(json).unwrap());
    assert!(cn.is_working_day(day("2026-12-26")).working);
    let last = cn.is_working_day(day("2026-12-31"));
    assert!(!last.working && last.known);
    assert!(!cn.is_working_day(day("2028-01-01")).known);
    // 26, 28, 29, 30 December and, as New Year's Day is a Friday, 4 January.
    let due = cn.due(day("2026-12-25"), 5);
    assert_eq!((due.date, due.provisional), (day("2027-01-04"), false));
}

#[test]
fn an_empty_file_is_a_year_not_announced_also_with_days_of_its_neighbours() {
    for json in [
        r#"{"year":2027,"papers":[],"days":[]}"#,
        r#"{"year":2027,"papers":["p"],"days":[]}"#,
        r#"{"year":2027,"papers":["p"],"days":[{"name":"元旦","date":"2026-12-31","isOffDay":true}]}"#,
        r#"{"year":2027,"papers":[],"days":[{"name":"元旦","date":"2027-01-01","isOffDay":true}]}"#,
    ] {
        let why = import_holiday_cn(json).unwrap_err().to_string();
        assert!(why.contains("2027 is not announced yet"), "{why}");
    }
}

#[test]
fn days_of_a_wrong_year_are_refused() {
    let json = r#"{"year":2027,"papers":["p"],"days":[
        {"date":"2027-01-01","isOffDay":true},{"date":"2026-10-01","isOffDay":true}]}"#;
    assert!(import_holiday_cn(json).unwrap_err().to_string().contains("2026-10-01"));
    assert!(import_holiday_cn(r#"{"year":-32768,"papers":["p"],"days":[]}"#).is_err());
}

#[test]
fn a_corrected_year_is_another_version() {
    let mut cn = Calendar::cn();
    let before = cn.version();
    assert!(before.starts_with("cn 2024-2026 "), "{before}");
    let mut year = Year::empty(2026);
    year.off = vec![day("2026-10-01"), day("2026-01-01")];
    cn.announce(year);
    assert_ne!(cn.version(), before);
    assert!(!cn.is_working_day(day("2026-01-01")).working, "days announced out of order are found all the same");
    let listed = |days: &[&str]| Calendar::with_list("eu", TimeZone::UTC, days.iter().map(|text| day(text)).collect());
    assert_ne!(listed(&["2026-12-25"]).version(), listed(&["2026-12-24"]).version());
    assert_eq!(listed(&[]).version(), "eu");
}

#[test]
fn every_named_calendar_has_its_own_zone() {
    let ends = |name: &str| Calendar::named(name).unwrap().end_of(day("2026-07-01")).to_string();
    assert_eq!(ends("cn"), "2026-07-01T16:00:00Z");
    assert_eq!(ends("eu"), "2026-07-01T22:00:00Z");
    assert_eq!(ends("us-ca"), "2026-07-02T07:00:00Z");
}

#[test]
fn the_last_date_there_is_does_not_panic() {
    let cn = Calendar::cn();
    assert_eq!(cn.due(Date::MAX, 3).date, Date::MAX);
    let _ = (cn.due(Date::MIN, 3), cn.end_of(Date::MAX), cn.is_working_day(Date::MAX));
}

proptest! {
    #[test]
    fn a_final_due_day_is_the_one_a_naive_count_gives(offset in 0..1080_i64, n in 1..60_u32) {
        let cn = Calendar::cn();
        let received = after(day("2024-01-01"), offset);
        let due = cn.due(received, n);
        let plain = naive(received, n, |day| cn.is_working_day(day).working);
        if due.provisional {
            prop_assert!(plain >= day("2026-12-29"));
        } else {
            prop_assert_eq!(due.date, plain);
            prop_assert!(cn.is_working_day(due.date).working);
        }
        prop_assert!(due.date > received);
    }

    #[test]
    fn more_days_or_a_later_receipt_never_end_earlier(offset in -400..1500_i64, n in 0..60_u32) {
        let cn = Calendar::cn();
        let received = after(day("2024-01-01"), offset);
        let due = cn.due(received, n).date;
        prop_assert!(cn.due(received, n + 1).date >= due);
        prop_assert!(cn.due(received.tomorrow().unwrap(), n).date >= due);
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}", year in any::<i16>(), date in "[0-9-]{0,12}") {
        let _ = (import_holiday_cn(&text), Year::from_json(&text));
        let json = format!(r#"{{"year":{year},"papers":["p"],"days":[{{"date":"{date}","isOffDay":true}}]}}"#);
        let _ = import_holiday_cn(&json);
    }
}
