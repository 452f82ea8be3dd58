//! `/privacy/sessions`: where the person is logged in; end one in a click, all others in a click.
//!
//! Keeps promise 3.1 and 5.5 (ASVS 7.5.2).

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;

/// One login.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name, for its address; never the cookie's value.
    pub id: String,
    /// Browser and system, coarse.
    pub device: String,
    /// When it began.
    pub began: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
    /// Whether it is this one.
    pub current: bool,
}

/// The page of logins.
#[derive(Debug, Template)]
#[template(path = "site/privacy/sessions.html")]
pub struct Sessions {
    /// The frame.
    pub f: Frame,
    /// The logins, this one first.
    pub rows: Vec<Row>,
}
