//! `/privacy/sessions`: where the person is logged in; end one in a click, all others in a click.
//!
//! Keeps promise 3.1 and 5.5 (ASVS 7.5.2).

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;
use avouch::security::session::Device;
use avouch::store::{SessionName, Sink};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use crate::fault::Fault;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault};

/// One login.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name, for its address; never the cookie's value.
    pub id: String,
    /// Browser and system, coarse.
    pub device: String,
    /// When it began.
    pub began: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
    /// Whether it is this one.
    pub current: bool,
}

/// The page of logins.
#[derive(Debug, Template)]
#[template(path = "site/privacy/sessions.html")]
pub struct Sessions {
    /// The frame.
    pub f: Frame,
    /// The logins, this one first.
    pub rows: Vec<Row>,
}

/// `GET /privacy/sessions`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Sessions>, Fault> {
    let mine = session.token.name();
    let live = web.app.sessions(session.subject()).await.map_err(page_fault(&f))?;
    let row = |s: avouch::store::SessionInfo| {
        let device = s.device.expose(Sink::Subject, |bytes| Device::from_bytes(bytes));
        Row {
            id: data_encoding::HEXLOWER.encode(&s.name.0),
            device: if device.agent.is_empty() { f.t("sessions-unknown") } else { device.agent.clone() },
            began: s.created,
            seen: s.seen,
            current: s.name == mine,
        }
    };
    let mut rows: Vec<Row> = live.into_iter().map(row).collect();
    rows.sort_by_key(|row| (!row.current, std::cmp::Reverse(row.seen)));
    Ok(Page(Sessions { rows, f }))
}

/// `POST /privacy/sessions/{session}/end`
///
/// # Errors
/// [`Fault::NotFound`] for a login that is not there.
pub async fn end(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let name = data_encoding::HEXLOWER.decode(id.as_bytes()).ok().and_then(|b| b.try_into().ok());
    let name = SessionName(name.ok_or(Fault::NotFound)?);
    web.app.end_session(session.subject(), name).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/sessions").into_response())
}

/// `POST /privacy/sessions/end-others`
///
/// # Errors
/// When the store cannot be written.
pub async fn end_others(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Response, Fault> {
    web.app.end_other_sessions(&session).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/sessions").into_response())
}
