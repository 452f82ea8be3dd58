//! `/contact/case/{number}/{code}` and `/privacy/cases`: what became of what one wrote, and writing once more.
//!
//! Keeps promises 8.1 (followed without an account, by a code) and 8.3 (the letter says where else one can turn). A
//! wrong number and a wrong code are told alike.

use askama::Template;
use avouch::contact::case::Caller;
use avouch::store::Sink;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::case::{Head, Relief, Said, coded, file_answer, head, thread};
use crate::fault::Fault;
use crate::form::Field;
use crate::frame::Frame;
use crate::http::sent_file::Written;
use crate::letter::Letter;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::contact::{faults_of, file_field, text_field, wrong};
use crate::state::{Browser, Signed, Web, page_fault};

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
    /// The field to write once more.
    pub text: Field,
    /// What was wrong with the file; empty when nothing was. Nothing where messages bring none.
    pub file: Option<String>,
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
    faults: &[avouch::FieldFault],
) -> Result<CasePage, Fault> {
    let case = web.app.see_case(number, caller).await.map_err(page_fault(&f))?;
    Ok(CasePage {
        head: head(&f, &case.file, web.app.store.now()),
        said: thread(web, &f, &case, &link(number, caller), false),
        link: link(number, caller),
        centre: matches!(caller, Caller::Person(_)),
        letter: case.told.iter().any(|t| t.entry.kind == "letter"),
        text: text_field(&f, given, wrong(&f, faults, "text")),
        file: file_field(web, &f, faults),
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
    written: Written<Sent>,
) -> Result<Response, Fault> {
    let Written { form: sent, file } = written;
    let done = match file {
        Ok(file) => web.app.write_to_case(&number, &caller, &sent.text, file, &address).await,
        Err(fault) => Err(fault),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}?said=case-sent", link(&number, &caller))).into_response()),
        Err(fault) => {
            let faults = faults_of(fault, f.tag())?;
            let page = page(&web, f, &number, &caller, &sent.text, &faults).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn letter_of(web: &Web, f: Frame, number: &str, caller: &Caller) -> Result<Letter, Fault> {
    let case = web.app.see_case(number, caller).await.map_err(page_fault(&f))?;
    let told = case.told.iter().rfind(|t| t.entry.kind == "letter").ok_or(Fault::NotFound)?;
    let words = told.words.as_ref().ok_or(Fault::NotFound)?;
    // How it ended stands in the entry after the letter, also when it was opened again since.
    let closed = case.told.iter().rfind(|t| t.entry.kind == "closed");
    let reason = told.entry.told.as_str();
    Ok(Letter {
        title: f.t1("letter-title", "number", number),
        at: told.entry.at,
        outcome: closed.map(|t| coded(&f, "outcome", &t.entry.told)).unwrap_or_default(),
        reason: if reason.is_empty() { String::new() } else { coded(&f, "ground", reason) },
        text: words.expose(Sink::Subject, |v| Shown::new(String::from_utf8_lossy(v))),
        relief: Relief::of(web, &f),
        link: link(number, caller),
        back: f.t1("case-title", "number", number),
        f,
    })
}

async fn file_of(
    web: &Web,
    f: &Frame,
    number: &str,
    caller: &Caller,
    record: &str,
    headers: &HeaderMap,
) -> Result<Response, Fault> {
    let record = record.parse().map_err(|_| Fault::NotFound)?;
    let blob = web.app.case_file(number, caller, record).await.map_err(page_fault(f))?;
    Ok(file_answer(blob, Sink::Subject, headers, number))
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
    Ok(Page(page(&web, f, &number, &Caller::Code(code), "", &[]).await?))
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
    written: Written<Sent>,
) -> Result<Response, Fault> {
    write(web, f, number, Caller::Code(code), device.address, written).await
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
    Ok(letter_of(&web, f, &number, &Caller::Code(code)).await?.page())
}

/// `GET /contact/case/{number}/{code}/letter.pdf`
///
/// # Errors
/// As [`letter`].
pub async fn letter_pdf(
    State(web): State<Web>,
    f: Frame,
    Path((number, code)): Path<(String, String)>,
) -> Result<Response, Fault> {
    Ok(letter_of(&web, f, &number, &Caller::Code(code)).await?.saved(&number))
}

/// `GET /contact/case/{number}/{code}/files/{record}`
///
/// # Errors
/// As [`show`]; [`Fault::NotFound`] for a file that is not the case's.
pub async fn file(
    State(web): State<Web>,
    f: Frame,
    Path((number, code, record)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    file_of(&web, &f, &number, &Caller::Code(code), &record, &headers).await
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
    Ok(Page(page(&web, f, &number, &Caller::Person(session.subject()), "", &[]).await?))
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
    written: Written<Sent>,
) -> Result<Response, Fault> {
    write(web, f, number, Caller::Person(session.subject()), device.address, written).await
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
    Ok(letter_of(&web, f, &number, &Caller::Person(session.subject())).await?.page())
}

/// `GET /privacy/cases/{number}/letter.pdf`
///
/// # Errors
/// As [`own_letter`].
pub async fn own_letter_pdf(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(number): Path<String>,
) -> Result<Response, Fault> {
    Ok(letter_of(&web, f, &number, &Caller::Person(session.subject())).await?.saved(&number))
}

/// `GET /privacy/cases/{number}/files/{record}`
///
/// # Errors
/// As [`own_one`]; [`Fault::NotFound`] for a file that is not the case's.
pub async fn own_file(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((number, record)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    file_of(&web, &f, &number, &Caller::Person(session.subject()), &record, &headers).await
}
