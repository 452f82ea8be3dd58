//! Whoever compares a name and a document with the register: a port, and its adapter over HTTP.
//!
//! Keeps promises 1.2 and 4.1: a verifier is a recipient of the policy; what it gets goes through the gate as
//! sharing, and it answers yes or no with a reference, nothing else. No fault carries what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::outbound::{Call, Guard, OutboundFault, host_of};

/// Work that is awaited behind a port.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a verifier is asked. It cannot be printed.
#[expect(missing_debug_implementations, reason = "holds a name, a number and a face")]
pub struct Asked<'a> {
    /// Names the check, the same at every repetition, so that it is done and paid for once.
    pub check: &'a str,
    /// The name as written.
    pub name: &'a str,
    /// The kind of document, by its name.
    pub document: &'a str,
    /// Its number.
    pub number: &'a str,
    /// A picture of the face, where the person chose that way.
    pub face: Option<&'a [u8]>,
    /// The time of the request, Unix seconds.
    pub at: i64,
}

/// What a verifier answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whether name and document are of one person, and the face where one was given.
    pub confirmed: bool,
    /// The verifier's own name for this answer.
    pub reference: String,
}

/// Why there is no answer; it is asked again, and after some tries staff look instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierFault {
    /// It could not be reached.
    #[error("the verifier could not be asked: {0}")]
    Unreachable(#[from] OutboundFault),
    /// What it is asked with cannot be sent.
    #[error("the name of the verifier's key cannot stand in a header; write letters, digits and dashes")]
    Unsendable,
    /// It answered with a status that is none of success.
    #[error("the verifier answered with status {0}; look at its account, its key and its limits")]
    Status(u16),
    /// Its answer is neither yes nor no by the configuration.
    #[error("the verifier's answer is neither among `confirmed` nor among `refused`; compare {0} with its manual")]
    Unclear(String),
}

/// Compares names and documents with the register.
pub trait Verifier: Send + Sync + std::fmt::Debug {
    /// Its name among the policy's recipients.
    fn recipient(&self) -> &str;
    /// The host requests go to, which the policy must name for the recipient; none for one within the house.
    fn host(&self) -> Option<&str>;
    /// Whether it can compare faces too.
    fn compares_faces(&self) -> bool;
    /// Asks it.
    fn verify<'a>(&'a self, asked: &'a Asked<'a>) -> Pending<'a, Result<Answered, VerifierFault>>;
}

/// How a verifier over HTTP is spoken to.
pub struct HttpSettings {
    /// Its name among the policy's recipients.
    pub recipient: String,
    /// Where requests go; the path is part of what is signed.
    pub url: String,
    /// Names the secret, to the verifier.
    pub key_id: String,
    /// The secret requests are signed with.
    pub secret: Zeroizing<Vec<u8>>,
    /// The body: JSON whose texts may hold `{name}`, `{type}`, `{number}`, `{face}`, `{check}` and `{at}`.
    pub template: Value,
    /// What the verifier calls each kind of document; ours where it says nothing.
    pub types: BTreeMap<String, String>,
    /// Where in its answer the verdict stands, as a JSON pointer, e.g. `/data/result`.
    pub verdict: String,
    /// Values there that mean yes.
    pub confirmed: Vec<Value>,
    /// Values there that mean no.
    pub refused: Vec<Value>,
    /// Where its reference stands.
    pub reference: String,
    /// Whether the template sends faces.
    pub faces: bool,
}

impl std::fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSettings")
            .field("recipient", &self.recipient)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A verifier over HTTP: one signed JSON request, one JSON answer.
///
/// Signed with HMAC-SHA-256 over `POST`, the path, the time, the check's name and the SHA-256 of the body in
/// hex, a line each; sent as `x-avouch-key`, `x-avouch-time`, `x-avouch-nonce`, `x-avouch-signature` (Base64).
#[derive(Debug)]
pub struct HttpVerifier {
    settings: HttpSettings,
    /// The one host it is at.
    hosts: BTreeSet<String>,
    outbound: Guard,
}

impl HttpVerifier {
    /// A verifier over the way out.
    ///
    /// # Errors
    /// Its address is none that could be reached.
    pub fn new(settings: HttpSettings, outbound: Guard) -> Result<Self, OutboundFault> {
        let hosts = BTreeSet::from([host_of(&settings.url)?]);
        outbound.check(&settings.url, &hosts)?;
        Ok(Self { settings, hosts, outbound })
    }

    fn body(&self, asked: &Asked<'_>) -> Zeroizing<Vec<u8>> {
        let kind = self.settings.types.get(asked.document).map_or(asked.document, String::as_str);
        let face = asked.face.map(|f| data_encoding::BASE64.encode(f)).unwrap_or_default();
        let at = asked.at.to_string();
        let parts = [
            ("{name}", asked.name),
            ("{type}", kind),
            ("{number}", asked.number),
            ("{face}", face.as_str()),
            ("{check}", asked.check),
            ("{at}", at.as_str()),
        ];
        let filled = fill(&self.settings.template, &parts);
        Zeroizing::new(serde_json::to_vec(&filled).unwrap_or_default())
    }

    async fn ask(&self, asked: &Asked<'_>) -> Result<Answered, VerifierFault> {
        let settings = &self.settings;
        let body = self.body(asked);
        let time = asked.at.to_string();
        let signature = sign(&settings.secret, &settings.url, &time, asked.check, &body);
        let mut call =
            Call::new(Method::POST, &settings.url, &self.hosts).body("application/json", Bytes::from_owner(body));
        for (name, value) in [
            ("x-avouch-key", settings.key_id.as_str()),
            ("x-avouch-time", time.as_str()),
            ("x-avouch-nonce", asked.check),
            ("x-avouch-signature", signature.as_str()),
        ] {
            let value = HeaderValue::from_str(value).map_err(|_| VerifierFault::Unsendable)?;
            call = call.header(HeaderName::from_static(name), value);
        }
        let answer = self.outbound.send(call).await?;
        if !answer.status.is_success() {
            return Err(VerifierFault::Status(answer.status.as_u16()));
        }
        let answer: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| VerifierFault::Unclear("the whole answer, which is no JSON,".into()))?;
        let verdict = answer.pointer(&settings.verdict);
        let among = |values: &[Value]| verdict.is_some_and(|v| values.contains(v));
        let confirmed = match (among(&settings.confirmed), among(&settings.refused)) {
            (true, false) => true,
            (false, true) => false,
            _ => return Err(VerifierFault::Unclear(settings.verdict.clone())),
        };
        let reference = match answer.pointer(&settings.reference) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        Ok(Answered { confirmed, reference: reference.chars().take(100).collect() })
    }
}

impl Verifier for HttpVerifier {
    fn recipient(&self) -> &str {
        &self.settings.recipient
    }

    fn host(&self) -> Option<&str> {
        self.hosts.first().map(String::as_str)
    }

    fn compares_faces(&self) -> bool {
        self.settings.faces
    }

    fn verify<'a>(&'a self, asked: &'a Asked<'a>) -> Pending<'a, Result<Answered, VerifierFault>> {
        Box::pin(self.ask(asked))
    }
}

/// A template with its places filled. Values are filled in after the JSON is read, so that no name can break out.
fn fill(template: &Value, parts: &[(&str, &str)]) -> Value {
    match template {
        Value::String(text) => Value::String(fill_text(text, parts)),
        Value::Array(items) => Value::Array(items.iter().map(|v| fill(v, parts)).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(k, v)| (k.clone(), fill(v, parts))).collect()),
        other => other.clone(),
    }
}

/// One pass from the left: what was filled in is not looked at again.
fn fill_text(text: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'next: while let Some(c) = rest.chars().next() {
        for (place, value) in parts {
            if let Some(after) = rest.strip_prefix(place) {
                out.push_str(value);
                rest = after;
                continue 'next;
            }
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// The signature of a request, in Base64.
#[must_use]
pub fn sign(secret: &[u8], url: &str, time: &str, nonce: &str, body: &[u8]) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let path = uri.as_ref().and_then(Uri::path_and_query).map_or("/", |path| path.as_str());
    let digest = data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(body));
    let text = format!("POST\n{path}\n{time}\n{nonce}\n{digest}");
    data_encoding::BASE64.encode(&avouch_seal::hmac_sha256(secret, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_filled_once_and_nothing_breaks_out() {
        let parts = [("{name}", "\"},{number}"), ("{number}", "1")];
        let filled = fill(&json!({ "a": ["{name}", 3], "b": { "c": "n={number}" } }), &parts);
        assert_eq!(filled, json!({ "a": ["\"},{number}", 3], "b": { "c": "n=1" } }));
    }

    #[test]
    fn a_signature_is_what_another_implementation_makes() {
        // printf 'POST\n/v1/check\n1\nn\n%s' "$(printf '{}' | sha256sum | cut -d' ' -f1)" |
        //   openssl dgst -sha256 -hmac key -binary | base64
        let signed = sign(b"key", "https://api.names.example/v1/check", "1", "n", b"{}");
        assert_eq!(signed, SIGNED);
    }

    const SIGNED: &str = "95LrSa+TEXbOfRQ3PkH1BEFDEmOPtBd+hGUrwQOmfB0=";
}
