//! SMS by any gateway that takes an HTTP request: method, address and body as configured, signed with
//! HMAC-SHA256 under a shared secret.

use std::collections::BTreeSet;

use avouch_seal::sign::hmac_sha256;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Deserialize;

use super::port::{Letter, Sending, SmsGateway, Undelivered};
use crate::outbound::{Call, Guard, host_of};

/// How the body is written; what is filled into it is escaped accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A JSON document.
    Json,
    /// An HTML form: `name=value&…`.
    Form,
}

/// How requests are signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The header that carries the signature.
    pub header: String,
    /// What is signed: a template with `{{body}}`, `{{time}}`, `{{to}}` and the like.
    pub over: String,
    /// What stands before it in the header, e.g. `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// How its bytes are written.
    pub encoding: Encoding,
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// A gateway as configured. Templates know `{{to}}`, `{{text}}`, `{{code}}`, `{{kind}}`, `{{language}}`,
/// `{{id}}` and `{{time}}` (Unix seconds).
#[derive(Debug, Clone, Deserialize)]
pub struct Gateway {
    /// `POST`, or what else it asks for.
    #[serde(default = "post")]
    pub method: String,
    /// Its address: https, or http to an address that `outbound.loopback` names.
    pub url: String,
    /// How the body is written.
    pub form: Form,
    /// The body, as a template.
    pub body: String,
    /// Further headers, as templates.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// How requests are signed, where they are.
    pub signature: Option<Signature>,
    /// A text that only an answer of success holds, for gateways that answer 200 to everything.
    pub accepted: Option<String>,
}

fn post() -> String {
    "POST".into()
}

/// An SMS gateway over HTTP.
pub struct HttpGateway {
    gateway: Gateway,
    method: Method,
    /// The one host it is at.
    hosts: BTreeSet<String>,
    secret: zeroize::Zeroizing<Vec<u8>>,
    outbound: Guard,
}

impl std::fmt::Debug for HttpGateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpGateway").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Escape {
    Json,
    Form,
    Plain,
}

fn escape(value: &str, how: Escape) -> String {
    match how {
        Escape::Plain => value.to_owned(),
        Escape::Form => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_default().to_owned()
        }
    }
}

fn fill(template: &str, letter: &Letter, body: &str, how: Escape) -> String {
    let time = letter.at.as_second().to_string();
    let value = |name: &str| match name {
        "to" => Some(letter.to.as_str()),
        "text" => Some(letter.text.as_str()),
        "code" => Some(letter.code.as_ref().map_or("", |c| c.as_str())),
        "kind" => Some(letter.kind.as_str()),
        "language" => Some(letter.language.as_str()),
        "id" => Some(letter.id.as_str()),
        "time" => Some(time.as_str()),
        _ => None,
    };
    let mut out = String::with_capacity(template.len() + letter.text.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match (name.trim(), value(name.trim())) {
            // What is signed or sent whole stands as it is.
            ("body", _) => out.push_str(body),
            (_, Some(value)) => out.push_str(&escape(value, how)),
            (_, None) => {}
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

impl HttpGateway {
    /// A gateway as configured, with its secret, over the way out.
    ///
    /// # Errors
    /// What is wrong with the configuration, for who wrote it.
    pub fn new(gateway: Gateway, secret: Vec<u8>, outbound: Guard) -> Result<Self, String> {
        let method = gateway.method.parse().map_err(|_| format!("sms.gateway.method: {} is none", gateway.method))?;
        let hosts = host_of(&gateway.url).map(|host| BTreeSet::from([host]));
        let hosts = hosts.and_then(|hosts| outbound.check(&gateway.url, &hosts).map(|()| hosts));
        let hosts = hosts.map_err(|fault| format!("sms.gateway.url: {fault}"))?;
        if gateway.signature.is_some() && secret.len() < 16 {
            return Err("sms.gateway: the secret that signs must be 16 bytes or longer".into());
        }
        Ok(Self { gateway, method, hosts, secret: secret.into(), outbound })
    }

    /// The call that carries a letter.
    fn call(&self, letter: &Letter) -> Result<Call<'_>, Undelivered> {
        let wrong = |what: &str| Undelivered {
            why: format!("sms.gateway: {what} cannot be sent as configured"),
            for_good: true,
        };
        let (how, kind) = match self.gateway.form {
            Form::Json => (Escape::Json, "application/json"),
            Form::Form => (Escape::Form, "application/x-www-form-urlencoded"),
        };
        let body = fill(&self.gateway.body, letter, "", how);
        let mut call = Call::new(self.method.clone(), &self.gateway.url, &self.hosts)
            .body(kind, body.clone())
            .header(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, template) in &self.gateway.headers {
            let name: HeaderName = name.parse().map_err(|_| wrong("a header's name"))?;
            let value = fill(template, letter, &body, Escape::Plain);
            call = call.header(name, HeaderValue::from_str(&value).map_err(|_| wrong("a header"))?);
        }
        if let Some(signature) = &self.gateway.signature {
            let over = fill(&signature.over, letter, &body, Escape::Plain);
            let tag = hmac_sha256(&self.secret, over.as_bytes());
            let tag = match signature.encoding {
                Encoding::Hex => data_encoding::HEXLOWER.encode(&tag),
                Encoding::Base64 => data_encoding::BASE64.encode(&tag),
            };
            let name: HeaderName = signature.header.parse().map_err(|_| wrong("the signature's header"))?;
            let value = HeaderValue::from_str(&format!("{}{tag}", signature.prefix));
            call = call.header(name, value.map_err(|_| wrong("the signature"))?);
        }
        Ok(call)
    }

    async fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let call = self.call(letter)?;
        let answer = self
            .outbound
            .send(call)
            .await
            .map_err(|fault| Undelivered { why: format!("the SMS gateway: {fault}"), for_good: false })?;
        let status = answer.status;
        if !status.is_success() {
            // A number it will not take stays so; a wrong signature or a full queue can be mended.
            let for_good = matches!(status.as_u16(), 400 | 404 | 410 | 422);
            return Err(Undelivered { why: format!("the SMS gateway answered {status}"), for_good });
        }
        match &self.gateway.accepted {
            Some(text) if !String::from_utf8_lossy(&answer.body).contains(text.as_str()) => Err(Undelivered {
                why: "the SMS gateway answered without what `accepted` asks for".into(),
                for_good: false,
            }),
            _ => Ok(()),
        }
    }
}

impl SmsGateway for HttpGateway {
    fn sms<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(self.send(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Reach;

    fn letter() -> Letter {
        Letter {
            id: "id1".into(),
            kind: "code-log-in".into(),
            language: "en".into(),
            to: "+8619900000001".to_owned().into(),
            subject: String::new(),
            text: "Say \"hi\" & 你好".to_owned().into(),
            code: Some("042042".to_owned().into()),
            unsubscribe: None,
            at: "2026-12-01T01:00:00Z".parse().unwrap(),
        }
    }

    fn gateway(toml: serde_json::Value) -> Gateway {
        serde_json::from_value(toml).unwrap()
    }

    fn open(settings: serde_json::Value, secret: &[u8]) -> Result<HttpGateway, String> {
        let reach = Reach { loopback: vec!["127.0.0.1:9".parse().unwrap()], ..Reach::default() };
        HttpGateway::new(gateway(settings), secret.to_vec(), Guard::new(reach, None).unwrap())
    }

    #[test]
    fn what_is_filled_in_cannot_leave_its_place() {
        let json = open(
            serde_json::json!({
                "url": "https://sms.example/send", "form": "json",
                "body": "{\"to\":\"{{to}}\",\"text\":\"{{text}}\",\"code\":\"{{ code }}\"}",
            }),
            b"",
        );
        let json = json.unwrap();
        let read: serde_json::Value = serde_json::from_slice(&json.call(&letter()).unwrap().body).unwrap();
        assert_eq!(read["text"], "Say \"hi\" & 你好");
        assert_eq!(read["code"], "042042");
        let form = open(
            serde_json::json!({
                "url": "https://sms.example/send", "form": "form", "body": "to={{to}}&text={{text}}",
            }),
            b"",
        );
        let form = form.unwrap();
        let body = form.call(&letter()).unwrap().body;
        let read: Vec<_> = form_urlencoded::parse(&body).collect();
        assert_eq!(read[0].1, "+8619900000001");
        assert_eq!(read[1].1, "Say \"hi\" & 你好");
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn requests_are_signed_over_what_the_gateway_says() {
        let signed = open(
            serde_json::json!({
                "url": "http://127.0.0.1:9/send", "form": "json", "body": "{\"to\":\"{{to}}\"}",
                "headers": { "X-Time": "{{time}}" },
                "signature": { "header": "X-Signature", "over": "{{time}}.{{body}}", "prefix": "sha256=", "encoding": "hex" },
            }),
            b"0123456789abcdef",
        );
        let signed = signed.unwrap();
        let request = signed.call(&letter()).unwrap();
        assert_eq!(request.headers["x-time"], "1796086800");
        let over = "1796086800.{\"to\":\"+8619900000001\"}";
        let tag = data_encoding::HEXLOWER.encode(&hmac_sha256(b"0123456789abcdef", over.as_bytes()));
        assert_eq!(request.headers["x-signature"], format!("sha256={tag}"));
    }

    #[test]
    fn numbers_go_nowhere_in_the_clear() {
        for (url, fine) in [
            ("https://sms.example/send", true),
            ("http://127.0.0.1:9/send", true),
            ("http://127.0.0.1:8080/send", false),
            ("https://10.0.0.1/send", false),
            ("http://sms.example/send", false),
            ("ftp://sms.example/send", false),
        ] {
            let made = open(serde_json::json!({ "url": url, "form": "json", "body": "" }), b"");
            assert_eq!(made.is_ok(), fine, "{url}");
        }
    }
}
