#![doc = "Sealing: root key, region key, subject key, record.\n\nKeeps promise 5.5 (encryption) and the means of 5.2 and 6.3: erasing a person is destroying one wrapped\nkey. Layout and derivations are pinned by vectors in the tests and told in `docs/sealing.md`."]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod aead;
mod blob;
mod entropy;
mod id;
mod keyfile;
mod keys;
mod kms;
mod moving;
pub mod otp;
pub mod passkey;
mod plain;
mod shares;
pub mod sign;
mod sm;
mod stream;
mod suite;

pub use aead::{Aad, SealError};
pub use blob::{BlobKey, CHUNK, CHUNK_OVERHEAD, chunks};
pub use entropy::{Entropy, SystemEntropy};
pub use id::{IdError, Region, SubjectId};
pub use keyfile::KeyFile;
pub use keys::{HoldingKey, LookupKey, RegionKey, SubjectKey};
pub use kms::{Kms, KmsError};
pub use moving::Moving;
pub use plain::{Plain, Sink};
pub use shares::ShareError;
pub use stream::{STREAM_CHUNK, StreamKey, StreamOpener, StreamSealer};
pub use suite::{Suite, hmac_sha256, open_word, seal_word};
