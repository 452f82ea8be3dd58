//! `/` of the console: is it well, how much is there, what happened last.

use askama::Template;
use jiff::{Timestamp, civil};

use super::leaves::Row;
use crate::frame::Frame;

/// One thing that is looked after.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, in the reader's language.
    pub name: String,
    /// Whether it is well.
    pub good: bool,
    /// What is the case, and if it is not well what to do.
    pub text: String,
}

/// One number.
#[derive(Clone, Debug)]
pub struct Count {
    /// What is counted.
    pub label: String,
    /// How many.
    pub value: u64,
}

/// The page of today.
#[derive(Debug, Template)]
#[template(path = "console/home.html")]
pub struct Today {
    /// The frame.
    pub f: Frame,
    /// When the numbers were taken.
    pub at: Timestamp,
    /// What is looked after.
    pub checks: Vec<Check>,
    /// Numbers.
    pub counts: Vec<Count>,
    /// The latest leaves.
    pub rows: Vec<Row>,
    /// The policy's version in force.
    pub version: String,
    /// Since when.
    pub effective: civil::Date,
    /// Its digest, in hex.
    pub digest: String,
}

impl Today {
    /// Whether everything is well.
    #[must_use]
    pub fn well(&self) -> bool {
        self.checks.iter().all(|check| check.good)
    }
}
