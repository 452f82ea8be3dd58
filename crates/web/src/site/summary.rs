//! The plain summary of the policy that stands before everything longer.
//!
//! Keeps promise 0.1: principles, methods and rights in a few sentences, filled from the facts.

use avouch_policy::model::{Basis, Role};
use jiff::civil;

use crate::frame::Frame;
use crate::state::{Web, say};

/// What the policy says, in short; every list holds labels in the reader's language.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Items the account needs.
    pub needed: Vec<String>,
    /// Purposes that wait for consent.
    pub optional: Vec<String>,
    /// Recipients that work for the service or with it; authorities stand apart.
    pub recipients: Vec<String>,
    /// The home region's name.
    pub region: String,
    /// Whether anything may leave it.
    pub abroad: bool,
    /// How soon a question is answered, as the policy writes it.
    pub answer_within: String,
    /// The version in force.
    pub version: String,
    /// Since when.
    pub effective: civil::Date,
}

impl Summary {
    /// The summary of the policy in force.
    #[must_use]
    pub fn of(web: &Web, f: &Frame) -> Self {
        let policy = web.policy();
        let facts = policy.facts();
        let item = |name: &String| facts.collection.items.get(name).map(|i| say(f, &i.label));
        let account = facts.usage.purposes.get(avouch::collection::join::PURPOSE);
        Self {
            needed: account.map(|p| p.required.iter().filter_map(item).collect()).unwrap_or_default(),
            optional: facts
                .usage
                .purposes
                .values()
                .filter(|p| matches!(p.basis, Basis::Consent | Basis::SeparateConsent))
                .map(|p| say(f, &p.label))
                .collect(),
            recipients: facts
                .sharing
                .recipients
                .values()
                .filter(|r| r.role != Role::Authority)
                .map(|r| say(f, &r.name))
                .collect(),
            region: facts.storage.regions.get(&facts.controller.region).map(|r| say(f, &r.label)).unwrap_or_default(),
            abroad: facts.storage.cross_border.as_ref().is_some_and(|c| c.allowed),
            answer_within: facts.contact.respond_within.map(|p| p.in_words(f.tag())).unwrap_or_default(),
            version: policy.version().to_owned(),
            effective: facts.effective.unwrap_or_default(),
        }
    }
}
