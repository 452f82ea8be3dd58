//! Who keeps the root key.

use zeroize::Zeroizing;

use crate::entropy::Entropy;

/// A root key that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// It is not there.
    #[error("{0}")]
    Missing(String),
    /// It is there, but must not be used like this.
    #[error("{0}")]
    Unsafe(String),
    /// It is not the key that wrapped this.
    #[error(
        "the root key does not open what it should have wrapped ({0}): it is another key, or the data was \
         changed. Put the right key back; nothing was written"
    )]
    Wrong(String),
}

/// Wraps and unwraps the keys of regions and logs. The key file is the default; a key service or a
/// security module can stand in its place.
///
/// A root key has versions: the newest wraps, and those before it still unwrap until they are retired. Every
/// method may wait for a service; callers use them where keys are opened and rotated, never for each person.
pub trait Kms: Send + Sync {
    /// Wraps a key for a context, which must be given again to unwrap it.
    ///
    /// # Errors
    /// When the root key cannot be used.
    fn wrap(&self, context: &str, key: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, KmsError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// [`KmsError::Wrong`] when it was wrapped by another key or for another context.
    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError>;

    /// The version that wraps now, by a name that is no secret.
    ///
    /// # Errors
    /// When the root key cannot be used.
    fn version(&self) -> Result<String, KmsError>;

    /// The version a key was wrapped by.
    ///
    /// # Errors
    /// As [`Kms::unwrap`].
    fn wrapped_by(&self, context: &str, wrapped: &[u8]) -> Result<String, KmsError>;

    /// Makes a new version, which wraps from now on.
    ///
    /// # Errors
    /// When it cannot be made; then the one before goes on wrapping.
    fn rotate(&self, entropy: &dyn Entropy) -> Result<(), KmsError>;

    /// Gives up every version but the newest. What they wrapped does not open any more, in old backups either.
    ///
    /// # Errors
    /// When it cannot be done; then every version stays.
    fn retire(&self) -> Result<(), KmsError>;

    /// Where the root key is, for `doctor`; no secret.
    fn describe(&self) -> String;
}
