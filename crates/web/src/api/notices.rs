//! `/v1/notices`: what a service must forget or change, and its acknowledgement.
//!
//! Keeps promises 5.2 and 6.4: what its hook was told, for a service that was out of reach.

use avouch::store::Notice;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::state::Web;

/// Something a service must follow.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    /// Names it, to acknowledge it by.
    pub id: String,
    /// Whose data it is about.
    pub subject: String,
    /// `withdrawal`, `correction`, `deletion`, `restriction`, `lifting`, `cancellation` or `erasure`.
    #[schema(example = "erasure")]
    pub event: &'static str,
    /// The purpose or the item; empty for everything.
    pub about: String,
    /// When it happened, RFC 3339.
    pub at: String,
    /// By when it must be acknowledged, RFC 3339; after that the credential is suspended.
    pub due: String,
}

/// What is open.
#[derive(Debug, Serialize, ToSchema)]
pub struct Open {
    /// The most urgent first.
    pub notices: Vec<Told>,
}

fn told(notice: &Notice) -> Told {
    Told {
        id: notice.id_text(),
        subject: notice.subject.to_string(),
        event: notice.event.name(),
        about: notice.about.clone(),
        at: notice.at.to_string(),
        due: notice.due.to_string(),
    }
}

/// Lists what the service has not acknowledged.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/notices", tag = "sharing",
    responses((status = 200, body = Open), (status = 401, body = Problem)))]
pub async fn open(State(web): State<Web>, caller: Caller) -> Result<Json<Open>, Response> {
    let notices = web.app.notices_for(&caller.service).await.map_err(caller.told())?;
    Ok(Json(Open { notices: notices.iter().map(told).collect() }))
}

/// Acknowledges a notice: the service has done what it says.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/notices/{notice}/acknowledge", tag = "sharing", params(("notice" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn acknowledge(
    State(web): State<Web>,
    caller: Caller,
    Path(notice): Path<String>,
) -> Result<StatusCode, Response> {
    web.app.acknowledge(&caller.service, &notice).await.map_err(caller.told())?;
    Ok(StatusCode::NO_CONTENT)
}
