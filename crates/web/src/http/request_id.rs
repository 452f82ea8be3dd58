//! A name for each request, shown on error pages, in problem documents, in logs and in the answer's header.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::BASE32_NOPAD;
use tracing::Instrument as _;

use super::Random;

/// The header it is answered in. One that comes in is not taken over: it would be somebody else's word.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of the request being served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Middleware: names the request and puts the name on its span and its answer. The span holds method and
/// matched path, never the address as sent: that may hold what somebody typed.
pub async fn name(State(random): State<Random>, mut request: Request, next: Next) -> Response {
    let id = BASE32_NOPAD.encode(&random.bytes::<10>()).to_ascii_lowercase();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id = %id, method = %request.method());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
