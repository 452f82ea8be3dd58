//! The ways in: `/enter/{token}`, a one-time link that leads to choosing a password and an authenticator;
//! `/sign-in`, from then on.
//!
//! Keeps promise 5.6. The link's page asks for one click, so that a link preview cannot spend the link. One sentence
//! for every failure, so that nobody learns which accounts there are (ASVS 6.3.8).

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use avouch::security::operator::{Entered, SESSION_LASTS};

use crate::console::Operator;
use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::http::cookie;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::login_code::code_field;
use crate::site::privacy::security::{groups, picture};
use crate::site::step::Step;
use crate::state::{Browser, Web, page_fault};

/// The landing page of the link.
#[derive(Debug, Template)]
#[template(path = "console/enter.html")]
pub struct Enter {
    /// The frame.
    pub f: Frame,
    /// The operator the link is for.
    pub operator: String,
    /// The link's token, sent on with the form.
    pub token: String,
    /// For how many minutes the link holds.
    pub minutes: u32,
}

/// Choosing a password and an authenticator.
#[derive(Debug, Template)]
#[template(path = "console/enrol.html")]
pub struct Enrol {
    /// The frame.
    pub f: Frame,
    /// Whose.
    pub operator: String,
    /// What the form carries along.
    pub enrolment: Shown,
    /// The authenticator's secret, for typing.
    pub secret: Shown,
    /// The same as an address, for a device that has an authenticator.
    pub uri: Shown,
    /// The same as a picture: SVG, made here.
    pub picture: Shown,
    /// Password and code.
    pub fields: Vec<Field>,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// What the link's form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a one-time secret")]
pub struct Sent {
    token: String,
}

/// `GET /enter/{token}`: opening the link alone spends nothing, so that a preview does not.
///
/// # Errors
/// [`Fault::Spent`] for a link that was used, is over, or never was.
pub async fn show(State(web): State<Web>, f: Frame, Path(token): Path<String>) -> Result<Page<Enter>, Fault> {
    let operator = web.app.operator_link_for(&token).await.map_err(page_fault(&f))?.ok_or(Fault::Spent)?;
    Ok(Page(Enter { operator, token, minutes: 24 * 60, f }))
}

/// `POST /enter`
///
/// # Errors
/// [`Fault::Spent`] for a link that was used, is over, or never was.
pub async fn send(State(web): State<Web>, f: Frame, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    match web.app.operator_sign_in(&sent.token).await {
        Err(avouch::Fault::WrongLogin) => Err(Fault::Spent),
        Err(other) => Err(page_fault(&f)(other)),
        Ok(Entered::In(session)) => Ok(signed_in(&session)),
        Ok(Entered::Enrol(enrolment)) => {
            let secret = web.app.operator_secret();
            enrolling(&web, f, enrolment, &secret, String::new()).await.map(|page| Page(page).into_response())
        }
    }
}

async fn enrolling(web: &Web, f: Frame, enrolment: String, secret: &str, error: String) -> Result<Enrol, Fault> {
    let operator = web.app.operator_enrolling(&enrolment).await.map_err(page_fault(&f))?.ok_or(Fault::Spent)?;
    let shown = web.app.enrolment(secret, &operator, f.tag());
    let password = Field::new("password", f.t("operator-password"), Input::Password).required();
    Ok(Enrol {
        enrolment: Shown::new(enrolment),
        secret: Shown::new(groups(&shown.secret)),
        picture: Shown::new(picture(&shown.uri)?),
        uri: Shown::new(shown.uri.as_str()),
        fields: vec![
            password
                .hint(f.t1("field-password-hint", "count", avouch::security::password::SHORTEST))
                .autocomplete("new-password"),
            code_field(&f).hint(f.t("operator-code-hint")),
        ],
        operator,
        error,
        f,
    })
}

/// What the enrolment's form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub struct SentEnrolment {
    enrolment: String,
    secret: String,
    password: String,
    code: String,
}

/// `POST /enrol`
///
/// # Errors
/// [`Fault::Spent`] when no enrolment is under way.
pub async fn enrol(State(web): State<Web>, f: Frame, Form(sent): Form<SentEnrolment>) -> Result<Response, Fault> {
    let error = match web.app.operator_enrol(&sent.enrolment, &sent.password, &sent.secret, &sent.code).await {
        Ok(session) => return Ok(signed_in(&session)),
        Err(avouch::Fault::WrongLogin) => return Err(Fault::Spent),
        Err(avouch::Fault::WrongCode) => f.t("operator-code-wrong"),
        Err(avouch::Fault::Invalid(faults)) => {
            faults.first().map_or_else(String::new, |fault| crate::site::join::wrong(&f, fault, &sent.password))
        }
        Err(other) => return Err(page_fault(&f)(other)),
    };
    let page = enrolling(&web, f, sent.enrolment, &sent.secret, error).await?;
    Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn signed_in(session: &str) -> Response {
    let mut response = Redirect::to("/").into_response();
    let seconds = u32::try_from(SESSION_LASTS.as_secs()).ok();
    if let Some(value) = cookie::set(cookie::CONSOLE, session, seconds) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// What the form for signing in sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub struct SentSignIn {
    name: String,
    password: String,
    code: String,
}

/// The form for signing in.
#[must_use]
pub fn form(f: Frame, name: &str, error: String) -> Step {
    let fields = [
        Field::new("name", f.t("operator-name"), Input::Text)
            .required()
            .autocomplete("username")
            .value(Shown::new(name)),
        Field::new("password", f.t("operator-password"), Input::Password).required().autocomplete("current-password"),
        code_field(&f).hint(f.t("operator-code-hint")),
    ];
    let (title, lead, button) = (f.t("enter-title"), f.t("enter-recorded"), f.t("sign-in-button"));
    let step = Step::new(f, title, "/sign-in", button).say(lead).wrong(error);
    fields.into_iter().fold(step, Step::ask)
}

/// `GET /sign-in`
pub async fn sign_in(f: Frame) -> Page<Step> {
    Page(form(f, "", String::new()))
}

/// `POST /sign-in`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send_sign_in(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<SentSignIn>,
) -> Result<Response, Fault> {
    let name = sent.name.trim();
    match web.app.operator_log_in(name, &sent.password, &sent.code, &device.address).await {
        Ok(session) => Ok(signed_in(&session)),
        Err(avouch::Fault::WrongLogin) => {
            let error = f.t("sign-in-failed");
            Ok(PageWith(StatusCode::UNAUTHORIZED, form(f, name, error)).into_response())
        }
        Err(avouch::Fault::TooMany(minutes)) => {
            let error = f.t1("login-wait", "seconds", minutes * 60);
            Ok(PageWith(StatusCode::TOO_MANY_REQUESTS, form(f, name, error)).into_response())
        }
        Err(other) => Err(page_fault(&f)(other)),
    }
}

/// `POST /logout`
///
/// # Errors
/// When the store cannot be written.
pub async fn leave(State(web): State<Web>, f: Frame, operator: Operator) -> Result<Response, Fault> {
    web.app.operator_sign_out(&operator.secret, &operator.name).await.map_err(page_fault(&f))?;
    let mut response = Page(crate::site::logged_out::LoggedOut { f }).into_response();
    cookie::log_out(response.headers_mut(), [cookie::CONSOLE, cookie::CONSOLE_CSRF]);
    Ok(response)
}
