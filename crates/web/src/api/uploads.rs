//! `/v1/subjects/{subject}/uploads`: pictures and videos, sent in as many goes as the connection needs.
//!
//! Begin with `POST`, send with `PATCH` at `Upload-Offset`; after a cut ask with `GET` (or `HEAD`) where it stands
//! and go on from there. The answer to the last byte has the evidence; the record's id is the upload's.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use avouch::collection::upload::{NewUpload, Progress};
use avouch::gate::Wanted;
use avouch::store::{RecordId, Role, Sink, SubjectId, Which};
use avouch_policy::Act;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::{Evidence, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::http::{media, within};
use crate::state::Web;

static OFFSET: HeaderName = HeaderName::from_static("upload-offset");
static LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// An upload to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// What for.
    #[schema(example = "content")]
    pub purpose: String,
    /// Of which item: a picture or a video.
    #[schema(example = "video")]
    pub item: String,
    /// How many bytes will come.
    pub size: u64,
}

/// How far an upload is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stand {
    /// Names it, and the record it becomes.
    pub upload: String,
    /// Bytes kept; the next `PATCH` goes on from here. It may be less than was sent.
    pub offset: u64,
    /// Bytes announced.
    pub size: u64,
    /// When it is given up, RFC 3339.
    pub expires: String,
    /// Where the collection is recorded: at the beginning, and at the end, when the record is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Evidence>,
}

impl From<Progress> for Stand {
    fn from(p: Progress) -> Self {
        Self {
            upload: p.id.to_string(),
            offset: p.offset,
            size: p.size,
            expires: p.expires.to_string(),
            receipt: p.receipt.map(Into::into),
        }
    }
}

fn answer(status: StatusCode, progress: Progress) -> Response {
    let headers =
        [(OFFSET.clone(), HeaderValue::from(progress.offset)), (LENGTH.clone(), HeaderValue::from(progress.size))];
    (status, headers, Json(Stand::from(progress))).into_response()
}

fn named(text: &str) -> Result<RecordId, Fault> {
    text.parse().map_err(|_| Fault::NotFound)
}

/// The upload an address names, for a service bound to its purpose; for others there is none.
async fn own(web: &Web, caller: &Caller, whose: &str, upload: &str) -> Result<(SubjectId, Progress), Response> {
    let subject = subject(whose).map_err(IntoResponse::into_response)?;
    let progress =
        web.app.upload_at(subject, named(upload).map_err(IntoResponse::into_response)?).await.map_err(caller.told())?;
    if caller.service.may_claim(&progress.purpose) {
        Ok((subject, progress))
    } else {
        Err(Fault::NotFound.into_response())
    }
}

/// Begins an upload.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/uploads", tag = "uploads", params(("subject" = String, Path)),
    request_body = Begin,
    responses((status = 201, body = Stand), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn begin(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Sent(new): Sent<Begin>,
) -> Result<Response, Response> {
    let subject = subject(&whose).map_err(IntoResponse::into_response)?;
    let new = NewUpload { subject, purpose: new.purpose, item: new.item, size: new.size };
    let (mut progress, receipt) = web.app.begin_upload(new, &caller.actor()).await.map_err(caller.told())?;
    progress.receipt = Some(receipt);
    let at = format!("/v1/subjects/{whose}/uploads/{}", progress.id);
    let mut response = answer(StatusCode::CREATED, progress);
    if let Ok(at) = HeaderValue::from_str(&at) {
        response.headers_mut().insert(header::LOCATION, at);
    }
    Ok(response)
}

/// How far an upload is. Also by `HEAD`.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/uploads/{upload}", tag = "uploads",
    params(("subject" = String, Path), ("upload" = String, Path)),
    responses((status = 200, body = Stand), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn stand(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, upload)): Path<(String, String)>,
) -> Result<Response, Response> {
    let (_, progress) = own(&web, &caller, &whose, &upload).await?;
    Ok(answer(StatusCode::OK, progress))
}

/// Goes on with an upload: the body's bytes, from the byte that `Upload-Offset` names.
///
/// # Errors
/// Problem documents; 409 with `Upload-Offset` when it stands elsewhere.
#[utoipa::path(patch, path = "/v1/subjects/{subject}/uploads/{upload}", tag = "uploads",
    params(("subject" = String, Path), ("upload" = String, Path),
           ("upload-offset" = u64, Header, description = "The byte the body begins at.")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 200, body = Stand), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn send(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, upload)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let (subject, progress) = own(&web, &caller, &whose, &upload).await?;
    let id = progress.id;
    let offset = headers.get(&OFFSET).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let Some(offset) = offset else {
        let text = "send the header `Upload-Offset`: the byte the body begins at, as GET tells it".to_owned();
        return Err(Detailed(Fault::Malformed, text).into_response());
    };
    let (app, actor) = (web.app.clone(), caller.actor());
    // On a task of its own: what came before a cut is kept although nobody waits for the answer any more.
    let work = async move { app.append(subject, id, offset, within::alive(body), &actor).await };
    let done = tokio::spawn(work).await.map_err(|_| Fault::Internal.into_response())?;
    match done {
        Ok(progress) => Ok(answer(StatusCode::OK, progress)),
        Err(avouch::Fault::Offset(stands)) => {
            let text = avouch::Fault::Offset(stands).to_string();
            let mut response = Detailed(Fault::Malformed, text).into_response();
            *response.status_mut() = StatusCode::CONFLICT;
            response.headers_mut().insert(OFFSET.clone(), HeaderValue::from(stands));
            Err(response)
        }
        Err(other) => Err(caller.told()(other)),
    }
}

/// Gives an upload up.
///
/// # Errors
/// Problem documents.
#[utoipa::path(delete, path = "/v1/subjects/{subject}/uploads/{upload}", tag = "uploads",
    params(("subject" = String, Path), ("upload" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn give_up(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, upload)): Path<(String, String)>,
) -> Result<StatusCode, Response> {
    let (subject, progress) = own(&web, &caller, &whose, &upload).await?;
    web.app.give_up(subject, progress.id, &caller.actor()).await.map_err(caller.told())?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the content is wanted for, and in which size.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct For {
    /// The purpose, one the credential is bound to.
    #[param(example = "content")]
    pub purpose: String,
    /// True for the smaller picture.
    #[serde(default)]
    pub small: bool,
}

/// The picture or video of a record, or a range of it.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/records/{item}/{record}/content", tag = "uploads",
    params(("subject" = String, Path), ("item" = String, Path), ("record" = String, Path), For),
    responses((status = 200, description = "The whole.", body = Vec<u8>, content_type = "application/octet-stream"),
              (status = 206, description = "The range.", body = Vec<u8>, content_type = "application/octet-stream"),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn content(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item, record)): Path<(String, String, String)>,
    Query(wanted): Query<For>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let subject = subject(&whose).map_err(IntoResponse::into_response)?;
    let policy = web.policy();
    let id = policy.item(&item).ok_or_else(|| Fault::NotFound.into_response())?;
    let ask = Wanted { act: Act::Use, purpose: &wanted.purpose, items: &[&item], recipient: None };
    let which = Which::One(id, named(&record).map_err(IntoResponse::into_response)?);
    let used = web.app.use_records(subject, &ask, &caller.actor(), &which).await.map_err(caller.told())?;
    let role = if wanted.small { Role::Small } else { Role::Whole };
    let blob = used.records.into_iter().flat_map(|r| r.blobs).find(|b| b.role == role);
    let blob = blob.ok_or_else(|| Fault::NotFound.into_response())?;
    let name = media::file_name(&item, &blob.media);
    Ok(media::answer(blob, Sink::Service, &headers, &name))
}
