//! `/privacy/receipts`: the evidence of every act on the person's data, each checkable by a stranger.
//!
//! Keeps promise 6.1 and 0.1.

use askama::Template;
use jiff::Timestamp;

use crate::fault::Reason;
use crate::frame::Frame;

/// One receipt in the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// About what: the purpose, or the items.
    pub about: String,
    /// Whether it was refused.
    pub refused: bool,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// The list of receipts.
#[derive(Debug, Template)]
#[template(path = "site/privacy/receipts.html")]
pub struct Receipts {
    /// The frame.
    pub f: Frame,
    /// The receipts of this page, newest first.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: u64,
    /// The parameters of the next page; empty on the last.
    pub next: String,
    /// The parameters of the page before; empty on the first.
    pub previous: String,
}

/// What a leaf says, in words.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub act: String,
    /// How it ended.
    pub outcome: String,
    /// Whether it was refused.
    pub refused: bool,
    /// By whom.
    pub who: String,
    /// The purpose's label; empty for none.
    pub purpose: String,
    /// The clause; empty for none.
    pub clause: String,
    /// The basis, in words; empty for none.
    pub basis: String,
    /// Labels of the items; empty for none.
    pub items: String,
    /// To whom outside; empty for nobody.
    pub recipient: String,
    /// The region.
    pub region: String,
    /// The policy's digest, in hex.
    pub digest: String,
    /// Of a refusal: why.
    pub reasons: Vec<Reason>,
    /// The log's name.
    pub log: String,
    /// The place in the log.
    pub index: u64,
    /// The leaf's hash, in hex.
    pub hash: String,
    /// The size of the tree whose head covers it; none while that head is not yet signed.
    pub size: Option<u64>,
    /// That tree's root, in hex.
    pub root: String,
}

/// One receipt.
#[derive(Debug, Template)]
#[template(path = "site/privacy/receipt.html")]
pub struct Receipt {
    /// The frame.
    pub f: Frame,
    /// What the leaf says.
    pub leaf: Leaf,
}
