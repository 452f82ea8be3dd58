//! `GET /v1/health`: whether acts can be recorded, so whether anything personal is served.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Web;

/// The state of this node.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Whether acts can be recorded.
    pub well: bool,
    /// The policy's version in force.
    pub policy: String,
    /// This node.
    pub node: String,
}

/// Whether acts can be recorded; if not, nothing personal is served.
#[utoipa::path(get, path = "/v1/health", tag = "node", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(web): State<Web>) -> (StatusCode, Json<Health>) {
    let well = web.app.store.health().fault().is_none();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let health = Health { well, policy: web.policy().version().to_owned(), node: web.app.store.node().to_owned() };
    (status, Json(health))
}
