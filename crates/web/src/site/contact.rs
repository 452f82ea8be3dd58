//! `/contact`: one click from every page.
//!
//! Keeps promise 8.1 (a way to customer service), 8.2 (the day by which an answer comes) and 8.3 (regulator
//! and court).

use askama::Template;
use jiff::civil;

use crate::fault::Fault;
use crate::frame::Frame;
use axum::extract::State;

use crate::page::Page;
use crate::state::{Web, page_fault, say};

/// How to reach the controller, and who stands above it.
#[derive(Debug, Template)]
#[template(path = "site/contact.html")]
pub struct Contact {
    /// The frame.
    pub f: Frame,
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
    /// The regulator's name.
    pub regulator: String,
    /// The regulator's address on the web.
    pub regulator_url: String,
    /// The court.
    pub court: String,
}

/// `GET /contact`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame) -> Result<Page<Contact>, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let contact = &facts.contact;
    let officer = facts.controller.officer.as_ref();
    let within = contact.respond_within;
    let due = match within {
        Some(within) => web.app.ends(within, web.app.store.now()).await.map_err(page_fault(&f))?,
        None => None,
    };
    Ok(Page(Contact {
        email: contact.email.clone().unwrap_or_default(),
        officer: officer.map(|o| o.name.clone()).unwrap_or_default(),
        officer_email: officer.and_then(|o| o.email.clone()).unwrap_or_default(),
        within: within.map(|p| p.in_words(f.tag())).unwrap_or_default(),
        provisional: due.as_ref().is_some_and(|due| due.provisional),
        due: due.and_then(|due| due.last_day),
        regulator: contact.regulator.as_ref().map(|r| say(&f, &r.name)).unwrap_or_default(),
        regulator_url: contact.regulator.as_ref().and_then(|r| r.url.clone()).unwrap_or_default(),
        court: contact.court.as_ref().map(|c| say(&f, c)).unwrap_or_default(),
        f,
    }))
}
