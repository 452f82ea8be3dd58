//! `/logged-out`: what logging out did.

use askama::Template;

use crate::frame::Frame;

/// The page after logging out.
#[derive(Debug, Template)]
#[template(path = "site/logged_out.html")]
pub struct LoggedOut {
    /// The frame.
    pub f: Frame,
}
