//! `GET /v1/use`: items of every subject the purpose is permitted for, page by page.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::{Answer, answer, names, subject};
use crate::state::Web;

/// What is wanted of everyone.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Everyone {
    /// The purpose, one the credential is bound to.
    pub purpose: String,
    /// Items, with commas between.
    #[param(example = "email,nickname")]
    pub items: String,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Subjects on a page, at most 200.
    pub limit: Option<u32>,
}

/// One person's records.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct One {
    /// Whose.
    pub subject: String,
    /// What was permitted.
    #[serde(flatten)]
    pub answer: Answer,
}

/// One page.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Page {
    /// Those it was permitted for.
    pub subjects: Vec<One>,
    /// How many it was refused for.
    pub refused: u64,
    /// Where the next page begins; null on the last.
    pub next: Option<String>,
}

/// Uses items of every subject the purpose is permitted for.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/use", tag = "records", params(Everyone),
    responses((status = 200, body = Page), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 503, body = Problem)))]
pub async fn page(State(web): State<Web>, caller: Caller, Query(all): Query<Everyone>) -> Result<Json<Page>, Response> {
    let after = all.after.as_deref().map(subject).transpose().map_err(IntoResponse::into_response)?;
    let items = names(&all.items);
    let limit = all.limit.unwrap_or(avouch::usage::bulk::PAGE);
    let page = web.app.bulk(&caller.service, &all.purpose, &items, after, limit).await.map_err(caller.told())?;
    let policy = web.policy();
    let one = |(subject, used): (avouch::store::SubjectId, avouch::store::Used)| One {
        subject: subject.to_string(),
        answer: answer(&policy, used),
    };
    Ok(Json(Page {
        subjects: page.used.into_iter().map(one).collect(),
        refused: page.refused,
        next: page.next.map(|s| s.to_string()),
    }))
}
