//! The plain summary of the policy that stands before everything longer.
//!
//! Keeps promise 0.1: principles, methods and rights in a few sentences, filled from the facts.

use jiff::civil;

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
