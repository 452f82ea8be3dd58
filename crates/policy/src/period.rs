//! Lengths of time as a policy writes them: "6 months", "15 working days", "24 hours", "session".

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// The unit of a [`Period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Minutes.
    Minute,
    /// Hours; they do not pause on holidays.
    Hour,
    /// Calendar days.
    Day,
    /// Days on which offices work by the calendar in force.
    WorkingDay,
    /// Seven calendar days.
    Week,
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
}

impl Unit {
    /// Every unit, shortest first.
    pub const ALL: [Self; 7] =
        [Self::Minute, Self::Hour, Self::Day, Self::WorkingDay, Self::Week, Self::Month, Self::Year];

    /// The unit's word for one of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::WorkingDay => "working day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The unit's word in Chinese, with its measure word.
    const fn zh(self) -> &'static str {
        match self {
            Self::Minute => "分钟",
            Self::Hour => "小时",
            Self::Day => "天",
            Self::WorkingDay => "个工作日",
            Self::Week => "周",
            Self::Month => "个月",
            Self::Year => "年",
        }
    }
}

/// A length of time, or the length of a browser session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// So many units.
    Of(u32, Unit),
    /// Until the browser closes.
    Session,
}

impl Period {
    /// The period for a person to read, in `lang` (`zh…` or else English): `15 working days`, `15个工作日`.
    #[must_use]
    pub fn in_words(self, lang: &str) -> String {
        match (self, lang.starts_with("zh")) {
            (Self::Session, true) => "至浏览器关闭".to_owned(),
            (Self::Session, false) => "until the browser closes".to_owned(),
            (Self::Of(n, unit), true) => format!("{n}{}", unit.zh()),
            (Self::Of(..), false) => self.to_string(),
        }
    }

    /// The longest count a policy can write; longer is taken for a slip.
    pub const MAX: u32 = 100_000;

    /// The shortest this can be in hours, for comparing periods in different units: a month counts 28 days,
    /// a working day one day, a session nothing.
    #[must_use]
    pub const fn at_least_hours(self) -> u64 {
        match self {
            Self::Session => 0,
            Self::Of(n, unit) => {
                let n = n as u64;
                match unit {
                    Unit::Minute => n / 60,
                    Unit::Hour => n,
                    Unit::Day | Unit::WorkingDay => n * 24,
                    Unit::Week => n * 168,
                    Unit::Month => n / 12 * 8760 + n % 12 * 672,
                    Unit::Year => n * 8760,
                }
            }
        }
    }

    /// The time this long after `start`, by the calendar in UTC; a working day counts as a day, because which
    /// days are worked is the calendar's to say. A browser session has no length.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        let Self::Of(n, unit) = self else {
            return start;
        };
        let n = i64::from(n);
        let span = match unit {
            Unit::Minute => Span::new().minutes(n),
            Unit::Hour => Span::new().hours(n),
            Unit::Day | Unit::WorkingDay => Span::new().try_days(n).unwrap_or_default(),
            Unit::Week => Span::new().try_weeks(n).unwrap_or_default(),
            Unit::Month => Span::new().try_months(n).unwrap_or_default(),
            Unit::Year => Span::new().try_years(n).unwrap_or_default(),
        };
        start.to_zoned_datetime(TimeZone::UTC).checked_add(span).map_or(Timestamp::MAX, |end| end.timestamp())
    }

    /// Whether nothing is kept at all ("0 days").
    #[must_use]
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Of(0, _))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Of(1, unit) => write!(f, "1 {}", unit.as_str()),
            Self::Of(n, unit) => write!(f, "{n} {}s", unit.as_str()),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Why a text is no [`Period`]; says what to write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeriodError {
    /// It does not start with a whole number.
    #[error("a period starts with a whole number: write e.g. \"6 months\" or \"15 working days\"")]
    Number,
    /// The number is out of range.
    #[error("the number is too large: write at most {} of a unit", Period::MAX)]
    TooLong,
    /// No unit follows the number.
    #[error("the unit is missing: write \"{0} days\", \"{0} working days\", \"{0} months\" …")]
    NoUnit(u32),
    /// The unit is none we know.
    #[error("`{0}` is no unit: write minutes, hours, days, working days, weeks, months or years")]
    Unit(String),
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let text = text.trim();
        if text == "session" {
            return Ok(Self::Session);
        }
        let (number, unit) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PeriodError::Number);
        }
        let n: u32 = number.parse().map_err(|_| PeriodError::TooLong)?;
        if n > Self::MAX {
            return Err(PeriodError::TooLong);
        }
        let unit = unit.split_whitespace().collect::<Vec<_>>().join(" ");
        if unit.is_empty() {
            return Err(PeriodError::NoUnit(n));
        }
        let one = unit.strip_suffix('s').unwrap_or(&unit);
        Unit::ALL.into_iter().find(|u| u.as_str() == one).map(|u| Self::Of(n, u)).ok_or(PeriodError::Unit(unit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_printed_parses_to_the_same(n in 0..=Period::MAX, unit in 0..Unit::ALL.len()) {
            let period = Period::Of(n, Unit::ALL[unit]);
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
        }

        #[test]
        fn any_text_is_answered_without_panic(text in "\\PC{0,20}") {
            let _ = text.parse::<Period>();
        }

        #[test]
        fn more_of_a_unit_is_never_shorter(n in 0..Period::MAX, unit in 0..Unit::ALL.len()) {
            let unit = Unit::ALL[unit];
            prop_assert!(Period::Of(n, unit).at_least_hours() <= Period::Of(n + 1, unit).at_least_hours());
        }
    }

    #[test]
    fn the_periods_of_the_policy_parse() {
        for (text, period) in [
            ("6 months", Period::Of(6, Unit::Month)),
            ("15 working days", Period::Of(15, Unit::WorkingDay)),
            ("24 hours", Period::Of(24, Unit::Hour)),
            ("1 year", Period::Of(1, Unit::Year)),
            ("session", Period::Session),
        ] {
            assert_eq!(text.parse(), Ok(period));
        }
    }

    #[test]
    fn a_bad_period_says_what_to_write() {
        assert_eq!("six months".parse::<Period>(), Err(PeriodError::Number));
        assert_eq!("6".parse::<Period>(), Err(PeriodError::NoUnit(6)));
        assert_eq!("6 moons".parse::<Period>(), Err(PeriodError::Unit("moons".into())));
        assert_eq!("99999999999 days".parse::<Period>(), Err(PeriodError::TooLong));
    }
}
