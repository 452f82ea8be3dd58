//! What is published: `/v1/feed` newest first, threads of comments, publishing and taking back.
//!
//! Keeps promises 1.3 and 4.4 towards services.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use avouch::store::{PublicId, RecordId, Sink};
use avouch::usage::publish::{AUTHOR, Cursor, Entry, Page};
use avouch_policy::Policy;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::{Evidence, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// One thing published.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Post {
    /// Its public name.
    pub id: String,
    /// Since when, RFC 3339.
    pub at: String,
    /// Whose.
    pub subject: String,
    /// The author's nickname; null where there is none.
    pub author: Option<String>,
    /// Its item.
    pub item: String,
    /// Which record; a picture or video is read at `/v1/subjects/{subject}/records/{item}/{record}/content`.
    pub record: String,
    /// The text of a text or comment; of a picture or video, what it is, as JSON.
    pub value: String,
    /// The post a comment belongs to.
    pub thread: Option<String>,
    /// What a comment answers. Nothing of that name in the list: it was deleted, and nothing says whose it was.
    pub parent: Option<String>,
    /// Where this use is recorded.
    pub receipt: Evidence,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
#[schema(as = PostListing)]
pub struct Listing {
    /// The entries.
    pub posts: Vec<Post>,
    /// Send it as `from` for the next page; null at the end.
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The `next` of the page before.
    pub from: Option<String>,
    /// How many, at most 50.
    pub limit: Option<u32>,
}

/// A comment to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct NewComment {
    /// Who writes.
    pub subject: String,
    /// What.
    pub value: String,
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// Its public name.
    pub id: String,
    /// Which record.
    pub record: String,
    /// Where it is recorded.
    pub receipt: Evidence,
}

fn public(text: &str) -> Result<PublicId, Fault> {
    let id = HEXLOWER.decode(text.as_bytes()).ok().and_then(|b| b.try_into().ok());
    id.ok_or(Fault::NotFound)
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Detailed> {
    let Some(text) = text else { return Ok(None) };
    let read = || {
        let (at, id) = text.split_once('-')?;
        let at = jiff::Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        Some((at, HEXLOWER.decode(id.as_bytes()).ok()?.try_into().ok()?))
    };
    let wrong = || Detailed(Fault::Malformed, "`from`: send the `next` of the page before".into());
    read().map(Some).ok_or_else(wrong)
}

fn post(policy: &Policy, entry: Entry) -> Post {
    let Entry { published, used } = entry;
    let text = |is_author: bool| {
        used.records
            .iter()
            .find(|r| (policy.item_name(r.head.item) == AUTHOR) == is_author)
            .map(|r| r.value.expose(Sink::Service, |v| String::from_utf8_lossy(v).into_owned()))
    };
    Post {
        id: HEXLOWER.encode(&published.id),
        at: published.at.to_string(),
        subject: published.subject.to_string(),
        author: text(true),
        value: text(false).unwrap_or_default(),
        item: published.item,
        record: published.record.to_string(),
        thread: published.thread.map(|t| HEXLOWER.encode(&t)),
        parent: published.parent.map(|t| HEXLOWER.encode(&t)),
        receipt: used.receipt.into(),
    }
}

fn listing(policy: &Policy, page: Page) -> Listing {
    let next = page.next.map(|(at, id)| format!("{}-{}", at.as_millisecond(), HEXLOWER.encode(&id)));
    Listing { posts: page.entries.into_iter().map(|e| post(policy, e)).collect(), next }
}

/// What is published, newest first.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/feed", tag = "posts", params(Wanted),
    responses((status = 200, body = Listing), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn feed(
    State(web): State<Web>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, Response> {
    let from = cursor(wanted.from.as_deref()).map_err(IntoResponse::into_response)?;
    let page = web.app.feed(&caller.service, from, wanted.limit.unwrap_or(20)).await.map_err(caller.told())?;
    Ok(Json(listing(&web.policy(), page)))
}

/// One thing published.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/posts/{post}", tag = "posts", params(("post" = String, Path)),
    responses((status = 200, body = Post), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn one(State(web): State<Web>, caller: Caller, Path(id): Path<String>) -> Result<Json<Post>, Response> {
    let entry = web
        .app
        .published(&caller.service, public(&id).map_err(IntoResponse::into_response)?)
        .await
        .map_err(caller.told())?;
    Ok(Json(post(&web.policy(), entry)))
}

/// The comments under a post, oldest first; they stay when the post goes.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/posts/{post}/comments", tag = "posts", params(("post" = String, Path), Wanted),
    responses((status = 200, body = Listing), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn comments(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, Response> {
    let (id, from) = (
        public(&id).map_err(IntoResponse::into_response)?,
        cursor(wanted.from.as_deref()).map_err(IntoResponse::into_response)?,
    );
    let page = web.app.thread(&caller.service, id, from, wanted.limit.unwrap_or(20)).await.map_err(caller.told())?;
    Ok(Json(listing(&web.policy(), page)))
}

/// Writes and publishes a comment on a post or on a comment.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/posts/{post}/comments", tag = "posts", params(("post" = String, Path)),
    request_body = NewComment,
    responses((status = 201, body = Published), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn comment(
    State(web): State<Web>,
    caller: Caller,
    Path(on): Path<String>,
    Sent(new): Sent<NewComment>,
) -> Result<(StatusCode, Json<Published>), Response> {
    let whose = subject(&new.subject).map_err(IntoResponse::into_response)?;
    let done =
        web.app.comment(whose, public(&on).map_err(IntoResponse::into_response)?, &new.value, &caller.actor()).await;
    let (id, record, receipt) = done.map_err(caller.told())?;
    let told = Published { id: HEXLOWER.encode(&id), record: record.to_string(), receipt: receipt.into() };
    Ok((StatusCode::CREATED, Json(told)))
}

/// Publishes a record.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/records/{item}/{record}/publication", tag = "posts",
    params(("subject" = String, Path), ("item" = String, Path), ("record" = String, Path)),
    responses((status = 201, body = Published), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn publish(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item, record)): Path<(String, String, String)>,
) -> Result<(StatusCode, Json<Published>), Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let id: RecordId = record.parse().map_err(|_| Fault::NotFound.into_response())?;
    let (name, receipt) = web.app.publish(whose, &item, id, &caller.actor()).await.map_err(caller.told())?;
    let told = Published { id: HEXLOWER.encode(&name), record, receipt: receipt.into() };
    Ok((StatusCode::CREATED, Json(told)))
}

/// Takes a record back from publication. A service may only for what it may publish.
///
/// # Errors
/// Problem documents.
#[utoipa::path(delete, path = "/v1/subjects/{subject}/records/{item}/{record}/publication", tag = "posts",
    params(("subject" = String, Path), ("item" = String, Path), ("record" = String, Path)),
    responses((status = 200, body = Evidence), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn unpublish(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item, record)): Path<(String, String, String)>,
) -> Result<Json<Evidence>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let id: RecordId = record.parse().map_err(|_| Fault::NotFound.into_response())?;
    if !caller.service.may_claim(avouch::usage::publish::PURPOSE) {
        return Err(Fault::Forbidden.into_response());
    }
    let receipt = web.app.unpublish(whose, &item, id, &caller.actor()).await.map_err(caller.told())?;
    Ok(Json(receipt.into()))
}
