//! `/operators`: who of the staff may do what, and who is signed in.
//!
//! Keeps promise 5.6 (ASVS 7.4.5, 8.1.1): a grant is asked of a second person; what is taken away is gone at once.

use askama::Template;
use avouch::security::staff::{self, Change};
use avouch::store::{Operator as Staff, OperatorSession, StaffRole};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::console::approvals::{LinkPage, why_not};
use crate::console::{Operator, list};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::state::{Web, page_fault};
use crate::words;

/// One role of an operator.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name in the form.
    pub name: String,
    /// In words.
    pub label: String,
    /// When it last opened something.
    pub used: Option<Timestamp>,
    /// Why it opens nothing for now; empty while it does.
    pub suspended: String,
}

/// One operator.
#[derive(Clone, Debug)]
pub struct Row {
    /// The role account.
    pub name: String,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether it has a password and an authenticator.
    pub enrolled: bool,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Whether it is the reader's own.
    pub own: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "console/operators.html")]
pub struct Operators {
    /// The frame.
    pub f: Frame,
    /// What was searched for.
    pub q: String,
    /// The operators of this page.
    pub rows: Vec<Row>,
    /// How many fit.
    pub total: u64,
    /// The sessions that are not over.
    pub sessions: Vec<OperatorSession>,
    /// Whether the reader may change accounts, beside asking for grants.
    pub administers: bool,
    /// The accounts a role can be asked for.
    pub names: Vec<Choice>,
    /// The roles there are.
    pub roles: Vec<Choice>,
    /// The name of a new account.
    pub name: Field,
    /// Why a role is needed.
    pub why: Field,
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
    page: usize,
}

fn row(f: &Frame, reader: &Operator, staff: &Staff) -> Row {
    Row {
        name: staff.name.clone(),
        active: staff.active,
        enrolled: staff.enrolled,
        roles: staff
            .grants
            .iter()
            .map(|grant| Role {
                name: grant.role.name().to_owned(),
                label: words::staff_role(f.texts, grant.role.name()),
                used: grant.used,
                suspended: grant.suspended.clone().unwrap_or_default(),
            })
            .collect(),
        own: staff.name == reader.name,
    }
}

async fn page(web: &Web, f: Frame, reader: &Operator, asked: &Asked, error: String) -> Result<Operators, Fault> {
    let all = web.app.operators().await.map_err(page_fault(&f))?;
    let sessions = web.app.operator_sessions().await.map_err(page_fault(&f))?;
    let q = asked.q.trim();
    let fits = |staff: &&Staff| {
        q.is_empty() || staff.name.contains(q) || staff.grants.iter().any(|g| g.role.name().contains(q))
    };
    let found: Vec<Row> = all.iter().filter(fits).map(|staff| row(&f, reader, staff)).collect();
    let total = found.len() as u64;
    let (rows, next, previous) = list::page(found, asked.page, &[("q", q)]);
    let choice = |value: &str, label: String| Choice { value: value.to_owned(), label, chosen: false };
    Ok(Operators {
        q: asked.q.clone(),
        rows,
        total,
        sessions,
        administers: reader.staff.may(&[StaffRole::Administrator]),
        names: all.iter().filter(|s| s.active).map(|s| choice(&s.name, s.name.clone())).collect(),
        roles: StaffRole::ALL.iter().map(|r| choice(r.name(), words::staff_role(f.texts, r.name()))).collect(),
        name: Field::new("name", f.t("operator-name"), Input::Text).required().hint(f.t("operator-name-hint")),
        why: Field::new("why", f.t("approval-why"), Input::Area).required(),
        error,
        next,
        previous,
        f,
    })
}

/// `GET /operators`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Operators>, Fault> {
    page(&web, f, &reader, &asked, String::new()).await.map(Page)
}

/// `GET /operators.csv`
///
/// # Errors
/// What keeps the store from answering.
pub async fn csv(State(web): State<Web>, f: Frame) -> Result<Response, Fault> {
    let all = web.app.operators().await.map_err(page_fault(&f))?;
    let head = ["operator", "active", "enrolled", "role", "granted", "used", "suspended"];
    let rows = all.into_iter().flat_map(|staff| {
        let own = [staff.name.clone(), staff.active.to_string(), staff.enrolled.to_string()];
        let cells = |grant: Option<avouch::store::Grant>| {
            let mut cells = own.to_vec();
            cells.extend(match grant {
                None => std::array::from_fn(|_| String::new()),
                Some(g) => [
                    g.role.name().to_owned(),
                    g.granted.to_string(),
                    g.used.map(|u| u.to_string()).unwrap_or_default(),
                    g.suspended.unwrap_or_default(),
                ],
            });
            cells
        };
        if staff.grants.is_empty() {
            vec![cells(None)]
        } else {
            staff.grants.into_iter().map(|grant| cells(Some(grant))).collect()
        }
    });
    Ok(list::csv("operators", &head, rows))
}

/// Goes back to the page, or shows it again with what was wrong.
async fn after(web: &Web, f: Frame, reader: &Operator, done: Result<(), avouch::Fault>) -> Result<Response, Fault> {
    let error = match done {
        Ok(()) => return Ok(Redirect::to("/operators").into_response()),
        Err(avouch::Fault::Invalid(_)) => f.t("operator-name-hint"),
        Err(avouch::Fault::Taken(_)) => f.t("operator-taken"),
        Err(avouch::Fault::NotNow(_)) => f.t("operator-own"),
        Err(avouch::Fault::NotApproved(not)) => why_not(&f, not),
        Err(other) => return Err(page_fault(&f)(other)),
    };
    let page = page(web, f, reader, &Asked::default(), error).await?;
    Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What the form of a new account sends.
#[derive(Debug, Deserialize)]
pub struct SentName {
    name: String,
}

/// `POST /operators`
///
/// # Errors
/// What keeps the store from answering.
pub async fn add(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Form(sent): Form<SentName>,
) -> Result<Response, Fault> {
    let done = web.app.change_operator(&reader.staff, sent.name.trim(), Change::Add).await;
    after(&web, f, &reader, done).await
}

/// What the form for a role sends.
#[derive(Debug, Deserialize)]
pub struct SentGrant {
    name: String,
    role: String,
    why: String,
}

/// `POST /operators/grant`: asks a second person.
///
/// # Errors
/// [`Fault::Malformed`] for an unknown role.
pub async fn grant(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Form(sent): Form<SentGrant>,
) -> Result<Response, Fault> {
    let role = StaffRole::named(&sent.role).ok_or(Fault::Malformed)?;
    match web.app.ask_approval(&reader.staff, staff::grant(&sent.name, role), &sent.why).await {
        Ok(id) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
        Err(fault) => after(&web, f, &reader, Err(fault)).await,
    }
}

/// `POST /operators/{name}/link`: a first link at once; for an account with roles, a second person is asked.
///
/// # Errors
/// [`Fault::NotFound`] when there is no such operator.
pub async fn link(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    match web.app.first_link(&reader.staff, &name).await {
        Ok(secret) => Ok(Page(LinkPage { link: format!("/enter/{secret}"), operator: name, f }).into_response()),
        Err(avouch::Fault::NotNow(_)) => {
            let why = f.t("operator-link-why");
            match web.app.ask_approval(&reader.staff, staff::new_link(&name), &why).await {
                Ok(id) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
                Err(fault) => after(&web, f, &reader, Err(fault)).await,
            }
        }
        Err(other) => Err(page_fault(&f)(other)),
    }
}

/// What a change's form sends.
#[derive(Debug, Deserialize)]
pub struct SentChange {
    #[serde(default)]
    role: String,
}

/// `POST /operators/{name}/{change}`: `disable`, `enable` or `take`.
///
/// # Errors
/// [`Fault::NotFound`] for another change, or an unknown operator.
pub async fn change(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path((name, change)): Path<(String, String)>,
    Form(sent): Form<SentChange>,
) -> Result<Response, Fault> {
    let change = match change.as_str() {
        "disable" => Change::Disable,
        "enable" => Change::Enable,
        "take" => Change::Take(StaffRole::named(&sent.role).ok_or(Fault::Malformed)?),
        _ => return Err(Fault::NotFound),
    };
    let done = web.app.change_operator(&reader.staff, &name, change).await;
    after(&web, f, &reader, done).await
}

/// What the form that ends a session sends.
#[derive(Debug, Deserialize)]
pub struct SentSession {
    session: String,
}

/// `POST /operators/sessions/end`
///
/// # Errors
/// [`Fault::NotFound`] when there is none.
pub async fn end_session(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Form(sent): Form<SentSession>,
) -> Result<Response, Fault> {
    let done = web.app.end_operator_session(&reader.staff, &sent.session).await;
    after(&web, f, &reader, done).await
}
