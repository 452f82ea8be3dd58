//! `GET /v1/health`: whether acts can be recorded, so whether anything personal is served.

use avouch::store::{Ill, ServiceStanding};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Whole;
use crate::state::Web;

/// The state of this node.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Whether acts can be recorded.
    pub well: bool,
    /// What is wrong and what to do; null while all is well. The words for the one who mends it, with places, are
    /// in the log and in the console.
    #[schema(example = json!(null))]
    pub fault: Option<&'static str>,
    /// The policy's version in force.
    pub policy: String,
    /// This node.
    pub node: String,
    /// Messages to people that were given up in the last thirty days; the console says why.
    pub undelivered: u64,
    /// Services whose credential is suspended, by name. An alarm.
    pub suspended: Vec<String>,
    /// Notices of withdrawals and erasures that were not acknowledged in time. An alarm.
    pub unacknowledged: u64,
    /// Calls to recipients in the last thirty days that failed or may not have arrived.
    pub failed_calls: u64,
    /// Channels that reached their ceiling for today: `sms`, `mail`. An alarm.
    pub ceilings: Vec<String>,
}

/// Whether acts can be recorded; if not, nothing personal is served.
#[utoipa::path(get, path = "/v1/health", tag = "node", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(web): State<Web>) -> Response {
    let fault = web.app.store.health().kind().map(words);
    let health = Health {
        well: fault.is_none(),
        fault,
        policy: web.policy().version().to_owned(),
        node: web.app.store.node().to_owned(),
        undelivered: web.app.dead_letters().await.unwrap_or_default(),
        suspended: web.app.services().await.map(suspended).unwrap_or_default(),
        unacknowledged: web.app.owed().await.map(|all| all.iter().map(|o| o.late).sum()).unwrap_or_default(),
        failed_calls: web.app.failed_egress().await.map(|all| all.iter().map(|(_, n)| n).sum()).unwrap_or_default(),
        ceilings: web.app.ceilings_reached().await.unwrap_or_default().into_iter().map(str::to_owned).collect(),
    };
    if health.well {
        return Json(health).into_response();
    }
    Whole((StatusCode::SERVICE_UNAVAILABLE, Json(health))).into_response()
}

fn suspended(services: Vec<ServiceStanding>) -> Vec<String> {
    services.into_iter().filter(|s| s.suspended).map(|s| s.name).collect()
}

/// What is wrong, for whoever may ask: no path, no value, nothing of the inside.
const fn words(ill: Ill) -> &'static str {
    match ill {
        Ill::Recording => {
            "acts cannot be recorded: look for a full disk or a damaged log; the node's own log says which"
        }
        Ill::Connection => "the connection to the database broke: look whether the database runs and can be reached",
        Ill::Data => "what is stored cannot be read: run `avouch ledger verify` and `avouch doctor`",
        Ill::Defect => "a write failed that should not: the node's own log says which; report it",
        Ill::Closing => "the node is closing: ask another, or after the restart",
    }
}
