//! `POST /v1/subjects`: a service opens an account for a person.

use std::collections::BTreeMap;

use avouch::collection::join::Join;
use avouch::store::AgeBand;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
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
    let join = Join { values: new.values, age: new.age.map(Into::into), device: None };
    let joined = web.app.join(join, &caller.actor()).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Opened { subject: joined.subject.to_string(), receipt: joined.receipt.into() })))
}
