//! `/privacy/records/{record}/delete`: one record deleted, with a receipt.
//!
//! Keeps promise 6.2: confirmed once, leaves no hidden copy, and the answer is a receipt.

use askama::Template;
use jiff::Timestamp;

use super::Kept;
use crate::frame::Frame;
use crate::shown::Shown;

/// The question before deleting.
#[derive(Debug, Template)]
#[template(path = "site/privacy/delete.html")]
pub struct Delete {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// The item's label.
    pub label: String,
    /// The record's name.
    pub record: String,
    /// The value, so that the person sees what goes.
    pub value: Shown,
    /// When it was collected.
    pub collected: Timestamp,
    /// For how long backups still hold it, as the policy writes it.
    pub backups: String,
    /// What law keeps of it, if anything.
    pub kept: Option<Kept>,
}

/// What was done.
#[derive(Debug, Template)]
#[template(path = "site/privacy/deleted.html")]
pub struct Deleted {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// The item's label.
    pub label: String,
    /// When.
    pub at: Timestamp,
    /// The leaf, as `log/index`: the receipt's address.
    pub receipt: String,
    /// For how long backups still hold it.
    pub backups: String,
}
