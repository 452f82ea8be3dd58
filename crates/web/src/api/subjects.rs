//! `POST /v1/subjects`: a service opens an account for a person.

use std::collections::BTreeMap;

use avouch::Fault;
use avouch::collection::external::ExternalId;
use avouch::collection::join::Join;
use avouch::store::AgeBand;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::Evidence;
use crate::api::sent::Sent;
use crate::state::Web;

/// The age bands the law knows.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Age {
    /// Below the age at which a guardian decides.
    Child,
    /// A minor who decides alone.
    Teen,
    /// Of age.
    Adult,
}

impl From<Age> for AgeBand {
    fn from(age: Age) -> Self {
        match age {
            Age::Child => Self::Child,
            Age::Teen => Self::Teen,
            Age::Adult => Self::Adult,
        }
    }
}

/// A person who joins through a service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct NewSubject {
    /// Items of the purpose `account` and their values; `password` among them.
    pub values: BTreeMap<String, String>,
    /// The age band.
    pub age: Option<Age>,
    /// Your own number of the person. With one, the person goes on logging in with you, and neither a password nor
    /// any other item is required here.
    #[schema(example = "48213")]
    pub external_id: Option<String>,
}

/// Your own number of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct External {
    /// As your tables have it.
    #[schema(example = "48213")]
    pub id: String,
}

/// Whose number it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// The subject's id.
    #[schema(example = "cn-0123456789abcdefghjkmnpqrs")]
    pub subject: String,
}

fn external(caller: &Caller, id: &str) -> Result<ExternalId, Fault> {
    ExternalId::new(caller.service.name(), id).map_err(|fault| Fault::Invalid(vec![fault]))
}

/// The new account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opened {
    /// The subject's id, to be kept in place of a user table's key.
    #[schema(example = "cn-0123456789abcdefghjkmnpqrs")]
    pub subject: String,
    /// Where the collection is recorded.
    pub receipt: Evidence,
}

/// Opens an account.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects", tag = "subjects", request_body = NewSubject,
    responses((status = 201, body = Opened), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
              (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn open(
    State(web): State<Web>,
    caller: Caller,
    Sent(new): Sent<NewSubject>,
) -> Result<(StatusCode, Json<Opened>), Response> {
    let external = new.external_id.map(|id| external(&caller, &id)).transpose().map_err(caller.told())?;
    let join = Join { values: new.values, age: new.age.map(Into::into), device: None, external };
    let joined = web.app.join(join, &caller.actor()).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Opened { subject: joined.subject.to_string(), receipt: joined.receipt.into() })))
}

/// Finds the subject by your own number of the person.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/by-external-id/{id}", tag = "subjects",
    params(("id" = String, Path, description = "your own number of the person")),
    responses((status = 200, body = Found), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn find(State(web): State<Web>, caller: Caller, Path(id): Path<String>) -> Result<Json<Found>, Response> {
    let external = external(&caller, &id).map_err(caller.told())?;
    let found = web.app.find_external(&external).await.map_err(caller.told())?;
    let subject = found.ok_or(Fault::NotFound).map_err(caller.told())?;
    Ok(Json(Found { subject: subject.to_string() }))
}

/// Gives a subject your own number of the person. A number that stands is not exchanged for another.
///
/// # Errors
/// Problem documents.
#[utoipa::path(put, path = "/v1/subjects/{subject}/external-id", tag = "subjects", request_body = External,
    params(("subject" = String, Path, description = "the subject's id")),
    responses((status = 200, body = Evidence), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 415, body = Problem), (status = 503, body = Problem)))]
pub async fn set_external(
    State(web): State<Web>,
    caller: Caller,
    Path(subject): Path<String>,
    Sent(sent): Sent<External>,
) -> Result<Json<Evidence>, Response> {
    let subject = super::records::subject(&subject).map_err(IntoResponse::into_response)?;
    let external = external(&caller, &sent.id).map_err(caller.told())?;
    let receipt = web.app.set_external(subject, external, &caller.actor()).await.map_err(caller.told())?;
    Ok(Json(receipt.into()))
}
