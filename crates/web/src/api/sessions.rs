//! `/v1/sessions/introspect`: whose session a browser holds, for services on the same host as the site.
//!
//! Keeps promise 2.0: a service learns the subject's id, which is random and names nobody, and nothing else; what it
//! then wants of the person it asks for by purpose. Named after token introspection (RFC 7662).

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::sent::Sent;
use crate::state::Web;

/// What a browser sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds a session")]
pub struct Held {
    /// The value of the cookie `__Host-session`.
    pub session: String,
}

/// Whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Introspected {
    /// Whether it is a session that is not over.
    pub active: bool,
    /// Whose; null where it is none.
    pub subject: Option<String>,
    /// Whether the person showed within the last minutes who they are, by password or passkey.
    pub proven: bool,
}

/// Says whose session a browser holds. Ask anew for each request: a session can end at any time.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/sessions/introspect", tag = "subjects", request_body = Held,
    responses((status = 200, body = Introspected), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn introspect(
    State(web): State<Web>,
    caller: Caller,
    Sent(held): Sent<Held>,
) -> Result<Json<Introspected>, Response> {
    let session = web.app.session(&held.session).await.map_err(caller.told())?;
    Ok(Json(Introspected {
        active: session.is_some(),
        subject: session.as_ref().map(|s| s.subject().to_string()),
        proven: session.is_some_and(|s| s.proven),
    }))
}
