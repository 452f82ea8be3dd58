//! `/`: what this place is, the policy in short, and the ways in.

use askama::Template;

use super::summary::Summary;
use crate::frame::Frame;

/// The first page.
#[derive(Debug, Template)]
#[template(path = "site/home.html")]
pub struct Home {
    /// The frame.
    pub f: Frame,
    /// The policy in short.
    pub summary: Summary,
}
