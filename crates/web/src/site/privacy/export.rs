//! `/privacy/export`: a copy of everything.
//!
//! Keeps promise 6.5 (copy and portability): everything chosen beforehand, one button, one zip. Who is there is shown
//! once more before it, unless that was done a short while ago (ASVS 7.5.3).

use askama::Template;

use crate::frame::Frame;
use std::collections::BTreeMap;

use avouch::security::session::Session;
use avouch_policy::model::Kind;
use axum::Form;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::fault::Fault;
use crate::form::Field;
use crate::page::{Page, PageWith};
use crate::site::privacy::proof::{self, Proof};
use crate::state::{Signed, Web, page_fault, say, told};

/// One part of the copy.
#[derive(Clone, Debug)]
pub struct Part {
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// How many records.
    pub count: u64,
}

/// The page for making a copy.
#[derive(Debug, Template)]
#[template(path = "site/privacy/export.html")]
pub struct Export {
    /// The frame.
    pub f: Frame,
    /// What there is.
    pub parts: Vec<Part>,
    /// The password, once more; nothing where who is there was shown a short while ago.
    pub password: Option<Field>,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// `GET /privacy/export`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Export>, Fault> {
    Ok(Page(page(&web, f, &session, String::new()).await?))
}

async fn page(web: &Web, f: Frame, session: &Session, error: String) -> Result<Export, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for head in web.app.holdings(session.subject()).await.map_err(page_fault(&f))? {
        *counts.entry(policy.item_name(head.item).to_owned()).or_default() += 1;
    }
    let part = |(item, count): (String, u64)| {
        let fact = facts.collection.items.get(&item).filter(|i| i.kind != Kind::Secret)?;
        Some(Part { label: say(&f, &fact.label), item, count })
    };
    let parts = counts.into_iter().filter_map(part).collect();
    let password = (!session.proven).then(|| proof::password(&f));
    Ok(Export { parts, password, error, f })
}

/// `POST /privacy/export`: the copy itself, made at once.
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Proof>,
) -> Result<Response, Fault> {
    let shown = if sent.given() { sent.show(&web, &mut session, &f).await } else { session.prove() };
    if let Err(fault) = shown {
        // Nothing was typed where the page that led here did not ask: it is asked for now.
        let error = if sent.given() { proof::error(&f, &fault) } else { Some((StatusCode::FORBIDDEN, String::new())) };
        let (status, error) = error.ok_or_else(|| told(&fault, f.tag()))?;
        return Ok(PageWith(status, page(&web, f, &session, error).await?).into_response());
    }
    let export = web.app.export(session.subject(), f.tag()).await.map_err(page_fault(&f))?;
    Ok(zip(&web, &f, export))
}

/// A copy on its way to the browser.
pub(crate) fn zip(web: &Web, f: &Frame, export: avouch::rights::export::Export) -> Response {
    let day = web.app.store.now().to_zoned_datetime(f.names.zone.clone()).date();
    let name = format!("attachment; filename=\"my-data-{day}.zip\"");
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, name)];
    // Written while it is read: it may hold hours of video.
    let parts = stream::unfold(export.stream(), async |mut parts| parts.recv().await.map(|part| (part, parts)));
    (headers, Body::from_stream(parts)).into_response()
}
