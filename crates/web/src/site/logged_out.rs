//! `/logged-out`: what logging out did.

use askama::Template;

use crate::frame::Frame;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::fault::Fault;
use crate::http::cookie;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault};

/// The page after logging out.
#[derive(Debug, Template)]
#[template(path = "site/logged_out.html")]
pub struct LoggedOut {
    /// The frame.
    pub f: Frame,
}

/// `GET /logged-out`
pub async fn show(f: Frame) -> Page<LoggedOut> {
    Page(LoggedOut { f })
}

/// `POST /logout`
///
/// # Errors
/// When the store cannot be written: the session stands then, and the person is told.
pub async fn send(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Response, Fault> {
    web.app.log_out(&session).await.map_err(page_fault(&f))?;
    let mut response = Redirect::to("/logged-out").into_response();
    cookie::log_out(response.headers_mut(), [cookie::SESSION, cookie::CSRF]);
    Ok(response)
}
