//! `/privacy/transfer`: who takes the business over, what changes for the person, and their answers.
//!
//! Keeps promise 4.3: name and contact of the successor, a separate switch for each purpose that changes, and one step
//! to object to being handed over.

use askama::Template;
use avouch::sharing::transfer::{Seen, from_text, to_text};
use avouch::store::{ConsentKind, TransferStage};
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Signed, Web, page_fault, say};

/// A purpose that changes.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its name in the policy.
    pub purpose: String,
    /// Its label as the successor has it.
    pub label: String,
    /// Why, as the successor has it.
    pub why: String,
    /// Labels of the items the successor uses for it.
    pub items: Vec<String>,
    /// Whether the person agreed to it anew.
    pub on: bool,
}

/// A change of hands.
#[derive(Clone, Debug)]
pub struct Handing {
    /// Its id.
    pub id: String,
    /// The successor's name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
    /// From when it takes over.
    pub effective: Timestamp,
    /// Whether it is under way; else it is over.
    pub open: bool,
    /// Whether it was called off.
    pub off: bool,
    /// The purposes that change.
    pub changed: Vec<Changed>,
    /// Since when the person objects.
    pub objected: Option<Timestamp>,
    /// What became of the person; empty before.
    pub outcome: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/transfer.html")]
pub struct TransferPage {
    /// The frame.
    pub f: Frame,
    /// The changes of hands the person was told of, the latest first.
    pub handings: Vec<Handing>,
}

/// What of a transfer everybody may know: the successor's name and contact, and from when.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The successor's name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
    /// From when it takes over.
    pub effective: Timestamp,
}

/// The transfer that is announced now, for the first page.
pub async fn announced(web: &Web, f: &Frame) -> Option<Announced> {
    let (transfer, _) = match web.app.transfers().await {
        Ok(all) => all.into_iter().find(|(t, _)| t.stage == TransferStage::Announced)?,
        Err(fault) => {
            tracing::error!(%fault, "the announcement of a transfer could not be read");
            return None;
        }
    };
    let policy = web.policy();
    let fact = policy.facts().sharing.recipients.get(&transfer.recipient)?;
    Some(Announced {
        name: say(f, &fact.name),
        contact: fact.contact.clone().unwrap_or_default(),
        effective: transfer.effective,
    })
}

fn handing(web: &Web, f: &Frame, seen: &Seen, given: impl Fn(&str) -> bool) -> Handing {
    let (transfer, successor) = (&seen.transfer, seen.successor.facts());
    let policy = web.policy();
    let fact = policy.facts().sharing.recipients.get(&transfer.recipient);
    let changed = transfer.changed.iter().map(|purpose| {
        let rule = successor.usage.purposes.get(purpose);
        let old = policy.facts().usage.purposes.get(purpose);
        let items = seen.successor.items_of(purpose).into_iter();
        let label = |item: &str| successor.collection.items.get(item).map(|i| say(f, &i.label));
        Changed {
            label: rule.or(old).map_or_else(|| purpose.clone(), |p| say(f, &p.label)),
            why: rule.map(|p| say(f, &p.why)).unwrap_or_default(),
            items: items.filter_map(label).collect(),
            on: given(purpose),
            purpose: purpose.clone(),
        }
    });
    Handing {
        id: to_text(&transfer.id),
        name: fact.map_or_else(|| transfer.recipient.clone(), |r| say(f, &r.name)),
        contact: fact.and_then(|r| r.contact.clone()).unwrap_or_default(),
        effective: transfer.effective,
        open: transfer.stage == TransferStage::Announced,
        off: transfer.stage == TransferStage::CalledOff,
        changed: changed.collect(),
        objected: seen.person.objected,
        outcome: seen.person.outcome.clone(),
    }
}

/// `GET /privacy/transfer`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<TransferPage>, Fault> {
    let told = page_fault(&f);
    let seen = web.app.transfers_of(session.subject()).await.map_err(&told)?;
    let events = web.app.consent_history(session.subject()).await.map_err(&told)?;
    // The latest answer stands first.
    let given = |since: Timestamp| {
        let events = &events;
        move |purpose: &str| {
            let answer = events.iter().find(|e| e.kind == ConsentKind::Successor && e.target == purpose);
            answer.is_some_and(|e| e.given && e.at >= since)
        }
    };
    let handings = seen.iter().map(|s| handing(&web, &f, s, given(s.transfer.announced))).collect();
    Ok(Page(TransferPage { handings, f }))
}

/// What the page's forms send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/transfer/{transfer}/consents/{purpose}`: giving and withdrawing are the same step.
///
/// # Errors
/// [`Fault::NotFound`] for a purpose that does not change.
pub async fn answer(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((id, purpose)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let given = match sent.answer.as_str() {
        "give" => true,
        "withdraw" => false,
        _ => return Err(Fault::Malformed),
    };
    let id = from_text(&id).ok_or(Fault::NotFound)?;
    let answered = web.app.answer_transfer(session.subject(), id, &purpose, given, f.tag());
    answered.await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/transfer").into_response())
}

/// `POST /privacy/transfer/{transfer}`: objects to being handed over, or no longer does.
///
/// # Errors
/// [`Fault::NotFound`]; that it was decided already.
pub async fn object(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let objects = match sent.answer.as_str() {
        "object" => true,
        "accept" => false,
        _ => return Err(Fault::Malformed),
    };
    let id = from_text(&id).ok_or(Fault::NotFound)?;
    web.app.object_to_transfer(session.subject(), id, objects).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/transfer").into_response())
}
