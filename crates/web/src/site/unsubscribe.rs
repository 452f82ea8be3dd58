//! `/unsubscribe/…`: the link in every offer. It refuses at once, without a login, and tells nothing.
//!
//! Keeps promise 2.5: one button for people, one POST for mail programs (RFC 8058). Opening the link alone changes
//! nothing, because programs that look at mail open links too.

use askama::Template;
use axum::extract::{Path, State};

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Web, page_fault};

/// Where the links lead; what stands after it is the link's own.
pub const PATH: &str = "/unsubscribe/";

/// The page of a link: before, and after.
#[derive(Debug, Template)]
#[template(path = "site/unsubscribe.html")]
pub struct Unsubscribe {
    /// The frame.
    pub f: Frame,
    /// The link's own part.
    pub link: String,
    /// Whether it is done.
    pub done: bool,
}

/// `GET /unsubscribe/{link}`
///
/// # Errors
/// [`Fault::NotFound`] for a link that is none of ours.
pub async fn show(State(web): State<Web>, f: Frame, Path(link): Path<String>) -> Result<Page<Unsubscribe>, Fault> {
    if !web.app.is_link(&link) {
        return Err(Fault::NotFound);
    }
    Ok(Page(Unsubscribe { f, link, done: false }))
}

/// `POST /unsubscribe/{link}`: the same for people and for mail programs, whatever they send along.
///
/// # Errors
/// [`Fault::NotFound`] for a link that is none of ours; what keeps the store from recording.
pub async fn send(State(web): State<Web>, f: Frame, Path(link): Path<String>) -> Result<Page<Unsubscribe>, Fault> {
    web.app.unsubscribe(&link).await.map_err(page_fault(&f))?;
    Ok(Page(Unsubscribe { f, link, done: true }))
}
