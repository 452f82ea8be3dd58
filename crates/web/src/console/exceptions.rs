//! `/exceptions`: the register of exceptions: entries, the form that asks for one, and the way of an emergency.
//!
//! Keeps promises 2.7 and 4.1.

use std::collections::BTreeSet;

use askama::Template;
use avouch::storage::hold::PURPOSE;
use avouch::store::{Entry, StaffRole, SubjectId};
use avouch::usage::exception::NewException;
use axum::extract::{Path, Query, RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{Timestamp, civil};
use serde::Deserialize;

use crate::console::approvals::why_not;
use crate::console::{Operator, list};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::state::{Web, page_fault, say};
use crate::words;

/// One entry of the register.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The purpose, in words.
    pub purpose: String,
    /// The ground, in words.
    pub basis: String,
    /// The provision.
    pub citation: String,
    /// Labels of the items.
    pub items: String,
    /// Who outside may get them, in words; empty for nobody.
    pub recipient: String,
    /// Whose data: an id, or empty for everyone's and where the person was erased.
    pub subject: String,
    /// Whether it is a rule for everyone.
    pub everyone: bool,
    /// Who asked, and who allowed it; empty where it was an emergency.
    pub by: (String, String),
    /// From when.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// Whether it opens something now.
    pub in_force: bool,
    /// When the person was told.
    pub told: Option<Timestamp>,
    /// By when the person is told; none where nothing is owed.
    pub tell: Option<Timestamp>,
    /// Whether that is overdue.
    pub overdue: bool,
    /// Whether it is kept from the person now.
    pub hidden: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "console/exceptions.html")]
pub struct Exceptions {
    /// The frame.
    pub f: Frame,
    /// What was searched for.
    pub q: String,
    /// Whether only those in force are listed.
    pub states: Vec<Choice>,
    /// The entries of this page.
    pub rows: Vec<Row>,
    /// How many fit.
    pub total: u64,
    /// The search as parameters, for the CSV.
    pub search: String,
    /// Whether the reader may ask for entries.
    pub asks: bool,
    /// The grounds to choose from.
    pub purposes: Vec<Choice>,
    /// The items to choose from.
    pub items: Vec<Choice>,
    /// Who outside may get them.
    pub recipients: Vec<Choice>,
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

/// An entry in words.
#[must_use]
pub fn row(web: &Web, f: &Frame, entry: &Entry) -> Row {
    let policy = web.policy();
    let facts = policy.facts();
    let item = |name: &String| facts.collection.items.get(name).map_or_else(|| name.clone(), |i| say(f, &i.label));
    let now = web.app.store.now();
    let recipient = entry
        .recipient
        .as_ref()
        .map(|name| facts.sharing.recipients.get(name).map_or_else(|| name.clone(), |r| say(f, &r.name)));
    Row {
        id: entry.id.to_string(),
        purpose: facts.usage.purposes.get(&entry.purpose).map_or_else(|| entry.purpose.clone(), |p| say(f, &p.label)),
        basis: words::basis(f.texts, &entry.basis),
        citation: entry.citation.clone(),
        items: f.texts.list(&entry.items.iter().map(item).collect::<Vec<_>>()),
        recipient: recipient.unwrap_or_default(),
        subject: entry.subject.map(|s| s.to_string()).unwrap_or_default(),
        everyone: entry.everyone,
        by: (entry.asked_by.clone(), entry.allowed_by.clone().unwrap_or_default()),
        begins: entry.begins,
        ends: entry.ends,
        in_force: entry.in_force(now),
        told: entry.told,
        tell: entry.tell,
        overdue: entry.overdue(now),
        hidden: entry.hidden,
    }
}

async fn found(web: &Web, f: &Frame, asked: &Asked) -> Result<Vec<Entry>, Fault> {
    let all = web.app.exceptions().await.map_err(page_fault(f))?;
    let (q, now) = (asked.q.trim(), web.app.store.now());
    let fits = |e: &Entry| {
        let text = q.is_empty()
            || [&e.purpose, &e.citation, &e.asked_by].into_iter().chain(&e.items).any(|part| part.contains(q))
            || e.id.to_string() == q
            || e.subject.is_some_and(|s| s.to_string() == q);
        text && match asked.state.as_str() {
            "in-force" => e.in_force(now),
            "over" => !e.in_force(now),
            "overdue" => e.overdue(now),
            _ => true,
        }
    };
    Ok(all.into_iter().filter(fits).collect())
}

/// Grounds that people name and the law does not know: offered, so that the answer says why not.
const NO_GROUNDS: [(&str, &str); 2] = [("reputation", "ground-reputation"), ("other-interests", "ground-other")];

/// What was sent, to be shown again.
#[derive(Debug, Default)]
struct Given {
    subject: String,
    purpose: String,
    items: BTreeSet<String>,
    recipient: String,
    citation: String,
    ends: String,
    put_off: String,
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
                "purpose" => given.purpose = value,
                "items" => {
                    given.items.insert(value);
                }
                "recipient" => given.recipient = value,
                "citation" => given.citation = value,
                "ends" => given.ends = value,
                "put_off" => given.put_off = value,
                "why" => given.why = value,
                "mode" => given.emergency = value == "emergency",
                _ => {}
            }
        }
        given
    }

    /// What it asks for, about whom was found.
    fn new_exception(&self, f: &Frame, subject: Option<SubjectId>) -> Result<NewException, String> {
        let put_off = if self.put_off.is_empty() { Ok(0) } else { self.put_off.parse() };
        let day: civil::Date = self.ends.parse().map_err(|_| f.t("exception-ends-past"))?;
        let end = day.tomorrow().and_then(|day| day.to_zoned_datetime(f.names.zone.clone()));
        Ok(NewException {
            subject,
            purpose: self.purpose.clone(),
            citation: self.citation.clone(),
            items: self.items.iter().cloned().collect(),
            recipient: (!self.recipient.is_empty()).then(|| self.recipient.clone()),
            ends: end.map_err(|_| f.t("exception-ends-past"))?.timestamp(),
            put_off: put_off.map_err(|_| f.t("exception-put-off-wrong"))?,
        })
    }
}

async fn page(
    web: &Web,
    f: Frame,
    reader: &Operator,
    asked: &Asked,
    given: &Given,
    error: String,
) -> Result<Exceptions, Fault> {
    let found = found(web, &f, asked).await?;
    let total = found.len() as u64;
    let search = [("q", asked.q.as_str()), ("state", asked.state.as_str())];
    let rows = found.iter().map(|entry| row(web, &f, entry)).collect();
    let (rows, next, previous) = list::page(rows, asked.page, &search);
    let policy = web.policy();
    let facts = policy.facts();
    let choice = |value: &str, label: String, chosen: bool| Choice { value: value.to_owned(), label, chosen };
    let exceptional: Vec<_> =
        facts.usage.purposes.iter().filter(|(name, p)| p.exceptional && *name != PURPOSE).collect();
    let mut purposes: Vec<Choice> =
        exceptional.iter().map(|(name, p)| choice(name, say(&f, &p.label), **name == given.purpose)).collect();
    purposes.extend(NO_GROUNDS.map(|(name, key)| choice(name, f.t(key), name == given.purpose)));
    let named: BTreeSet<&str> =
        exceptional.iter().flat_map(|(_, p)| p.items.of(facts.collection.items.keys())).collect();
    let field = |name: &str, key: &str, input, value: &str| Field::new(name, f.t(key), input).value(Shown::new(value));
    Ok(Exceptions {
        states: [("in-force", "exception-in-force"), ("over", "exception-over"), ("overdue", "exception-untold")]
            .map(|(value, key)| choice(value, f.t(key), value == asked.state))
            .to_vec(),
        asks: reader.staff.may(&[StaffRole::DataProtectionOfficer]),
        purposes,
        items: named
            .into_iter()
            .filter_map(|name| {
                let item = facts.collection.items.get(name)?;
                Some(choice(name, say(&f, &item.label), given.items.contains(name)))
            })
            .collect(),
        recipients: facts
            .sharing
            .recipients
            .iter()
            .filter(|(_, r)| exceptional.iter().any(|(name, _)| r.purposes.contains(*name)))
            .map(|(name, r)| choice(name, say(&f, &r.name), *name == given.recipient))
            .collect(),
        fields: vec![
            field("subject", "exception-subject", Input::Text, &given.subject).hint(f.t("exception-subject-hint")),
            field("citation", "exception-citation", Input::Text, &given.citation)
                .required()
                .hint(f.t("exception-citation-hint")),
            field("ends", "exception-ends", Input::Text, &given.ends).required().hint(f.t("exception-ends-hint")),
            field("put_off", "exception-put-off", Input::Text, &given.put_off).hint(f.t("exception-put-off-hint")),
            field("why", "approval-why", Input::Area, &given.why).required(),
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

/// `GET /exceptions`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Exceptions>, Fault> {
    page(&web, f, &reader, &asked, &Given::default(), String::new()).await.map(Page)
}

/// `GET /exceptions.csv`
///
/// # Errors
/// What keeps the store from answering.
pub async fn csv(State(web): State<Web>, f: Frame, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let rows = found(&web, &f, &asked).await?;
    let head = [
        "id",
        "purpose",
        "basis",
        "citation",
        "items",
        "recipient",
        "everyone",
        "asked_by",
        "allowed_by",
        "begins",
        "ends",
        "tell",
        "told",
    ];
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    Ok(list::csv(
        "exceptions",
        &head,
        rows.into_iter().map(|e| {
            vec![
                e.id.to_string(),
                e.purpose,
                e.basis,
                e.citation,
                e.items.join(" "),
                e.recipient.unwrap_or_default(),
                e.everyone.to_string(),
                e.asked_by,
                e.allowed_by.unwrap_or_default(),
                e.begins.to_string(),
                e.ends.to_string(),
                time(e.tell),
                time(e.told),
            ]
        }),
    ))
}

/// What the law or the policy does not let stand, in words.
fn wrong(f: &Frame, fault: &avouch::FieldFault) -> String {
    f.t(match (fault.field.as_str(), fault.code) {
        ("purpose", "no-emergency") => "exception-no-emergency",
        ("purpose", _) => "exception-no-ground",
        ("items", _) => "exception-items-wrong",
        ("recipient", "authority") => "exception-recipient-authority",
        ("put_off", _) => "exception-put-off-wrong",
        ("recipient", _) => "exception-recipient-wrong",
        ("citation", _) => "exception-citation-hint",
        ("ends", "too-long") => "exception-ends-long",
        ("ends", _) => "exception-ends-past",
        ("subject", "rule") => "exception-subject-rule",
        _ => "exception-subject-required",
    })
}

/// `POST /exceptions`: asks a second person, or in an emergency enters it at once.
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
    let subject = match given.subject.as_str() {
        "" => Ok(None),
        text => match web.app.whose(text).await {
            Ok(subject) => Ok(Some(subject)),
            Err(avouch::Fault::NotFound) => Err(f.t("exception-subject-required")),
            Err(other) => return Err(page_fault(&f)(other)),
        },
    };
    let done = match subject.and_then(|subject| given.new_exception(&f, subject)) {
        Err(error) => Err(error),
        Ok(new) => {
            let done = if given.emergency {
                web.app.enter_in_emergency(&reader.staff, new, &given.why).await.map(|_| "/exceptions".to_owned())
            } else {
                web.app.ask_exception(&reader.staff, &new, &given.why).await.map(|id| format!("/approvals/{id}"))
            };
            match done {
                Ok(to) => Ok(to),
                Err(avouch::Fault::Invalid(faults)) => Err(faults.first().map(|x| wrong(&f, x)).unwrap_or_default()),
                Err(avouch::Fault::NotApproved(not)) => Err(why_not(&f, not)),
                Err(avouch::Fault::NotFound) => Err(f.t("exception-subject-required")),
                Err(other) => return Err(page_fault(&f)(other)),
            }
        }
    };
    match done {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(error) => {
            let page = page(&web, f, &reader, &Asked::default(), &given, error).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /exceptions/{id}/end`
///
/// # Errors
/// [`Fault::NotFound`] when none is in force.
pub async fn end(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id = id.parse().map_err(|_| Fault::NotFound)?;
    web.app.end_exception(&reader.staff, id).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/exceptions").into_response())
}
