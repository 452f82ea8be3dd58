//! `/contact`: one click from every page.
//!
//! Keeps promise 8.1 (a way to customer service), 8.2 (the day by which an answer comes) and 8.3 (regulator
//! and court).

use askama::Template;
use jiff::civil;

use crate::frame::Frame;

/// How to reach the controller, and who stands above it.
#[derive(Debug, Template)]
#[template(path = "site/contact.html")]
pub struct Contact {
    /// The frame.
    pub f: Frame,
    /// The mail address for everything about personal data.
    pub email: String,
    /// The data-protection officer's name.
    pub officer: String,
    /// The officer's mail address.
    pub officer_email: String,
    /// How soon an answer comes, as the policy writes it.
    pub within: String,
    /// The last day for an answer to what is written today.
    pub due: civil::Date,
    /// Whether that day may still move, as the year's holidays are not announced.
    pub provisional: bool,
    /// The regulator's name.
    pub regulator: String,
    /// The regulator's address on the web.
    pub regulator_url: String,
    /// The court.
    pub court: String,
}
