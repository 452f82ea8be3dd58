//! `/privacy/joint`: the accounts at partners that a person comes in with.
//!
//! Keeps promises 1.7 and 6.1: what was received, when, on what answer, and when it was last used; one button ends it,
//! there too. The last way in stays until there is another.

use askama::Template;
use avouch::store::{Receipt, Sink};
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::shown::Shown;
use crate::site::joint::{self, Way};
use crate::site::privacy::proof;
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
    let subject = session.subject();
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
            name: joint::name_of(&web, &f, &joint.partner),
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
    let ways = joint::ways(&web, &f).into_iter().filter(|w| linked.iter().all(|l| l.partner != w.partner)).collect();
    Ok(Page(Joint { linked, ways, f }))
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

/// What the button sends: the password, where it must be shown once more.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Sent {
    password: String,
}

/// `POST /privacy/joint/{partner}/link`: on to the partner, from inside a session that showed its password.
///
/// # Errors
/// What keeps the store from answering.
pub async fn link(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Signed(mut session): Signed,
    Path(partner): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    if !session.proven {
        if let Err(fault) = web.app.show_password(&session, &sent.password).await {
            let (_, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
            return joint::before(&web, f, &partner, Some(&session), error);
        }
        session.proven = true;
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
/// [`Fault::NotFound`]; [`Fault::Forbidden`] for the last way in.
pub async fn unlink(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(partner): Path<String>,
) -> Result<Response, Fault> {
    web.app.unlink_joint(session.subject(), &partner, f.tag()).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/joint").into_response())
}
