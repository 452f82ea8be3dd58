//! `/enter/{token}`: the first sign-in, by the one-time link printed at first start.
//!
//! The page asks for one click, so that a link preview cannot spend the link.

use askama::Template;

use crate::frame::Frame;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::http::cookie;
use crate::page::Page;
use crate::state::{Web, page_fault};

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

/// What the form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a one-time secret")]
pub struct Sent {
    token: String,
}

/// `GET /enter/{token}`: opening the link alone spends nothing, so that a preview does not.
pub async fn show(f: Frame, Path(token): Path<String>) -> Page<Enter> {
    Page(Enter { operator: f.t("enter-officer"), token, minutes: 24 * 60, f })
}

/// `POST /enter`
///
/// # Errors
/// [`Fault::Spent`] for a link that was used, is over, or never was.
pub async fn send(State(web): State<Web>, f: Frame, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    let session = match web.app.operator_sign_in(&sent.token).await {
        Err(avouch::Fault::WrongLogin) => return Err(Fault::Spent),
        other => other.map_err(page_fault(&f))?,
    };
    let mut response = Redirect::to("/").into_response();
    if let Some(value) = cookie::set(cookie::CONSOLE, &session, Some(8 * 60 * 60)) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// `POST /logout`
///
/// # Errors
/// When the store cannot be written.
pub async fn leave(State(web): State<Web>, f: Frame, operator: Operator) -> Result<Response, Fault> {
    web.app.operator_sign_out(&operator.secret).await.map_err(page_fault(&f))?;
    let mut response = Page(crate::site::logged_out::LoggedOut { f }).into_response();
    cookie::log_out(response.headers_mut(), [cookie::CONSOLE, cookie::CONSOLE_CSRF]);
    Ok(response)
}
