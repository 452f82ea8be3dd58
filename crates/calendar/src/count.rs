//! Deadlines of every kind: from an instant, so many hours, days, working days, months.
//!
//! Keeps promise 8.2. Days are those of the calendar's zone; the day the period is started by is not counted (Civil
//! Code 201, Regulation 1182/71 art. 3(1)); a period in months ends on the day of the same number, or the last of a
//! shorter month. Hours and minutes run on through nights and holidays. Whether a last day that is no working day
//! gives way to the next one is the law's to say, and told by the caller.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::Calendar;

/// How long a deadline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many minutes.
    Minutes(u32),
    /// So many hours; they do not pause.
    Hours(u32),
    /// So many days, every one counted.
    Days(u32),
    /// So many working days.
    WorkingDays(u32),
    /// So many months.
    Months(u32),
    /// So many years.
    Years(u32),
}

/// When a deadline ends, to the instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The instant it is over.
    pub at: Timestamp,
    /// Its last day; nothing where hours or minutes are counted.
    pub last_day: Option<Date>,
    /// Whether it may still move, because a day it needs is not announced.
    pub provisional: bool,
    /// The calendar and the years it knew.
    pub calendar_version: String,
}

impl Calendar {
    /// The day of an instant, in the calendar's zone.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// When what starts at an instant ends. With `gives_way`, a period in days, months or years whose last day is no
    /// working day ends with the next one; never past a day that is not announced, so that it is early and not late.
    #[must_use]
    pub fn end(&self, start: Timestamp, count: Count, gives_way: bool) -> End {
        let first = self.day_of(start);
        let span = match count {
            Count::Minutes(n) => return self.later(start, i64::from(n) * 60),
            Count::Hours(n) => return self.later(start, i64::from(n) * 3600),
            Count::WorkingDays(n) => {
                let due = self.due(first, n);
                return self.on(due.date, due.provisional);
            }
            Count::Days(n) => Span::new().try_days(n),
            Count::Months(n) => Span::new().try_months(n),
            Count::Years(n) => Span::new().try_years(n),
        };
        let mut last = span.and_then(|span| first.checked_add(span)).unwrap_or(Date::MAX);
        if !gives_way {
            return self.on(last, false);
        }
        let mut provisional = false;
        loop {
            let day = self.is_working_day(last);
            provisional |= !day.known;
            match last.tomorrow() {
                Ok(next) if day.known && !day.working => last = next,
                _ => return self.on(last, provisional),
            }
        }
    }

    fn on(&self, last: Date, provisional: bool) -> End {
        End { at: self.end_of(last), last_day: Some(last), provisional, calendar_version: self.version() }
    }

    fn later(&self, start: Timestamp, seconds: i64) -> End {
        let at = start.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        End { at, last_day: None, provisional: false, calendar_version: self.version() }
    }
}
