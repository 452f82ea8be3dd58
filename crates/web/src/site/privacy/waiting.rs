//! `/privacy/waiting`: what was brought over from an older system and cannot be documented; the person is asked.
//!
//! Keeps promises 2.0 and 6.1: keeping and deleting stand side by side and take the same one click; until then
//! nothing of it is used.

use askama::Template;
use avouch::rights::consent::kind_of;
use avouch::store::Sink;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::shown::Shown;
use crate::site::privacy::consents::Sensitive;
use crate::state::{Signed, Web, page_fault, say, told};

/// One value that waits.
#[derive(Clone, Debug)]
pub struct Value {
    /// The item's label.
    pub label: String,
    /// The value.
    pub value: Shown,
    /// Sensitive by the policy.
    pub sensitive: bool,
}

/// What waits for one purpose.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name in the policy.
    pub purpose: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence.
    pub why: String,
    /// The values.
    pub values: Vec<Value>,
    /// What must be said before sensitive ones are agreed to.
    pub sensitive: Vec<Sensitive>,
    /// Whether keeping it is giving consent.
    pub consent: bool,
    /// When the first of it is deleted.
    pub until: Timestamp,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/waiting.html")]
pub struct Waiting {
    /// The frame.
    pub f: Frame,
    /// What waits, by purpose.
    pub groups: Vec<Group>,
}

/// `GET /privacy/waiting`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Waiting>, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let mut groups: Vec<Group> = Vec::new();
    for kept in web.app.see_quarantined(session.subject()).await.map_err(page_fault(&f))? {
        let (Some(item), Some(purpose)) =
            (facts.collection.items.get(&kept.head.item), facts.usage.purposes.get(&kept.head.purpose))
        else {
            continue;
        };
        let value = Value {
            label: say(&f, &item.label),
            value: kept.value.expose(Sink::Subject, |v| Shown::new(String::from_utf8_lossy(v))),
            sensitive: item.sensitive,
        };
        let sensitive = item.sensitive.then(|| Sensitive {
            label: say(&f, &item.label),
            necessity: item.necessity.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            impact: item.impact.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
        });
        match groups.iter_mut().find(|g| g.purpose == kept.head.purpose) {
            Some(group) => {
                group.values.push(value);
                group.sensitive.extend(sensitive.filter(|s| group.sensitive.iter().all(|g| g.label != s.label)));
                group.until = group.until.min(kept.head.until);
            }
            None => groups.push(Group {
                purpose: kept.head.purpose.clone(),
                label: say(&f, &purpose.label),
                clause: purpose.clause.as_str().to_owned(),
                why: say(&f, &purpose.why),
                values: vec![value],
                sensitive: sensitive.into_iter().collect(),
                consent: kind_of(&policy, &kept.head.purpose).is_some(),
                until: kept.head.until,
            }),
        }
    }
    Ok(Page(Waiting { groups, f }))
}

/// What the two buttons send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/waiting/{purpose}`: kept or deleted, the same one step.
///
/// # Errors
/// [`Fault::NotFound`] for an unknown purpose; the refusal, where the gate still says no.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(purpose): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let subject = session.subject();
    match sent.answer.as_str() {
        "keep" => web.app.keep_quarantined(subject, &purpose, f.tag()).await.map_err(|e| told(&e, f.tag()))?,
        "delete" => web.app.decline_quarantined(subject, &purpose).await.map_err(page_fault(&f))?,
        _ => return Err(Fault::Malformed),
    };
    Ok(Redirect::to("/privacy/waiting").into_response())
}
