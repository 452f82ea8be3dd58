//! `/privacy/export`: a copy of everything.
//!
//! Keeps promise 6.5 (copy and portability): everything chosen beforehand, one button, one zip.

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;

/// One part of the copy.
#[derive(Clone, Debug)]
pub struct Part {
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// How many records.
    pub count: u64,
}

/// A copy that is ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Its name, for its address.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it can be fetched.
    pub expires: Timestamp,
    /// Its size, in words (“48 kB”).
    pub size: String,
}

/// The page for making a copy.
#[derive(Debug, Template)]
#[template(path = "site/privacy/export.html")]
pub struct Export {
    /// The frame.
    pub f: Frame,
    /// What there is.
    pub parts: Vec<Part>,
    /// How long a copy can be fetched, as the policy writes it.
    pub expires: String,
    /// Copies made before.
    pub ready: Vec<Ready>,
}
