//! What a service asks to be sent: a request with places for values, filled in with the escaping of each place.
//!
//! Keeps promise 4.1: the host is fixed before anything is filled in, and no value can leave its place.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::fault::FieldFault;

/// A request with places: `{{phone}}` for an item, `{{@subject}}` for the subject's random id, `{{@id}}` for the call's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: String,
    /// Where to, on a host the policy names for the recipient; places only after the host.
    pub url: String,
    /// Parameters to be added to the URL.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Headers; none of those that carry the message or the recipient's credential.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body, as JSON whose texts may have places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The body, as a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<BTreeMap<String, String>>,
}

/// A request without places, ready to go.
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Filled {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Zeroizing<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, and what kind it is.
    pub body: Option<(&'static str, Zeroizing<Vec<u8>>)>,
}

/// Values by the names of their places.
pub type Values = BTreeMap<String, Zeroizing<String>>;

/// A piece of a text with places.
enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

/// The pieces of a text; nothing where a place is not closed or has no name.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let bare = name.strip_prefix('@').unwrap_or(name);
        if bare.is_empty() || !bare.chars().all(plain) {
            return None;
        }
        out.push(Piece::Text(before));
        out.push(Piece::Place(name));
        rest = after;
    }
    out.push(Piece::Text(rest));
    Some(out)
}

/// How a value is written where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// As it is.
    None,
    /// For a URL: everything but unreserved characters in percent.
    Url,
}

fn write(out: &mut String, value: &str, escape: Escape) {
    match escape {
        Escape::None => out.push_str(value),
        Escape::Url => {
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
                    out.push(char::from(byte));
                } else {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
}

fn fill(text: &str, values: &Values, escape: Escape) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    for piece in pieces(text).unwrap_or_default() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Place(name) => write(&mut out, values.get(name).map_or("", |v| v.as_str()), escape),
        }
    }
    out
}

fn fill_json(value: &Value, values: &Values) -> Value {
    match value {
        Value::String(text) => Value::String(std::mem::take(&mut *fill(text, values, Escape::None))),
        Value::Array(all) => Value::Array(all.iter().map(|v| fill_json(v, values)).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(k, v)| (k.clone(), fill_json(v, values))).collect()),
        other => other.clone(),
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(all) => all.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Headers that are not a service's to set: those that carry the message, that prove who sends it, and cookies.
fn reserved(name: &HeaderName) -> bool {
    const NAMES: [&str; 14] = [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "forwarded",
    ];
    NAMES.contains(&name.as_str()) || name.as_str().starts_with("webhook-") || name.as_str().starts_with("x-forwarded")
}

fn wrong(field: &str, code: &'static str, text: impl Into<String>) -> FieldFault {
    FieldFault::new(field, code, text)
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Template {
    /// Every text that may have places, with the field it is in.
    fn texts<'a>(&'a self, out: &mut Vec<(&'static str, &'a str)>) {
        fn walk<'a>(value: &'a Value, out: &mut Vec<(&'static str, &'a str)>) {
            match value {
                Value::String(text) => out.push(("json", text)),
                Value::Array(all) => all.iter().for_each(|v| walk(v, out)),
                Value::Object(fields) => fields.values().for_each(|v| walk(v, out)),
                _ => {}
            }
        }
        out.push(("url", &self.url));
        out.extend(self.query.values().map(|text| ("query", text.as_str())));
        out.extend(self.headers.values().map(|text| ("headers", text.as_str())));
        out.extend(self.form.iter().flatten().map(|(_, text)| ("form", text.as_str())));
        if let Some(json) = &self.json {
            walk(json, out);
        }
    }

    /// The items it has places for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn items(&self, credential: Option<&HeaderName>) -> Result<BTreeSet<String>, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut items = BTreeSet::new();
        if !METHODS.contains(&self.method.as_str()) {
            faults.push(wrong("method", "not-a-method", format!("use one of {}", METHODS.join(", "))));
        }
        if self.json.is_some() && self.form.is_some() {
            faults.push(wrong("form", "two-bodies", "send `json` or `form`, not both"));
        }
        if self.method == "GET" && (self.json.is_some() || self.form.is_some()) {
            faults.push(wrong("method", "no-body", "a GET has no body; put the values into the URL or a header"));
        }
        let host = self.url.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        if host.is_none_or(|host| host.contains(['{', '}'])) || self.url.contains('#') {
            let text = "write a whole URL with places only after the host, and no fragment";
            faults.push(wrong("url", "not-an-address", text));
        }
        for name in self.headers.keys() {
            match name.parse::<HeaderName>() {
                Ok(name) if !reserved(&name) && credential != Some(&name) => {}
                _ => faults.push(wrong("headers", "not-yours", format!("'{name}' is no header a service may set"))),
            }
        }
        let mut texts = Vec::new();
        self.texts(&mut texts);
        for (field, text) in texts {
            match pieces(text) {
                None => {
                    faults.push(wrong(field, "not-a-place", "a place is an item's name in double braces: {{phone}}"))
                }
                Some(pieces) => {
                    for piece in pieces {
                        match piece {
                            Piece::Place("@subject" | "@id") | Piece::Text(_) => {}
                            Piece::Place(name) if name.starts_with('@') => {
                                faults.push(wrong(
                                    field,
                                    "not-a-place",
                                    "there are {{@subject}} and {{@id}}, no other",
                                ));
                            }
                            Piece::Place(name) => {
                                items.insert(name.to_owned());
                            }
                        }
                    }
                }
            }
        }
        if faults.is_empty() { Ok(items) } else { Err(faults) }
    }

    /// Fills the places.
    ///
    /// # Errors
    /// A value that cannot stand in its place: a line break in a header, an empty one or dots in a path.
    pub fn fill(&self, values: &Values) -> Result<Filled, FieldFault> {
        let (path, query) = self.url.split_once('?').map_or((self.url.as_str(), None), |(p, q)| (p, Some(q)));
        let dots = |segment: &str| {
            let filled = fill(segment, values, Escape::None);
            segment.contains("{{") && matches!(filled.as_str(), "" | "." | "..")
        };
        if path.split('/').any(dots) {
            return Err(wrong("url", "not-for-a-path", "a value is empty or only dots, and cannot be part of a path"));
        }
        let mut url = fill(path, values, Escape::Url);
        let mut mark = '?';
        if let Some(query) = query {
            url.push(mark);
            url.push_str(&fill(query, values, Escape::Url));
            mark = '&';
        }
        for (name, text) in &self.query {
            url.push(mark);
            mark = '&';
            write(&mut url, name, Escape::Url);
            url.push('=');
            write(&mut url, &fill(text, values, Escape::None), Escape::Url);
        }
        let mut headers = HeaderMap::new();
        for (name, text) in &self.headers {
            let filled = fill(text, values, Escape::None);
            let value = HeaderValue::from_bytes(filled.as_bytes());
            let (Ok(name), Ok(mut value)) = (name.parse::<HeaderName>(), value) else {
                return Err(wrong("headers", "not-for-a-header", "a value with a line break cannot be in a header"));
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let body = match (&self.json, &self.form) {
            (Some(json), _) => {
                let mut filled = fill_json(json, values);
                let bytes = Zeroizing::new(serde_json::to_vec(&filled).unwrap_or_default());
                wipe(&mut filled);
                Some(("application/json", bytes))
            }
            (None, Some(form)) => {
                let mut out = form_urlencoded::Serializer::new(String::new());
                for (name, text) in form {
                    out.append_pair(name, &fill(text, values, Escape::None));
                }
                Some(("application/x-www-form-urlencoded", Zeroizing::new(out.finish().into_bytes())))
            }
            (None, None) => None,
        };
        let method = self.method.parse().unwrap_or(Method::POST);
        Ok(Filled { method, url, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(value: Value) -> Template {
        serde_json::from_value(value).unwrap()
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))).collect()
    }

    #[test]
    fn promise_4_1_no_value_leaves_its_place() {
        let hostile = "a/../b?x=1&y=2#z\"},{\"evil\":\"1 {{phone}} 张";
        let t = template(json!({
            "method": "POST", "url": "https://api.courier.example/v1/{{name}}/x?q={{name}}", "query": {"r": "-{{name}}-"},
            "json": {"to": ["{{name}}", 1, "{{@id}} {{phone}}"]}
        }));
        assert_eq!(t.items(None).unwrap().into_iter().collect::<Vec<_>>(), ["name", "phone"]);
        let filled = t.fill(&values(&[("name", hostile), ("phone", "+86 1"), ("@id", "7")])).unwrap();
        let url: http::Uri = filled.url.parse().unwrap();
        assert_eq!(url.host(), Some("api.courier.example"));
        assert_eq!(url.path().split('/').count(), 4, "{url}");
        let read: Vec<(String, String)> =
            form_urlencoded::parse(url.query().unwrap().as_bytes()).into_owned().collect();
        assert_eq!(read, [("q".to_owned(), hostile.to_owned()), ("r".to_owned(), format!("-{hostile}-"))]);
        let (_, body) = filled.body.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, json!({"to": [hostile, 1, "7 +86 1"]}), "a value is not looked at again for places");
    }

    #[test]
    fn promise_4_1_a_form_and_a_header_take_values_whole_or_not_at_all() {
        let t = template(json!({
            "method": "POST", "url": "https://x.example/", "headers": {"x-name": "{{name}}"}, "form": {"n": "{{name}}"}
        }));
        let filled = t.fill(&values(&[("name", "张 & co")])).unwrap();
        assert_eq!(filled.headers["x-name"].as_bytes(), "张 & co".as_bytes());
        let (_, body) = filled.body.unwrap();
        assert_eq!(form_urlencoded::parse(&body).next().unwrap().1, "张 & co");
        assert!(t.fill(&values(&[("name", "a\r\nx-evil: 1")])).is_err());
        let path = template(json!({"method": "GET", "url": "https://x.example/a/{{name}}/b"}));
        for dots in ["", ".", ".."] {
            assert!(path.fill(&values(&[("name", dots)])).is_err(), "{dots:?}");
        }
    }

    #[test]
    fn promise_4_1_what_is_no_template_is_told_whole() {
        let codes = |value: Value| -> Vec<&'static str> {
            template(value).items(Some(&HeaderName::from_static("x-key"))).unwrap_err().iter().map(|f| f.code).collect()
        };
        assert_eq!(codes(json!({"method": "GET", "url": "https://{{phone}}.example/"})), ["not-an-address"]);
        assert_eq!(codes(json!({"method": "GET", "url": "https://x.example/#{{phone}}"})), ["not-an-address"]);
        assert_eq!(codes(json!({"method": "TRACE", "url": "https://x.example/"})), ["not-a-method"]);
        assert_eq!(codes(json!({"method": "GET", "url": "https://x.example/", "json": {}})), ["no-body"]);
        assert_eq!(codes(json!({"method": "PUT", "url": "https://x.example/", "json": 1, "form": {}})), ["two-bodies"]);
        assert_eq!(codes(json!({"method": "GET", "url": "https://x.example/{{Phone}}"})), ["not-a-place"]);
        assert_eq!(codes(json!({"method": "GET", "url": "https://x.example/{{@secret}}"})), ["not-a-place"]);
        for header in ["host", "Authorization", "x-key", "webhook-id", "bad name"] {
            let t = json!({"method": "GET", "url": "https://x.example/", "headers": {header: "1"}});
            assert_eq!(codes(t), ["not-yours"], "{header}");
        }
    }
}
