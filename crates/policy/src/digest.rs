//! The digest of a policy: what consents, decisions and leaves cite.
//!
//! Keeps promise 0.1: SHA-256 over the canonical JSON of the facts and the texts, so that the order of
//! keys in the file does not matter and every other change does.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::model::Facts;

/// A policy's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of facts and texts.
    #[must_use]
    pub fn of(facts: &Facts, texts: &BTreeMap<String, String>) -> Self {
        let whole = json!({ "facts": canonical(facts), "texts": texts });
        let mut json = String::new();
        write(&whole, &mut json);
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(digest(&SHA256, json.as_bytes()).as_ref()) {
            *to = *from;
        }
        Self(out)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// The facts as JSON without what is unsaid or false, so that a fact a later version can state does not change
/// the digest of a policy that does not state it.
pub(crate) fn canonical(facts: &Facts) -> Value {
    // Facts are strings, numbers, lists and maps with string keys: they always serialise.
    let mut value = serde_json::to_value(facts).unwrap_or_default();
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, inner| !matches!(inner, Value::Null | Value::Bool(false)));
        map.values_mut().for_each(strip);
    }
}

/// Writes JSON with the keys of every object sorted by their bytes and no blanks.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => write_object(map, out),
        Value::Array(list) => {
            out.push('[');
            for (i, inner) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(inner, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_object(map: &Map<String, Value>, out: &mut String) {
    let sorted: BTreeMap<_, _> = map.iter().collect();
    out.push('{');
    for (i, (key, inner)) in sorted.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(key.as_str()).to_string());
        out.push(':');
        write(inner, out);
    }
    out.push('}');
}
