//! One step of a flow that takes several pages: a sentence or two, a form, and the ways out.
//!
//! What must survive from page to page stands in hidden fields of the form: nothing personal is in an address,
//! no cookie is set, and every step works without JavaScript.

use askama::Template;

use crate::form::Field;
use crate::frame::Frame;
use crate::shown::Shown;

/// The page of one step.
#[derive(Debug, Template)]
#[template(path = "site/step.html")]
pub struct Step {
    /// The frame.
    pub f: Frame,
    /// Whether it belongs to the privacy centre.
    pub inside: bool,
    /// Its title.
    pub title: String,
    /// What is said before the form.
    pub lead: Vec<String>,
    /// What was wrong; empty when nothing was.
    pub error: String,
    /// Where the form goes.
    pub action: &'static str,
    /// What the form carries along.
    pub hidden: Vec<(&'static str, Shown)>,
    /// What is asked.
    pub fields: Vec<Field>,
    /// The button's words.
    pub button: String,
    /// Other ways: address and words.
    pub ways: Vec<(&'static str, String)>,
}

impl Step {
    /// A step with nothing but its form.
    #[must_use]
    pub fn new(f: Frame, title: String, action: &'static str, button: String) -> Self {
        Self {
            f,
            inside: false,
            title,
            lead: Vec::new(),
            error: String::new(),
            action,
            hidden: Vec::new(),
            fields: Vec::new(),
            button,
            ways: Vec::new(),
        }
    }

    /// Within the privacy centre.
    #[must_use]
    pub const fn inside(mut self) -> Self {
        self.inside = true;
        self
    }

    /// Says something before the form.
    #[must_use]
    pub fn say(mut self, text: String) -> Self {
        self.lead.push(text);
        self
    }

    /// Says what was wrong.
    #[must_use]
    pub fn wrong(mut self, error: String) -> Self {
        self.error = error;
        self
    }

    /// Carries a value along.
    #[must_use]
    pub fn carry(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, Shown::new(value)));
        self
    }

    /// Asks for a field.
    #[must_use]
    pub fn ask(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Names another way.
    #[must_use]
    pub fn way(mut self, href: &'static str, words: String) -> Self {
        self.ways.push((href, words));
        self
    }
}
