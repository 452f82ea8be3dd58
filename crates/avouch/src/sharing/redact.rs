//! What of a recipient's answer a service may see: an allow-list, and in it nothing that was sent.
//!
//! Keeps promise 4.1: a service that may not read a value does not get it back from the one it was sent to.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// What stands in place of a text that holds a trace of something sent.
pub const MASK: &str = "•••";
/// Digits that are as good as a number written out.
const DIGITS: usize = 7;

/// An answer as a service sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The headers that may be seen.
    pub headers: BTreeMap<String, String>,
    /// The fields that may be seen, by their pointers; the whole under an empty one.
    pub fields: BTreeMap<String, Value>,
}

/// What was sent, in every form it may come back in.
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Sent {
    forms: Vec<Zeroizing<String>>,
    digits: Vec<Zeroizing<String>>,
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Lower case without what separates, so that `ab:cd` is found as `AB CD`.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Sent {
    /// What was sent: values, and secrets of the way.
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut sent = Self { forms: Vec::new(), digits: Vec::new() };
        for value in values {
            let bytes = value.as_bytes();
            let mut forms = vec![folded(value), data_encoding::HEXLOWER.encode(bytes)];
            // Base64 at each offset, without the ends that depend on what stands beside.
            for skip in 0..3 {
                let whole = bytes.get(skip..).unwrap_or_default();
                let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
                if whole.len() >= 6 {
                    forms.push(folded(&data_encoding::BASE64.encode(whole)));
                    forms.push(folded(&data_encoding::BASE64URL.encode(whole)));
                }
            }
            forms.push(folded(&percent(value)));
            sent.forms.extend(forms.into_iter().filter(|form| !form.is_empty()).map(Zeroizing::new));
            let number = digits(value);
            if number.len() >= DIGITS {
                // A number comes back with or without the code of its country.
                let from = number.len().saturating_sub(11).min(number.len() - DIGITS);
                sent.digits.push(Zeroizing::new(number.get(from..).unwrap_or(&number).to_owned()));
            }
        }
        sent
    }

    /// Whether a text holds a trace of something sent.
    #[must_use]
    pub fn traced(&self, text: &str) -> bool {
        let folded = folded(text);
        if self.forms.iter().any(|form| folded.contains(form.as_str())) {
            return true;
        }
        let number = digits(text);
        number.len() >= DIGITS && self.digits.iter().any(|sent| number.contains(sent.as_str()))
    }

    fn mask(&self, value: Value) -> Value {
        match value {
            Value::String(text) if self.traced(&text) => Value::String(MASK.to_owned()),
            Value::Number(number) if self.traced(&number.to_string()) => Value::String(MASK.to_owned()),
            Value::Array(all) => Value::Array(all.into_iter().map(|v| self.mask(v)).collect()),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, v)| (if self.traced(&name) { MASK.to_owned() } else { name }, self.mask(v)))
                    .collect(),
            ),
            other => other,
        }
    }

    /// What may be seen of an answer.
    #[must_use]
    pub fn shown(&self, headers: &HeaderMap, body: &[u8], may: (&[HeaderName], &[String])) -> Shown {
        let mut shown = Shown::default();
        for name in may.0 {
            if let Some(value) = headers.get(name) {
                let text = value.to_str().unwrap_or(MASK);
                let text = if self.traced(text) { MASK } else { text };
                shown.headers.insert(name.as_str().to_owned(), text.to_owned());
            }
        }
        let Ok(json) = serde_json::from_slice::<Value>(body) else { return shown };
        for pointer in may.1 {
            if let Some(value) = json.pointer(pointer) {
                shown.fields.insert(pointer.clone(), self.mask(value.clone()));
            }
        }
        shown
    }
}

fn percent(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn promise_4_1_nothing_that_was_sent_comes_back_in_any_form() {
        let phone = "+86 19900001234";
        let name = "Lin Xiaoyun 林晓云";
        let sent = Sent::new([phone, name].into_iter());
        let base64 = data_encoding::BASE64.encode(format!("xx{name} and more").as_bytes());
        let traces = [
            phone.to_owned(),
            "8619900001234".into(),
            "call 199-0000-1234 now".into(),
            "LIN XIAOYUN 林晓云!".into(),
            percent(name),
            base64,
            data_encoding::HEXUPPER.encode(name.as_bytes()),
        ];
        for trace in &traces {
            assert!(sent.traced(trace), "{trace}");
        }
        for other in ["accepted", "2026-12-01", "order 4711", "", "199", "1990000123"] {
            assert!(!sent.traced(other), "{other}");
        }
        let body = json!({ "id": "p-1", "echo": { "to": phone, "n": 19_900_001_234_u64, phone: 1 }, "secret": "more" });
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "r-1".parse().unwrap());
        headers.insert("x-echo", "19900001234".parse().unwrap());
        headers.insert("set-cookie", "track=1".parse().unwrap());
        let names = ["x-request-id", "x-echo"].map(HeaderName::from_static);
        let fields = ["/id".to_owned(), "/echo".to_owned(), "/absent".to_owned()];
        let shown = sent.shown(&headers, body.to_string().as_bytes(), (&names, &fields));
        assert_eq!(
            serde_json::to_value(&shown).unwrap(),
            json!({
                "headers": { "x-request-id": "r-1", "x-echo": MASK },
                "fields": { "/id": "p-1", "/echo": { "to": MASK, "n": MASK, MASK: 1 } }
            })
        );
        assert_eq!(sent.shown(&headers, b"<html>", (&[], &fields)), Shown::default());
    }
}
