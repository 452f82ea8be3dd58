//! Blobs: pictures and videos sealed chunk by chunk, so that any range opens alone.
//!
//! Keeps promise 5.5, and the means of 6.2: the key of a blob hangs on a random id that stands only in its
//! row, so that deleting the row leaves nothing that opens what may still lie in the object store. The
//! construction is that of STREAM: every chunk knows its number and whether it is the last, and here the
//! whole size too, so that a chunk left out, doubled, moved, swapped or cut off is found.

use zeroize::Zeroizing;

use crate::aead::{Aad, SealError};
use crate::entropy::Entropy;
use crate::suite::Suite;

/// Plain bytes in a chunk; the last one may be shorter.
pub const CHUNK: u64 = 64 * 1024;
/// What sealing adds to each chunk: format, suite, nonce and tag.
pub const CHUNK_OVERHEAD: u64 = 2 + 12 + 16;

/// A key and the place it seals for.
type Bound = (Zeroizing<[u8; 32]>, Vec<u8>);

/// The key of one blob, bound to its place and size.
pub struct BlobKey {
    /// What chunks are sealed with.
    suite: Suite,
    /// By suite, so that chunks of both open.
    keys: [Bound; Suite::ALL.len()],
    size: u64,
}

impl std::fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobKey(…)")
    }
}

/// How many chunks a blob of `size` plain bytes has: at least one, so that an empty blob is sealed too.
#[must_use]
pub fn chunks(size: u64) -> u64 {
    size.div_ceil(CHUNK).max(1)
}

impl BlobKey {
    /// `aad.version` is the blob's whole size in plain bytes, `aad.record` its id.
    pub(crate) fn new(suite: Suite, key: impl Fn(Suite) -> Zeroizing<[u8; 32]>, aad: &Aad<'_>) -> Self {
        Self { suite, keys: Suite::ALL.map(|suite| (key(suite), aad.for_suite(suite))), size: aad.version }
    }

    fn bound(&self, suite: Suite) -> Result<&Bound, SealError> {
        Suite::ALL.into_iter().zip(&self.keys).find(|(s, _)| *s == suite).map(|(_, b)| b).ok_or(SealError::Broken)
    }

    /// The blob's size in plain bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Plain bytes of chunk `index`.
    fn length(&self, index: u64) -> Result<u64, SealError> {
        let last = chunks(self.size) - 1;
        match index.cmp(&last) {
            std::cmp::Ordering::Less => Ok(CHUNK),
            std::cmp::Ordering::Equal => Ok(self.size - last * CHUNK),
            std::cmp::Ordering::Greater => Err(SealError::Chunk),
        }
    }

    fn aad(&self, place: &[u8], index: u64) -> Vec<u8> {
        let mut aad = place.to_vec();
        aad.extend_from_slice(b"chunk");
        aad.extend_from_slice(&index.to_be_bytes());
        aad.push(u8::from(index + 1 == chunks(self.size)));
        aad
    }

    /// Seals chunk `index`, from 0.
    ///
    /// # Errors
    /// [`SealError::Chunk`] unless it has the length its place in the blob asks for.
    pub fn seal(&self, index: u64, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        if plain.len() as u64 != self.length(index)? {
            return Err(SealError::Chunk);
        }
        let (key, place) = self.bound(self.suite)?;
        self.suite.seal(key, &self.aad(place, index), plain, entropy)
    }

    /// Seals the chunks of an object, from number `from`, anew with the key's suite; nothing where they are so.
    ///
    /// # Errors
    /// As [`BlobKey::open`].
    pub fn reseal(&self, from: u64, sealed: &[u8], entropy: &dyn Entropy) -> Result<Option<Vec<u8>>, SealError> {
        let step = usize::try_from(CHUNK + CHUNK_OVERHEAD).unwrap_or(usize::MAX);
        if sealed.chunks(step).map(Suite::of).all(|suite| suite == Ok(self.suite)) {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(sealed.len());
        for (index, chunk) in (from..).zip(sealed.chunks(step)) {
            let plain = Zeroizing::new(self.open(index, chunk)?);
            out.extend_from_slice(&self.seal(index, &plain, entropy)?);
        }
        Ok(Some(out))
    }

    /// Opens chunk `index`.
    ///
    /// # Errors
    /// [`SealError::Broken`] when the chunk is another's, another one, or changed.
    pub fn open(&self, index: u64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let length = self.length(index)?;
        let suite = Suite::of(sealed)?;
        let (key, place) = self.bound(suite)?;
        let plain = suite.open(key, &self.aad(place, index), sealed)?;
        if plain.len() as u64 == length { Ok(plain) } else { Err(SealError::Chunk) }
    }
}
