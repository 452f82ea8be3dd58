//! `/enter/{token}`: the first sign-in, by the one-time link printed at first start.
//!
//! The page asks for one click, so that a link preview cannot spend the link.

use askama::Template;

use crate::frame::Frame;

/// The landing page of the link.
#[derive(Debug, Template)]
#[template(path = "console/enter.html")]
pub struct Enter {
    /// The frame.
    pub f: Frame,
    /// The operator the link is for.
    pub operator: String,
    /// The link's token, sent on with the form.
    pub token: String,
    /// For how many minutes the link holds.
    pub minutes: u32,
}
