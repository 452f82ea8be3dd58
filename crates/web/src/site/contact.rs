//! `/contact`: one click from every page, with an account or without.
//!
//! Keeps promise 8.1 (a way to customer service), 8.2 (the day by which an answer comes) and 8.3 (regulator
//! and court).

use askama::Template;
use avouch::contact::case::NewCase;
use avouch::contact::triage::CATEGORIES;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use jiff::{Timestamp, civil};
use serde::Deserialize;

use crate::case::{Relief, coded, wrong_file};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::http::sent_file::Written;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::state::{Browser, Signed, Web, page_fault, told};

/// How to reach the controller, and who stands above it.
#[derive(Debug, Template)]
#[template(path = "site/contact.html")]
pub struct Contact {
    /// The frame.
    pub f: Frame,
    /// What it is about.
    pub categories: Vec<Choice>,
    /// What was wrong with that choice; empty when nothing was.
    pub category_error: String,
    /// The message and, without an account, where to say that there is an answer.
    pub fields: Vec<Field>,
    /// What was wrong with the file; empty when nothing was. Nothing where messages bring none.
    pub file: Option<String>,
    /// The mail address for everything about personal data.
    pub email: String,
    /// The data-protection officer's name.
    pub officer: String,
    /// The officer's mail address.
    pub officer_email: String,
    /// How soon an answer comes, as the policy writes it.
    pub within: String,
    /// The last day for an answer to what is written today; nothing where the policy promises none.
    pub due: Option<civil::Date>,
    /// Whether that day may still move, as the year's holidays are not announced.
    pub provisional: bool,
    /// Regulator and court.
    pub relief: Relief,
}

/// A case that was just opened.
#[derive(Debug, Template)]
#[template(path = "site/opened.html")]
pub struct Opened {
    /// The frame.
    pub f: Frame,
    /// Its number.
    pub number: String,
    /// The path that opens it again.
    pub link: String,
    /// Whether the link is all that opens it.
    pub guest: bool,
    /// The last day for an answer.
    pub due: Option<Timestamp>,
    /// Whether that day may still move.
    pub provisional: bool,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds what a person writes")]
pub struct Sent {
    category: String,
    text: String,
    email: String,
}

/// The field for a message.
#[must_use]
pub fn text_field(f: &Frame, given: &str, error: String) -> Field {
    Field::new("text", f.t("contact-text"), Input::Area)
        .why(f.t("contact-text-why"), "2.4")
        .required()
        .value(Shown::new(given))
        .error(error)
}

/// What is wrong with a field of a case, in the page's words.
#[must_use]
pub fn wrong(f: &Frame, faults: &[avouch::FieldFault], field: &str) -> String {
    let fault = faults.iter().find(|fault| fault.field == field);
    fault.map_or_else(String::new, |fault| match fault.code {
        "required" => f.t("field-required"),
        "too-long" => f.t1("field-long", "count", avouch::contact::case::LONGEST),
        "not-an-email" => f.t("field-email-bad"),
        "not-text" => f.t("field-text-bad"),
        "too-short" => f.t("case-reason-short"),
        _ => fault.text.clone(),
    })
}

/// The field for a file: what was wrong with it; nothing where messages bring none.
#[must_use]
pub fn file_field(web: &Web, f: &Frame, faults: &[avouch::FieldFault]) -> Option<String> {
    let fault = faults.iter().find(|fault| fault.field == "file");
    web.app.takes_files().then(|| fault.map_or_else(String::new, |fault| wrong_file(f, fault.code)))
}

/// What was wrong with the fields of a message, so that its page is shown again with what was written; any other
/// fault is told as such.
pub(crate) fn faults_of(fault: avouch::Fault, lang: &str) -> Result<Vec<avouch::FieldFault>, Fault> {
    match fault {
        avouch::Fault::Invalid(faults) => Ok(faults),
        other => Err(told(&other, lang)),
    }
}

async fn page(web: &Web, f: Frame, sent: &Sent, faults: &[avouch::FieldFault]) -> Result<Contact, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let contact = &facts.contact;
    let officer = facts.controller.officer.as_ref();
    let within = contact.respond_within;
    let due = match within {
        Some(within) => web.app.ends(within, web.app.store.now()).await.map_err(page_fault(&f))?,
        None => None,
    };
    let choice = |code: &&str| Choice {
        value: (*code).to_owned(),
        label: coded(&f, "category", code),
        chosen: sent.category == *code,
    };
    let mut fields = vec![text_field(&f, &sent.text, wrong(&f, faults, "text"))];
    if f.account.is_none() {
        let mail = Field::new("email", f.t("contact-reply"), Input::Email)
            .why(f.t("contact-reply-why"), "2.4")
            .autocomplete("email")
            .value(Shown::new(sent.email.as_str()))
            .error(wrong(&f, faults, "email"));
        fields.push(mail);
    }
    Ok(Contact {
        categories: CATEGORIES.iter().map(choice).collect(),
        category_error: wrong(&f, faults, "category"),
        fields,
        file: file_field(web, &f, faults),
        email: contact.email.clone().unwrap_or_default(),
        officer: officer.map(|o| o.name.clone()).unwrap_or_default(),
        officer_email: officer.and_then(|o| o.email.clone()).unwrap_or_default(),
        within: within.map(|p| p.in_words(f.tag())).unwrap_or_default(),
        provisional: due.as_ref().is_some_and(|due| due.provisional),
        due: due.and_then(|due| due.last_day),
        relief: Relief::of(web, &f),
        f,
    })
}

/// `GET /contact`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame) -> Result<Page<Contact>, Fault> {
    Ok(Page(page(&web, f, &Sent::default(), &[]).await?))
}

/// `POST /contact`: the number and the day at once.
///
/// # Errors
/// Refusals; [`Fault::TooMany`]; what keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    signed: Option<Extension<Signed>>,
    Browser(device): Browser,
    Written { form: sent, file }: Written<Sent>,
) -> Result<Response, Fault> {
    let subject = signed.map(|Extension(Signed(session))| session.subject());
    let opened = match file {
        Err(fault) => Err(fault),
        Ok(file) => {
            let new = NewCase {
                category: sent.category.clone(),
                text: sent.text.clone(),
                file,
                mail: sent.email.clone(),
                language: f.tag().to_owned(),
                address: device.address,
            };
            web.app.open_case(new, subject).await
        }
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            let faults = faults_of(fault, f.tag())?;
            let page = page(&web, f, &sent, &faults).await?;
            return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let link = match &opened.code {
        Some(code) => format!("/contact/case/{}/{code}", opened.number),
        None => format!("/privacy/cases/{}", opened.number),
    };
    let page = Opened {
        guest: opened.code.is_some(),
        link,
        due: opened.due.map(|due| due - jiff::SignedDuration::from_secs(1)),
        provisional: opened.provisional,
        number: opened.number,
        f,
    };
    Ok(PageWith(StatusCode::CREATED, page).into_response())
}

/// Back to a case by its number and code.
#[derive(Debug, Template)]
#[template(path = "site/back.html")]
pub struct BackPage {
    /// The frame.
    pub f: Frame,
    /// The number, where it is known.
    pub number: String,
}

/// What the form for coming back sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Back {
    number: String,
    code: String,
}

fn plain(text: &str) -> String {
    let plain = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    plain.map(|c| c.to_ascii_uppercase()).take(64).collect()
}

/// `GET /contact/case/{number}`: where a mail about a case leads whoever has no account. It looks the same whether there
/// is such a case or not.
pub async fn back_to(f: Frame, Path(number): Path<String>) -> Page<BackPage> {
    Page(BackPage { number: plain(&number), f })
}

/// `POST /contact/case`: back to a case by its number and code.
pub async fn back(Form(back): Form<Back>) -> Redirect {
    Redirect::to(&format!("/contact/case/{}/{}", plain(&back.number), plain(&back.code)))
}
