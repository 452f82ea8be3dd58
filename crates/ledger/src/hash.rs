//! RFC 6962 hashing: leaves and nodes in domains of their own.
//!
//! Nodes, and entries of up to `STACK` bytes, are hashed from the stack in one call: nothing is allocated.

use aws_lc_rs::digest;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Entries up to this many bytes are hashed from the stack; it covers every leaf the gate writes.
const STACK: usize = 1023;

fn take(digest: &digest::Digest) -> Hash {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}

/// SHA-256 of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    take(&digest::digest(&digest::SHA256, bytes))
}

/// The hash of a leaf's entry: SHA-256(0x00 ‖ entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut buffer = [0_u8; STACK + 1];
    if let Some(prefixed) = buffer.get_mut(..=entry.len())
        && let Some(body) = prefixed.get_mut(1..)
    {
        body.copy_from_slice(entry);
        return sha256(prefixed);
    }
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(entry);
    take(&context.finish())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut buffer = [1_u8; 65];
    let (_, children) = buffer.split_at_mut(1);
    let (to_left, to_right) = children.split_at_mut(32);
    to_left.copy_from_slice(left);
    to_right.copy_from_slice(right);
    sha256(&buffer)
}

/// The root of the empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}
