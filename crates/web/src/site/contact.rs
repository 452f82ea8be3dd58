//! `/contact`: one click from every page, with an account or without.
//!
//! Keeps promise 8.1 (a way to customer service), 8.2 (the day by which an answer comes) and 8.3 (regulator
//! and court).

use askama::Template;
use avouch::contact::case::NewCase;
use avouch::contact::triage::CATEGORIES;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use jiff::{Timestamp, civil};
use serde::Deserialize;

use crate::case::{Relief, coded};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
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

impl Opened {
    /// A case or request that was opened just now.
    #[must_use]
    pub fn of(f: Frame, opened: avouch::contact::case::Opened) -> Self {
        let link = match &opened.code {
            Some(code) => format!("/contact/case/{}/{code}", opened.number),
            None => format!("/privacy/cases/{}", opened.number),
        };
        Self {
            guest: opened.code.is_some(),
            link,
            due: opened.due.map(|due| due - jiff::SignedDuration::from_secs(1)),
            provisional: opened.provisional,
            number: opened.number,
            f,
        }
    }
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
        "required" if field == "reasons" => f.t("case-reasons-required"),
        "required" => f.t("field-required"),
        "too-long" => f.t1("field-long", "count", avouch::contact::case::LONGEST),
        "not-an-email" => f.t("field-email-bad"),
        "not-text" => f.t("field-text-bad"),
        "too-short" => f.t("case-reason-short"),
        _ => fault.text.clone(),
    })
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
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let new = NewCase {
        category: sent.category.clone(),
        text: sent.text.clone(),
        mail: sent.email.clone(),
        language: f.tag().to_owned(),
        address: device.address,
    };
    let subject = signed.map(|Extension(Signed(session))| session.subject());
    let opened = match web.app.open_case(new, subject).await {
        Ok(opened) => opened,
        Err(avouch::Fault::Invalid(faults)) => {
            let page = page(&web, f, &sent, &faults).await?;
            return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(StatusCode::CREATED, Opened::of(f, opened)).into_response())
}

/// What the form for coming back sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Back {
    number: String,
    code: String,
}

/// `POST /contact/case`: back to a case by its number and code.
pub async fn back(Form(back): Form<Back>) -> Redirect {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').map(|c| c.to_ascii_uppercase()).collect()
    };
    Redirect::to(&format!("/contact/case/{}/{}", plain(&back.number), plain(&back.code)))
}
