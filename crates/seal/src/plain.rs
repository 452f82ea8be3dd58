//! Plaintext on its way to a named sink.

use zeroize::Zeroize;

/// A value in the clear. It cannot be printed, cloned or serialised; it is wiped when dropped, and
/// read only by a closure that names what it is for.
pub struct Plain<T: Zeroize>(T);

impl<T: Zeroize> Plain<T> {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value to one sink. `sink` names where it goes, for those who read the code.
    pub fn expose<R>(&self, sink: Sink, read: impl FnOnce(&T) -> R) -> R {
        let _named = sink;
        read(&self.0)
    }
}

impl Plain<Vec<u8>> {
    /// The bytes, for commitments and re-sealing within the store.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Zeroize> Drop for Plain<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> std::fmt::Debug for Plain<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain(…)")
    }
}

/// Where a plaintext goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// The person whose it is: a page or an export of their own.
    Subject,
    /// A service, in an answer it was permitted.
    Service,
    /// A recipient, by the gateway.
    Recipient,
    /// A member of staff, on a page of the console.
    Operator,
    /// The gate itself, to check or re-seal, and no further.
    Gate,
}
