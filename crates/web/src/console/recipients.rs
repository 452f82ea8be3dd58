//! `/recipients`: who outside gets data, whether it is bound and supervised, and what staff do about it.
//!
//! Keeps promise 4.2: what stops a flow is shown first and says why; a check, a suspension, the certificate at the
//! end are entered here and hold from the answer on.

use askama::Template;
use avouch::sharing::recipients::{LARGEST, Recipient, RecipientFile};
use avouch::store::{DocumentKind, ReaderKind, Sink};
use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::http::sent_file::SentFile;
use crate::page::Page;
use crate::state::{Web, page_fault, say};
use crate::words;

/// A recipient in the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name in the policy.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its role, in words.
    pub role: String,
    /// The state, by its code.
    pub code: &'static str,
    /// The state, in words.
    pub state: String,
    /// Whether something keeps data from going there.
    pub stopped: bool,
    /// When its agreement ends; nothing where it has none.
    pub expires: Option<Timestamp>,
    /// Until when it counts as checked.
    pub due: Option<Timestamp>,
    /// Notices it has not confirmed.
    pub open: u64,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "console/recipients.html")]
pub struct Recipients {
    /// The frame.
    pub f: Frame,
    /// Those that are stopped first, then by name.
    pub rows: Vec<Row>,
}

/// A check that was made.
#[derive(Clone, Debug)]
pub struct Check {
    /// When.
    pub at: Timestamp,
    /// Who entered it.
    pub operator: String,
    /// Whether it was passed.
    pub passed: bool,
    /// What was found.
    pub finding: String,
    /// Until when it holds.
    pub due: Timestamp,
}

/// A filed document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Names it.
    pub id: String,
    /// What it is, in words.
    pub kind: String,
    /// SHA-256, in hex.
    pub digest: String,
    /// When it was filed.
    pub at: Timestamp,
    /// Who filed it.
    pub operator: String,
}

/// What it was told and has not confirmed.
#[derive(Clone, Debug)]
pub struct Open {
    /// Names it.
    pub id: String,
    /// Whose data it is about.
    pub subject: String,
    /// What happened, in words.
    pub event: String,
    /// To what.
    pub about: String,
    /// By when it should have confirmed.
    pub due: Timestamp,
    /// Whether that has passed.
    pub late: bool,
}

/// One recipient.
#[derive(Debug, Template)]
#[template(path = "console/recipient.html")]
pub struct RecipientPage {
    /// The frame.
    pub f: Frame,
    /// As in the list.
    pub row: Row,
    /// Its clause.
    pub clause: String,
    /// How to reach it.
    pub contact: String,
    /// The hosts data may be sent to.
    pub hosts: String,
    /// The agreement's number; empty where there is none.
    pub agreement: String,
    /// Why it is suspended or ended, in the words of staff.
    pub reason: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether the relation has ended.
    pub ended: bool,
    /// Whether its certificate of deletion is filed.
    pub certificate: bool,
    /// Its checks, newest first.
    pub checks: Vec<Check>,
    /// What is filed, newest first.
    pub documents: Vec<Document>,
    /// What it has not confirmed.
    pub open: Vec<Open>,
    /// What was wrong with what was sent; empty on the first view.
    pub error: String,
}

impl RecipientPage {
    /// The kinds of documents, by name and in words.
    #[must_use]
    pub fn kinds(&self) -> Vec<(&'static str, String)> {
        DocumentKind::ALL.iter().map(|kind| (kind.name(), document(&self.f, *kind))).collect()
    }
}

fn document(f: &Frame, kind: DocumentKind) -> String {
    f.t(&format!("document-{}", kind.name()))
}

fn row(web: &Web, f: &Frame, r: &Recipient, open: u64) -> Row {
    let policy = web.policy();
    let fact = policy.facts().sharing.recipients.get(&r.name);
    let code = r.stopped.map_or("active", avouch::sharing::recipients::Stop::name);
    Row {
        name: r.name.clone(),
        label: fact.map_or_else(|| r.name.clone(), |fact| say(f, &fact.name)),
        role: fact.map(|fact| words::role(f.texts, fact.role.as_str())).unwrap_or_default(),
        code,
        state: f.t(&format!("recipient-state-{code}")),
        stopped: r.stopped.is_some(),
        expires: r.expires,
        due: r.due,
        open,
    }
}

async fn rows(web: &Web, f: &Frame) -> Result<Vec<Row>, Fault> {
    let told = page_fault(f);
    let owed = web.app.owed().await.map_err(&told)?;
    let open = |name: &str| {
        owed.iter().find(|o| o.kind == ReaderKind::Recipient && o.name == name).map_or(0, |owed| owed.open)
    };
    let all = web.app.recipients().await.map_err(&told)?;
    let mut rows: Vec<Row> = all.iter().map(|r| row(web, f, r, open(&r.name))).collect();
    rows.sort_by_key(|row| !row.stopped);
    Ok(rows)
}

/// `GET /recipients`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<Recipients>, Fault> {
    Ok(Page(Recipients { rows: rows(&web, &f).await?, f }))
}

/// A field of CSV: quoted, and never taken for a formula.
fn cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

/// `GET /recipients.csv`: the register, for a spreadsheet; nothing personal is in it.
///
/// # Errors
/// As [`list`].
pub async fn csv(State(web): State<Web>, f: Frame, _: Operator) -> Result<Response, Fault> {
    let mut out = String::from("name,label,role,state,agreement_ends,check_due,unconfirmed\r\n");
    for row in rows(&web, &f).await? {
        let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let cells = [&row.name, &row.label, &row.role, row.code, &at(row.expires), &at(row.due)].map(cell);
        out.push_str(&format!("{},{}\r\n", cells.join(","), row.open));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"recipients.csv\""),
    ];
    Ok((headers, out).into_response())
}

async fn page(web: &Web, f: Frame, name: &str, error: String) -> Result<Page<RecipientPage>, Fault> {
    let told = page_fault(&f);
    let RecipientFile { recipient, checks, documents } = web.app.recipient(name).await.map_err(&told)?;
    let open = web.app.unconfirmed(name).await.map_err(&told)?;
    let policy = web.policy();
    let fact = policy.facts().sharing.recipients.get(name).ok_or(Fault::NotFound)?;
    let now = web.app.store.now();
    let about = |text: &str| match (policy.facts().collection.items.get(text), policy.facts().usage.purposes.get(text))
    {
        (Some(item), _) => say(&f, &item.label),
        (_, Some(purpose)) => say(&f, &purpose.label),
        _ => text.to_owned(),
    };
    let opened = open
        .iter()
        .map(|n| Open {
            id: n.id_text(),
            subject: n.subject.to_string(),
            event: f.t(&format!("event-{}", n.event.name())),
            about: about(&n.about),
            due: n.due,
            late: n.due <= now,
        })
        .collect();
    Ok(Page(RecipientPage {
        row: row(web, &f, &recipient, open.len() as u64),
        clause: fact.clause.as_str().to_owned(),
        contact: fact.contact.clone().unwrap_or_default(),
        hosts: fact.hosts.iter().cloned().collect::<Vec<_>>().join(", "),
        agreement: fact.agreement.as_ref().map(|a| a.id.clone()).unwrap_or_default(),
        reason: recipient.standing.reason.clone(),
        suspended: recipient.standing.state == avouch::store::RecipientState::Suspended,
        ended: recipient.standing.state == avouch::store::RecipientState::Ended,
        certificate: documents.iter().any(|d| d.kind == DocumentKind::Deletion),
        checks: checks
            .into_iter()
            .map(|c| Check { at: c.at, operator: c.operator, passed: c.passed, finding: c.finding, due: c.due })
            .collect(),
        documents: documents
            .into_iter()
            .map(|d| Document {
                id: d.id,
                kind: document(&f, d.kind),
                digest: d.digest,
                at: d.at,
                operator: d.operator,
            })
            .collect(),
        open: opened,
        error,
        f,
    }))
}

/// `GET /recipients/{name}`
///
/// # Errors
/// [`Fault::NotFound`] for one the policy does not name.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    _: Operator,
    Path(name): Path<String>,
) -> Result<Page<RecipientPage>, Fault> {
    page(&web, f, &name, String::new()).await
}

/// Back to the page, with what was wrong where something was.
async fn done<T>(web: &Web, f: Frame, name: &str, outcome: Result<T, avouch::Fault>) -> Result<Response, Fault> {
    let error = match outcome {
        Ok(_) => return Ok(Redirect::to(&format!("/recipients/{name}")).into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            f.t(&format!("recipient-wrong-{}", faults.first().map(|fault| fault.code).unwrap_or_default()))
        }
        Err(avouch::Fault::NotNow(_)) => f.t("recipient-not-now"),
        Err(other) => return Err(page_fault(&f)(other)),
    };
    let page = page(web, f, name, error).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What the form of a check sends.
#[derive(Debug, Deserialize)]
pub struct SentCheck {
    verdict: String,
    finding: String,
    next: String,
}

/// `POST /recipients/{name}/check`
///
/// # Errors
/// [`Fault::NotFound`]; [`Fault::Malformed`].
pub async fn check(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(name): Path<String>,
    Form(sent): Form<SentCheck>,
) -> Result<Response, Fault> {
    let passed = match sent.verdict.as_str() {
        "passed" => true,
        "failed" => false,
        _ => return Err(Fault::Malformed),
    };
    // A day that is none lies in the past, and is told as one.
    let next: Date = sent.next.trim().parse().unwrap_or(Date::MIN);
    let outcome = web.app.check_recipient(&operator.name, &name, passed, &sent.finding, next).await;
    done(&web, f, &name, outcome).await
}

/// What the forms of state send.
#[derive(Debug, Deserialize)]
pub struct SentState {
    state: String,
    reason: String,
}

/// `POST /recipients/{name}/state`
///
/// # Errors
/// As [`check`].
pub async fn state(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(name): Path<String>,
    Form(sent): Form<SentState>,
) -> Result<Response, Fault> {
    let (app, who, why) = (&web.app, operator.name.as_str(), sent.reason.as_str());
    let outcome = match sent.state.as_str() {
        "suspended" => app.suspend_recipient(who, &name, why).await,
        "active" => app.resume_recipient(who, &name, why).await,
        "ended" => app.end_recipient(who, &name, why).await,
        _ => return Err(Fault::Malformed),
    };
    done(&web, f, &name, outcome).await
}

/// `POST /recipients/{name}/confirmed/{notice}`: staff enter what came by letter or mail.
///
/// # Errors
/// [`Fault::NotFound`] for a notice that is not open.
pub async fn confirmed(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((name, notice)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let outcome = web.app.confirm_notice(&operator.name, &name, &notice).await;
    done(&web, f, &name, outcome).await
}

/// `POST /recipients/{name}/documents/{kind}`
///
/// # Errors
/// [`Fault::NotFound`]; [`Fault::Malformed`] without a file.
pub async fn file(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((name, kind)): Path<(String, String)>,
    sent: Option<Extension<SentFile>>,
    body: Body,
) -> Result<Response, Fault> {
    let (Some(kind), Some(_)) = (DocumentKind::named(&kind), sent) else { return Err(Fault::Malformed) };
    let bytes = to_bytes(body, LARGEST + 1).await.map_err(|_| Fault::TooLarge)?;
    let outcome = web.app.file_document(&operator.name, &name, kind, bytes.to_vec()).await;
    done(&web, f, &name, outcome).await
}

/// `GET /recipients/{name}/documents/{id}`: the file, saved and never shown in place; the look is recorded.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn opened(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let document = web.app.open_document(&operator.name, &name, &id).await.map_err(page_fault(&f))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{}.bin\"", id.get(..8).unwrap_or(&id))),
    ];
    Ok((headers, document.expose(Sink::Service, Clone::clone)).into_response())
}
