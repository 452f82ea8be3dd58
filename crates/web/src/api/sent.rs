//! A body as JSON: read whole, and when it is not what the endpoint takes, told where and why.
//!
//! 415 for another media type, 413 for too much, 400 for everything else: bytes that are not UTF-8, text that is
//! not JSON, JSON of another shape.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::api::BODY_LIMIT;
use crate::api::problem::Detailed;
use crate::fault::Fault;

/// What was sent as JSON.
#[derive(Debug)]
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if !is_json(&request) {
            let text = "send the body as JSON, with `Content-Type: application/json`".to_owned();
            let mut response = Detailed(Fault::Malformed, text).into_response();
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(response);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|refused| {
            if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Detailed(Fault::TooLarge, format!("a body has at most {BODY_LIMIT} bytes")).into_response()
            } else {
                Detailed(Fault::Malformed, "the body ended before it was whole".to_owned()).into_response()
            }
        })?;
        read(&bytes).map(Self).map_err(|text| Detailed(Fault::Malformed, text).into_response())
    }
}

fn is_json(request: &Request) -> bool {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| format!("the body is not UTF-8: byte {} cannot be read; send UTF-8", e.valid_up_to()))?;
    if text.trim().is_empty() {
        return Err("there is no body: send a JSON object".to_owned());
    }
    let from = &mut serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut *from).map_err(|e| {
        let path = e.path().to_string();
        let why = e.inner();
        match why.classify() {
            Category::Data if path != "." => format!("`{path}`: {why}"),
            Category::Data => why.to_string(),
            Category::Io | Category::Syntax | Category::Eof => format!("the body is not JSON: {why}"),
        }
    })?;
    from.end().map_err(|e| format!("the body is not JSON alone: {e}"))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        #[expect(dead_code, reason = "read and looked at no further")]
        item: String,
        #[expect(dead_code, reason = "read and looked at no further")]
        values: Option<BTreeMap<String, String>>,
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (body, says) in [
            (&b""[..], "there is no body"),
            (b"\xff\xfe{}", "not UTF-8: byte 0"),
            (b"{\"item\":\"\xe5\"}", "not UTF-8: byte 9"),
            (b"{", "not JSON: EOF"),
            (b"item=comment", "not JSON: expected value"),
            (b"{} {}", "missing field `item`"),
            (b"{\"item\":\"x\"} {}", "not JSON alone"),
            (b"{}", "missing field `item`"),
            (b"{\"item\":5}", "`item`: invalid type: integer `5`, expected a string"),
            (b"{\"item\":\"x\",\"values\":{\"phone\":1}}", "`values.phone`: invalid type"),
            (b"{\"item\":\"x\",\"surprise\":1}", "unknown field `surprise`, expected `item` or `values`"),
        ] {
            let told = read::<New>(body).unwrap_err();
            assert!(told.contains(says), "{told:?} says nothing of {says:?}");
        }
        let deep = "[".repeat(100_000);
        assert!(read::<serde_json::Value>(deep.as_bytes()).unwrap_err().contains("recursion limit"));
        assert!(read::<New>(b" {\"item\":\"x\"}\n").is_ok());
    }
}
