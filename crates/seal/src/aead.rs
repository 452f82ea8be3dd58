//! Authenticated encryption with its place bound in.

use crate::suite::{FORMAT, Suite};

/// Why a value could not be sealed or opened. Says nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a sealed value of a layout this build knows.
    #[error("it is not a sealed value this build knows (format {0})")]
    Format(u8),
    /// The key, the place or the bytes are not those it was sealed with.
    #[error("its key, its place or its bytes are not those it was sealed with")]
    Broken,
    /// A chunk that has not the length of its place in the blob, or lies past the blob's end.
    #[error("a chunk has not the length its place in the blob asks for")]
    Chunk,
}

/// The place a value is sealed into: moved anywhere else, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Aad<'a> {
    /// The region's name.
    pub region: &'a str,
    /// The subject's 16 bytes.
    pub subject: &'a [u8],
    /// The item's name.
    pub item: &'a str,
    /// The record's id.
    pub record: &'a [u8],
    /// The record's version.
    pub version: u64,
}

impl Aad<'_> {
    /// Each part with its length before it, so that no two places have the same bytes.
    pub(crate) fn for_suite(&self, suite: Suite) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.item.len() + self.record.len());
        out.extend_from_slice(&[FORMAT, suite as u8]);
        for part in [self.region.as_bytes(), self.subject, self.item.as_bytes(), self.record] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out.extend_from_slice(&self.version.to_be_bytes());
        out
    }
}
