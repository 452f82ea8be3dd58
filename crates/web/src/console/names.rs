//! `/names`: the checks of names that wait for staff; one is opened at a time, and that is recorded.
//!
//! Keeps promise 1.2 (a way without a machine) and 5.5 (staff see what their task needs).

use askama::Template;
use avouch::store::SubjectId;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::shown::Shown;
use crate::state::{Web, page_fault};

/// A check in the queue.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose; for its address.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is given up.
    pub ends: Timestamp,
}

/// The queue.
#[derive(Debug, Template)]
#[template(path = "console/names.html")]
pub struct Names {
    /// The frame.
    pub f: Frame,
    /// What waits, the oldest first.
    pub rows: Vec<Row>,
}

/// One check, opened.
#[derive(Debug, Template)]
#[template(path = "console/name.html")]
pub struct NamePage {
    /// The frame.
    pub f: Frame,
    /// Whose; for its address.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
    /// The name.
    pub name: Shown,
    /// The kind of document, in words.
    pub document: String,
    /// The number.
    pub number: Shown,
    /// The birth date the number tells; empty where it tells none.
    pub birth: Shown,
}

/// `GET /names`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<Names>, Fault> {
    let waiting = web.app.names_waiting().await.map_err(page_fault(&f))?;
    let row = |w: avouch::collection::real_name::Waiting| Row {
        subject: w.subject.to_string(),
        since: w.since,
        ends: w.ends,
    };
    Ok(Page(Names { rows: waiting.into_iter().map(row).collect(), f }))
}

/// `POST /names/{subject}`: opens one; the use is recorded before it is shown.
///
/// # Errors
/// [`Fault::NotFound`] when none waits; refusals.
pub async fn open(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(subject): Path<String>,
) -> Result<Page<NamePage>, Fault> {
    let id: SubjectId = subject.parse().map_err(|_| Fault::NotFound)?;
    let opened = web.app.open_name(id, &operator.name).await.map_err(page_fault(&f))?;
    Ok(Page(NamePage {
        subject,
        since: opened.since,
        name: Shown::new(opened.claim.name.text()),
        document: crate::site::privacy::real_name::document(&f, opened.claim.kind),
        number: Shown::new(opened.claim.number.as_str()),
        birth: Shown::new(opened.claim.birth.map(|b| f.date(&b)).unwrap_or_default()),
        f,
    }))
}

/// What the decision's form sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    verdict: String,
}

/// `POST /names/{subject}/decide`
///
/// # Errors
/// [`Fault::NotFound`] when none waits; refusals.
pub async fn decide(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(subject): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let id: SubjectId = subject.parse().map_err(|_| Fault::NotFound)?;
    let confirmed = match sent.verdict.as_str() {
        "confirm" => true,
        "refuse" => false,
        _ => return Err(Fault::Malformed),
    };
    web.app.decide_name(id, &operator.name, confirmed).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/names").into_response())
}
