//! `/holds`: what is kept against deletion for a dispute or a procedure, by whom, on which ground, until when.
//!
//! Keeps promise 5.2.

use std::collections::BTreeSet;

use askama::Template;
use avouch::storage::hold::PURPOSE;
use avouch::store::{LegalHold, NewHold, StaffRole};
use axum::Form;
use axum::extract::{Path, Query, RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::console::approvals::why_not;
use crate::console::authorities::{SentWhy, day};
use crate::console::{Operator, list};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::privacy::uses::labels;
use crate::state::{Web, page_fault, say};

/// One hold.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The ground.
    pub citation: String,
    /// Labels of the items.
    pub items: String,
    /// Whose; empty where the person was erased.
    pub subject: String,
    /// Who asked, and who allowed it; empty where it was an emergency.
    pub by: (String, String),
    /// Since when.
    pub placed: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// Whether it holds now.
    pub in_force: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "console/holds.html")]
pub struct Holds {
    /// The frame.
    pub f: Frame,
    /// What was searched for.
    pub q: String,
    /// The states to choose from.
    pub states: Vec<Choice>,
    /// The holds of this page.
    pub rows: Vec<Row>,
    /// How many fit.
    pub total: u64,
    /// The search as parameters, for the CSV.
    pub search: String,
    /// Whether the reader may ask for holds.
    pub asks: bool,
    /// The items to choose from.
    pub items: Vec<Choice>,
    /// The other fields.
    pub fields: Vec<Field>,
    /// What was wrong; empty when nothing was.
    pub error: String,
    /// The next page's parameters.
    pub next: String,
    /// Those of the page before.
    pub previous: String,
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: usize,
}

/// A hold in words.
#[must_use]
pub fn row(web: &Web, f: &Frame, hold: &LegalHold) -> Row {
    Row {
        id: hold.id.to_string(),
        citation: hold.citation.clone(),
        items: labels(web, f, &hold.items),
        subject: hold.subject.map(|s| s.to_string()).unwrap_or_default(),
        by: (hold.asked_by.clone(), hold.allowed_by.clone().unwrap_or_default()),
        placed: hold.placed,
        ends: hold.ends,
        in_force: hold.ends > web.app.store.now(),
    }
}

async fn found(web: &Web, f: &Frame, asked: &Asked) -> Result<Vec<LegalHold>, Fault> {
    let all = web.app.legal_holds().await.map_err(page_fault(f))?;
    let (q, now) = (asked.q.trim(), web.app.store.now());
    let fits = |h: &LegalHold| {
        let text = q.is_empty() || h.citation.contains(q) || h.subject.is_some_and(|s| s.to_string() == q);
        text && match asked.state.as_str() {
            "in-force" => h.ends > now,
            "over" => h.ends <= now,
            _ => true,
        }
    };
    Ok(all.into_iter().filter(fits).collect())
}

/// What was sent, to be shown again.
#[derive(Default)]
struct Given {
    subject: String,
    items: BTreeSet<String>,
    citation: String,
    ends: String,
    why: String,
    emergency: bool,
}

impl Given {
    fn read(bytes: &[u8]) -> Self {
        let mut given = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            let value = value.trim().to_owned();
            match name.as_ref() {
                "subject" => given.subject = value,
                "items" => {
                    given.items.insert(value);
                }
                "citation" => given.citation = value,
                "ends" => given.ends = value,
                "why" => given.why = value,
                "mode" => given.emergency = value == "emergency",
                _ => {}
            }
        }
        given
    }
}

async fn page(
    web: &Web,
    f: Frame,
    reader: &Operator,
    asked: &Asked,
    given: &Given,
    error: String,
) -> Result<Holds, Fault> {
    let found = found(web, &f, asked).await?;
    let total = found.len() as u64;
    let search = [("q", asked.q.as_str()), ("state", asked.state.as_str())];
    let rows = found.iter().map(|hold| row(web, &f, hold)).collect();
    let (rows, next, previous) = list::page(rows, asked.page, &search);
    let policy = web.policy();
    let facts = policy.facts();
    let choice = |value: &str, label: String, chosen: bool| Choice { value: value.to_owned(), label, chosen };
    let field = |name: &str, key: &str, input, value: &str| {
        Field::new(name, f.t(key), input).value(Shown::new(value)).required()
    };
    Ok(Holds {
        states: [("in-force", "exception-in-force"), ("over", "exception-over")]
            .map(|(value, key)| choice(value, f.t(key), value == asked.state))
            .to_vec(),
        asks: reader.staff.may(&[StaffRole::DataProtectionOfficer]),
        items: web
            .app
            .items_of(PURPOSE)
            .iter()
            .filter_map(|name| {
                let item = facts.collection.items.get(name)?;
                Some(choice(name, say(&f, &item.label), given.items.contains(name)))
            })
            .collect(),
        fields: vec![
            field("subject", "exception-subject", Input::Text, &given.subject).hint(f.t("register-subject-hint")),
            field("citation", "exception-citation", Input::Text, &given.citation).hint(f.t("exception-citation-hint")),
            field("ends", "exception-ends", Input::Text, &given.ends).hint(f.t("register-day-hint")),
            field("why", "approval-why", Input::Area, &given.why),
        ],
        search: form_urlencoded::Serializer::new(String::new()).extend_pairs(search).finish(),
        q: asked.q.clone(),
        rows,
        total,
        error,
        next,
        previous,
        f,
    })
}

/// `GET /holds`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Holds>, Fault> {
    page(&web, f, &reader, &asked, &Given::default(), String::new()).await.map(Page)
}

/// `GET /holds.csv`
///
/// # Errors
/// What keeps the store from answering.
pub async fn csv(State(web): State<Web>, f: Frame, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let rows = found(&web, &f, &asked).await?;
    let head = ["id", "citation", "items", "asked_by", "allowed_by", "placed", "ends"];
    Ok(list::csv(
        "holds",
        &head,
        rows.into_iter().map(|h| {
            vec![
                h.id.to_string(),
                h.citation,
                h.items.join(" "),
                h.asked_by,
                h.allowed_by.unwrap_or_default(),
                h.placed.to_string(),
                h.ends.to_string(),
            ]
        }),
    ))
}

/// What is wrong, in words; faults that are no one's input go on.
fn wrong(f: &Frame, fault: avouch::Fault) -> Result<String, Fault> {
    match fault {
        avouch::Fault::Invalid(faults) => {
            Ok(f.t(&format!("hold-wrong-{}", faults.first().map(|x| x.field.as_str()).unwrap_or_default())))
        }
        avouch::Fault::NotApproved(not) => Ok(why_not(f, not)),
        avouch::Fault::NotFound => Ok(f.t("register-nobody")),
        other => Err(page_fault(f)(other)),
    }
}

async fn placed(web: &Web, f: &Frame, reader: &Operator, given: &Given) -> Result<String, avouch::Fault> {
    let new = NewHold {
        subject: web.app.whose(&given.subject).await?,
        items: given.items.iter().cloned().collect(),
        citation: given.citation.clone(),
        // A day that is none lies in the past, and is told as one.
        ends: day(f, &given.ends, true).ok().flatten().unwrap_or(Timestamp::MIN),
    };
    if given.emergency {
        return web.app.hold_in_emergency(&reader.staff, new, &given.why).await.map(|_| "/holds".to_owned());
    }
    web.app.ask_hold(&reader.staff, &new, &given.why).await.map(|id| format!("/approvals/{id}"))
}

async fn answer(
    web: &Web,
    f: Frame,
    reader: &Operator,
    given: &Given,
    done: Result<String, avouch::Fault>,
) -> Result<Response, Fault> {
    match done {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(fault) => {
            let error = wrong(&f, fault)?;
            let page = page(web, f, reader, &Asked::default(), given, error).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /holds`: asks a second person, or in an emergency places it at once.
///
/// # Errors
/// What keeps the store from answering.
pub async fn ask(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    RawForm(bytes): RawForm,
) -> Result<Response, Fault> {
    let given = Given::read(&bytes);
    let done = placed(&web, &f, &reader, &given).await;
    answer(&web, f, &reader, &given, done).await
}

/// `POST /holds/{id}/lift`: asks a second person.
///
/// # Errors
/// [`Fault::NotFound`] for no such hold.
pub async fn lift(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(text): Path<String>,
    Form(sent): Form<SentWhy>,
) -> Result<Response, Fault> {
    let id = text.parse().map_err(|_| Fault::NotFound)?;
    let done = web.app.ask_hold_end(&reader.staff, id, &sent.why).await.map(|id| format!("/approvals/{id}"));
    answer(&web, f, &reader, &Given::default(), done).await
}
