//! `/v1/relations`: what people do with each other: follow, block, write.
//!
//! Keeps promise 2.2.

use avouch::usage::relation::NewRelation;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::{Evidence, For, Full, Kept, answer, subject};
use crate::api::sent::Sent;
use crate::state::Web;

/// What one person does with another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Between {
    /// Who does it.
    pub from: String,
    /// With whom.
    pub to: String,
    /// What for.
    #[schema(example = "social")]
    pub purpose: String,
    /// Of which item.
    #[schema(example = "message")]
    pub item: String,
    /// The value, as text.
    #[schema(example = "See you at the river?")]
    pub value: String,
}

/// A record with whom it is about besides.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct RelatedRecord {
    /// The record.
    #[serde(flatten)]
    pub record: Full,
    /// The other; null once they are gone or have deleted theirs.
    pub other: Option<String>,
    /// Whether this person made it.
    pub made: bool,
}

/// Records of one person with whom they are about besides.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct RelatedRecords {
    /// The records.
    pub records: Vec<RelatedRecord>,
    /// Where their use is recorded.
    pub receipt: Evidence,
}

/// Puts what one person does with another. An item that tells of both is kept for both, or for neither.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/relations", tag = "records", request_body = Between,
    responses((status = 201, body = Kept), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 503, body = Problem)))]
pub async fn put(
    State(web): State<Web>,
    caller: Caller,
    Sent(new): Sent<Between>,
) -> Result<(StatusCode, Json<Kept>), Response> {
    let new = NewRelation {
        from: subject(&new.from).map_err(IntoResponse::into_response)?,
        to: subject(&new.to).map_err(IntoResponse::into_response)?,
        purpose: new.purpose,
        item: new.item,
        value: new.value,
    };
    let (record, receipt) = web.app.relate(new, &caller.actor()).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Kept { record: record.to_string(), receipt: receipt.into() })))
}

/// Reads a subject's records of one item for a purpose, with whom each is about besides.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/relations/{item}", tag = "records",
    params(("subject" = String, Path), ("item" = String, Path, example = "follow"), For),
    responses((status = 200, body = RelatedRecords), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn read(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item)): Path<(String, String)>,
    Query(wanted): Query<For>,
) -> Result<Json<RelatedRecords>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let related = web.app.related(whose, &wanted.purpose, &item, &caller.actor()).await.map_err(caller.told())?;
    let relations = related.relations;
    let all = answer(&web.policy(), related.used);
    let records = all.records.into_iter().map(|record| {
        let of = relations.iter().find(|r| r.record.to_string() == record.head.record);
        RelatedRecord {
            other: of.and_then(|r| r.other).map(|other| other.to_string()),
            made: of.is_none_or(|r| r.made),
            record,
        }
    });
    Ok(Json(RelatedRecords { records: records.collect(), receipt: all.receipt }))
}
