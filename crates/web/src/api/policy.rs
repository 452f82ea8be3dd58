//! `GET /v1/policy`: which policy is in force, and its words.

use avouch_policy::{Format, render};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::Fault;
use crate::state::Web;

/// The policy in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct InForce {
    /// Its version.
    pub version: String,
    /// The digest that every consent and leaf cites, hex.
    pub digest: String,
    /// The languages its words are in.
    pub languages: Vec<String>,
    /// Its purposes.
    pub purposes: Vec<String>,
    /// Its items.
    pub items: Vec<String>,
}

/// Which policy is in force.
#[utoipa::path(get, path = "/v1/policy", tag = "policy", security(()), responses((status = 200, body = InForce)))]
pub async fn current(State(web): State<Web>) -> Json<InForce> {
    let policy = web.policy();
    let facts = policy.facts();
    Json(InForce {
        version: policy.version().to_owned(),
        digest: policy.digest().to_string(),
        languages: facts.languages.clone(),
        purposes: facts.usage.purposes.keys().cloned().collect(),
        items: facts.collection.items.keys().cloned().collect(),
    })
}

/// Its words in a language, as Markdown.
///
/// # Errors
/// [`Fault::NotFound`] for a language it is not in.
#[utoipa::path(get, path = "/v1/policy/{language}", tag = "policy", security(()),
    params(("language" = String, Path, example = "en")),
    responses((status = 200, body = String, content_type = "text/markdown"), (status = 404)))]
pub async fn words(State(web): State<Web>, Path(language): Path<String>) -> Result<Response, Fault> {
    let policy = web.policy();
    if !policy.facts().languages.contains(&language) {
        return Err(Fault::NotFound);
    }
    let text = render(&policy, &language, Format::Markdown);
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}
