//! The privacy centre: what is held, why, by whom it was used, and every right in a click or two.
//!
//! Keeps promise 6.1 to 6.5. One click from every signed-in page; the parts stand side by side in
//! [`PARTS`], so that anything is two clicks away.

pub mod cancel;
pub mod consents;
pub mod correct;
pub mod delete;
pub mod export;
pub mod item;
pub mod overview;
pub mod receipts;
pub mod sessions;
pub mod uses;

/// The parts of the centre: path and key of the title, in the order of the menu.
pub const PARTS: [(&str, &str); 7] = [
    ("/privacy", "part-overview"),
    ("/privacy/uses", "part-uses"),
    ("/privacy/consents", "part-consents"),
    ("/privacy/export", "part-export"),
    ("/privacy/sessions", "part-sessions"),
    ("/privacy/receipts", "part-receipts"),
    ("/privacy/cancel", "part-cancel"),
];

/// What is kept after an erasure, and why.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What: labels of items, or a description.
    pub what: String,
    /// Why, in words.
    pub why: String,
    /// The law, as cited.
    pub citation: String,
    /// Until when, in words or as a date, in the reader's language.
    pub until: String,
}
