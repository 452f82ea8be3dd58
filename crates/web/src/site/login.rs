//! `/login`: by user name, mobile number or e-mail address, and password.
//!
//! One sentence for every failure, so that nobody learns who has an account (ASVS 6.3.8). Logging in never
//! undoes a cancellation (6.3).

use askama::Template;

use crate::form::Field;
use crate::frame::Frame;

/// The form for logging in.
#[derive(Debug, Template)]
#[template(path = "site/login.html")]
pub struct Login {
    /// The frame.
    pub f: Frame,
    /// Identifier and password.
    pub fields: Vec<Field>,
    /// Where to go afterwards: a path of this site, checked by [`safe_next`].
    pub next: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// A path of this site to go on to after logging in, or `/privacy` for anything else (ASVS 3.7.2: no
/// redirect to where somebody else says).
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~?&=%".contains(&b);
    let known = ["/privacy", "/policy", "/contact"]
        .into_iter()
        .any(|root| next.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])));
    if known && next.bytes().all(plain) { next } else { "/privacy" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_on_to() {
        assert_eq!(safe_next("/privacy/items/phone"), "/privacy/items/phone");
        assert_eq!(safe_next("/privacy/uses?days=7"), "/privacy/uses?days=7");
        for bad in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/privacyx", "/privacy\r\nx", "/logout"]
        {
            assert_eq!(safe_next(bad), "/privacy", "{bad}");
        }
    }
}
