//! A root key on its way from one keeper to another.

use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::kms::{Kms, KmsError};

/// Wraps with one keeper, and still opens what another wrapped: until a rotation has wrapped everything anew.
pub struct Moving {
    from: Box<dyn Kms>,
    to: Box<dyn Kms>,
}

impl std::fmt::Debug for Moving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

impl Moving {
    /// From one keeper to the other.
    #[must_use]
    pub fn new(from: Box<dyn Kms>, to: Box<dyn Kms>) -> Self {
        Self { from, to }
    }

    /// What the new keeper opens, or else the old one. A new keeper that cannot be asked is not passed over.
    fn either<T>(&self, ask: impl Fn(&dyn Kms) -> Result<T, KmsError>) -> Result<T, KmsError> {
        match ask(self.to.as_ref()) {
            Err(KmsError::Wrong(_)) => ask(self.from.as_ref()),
            other => other,
        }
    }
}

impl Kms for Moving {
    fn wrap(&self, context: &str, key: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, KmsError> {
        self.to.wrap(context, key, entropy)
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.either(|kms| kms.unwrap(context, wrapped))
    }

    fn version(&self) -> Result<String, KmsError> {
        self.to.version()
    }

    fn wrapped_by(&self, context: &str, wrapped: &[u8]) -> Result<String, KmsError> {
        self.either(|kms| kms.wrapped_by(context, wrapped))
    }

    fn rotate(&self, entropy: &dyn Entropy) -> Result<(), KmsError> {
        self.to.rotate(entropy)
    }

    fn retire(&self) -> Result<(), KmsError> {
        self.to.retire()
    }

    fn describe(&self) -> String {
        format!("{}, moving from {}", self.to.describe(), self.from.describe())
    }
}
