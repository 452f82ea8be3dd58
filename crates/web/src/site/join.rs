//! `/join`: opening an account.
//!
//! Keeps promise 2.1 (registration asks what the account needs), 1.1 and 0.1: each field says why it is
//! asked, optional ones are marked, at least one contact is enough, nothing is ticked beforehand, and the
//! age is asked only as a band.

use askama::Template;

use crate::form::{Choice, Field};
use crate::frame::Frame;

/// The form for joining.
#[derive(Debug, Template)]
#[template(path = "site/join.html")]
pub struct Join {
    /// The frame.
    pub f: Frame,
    /// User name and password.
    pub fields: Vec<Field>,
    /// Mobile number and e-mail address: one of them is needed.
    pub contacts: Vec<Field>,
    /// What the account can do without.
    pub optional: Vec<Field>,
    /// Age bands.
    pub ages: Vec<Choice>,
    /// What was wrong with the age; empty when nothing was.
    pub age_error: String,
    /// Below which age a guardian must consent, from the law pack.
    pub guardian_under: u32,
    /// The purposes that stay off until the person turns them on.
    pub off: Vec<String>,
    /// The policy's version the contract is made under.
    pub version: String,
    /// What was wrong with the form as a whole; empty when nothing was.
    pub error: String,
}

impl Join {
    /// Every field with something wrong, for the summary on top of the form.
    #[must_use]
    pub fn wrong(&self) -> Vec<&Field> {
        [&self.fields, &self.contacts, &self.optional]
            .into_iter()
            .flatten()
            .filter(|field| !field.error.is_empty())
            .collect()
    }

    /// Whether the form comes back with something wrong.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.error.is_empty() || !self.age_error.is_empty() || !self.wrong().is_empty()
    }
}
