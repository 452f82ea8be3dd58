//! `/approvals`: what a second person is asked to allow: what exactly, who asks, why, until when; yes and no.
//!
//! Keeps promises 2.6, 2.7 and 5.6.

use askama::Template;
use avouch::security::approval::{CarriedOut, done_here};
use avouch::store::{Approval, ApprovalId, ApprovalKind, ApprovalState, NotApproved};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::console::{Operator, list};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::state::{Web, page_fault};
use crate::words;

/// One approval in the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What sort of act, in words.
    pub kind: String,
    /// What exactly.
    pub what: String,
    /// Who asks.
    pub asked_by: String,
    /// Since when.
    pub asked: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Where it stands, in words.
    pub state: String,
    /// Whether somebody must look at it.
    pub waits: bool,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "console/approvals.html")]
pub struct Approvals {
    /// The frame.
    pub f: Frame,
    /// What was searched for.
    pub q: String,
    /// The states to choose from.
    pub states: Vec<Choice>,
    /// The kinds to choose from.
    pub kinds: Vec<Choice>,
    /// This page's.
    pub rows: Vec<Row>,
    /// How many fit.
    pub total: u64,
    /// The search as parameters, for the CSV.
    pub search: String,
    /// The next page's parameters.
    pub next: String,
    /// Those of the page before.
    pub previous: String,
}

/// One approval.
#[derive(Debug, Template)]
#[template(path = "console/approval.html")]
pub struct ApprovalPage {
    /// The frame.
    pub f: Frame,
    /// As in the list.
    pub row: Row,
    /// What exactly: names and values.
    pub parts: Vec<(String, String)>,
    /// Where exactly what is asked can be read; empty where the parts say it all.
    pub detail: String,
    /// Why, in the asker's words.
    pub why: String,
    /// Who answered or reviewed.
    pub answered_by: String,
    /// When.
    pub answered: Option<Timestamp>,
    /// In which words.
    pub answer: String,
    /// When it was done.
    pub used: Option<Timestamp>,
    /// The field for the reader's words, where the reader may answer.
    pub words: Option<Field>,
    /// Whether what is asked of the reader is a review.
    pub review: bool,
    /// Whether the reader may do it now.
    pub carry_out: bool,
    /// Whether it is the reader's own, and waits for somebody else.
    pub own: bool,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// A secret made by an act that was allowed, shown once.
#[derive(Debug, Template)]
#[template(path = "console/link.html")]
pub struct LinkPage {
    /// The frame.
    pub f: Frame,
    /// Whose.
    pub operator: String,
    /// The link.
    pub link: String,
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    page: usize,
}

fn row(f: &Frame, approval: &Approval) -> Row {
    let what: Vec<String> = approval.act.parts().map(|(name, value)| format!("{name}: {value}")).collect();
    Row {
        id: approval.id.to_string(),
        kind: words::approval(f.texts, approval.act.kind().name()),
        what: what.join(" · "),
        asked_by: approval.asked_by.clone(),
        asked: approval.asked,
        until: approval.until,
        state: words::approval_state(f.texts, approval.state.name()),
        waits: matches!(approval.state, ApprovalState::Open | ApprovalState::Emergency),
    }
}

fn fits(approval: &Approval, asked: &Asked) -> bool {
    let q = asked.q.trim();
    (q.is_empty()
        || approval.asked_by.contains(q)
        || approval.answered_by.as_deref().is_some_and(|by| by.contains(q))
        || approval.act.parts().any(|(_, value)| value.contains(q)))
        && (asked.state.is_empty() || approval.state.name() == asked.state)
        && (asked.kind.is_empty() || approval.act.kind().name() == asked.kind)
}

async fn found(web: &Web, f: &Frame, asked: &Asked) -> Result<Vec<Approval>, Fault> {
    let all = web.app.approvals().await.map_err(page_fault(f))?;
    Ok(all.into_iter().filter(|approval| fits(approval, asked)).collect())
}

/// `GET /approvals`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, Query(asked): Query<Asked>) -> Result<Page<Approvals>, Fault> {
    let found = found(&web, &f, &asked).await?;
    let total = found.len() as u64;
    let search = [("q", asked.q.as_str()), ("state", &asked.state), ("kind", &asked.kind)];
    let rows = found.iter().map(|approval| row(&f, approval)).collect();
    let (rows, next, previous) = list::page(rows, asked.page, &search);
    let choice =
        |value: &str, label: String, chosen: &str| Choice { value: value.to_owned(), label, chosen: value == chosen };
    Ok(Page(Approvals {
        states: ApprovalState::ALL
            .iter()
            .map(|state| choice(state.name(), words::approval_state(f.texts, state.name()), &asked.state))
            .collect(),
        kinds: ApprovalKind::ALL
            .iter()
            .map(|kind| choice(kind.name(), words::approval(f.texts, kind.name()), &asked.kind))
            .collect(),
        search: form_urlencoded::Serializer::new(String::new()).extend_pairs(search).finish(),
        q: asked.q,
        rows,
        total,
        next,
        previous,
        f,
    }))
}

/// `GET /approvals.csv`
///
/// # Errors
/// What keeps the store from answering.
pub async fn csv(State(web): State<Web>, f: Frame, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let rows = found(&web, &f, &asked).await?;
    let head = ["id", "kind", "act", "asked_by", "asked", "until", "state", "answered_by", "answered", "used"];
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    Ok(list::csv(
        "approvals",
        &head,
        rows.into_iter().map(|a| {
            vec![
                a.id.to_string(),
                a.act.kind().name().to_owned(),
                row(&f, &a).what,
                a.asked_by,
                a.asked.to_string(),
                a.until.to_string(),
                a.state.name().to_owned(),
                a.answered_by.unwrap_or_default(),
                time(a.answered),
                time(a.used),
            ]
        }),
    ))
}

fn page(f: Frame, operator: &Operator, approval: Approval, error: String) -> ApprovalPage {
    let own = approval.asked_by == operator.name;
    let may = operator.staff.may(approval.act.kind().roles());
    let review = approval.state == ApprovalState::Emergency;
    let asked = may && !own && (review || approval.state == ApprovalState::Open);
    let label = if review { "approval-review-words" } else { "approval-words" };
    ApprovalPage {
        row: row(&f, &approval),
        parts: approval.act.parts().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        detail: match approval.act.kind() {
            ApprovalKind::PolicyPublication => format!("/policy/asked/{}", approval.id),
            _ => String::new(),
        },
        words: asked.then(|| Field::new("words", f.t(label), Input::Area).required()),
        review,
        carry_out: own && may && approval.state == ApprovalState::Approved && done_here(approval.act.kind()),
        own: own && (review || approval.state == ApprovalState::Open),
        why: approval.why,
        answered_by: approval.answered_by.unwrap_or_default(),
        answered: approval.answered,
        answer: approval.answer,
        used: approval.used,
        error,
        f,
    }
}

fn id(text: &str) -> Result<ApprovalId, Fault> {
    text.parse().map_err(|_| Fault::NotFound)
}

/// `GET /approvals/{id}`
///
/// # Errors
/// [`Fault::NotFound`] when there is none.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(text): Path<String>,
) -> Result<Page<ApprovalPage>, Fault> {
    let approval = web.app.approval(id(&text)?).await.map_err(page_fault(&f))?;
    Ok(Page(page(f, &operator, approval, String::new())))
}

/// Why an approval does not stand, in words.
#[must_use]
pub fn why_not(f: &Frame, not: NotApproved) -> String {
    f.t(match not {
        NotApproved::Unknown => "unapproved-unknown",
        NotApproved::Own => "unapproved-own",
        NotApproved::Role => "unapproved-role",
        NotApproved::Decided => "unapproved-decided",
        NotApproved::Waiting => "unapproved-waiting",
        NotApproved::Late => "unapproved-late",
        NotApproved::Other => "unapproved-other",
        NotApproved::NotYours => "unapproved-not-yours",
        NotApproved::NoEmergency => "unapproved-no-emergency",
        NotApproved::NoReason => "unapproved-no-reason",
    })
}

/// Shows the approval again with what was wrong, or goes back to the list.
async fn after(
    web: &Web,
    f: Frame,
    operator: &Operator,
    id: ApprovalId,
    done: Result<(), avouch::Fault>,
) -> Result<Response, Fault> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
        Err(fault @ (avouch::Fault::NotApproved(_) | avouch::Fault::Invalid(_))) => {
            let approval = web.app.approval(id).await.map_err(page_fault(&f))?;
            let error = match fault {
                avouch::Fault::NotApproved(not) => why_not(&f, not),
                other => other.to_string(),
            };
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page(f, operator, approval, error)).into_response())
        }
        Err(other) => Err(page_fault(&f)(other)),
    }
}

/// What the answer's form sends.
#[derive(Debug, Deserialize)]
pub struct SentAnswer {
    #[serde(default)]
    verdict: String,
    words: String,
}

/// `POST /approvals/{id}/answer`
///
/// # Errors
/// [`Fault::NotFound`] when there is none; [`Fault::Malformed`] for neither yes nor no.
pub async fn answer(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(text): Path<String>,
    Form(sent): Form<SentAnswer>,
) -> Result<Response, Fault> {
    let yes = match sent.verdict.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Fault::Malformed),
    };
    let id = id(&text)?;
    let done = web.app.answer_approval(&operator.staff, id, yes, &sent.words).await;
    after(&web, f, &operator, id, done).await
}

/// `POST /approvals/{id}/review`
///
/// # Errors
/// [`Fault::NotFound`] when there is none.
pub async fn review(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(text): Path<String>,
    Form(sent): Form<SentAnswer>,
) -> Result<Response, Fault> {
    let id = id(&text)?;
    let done = web.app.review_emergency(&operator.staff, id, &sent.words).await;
    after(&web, f, &operator, id, done).await
}

/// `POST /approvals/{id}/carry-out`
///
/// # Errors
/// [`Fault::NotFound`] when there is none, or what it is about is gone.
pub async fn carry_out(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let id = id(&text)?;
    let done = match web.app.carry_out(&operator.staff, id).await {
        Ok(CarriedOut::Link(secret)) => {
            let approval = web.app.approval(id).await.map_err(page_fault(&f))?;
            let operator = approval.act.part("operator").unwrap_or_default().to_owned();
            return Ok(Page(LinkPage { link: format!("/enter/{secret}"), operator, f }).into_response());
        }
        Ok(CarriedOut::Done) => Ok(()),
        Err(fault) => Err(fault),
    };
    after(&web, f, &operator, id, done).await
}
