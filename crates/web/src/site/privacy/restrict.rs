//! `/privacy/restrict`: one switch for everything, one a purpose; on and off are the same step.
//!
//! Keeps promise 6.5 (PIPL 44, GDPR 18 and 21).

use askama::Template;
use avouch::rights::restrict::objectable;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault, say};

/// A purpose that can be objected to.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Its name in the policy.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why.
    pub why: String,
    /// What happens without it.
    pub without: String,
    /// Whether the person objected.
    pub objected: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/restrict.html")]
pub struct Restrict {
    /// The frame.
    pub f: Frame,
    /// Whether all processing is restricted.
    pub restricted: bool,
    /// What can be objected to.
    pub purposes: Vec<Purpose>,
}

/// `GET /privacy/restrict`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Restrict>, Fault> {
    let standing = web.app.account(session.subject()).await.map_err(page_fault(&f))?.standing;
    let policy = web.policy();
    let one = |name: String| {
        let fact = policy.facts().usage.purposes.get(&name)?;
        Some(Purpose {
            label: say(&f, &fact.label),
            clause: fact.clause.as_str().to_owned(),
            why: say(&f, &fact.why),
            without: fact.without.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            objected: policy.purpose(&name).is_some_and(|id| standing.objected.has(id.index())),
            name,
        })
    };
    let purposes = objectable(&policy).into_iter().filter_map(one).collect();
    Ok(Page(Restrict { restricted: standing.restricted, purposes, f }))
}

/// What a switch sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

impl Sent {
    fn on(&self) -> Result<bool, Fault> {
        match self.answer.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(Fault::Malformed),
        }
    }
}

/// `POST /privacy/restrict`
///
/// # Errors
/// What keeps the store from answering.
pub async fn all(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    web.app.restrict(session.subject(), sent.on()?).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/restrict").into_response())
}

/// `POST /privacy/restrict/{purpose}`
///
/// # Errors
/// [`Fault::NotFound`] for a purpose that cannot be objected to.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(purpose): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    web.app.object(session.subject(), &purpose, sent.on()?, f.tag()).await.map_err(page_fault(&f))?;
    Ok(Redirect::to(&format!("/privacy/restrict#{purpose}")).into_response())
}
