//! How long an answer may take; an upload may take as long as bytes keep coming.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, stream};

use super::guard::ANSWER_WITHIN;

/// A sender of whom nothing comes for so long counts as cut off.
const SILENCE: Duration = Duration::from_secs(30);

/// Whether this request sends a file.
fn sends_a_file(request: &Request) -> bool {
    let path = request.uri().path();
    (request.method() == Method::PATCH && path.contains("/uploads/"))
        || (request.method() == Method::POST
            && super::sent_file::taken_at(path)
            && super::sent_file::boundary(request.headers()).is_some())
}

/// Middleware: gives up an answer that takes too long.
pub async fn answer(request: Request, next: Next) -> Response {
    if sends_a_file(&request) {
        return next.run(request).await;
    }
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}

/// A body whose silence is an error, like a cut connection.
pub fn alive(body: Body) -> impl Stream<Item = Result<Bytes, Cut>> + Send + Unpin {
    Box::pin(stream::unfold(Some(body.into_data_stream()), async |body| {
        let mut body = body?;
        match tokio::time::timeout(SILENCE, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(body))),
            Ok(Some(Err(_))) | Err(_) => Some((Err(Cut), None)),
        }
    }))
}

/// The connection was cut, or silent for too long.
#[derive(Debug, Clone, Copy)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was cut")
    }
}

impl std::error::Error for Cut {}
