//! Values of items: checked once, at the edge, by the kind the policy declares.

use avouch_policy::model::{Item, Kind};

use crate::fault::FieldFault;

/// The longest text value taken, in characters.
const LONGEST_TEXT: usize = 10_000;

/// A value that passed its kind's check.
pub struct Checked {
    /// As it is kept.
    pub value: String,
    /// As it is looked up, for identifiers.
    pub normalized: String,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checked(…)")
    }
}

/// Checks a value by its item's kind.
///
/// # Errors
/// What is wrong with it, for the person who wrote it.
pub fn check(name: &str, item: &Item, raw: &str) -> Result<Checked, FieldFault> {
    let value = raw.trim();
    if value.is_empty() {
        return Err(FieldFault::new(name, "required", "this cannot be empty"));
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
        return Err(FieldFault::new(name, "control-characters", "remove the characters that cannot be printed"));
    }
    match item.kind {
        Kind::Email => email(name, value),
        Kind::Phone => phone(name, value),
        Kind::Structured => match serde_json::from_str::<serde_json::Value>(value) {
            Ok(_) => Ok(Checked { value: value.to_owned(), normalized: String::new() }),
            Err(e) => Err(FieldFault::new(name, "not-json", format!("this must be JSON: {e}"))),
        },
        Kind::Secret => Ok(Checked { value: raw.to_owned(), normalized: String::new() }),
        _ if item.identifier => handle(name, value),
        _ => {
            if value.chars().count() > LONGEST_TEXT && !item.kind.rests_apart() {
                return Err(FieldFault::new(name, "too-long", format!("use at most {LONGEST_TEXT} characters")));
            }
            Ok(Checked { value: value.to_owned(), normalized: String::new() })
        }
    }
}

/// How a typed identifier would be looked up, whatever its form.
#[must_use]
pub fn normalize(name: &str, item: &Item, raw: &str) -> Option<String> {
    check(name, item, raw).ok().map(|c| c.normalized).filter(|n| !n.is_empty())
}

fn handle(name: &str, value: &str) -> Result<Checked, FieldFault> {
    let length = value.chars().count();
    let fine = value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !(3..=32).contains(&length) || !fine || value.starts_with(['.', '-']) {
        return Err(FieldFault::new(
            name,
            "not-a-user-name",
            "use 3 to 32 letters, digits, dots, hyphens or underscores",
        ));
    }
    Ok(Checked { value: value.to_owned(), normalized: value.to_lowercase() })
}

fn email(name: &str, value: &str) -> Result<Checked, FieldFault> {
    let fault = || FieldFault::new(name, "not-an-email", "write an address such as name@example.com");
    let (local, domain) = value.rsplit_once('@').ok_or_else(fault)?;
    let local_fine = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let domain_fine = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    if !local_fine || !domain_fine {
        return Err(fault());
    }
    Ok(Checked { value: value.to_owned(), normalized: value.to_lowercase() })
}

fn phone(name: &str, value: &str) -> Result<Checked, FieldFault> {
    let fault =
        || FieldFault::new(name, "not-a-phone", "write the number with its country code, e.g. +86 199 0000 0001");
    let compact: String = value.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')' | '.')).collect();
    let full = match compact.strip_prefix('+') {
        Some(digits) => digits.to_owned(),
        None => match compact.strip_prefix("00") {
            Some(digits) => digits.to_owned(),
            // Eleven digits from 1: a mainland mobile number written as people there write it.
            None if compact.len() == 11 && compact.starts_with('1') => format!("86{compact}"),
            None => return Err(fault()),
        },
    };
    if !(8..=15).contains(&full.len()) || !full.bytes().all(|b| b.is_ascii_digit()) || full.starts_with('0') {
        return Err(fault());
    }
    Ok(Checked { value: format!("+{full}"), normalized: format!("+{full}") })
}

/// A value with most of it hidden: enough for its owner to recognise it.
#[must_use]
pub fn mask(kind: Kind, value: &str) -> String {
    let dots = "•••";
    match kind {
        Kind::Secret => dots.to_owned(),
        Kind::Email => match value.split_once('@') {
            Some((local, domain)) => {
                format!("{}{dots}@{domain}", local.chars().next().map(String::from).unwrap_or_default())
            }
            None => dots.to_owned(),
        },
        Kind::Phone | Kind::IdDocument => {
            let chars: Vec<char> = value.chars().collect();
            let keep = if chars.len() > 9 { 3 } else { 1 };
            let head: String = chars.iter().take(keep).collect();
            let tail: String = chars.iter().skip(chars.len().saturating_sub(keep + 1)).collect();
            format!("{head}{dots}{tail}")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_have_one_form() {
        for text in ["+86 199-0000-0001", "19900000001", "0086 19900000001", "+8619900000001"] {
            assert_eq!(phone("phone", text).unwrap().normalized, "+8619900000001");
        }
        for text in ["12345", "phone", "+0123456789", "+12", ""] {
            assert!(phone("phone", text).is_err(), "{text}");
        }
    }

    #[test]
    fn email_addresses_are_checked_by_form() {
        assert_eq!(email("email", "Li.Demo@Plaza.Example").unwrap().normalized, "li.demo@plaza.example");
        for text in ["a@b", "@plaza.example", "a..b@plaza.example", "a b@plaza.example", "a@-x.example", "a@x..y"] {
            assert!(email("email", text).is_err(), "{text}");
        }
    }

    #[test]
    fn masks_leave_enough_to_recognise_and_no_more() {
        assert_eq!(mask(Kind::Email, "li.demo@plaza.example"), "l•••@plaza.example");
        assert_eq!(mask(Kind::Phone, "+8619900000001"), "+86•••0001");
        assert_eq!(mask(Kind::Secret, "anything"), "•••");
    }
}
