//! `/privacy/uses`: who used my data, from the ledger.
//!
//! Keeps promise 0.1 and 6.1: one sentence a purpose, over a range the person chooses; details on request,
//! each with its receipt; refusals are told too.

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;

/// The ranges offered, in days.
pub const RANGES: [u32; 3] = [7, 30, 365];

/// The range asked for, or thirty days for anything not offered.
#[must_use]
pub fn range(days: Option<u32>) -> u32 {
    days.filter(|d| RANGES.contains(d)).unwrap_or(30)
}

/// The use for one purpose.
#[derive(Clone, Debug)]
pub struct Line {
    /// The purpose's name in the policy.
    pub purpose: String,
    /// The purpose's label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// The sentence.
    pub sentence: String,
    /// By whom: labels of services, staff or recipients.
    pub who: String,
    /// Whether the details are open.
    pub open: bool,
}

/// One use.
#[derive(Clone, Debug)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// By whom.
    pub who: String,
    /// Labels of the items.
    pub items: String,
    /// To whom outside; empty for nobody.
    pub recipient: String,
    /// Whether the policy refused it.
    pub refused: bool,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// The page of uses.
#[derive(Debug, Template)]
#[template(path = "site/privacy/uses.html")]
pub struct Uses {
    /// The frame.
    pub f: Frame,
    /// The range, in days.
    pub days: u32,
    /// One line a purpose, the most used first.
    pub lines: Vec<Line>,
    /// Labels of purposes for which nothing was used.
    pub unused: Vec<String>,
    /// How many uses the policy refused in the range.
    pub refused: u64,
    /// The details of the purpose asked for, newest first.
    pub details: Vec<Use>,
    /// How many more there are than shown.
    pub more: u64,
}

impl Uses {
    /// The ranges offered.
    #[must_use]
    pub fn ranges(&self) -> [u32; 3] {
        RANGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_offered_ranges_are_taken() {
        assert_eq!(range(Some(365)), 365);
        assert_eq!(range(Some(100_000)), 30);
        assert_eq!(range(None), 30);
    }
}
