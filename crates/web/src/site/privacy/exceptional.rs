//! `/privacy/exceptional`: what was or may be used of a person's data without asking them, on which ground, by whom.
//!
//! Keeps promises 2.7 and 0.1: shown while it is in force and afterwards.

use askama::Template;
use axum::extract::State;

use crate::console::exceptions::{Row, row};
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault};

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/exceptional.html")]
pub struct Exceptional {
    /// The frame.
    pub f: Frame,
    /// The entries, the latest first.
    pub rows: Vec<Row>,
}

/// `GET /privacy/exceptional`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Exceptional>, Fault> {
    let entries = web.app.exceptions_of(session.subject()).await.map_err(page_fault(&f))?;
    Ok(Page(Exceptional { rows: entries.iter().map(|entry| row(&web, &f, entry)).collect(), f }))
}
