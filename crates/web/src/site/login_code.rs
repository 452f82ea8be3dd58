//! `/login/code`, `/login/factor` and `/login/lost`: the ways in without the password, and the second factor.
//!
//! Keeps promise 2.1 (ASVS 6.3.8, 6.4, 6.6). Every answer before the right code is the same whether or not
//! there is an account.

use avouch::security::code::From;
use avouch::security::retrieve::Needs;
use avouch::store::{Flow, SessionToken};
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::http::cookie;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::login::safe_next;
use crate::site::step::Step;
use crate::state::{Browser, Web, open_update, say, told};

/// What any step of these flows may send.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds codes and passwords")]
pub struct Sent {
    contact: String,
    flow: String,
    code: String,
    password: String,
    next: String,
}

impl Sent {
    fn flow(&self) -> Flow {
        // A flow that is none is one that never was: the same answer as for any other that is over.
        Flow::from_text(&self.flow).unwrap_or_else(|| Flow::new([0; 32]))
    }
}

/// The field for a code.
#[must_use]
pub(crate) fn code_field(f: &Frame) -> Field {
    Field::new("code", f.t("code-label"), Input::Text).required().autocomplete("one-time-code")
}

fn contact_field(f: &Frame, given: &str, error: String) -> Field {
    Field::new("contact", f.t("code-contact"), Input::Text)
        .required()
        .autocomplete("username")
        .value(Shown::new(given))
        .error(error)
}

fn wait(f: &Frame, minutes: u64) -> String {
    f.t1("code-wait", "minutes", minutes)
}

/// The answer that signs a browser in.
pub(crate) async fn enter(web: &Web, token: &SessionToken, next: &str) -> Response {
    let seconds = u32::try_from(web.app.settings.session_absolute.as_secs()).ok();
    // What waits for an answer is asked first, unless the person was on their way somewhere.
    let waits = web.app.quarantined(token.subject).await.is_ok_and(|waiting| !waiting.is_empty());
    let next = match next {
        "" | "/privacy" if waits => "/privacy/waiting",
        "" | "/privacy" if open_update(web, token.subject).await.is_some() => "/privacy/updates",
        other => safe_next(other),
    };
    let mut response = Redirect::to(next).into_response();
    if let Some(value) = cookie::set(cookie::SESSION, &token.to_cookie(), seconds) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The page that asks for the second factor.
pub(crate) fn factor_page(f: Frame, flow: &Flow, next: &str, error: String) -> Step {
    let (title, button) = (f.t("factor-title"), f.t("login-button"));
    let (lead, other) = (f.t("factor-lead"), f.t("factor-lost"));
    let field = code_field(&f).hint(f.t("factor-hint"));
    Step::new(f, title, "/login/factor", button)
        .say(lead)
        .wrong(error)
        .carry("flow", flow.to_text())
        .carry("next", next)
        .ask(field)
        .way("/contact", other)
}

/// `POST /login/factor`
///
/// # Errors
/// What keeps the store from answering.
pub async fn factor(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let flow = sent.flow();
    let (status, error) = match web.app.log_in_with_factor(&flow, &sent.code, device, f.tag()).await {
        Ok(token) => return Ok(enter(&web, &token, &sent.next).await),
        Err(avouch::Fault::WrongCode) => (StatusCode::UNAUTHORIZED, f.t("code-wrong")),
        Err(avouch::Fault::TooMany(minutes)) => (StatusCode::TOO_MANY_REQUESTS, wait(&f, minutes)),
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(status, factor_page(f, &flow, &sent.next, error)).into_response())
}

fn ask_contact(f: Frame, lost: bool, given: &str, next: &str, wrong: String, error: String) -> Step {
    let (title, lead, action) = if lost {
        (f.t("lost-title"), f.t("lost-lead"), "/login/lost")
    } else {
        (f.t("code-title"), f.t("code-lead"), "/login/code")
    };
    let (button, field) = (f.t("code-send"), contact_field(&f, given, wrong));
    let (back, contact) = (f.t("code-password"), f.t("lost-all"));
    Step::new(f, title, action, button)
        .say(lead)
        .wrong(error)
        .carry("next", next)
        .ask(field)
        .way("/login", back)
        .way("/contact", contact)
}

fn ask_code(web: &Web, f: Frame, lost: bool, flow: &Flow, contact: &str, next: &str, error: String) -> Step {
    let (title, action, again) = if lost {
        (f.t("lost-title"), "/login/lost/code", "/login/lost")
    } else {
        (f.t("code-title"), "/login/code/enter", "/login/code")
    };
    let minutes = web.app.settings.code_lasts.as_mins().unsigned_abs();
    let lead = f.t1("code-sent", "minutes", minutes);
    let (button, words) = (f.t("code-go"), f.t("code-again"));
    let field = code_field(&f).hint(f.t("code-hint"));
    Step::new(f, title, action, button)
        .say(lead)
        .wrong(error)
        .carry("flow", flow.to_text())
        .carry("contact", contact)
        .carry("next", next)
        .ask(field)
        .way(again, words)
}

/// `GET /login/code`
pub async fn show(f: Frame) -> Page<Step> {
    Page(ask_contact(f, false, "", "", String::new(), String::new()))
}

/// `GET /login/lost`
pub async fn show_lost(f: Frame) -> Page<Step> {
    Page(ask_contact(f, true, "", "", String::new(), String::new()))
}

async fn start(web: Web, f: Frame, address: &str, sent: Sent, lost: bool) -> Result<Response, Fault> {
    let from = From { address, language: f.tag() };
    let started = if lost {
        web.app.start_retrieval(&sent.contact, from).await
    } else {
        web.app.start_code_login(&sent.contact, from).await
    };
    let (status, wrong, error) = match started {
        Ok(flow) => {
            return Ok(Page(ask_code(&web, f, lost, &flow, &sent.contact, &sent.next, String::new())).into_response());
        }
        Err(avouch::Fault::Invalid(_)) => (StatusCode::UNPROCESSABLE_ENTITY, f.t("code-contact-bad"), String::new()),
        Err(avouch::Fault::TooMany(minutes)) => (StatusCode::TOO_MANY_REQUESTS, String::new(), wait(&f, minutes)),
        Err(other) => return Err(told(&other, f.tag())),
    };
    let page = ask_contact(f, lost, &sent.contact, &sent.next, wrong, error);
    Ok(PageWith(status, page).into_response())
}

/// `POST /login/code`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    start(web, f, &device.address, sent, false).await
}

/// `POST /login/lost`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send_lost(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    start(web, f, &device.address, sent, true).await
}

/// `POST /login/code/enter`
///
/// # Errors
/// What keeps the store from answering.
pub async fn by_code(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let flow = sent.flow();
    let (status, error) = match web.app.log_in_by_code(&flow, &sent.contact, &sent.code, device, f.tag()).await {
        Ok(token) => return Ok(enter(&web, &token, &sent.next).await),
        Err(avouch::Fault::NeedsFactor(next)) => {
            return Ok(Page(factor_page(f, &next, &sent.next, String::new())).into_response());
        }
        Err(avouch::Fault::WrongCode) => (StatusCode::UNAUTHORIZED, f.t("code-wrong")),
        Err(avouch::Fault::NumberAlone) => (StatusCode::FORBIDDEN, f.t("code-number-alone")),
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(status, ask_code(&web, f, false, &flow, &sent.contact, &sent.next, error)).into_response())
}

fn ask_password(web: &Web, f: Frame, flow: &Flow, needs: &Needs, wrong: String, error: String) -> Step {
    let policy = web.policy();
    let shortest = avouch::security::password::SHORTEST;
    let password = Field::new("password", f.t("reset-password"), Input::Password)
        .required()
        .hint(f.t1("field-password-hint", "count", shortest))
        .autocomplete("new-password")
        .error(wrong);
    let (lead, more) = match needs {
        Needs::Nothing => (f.t("reset-lead"), None),
        Needs::Factor => (f.t("reset-lead"), Some(code_field(&f).hint(f.t("factor-hint")))),
        Needs::Code(item) => {
            let label = policy.facts().collection.items.get(item).map(|i| say(&f, &i.label)).unwrap_or_default();
            (f.t1("reset-other", "item", f.texts.within(&label)), Some(code_field(&f).hint(f.t("code-hint"))))
        }
        Needs::Name => {
            let label = policy.facts().collection.items.get("user_name").map(|i| say(&f, &i.label)).unwrap_or_default();
            (f.t("reset-name"), Some(Field::new("code", label, Input::Text).required().autocomplete("username")))
        }
    };
    let (title, button) = (f.t("reset-title"), f.t("reset-button"));
    let mut step =
        Step::new(f, title, "/login/lost/reset", button).say(lead).wrong(error).carry("flow", flow.to_text());
    if let Some(field) = more {
        step = step.ask(field);
    }
    step.ask(password)
}

/// `POST /login/lost/code`
///
/// # Errors
/// What keeps the store from answering.
pub async fn lost_code(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let flow = sent.flow();
    let from = From { address: &device.address, language: f.tag() };
    let (status, error) = match web.app.retrieve(&flow, &sent.contact, &sent.code, from).await {
        Ok(next) => {
            let page = ask_password(&web, f, &next.flow, &next.needs, String::new(), String::new());
            return Ok(Page(page).into_response());
        }
        Err(avouch::Fault::WrongCode) => (StatusCode::UNAUTHORIZED, f.t("code-wrong")),
        Err(avouch::Fault::NumberAlone) => (StatusCode::FORBIDDEN, f.t("code-number-alone")),
        Err(avouch::Fault::TooMany(minutes)) => (StatusCode::TOO_MANY_REQUESTS, wait(&f, minutes)),
        Err(other) => return Err(told(&other, f.tag())),
    };
    Ok(PageWith(status, ask_code(&web, f, true, &flow, &sent.contact, &sent.next, error)).into_response())
}

/// `POST /login/lost/reset`
///
/// # Errors
/// What keeps the store from answering.
pub async fn reset(State(web): State<Web>, f: Frame, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    let flow = sent.flow();
    let (status, wrong, error) = match web.app.reset_password(&flow, &sent.password, &sent.code, f.tag()).await {
        Ok(()) => return Ok(Redirect::to("/login?next=/privacy/security").into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let wrong = faults.first().map(|w| crate::site::join::wrong(&f, w, &sent.password)).unwrap_or_default();
            (StatusCode::UNPROCESSABLE_ENTITY, wrong, String::new())
        }
        Err(avouch::Fault::WrongCode) => (StatusCode::UNAUTHORIZED, String::new(), f.t("code-wrong")),
        Err(other) => return Err(told(&other, f.tag())),
    };
    match web.app.retrieval_needs(&flow).await.map_err(|e| told(&e, f.tag()))? {
        Some(needs) => Ok(PageWith(status, ask_password(&web, f, &flow, &needs, wrong, error)).into_response()),
        None => {
            let error = f.t("code-wrong");
            Ok(PageWith(status, ask_contact(f, true, "", "", String::new(), error)).into_response())
        }
    }
}
