//! One announced year: which days are off, which weekend days are worked instead.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Why a year is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YearError {
    /// Not of the layout.
    #[error("this is not a year of holidays: {0}. It has `year`, `papers` and `days` with `date` and `isOffDay`")]
    Form(String),
    /// Not a date.
    #[error("'{0}' is not a date: write 2026-10-01")]
    Date(String),
    /// A day of another year.
    #[error("{0} is of another year than the file says")]
    OtherYear(Date),
    /// A day that is off and worked.
    #[error("{0} is listed as off and as worked")]
    Both(Date),
    /// A file without days: the year is not announced yet.
    #[error("{0} is not announced yet: the file has no days. Its deadlines stay provisional")]
    NotAnnounced(i16),
}

/// Where a year's days were announced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Citation {
    /// The notice.
    pub title: String,
    /// The document's id at the publisher.
    pub document: String,
}

/// One announced year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Year {
    /// The year.
    pub year: i16,
    /// Where it was announced.
    pub citation: Citation,
    /// Days off, weekends among them, in order; also days of the December before that the notice moves.
    pub off: Vec<Date>,
    /// Weekend days that are worked, in order.
    pub work: Vec<Date>,
}

#[derive(Serialize, Deserialize)]
struct Raw {
    year: i16,
    citation: Citation,
    off: Vec<String>,
    work: Vec<String>,
}

impl Year {
    /// A year without any day, to be filled.
    #[must_use]
    pub fn empty(year: i16) -> Self {
        Self { year, citation: Citation::default(), off: Vec::new(), work: Vec::new() }
    }

    /// A year from this crate's own layout.
    ///
    /// # Errors
    /// [`YearError`] when it is not of that layout, or a day is of another year.
    pub fn from_json(text: &str) -> Result<Self, YearError> {
        let raw: Raw = serde_json::from_str(text).map_err(|e| YearError::Form(e.to_string()))?;
        let dates = |list: &[String]| -> Result<Vec<Date>, YearError> {
            list.iter().map(|d| d.parse().map_err(|_| YearError::Date(d.clone()))).collect()
        };
        let mut year = Self { year: raw.year, citation: raw.citation, off: dates(&raw.off)?, work: dates(&raw.work)? };
        year.check()?;
        Ok(year)
    }

    /// The year in this crate's own layout, as [`Year::from_json`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let dates = |list: &[Date]| list.iter().map(Date::to_string).collect();
        let raw =
            Raw { year: self.year, citation: self.citation.clone(), off: dates(&self.off), work: dates(&self.work) };
        // Four plain fields always have a form.
        serde_json::to_string(&raw).unwrap_or_default()
    }

    /// Sorts the days and refuses what contradicts itself.
    pub(crate) fn check(&mut self) -> Result<(), YearError> {
        self.off.sort_unstable();
        self.work.sort_unstable();
        for day in self.off.iter().chain(&self.work) {
            // A notice may move days of the December before it.
            let december = day.year() == self.year.saturating_sub(1) && day.month() == 12;
            if day.year() != self.year && !december {
                return Err(YearError::OtherYear(*day));
            }
        }
        match self.off.iter().find(|d| self.work.contains(d)) {
            Some(day) => Err(YearError::Both(*day)),
            None => Ok(()),
        }
    }

    /// Whether the notice says that a day is worked; nothing where it leaves it to the weekend.
    #[must_use]
    pub fn works(&self, date: Date) -> Option<bool> {
        if self.off.binary_search(&date).is_ok() {
            Some(false)
        } else if self.work.binary_search(&date).is_ok() {
            Some(true)
        } else {
            None
        }
    }
}
