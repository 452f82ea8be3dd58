//! The fields of forms, as the pages show them: each says why it is asked, optional ones are marked.
//!
//! Keeps promise 2.0 (only what a purpose needs is asked) and promise 0.1 (why, before it is given).

use crate::shown::Shown;

/// How a field is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line of text.
    Text,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A password, never shown again.
    Password,
    /// Several lines.
    Area,
}

impl Input {
    /// The `type` attribute.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Text | Self::Area => "text",
            Self::Email => "email",
            Self::Phone => "tel",
            Self::Password => "password",
        }
    }

    /// Whether several lines are entered.
    #[must_use]
    pub const fn area(self) -> bool {
        matches!(self, Self::Area)
    }
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// The parameter's name: that of the item.
    pub name: String,
    /// The label, in the reader's language.
    pub label: String,
    /// Why it is asked, one sentence from the policy; empty where it goes without saying.
    pub why: String,
    /// The clause that stands for it; empty for none.
    pub clause: String,
    /// How to write it (“at least 15 characters”); empty for none.
    pub hint: String,
    /// How it is entered.
    pub input: Input,
    /// Whether the form is refused without it.
    pub required: bool,
    /// Whether it is one of several of which one is needed: then it is not marked as optional.
    pub either: bool,
    /// Whether nothing else may be shown in its place.
    pub only: bool,
    /// The `autocomplete` token, so that browsers and people with difficulties fill it right (WCAG 1.3.5).
    pub autocomplete: &'static str,
    /// What was entered before; never a password.
    pub value: Shown,
    /// What was wrong with it; empty when nothing was.
    pub error: String,
}

impl Field {
    /// An empty, optional field.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>, input: Input) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            why: String::new(),
            clause: String::new(),
            hint: String::new(),
            input,
            required: false,
            either: false,
            only: false,
            autocomplete: "off",
            value: Shown::default(),
            error: String::new(),
        }
    }

    /// Says why it is asked, and by which clause.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>, clause: impl Into<String>) -> Self {
        self.why = why.into();
        self.clause = clause.into();
        self
    }

    /// Says how to write it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Makes it one of several of which one is needed; the group around it says so.
    #[must_use]
    pub const fn either(mut self) -> Self {
        self.either = true;
        self
    }

    /// Names what a browser may fill in.
    #[must_use]
    pub const fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// Fills in what was entered before. A password is dropped.
    #[must_use]
    pub fn value(mut self, value: Shown) -> Self {
        if self.input != Input::Password {
            self.value = value;
        }
        self
    }

    /// Whether it asks who is there: a passkey may be shown in its place.
    #[must_use]
    pub fn proves(&self) -> bool {
        self.autocomplete == "current-password" && !self.only
    }

    /// Takes nothing in its place.
    #[must_use]
    pub const fn only(mut self) -> Self {
        self.only = true;
        self
    }

    /// Says what was wrong.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = error.into();
        self
    }

    /// The ids of the texts that describe it, for `aria-describedby`.
    #[must_use]
    pub fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.why.is_empty() {
            ids.push(format!("{}-why", self.name));
        }
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if !self.error.is_empty() {
            ids.push(format!("{}-error", self.name));
        }
        ids.join(" ")
    }
}

/// One of several answers to choose from, none chosen beforehand unless the person chose it.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The parameter's value.
    pub value: String,
    /// The label, in the reader's language.
    pub label: String,
    /// Whether the person chose it.
    pub chosen: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_written_back() {
        let field = Field::new("password", "Password", Input::Password).value(Shown::new("secret"));
        assert!(field.value.is_empty());
    }

    #[test]
    fn what_describes_a_field_is_named_to_assistive_technology() {
        let field = Field::new("phone", "Phone", Input::Phone).why("To call.", "2.1").error("Too short.");
        assert_eq!(field.described_by(), "phone-why phone-error");
    }
}
