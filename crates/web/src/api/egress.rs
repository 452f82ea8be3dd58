//! `/v1/subjects/{subject}/egress`: has a recipient called with values the service never sees.
//!
//! Keeps promise 4.1.

use std::collections::BTreeMap;

use avouch::sharing::egress::{Request, Standing};
use avouch::sharing::template::Template;
use avouch::store::EgressState;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::subject;
use crate::api::sent::Sent;
use crate::state::Web;

/// What is to be sent, to whom, and what for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "may hold personal data")]
#[schema(as = EgressCall)]
pub struct Ask {
    /// The recipient, by its name in the policy.
    #[schema(example = "courier")]
    pub recipient: String,
    /// The purpose, one the credential is bound to.
    #[schema(example = "orders")]
    pub purpose: String,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    #[schema(example = "POST")]
    pub method: String,
    /// Where to, on a host the policy names for the recipient. `{{phone}}` stands for a value, `{{@subject}}` for the
    /// subject's id, `{{@id}}` for that of the call; here after the host only.
    #[schema(example = "https://api.courier.example/v1/parcels")]
    pub url: String,
    /// Parameters to be added to the URL.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Headers; the recipient's credential is added by Avouch.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; its texts may have places.
    #[schema(value_type = Object, example = json!({ "to": { "phone": "{{phone}}" }, "reference": "{{@id}}" }))]
    pub json: Option<Value>,
    /// The body as a form.
    pub form: Option<BTreeMap<String, String>>,
    /// Which record of an item, where a person can have several.
    #[serde(default)]
    pub records: BTreeMap<String, String>,
    /// `now`: tried once, the answer comes back. `queued`: tried until it is taken.
    #[serde(default)]
    pub mode: Mode,
}

/// When a call is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EgressMode)]
pub enum Mode {
    /// At once, once.
    #[default]
    Now,
    /// By the worker, until it is taken.
    Queued,
}

/// How a call stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EgressAnswer)]
pub struct Called {
    /// Names the call, to the recipient too, in `Idempotency-Key`.
    pub id: String,
    /// `queued`, `sending`, `sent`, `failed`, `unknown` (it may have arrived) or `refused`.
    #[schema(example = "sent")]
    pub state: &'static str,
    /// How often it was tried.
    pub tries: u64,
    /// The status of the recipient's last answer.
    pub status: Option<u64>,
    /// What was wrong with the last try; empty when nothing was.
    pub fault: String,
    /// Headers of the answer that may be seen.
    pub headers: BTreeMap<String, String>,
    /// Fields of the answer that may be seen, by their JSON pointers; what was sent is masked in them.
    #[schema(value_type = Object)]
    pub fields: BTreeMap<String, Value>,
}

fn called(standing: Standing) -> (StatusCode, Json<Called>) {
    let Standing { egress, shown } = standing;
    let shown = shown.unwrap_or_default();
    let status = match egress.state {
        EgressState::Queued | EgressState::Sending => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let id = data_encoding::HEXLOWER.encode(&egress.id);
    let answer = Called {
        id,
        state: egress.state.name(),
        tries: egress.tries,
        status: egress.status,
        fault: egress.fault,
        headers: shown.headers,
        fields: shown.fields,
    };
    (status, Json(answer))
}

/// Has a recipient called. `Idempotency-Key` names the call: the same key again answers from its record, or tries
/// again where the recipient has not taken it.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/egress", tag = "sharing",
    params(("subject" = String, Path), ("Idempotency-Key" = String, Header, description = "names the call")),
    request_body = Ask,
    responses((status = 200, body = Called), (status = 202, body = Called), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 415, body = Problem), (status = 503, body = Problem)))]
pub async fn call(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    headers: HeaderMap,
    Sent(ask): Sent<Ask>,
) -> Result<(StatusCode, Json<Called>), Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let template = Template {
        method: ask.method,
        url: ask.url,
        query: ask.query,
        headers: ask.headers,
        json: ask.json,
        form: ask.form,
    };
    let request = Request { recipient: ask.recipient, purpose: ask.purpose, template, records: ask.records };
    let done = web.app.egress(&caller.service, whose, request, key, ask.mode == Mode::Queued).await;
    Ok(called(done.map_err(caller.told())?))
}

/// How a call stands.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/egress/{call}", tag = "sharing",
    params(("subject" = String, Path), ("call" = String, Path)),
    responses((status = 200, body = Called), (status = 202, body = Called), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn standing(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, id)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Called>), Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let done = web.app.egress_by_id(&caller.service, whose, &id).await;
    Ok(called(done.map_err(caller.told())?))
}
