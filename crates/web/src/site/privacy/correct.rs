//! `/privacy/items/{item}/correct`: a wrong value made right.
//!
//! Keeps promise 6.1.

use askama::Template;

use crate::form::Field;
use crate::frame::Frame;
use crate::shown::Shown;

/// The form for correcting.
#[derive(Debug, Template)]
#[template(path = "site/privacy/correct.html")]
pub struct Correct {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// The value held now, masked.
    pub now: Shown,
    /// The new value, and for identifiers the password.
    pub fields: Vec<Field>,
    /// For contacts: how many days the old one can take the change back; none for other items.
    pub take_back_days: Option<u32>,
    /// What was wrong; empty when nothing was.
    pub error: String,
}
