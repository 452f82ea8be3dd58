//! `/privacy/joint`: the accounts at partners that a person comes in with.
//!
//! Keeps promises 1.7, 5.5 and 6.1: what was received, when, on what answer, and when it was last used; one button ends
//! it, there too. The last way in stays until there is another. An account with ID tokens also shows who is there, where
//! the password is asked for (ASVS 7.5.1).

use askama::Template;
use avouch::store::{Receipt, Sink, SubjectId};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::joint::{self, Way};
use crate::site::privacy::proof::{self, Proof};
use crate::state::{Browser, Signed, Web, page_fault, told};

/// One account at a partner.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The partner's name in the policy.
    pub partner: String,
    /// What it is called.
    pub name: String,
    /// The account there, as the partner names it.
    pub account: Shown,
    /// The nickname from there; empty for none.
    pub nickname: Shown,
    /// The avatar from there, for an image; empty for none.
    pub avatar: String,
    /// What the person let us have, by the partner's word.
    pub scopes: String,
    /// When it was linked.
    pub linked: Timestamp,
    /// The last login with it.
    pub used: Timestamp,
    /// Where the grant is recorded.
    pub receipt: Receipt,
    /// Whether nothing else lets the person in.
    pub last: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/joint.html")]
pub struct Joint {
    /// The frame.
    pub f: Frame,
    /// What is linked.
    pub linked: Vec<Linked>,
    /// What else can be.
    pub ways: Vec<Way>,
}

/// `GET /privacy/joint`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Joint>, Fault> {
    Ok(Page(page(&web, f, session.subject()).await?))
}

async fn page(web: &Web, f: Frame, subject: SubjectId) -> Result<Joint, Fault> {
    let held = web.app.joint_logins(subject).await.map_err(page_fault(&f))?;
    let mut told = Vec::new();
    if !held.is_empty() {
        let items = [avouch::collection::joint::ACCOUNT, avouch::collection::joint::PROFILE];
        for record in web.app.see_all(subject, &items).await.map_err(page_fault(&f))? {
            let value = record.value.expose(Sink::Subject, |v| serde_json::from_slice::<serde_json::Value>(v).ok());
            told.extend(value);
        }
    }
    let said = |partner: &str, at: &str| {
        let of = told.iter().filter(|v| v["partner"] == partner);
        of.filter_map(|v| v.pointer(at)?.as_str()).next().unwrap_or_default().to_owned()
    };
    let mut linked = Vec::new();
    for joint in held {
        let last = !web.app.gets_in_without(subject, &joint.partner).await.map_err(page_fault(&f))?;
        let picture = said(&joint.partner, "/avatar/base64");
        let media = said(&joint.partner, "/avatar/media");
        linked.push(Linked {
            name: joint::name_of(web, &f, &joint.partner),
            account: Shown::new(said(&joint.partner, "/account")),
            nickname: Shown::new(said(&joint.partner, "/nickname")),
            avatar: if picture.is_empty() { picture } else { format!("data:{media};base64,{picture}") },
            scopes: joint.scopes,
            linked: joint.linked,
            used: joint.used,
            receipt: joint.receipt,
            last,
            partner: joint.partner,
        });
    }
    let ways = joint::ways(web, &f).into_iter().filter(|w| linked.iter().all(|l| l.partner != w.partner)).collect();
    Ok(Joint { linked, ways, f })
}

/// `GET /privacy/joint/{partner}/link`: what is said before.
///
/// # Errors
/// [`Fault::NotFound`] for a partner that is none.
pub async fn before(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(partner): Path<String>,
) -> Result<Response, Fault> {
    joint::before(&web, f, &partner, Some(&session), String::new())
}

/// `POST /privacy/joint/{partner}/link`: on to the partner, from inside a session that showed who is there.
///
/// # Errors
/// What keeps the store from answering.
pub async fn link(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Signed(mut session): Signed,
    Path(partner): Path<String>,
    Form(sent): Form<Proof>,
) -> Result<Response, Fault> {
    if !session.proven
        && let Err(fault) = sent.show(&web, &mut session, &f).await
    {
        let (_, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
        return joint::before(&web, f, &partner, Some(&session), error);
    }
    match web.app.start_joint(&partner, Some(&session), &device.address).await {
        Ok((flow, url)) => Ok(joint::send_on(&flow, &url, web.app.settings.code_lasts.as_secs())),
        Err(fault) => {
            let name = joint::name_of(&web, &f, &partner);
            let error = joint::what(&f, fault, &name)?;
            joint::before(&web, f, &partner, Some(&session), error)
        }
    }
}

/// `POST /privacy/joint/{partner}/unlink`: deletes what was received, and ends the grant there.
///
/// # Errors
/// [`Fault::NotFound`]; what keeps the store from answering.
pub async fn unlink(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(partner): Path<String>,
) -> Result<Response, Fault> {
    match web.app.unlink_joint(session.subject(), &partner, f.tag()).await {
        Ok(_) => Ok(Redirect::to("/privacy/joint").into_response()),
        // The page says what has to come first.
        Err(avouch::Fault::LastWayIn) => {
            Ok(PageWith(StatusCode::CONFLICT, page(&web, f, session.subject()).await?).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

/// What is said before somebody logs in at a partner to show who they are.
#[derive(Debug, Template)]
#[template(path = "site/privacy/joint_prove.html")]
pub struct Prove {
    /// The frame.
    pub f: Frame,
    /// The partner's name in the policy.
    pub partner: String,
    /// What it is called.
    pub name: String,
    /// The page that asked, to come back to.
    pub page: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// The page before a login at a partner that shows who is there.
///
/// # Errors
/// [`Fault::NotFound`] for a partner that shows nothing of this person.
pub(crate) fn prove_page(web: &Web, f: Frame, partner: &str, page: String, error: String) -> Result<Response, Fault> {
    let name = f.shows_at().into_iter().find(|way| way.partner == partner).ok_or(Fault::NotFound)?.name;
    let policy = web.policy();
    let declared = policy.facts().collection.partners.get(partner).ok_or(Fault::NotFound)?;
    let status = if error.is_empty() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let shown = Prove { partner: partner.to_owned(), name, page, error, f };
    Ok(joint::sends_on(declared, PageWith(status, shown).into_response()))
}

/// Who is asked, and for which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    partner: String,
    page: String,
}

/// `GET /privacy/joint/prove`
///
/// # Errors
/// [`Fault::NotFound`] for a partner that shows nothing of this person.
pub async fn proving(
    State(web): State<Web>,
    f: Frame,
    Signed(_): Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = proof::back_to(&web, &asked.page);
    prove_page(&web, f, &asked.partner, page, String::new())
}

/// `POST /privacy/joint/prove`: on to the partner.
///
/// # Errors
/// [`Fault::NotFound`] for a partner that shows nothing of this person; what keeps the store from answering.
pub async fn prove(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Signed(session): Signed,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let page = proof::back_to(&web, &asked.page);
    match web.app.start_joint_proof(&asked.partner, &session, &page, &device.address).await {
        Ok((flow, url)) => Ok(joint::send_on(&flow, &url, web.app.settings.code_lasts.as_secs())),
        Err(fault) => {
            let name = joint::name_of(&web, &f, &asked.partner);
            let error = joint::what(&f, fault, &name)?;
            prove_page(&web, f, &asked.partner, page, error)
        }
    }
}
