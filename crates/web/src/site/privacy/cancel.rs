//! `/privacy/cancel`: leaving, and while it is under way, coming back.
//!
//! Keeps promise 6.3 and 5.2: three clicks and the password; the copy is offered on the same page; what is
//! kept, why and until when is said before; a cooling-off that one click ends, or erasure at once. No call,
//! no mail, and logging in never undoes it.

use askama::Template;
use jiff::{Timestamp, civil};

use super::Kept;
use crate::form::Field;
use crate::frame::Frame;
use avouch::security::session::Session;
use avouch::storage::erase::HeldBy;
use avouch::store::SubjectId;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::http::cookie;
use crate::page::{Page, PageWith};
use crate::site::privacy::proof::{self, Proof};
use crate::site::privacy::{backups, readers};
use crate::state::{Signed, Web, page_fault, told};

/// The page for leaving.
#[derive(Debug, Template)]
#[template(path = "site/privacy/cancel.html")]
pub struct Cancel {
    /// The frame.
    pub f: Frame,
    /// How long the cooling-off is, as the policy writes it.
    pub cooling_off: String,
    /// When the data would be erased with it.
    pub erased_on: civil::Date,
    /// The last day by which all is done.
    pub complete_by: civil::Date,
    /// Whether that day may still move.
    pub provisional: bool,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// For how long backups still hold what was erased.
    pub backups: String,
    /// The password, once more; nothing where who is there was shown at a partner.
    pub password: Option<Field>,
}

/// The page while leaving is under way.
#[derive(Debug, Template)]
#[template(path = "site/privacy/cancelling.html")]
pub struct Cancelling {
    /// The frame.
    pub f: Frame,
    /// Since when.
    pub since: Timestamp,
    /// When the data is erased.
    pub erased_on: civil::Date,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// The password, for erasing now; nothing where who is there was shown at a partner.
    pub password: Option<Field>,
}

/// The page after erasure: the last one this person sees here.
#[derive(Debug, Template)]
#[template(path = "site/privacy/erased.html")]
pub struct Erased {
    /// The frame, signed out.
    pub f: Frame,
    /// When the key was destroyed.
    pub at: Timestamp,
    /// The leaf of the erasure, as `log/index`.
    pub receipt: String,
    /// The log's name.
    pub log: String,
    /// What is kept, and why.
    pub kept: Vec<Kept>,
    /// For how long backups still hold what was erased.
    pub backups: String,
    /// Who else was told to forget.
    pub told: String,
}

/// What law and legal holds keep of a person.
async fn kept(web: &Web, f: &Frame, subject: SubjectId) -> Result<Vec<Kept>, Fault> {
    let policy = web.policy();
    let held = web.app.legal_holds_of(subject).await.map_err(page_fault(f))?;
    let held: Vec<HeldBy> = held.into_iter().map(HeldBy::from).collect();
    Ok([Kept::all(&policy, f), Kept::by_holds(&policy, f, held.iter())].concat())
}

async fn form(web: &Web, f: Frame, session: &Session, error: String) -> Result<Cancel, Fault> {
    let policy = web.policy();
    let kept = kept(web, &f, session.subject()).await?;
    let cancel = policy.facts().rights.cancel.as_ref();
    let now = web.app.store.now();
    let cooling = cancel.and_then(|c| c.cooling_off);
    let erased = cooling.map_or(now, |p| p.after(now)).to_zoned_datetime(f.names.zone.clone()).date();
    let complete = match cancel.and_then(|c| c.complete_within) {
        Some(within) => web.app.ends(within, now).await.map_err(page_fault(&f))?,
        None => None,
    };
    // What was wrong is said beside the field.
    let password = if error.is_empty() { proof::each_time(&f, session) } else { Some(proof::password(&f)) };
    Ok(Cancel {
        cooling_off: cooling.map(|p| p.in_words(f.tag())).unwrap_or_default(),
        erased_on: erased,
        complete_by: complete.as_ref().and_then(|d| d.last_day).unwrap_or(erased),
        provisional: complete.is_some_and(|d| d.provisional),
        kept,
        backups: backups(&policy, &f),
        password: password.map(|field| field.why(f.t("cancel-password-why"), "").error(error)),
        f,
    })
}

/// `GET /privacy/cancel`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Response, Fault> {
    if f.account.as_ref().is_some_and(|a| a.erased_on.is_some()) {
        return Ok(Redirect::to("/privacy/cancelling").into_response());
    }
    Ok(Page(form(&web, f, &session, String::new()).await?).into_response())
}

/// What the form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Sent {
    #[serde(flatten)]
    proof: Proof,
    #[serde(default)]
    when: String,
}

/// `POST /privacy/cancel`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    leave(web, f, session, &sent.proof, sent.when == "now").await
}

/// `POST /privacy/cancel/now`
///
/// # Errors
/// What keeps the store from answering.
pub async fn now(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Proof>,
) -> Result<Response, Fault> {
    leave(web, f, session, &sent, true).await
}

async fn leave(web: Web, mut f: Frame, mut session: Session, proof: &Proof, now: bool) -> Result<Response, Fault> {
    if let Err(fault) = proof.show(&web, &mut session, &f).await {
        let (status, error) = match fault {
            avouch::Fault::WrongLogin => (StatusCode::FORBIDDEN, f.t("cancel-wrong-password")),
            other => proof::error(&f, &other).ok_or_else(|| told(&other, f.tag()))?,
        };
        return Ok(PageWith(status, form(&web, f, &session, error).await?).into_response());
    }
    let policy = web.policy();
    let cancelling = web.app.cancel(&session, now).await.map_err(page_fault(&f))?;
    let Some(certificate) = cancelling.erased else {
        return Ok(Redirect::to("/privacy/cancelling").into_response());
    };
    f.account = None;
    let page = Erased {
        at: web.app.store.now(),
        receipt: format!("{}/{}", certificate.receipt.log, certificate.receipt.index),
        log: certificate.receipt.log,
        kept: {
            let by_law = if certificate.kept == 0 { Vec::new() } else { Kept::all(&policy, &f) };
            [by_law, Kept::by_holds(&policy, &f, certificate.held.iter())].concat()
        },
        backups: backups(&policy, &f),
        told: f.texts.list(&readers(&policy, &f, &certificate.told)),
        f,
    };
    let mut response = Page(page).into_response();
    cookie::log_out(response.headers_mut(), [cookie::SESSION, cookie::CSRF]);
    Ok(response)
}

/// `GET /privacy/cancelling`
///
/// # Errors
/// What keeps the store from answering.
pub async fn cancelling(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Response, Fault> {
    let account = web.app.account(session.subject()).await.map_err(page_fault(&f))?;
    let Some(due) = account.cancel_due else {
        return Ok(Redirect::to("/privacy/cancel").into_response());
    };
    let waits = web.app.erasure_waits(session.subject()).await.map_err(page_fault(&f))?;
    let due = waits.map_or(due, |until| due.max(until));
    let since = web.app.cancelling_since(session.subject()).await.map_err(page_fault(&f))?;
    let page = Cancelling {
        since: since.unwrap_or(due),
        erased_on: due.to_zoned_datetime(f.names.zone.clone()).date(),
        kept: kept(&web, &f, session.subject()).await?,
        password: proof::each_time(&f, &session),
        f,
    };
    Ok(Page(page).into_response())
}

/// `POST /privacy/cancel/keep`: one click ends the cooling-off.
///
/// # Errors
/// [`Fault::NotFound`] when nothing is being cancelled.
pub async fn keep(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Response, Fault> {
    web.app.keep_account(&session).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy?said=cancelling-kept-again").into_response())
}
