//! `GET /v1/bulk/{purpose}`: items of every subject the purpose is permitted for, as a stream of lines.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use std::sync::Arc;

use avouch::store::Credential;
use avouch::usage::bulk::{BulkPage, PAGE};
use avouch_policy::Policy;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::records::{Answer, answer, names};
use crate::state::Web;

/// What is wanted of everyone.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct All {
    /// Items, with commas between.
    #[param(example = "email,nickname")]
    pub items: String,
    /// The `cursor` of the last line that carried one: goes on there.
    pub cursor: Option<String>,
}

/// One person's records.
#[derive(Serialize)]
struct One {
    outcome: &'static str,
    subject: String,
    #[serde(flatten)]
    answer: Answer,
}

/// A page as lines: one a person, then one that says how many were refused and why, and where to go on.
fn lines(policy: &Policy, page: BulkPage) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |line: serde_json::Result<Vec<u8>>| {
        if let Ok(line) = line {
            out.extend_from_slice(&line);
            out.push(b'\n');
        }
    };
    for (subject, used) in page.used {
        put(serde_json::to_vec(&One { outcome: "done", subject: subject.to_string(), answer: answer(policy, used) }));
    }
    for subject in page.failed {
        put(serde_json::to_vec(&json!({ "outcome": "failed", "subject": subject.to_string() })));
    }
    let outcome = if page.next.is_some() { "page" } else { "end" };
    put(serde_json::to_vec(
        &json!({ "outcome": outcome, "refused": page.refused, "reasons": page.reasons, "cursor": page.next }),
    ));
    out
}

/// What the stream goes on with.
struct Run {
    web: Web,
    service: Arc<Credential>,
    purpose: String,
    items: Vec<String>,
    next: Next,
}

enum Next {
    Ready(BulkPage),
    After(String),
    Over,
}

impl Run {
    async fn page(&self, cursor: Option<&str>) -> Result<BulkPage, avouch::Fault> {
        let items: Vec<&str> = self.items.iter().map(String::as_str).collect();
        self.web.app.bulk(&self.service, &self.purpose, &items, cursor, PAGE).await
    }

    /// The next lines, read when the reader asks for them.
    async fn step(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        let page = match std::mem::replace(&mut self.next, Next::Over) {
            Next::Over => return None,
            Next::Ready(page) => Ok(page),
            Next::After(cursor) => self.page(Some(&cursor)).await.map_err(|fault| (fault, cursor)),
        };
        let out = match page {
            Ok(page) => {
                self.next = page.next.clone().map_or(Next::Over, Next::After);
                lines(&self.web.policy(), page)
            }
            Err((fault, cursor)) => {
                tracing::error!(%fault, "a bulk use stopped");
                let line: Value = json!({ "outcome": "stopped", "cursor": cursor });
                format!("{line}\n").into_bytes()
            }
        };
        Some((Ok(Bytes::from(out)), self))
    }
}

/// Uses items of every subject the purpose is permitted for, as lines of JSON. Each line has an `outcome`: `done`, with a
/// person's records and where their use is recorded; `failed`, a person whose records cannot be read; `page`, how many
/// were refused and why, and the cursor to go on with after a cut connection; `end`, the last; `stopped`, try again
/// with its cursor. Only a stream that ends with `end` is whole.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/bulk/{purpose}", tag = "records",
    params(("purpose" = String, Path, example = "marketing"), All),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 503, body = Problem)))]
pub async fn stream(
    State(web): State<Web>,
    caller: Caller,
    Path(purpose): Path<String>,
    Query(all): Query<All>,
) -> Result<Response, Response> {
    let items = names(&all.items).into_iter().map(str::to_owned).collect();
    let mut run = Run { web, service: Arc::clone(&caller.service), purpose, items, next: Next::Over };
    // The first page before the head of the answer, so that a refusal is a problem document.
    run.next = Next::Ready(run.page(all.cursor.as_deref()).await.map_err(caller.told())?);
    let body = Body::from_stream(stream::unfold(run, Run::step));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}
