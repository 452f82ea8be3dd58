//! What will end when: counts by month, as numbers and as a plot.
//!
//! Keeps promise 5.1.

use std::fmt::Write as _;

use avouch_store::Ending;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::app::App;
use crate::fault::Fault;

/// What ends in one month.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Month {
    /// Year and month, e.g. `2026-12`.
    pub month: String,
    /// Everything together.
    pub total: u64,
    /// By kind, item and purpose.
    pub endings: Vec<Ending>,
}

/// The most months that are looked at.
pub const MOST_MONTHS: u32 = 120;

impl App {
    /// What ends in this month (from now on) and in those after it, `months` in all, as ends stand today: what an event
    /// will end is in none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn forecast(&self, months: u32) -> Result<Vec<Month>, Fault> {
        let policy = self.policy();
        let zone = policy.zone();
        let mut first = self.store.now().to_zoned_datetime(zone.clone()).date().first_of_month();
        let mut from = self.store.now();
        let mut out = Vec::new();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        for _ in 0..months.clamp(1, MOST_MONTHS) {
            let Ok(next) = first.checked_add(1.month()) else { break };
            let to = next.to_zoned_datetime(zone.clone()).map_or(Timestamp::MAX, |z| z.timestamp());
            let endings = look.ending(from, to).await?;
            let total = endings.iter().map(|e| e.count).sum();
            out.push(Month { month: month(first), total, endings });
            (first, from) = (next, to);
        }
        Ok(out)
    }
}

fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// Width and height of a month's column, and the room above and below.
const COLUMN: u64 = 40;
const HEIGHT: u64 = 160;
const ABOVE: u64 = 24;
const BELOW: u64 = 40;

/// The plot: a column a month, with its number above and the month below. Colours are the page's (`currentColor`);
/// `label` says what it shows to whoever does not see it.
#[must_use]
pub fn plot(months: &[Month], label: &str) -> String {
    let most = months.iter().map(|m| m.total).max().unwrap_or(0).max(1);
    let (width, height) = (COLUMN * months.len().max(1) as u64, ABOVE + HEIGHT + BELOW);
    let mut out = format!(
        "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{}\" fill=\"currentColor\" font-size=\"11\" text-anchor=\"middle\">",
        escape(label)
    );
    for (n, month) in (0u64..).zip(months) {
        let tall = u64::try_from(u128::from(month.total) * u128::from(HEIGHT) / u128::from(most)).unwrap_or(HEIGHT);
        let tall = if month.total > 0 { tall.max(1) } else { 0 };
        let (left, middle, top) = (n * COLUMN + 6, n * COLUMN + COLUMN / 2, ABOVE + HEIGHT - tall);
        // Writing to a String does not fail.
        let _ = write!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{tall}\"/>", COLUMN - 12);
        let _ = write!(out, "<text x=\"{middle}\" y=\"{}\">{}</text>", top - 6, short(month.total));
        let below = ABOVE + HEIGHT;
        let (year, day) = month.month.split_once('-').unwrap_or_default();
        let _ = write!(out, "<text x=\"{middle}\" y=\"{}\">{}</text>", below + 16, escape(day));
        if n == 0 || day == "01" {
            let _ = write!(out, "<text x=\"{middle}\" y=\"{}\">{}</text>", below + 32, escape(year));
        }
    }
    let base = ABOVE + HEIGHT;
    let _ = write!(out, "<path d=\"M0 {base}H{width}\" stroke=\"currentColor\"/></svg>");
    out
}

/// A number short enough to stand over its column.
fn short(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..10_000_000 => format!("{}k", number / 1_000),
        _ => format!("{}M", number / 1_000_000),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_5_1_the_plot_has_a_column_a_month_as_tall_as_its_share() {
        let of = |month: &str, total| Month { month: month.into(), total, endings: Vec::new() };
        let svg = plot(&[of("2026-12", 0), of("2027-01", 50), of("2027-02", 12_345_678)], "What <ends>");
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("height=\"160\"/>") && svg.contains("12M") && svg.contains("What &lt;ends&gt;"));
        assert!(svg.contains("height=\"0\"/>") && svg.contains("height=\"1\"/>"), "a little is seen, nothing is not");
        assert!(svg.contains(">2026<") && svg.contains(">2027<"));
    }
}
