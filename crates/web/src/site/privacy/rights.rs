//! `/privacy/rights`: every request with its number, state, day and receipt; what others asked about this account; and
//! what those who hold something were told.
//!
//! Keeps promises 6.1 to 6.5 and 4.2: a correction or deletion reaches whoever holds the value, and that is shown.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::request::{Asked, asked};
use crate::site::privacy::sharing::{Told, passed_on};
use crate::state::{Signed, Web, page_fault};

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/rights.html")]
pub struct Rights {
    /// The frame.
    pub f: Frame,
    /// The person's requests, the newest first.
    pub own: Vec<Asked>,
    /// What others asked about this account, the newest first.
    pub others: Vec<Asked>,
    /// What was passed on to those who hold something.
    pub told: Vec<Told>,
}

/// `GET /privacy/rights`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Rights>, Fault> {
    let fault = page_fault(&f);
    let (own, others) = web.app.own_requests(session.subject()).await.map_err(&fault)?;
    let told = passed_on(&web, &f, session.subject()).await.map_err(&fault)?;
    let (policy, now) = (web.policy(), web.app.store.now());
    Ok(Page(Rights {
        own: own.iter().map(|r| asked(&policy, &f, r, now)).collect(),
        others: others.iter().map(|r| asked(&policy, &f, r, now)).collect(),
        told,
        f,
    }))
}

/// What the two buttons send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/rights/{number}`: whether the person knows of a request somebody else made about the account.
///
/// # Errors
/// [`Fault::NotFound`] when it is not about this account.
pub async fn confirm(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(number): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let yes = match sent.answer.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Fault::Malformed),
    };
    web.app.confirm_request(session.subject(), &number, yes).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/rights").into_response())
}
