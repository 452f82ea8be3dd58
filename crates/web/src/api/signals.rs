//! `/v1/subjects/{subject}/signals` and `…/permissions`: what a person's devices send, by way of a service.
//!
//! Keeps promises 1.4 to 1.6 and 6.4. A batch is for one purpose; each of its events is answered for itself. Address
//! and browser are those of the connection the service forwards, never what a body says.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;

use avouch::collection::signal::{Connection, Event};
use avouch::gate::Wanted;
use avouch::store::{PermissionState, RecordId, SignalPlace};
use avouch_policy::{Act, Party};
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::{Answer, Evidence, answer, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::http::proxy::Forwarded;
use crate::state::Web;

/// Signals given in one page.
const PAGE: u32 = 500;
/// Bytes of what a browser calls itself; the rest is dropped.
const AGENT: usize = 256;

/// One event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Sign {
    /// Its item, one that the policy lets devices send.
    #[schema(example = "crash_report")]
    pub item: String,
    /// When it happened by the device's clock, RFC 3339; at most seven days ago.
    #[schema(example = "2026-12-01T01:00:00Z")]
    pub at: Option<String>,
    /// The fields the policy declares for the item: texts, numbers, true or false.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// A batch of events for one purpose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Batch {
    /// What for, one the credential is bound to.
    #[schema(example = "fault")]
    pub purpose: String,
    /// The events.
    pub events: Vec<Sign>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// Whether it was taken.
    pub taken: bool,
    /// If not: what is wrong, as a word for machines.
    #[schema(example = "unknown-field")]
    pub code: Option<String>,
    /// If not: where and what, for people.
    pub text: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Of each event, in order.
    pub events: Vec<Outcome>,
    /// Where the batch is recorded.
    pub receipt: Evidence,
}

/// What the person's devices may send at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sending {
    /// Items by purpose; what is not here is not to be noted on the device either.
    pub open: BTreeMap<String, Vec<String>>,
    /// Items for which no consent stands any more: give the device's permission back.
    pub give_back: Vec<String>,
}

/// What the device permits, by item: `granted`, `limited` or `denied`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct States(pub BTreeMap<String, String>);

/// Which page of signals, and what for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The purpose they were sent for, one the credential is bound to.
    #[param(example = "fault")]
    pub purpose: String,
    /// `created` and `record` of the last of the page before, with a comma between.
    pub after: Option<String>,
}

/// The connection of the person's device, as far as a proxy of the installation forwards it.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Device(Connection);

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without a trusted word of whom this is for, the connection is the service's own and tells nothing of the
        // person.
        if parts.extensions.get::<Forwarded>().is_none() {
            return Ok(Self::default());
        }
        let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip().to_string());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Ok(Self(Connection { ip: ip.unwrap_or_default(), agent: agent.chars().take(AGENT).collect() }))
    }
}

fn malformed(text: impl Into<String>) -> Response {
    Detailed(Fault::Malformed, text.into()).into_response()
}

/// Takes a batch of events. What the gate refuses is refused whole; of the rest each event is answered for itself.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/signals", tag = "signals", params(("subject" = String, Path)),
    request_body = Batch,
    responses((status = 200, body = Taken), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn take(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Device(from): Device,
    Sent(batch): Sent<Batch>,
) -> Result<Json<Taken>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let mut events = Vec::with_capacity(batch.events.len());
    for (n, sign) in batch.events.into_iter().enumerate() {
        let at = sign.at.map(|text| text.parse()).transpose();
        let at = at.map_err(|_| malformed(format!("`events[{n}].at`: this is no time; write it as in RFC 3339")))?;
        events.push(Event { item: sign.item, at, fields: sign.fields });
    }
    let taken = web.app.take_signals(whose, &batch.purpose, &events, &from, &caller.actor()).await;
    let taken = taken.map_err(caller.told())?;
    let outcome = |fault: Option<avouch::fault::FieldFault>| match fault {
        None => Outcome { taken: true, code: None, text: None },
        Some(f) => {
            Outcome { taken: false, code: Some(f.code.to_owned()), text: Some(format!("`{}`: {}", f.field, f.text)) }
        }
    };
    Ok(Json(Taken { events: taken.events.into_iter().map(outcome).collect(), receipt: taken.receipt.into() }))
}

/// What the person's devices may send now. Asked before anything is noted on a device.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/signals", tag = "signals", params(("subject" = String, Path)),
    responses((status = 200, body = Sending), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub async fn sending(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
) -> Result<Json<Sending>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let mut sending = web.app.sending(whose, Party::Service).await.map_err(caller.told())?;
    sending.open.retain(|purpose, _| caller.service.may_claim(purpose));
    Ok(Json(Sending { open: sending.open, give_back: sending.give_back }))
}

/// Reads a person's signals of one item for a purpose, the oldest first.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/signals/{item}", tag = "signals",
    params(("subject" = String, Path), ("item" = String, Path, example = "crash_report"), Page),
    responses((status = 200, body = Answer), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, item)): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Result<Json<Answer>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let after = page.after.as_deref().map(place);
    if after == Some(None) {
        return Err(malformed("`after`: not of a page before"));
    }
    let wanted = Wanted { act: Act::Use, purpose: &page.purpose, items: &[&item], recipient: None };
    let used = web.app.use_signals(whose, &wanted, &caller.actor(), PAGE, after.flatten()).await;
    Ok(Json(answer(&web.policy(), used.map_err(caller.told())?)))
}

fn place(text: &str) -> Option<SignalPlace> {
    let (at, id) = text.split_once(',')?;
    Some((at.parse().ok()?, id.parse::<RecordId>().ok()?))
}

/// Keeps what the person's device permits. What it refuses is refused from then on; what it grants is no consent.
///
/// # Errors
/// Problem documents.
#[utoipa::path(put, path = "/v1/subjects/{subject}/permissions", tag = "signals", params(("subject" = String, Path)),
    request_body = States,
    responses((status = 200, body = Sending), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)))]
pub async fn permit(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Sent(States(said)): Sent<States>,
) -> Result<Json<Sending>, Response> {
    let whose_id = subject(&whose).map_err(IntoResponse::into_response)?;
    let mut states = BTreeMap::new();
    for (item, state) in said {
        let state = PermissionState::named(&state)
            .ok_or_else(|| malformed(format!("`{item}`: write granted, limited or denied")))?;
        states.insert(item, state);
    }
    web.app.set_permissions(whose_id, &states, &caller.actor()).await.map_err(caller.told())?;
    sending(State(web), caller, Path(whose)).await
}

/// The sender for browsers: one file without dependencies, for a service to serve with its own pages.
const SENDER: &str = include_str!("../../assets/signals.js");

/// `GET /v1/signals.js`
pub async fn sender() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SENDER).into_response()
}
