//! `/privacy/signals`: what the person's devices sent, counted, and what the devices permit.
//!
//! Keeps promises 1.4 to 1.6 and 6.1: by item and purpose, from whom, since when and until when; each kind is deleted
//! by one click, but for what a law makes one keep.

use askama::Template;
use avouch::collection::signal::kept_by_law;
use avouch::store::PermissionState;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::site::privacy::Kept;
use crate::state::{Signed, Web, page_fault, say, told};
use crate::words;

/// What devices sent of one item for one purpose.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// The item's clause.
    pub clause: String,
    /// The purpose's name in the policy.
    pub purpose: String,
    /// The purpose's label.
    pub what_for: String,
    /// The purpose's basis, in words.
    pub basis: String,
    /// Who sent it, as it stands in the records.
    pub source: String,
    /// How many events.
    pub count: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// When the last is gone.
    pub until: Option<Timestamp>,
    /// Why it cannot be deleted here.
    pub kept: Option<Kept>,
}

/// What a device permits.
#[derive(Clone, Debug)]
pub struct Permission {
    /// The item's label.
    pub label: String,
    /// The state, in words.
    pub state: String,
    /// Since when.
    pub at: Timestamp,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/signals.html")]
pub struct Signals {
    /// The frame.
    pub f: Frame,
    /// What was sent.
    pub sums: Vec<Sum>,
    /// What the devices permit.
    pub permissions: Vec<Permission>,
}

/// `GET /privacy/signals`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Signals>, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let (sums, permissions) = web.app.signals(session.subject()).await.map_err(page_fault(&f))?;
    let item = |name: &String| facts.collection.items.get(name);
    let sums = sums
        .into_iter()
        .filter_map(|sum| {
            let (fact, purpose) = (item(&sum.item)?, facts.usage.purposes.get(&sum.purpose)?);
            Some(Sum {
                label: say(&f, &fact.label),
                clause: fact.clause.as_str().to_owned(),
                what_for: say(&f, &purpose.label),
                basis: words::basis(f.texts, purpose.basis.as_str()),
                kept: kept_by_law(&policy, &sum.item).then(|| Kept::of(&policy, &f, &sum.item)).flatten(),
                item: sum.item,
                purpose: sum.purpose,
                source: sum.source,
                count: sum.count,
                first: sum.first,
                last: sum.last,
                until: sum.until,
            })
        })
        .collect();
    let permissions = permissions
        .into_iter()
        .filter_map(|p| {
            let label = say(&f, &item(&p.item)?.label);
            let state = match p.state {
                PermissionState::Granted => f.t("permission-granted"),
                PermissionState::Limited => f.t("permission-limited"),
                PermissionState::Denied => f.t("permission-denied"),
            };
            Some(Permission { label, state, at: p.at })
        })
        .collect();
    Ok(Page(Signals { sums, permissions, f }))
}

/// `POST /privacy/signals/{purpose}/{item}/delete`
///
/// # Errors
/// [`Fault::NotFound`] for what the policy does not know; [`Fault::Forbidden`] for what a law makes one keep.
pub async fn delete(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((purpose, item)): Path<(String, String)>,
) -> Result<Response, Fault> {
    web.app.delete_signals(session.subject(), &purpose, &item).await.map_err(|e| told(&e, f.tag()))?;
    Ok(Redirect::to("/privacy/signals").into_response())
}
