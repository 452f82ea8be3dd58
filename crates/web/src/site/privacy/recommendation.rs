//! `/privacy/recommendation`: what is decided automatically, how, from what, and the switch; decisions, and a human.
//!
//! Keeps promise 2.2 (PIPL 24): off takes one click and deletes the tags, on takes the same; how it is decided stands
//! in words; a decision that weighs on the person says why, and one click asks a human, who answers by a due time.

use askama::Template;
use avouch::store::{RecordId, Review, Sink};
use avouch::usage::automated::{Decision, by_objection};
use avouch_policy::model::Purpose;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::shown::Shown;
use crate::state::{Signed, Web, page_fault, say};

/// Something held of the person that it decides by.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The item's name in the policy.
    pub item: String,
    /// The item's label.
    pub label: String,
    /// The value.
    pub value: Shown,
}

/// One automated purpose.
#[derive(Clone, Debug)]
pub struct Automated {
    /// Its name in the policy.
    pub purpose: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why.
    pub why: String,
    /// How it decides.
    pub logic: String,
    /// Labels of what it decides from.
    pub items: Vec<String>,
    /// What happens without it.
    pub without: String,
    /// Whether it is on.
    pub on: bool,
    /// What is held for it alone and goes when it is off.
    pub tags: Vec<Tag>,
}

/// One decision.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The purpose's label.
    pub label: String,
    /// What was decided.
    pub outcome: Shown,
    /// Why.
    pub because: Shown,
    /// Labels of what it was made from.
    pub items: String,
    /// Whether a human can be asked.
    pub may_ask: bool,
    /// By when a human answers, where one was asked.
    pub due: Option<Timestamp>,
    /// The human's verdict, where there is one: whether the decision was changed.
    pub changed: Option<bool>,
    /// What the human says.
    pub answer: Shown,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/recommendation.html")]
pub struct Recommendation {
    /// The frame.
    pub f: Frame,
    /// What is decided automatically.
    pub purposes: Vec<Automated>,
    /// Decisions, the newest first.
    pub decisions: Vec<Made>,
}

fn labels(web: &Web, f: &Frame, items: &[&str]) -> Vec<String> {
    let policy = web.policy();
    let known = &policy.facts().collection.items;
    items.iter().filter_map(|i| known.get(*i)).map(|i| say(f, &i.label)).collect()
}

fn made(web: &Web, f: &Frame, decision: Decision) -> Made {
    let policy = web.policy();
    let fact = policy.facts().usage.purposes.get(&decision.head.purpose);
    let items: Vec<&str> = decision.head.items.iter().map(String::as_str).collect();
    let shown = |text: &String| Shown::new(text.as_str());
    Made {
        id: decision.head.id.to_string(),
        at: decision.head.at,
        label: fact.map(|p| say(f, &p.label)).unwrap_or_default(),
        outcome: decision.outcome.expose(Sink::Subject, shown),
        because: decision.because.expose(Sink::Subject, shown),
        items: f.texts.list_within(&labels(web, f, &items)),
        may_ask: decision.head.review == Review::Stands && fact.is_some_and(|p| p.significant),
        due: decision.head.due.filter(|_| decision.head.review == Review::Asked),
        changed: match decision.head.review {
            Review::Upheld => Some(false),
            Review::Changed => Some(true),
            Review::Stands | Review::Asked => None,
        },
        answer: decision.answer.map(|a| a.expose(Sink::Subject, shown)).unwrap_or_default(),
    }
}

/// `GET /privacy/recommendation`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Recommendation>, Fault> {
    let told = page_fault(&f);
    let subject = session.subject();
    let policy = web.policy();
    let standing = web.app.account(subject).await.map_err(&told)?.standing;
    let heads = web.app.holdings(subject).await.map_err(&told)?;
    let is_automated = |purpose: &str| policy.facts().usage.purposes.get(purpose).is_some_and(|p| p.automated);
    let mut held: Vec<&str> =
        heads.iter().filter(|h| is_automated(&h.purpose)).map(|h| policy.item_name(h.item)).collect();
    held.dedup();
    let records = if held.is_empty() { Vec::new() } else { web.app.see_all(subject, &held).await.map_err(&told)? };
    let automated = |(name, fact): (&String, &Purpose)| {
        let place = policy.purpose(name)?.index();
        let on = if by_objection(fact) {
            !standing.objected.has(place)
        } else {
            standing.consents.has(place) || standing.separate.has(place)
        };
        let tags = records.iter().filter(|r| r.head.purpose == *name).map(|r| {
            let item = policy.item_name(r.head.item);
            let kind = policy.facts().collection.items.get(item).map_or(avouch_policy::model::Kind::Text, |i| i.kind);
            Tag {
                item: item.to_owned(),
                label: labels(&web, &f, &[item]).concat(),
                value: r.value.expose(Sink::Subject, |v| Shown::value(kind, v)),
            }
        });
        Some(Automated {
            purpose: name.clone(),
            label: say(&f, &fact.label),
            clause: fact.clause.as_str().to_owned(),
            why: say(&f, &fact.why),
            logic: fact.logic.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            items: labels(&web, &f, &policy.items_of(name)),
            without: fact.without.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
            on,
            tags: tags.collect(),
        })
    };
    let purposes = policy.facts().usage.purposes.iter().filter(|(_, p)| p.automated).filter_map(automated).collect();
    let decisions = web.app.see_decisions(subject).await.map_err(&told)?;
    let decisions = decisions.into_iter().map(|d| made(&web, &f, d)).collect();
    Ok(Page(Recommendation { purposes, decisions, f }))
}

/// What the switch sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/recommendation/{purpose}`: off and on are the same step.
///
/// # Errors
/// [`Fault::NotFound`] for a purpose that cannot be switched.
pub async fn switch(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(purpose): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let on = match sent.answer.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Fault::Malformed),
    };
    web.app.switch_automated(session.subject(), &purpose, on, f.tag()).await.map_err(page_fault(&f))?;
    Ok(Redirect::to(&format!("/privacy/recommendation#{purpose}")).into_response())
}

/// `POST /privacy/recommendation/decisions/{decision}`: asks for a human.
///
/// # Errors
/// [`Fault::NotFound`] when there is no such decision.
pub async fn ask(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(decision): Path<String>,
) -> Result<Response, Fault> {
    let id: RecordId = decision.parse().map_err(|_| Fault::NotFound)?;
    web.app.ask_review(session.subject(), id).await.map_err(page_fault(&f))?;
    Ok(Redirect::to(&format!("/privacy/recommendation#d-{id}")).into_response())
}
