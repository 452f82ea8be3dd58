//! How an installation speaks to each recipient: credential, signature, hook, and what of an answer is shown.
//!
//! Keeps promise 4.1: what may be sent, and to which hosts, stands in the policy; the secrets stand in files of the
//! installation, and no service ever sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

/// One recipient's way.
pub struct Outlet {
    /// The header its credential goes in, and what stands in it.
    pub credential: Option<(HeaderName, Zeroizing<String>)>,
    /// The key that calls are signed with, see [`signature`].
    pub signing: Option<Zeroizing<Vec<u8>>>,
    /// Where it is told of withdrawals, corrections and erasures; without one staff tell it.
    pub hook: Option<String>,
    /// Headers of its answers that a service may see.
    pub headers: Vec<HeaderName>,
    /// Fields of its answers that a service may see, as JSON pointers; an empty one is the whole.
    pub fields: Vec<String>,
    /// How long a call may take.
    pub within: Duration,
    /// How many bytes an answer may have.
    pub largest: usize,
}

impl Default for Outlet {
    fn default() -> Self {
        Self {
            credential: None,
            signing: None,
            hook: None,
            headers: Vec::new(),
            fields: Vec::new(),
            within: Duration::from_secs(10),
            largest: 64 * 1024,
        }
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").field("hook", &self.hook).field("within", &self.within).finish_non_exhaustive()
    }
}

/// Ways by the recipient's name in the policy.
pub type Outlets = BTreeMap<String, Outlet>;

/// The headers that sign a call, by the Standard Webhooks specification: HMAC-SHA-256 in Base64 over id, time and
/// body with dots between, so that neither can be exchanged or said again later.
#[must_use]
pub fn signature(key: &[u8], id: &str, at: jiff::Timestamp, body: &[u8]) -> [(HeaderName, HeaderValue); 3] {
    let time = at.as_second().to_string();
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let text = format!("v1,{}", data_encoding::BASE64.encode(&avouch_seal::hmac_sha256(key, &signed)));
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    [
        (HeaderName::from_static("webhook-id"), value(id)),
        (HeaderName::from_static("webhook-timestamp"), value(&time)),
        (HeaderName::from_static("webhook-signature"), value(&text)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_signed_as_the_specification_says() {
        // The example of the specification.
        let key = data_encoding::BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = jiff::Timestamp::from_second(1_614_265_330).unwrap();
        let [(_, id), (_, time), (_, signature)] =
            signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(time, "1614265330");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
