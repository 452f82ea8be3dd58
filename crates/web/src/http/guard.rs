//! The gate of forms, and the order everything stands in.
//!
//! Every request that changes something (any method but GET, HEAD, OPTIONS) must be a form from this site
//! itself, of a known type and a bounded size. Handlers need not think of it and cannot forget it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::csrf::{self, CsrfKey};
use super::frames::{self, Frames};
use super::headers::{self, Transport};
use super::{Random, assets, cookie, request_id, sent_file, within};
use crate::fault::{self, Fault};
use crate::frame::{Face, Live};
use crate::site::unsubscribe;

/// The largest form taken, in bytes.
pub const FORM_LIMIT: usize = 64 * 1024;
/// How long an answer may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What a face with pages stands on.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Names from the policy in force, and the change that is coming.
    pub live: Live,
    /// The key of the forms' tokens.
    pub csrf: CsrfKey,
    /// Random bytes.
    pub random: Random,
    /// Whether the face is reached over TLS.
    pub transport: Transport,
    /// The public origin (`https://privacy.plaza.example`), if configured.
    pub origin: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct Guard {
    frames: Frames,
    origin: Option<Arc<str>>,
}

/// Puts a face's routes on the foundation. From the outside in: a net for panics, the request's name,
/// headers, frame, errors as pages, a time limit, another net (whose answer is a page), the forms' gate.
pub fn stand(routes: Router, face: Face, on: &Foundation) -> Router {
    let frames = Frames { live: on.live.clone(), face, csrf: on.csrf.clone(), random: on.random.clone() };
    let guard = Guard { frames: frames.clone(), origin: on.origin.clone() };
    routes
        .merge(assets::routes())
        .fallback(async || Fault::NotFound)
        .layer(from_fn_with_state(guard, check))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(within::answer))
        .layer(from_fn(fault::render))
        .layer(from_fn_with_state(frames, frames::build))
        .layer(from_fn_with_state(on.transport, headers::add))
        .layer(from_fn_with_state(on.random.clone(), request_id::name))
        .layer(CatchPanicLayer::custom(panicked))
}

/// The answer after a panic: an inner failure that tells nothing. What the panic said is not logged here
/// either: it may quote data.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Fault::Internal.into_response()
}

async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // The link in an offer is its own authority: mail programs post to it from elsewhere, without cookies (RFC 8058).
    let by_link = request.uri().path().starts_with(unsubscribe::PATH);
    if by_link || matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    match admit(&guard, request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => fault.into_response(),
    }
}

async fn admit(guard: &Guard, request: Request) -> Result<Request, Fault> {
    let headers = request.headers();
    if !csrf::same_origin(headers, guard.origin.as_deref()) {
        return Err(Fault::Forged);
    }
    let session = cookie::read(headers, guard.frames.session_cookie()).unwrap_or("").to_owned();
    let token = cookie::read(headers, guard.frames.csrf_cookie()).map(str::to_owned);
    if sent_file::taken_at(request.uri().path())
        && let Some(boundary) = sent_file::boundary(headers)
    {
        // The token is read and checked before a byte of the file is.
        let (mut parts, body) = request.into_parts();
        let read = sent_file::read(&parts.headers, &boundary, body).await?;
        let field = read.fields.iter().find(|(name, _)| name == csrf::FIELD).map(|(_, value)| value.as_str());
        if !csrf::tokens_agree(&guard.frames.csrf, &session, token.as_deref(), field) {
            return Err(Fault::Forged);
        }
        parts.extensions.insert(read.file);
        return Ok(Request::from_parts(parts, read.body));
    }
    let form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !form {
        return Err(Fault::Malformed);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| Fault::TooLarge)?;
    let field =
        form_urlencoded::parse(&bytes).find(|(name, _)| name == csrf::FIELD).map(|(_, value)| value.into_owned());
    if !csrf::tokens_agree(&guard.frames.csrf, &session, token.as_deref(), field.as_deref()) {
        return Err(Fault::Forged);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

#[cfg(test)]
mod tests;
