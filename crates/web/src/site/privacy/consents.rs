//! `/privacy/consents`: one switch a purpose, and the history of the answers.
//!
//! Keeps promise 6.4 and 2.5: withdrawing takes the same one click as giving, works on the very next
//! request, and what stops working is said. Nothing is on unless the person turned it on.

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;

/// What must be said before a sensitive item is agreed to (PIPL Art. 30).
#[derive(Clone, Debug)]
pub struct Sensitive {
    /// The item's label.
    pub label: String,
    /// Why it is needed.
    pub necessity: String,
    /// What a leak could do.
    pub impact: String,
}

/// One purpose that waits for consent.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Its name in the policy.
    pub purpose: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence.
    pub why: String,
    /// Labels of its items.
    pub items: Vec<String>,
    /// Names of who outside gets them.
    pub recipients: Vec<String>,
    /// What stops working without it.
    pub without: String,
    /// Whether it is on.
    pub on: bool,
    /// Since when it is as it is; none when never answered.
    pub since: Option<Timestamp>,
    /// A separate consent.
    pub separate: bool,
    /// The sensitive items among its own.
    pub sensitive: Vec<Sensitive>,
}

/// One answer given before.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// The purpose's label.
    pub label: String,
    /// Given or withdrawn.
    pub given: bool,
    /// The policy's version it was bound to.
    pub version: String,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// A purpose that has another basis.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// The basis, in words.
    pub basis: String,
    /// Why, one sentence.
    pub why: String,
}

/// The page of consents.
#[derive(Debug, Template)]
#[template(path = "site/privacy/consents.html")]
pub struct Consents {
    /// The frame.
    pub f: Frame,
    /// The switches.
    pub switches: Vec<Switch>,
    /// Purposes without a switch.
    pub fixed: Vec<Fixed>,
    /// Answers, newest first.
    pub history: Vec<Answer>,
}
