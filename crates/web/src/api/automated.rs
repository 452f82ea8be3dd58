//! Automated decisions: what an answer may be personalised with, and decisions that a human may look at again.
//!
//! Keeps promise 2.2 (PIPL 24) towards services: one call for those who have it on and those who have it off.

use avouch::store::{DecisionHead, RecordId, Sink};
use avouch::usage::automated::Personal;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::{Evidence, For, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// One thing an answer may be made from.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Tag {
    /// The item.
    pub item: String,
    /// The value.
    pub value: String,
}

/// What an answer may be personalised with.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Personalisation {
    /// Whether it may be personalised. If not, answer by nothing of this person's: by time, for one.
    pub personalised: bool,
    /// What it may be made from; empty where it may not.
    pub tags: Vec<Tag>,
    /// How it is decided, in the caller's language, to be shown to the person who asks why they see this.
    pub logic: String,
    /// The codes of why it may not.
    pub reasons: Vec<String>,
    /// Where this is recorded.
    pub receipt: Evidence,
}

/// A decision to record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct NewDecision {
    /// An automated purpose of the policy.
    #[schema(example = "moderation")]
    pub purpose: String,
    /// The items it was made from.
    pub items: Vec<String>,
    /// What was decided, in the person's language.
    #[schema(example = "Your post was hidden.")]
    pub outcome: String,
    /// Why, in the person's language: which rule, and what of theirs it was applied to.
    #[schema(example = "It seems to sell something, which rule 4 forbids.")]
    pub because: String,
}

/// A decision that was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decided {
    /// Its id.
    pub decision: String,
    /// Where it is recorded.
    pub receipt: Evidence,
}

/// How a decision stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Standing {
    /// Its id.
    pub decision: String,
    /// The purpose.
    pub purpose: String,
    /// When it was made, RFC 3339.
    pub at: String,
    /// `stands`, `asked` (a human was asked to look again), `upheld`, or `changed`: then undo it.
    pub review: String,
    /// By when a human answers, RFC 3339; null where none was asked.
    pub due: Option<String>,
    /// When a human answered, RFC 3339.
    pub reviewed: Option<String>,
}

/// What an answer for a person may be personalised with; for those who have it off, that it may not.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/personalisation", tag = "automated",
    params(("subject" = String, Path), For),
    responses((status = 200, body = Personalisation), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn personalisation(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Query(wanted): Query<For>,
) -> Result<Json<Personalisation>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let personal = web.app.personal(whose, &wanted.purpose, &caller.service).await.map_err(caller.told())?;
    let policy = web.policy();
    let fact = policy.facts().usage.purposes.get(&wanted.purpose);
    let logic = fact.and_then(|p| p.logic.as_ref()).map(|w| w.in_lang(caller.tag()).to_owned()).unwrap_or_default();
    Ok(Json(match personal {
        Personal::Yes { tags, receipt } => Personalisation {
            personalised: true,
            tags: tags
                .iter()
                .map(|record| Tag {
                    item: policy.item_name(record.head.item).to_owned(),
                    value: record.value.expose(Sink::Service, |v| String::from_utf8_lossy(v).into_owned()),
                })
                .collect(),
            logic,
            reasons: Vec::new(),
            receipt: receipt.into(),
        },
        Personal::No(denied) => Personalisation {
            personalised: false,
            tags: Vec::new(),
            logic,
            reasons: denied.refusal.reasons.iter().map(|r| r.code.name().to_owned()).collect(),
            receipt: denied.receipt.into(),
        },
    }))
}

/// Records a decision made about a person, and why, so that they see it and can ask for a human.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/subjects/{subject}/decisions", tag = "automated", params(("subject" = String, Path)),
    request_body = NewDecision,
    responses((status = 201, body = Decided), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn decide(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
    Sent(new): Sent<NewDecision>,
) -> Result<(StatusCode, Json<Decided>), Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let items: Vec<&str> = new.items.iter().map(String::as_str).collect();
    let recorded =
        web.app.record_decision(whose, &new.purpose, &items, &new.outcome, &new.because, &caller.service).await;
    let (id, receipt) = recorded.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Decided { decision: id.to_string(), receipt: receipt.into() })))
}

/// How a decision stands; one that a human changed must be undone.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/decisions/{decision}", tag = "automated",
    params(("subject" = String, Path), ("decision" = String, Path)),
    responses((status = 200, body = Standing), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn decision(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, id)): Path<(String, String)>,
) -> Result<Json<Standing>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let id: RecordId = id.parse().map_err(|_| Fault::NotFound.into_response())?;
    let head: DecisionHead = web.app.decision_of(whose, id, &caller.service).await.map_err(caller.told())?;
    Ok(Json(Standing {
        decision: head.id.to_string(),
        purpose: head.purpose,
        at: head.at.to_string(),
        review: head.review.name().to_owned(),
        due: head.due.map(|t| t.to_string()),
        reviewed: head.reviewed.map(|t| t.to_string()),
    }))
}
