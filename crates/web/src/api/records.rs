//! `/v1/subjects/{subject}/records`: put, list, read, each for a purpose.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Record, RecordHead, RecordId, Sink, SubjectId, Used, Which};
use avouch_policy::{Act, Policy};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// Where an act is recorded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Evidence {
    /// The log.
    pub log: String,
    /// The leaf's place in it.
    pub index: u64,
}

impl From<avouch::store::Receipt> for Evidence {
    fn from(receipt: avouch::store::Receipt) -> Self {
        Self { log: receipt.log, index: receipt.index }
    }
}

/// What is to be listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The purpose, one the credential is bound to.
    #[param(example = "support")]
    pub purpose: String,
    /// Items, with commas between; without any, all of the purpose.
    #[param(example = "email,nickname")]
    pub items: Option<String>,
}

/// What the records are wanted for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct For {
    /// The purpose, one the credential is bound to.
    #[param(example = "support")]
    pub purpose: String,
}

/// What is known of a record without its value.
#[derive(Debug, Serialize, ToSchema)]
pub struct Head {
    /// The item.
    pub item: String,
    /// Which record of it.
    pub record: String,
    /// How often it was written.
    pub version: u64,
    /// The purpose it was collected for.
    pub purpose: String,
    /// Who gave it.
    pub source: String,
    /// When it was first put, RFC 3339.
    pub created: String,
    /// When it was last put, RFC 3339.
    pub changed: String,
    /// When it must be gone, RFC 3339; null while an event decides.
    pub until: Option<String>,
}

/// A record with its value.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Full {
    /// What is known of it.
    #[serde(flatten)]
    pub head: Head,
    /// Its value.
    pub value: String,
}

/// Records with the evidence of their use.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Answer {
    /// The records.
    pub records: Vec<Full>,
    /// Where their use is recorded.
    pub receipt: Evidence,
}

/// The list of what there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing {
    /// The records, without values.
    pub records: Vec<Head>,
    /// Where the look is recorded.
    pub receipt: Evidence,
}

/// A record to put.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct New {
    /// What for.
    #[schema(example = "content")]
    pub purpose: String,
    /// Of which item.
    #[schema(example = "comment")]
    pub item: String,
    /// Which record; without it a new one, or the only one of its item.
    pub record: Option<String>,
    /// The value, as text; of structured items JSON in text.
    #[schema(example = "Lovely photos of the river.")]
    pub value: String,
}

/// The record that was put.
#[derive(Debug, Serialize, ToSchema)]
pub struct Kept {
    /// Which record of its item.
    pub record: String,
    /// Where it is recorded.
    pub receipt: Evidence,
}

/// The subject an address names.
pub(crate) fn subject(text: &str) -> Result<SubjectId, Detailed> {
    text.parse().map_err(|e: avouch::store::IdError| Detailed(Fault::Malformed, e.to_string()))
}

pub(crate) fn head(policy: &Policy, head: &RecordHead) -> Head {
    Head {
        item: policy.item_name(head.item).to_owned(),
        record: head.id.to_string(),
        version: head.version,
        purpose: head.purpose.clone(),
        source: head.source.clone(),
        created: head.created.to_string(),
        changed: head.changed.to_string(),
        until: head.until.map(|t| t.to_string()),
    }
}

pub(crate) fn answer(policy: &Policy, used: Used) -> Answer {
    let full = |record: &Record| Full {
        head: head(policy, &record.head),
        value: record.value.expose(Sink::Service, |v| String::from_utf8_lossy(v).into_owned()),
    };
    Answer { records: used.records.iter().map(full).collect(), receipt: used.receipt.into() }
}

/// Lists a subject's records of a purpose, without values. The look is recorded like any use.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/records", tag = "records", params(("subject" = String, Path), Listed),
    responses((status = 200, body = Listing), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn list(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Query(wanted): Query<Listed>,
) -> Result<Json<Listing>, Response> {
    let subject = subject(&whose).map_err(IntoResponse::into_response)?;
    let items = wanted.items.as_deref().map(names).unwrap_or_default();
    let listed = web.app.list_records(subject, &caller.service, &wanted.purpose, &items).await;
    let (heads, receipt) = listed.map_err(caller.told())?;
    let policy = web.policy();
    Ok(Json(Listing { records: heads.iter().map(|h| head(&policy, h)).collect(), receipt: receipt.into() }))
}

/// The names in a list with commas between.
pub(crate) fn names(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Puts a record for a purpose.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/records", tag = "records", params(("subject" = String, Path)),
    request_body = New,
    responses((status = 201, body = Kept), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 503, body = Problem)))]
pub async fn put(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Sent(new): Sent<New>,
) -> Result<(StatusCode, Json<Kept>), Response> {
    let malformed = |text: String| Detailed(Fault::Malformed, text).into_response();
    let record: Option<RecordId> = match &new.record {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| malformed("`record`: this is not a record's id".to_owned()))?),
    };
    let new = NewRecord {
        subject: subject(&whose).map_err(IntoResponse::into_response)?,
        purpose: new.purpose,
        item: new.item,
        record,
        value: new.value,
    };
    let (record, receipt) = web.app.put_record(new, &caller.actor()).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Kept { record: record.to_string(), receipt: receipt.into() })))
}

/// Reads a subject's records of one item for a purpose.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/records/{item}", tag = "records",
    params(("subject" = String, Path), ("item" = String, Path, example = "email"), For),
    responses((status = 200, body = Answer), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn of_item(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item)): Path<(String, String)>,
    Query(wanted): Query<For>,
) -> Result<Json<Answer>, Response> {
    let ask = Wanted { act: Act::Use, purpose: &wanted.purpose, items: &[&item], recipient: None };
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let used = web.app.use_records(whose, &ask, &caller.actor(), &Which::all()).await.map_err(caller.told())?;
    Ok(Json(answer(&web.policy(), used)))
}

/// Reads one record for a purpose.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/records/{item}/{record}", tag = "records",
    params(("subject" = String, Path), ("item" = String, Path), ("record" = String, Path), For),
    responses((status = 200, body = Answer), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn one(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item, record)): Path<(String, String, String)>,
    Query(wanted): Query<For>,
) -> Result<Json<Answer>, Response> {
    let (whose, actor) = (subject(&whose).map_err(IntoResponse::into_response)?, caller.actor());
    let used =
        web.app.use_one(whose, Act::Use, &wanted.purpose, &item, &record, &actor).await.map_err(caller.told())?;
    Ok(Json(answer(&web.policy(), used)))
}
