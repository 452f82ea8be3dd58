//! Requests for a right, made through a service: the person asks where they are, and sees there how it stands.
//!
//! Keeps promises 6.5 and 8.2 towards services.

use avouch::contact::case::{NewCase, REQUESTS};
use avouch::rights::request::Asked;
use avouch::store::{Actor, Request};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::{Evidence, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// A request to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds what a person writes")]
pub struct NewRequest {
    /// `access`, `copy`, `correct`, `delete`, `cancel`, `withdraw`, `restrict`, `object`, `portability`, `explain`,
    /// `decision`: what of these the policy offers.
    #[schema(example = "explain")]
    pub kind: String,
    /// An item or a purpose of the policy; left out for everything.
    #[serde(default)]
    pub about: String,
    /// What the person writes.
    #[schema(example = "How do you decide what I see first?")]
    pub text: String,
    /// The language to answer in.
    #[serde(default = "english")]
    #[schema(example = "en")]
    pub language: String,
}

fn english() -> String {
    "en".into()
}

/// A request as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestStanding {
    /// Its number.
    pub number: String,
    /// What is asked.
    pub kind: String,
    /// To what; empty for everything.
    pub about: String,
    /// When it came in, RFC 3339.
    pub received: String,
    /// By when it is answered, RFC 3339; null where no rule sets a time, or it was answered at once.
    pub due: Option<String>,
    /// When it was answered, RFC 3339.
    pub answered: Option<String>,
    /// `answered`, `partly`, `refused`; empty while it runs.
    pub outcome: String,
    /// Codes of why not, or not wholly.
    pub reasons: Vec<String>,
    /// Where it is recorded.
    pub receipt: Evidence,
}

impl From<Request> for RequestStanding {
    fn from(request: Request) -> Self {
        Self {
            number: request.number,
            kind: request.kind,
            about: request.about,
            received: request.received.to_string(),
            due: request.due.map(|t| t.to_string()),
            answered: request.answered.map(|t| t.to_string()),
            outcome: request.outcome,
            reasons: request.reasons,
            receipt: request.receipt.into(),
        }
    }
}

/// The requests of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requests {
    /// The newest first.
    pub requests: Vec<RequestStanding>,
}

/// Only a service that was given the purpose sees what people ask.
fn may(caller: &Caller) -> Result<(), Fault> {
    if caller.service.may_claim(REQUESTS) { Ok(()) } else { Err(Fault::NotFound) }
}

/// Opens a request for a person who is signed in at the service; number, due date and receipt at once.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/requests", tag = "requests", params(("subject" = String, Path)),
    request_body = NewRequest,
    responses((status = 201, body = RequestStanding), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn open(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Sent(new): Sent<NewRequest>,
) -> Result<(StatusCode, Json<RequestStanding>), Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    may(&caller).map_err(IntoResponse::into_response)?;
    // Who is not there is told before anything is opened in their name.
    web.app.account(whose).await.map_err(caller.told())?;
    let case = NewCase {
        category: String::new(),
        text: new.text,
        mail: String::new(),
        language: new.language,
        address: String::new(),
    };
    let asked = Asked { kind: new.kind, about: new.about, role: "self".into(), ..Asked::default() };
    let actor = Actor::Service(Arc::clone(&caller.service));
    let opened = web.app.open_request(case, asked, Some(whose), actor).await.map_err(caller.told())?;
    let request = web.app.request(&opened.number).await.map_err(caller.told())?;
    let request = request.ok_or_else(|| Fault::NotFound.into_response())?;
    Ok((StatusCode::CREATED, Json(request.into())))
}

/// The requests of a person, also those they did alone on a page.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/requests", tag = "requests", params(("subject" = String, Path)),
    responses((status = 200, body = Requests), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
) -> Result<Json<Requests>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    may(&caller).map_err(IntoResponse::into_response)?;
    web.app.account(whose).await.map_err(caller.told())?;
    let (own, _) = web.app.own_requests(whose).await.map_err(caller.told())?;
    Ok(Json(Requests { requests: own.into_iter().map(RequestStanding::from).collect() }))
}

/// One request of a person.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/requests/{number}", tag = "requests",
    params(("subject" = String, Path), ("number" = String, Path)),
    responses((status = 200, body = RequestStanding), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, number)): Path<(String, String)>,
) -> Result<Json<RequestStanding>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    may(&caller).map_err(IntoResponse::into_response)?;
    let found = web.app.request(&number).await.map_err(caller.told())?.filter(|r| r.subject == whose);
    Ok(Json(found.ok_or_else(|| Fault::NotFound.into_response())?.into()))
}
