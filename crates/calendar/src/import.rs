//! Imports a year in the layout of the `holiday-cn` data set.

use jiff::civil::Date;
use serde::Deserialize;

use crate::year::{Citation, Year};

/// Why a year is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
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

#[derive(Deserialize)]
struct File {
    year: i16,
    #[serde(default)]
    papers: Vec<String>,
    days: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    date: String,
    #[serde(rename = "isOffDay")]
    off: bool,
}

/// Reads a year in the layout of `holiday-cn` (`year`, `papers`, `days: [{ name, date, isOffDay }]`).
///
/// Days of the December before stay, as the notice for a year may move them; days of the next year, which such
/// files may carry too, are left to that year's own notice.
///
/// # Errors
/// [`ImportError`]; a file without days is a year not announced, never a year without holidays.
pub fn import_holiday_cn(json: &str) -> Result<Year, ImportError> {
    let file: File = serde_json::from_str(json).map_err(|e| ImportError::Form(e.to_string()))?;
    let mut year = Year::empty(file.year);
    year.citation = Citation { title: format!("{} holiday notice", file.year), document: file.papers.join(" ") };
    for entry in &file.days {
        let day: Date = entry.date.parse().map_err(|_| ImportError::Date(entry.date.clone()))?;
        if day.year() <= file.year {
            if entry.off { &mut year.off } else { &mut year.work }.push(day);
        }
    }
    if file.papers.is_empty() || !year.off.iter().any(|day| day.year() == file.year) {
        return Err(ImportError::NotAnnounced(file.year));
    }
    year.check()?;
    Ok(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_holiday_cn_is_taken() {
        let json = r#"{"$schema":"x","year":2026,"papers":["https://www.gov.cn/example"],"days":[
            {"name":"元旦","date":"2026-01-01","isOffDay":true},
            {"name":"元旦","date":"2026-01-04","isOffDay":false},
            {"name":"元旦","date":"2025-12-31","isOffDay":true}]}"#;
        let year = import_holiday_cn(json).unwrap();
        assert_eq!((year.off.len(), year.work.len()), (2, 1));
        assert_eq!(year.works("2026-01-04".parse().unwrap()), Some(true));
    }

    #[test]
    fn an_empty_year_is_not_announced() {
        let json = r#"{"year":2027,"papers":[],"days":[]}"#;
        assert_eq!(import_holiday_cn(json), Err(ImportError::NotAnnounced(2027)));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let json = r#"{"year":2026,"papers":["p"],"days":[
            {"date":"2026-01-01","isOffDay":true},{"date":"2026-01-01","isOffDay":false}]}"#;
        assert!(matches!(import_holiday_cn(json), Err(ImportError::Both(_))));
        assert!(matches!(import_holiday_cn("[]"), Err(ImportError::Form(_))));
        let bad = r#"{"year":2026,"papers":["p"],"days":[{"date":"1 May","isOffDay":true}]}"#;
        assert!(matches!(import_holiday_cn(bad), Err(ImportError::Date(_))));
    }
}
