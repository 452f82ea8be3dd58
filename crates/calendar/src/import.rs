//! Imports a year in the layout of the `holiday-cn` data set.

use jiff::civil::Date;
use serde::Deserialize;

use crate::year::{Citation, Year, YearError};

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
/// [`YearError`]; a file without days is a year not announced, never a year without holidays.
pub fn import_holiday_cn(json: &str) -> Result<Year, YearError> {
    let file: File = serde_json::from_str(json).map_err(|e| YearError::Form(e.to_string()))?;
    let mut year = Year::empty(file.year);
    year.citation = Citation { title: format!("{} holiday notice", file.year), document: file.papers.join(" ") };
    for entry in &file.days {
        let day: Date = entry.date.parse().map_err(|_| YearError::Date(entry.date.clone()))?;
        if day.year() <= file.year {
            if entry.off { &mut year.off } else { &mut year.work }.push(day);
        }
    }
    if file.papers.is_empty() || !year.off.iter().any(|day| day.year() == file.year) {
        return Err(YearError::NotAnnounced(file.year));
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
        assert_eq!(import_holiday_cn(json), Err(YearError::NotAnnounced(2027)));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let json = r#"{"year":2026,"papers":["p"],"days":[
            {"date":"2026-01-01","isOffDay":true},{"date":"2026-01-01","isOffDay":false}]}"#;
        assert!(matches!(import_holiday_cn(json), Err(YearError::Both(_))));
        assert!(matches!(import_holiday_cn("[]"), Err(YearError::Form(_))));
        let bad = r#"{"year":2026,"papers":["p"],"days":[{"date":"1 May","isOffDay":true}]}"#;
        assert!(matches!(import_holiday_cn(bad), Err(YearError::Date(_))));
    }
}
