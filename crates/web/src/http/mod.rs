//! What every answer of every face goes through: headers, cookies, languages, limits, forms' protection.

pub mod assets;
pub mod cookie;
pub mod csrf;
pub mod frames;
pub mod guard;
pub mod headers;
pub mod media;
pub mod proxy;
pub mod request_id;
pub mod sent_file;
pub mod within;

use std::fmt;
use std::sync::Arc;

/// Fills a slice with random bytes.
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Where random bytes come from: handed in, so that tests are repeatable.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Random {
    /// Wraps a source that fills a slice.
    #[must_use]
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` fresh bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        (self.0)(&mut out);
        out
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(…)")
    }
}
