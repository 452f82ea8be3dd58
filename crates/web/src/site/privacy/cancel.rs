//! `/privacy/cancel`: leaving, and while it is under way, coming back.
//!
//! Keeps promise 6.3 and 5.2: three clicks and the password; the copy is offered on the same page; what is
//! kept, why and until when is said before; a cooling-off that one click ends, or erasure at once. No call,
//! no mail, and logging in never undoes it.

use askama::Template;
use jiff::{Timestamp, civil};

use super::Kept;
use crate::form::Field;
use crate::frame::Frame;

/// The page for leaving.
#[derive(Debug, Template)]
#[template(path = "site/privacy/cancel.html")]
pub struct Cancel {
    /// The frame.
    pub f: Frame,
    /// How long the cooling-off is, as the policy writes it.
    pub cooling_off: String,
    /// When the data would be erased with it.
    pub erased_on: civil::Date,
    /// The last day by which all is done.
    pub complete_by: civil::Date,
    /// Whether that day may still move.
    pub provisional: bool,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// For how long backups still hold what was erased.
    pub backups: String,
    /// The password, once more.
    pub password: Field,
}

/// The page while leaving is under way.
#[derive(Debug, Template)]
#[template(path = "site/privacy/cancelling.html")]
pub struct Cancelling {
    /// The frame.
    pub f: Frame,
    /// Since when.
    pub since: Timestamp,
    /// When the data is erased.
    pub erased_on: civil::Date,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// The password, for erasing now.
    pub password: Field,
}

/// The page after erasure: the last one this person sees here.
#[derive(Debug, Template)]
#[template(path = "site/privacy/erased.html")]
pub struct Erased {
    /// The frame, signed out.
    pub f: Frame,
    /// When the key was destroyed.
    pub at: Timestamp,
    /// The leaf of the erasure, as `log/index`.
    pub receipt: String,
    /// The log's name.
    pub log: String,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// For how long backups still hold what was erased.
    pub backups: String,
}
