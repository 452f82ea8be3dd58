//! Forms can only be sent from this site's own pages (ASVS 3.5.1 to 3.5.3).
//!
//! Two independent checks, both must hold: where the browser says the request comes from
//! (`Sec-Fetch-Site`, else `Origin`), and a token that stands both in the form and in the `__Host-csrf`
//! cookie and is bound to the session by a keyed hash, so that a token tossed in from elsewhere, or one of
//! another session, fails.

use aws_lc_rs::{constant_time, hmac};
use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;

use super::Random;

/// The name of the hidden field every form has.
pub const FIELD: &str = "csrf";

const NONCE: usize = 16;
const TAG: usize = 16;

/// The key that binds tokens to sessions: the same on every node.
#[derive(Clone)]
pub struct CsrfKey(hmac::Key);

impl std::fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfKey(…)")
    }
}

impl CsrfKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A fresh token for `session` (the value of the session cookie, or empty before login).
    #[must_use]
    pub fn issue(&self, session: &str, random: &Random) -> String {
        let nonce = random.bytes::<NONCE>();
        let mut raw = Vec::with_capacity(NONCE + TAG);
        raw.extend_from_slice(&nonce);
        raw.extend_from_slice(&self.tag(session, &nonce));
        BASE64URL_NOPAD.encode(&raw)
    }

    /// Whether `token` was issued by this key for `session`.
    #[must_use]
    pub fn valid(&self, session: &str, token: &str) -> bool {
        let Ok(raw) = BASE64URL_NOPAD.decode(token.as_bytes()) else {
            return false;
        };
        let Some((nonce, tag)) = raw.split_at_checked(NONCE) else {
            return false;
        };
        constant_time::verify_slices_are_equal(&self.tag(session, nonce), tag).is_ok()
    }

    fn tag(&self, session: &str, nonce: &[u8]) -> [u8; TAG] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"avouch csrf v1\0");
        context.update(nonce);
        context.update(session.as_bytes());
        let full = context.sign();
        let mut out = [0; TAG];
        for (to, from) in out.iter_mut().zip(full.as_ref()) {
            *to = *from;
        }
        out
    }
}

/// Whether field and cookie carry the same token, valid for the session.
#[must_use]
pub fn tokens_agree(key: &CsrfKey, session: &str, cookie: Option<&str>, field: Option<&str>) -> bool {
    let (Some(cookie), Some(field)) = (cookie, field) else {
        return false;
    };
    constant_time::verify_slices_are_equal(cookie.as_bytes(), field.as_bytes()).is_ok() && key.valid(session, cookie)
}

/// Whether the browser says that the request comes from this very origin. A browser that says nothing (no
/// `Sec-Fetch-Site`, no `Origin`) is left to the token. `own` is the public origin when it is configured;
/// else the `Host` the request was sent to counts.
#[must_use]
pub fn same_origin(headers: &HeaderMap, own: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or(""));
    if let Some(site) = text("sec-fetch-site") {
        // `none`: the person started it themselves, by reloading a sent form for one.
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return true;
    };
    if let Some(own) = own {
        return origin.eq_ignore_ascii_case(own);
    }
    let host = text(header::HOST.as_str()).unwrap_or("");
    let bare = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    !host.is_empty() && bare.is_some_and(|b| b.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn key() -> CsrfKey {
        CsrfKey::new(&[7; 32])
    }

    fn random() -> Random {
        Random::new(|out| out.fill(3))
    }

    #[test]
    fn a_token_holds_for_its_session_and_key_only() {
        let token = key().issue("session-a", &random());
        assert!(key().valid("session-a", &token));
        assert!(!key().valid("session-b", &token));
        assert!(!key().valid("", &token));
        assert!(!CsrfKey::new(&[8; 32]).valid("session-a", &token));
    }

    #[test]
    fn field_and_cookie_must_both_be_there_and_agree() {
        let key = key();
        let token = key.issue("s", &random());
        assert!(tokens_agree(&key, "s", Some(&token), Some(&token)));
        assert!(!tokens_agree(&key, "s", Some(&token), None));
        assert!(!tokens_agree(&key, "s", None, Some(&token)));
        assert!(!tokens_agree(&key, "s", Some("tossed"), Some("tossed")));
    }

    #[test]
    fn the_browsers_word_on_where_a_form_comes_from_is_heard() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.insert(*name, HeaderValue::from_static(value));
            }
            map
        };
        assert!(same_origin(&headers(&[("sec-fetch-site", "same-origin")]), None));
        assert!(!same_origin(&headers(&[("sec-fetch-site", "same-site")]), None));
        assert!(!same_origin(
            &headers(&[("sec-fetch-site", "cross-site"), ("origin", "http://a.example"), ("host", "a.example")]),
            None
        ));
        assert!(same_origin(&headers(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]), None));
        assert!(!same_origin(&headers(&[("origin", "null"), ("host", "a.example")]), None));
        assert!(!same_origin(&headers(&[("origin", "https://evil.example"), ("host", "a.example")]), None));
        assert!(!same_origin(
            &headers(&[("origin", "https://a.example"), ("host", "a.example")]),
            Some("https://b.example")
        ));
        assert!(same_origin(&headers(&[]), None));
    }

    proptest::proptest! {
        #[test]
        fn no_made_up_token_is_valid(token in "[A-Za-z0-9_-]{0,64}") {
            proptest::prop_assert!(!key().valid("s", &token));
        }
    }
}
