//! `/privacy/items/{item}`: one item: its value, why it is held, by whom it was used, until when it is kept.
//!
//! Keeps promise 6.1 and 0.1. The value is masked until the person gives the password again; uses are told
//! as one sentence a purpose, details on request.

use askama::Template;
use jiff::Timestamp;

use crate::form::Field;
use crate::frame::Frame;
use crate::shown::Shown;

/// One record of the item.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name, for its address.
    pub id: String,
    /// The value, masked or not.
    pub value: Shown,
    /// When it was collected.
    pub collected: Timestamp,
}

/// One purpose the item is used for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Its name in the policy.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence.
    pub why: String,
    /// The legal basis, in words.
    pub basis: String,
    /// The law, as cited; empty for none.
    pub citation: String,
    /// Until when it is kept for this purpose, in words.
    pub until: String,
    /// The use in the chosen range, as one sentence.
    pub sentence: String,
    /// If the purpose waits for consent: whether it is given.
    pub consent: Option<bool>,
}

/// Somebody outside who gets the item.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Name.
    pub name: String,
    /// What it is: processor, controller, authority, in words.
    pub role: String,
    /// What for: labels of purposes.
    pub purposes: String,
    /// Where.
    pub region: String,
    /// How to reach it.
    pub contact: String,
}

/// The page of one item.
#[derive(Debug, Template)]
#[template(path = "site/privacy/item.html")]
pub struct ItemPage {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// Its clause.
    pub clause: String,
    /// Sensitive: then why it is needed and what a leak could do are said.
    pub sensitive: bool,
    /// Why a sensitive item is needed; empty else.
    pub necessity: String,
    /// What a leak could do; empty else.
    pub impact: String,
    /// Where it came from, in words.
    pub source: String,
    /// The region it rests in.
    pub region: String,
    /// The records held.
    pub records: Vec<Record>,
    /// Whether values are shown in full.
    pub revealed: bool,
    /// The password field of the form that shows values; none for items that are never shown.
    pub password: Option<Field>,
    /// What it is used for.
    pub purposes: Vec<Purpose>,
    /// Who outside gets it.
    pub recipients: Vec<Recipient>,
    /// The range of the use history, in days.
    pub days: u32,
    /// Whether it can be corrected here.
    pub can_correct: bool,
    /// Whether it can be deleted here.
    pub can_delete: bool,
    /// Why it cannot be deleted by itself; empty when it can.
    pub not_deletable: String,
}
