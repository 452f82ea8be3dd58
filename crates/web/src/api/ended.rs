//! `/v1/subjects/{subject}/ended`: a service says that a purpose, or the contract it serves, has ended for a person.
//!
//! Keeps promise 5.1: what was collected for it gets its end.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::Evidence;
use crate::api::sent::Sent;
use crate::state::Web;

/// What has ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The purpose, whose policy says that its data is kept from the end of the purpose or of its contract.
    #[schema(example = "orders")]
    pub purpose: String,
}

/// Says that a purpose, or the contract it serves, has ended: what was collected for it until now gets its end.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/ended", tag = "subjects", request_body = Ended,
    params(("subject" = String, Path, description = "the subject's id")),
    responses((status = 200, body = Evidence), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 503, body = Problem)))]
pub async fn end(
    State(web): State<Web>,
    caller: Caller,
    Path(subject): Path<String>,
    Sent(sent): Sent<Ended>,
) -> Result<Json<Evidence>, Response> {
    let subject = super::records::subject(&subject).map_err(IntoResponse::into_response)?;
    let receipt = web.app.end_purpose(subject, &sent.purpose, &caller.actor()).await.map_err(caller.told())?;
    Ok(Json(receipt.into()))
}
