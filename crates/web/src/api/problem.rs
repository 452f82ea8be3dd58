//! Errors of the API as problem documents (RFC 9457).
//!
//! A refusal lists every reason with its clause, its citation and what would make it lawful, so that an
//! engineer can tell a violation from a gap without asking. A 5xx carries the request's name and no more.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Fault, Reason};
use crate::http::request_id::RequestId;
use crate::lang::Lang;
use crate::text::Texts;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem, as a stable name: `urn:avouch:problem:refused`.
    #[serde(rename = "type")]
    #[schema(example = "urn:avouch:problem:refused")]
    pub kind: String,
    /// The kind in words of the caller's language; the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 403)]
    pub status: u16,
    /// What is wrong in this case and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request, as it is named in `x-request-id` and in the logs.
    #[schema(example = "urn:avouch:request:k5tqmz3n7hxw2dle")]
    pub instance: String,
    /// Of a refusal: every reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ProblemReason>,
}

/// One reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemReason {
    /// Its code, as the ledger has it.
    #[schema(example = "no-consent")]
    pub code: String,
    /// `violation`: it must not be; `gap`: something is not configured.
    #[schema(example = "violation")]
    pub kind: &'static str,
    /// What stands against it.
    pub text: String,
    /// The clause of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "2.5")]
    pub clause: String,
    /// The law.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub citation: String,
    /// What would make it lawful.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl From<Reason> for ProblemReason {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            kind: if reason.gap { "gap" } else { "violation" },
            text: reason.text,
            clause: reason.clause,
            citation: reason.citation,
            remedy: reason.remedy,
        }
    }
}

/// A fault with words of its own about this case, for the API: “`items[2]`: no item `fone`; did you mean `phone`?”.
#[derive(Clone, Debug)]
pub struct Detailed(pub Fault, pub String);

#[derive(Clone, Debug)]
struct Detail(String);

impl IntoResponse for Detailed {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(Detail(self.1));
        response
    }
}

/// An error's answer that says it all itself, such as the health of a node: it is passed on as it is.
#[derive(Clone, Debug)]
pub struct Whole<T>(pub T);

#[derive(Clone, Debug)]
struct AsItIs;

impl<T: IntoResponse> IntoResponse for Whole<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(AsItIs);
        response
    }
}

impl Problem {
    /// The document for `fault` in the request called `request`; its title in the caller's language.
    #[must_use]
    pub fn new(fault: &Fault, request: &str, lang: Lang) -> Self {
        Self {
            kind: format!("urn:avouch:problem:{}", fault.code()),
            title: Texts(lang).get(&format!("fault-{}", fault.code())),
            status: fault.status().as_u16(),
            detail: None,
            instance: format!("urn:avouch:request:{request}"),
            reasons: match fault {
                Fault::Refused(reasons) => reasons.iter().cloned().map(Into::into).collect(),
                _ => Vec::new(),
            },
        }
    }
}

/// Middleware of the API: every error leaves as a problem document, also the framework's own. Their plain
/// text (“missing field `items` at line 1”) becomes the detail of a 4xx; of a 5xx nothing is passed on.
pub async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
    let lang = Lang::of(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    let whole = is_problem(&response) || response.extensions().get::<AsItIs>().is_some();
    if whole || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let fault = response.extensions().get::<Fault>().cloned();
    let own = response.extensions().get::<Detail>().cloned();
    let bare = fault.is_none() && status.is_client_error();
    let fault = fault.unwrap_or_else(|| Fault::of_status(status));
    let (parts, body) = response.into_parts();
    let mut problem = Problem::new(&fault, &id, lang);
    problem.status = status.as_u16();
    problem.detail = match own {
        Some(Detail(text)) if status.is_client_error() => Some(text),
        _ if bare => axum::body::to_bytes(body, 4096)
            .await
            .ok()
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .filter(|text| !text.is_empty()),
        _ => None,
    };
    let mut answer = problem.into_response();
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    answer
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(MEDIA_TYPE.as_bytes()))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::routing::post;
    use axum::{Json, Router};
    use tower::ServiceExt as _;

    async fn ask(path: &str, body: &'static str) -> (StatusCode, serde_json::Value) {
        let reason = Reason {
            code: "no-consent".into(),
            text: "The person has not consented to marketing.".into(),
            clause: "2.5".into(),
            citation: "PIPL Art. 13(1)(1)".into(),
            remedy: "Ask the person in the privacy centre.".into(),
            gap: false,
        };
        let app = Router::new()
            .route("/json", post(async |Json(n): Json<Vec<u8>>| n.len().to_string()))
            .route("/refused", post(async || Fault::Refused(vec![reason])))
            .route("/detailed", post(async || Detailed(Fault::Malformed, "items[2]: no such item".into())))
            .route("/broken", post(async || (StatusCode::INTERNAL_SERVER_ERROR, "table subjects is missing")))
            .layer(axum::middleware::from_fn(render));
        let request = Request::post(path).header("content-type", "application/json").body(Body::from(body)).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status();
        assert_eq!(response.headers().get("content-type").unwrap(), MEDIA_TYPE);
        let bytes = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_gives_every_reason_with_clause_and_remedy() {
        let (status, problem) = ask("/refused", "").await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(problem["type"], "urn:avouch:problem:refused");
        assert_eq!(problem["reasons"][0]["clause"], "2.5");
        assert_eq!(problem["reasons"][0]["kind"], "violation");
        assert!(problem["reasons"][0]["remedy"].as_str().unwrap().contains("privacy centre"));
    }

    #[tokio::test]
    async fn wrong_input_says_where_and_inner_failures_say_nothing() {
        let (status, problem) = ask("/json", "[1,").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["detail"].as_str().unwrap().contains("line 1"), "{problem}");
        let (_, problem) = ask("/detailed", "").await;
        assert_eq!(problem["detail"], "items[2]: no such item");
        let (status, problem) = ask("/broken", "").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.to_string().contains("subjects"));
        let (status, problem) = ask("/nowhere", "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(problem["type"], "urn:avouch:problem:not-found");
    }
}
