//! `/privacy`: everything held about the person, by the chapters of the policy.
//!
//! Keeps promise 6.1: any item is one click from here, two from any signed-in page.

use askama::Template;
use jiff::civil;

use crate::frame::Frame;
use crate::shown::Shown;

/// One item held.
#[derive(Clone, Debug)]
pub struct Row {
    /// The item's name in the policy, for its address.
    pub item: String,
    /// Its label.
    pub label: String,
    /// The value, masked; for items with many records how many there are.
    pub value: Shown,
    /// Sensitive by the policy.
    pub sensitive: bool,
    /// How often it was used in the last thirty days.
    pub used: u64,
}

/// The items of one clause.
#[derive(Clone, Debug)]
pub struct Group {
    /// The clause.
    pub clause: String,
    /// What it is about.
    pub title: String,
    /// The items held.
    pub rows: Vec<Row>,
}

/// The overview.
#[derive(Debug, Template)]
#[template(path = "site/privacy/overview.html")]
pub struct Overview {
    /// The frame.
    pub f: Frame,
    /// When the person joined.
    pub joined: civil::Date,
    /// What is held, by clause.
    pub groups: Vec<Group>,
    /// Labels of what the policy knows but is not held of this person.
    pub absent: Vec<String>,
}

impl Overview {
    /// How many items are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }
}
