//! `/leaves`: the ledger, searched and filtered; `/leaves/{log}/{index}`: one leaf.

use askama::Template;
use jiff::Timestamp;

use crate::form::Choice;
use crate::frame::Frame;
use crate::site::privacy::receipts::Leaf;

/// One leaf in the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its place in the log.
    pub index: u64,
    /// The leaf, as `log/index`.
    pub leaf: String,
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// How it ended, in words.
    pub outcome: String,
    /// Whether it was refused or failed.
    pub bad: bool,
    /// Who acted: kind and name.
    pub who: String,
    /// The purpose's name.
    pub purpose: String,
    /// Names of the items.
    pub items: String,
}

/// The table of leaves.
#[derive(Debug, Template)]
#[template(path = "console/leaves.html")]
pub struct Leaves {
    /// The frame.
    pub f: Frame,
    /// What was searched for: an index, a purpose, an item, an actor.
    pub q: String,
    /// The acts to choose from.
    pub acts: Vec<Choice>,
    /// The outcomes to choose from.
    pub outcomes: Vec<Choice>,
    /// The leaves of this page, newest first.
    pub rows: Vec<Row>,
    /// How many fit the search.
    pub total: u64,
    /// The parameters of the next page; empty on the last.
    pub next: String,
    /// The parameters of the page before; empty on the first.
    pub previous: String,
}

/// One leaf.
#[derive(Debug, Template)]
#[template(path = "console/leaf.html")]
pub struct LeafPage {
    /// The frame.
    pub f: Frame,
    /// What it says.
    pub leaf: Leaf,
}
