//! `/services`: the applications that may call, what they keep, what they owe, and who is suspended.
//!
//! Keeps promises 2.0 and 5.2.

use askama::Template;
use avouch::store::ReaderKind;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Web, page_fault, say};

/// A service.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Labels of the purposes it may claim.
    pub purposes: String,
    /// How long it keeps what it reads, in minutes; nothing where it keeps nothing.
    pub cache: Option<u64>,
    /// Where it is told; empty where it keeps nothing.
    pub hook: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Why.
    pub reason: String,
    /// Since when it is registered.
    pub created: Timestamp,
    /// Notices it has not acknowledged.
    pub open: u64,
    /// How many of them are past their time.
    pub late: u64,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "console/services.html")]
pub struct Services {
    /// The frame.
    pub f: Frame,
    /// Those that are suspended first, then by name.
    pub rows: Vec<Row>,
}

/// `GET /services`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<Services>, Fault> {
    let told = page_fault(&f);
    let owed = web.app.owed().await.map_err(&told)?;
    let policy = web.policy();
    let known = &policy.facts().usage.purposes;
    let label = |name: &String| known.get(name).map_or_else(|| name.clone(), |p| say(&f, &p.label));
    let mut rows: Vec<Row> = Vec::new();
    for s in web.app.services().await.map_err(&told)? {
        let owes = owed.iter().find(|o| o.kind == ReaderKind::Service && o.name == s.name);
        rows.push(Row {
            purposes: f.texts.list(&s.purposes.iter().map(label).collect::<Vec<_>>()),
            cache: (!s.hook.is_empty()).then_some(s.cache.div_ceil(60)),
            hook: s.hook,
            suspended: s.suspended,
            reason: s.reason,
            created: s.created,
            open: owes.map_or(0, |o| o.open),
            late: owes.map_or(0, |o| o.late),
            name: s.name,
        });
    }
    rows.sort_by_key(|row| !row.suspended);
    Ok(Page(Services { rows, f }))
}

/// What the forms send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    state: String,
    #[serde(default)]
    reason: String,
}

/// `POST /services/{name}`: suspends one, or lets it in again.
///
/// # Errors
/// [`Fault::NotFound`] for one that is not there or is so already; [`Fault::Malformed`] without a reason.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let done = match sent.state.as_str() {
        "suspended" => web.app.suspend_service(&name, &operator.name, &sent.reason).await,
        "active" => web.app.resume_service(&name, &operator.name).await,
        _ => return Err(Fault::Malformed),
    };
    done.map_err(page_fault(&f))?;
    Ok(Redirect::to("/services").into_response())
}
