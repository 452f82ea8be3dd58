//! `/privacy/items/{item}/correct`: a wrong value made right.
//!
//! Keeps promise 6.1.

use askama::Template;

use crate::form::Field;
use crate::frame::Frame;
use crate::shown::Shown;
use avouch::security::code::From;
use avouch::security::session::Session;
use avouch::store::Sink;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::page::{Page, PageWith};
use crate::site::join::{input, wrong};
use crate::site::login_code::code_field;
use crate::site::privacy::proof::{self, Proof, password};
use crate::site::step::Step;
use crate::state::{Browser, Signed, Web, page_fault, say, told};

/// The form for correcting.
#[derive(Debug, Template)]
#[template(path = "site/privacy/correct.html")]
pub struct Correct {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// The value held now, masked.
    pub now: Shown,
    /// The new value, and for identifiers the password.
    pub fields: Vec<Field>,
    /// For contacts: how many days the old one can take the change back; none for other items.
    pub take_back_days: Option<u32>,
    /// Whether a code goes to the new value before it replaces the old.
    pub by_code: bool,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Sent {
    value: String,
    #[serde(flatten)]
    proof: Proof,
}

/// What was wrong with what was sent: with the value, or with the rest.
#[derive(Default)]
struct Wrong {
    value: String,
    rest: String,
}

async fn form(
    web: &Web,
    f: Frame,
    session: &Session,
    name: String,
    given: &str,
    wrong: Wrong,
) -> Result<Correct, Fault> {
    let policy = web.policy();
    let item = policy.facts().collection.items.get(&name).filter(|i| i.editable).ok_or(Fault::NotFound)?;
    let opened = web.app.see(session.subject(), &name).await.map_err(page_fault(&f))?;
    let now = opened.first().map_or_else(Shown::default, |r| {
        r.value.expose(Sink::Subject, |v| Shown::new(String::from_utf8_lossy(v)).masked())
    });
    let (kind, autocomplete) = input(item.kind, &name);
    let value = Field::new("value", say(&f, &item.label), kind).required().autocomplete(autocomplete);
    let mut fields = vec![value.value(Shown::new(given)).error(wrong.value)];
    if (item.identifier || item.contact) && !session.proven {
        fields.push(password(&f).why(f.t("correct-password-why"), ""));
    }
    let by_code = item.contact && item.identifier && web.app.messengers().reach(item.kind);
    Ok(Correct {
        label: say(&f, &item.label),
        item: name,
        now,
        fields,
        take_back_days: None,
        by_code,
        error: wrong.rest,
        f,
    })
}

/// `GET /privacy/items/{item}/correct`
///
/// # Errors
/// [`Fault::NotFound`] for an item that is not corrected here.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(name): Path<String>,
) -> Result<Page<Correct>, Fault> {
    Ok(Page(form(&web, f, &session, name, "", Wrong::default()).await?))
}

/// `POST /privacy/items/{item}/correct`
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Browser(device): Browser,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let mut outcome = Ok(());
    if sent.proof.given() {
        outcome = sent.proof.show(&web, &mut session, &f).await;
    }
    // An item a person has many of is added to; the one there is of others is replaced.
    if outcome.is_ok() {
        outcome = web.app.correct(&session, &name, None, &sent.value).await.map(|_| ());
    }
    // A contact that messages reach: a code goes to the new one first.
    if matches!(outcome, Err(avouch::Fault::NeedsCode)) {
        let from = From { address: &device.address, language: f.tag() };
        outcome = web.app.start_change(&session, &name, &sent.value, from).await;
        if outcome.is_ok() {
            return Ok(Page(ask_code(&web, f, &name, &sent.value, String::new())).into_response());
        }
    }
    let (status, wrong) = match outcome {
        Ok(()) => return Ok(Redirect::to(&format!("/privacy/items/{name}?said=corrected")).into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let value = faults.first().map(|fault| wrong(&f, fault, &sent.value)).unwrap_or_default();
            (StatusCode::UNPROCESSABLE_ENTITY, Wrong { value, rest: String::new() })
        }
        Err(avouch::Fault::Taken(_)) => (StatusCode::CONFLICT, Wrong { value: f.t("join-taken"), rest: String::new() }),
        Err(other) => {
            let (status, rest) = proof::error(&f, &other).ok_or_else(|| told(&other, f.tag()))?;
            (status, Wrong { value: String::new(), rest })
        }
    };
    let page = form(&web, f, &session, name, &sent.value, wrong).await?;
    Ok(PageWith(status, page).into_response())
}

fn ask_code(web: &Web, f: Frame, item: &str, value: &str, error: String) -> Step {
    let policy = web.policy();
    let label = policy.facts().collection.items.get(item).map(|i| say(&f, &i.label)).unwrap_or_default();
    let minutes = web.app.settings.code_lasts.as_mins().unsigned_abs();
    let title = f.t1("verify-title", "item", f.texts.within(&label));
    let (lead, then, button) =
        (f.t1("code-sent-own", "minutes", minutes), f.t("change-contact-lead"), f.t("verify-button"));
    let field = code_field(&f).hint(f.t("code-hint"));
    Step::new(f, title, "/privacy/security/change", button)
        .inside()
        .say(lead)
        .say(then)
        .wrong(error)
        .carry("item", item)
        .carry("value", value)
        .ask(field)
}

/// What the form with the code sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Typed {
    item: String,
    value: String,
    code: String,
}

/// `POST /privacy/security/change`: takes the code that went to a new contact, which then replaces the old.
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn finish(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Typed>,
) -> Result<Response, Fault> {
    let (status, error) = match web.app.finish_change(&session, &sent.item, &sent.value, &sent.code, f.tag()).await {
        Ok(_) => return Ok(Redirect::to("/privacy/security").into_response()),
        Err(avouch::Fault::WrongCode) => (StatusCode::FORBIDDEN, f.t("code-wrong")),
        Err(avouch::Fault::Taken(_)) => (StatusCode::CONFLICT, f.t("join-taken")),
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(status, ask_code(&web, f, &sent.item, &sent.value, error)).into_response())
}
