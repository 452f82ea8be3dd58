//! `/contact/case/{number}/{code}` and `/privacy/cases`: what became of what one wrote, and writing once more.
//!
//! Keeps promises 8.1 (followed without an account, by a code) and 8.3 (the letter says where else one can turn). A
//! wrong number and a wrong code are told alike.

use askama::Template;
use avouch::contact::case::Caller;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::case::{Head, Relief, Said, head, thread};
use crate::fault::Fault;
use crate::form::Field;
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::request::{self, Asked, Why};
use crate::site::contact::{text_field, wrong};
use crate::site::privacy::export;
use crate::state::{Browser, Signed, Web, page_fault, told};

/// A case, for its person.
#[derive(Debug, Template)]
#[template(path = "site/case.html")]
pub struct CasePage {
    /// The frame.
    pub f: Frame,
    /// The case.
    pub head: Head,
    /// What happened, in order.
    pub said: Vec<Said>,
    /// The path of this case.
    pub link: String,
    /// Whether it belongs to the privacy centre.
    pub centre: bool,
    /// Whether there is a letter.
    pub letter: bool,
    /// The request for a right it is, if it is one.
    pub asked: Option<Asked>,
    /// The field to write once more.
    pub text: Field,
    /// Regulator and court.
    pub relief: Relief,
}

/// The letter a case was closed with, to be printed or saved.
#[derive(Debug, Template)]
#[template(path = "site/letter.html")]
pub struct Letter {
    /// The frame.
    pub f: Frame,
    /// The case.
    pub head: Head,
    /// The letter.
    pub letter: Said,
    /// Of a request, why it is not answered in full.
    pub reasons: Vec<Why>,
    /// The path of the case.
    pub link: String,
    /// Regulator and court.
    pub relief: Relief,
}

/// The cases of a person.
#[derive(Debug, Template)]
#[template(path = "site/privacy/cases.html")]
pub struct Cases {
    /// The frame.
    pub f: Frame,
    /// The newest first.
    pub rows: Vec<Head>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds what a person writes")]
pub struct Sent {
    text: String,
}

fn link(number: &str, caller: &Caller) -> String {
    match caller {
        Caller::Person(_) => format!("/privacy/cases/{number}"),
        Caller::Code(code) => format!("/contact/case/{number}/{code}"),
    }
}

async fn page(
    web: &Web,
    f: Frame,
    number: &str,
    caller: &Caller,
    given: &str,
    error: String,
) -> Result<CasePage, Fault> {
    let case = web.app.see_case(number, caller).await.map_err(page_fault(&f))?;
    let asked = web.app.request(number).await.map_err(page_fault(&f))?;
    let (policy, now) = (web.policy(), web.app.store.now());
    Ok(CasePage {
        asked: asked.map(|asked| request::asked(&policy, &f, &asked, now)),
        head: head(&f, &case.file, web.app.store.now()),
        said: thread(web, &f, &case, false),
        link: link(number, caller),
        centre: matches!(caller, Caller::Person(_)),
        letter: case.told.iter().any(|t| t.entry.kind == "letter"),
        text: text_field(&f, given, error),
        relief: Relief::of(web, &f),
        f,
    })
}

async fn write(
    web: Web,
    f: Frame,
    number: String,
    caller: Caller,
    address: String,
    sent: Sent,
) -> Result<Response, Fault> {
    match web.app.write_to_case(&number, &caller, &sent.text, &address).await {
        Ok(()) => Ok(Redirect::to(&format!("{}?said=case-sent", link(&number, &caller))).into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let error = wrong(&f, &faults, "text");
            let page = page(&web, f, &number, &caller, &sent.text, error).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

async fn letter_of(web: &Web, f: Frame, number: &str, caller: &Caller) -> Result<Page<Letter>, Fault> {
    let case = web.app.see_case(number, caller).await.map_err(page_fault(&f))?;
    let all = thread(web, &f, &case, false);
    let at = case.told.iter().rposition(|t| t.entry.kind == "letter").ok_or(Fault::NotFound)?;
    let asked = web.app.request(number).await.map_err(page_fault(&f))?;
    let codes = asked.map(|asked| asked.reasons).unwrap_or_default();
    Ok(Page(Letter {
        reasons: request::reasons(&web.policy(), &f, &codes),
        head: head(&f, &case.file, web.app.store.now()),
        letter: all.into_iter().nth(at).ok_or(Fault::NotFound)?,
        link: link(number, caller),
        relief: Relief::of(web, &f),
        f,
    }))
}

/// `GET /contact/case/{number}/{code}`
///
/// # Errors
/// [`Fault::NotFound`] for a number or a code that is not right.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Path((number, code)): Path<(String, String)>,
) -> Result<Page<CasePage>, Fault> {
    Ok(Page(page(&web, f, &number, &Caller::Code(code), "", String::new()).await?))
}

/// `POST /contact/case/{number}/{code}`
///
/// # Errors
/// As [`show`]; refusals; [`Fault::TooMany`].
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Path((number, code)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    write(web, f, number, Caller::Code(code), device.address, sent).await
}

/// `GET /contact/case/{number}/{code}/letter`
///
/// # Errors
/// As [`show`]; [`Fault::NotFound`] while there is no letter.
pub async fn letter(
    State(web): State<Web>,
    f: Frame,
    Path((number, code)): Path<(String, String)>,
) -> Result<Page<Letter>, Fault> {
    letter_of(&web, f, &number, &Caller::Code(code)).await
}

/// `POST /contact/case/{number}/{code}/copy`: the copy that was released to who holds the code.
///
/// # Errors
/// [`Fault::NotFound`] where none is released, or its time is over.
pub async fn copy(
    State(web): State<Web>,
    f: Frame,
    Path((number, code)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let export = web.app.released_copy(&number, &code, f.tag()).await.map_err(page_fault(&f))?;
    Ok(export::zip(&web, &f, export))
}

/// `GET /privacy/cases`
///
/// # Errors
/// What keeps the store from answering.
pub async fn own(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Cases>, Fault> {
    let cases = web.app.own_cases(session.subject()).await.map_err(page_fault(&f))?;
    let now = web.app.store.now();
    Ok(Page(Cases { rows: cases.iter().map(|case| head(&f, case, now)).collect(), f }))
}

/// `GET /privacy/cases/{number}`
///
/// # Errors
/// [`Fault::NotFound`] when it is not theirs.
pub async fn own_one(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(number): Path<String>,
) -> Result<Page<CasePage>, Fault> {
    Ok(Page(page(&web, f, &number, &Caller::Person(session.subject()), "", String::new()).await?))
}

/// `POST /privacy/cases/{number}`
///
/// # Errors
/// As [`own_one`]; refusals; [`Fault::TooMany`].
pub async fn own_send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Browser(device): Browser,
    Path(number): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    write(web, f, number, Caller::Person(session.subject()), device.address, sent).await
}

/// `GET /privacy/cases/{number}/letter`
///
/// # Errors
/// As [`own_one`]; [`Fault::NotFound`] while there is no letter.
pub async fn own_letter(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(number): Path<String>,
) -> Result<Page<Letter>, Fault> {
    letter_of(&web, f, &number, &Caller::Person(session.subject())).await
}
