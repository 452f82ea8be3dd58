//! Cookies: read, set, ended. The few there are stand in the policy's chapter 3.
//!
//! Keeps promise 3.1: only what login and choices need is set. `__Host-` binds a cookie to this host, to
//! `Path=/` and to `Secure` (RFC 6265bis, 4.1.3.2). Chromium takes and sends them over plain HTTP on
//! `127.0.0.1` and `localhost` (seen); on any other address without TLS it drops them, and every form is
//! then refused: a face that is reached from elsewhere needs TLS in front.

use axum::http::{HeaderMap, HeaderValue, header};

/// The login.
pub const SESSION: &str = "__Host-session";
/// The staff login of the console.
pub const CONSOLE: &str = "__Host-console";
/// The forms' protection.
pub const CSRF: &str = "__Host-csrf";
/// The console's forms' protection: cookies know no ports, so the faces must not share one.
pub const CONSOLE_CSRF: &str = "__Host-console-csrf";
/// The language.
pub const LANG: &str = "lang";

/// How long the language is remembered: one year, in seconds, as the policy declares.
pub const LANG_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The value of a cookie of a request. If one name comes twice, none is taken: somebody tossed one in.
#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = None;
    for header in headers.get_all(header::COOKIE) {
        for pair in header.to_str().ok()?.split(';') {
            if let Some((key, value)) = pair.trim().split_once('=')
                && key == name
                && found.replace(value).is_some()
            {
                return None;
            }
        }
    }
    found.filter(|value| !value.is_empty())
}

/// A `Set-Cookie` value: `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`, no `Domain`. Without `seconds` it
/// ends with the browser's session. `None` when the value holds a character a cookie cannot carry.
#[must_use]
pub fn set(name: &str, value: &str, seconds: Option<u32>) -> Option<HeaderValue> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    if !value.bytes().all(plain) {
        return None;
    }
    let age = seconds.map_or_else(String::new, |s| format!("; Max-Age={s}"));
    HeaderValue::try_from(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")).ok()
}

/// A `Set-Cookie` value that removes the cookie at once.
#[must_use]
pub fn end(name: &str) -> Option<HeaderValue> {
    set(name, "", Some(0))
}

/// At logout: the cookies named (login and forms' token of one face) end, and the browser drops what it cached or stored of this
/// site (ASVS 14.3.1). The language stays.
pub fn log_out(headers: &mut HeaderMap, names: [&str; 2]) {
    for name in names {
        if let Some(value) = end(name) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for cookie in cookies {
            map.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        map
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let map = headers(&["lang=en; __Host-session=abc", "other=1"]);
        assert_eq!(read(&map, SESSION), Some("abc"));
        assert_eq!(read(&map, LANG), Some("en"));
        assert_eq!(read(&map, CSRF), None);
    }

    #[test]
    fn a_cookie_that_comes_twice_is_not_believed() {
        assert_eq!(read(&headers(&["__Host-csrf=a; __Host-csrf=b"]), CSRF), None);
        assert_eq!(read(&headers(&["__Host-csrf=a", "__Host-csrf=a"]), CSRF), None);
    }

    #[test]
    fn promise_3_1_a_cookie_is_bound_to_host_and_hidden_from_scripts() {
        let value = set(SESSION, "abc-_", Some(60)).unwrap();
        assert_eq!(value.to_str().unwrap(), "__Host-session=abc-_; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
        assert!(set(SESSION, "a; Domain=evil.example", None).is_none());
        assert!(set(SESSION, "a\r\nb", None).is_none());
    }

    #[test]
    fn logging_out_ends_every_login_cookie_and_clears_the_cache() {
        let mut map = HeaderMap::new();
        log_out(&mut map, [SESSION, CSRF]);
        assert_eq!(map.get_all(header::SET_COOKIE).iter().count(), 2);
        assert!(map.contains_key("clear-site-data"));
    }
}
