//! Checking a certificate with nothing but itself and a log's key: for outsiders, offline.
//!
//! Keeps promises 5.1 and 0.1. A certificate holds a document and the proof that a leaf which commits to exactly that
//! document is in the log under a signed head.

use avouch_ledger::hash::{Hash, leaf_hash, sha256};
use avouch_ledger::leaf::Leaf;
use avouch_ledger::note::{Checkpoint, Verifier};
use avouch_ledger::proof::verify_inclusion;
use data_encoding::BASE64;
use serde_json::Value;

/// What a certificate that holds says.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The document, as it was certified.
    pub document: Value,
    /// The leaf that commits to it.
    pub leaf: Leaf,
    /// The log whose head was signed.
    pub log: String,
    /// The leaf's place.
    pub index: u64,
}

/// Why a certificate does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is no certificate, or a part is missing.
    #[error("this is no certificate: {0}")]
    Shape(&'static str),
    /// It names another key than the one it is checked with.
    #[error("it is signed with another key than the one given; ask the controller for the log's key")]
    Key,
    /// The head is not signed with that key.
    #[error("the log's head is not signed with its key: {0}")]
    Head(String),
    /// The leaf is not in the tree of the head.
    #[error("the leaf is not in the log under the signed head")]
    Leaf,
    /// The leaf commits to something else.
    #[error("the leaf commits to another document: it was changed")]
    Document,
}

/// Checks a certificate, with the log's key as the controller published it, or by the key in it alone.
///
/// # Errors
/// [`Unproven`], with what does not hold.
pub fn check(certificate: &Value, key: Option<&str>) -> Result<Checked, Unproven> {
    let text = |value: &Value, name: &'static str| {
        value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(Unproven::Shape(name))
    };
    let bytes = |text: &str, name: &'static str| BASE64.decode(text.as_bytes()).map_err(|_| Unproven::Shape(name));
    let document = text(certificate, "document")?;
    let proof = certificate.get("proof").ok_or(Unproven::Shape("proof"))?;
    let own = text(proof, "verifier")?;
    if key.is_some_and(|key| key.trim() != own) {
        return Err(Unproven::Key);
    }
    let verifier: Verifier = own.parse().map_err(|_| Unproven::Shape("verifier"))?;
    let note = text(proof, "checkpoint")?;
    let head = verifier.open(&note).map_err(|e| Unproven::Head(e.to_string()))?;
    let head = Checkpoint::from_text(head).map_err(|e| Unproven::Head(e.to_string()))?;
    let index = proof.get("index").and_then(Value::as_u64).ok_or(Unproven::Shape("index"))?;
    let entry = bytes(&text(proof, "entry")?, "entry")?;
    let mut path: Vec<Hash> = Vec::new();
    for hash in proof.get("inclusion").and_then(Value::as_array).ok_or(Unproven::Shape("inclusion"))? {
        let hash = bytes(hash.as_str().unwrap_or_default(), "inclusion")?;
        path.push(hash.try_into().map_err(|_| Unproven::Shape("inclusion"))?);
    }
    if !verify_inclusion(head.size, index, leaf_hash(&entry), &path, &head.root) {
        return Err(Unproven::Leaf);
    }
    let leaf = Leaf::decode(&entry).map_err(|_| Unproven::Shape("entry"))?;
    let commitment = sha256(&[leaf.salt.as_slice(), sha256(document.as_bytes()).as_slice()].concat());
    if leaf.commitment != Some(commitment) {
        return Err(Unproven::Document);
    }
    let document = serde_json::from_str(&document).map_err(|_| Unproven::Shape("document"))?;
    Ok(Checked { document, leaf, log: verifier.name().to_owned(), index })
}
