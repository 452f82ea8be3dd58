//! `/privacy/consents`: one switch a purpose, and the history of the answers.
//!
//! Keeps promise 6.4 and 2.5: withdrawing takes the same one click as giving, works on the very next
//! request, and what stops working is said. Nothing is on unless the person turned it on.

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;
use avouch::rights::consent::kind_of;
use avouch::storage::border::{self, Notice};
use avouch::store::{Actor, ConsentEvent, ConsentKind, SubjectId};
use avouch_policy::Question as Asked;
use avouch_policy::model::Basis;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::page::{Page, PageWith};
use crate::state::{Signed, Web, page_fault, say, told};
use crate::words;

/// What must be said before a sensitive item is agreed to (PIPL Art. 30).
#[derive(Clone, Debug)]
pub struct Sensitive {
    /// The item's label.
    pub label: String,
    /// Why it is needed.
    pub necessity: String,
    /// What a leak could do.
    pub impact: String,
}

/// One purpose that waits for consent.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Its name in the policy.
    pub purpose: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence.
    pub why: String,
    /// Labels of its items.
    pub items: Vec<String>,
    /// Names of who outside gets them.
    pub recipients: Vec<String>,
    /// What stops working without it.
    pub without: String,
    /// Whether it is on.
    pub on: bool,
    /// Since when it is as it is; none when never answered.
    pub since: Option<Timestamp>,
    /// A separate consent.
    pub separate: bool,
    /// Whether the answer covers less than the policy in force now says (7.2).
    pub outdated: bool,
    /// Whether it rests, whatever the switch says: a change of hands changes it (4.3).
    pub frozen: bool,
    /// The sensitive items among its own.
    pub sensitive: Vec<Sensitive>,
}

/// A recipient abroad that waits for a separate consent (5.4).
#[derive(Clone, Debug)]
pub struct Abroad {
    /// What is told before the answer.
    pub notice: Notice,
    /// Whether it is on.
    pub on: bool,
    /// Since when it is as it is; none when never answered.
    pub since: Option<Timestamp>,
}

/// One answer given before.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// The purpose's label.
    pub label: String,
    /// Given or withdrawn.
    pub given: bool,
    /// The policy's version it was bound to.
    pub version: String,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// A purpose that has another basis.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// The basis, in words.
    pub basis: String,
    /// Why, one sentence.
    pub why: String,
}

/// The page of consents.
#[derive(Debug, Template)]
#[template(path = "site/privacy/consents.html")]
pub struct Consents {
    /// The frame.
    pub f: Frame,
    /// The switches.
    pub switches: Vec<Switch>,
    /// The recipients abroad.
    pub abroad: Vec<Abroad>,
    /// Purposes without a switch.
    pub fixed: Vec<Fixed>,
    /// Answers, newest first.
    pub history: Vec<Answer>,
    /// What was wrong, with the page that mends it; empty when nothing was.
    pub error: String,
}

/// `GET /privacy/consents`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Consents>, Fault> {
    Ok(Page(page(&web, f, session.subject(), String::new()).await?))
}

async fn page(web: &Web, f: Frame, subject: SubjectId, error: String) -> Result<Consents, Fault> {
    let told = page_fault(&f);
    let policy = web.policy();
    let facts = policy.facts();
    let standing = web.app.account(subject).await.map_err(&told)?.standing;
    let events = web.app.consent_history(subject).await.map_err(&told)?;
    let archived = web.app.releases().await.map_err(&told)?;
    let version = |digest: &str| {
        let known = archived.iter().find(|p| data_encoding::HEXLOWER.encode(&p.digest) == digest);
        known.map_or_else(|| digest.chars().take(8).collect(), |p| p.version.clone())
    };
    let (mut switches, mut fixed) = (Vec::new(), Vec::new());
    for (name, purpose) in &facts.usage.purposes {
        if kind_of(&policy, name).is_none() {
            fixed.push(Fixed {
                label: say(&f, &purpose.label),
                clause: purpose.clause.as_str().to_owned(),
                basis: words::basis(f.texts, purpose.basis.as_str()),
                why: say(&f, &purpose.why),
            });
            continue;
        }
        let separate = purpose.basis == Basis::SeparateConsent;
        let bits = if separate { &standing.separate } else { &standing.consents };
        let items: Vec<_> = policy.items_of(name).into_iter().filter_map(|i| facts.collection.items.get(i)).collect();
        let outside = facts.sharing.recipients.values().filter(|r| r.purposes.contains(name));
        let sensitive = items.iter().filter(|i| i.sensitive).map(|i| Sensitive {
            label: say(&f, &i.label),
            necessity: i.necessity.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            impact: i.impact.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
        });
        switches.push(Switch {
            purpose: name.clone(),
            label: say(&f, &purpose.label),
            clause: purpose.clause.as_str().to_owned(),
            why: say(&f, &purpose.why),
            items: items.iter().map(|i| say(&f, &i.label)).collect(),
            recipients: outside.map(|r| say(&f, &r.name)).collect(),
            without: purpose.without.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            on: policy.purpose(name).is_some_and(|p| bits.has(p.index())),
            since: events.iter().find(|e| e.target == *name).map(|e| e.at),
            separate,
            outdated: policy.purpose(name).is_some_and(|p| {
                let of = |o: &avouch_policy::Outdated| matches!(o.question, Asked::Consent(q) | Asked::Separate(q) if q == p);
                standing.outdated.iter().any(of)
            }),
            frozen: policy.purpose(name).is_some_and(|p| standing.frozen.has(p.index())),
            sensitive: sensitive.collect(),
        });
    }
    let home = web.app.store.region();
    let abroad = border::recipients(&policy, home.as_str()).filter_map(|(name, _)| {
        Some(Abroad {
            notice: border::notice(&policy, home.as_str(), name, f.tag())?,
            on: policy.recipient(name).is_some_and(|r| standing.abroad.has(r.index())),
            since: events.iter().find(|e| e.kind == ConsentKind::Abroad && e.target == name).map(|e| e.at),
        })
    });
    let abroad = abroad.collect();
    let label = |e: &ConsentEvent| {
        let purpose = facts.usage.purposes.get(&e.target).map(|p| say(&f, &p.label));
        let recipient = || facts.sharing.recipients.get(&e.target).map(|r| say(&f, &r.name));
        match e.kind {
            ConsentKind::Abroad | ConsentKind::Recipient => recipient(),
            _ => purpose,
        }
        .unwrap_or_else(|| e.target.clone())
    };
    let history = events
        .iter()
        .map(|e| Answer {
            at: e.at,
            label: label(e),
            given: e.given,
            version: version(&e.policy),
            receipt: format!("{}/{}", e.receipt.log, e.receipt.index),
        })
        .collect();
    Ok(Consents { switches, abroad, fixed, history, error, f })
}

/// What a switch sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

impl Sent {
    fn given(&self) -> Result<bool, Fault> {
        match self.answer.as_str() {
            "give" => Ok(true),
            "withdraw" => Ok(false),
            _ => Err(Fault::Malformed),
        }
    }
}

/// `POST /privacy/consents/abroad/{recipient}`: the same step for a recipient abroad.
///
/// # Errors
/// [`Fault::NotFound`] for a recipient that is not abroad.
pub async fn send_abroad(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(recipient): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let answer = web.app.answer_abroad(session.subject(), &recipient, sent.given()?, f.tag(), &Actor::Subject);
    answer.await.map_err(page_fault(&f))?;
    Ok(Redirect::to(&format!("/privacy/consents#abroad-{recipient}")).into_response())
}

/// `POST /privacy/consents/{purpose}`: giving and withdrawing are the same step.
///
/// # Errors
/// [`Fault::NotFound`] for an unknown purpose.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(purpose): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let given = sent.given()?;
    match web.app.answer(session.subject(), &purpose, given, f.tag(), &Actor::Subject).await {
        Ok(_) => Ok(Redirect::to(&format!("/privacy/consents#{purpose}")).into_response()),
        // The only way into the account: what has to come first is said, with the page where it is done.
        Err(avouch::Fault::LastWayIn) => {
            let error = f.t("consent-last");
            Ok(PageWith(StatusCode::CONFLICT, page(&web, f, session.subject(), error).await?).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}
