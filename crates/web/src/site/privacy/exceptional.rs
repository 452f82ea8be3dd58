//! `/privacy/exceptional`: what was or may be used of a person's data without asking them: on which ground, by whom, for
//! how long; what was handed to authorities; what is held; and the refusal of uses of what they made public.
//!
//! Keeps promises 2.6, 2.7, 5.2 and 0.1: shown while it is in force and afterwards, but for what a secrecy order or a
//! danger keeps from them for now.

use askama::Template;
use avouch_policy::Basis;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::{authorities, exceptions, holds};
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault, say};

/// A purpose that rests on what people made public, and whether the person refuses it.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Its name in the policy.
    pub name: String,
    /// Its label.
    pub label: String,
    /// What for.
    pub why: String,
    /// The clause.
    pub clause: String,
    /// Whether it may be used.
    pub on: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/exceptional.html")]
pub struct Exceptional {
    /// The frame.
    pub f: Frame,
    /// The entries, the latest first.
    pub rows: Vec<exceptions::Row>,
    /// What was handed to authorities, the latest first.
    pub requests: Vec<authorities::Row>,
    /// What is held.
    pub holds: Vec<holds::Row>,
    /// What can be refused.
    pub switches: Vec<Switch>,
}

/// `GET /privacy/exceptional`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Exceptional>, Fault> {
    let told = page_fault(&f);
    let subject = session.subject();
    let standing = web.app.account(subject).await.map_err(&told)?.standing;
    let entries = web.app.exceptions_of(subject).await.map_err(&told)?;
    let requests = web.app.authority_requests_of(subject).await.map_err(&told)?;
    let held = web.app.legal_holds_of(subject).await.map_err(&told)?;
    let policy = web.policy();
    let purposes = policy.facts().usage.purposes.iter().filter(|(_, p)| p.basis == Basis::SelfDisclosed);
    let switch = |(name, p): (&String, &avouch_policy::model::Purpose)| Switch {
        name: name.clone(),
        label: say(&f, &p.label),
        why: say(&f, &p.why),
        clause: p.clause.as_str().to_owned(),
        on: !policy.purpose(name).is_some_and(|id| standing.objected.has(id.index())),
    };
    Ok(Page(Exceptional {
        // What was handed to an authority stands with its request.
        rows: entries
            .iter()
            .filter(|e| e.basis != Basis::LegalDuty.as_str() || e.recipient.is_none())
            .map(|entry| exceptions::row(&web, &f, entry))
            .collect(),
        requests: requests.iter().map(|request| authorities::row(&web, &f, request)).collect(),
        holds: held.iter().map(|hold| holds::row(&web, &f, hold)).collect(),
        switches: purposes.map(switch).collect(),
        f,
    }))
}

/// What a switch sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/exceptional/{purpose}`: refusing and allowing again are the same step.
///
/// # Errors
/// [`Fault::NotFound`] for a purpose that rests on anything else.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(purpose): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let refused = match sent.answer.as_str() {
        "refuse" => true,
        "allow" => false,
        _ => return Err(Fault::Malformed),
    };
    let answer = web.app.refuse_disclosed(session.subject(), &purpose, refused, f.tag());
    answer.await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/exceptional").into_response())
}
