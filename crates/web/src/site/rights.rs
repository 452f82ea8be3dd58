//! `/rights`: every right, with the page where it is done at once; and the way to ask, with an account or without.
//!
//! Keeps promise 6.5. Whoever lost phone and mail, never had an account, or asks for somebody else, writes here.
//! Everything that is stated of a person is optional, and the answer is the same whatever it is.

use std::collections::BTreeMap;

use askama::Template;
use avouch::contact::case::NewCase;
use avouch::rights::identity::claims;
use avouch::rights::request::{self, offered, roles};
use avouch::store::Actor;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::request::{coded, label, place};
use crate::shown::Shown;
use crate::site::contact::{Opened, wrong};
use crate::state::{Browser, Signed, Web, told};

/// One right.
#[derive(Clone, Debug)]
pub struct Right {
    /// In words.
    pub label: String,
    /// What it means.
    pub text: String,
    /// The page where it is done at once.
    pub path: &'static str,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/rights.html")]
pub struct Rights {
    /// The frame.
    pub f: Frame,
    /// Every right.
    pub rights: Vec<Right>,
    /// What to ask for.
    pub kinds: Vec<Choice>,
    /// What was wrong with that choice; empty when nothing was.
    pub kind_error: String,
    /// For whom.
    pub roles: Vec<Choice>,
    /// What was wrong with that choice.
    pub role_error: String,
    /// Without an account: what can be stated of the person.
    pub claims: Vec<Field>,
    /// The message and, without an account, where to say that there is an answer.
    pub fields: Vec<Field>,
}

/// What is sent, or asked for by the address.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds what a person writes")]
pub struct Sent {
    kind: String,
    role: String,
    text: String,
    email: String,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

fn claim_field(item: &str) -> String {
    format!("claim_{item}")
}

fn page(web: &Web, f: Frame, sent: &Sent, faults: &[avouch::FieldFault]) -> Rights {
    let policy = web.policy();
    let kinds = offered(&policy);
    let choice = |kind: &'static str, value: &str, chosen: &str| Choice {
        value: value.to_owned(),
        label: coded(&f, kind, value),
        chosen: chosen == value,
    };
    let signed = f.account.is_some();
    let claim = |item: &&str| {
        let name = claim_field(item);
        let given = sent.rest.get(&name).map(String::as_str).unwrap_or_default();
        Field::new(name, label(&policy, &f, item), Input::Text).value(Shown::new(given)).error(wrong(&f, faults, item))
    };
    let mut fields = vec![
        Field::new("text", f.t("request-words"), Input::Area)
            .why(f.t("request-words-why"), "6.5")
            .required()
            .value(Shown::new(sent.text.as_str()))
            .error(wrong(&f, faults, "text")),
    ];
    if !signed {
        let mail = Field::new("email", f.t("contact-reply"), Input::Email)
            .why(f.t("contact-reply-why"), "6.5")
            .autocomplete("email")
            .value(Shown::new(sent.email.as_str()))
            .error(wrong(&f, faults, "email"));
        fields.push(mail);
    }
    let right = |kind: &&'static str| Right {
        label: coded(&f, "kind", kind),
        text: coded(&f, "text", kind),
        path: place(kind),
    };
    let role = if sent.role.is_empty() { "self" } else { &sent.role };
    Rights {
        rights: kinds.iter().map(right).collect(),
        kinds: kinds.iter().map(|kind| choice("kind", kind, &sent.kind)).collect(),
        kind_error: wrong(&f, faults, "kind"),
        roles: roles(&policy).iter().map(|r| choice("role", r, role)).collect(),
        role_error: wrong(&f, faults, "role"),
        claims: if signed { Vec::new() } else { claims(&policy).iter().map(claim).collect() },
        fields,
        f,
    }
}

/// `GET /rights`
pub async fn show(State(web): State<Web>, f: Frame, Query(sent): Query<Sent>) -> Page<Rights> {
    Page(page(&web, f, &Sent { kind: sent.kind, role: sent.role, ..Sent::default() }, &[]))
}

/// `POST /rights`: number and day at once, the same for everybody.
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
    let subject = signed.map(|Extension(Signed(session))| session.subject());
    let new = NewCase {
        category: String::new(),
        text: sent.text.clone(),
        mail: sent.email.clone(),
        language: f.tag().to_owned(),
        address: device.address,
    };
    let policy = web.policy();
    let stated = claims(&policy)
        .into_iter()
        .filter_map(|item| Some((item.to_owned(), sent.rest.get(&claim_field(item))?.clone())))
        .collect();
    let asked = request::Asked {
        kind: sent.kind.clone(),
        about: String::new(),
        role: if sent.role.is_empty() { "self".into() } else { sent.role.clone() },
        claim: stated,
    };
    let opened = match web.app.open_request(new, asked, subject, Actor::Subject).await {
        Ok(opened) => opened,
        Err(avouch::Fault::Invalid(faults)) => {
            let page = page(&web, f, &sent, &faults);
            return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(StatusCode::CREATED, Opened::of(f, opened)).into_response())
}
