//! `/privacy/records/{record}/delete`: one record deleted, with a receipt.
//!
//! Keeps promise 6.2: confirmed once, leaves no hidden copy, and the answer is a receipt.

use askama::Template;
use jiff::Timestamp;

use super::Kept;
use crate::frame::Frame;
use crate::shown::Shown;
use avouch::storage::erase::HeldBy;
use avouch::store::{RecordId, Sink, SubjectId};
use axum::extract::{Path, State};

use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::backups;
use crate::state::{Signed, Web, page_fault, say};

/// The question before deleting.
#[derive(Debug, Template)]
#[template(path = "site/privacy/delete.html")]
pub struct Delete {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// The item's label.
    pub label: String,
    /// The record's name.
    pub record: String,
    /// The value, so that the person sees what goes.
    pub value: Shown,
    /// When it was collected.
    pub collected: Timestamp,
    /// For how long backups still hold it, as the policy writes it.
    pub backups: String,
    /// What law keeps of it, if anything.
    pub kept: Option<Kept>,
}

/// What was done.
#[derive(Debug, Template)]
#[template(path = "site/privacy/deleted.html")]
pub struct Deleted {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// The item's label.
    pub label: String,
    /// When.
    pub at: Timestamp,
    /// The leaf, as `log/index`: the receipt's address.
    pub receipt: String,
    /// For how long backups still hold it.
    pub backups: String,
    /// What is kept of it, if anything, and why.
    pub kept: Option<Kept>,
}

/// What law or a legal hold keeps of an item.
async fn kept(web: &Web, f: &Frame, subject: SubjectId, item: &str) -> Result<Option<Kept>, Fault> {
    let held = web.app.legal_holds_of(subject).await.map_err(page_fault(f))?;
    let held = held.into_iter().filter(|h| h.items.iter().any(|i| i == item)).map(HeldBy::from).next();
    let policy = web.policy();
    Ok(Kept::by_holds(&policy, f, held.iter()).pop().or_else(|| Kept::of(&policy, f, item)))
}

fn parse(address: &str) -> Result<(&str, RecordId), Fault> {
    let (item, record) = address.split_once('.').ok_or(Fault::NotFound)?;
    Ok((item, record.parse().map_err(|_| Fault::NotFound)?))
}

/// `GET /privacy/records/{record}/delete`
///
/// # Errors
/// [`Fault::NotFound`] for a record that is not there or not deletable by itself.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(address): Path<String>,
) -> Result<Page<Delete>, Fault> {
    let policy = web.policy();
    let (name, id) = parse(&address)?;
    let item = policy.facts().collection.items.get(name).filter(|i| i.deletable).ok_or(Fault::NotFound)?;
    let opened = web.app.see(session.subject(), name).await.map_err(page_fault(&f))?;
    let record = opened.iter().find(|r| r.head.id == id).ok_or(Fault::NotFound)?;
    Ok(Page(Delete {
        item: name.to_owned(),
        label: say(&f, &item.label),
        value: record.value.expose(Sink::Subject, |v| Shown::value(item.kind, v)),
        collected: record.head.created,
        backups: backups(&policy, &f),
        kept: kept(&web, &f, session.subject(), name).await?,
        record: address,
        f,
    }))
}

/// `POST /privacy/records/{record}/delete`
///
/// # Errors
/// [`Fault::NotFound`] for a record that is not there or not deletable by itself.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(address): Path<String>,
) -> Result<Page<Deleted>, Fault> {
    let policy = web.policy();
    let (name, id) = parse(&address)?;
    let kept = kept(&web, &f, session.subject(), name).await?;
    let receipt = web.app.delete_record(session.subject(), name, id).await.map_err(page_fault(&f))?;
    Ok(Page(Deleted {
        item: name.to_owned(),
        label: policy.facts().collection.items.get(name).map(|i| say(&f, &i.label)).unwrap_or_default(),
        at: web.app.store.now(),
        receipt: format!("{}/{}", receipt.log, receipt.index),
        backups: backups(&policy, &f),
        kept,
        f,
    }))
}
