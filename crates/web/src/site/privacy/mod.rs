//! The privacy centre: what is held, why, by whom it was used, and every right in a click or two.
//!
//! Keeps promise 6.1 to 6.5. One click from every signed-in page; the parts stand side by side in
//! [`PARTS`], so that anything is two clicks away.

use avouch_policy::Policy;

use crate::frame::Frame;
use crate::state::say;

pub mod cancel;
pub mod consents;
pub mod content;
pub mod correct;
pub mod delete;
pub mod export;
pub mod guardian;
pub mod item;
pub mod joint;
pub mod overview;
pub mod passkeys;
pub mod proof;
pub mod real_name;
pub mod receipts;
pub mod recommendation;
pub mod security;
pub mod sessions;
pub mod sharing;
pub mod signals;
pub mod transfer;
pub mod updates;
pub mod uses;
pub mod waiting;

/// The parts of the centre: path and key of the title, in the order of the menu.
pub const PARTS: &[(&str, &str)] = &[
    ("/privacy", "part-overview"),
    ("/privacy/content", "part-content"),
    ("/privacy/signals", "part-signals"),
    ("/privacy/uses", "part-uses"),
    ("/privacy/consents", "part-consents"),
    ("/privacy/sharing", "part-sharing"),
    ("/privacy/recommendation", "part-recommendation"),
    ("/privacy/export", "part-export"),
    ("/privacy/security", "part-security"),
    ("/privacy/joint", "part-joint"),
    ("/privacy/real-name", "part-real-name"),
    ("/privacy/guardian", "part-guardian"),
    ("/privacy/sessions", "part-sessions"),
    ("/privacy/cases", "part-cases"),
    ("/privacy/receipts", "part-receipts"),
    ("/privacy/updates", "part-updates"),
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

impl Kept {
    /// What law keeps after an erasure, by the policy.
    #[must_use]
    pub fn all(policy: &Policy, f: &Frame) -> Vec<Self> {
        let facts = policy.facts();
        let rules = facts.storage.statutory.values();
        rules
            .map(|rule| {
                let items = rule.items.iter().filter_map(|item| facts.collection.items.get(item));
                let what: Vec<String> = items.map(|item| say(f, &item.label)).collect();
                let record = avouch_policy::law::record(&rule.statute).map(|(_, r)| r);
                Self {
                    what: f.texts.list(&what),
                    why: f.t("kept-by-law"),
                    citation: record.map(|r| r.citation.clone()).unwrap_or_default(),
                    until: f.t1("until-after-collected", "period", rule.keep.in_words(f.tag())),
                }
            })
            .collect()
    }

    /// What law keeps of one item.
    #[must_use]
    pub fn of(policy: &Policy, f: &Frame, item: &str) -> Option<Self> {
        let at = policy.facts().storage.statutory.values().position(|rule| rule.items.contains(item))?;
        Self::all(policy, f).into_iter().nth(at)
    }
}

/// Services and recipients by the names people know them by.
#[must_use]
pub fn readers(policy: &Policy, f: &Frame, names: &[String]) -> Vec<String> {
    let known = &policy.facts().sharing.recipients;
    names.iter().map(|name| known.get(name).map_or_else(|| name.clone(), |r| say(f, &r.name))).collect()
}

/// For how long backups hold what was erased, in words.
#[must_use]
pub fn backups(policy: &Policy, f: &Frame) -> String {
    policy.facts().storage.backups.as_ref().map(|b| b.kept.in_words(f.tag())).unwrap_or_default()
}

/// The time so many days ago.
#[must_use]
pub fn days_ago(now: jiff::Timestamp, days: u32) -> jiff::Timestamp {
    now.checked_sub(jiff::SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
