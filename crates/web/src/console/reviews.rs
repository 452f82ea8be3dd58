//! `/reviews`: automated decisions that people asked a human to look at again, the one due first in front.
//!
//! Keeps promise 2.2 (PIPL 24(3)) and 5.5: one is opened at a time, and that is recorded.

use askama::Template;
use avouch::store::{RecordId, Sink, SubjectId};
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
use crate::state::{Web, page_fault, say};

/// A review in the queue.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose and which; for its address.
    pub address: String,
    /// The purpose's label.
    pub label: String,
    /// Since when.
    pub since: Timestamp,
    /// By when it is answered.
    pub due: Timestamp,
    /// Whether that is over.
    pub late: bool,
}

/// The queue.
#[derive(Debug, Template)]
#[template(path = "console/reviews.html")]
pub struct Reviews {
    /// The frame.
    pub f: Frame,
    /// What waits.
    pub rows: Vec<Row>,
}

/// One review, opened.
#[derive(Debug, Template)]
#[template(path = "console/review.html")]
pub struct ReviewPage {
    /// The frame.
    pub f: Frame,
    /// Whose and which; for its address.
    pub address: String,
    /// The purpose's label.
    pub label: String,
    /// How it decides, as people are told.
    pub logic: String,
    /// What was decided.
    pub outcome: Shown,
    /// Why.
    pub because: Shown,
    /// By when it is answered.
    pub due: Timestamp,
}

/// `GET /reviews`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<Reviews>, Fault> {
    let waiting = web.app.reviews().await.map_err(page_fault(&f))?;
    let (policy, now) = (web.policy(), web.app.store.now());
    let row = |(subject, head): (SubjectId, avouch::store::DecisionHead)| {
        let fact = policy.facts().usage.purposes.get(&head.purpose);
        Some(Row {
            address: format!("{subject}/{}", head.id),
            label: fact.map_or_else(|| head.purpose.clone(), |p| say(&f, &p.label)),
            since: head.asked?,
            due: head.due?,
            late: head.due? <= now,
        })
    };
    Ok(Page(Reviews { rows: waiting.into_iter().filter_map(row).collect(), f }))
}

fn named(subject: &str, decision: &str) -> Result<(SubjectId, RecordId), Fault> {
    Ok((subject.parse().map_err(|_| Fault::NotFound)?, decision.parse().map_err(|_| Fault::NotFound)?))
}

/// `POST /reviews/{subject}/{decision}`: opens one; the use is recorded before it is shown.
///
/// # Errors
/// [`Fault::NotFound`] when none waits; refusals.
pub async fn open(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((subject, decision)): Path<(String, String)>,
) -> Result<Page<ReviewPage>, Fault> {
    let (whose, id) = named(&subject, &decision)?;
    let opened = web.app.open_review(whose, id, &operator.name).await.map_err(page_fault(&f))?;
    let policy = web.policy();
    let fact = policy.facts().usage.purposes.get(&opened.head.purpose);
    let shown = |text: &String| Shown::new(text.as_str());
    Ok(Page(ReviewPage {
        address: format!("{subject}/{decision}"),
        label: fact.map(|p| say(&f, &p.label)).unwrap_or_default(),
        logic: fact.and_then(|p| p.logic.as_ref()).map(|w| say(&f, w)).unwrap_or_default(),
        outcome: opened.outcome.expose(Sink::Operator, shown),
        because: opened.because.expose(Sink::Operator, shown),
        due: opened.head.due.unwrap_or_else(|| web.app.store.now()),
        f,
    }))
}

/// What the answer's form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds what is said to a person")]
pub struct Sent {
    verdict: String,
    words: String,
}

/// `POST /reviews/{subject}/{decision}/answer`
///
/// # Errors
/// [`Fault::NotFound`] when none waits; [`Fault::Malformed`] without words; refusals.
pub async fn answer(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((subject, decision)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let (whose, id) = named(&subject, &decision)?;
    let changed = match sent.verdict.as_str() {
        "change" => true,
        "uphold" => false,
        _ => return Err(Fault::Malformed),
    };
    let done = web.app.answer_review(whose, id, &operator.name, changed, &sent.words).await;
    done.map_err(page_fault(&f))?;
    Ok(Redirect::to("/reviews").into_response())
}
