//! `/policy`: the policy in force, its earlier versions, what changed, and a copy to keep.
//!
//! Keeps promise 0.1 and 7.1: prominent, dated, every version readable, every clause a place one can link to.

use askama::Template;
use jiff::civil;

use super::summary::Summary;
use crate::frame::Frame;

/// A chapter in the list of contents.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The anchor, without `#`.
    pub anchor: String,
    /// The chapter's number.
    pub number: String,
    /// Its title.
    pub title: String,
}

/// One version of the policy.
#[derive(Clone, Debug)]
pub struct Version {
    /// The version.
    pub version: String,
    /// In force from.
    pub effective: civil::Date,
    /// Whether it is in force now.
    pub current: bool,
    /// Whether this is the one on the page.
    pub shown: bool,
}

/// One change against the version before.
#[derive(Clone, Debug)]
pub struct Change {
    /// The change as a sentence, in the reader's language.
    pub text: String,
    /// Whether it is major (7.2).
    pub major: bool,
}

/// The policy page.
#[derive(Debug, Template)]
#[template(path = "site/policy.html")]
pub struct PolicyPage {
    /// The frame.
    pub f: Frame,
    /// The policy in short; on a past version's page there is none.
    pub summary: Option<Summary>,
    /// The version shown.
    pub version: String,
    /// In force from.
    pub effective: civil::Date,
    /// If it is a past version, until when it was in force.
    pub until: Option<civil::Date>,
    /// The digest every consent and leaf cites, in hex.
    pub digest: String,
    /// The list of contents.
    pub chapters: Vec<Chapter>,
    /// The text as HTML, made by the policy's own renderer, which escapes what it is given.
    pub html: String,
    /// What changed since the version before.
    pub changes: Vec<Change>,
    /// Every version, newest first.
    pub versions: Vec<Version>,
}
