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

/// SHA-256 of bytes that come one after another.
pub struct Sha256(digest::Context);

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256")
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// At the beginning.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    #[must_use]
    pub fn finish(self) -> Hash {
        take(&self.0.finish())
    }
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
