//! The digest of a policy: what consents, decisions and leaves cite.
//!
//! Keeps promise 0.1: SHA-256 over the canonical JSON of the facts and the texts, so that the order of
//! keys in the file does not matter and every other change does.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::model::Facts;

/// A policy's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of facts and texts.
    #[must_use]
    pub fn of(facts: &Facts, texts: &BTreeMap<String, String>) -> Self {
        // Structs serialise their fields in one order and maps are sorted: the JSON is canonical.
        let json = serde_json::to_vec(&(facts, texts)).unwrap_or_default();
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(digest(&SHA256, &json).as_ref()) {
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
