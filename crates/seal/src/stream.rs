//! A stream of bytes sealed chunk by chunk, for files whose length is not known when they are begun.
//!
//! Keeps promise 5.5. As with blobs, every chunk knows its number and whether it is the last, so that chunks left
//! out, doubled, moved, or cut off at the end are found. What is opened may be used only once the last chunk has.

use zeroize::Zeroizing;

use crate::aead::SealError;
use crate::entropy::Entropy;
use crate::suite::Suite;

/// Plain bytes in a chunk; the last one may be shorter.
pub const STREAM_CHUNK: usize = 64 * 1024;

/// The key of one stream: made for it, wrapped by whoever opens it again.
pub struct StreamKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamKey(…)")
    }
}

impl StreamKey {
    /// A new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    /// One that was unwrapped.
    ///
    /// # Errors
    /// [`SealError::Broken`] unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        bytes.try_into().map(|key| Self(Zeroizing::new(key))).map_err(|_| SealError::Broken)
    }

    /// Its bytes, to be wrapped and nothing else.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// What a chunk is bound to: the stream's head, the chunk's number, whether it is the last.
fn aad(head: &[u8], index: u64, last: bool) -> Vec<u8> {
    let mut aad = Vec::with_capacity(head.len() + 14);
    aad.extend_from_slice(b"avouch stream");
    aad.extend_from_slice(&(head.len() as u64).to_be_bytes());
    aad.extend_from_slice(head);
    aad.extend_from_slice(&index.to_be_bytes());
    aad.push(u8::from(last));
    aad
}

/// Seals a stream.
#[derive(Debug)]
pub struct StreamSealer {
    key: StreamKey,
    head: Vec<u8>,
    suite: Suite,
    index: u64,
}

impl StreamSealer {
    /// Begins one; `head` is what stands in clear before it and is bound in.
    #[must_use]
    pub fn new(key: StreamKey, suite: Suite, head: &[u8]) -> Self {
        Self { key, head: head.to_vec(), suite, index: 0 }
    }

    /// Seals the next chunk.
    ///
    /// # Errors
    /// [`SealError::Chunk`] when it is not as long as its place asks for.
    pub fn seal(&mut self, plain: &[u8], last: bool, entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        if plain.len() > STREAM_CHUNK || (!last && plain.len() != STREAM_CHUNK) {
            return Err(SealError::Chunk);
        }
        let sealed = self.suite.seal(&self.key.0, &aad(&self.head, self.index, last), plain, entropy)?;
        self.index += 1;
        Ok(sealed)
    }
}

/// Opens a stream.
#[derive(Debug)]
pub struct StreamOpener {
    key: StreamKey,
    head: Vec<u8>,
    index: u64,
}

impl StreamOpener {
    /// Begins one.
    #[must_use]
    pub fn new(key: StreamKey, head: &[u8]) -> Self {
        Self { key, head: head.to_vec(), index: 0 }
    }

    /// Opens the next chunk.
    ///
    /// # Errors
    /// [`SealError::Broken`] when it is another's, another one, changed, or not the last where `last` says so.
    pub fn open(&mut self, sealed: &[u8], last: bool) -> Result<Vec<u8>, SealError> {
        let plain = Suite::of(sealed)?.open(&self.key.0, &aad(&self.head, self.index, last), sealed)?;
        self.index += 1;
        Ok(plain)
    }
}
