//! Blobs: pictures and videos sealed chunk by chunk, so that any range opens alone.
//!
//! Keeps promise 5.5, and the means of 6.2: the key of a blob hangs on a random id that stands only in its
//! row, so that deleting the row leaves nothing that opens what may still lie in the object store. The
//! construction is that of STREAM: every chunk knows its number and whether it is the last, and here the
//! whole size too, so that a chunk left out, doubled, moved, swapped or cut off is found.

use zeroize::Zeroizing;

use crate::aead::{self, Aad, SealError, Suite};
use crate::entropy::Entropy;

/// Plain bytes in a chunk; the last one may be shorter.
pub const CHUNK: u64 = 64 * 1024;
/// What sealing adds to each chunk: format, suite, nonce and tag.
pub const CHUNK_OVERHEAD: u64 = 2 + 12 + 16;

/// The key of one blob, bound to its place and size.
pub struct BlobKey {
    key: Zeroizing<[u8; 32]>,
    place: Vec<u8>,
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
    pub(crate) fn new(key: Zeroizing<[u8; 32]>, aad: &Aad<'_>) -> Self {
        Self { key, place: aad.for_suite(Suite::Aes256Gcm), size: aad.version }
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

    fn aad(&self, index: u64) -> Vec<u8> {
        let mut aad = self.place.clone();
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
        aead::seal(&self.key, &self.aad(index), plain, entropy)
    }

    /// Opens chunk `index`.
    ///
    /// # Errors
    /// [`SealError::Broken`] when the chunk is another's, another one, or changed.
    pub fn open(&self, index: u64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let length = self.length(index)?;
        let plain = aead::open(&self.key, &self.aad(index), sealed)?;
        if plain.len() as u64 == length { Ok(plain) } else { Err(SealError::Chunk) }
    }
}
