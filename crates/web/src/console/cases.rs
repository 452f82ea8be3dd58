//! `/cases`: the queue of customer service, by urgency; one case, with what it needs of its person and no more.
//!
//! Keeps promises 2.4 (masked, bound to a case; a look needs a reason, ends, and is recorded) and 8.2.

use askama::Template;
use avouch::contact::desk::{Deed, OUTCOMES, REASONS, STATES};
use avouch::store::{CaseFilter, CaseStatistics, Sink};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::case::{Head, Said, coded, file_answer, head, thread, wrong_file};
use crate::console::Operator;
use crate::fault::Fault;
use crate::form::Choice;
use crate::frame::Frame;
use crate::http::sent_file::Written;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::contact::wrong;
use crate::site::privacy::uses::labels;
use crate::state::{Web, page_fault, told};

/// The queue.
#[derive(Debug, Template)]
#[template(path = "console/cases.html")]
pub struct Cases {
    /// The frame.
    pub f: Frame,
    /// The beginning of a number that was searched for.
    pub q: String,
    /// The states to choose from.
    pub states: Vec<Choice>,
    /// How urgent they are, to choose from.
    pub urgency: Vec<Choice>,
    /// Whose to show.
    pub mine: bool,
    /// The cases of this page, the most urgent first.
    pub rows: Vec<Head>,
    /// How those of the last ninety days were dealt with, by what they are about.
    pub statistics: Vec<(String, CaseStatistics)>,
    /// The same of all of them.
    pub all: CaseStatistics,
    /// The parameters of the next page; empty on the last.
    pub next: String,
    /// The parameters of the page before; empty on the first.
    pub previous: String,
    /// The parameters of this page, for the file.
    pub here: String,
}

/// An item of the person.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name in the policy.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The value while it may be looked at; else dots.
    pub value: Shown,
    /// Until when it may be.
    pub until: Option<Timestamp>,
}

/// One case.
#[derive(Debug, Template)]
#[template(path = "console/case.html")]
pub struct CasePage {
    /// The frame.
    pub f: Frame,
    /// The case.
    pub head: Head,
    /// Whether this operator has it.
    pub mine: bool,
    /// What happened, in order.
    pub said: Vec<Said>,
    /// What is held of the person that this work may need.
    pub items: Vec<Item>,
    /// How a case can end.
    pub outcomes: Vec<Choice>,
    /// Why it can be refused.
    pub reasons: Vec<Choice>,
    /// Whether messages bring files.
    pub files: bool,
    /// What was wrong with what was sent; empty when nothing was.
    pub error: String,
}

/// Days the statistics reach back.
const DAYS: u32 = 90;
/// Cases on one page.
const PAGE: u32 = 50;
/// Cases in one file.
const FILE: u32 = 10_000;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    state: String,
    due: String,
    mine: bool,
    page: u32,
}

/// How urgent cases can be asked for: all, over, or over within [`SOON`].
const URGENCY: [&str; 3] = ["any", "overdue", "soon"];

impl Asked {
    fn state(&self) -> &str {
        if self.state.is_empty() { "running" } else { &self.state }
    }

    fn due(&self) -> &str {
        if self.due.is_empty() { "any" } else { &self.due }
    }

    fn filter(&self, operator: &Operator, limit: u32, now: Timestamp) -> CaseFilter {
        CaseFilter {
            state: if self.state() == "all" { String::new() } else { self.state().to_owned() },
            operator: if self.mine { operator.name.clone() } else { String::new() },
            number: self.q.trim().to_ascii_uppercase(),
            due_by: match self.due() {
                "overdue" => Some(now),
                "soon" => Some(now + SignedDuration::from_hours(super::home::SOON)),
                _ => None,
            },
            limit,
            skip: self.page.saturating_mul(PAGE),
        }
    }

    fn to(&self, page: u32) -> String {
        let mut to = form_urlencoded::Serializer::new(String::new());
        to.append_pair("q", &self.q).append_pair("state", &self.state).append_pair("due", &self.due);
        if self.mine {
            to.append_pair("mine", "true");
        }
        to.append_pair("page", &page.to_string()).finish()
    }
}

/// `GET /cases`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Cases>, Fault> {
    let now = web.app.store.now();
    let mut found = web.app.cases(&asked.filter(&operator, PAGE + 1, now)).await.map_err(page_fault(&f))?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let mut all = CaseStatistics::default();
    let mut statistics = web.app.case_statistics(DAYS).await.map_err(page_fault(&f))?;
    for (category, of) in &mut statistics {
        all += *of;
        *category = coded(&f, "category", category);
    }
    let urgency = URGENCY.map(|code| Choice {
        value: code.to_owned(),
        label: coded(&f, "urgency", code),
        chosen: asked.due() == code,
    });
    let states = ["running", "all"].iter().chain(&STATES).map(|code| Choice {
        value: (*code).to_owned(),
        label: coded(&f, "state", code),
        chosen: asked.state() == *code,
    });
    Ok(Page(Cases {
        states: states.collect(),
        urgency: urgency.to_vec(),
        mine: asked.mine,
        rows: found.iter().map(|case| head(&f, case, now)).collect(),
        statistics,
        all,
        next: if more { asked.to(asked.page.saturating_add(1)) } else { String::new() },
        previous: asked.page.checked_sub(1).map(|page| asked.to(page)).unwrap_or_default(),
        here: asked.to(0),
        q: asked.q,
        f,
    }))
}

/// A field of a CSV file: quoted, and no formula for a spreadsheet.
fn field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// `GET /cases.csv`: the queue as a file; it holds nothing of anybody but what the queue shows.
///
/// # Errors
/// As [`list`].
pub async fn csv(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let now = web.app.store.now();
    let found = web.app.cases(&asked.filter(&operator, FILE, now)).await.map_err(page_fault(&f))?;
    let mut out = String::from("number,category,state,opened,due,provisional,overdue,operator\r\n");
    for case in &found {
        let h = head(&f, case, now);
        let due = h.due.map(|d| d.to_string()).unwrap_or_default();
        let state = if h.closed { &case.outcome } else { &case.state };
        let cells = [
            field(&h.number),
            field(&case.category),
            field(state),
            field(&h.opened.to_string()),
            field(&due),
            field(if h.provisional { "yes" } else { "no" }),
            field(if h.overdue { "yes" } else { "no" }),
            field(&h.operator),
        ];
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"cases.csv\""),
    ];
    Ok((headers, out).into_response())
}

async fn page(web: &Web, f: Frame, operator: &Operator, number: &str, error: String) -> Result<CasePage, Fault> {
    let desk = web.app.desk(number, &operator.name).await.map_err(page_fault(&f))?;
    let item = |item: avouch::contact::desk::Item| Item {
        label: labels(web, &f, std::slice::from_ref(&item.name)),
        value: item.value.map_or_else(
            || Shown::new("••••"),
            |value| value.expose(Sink::Gate, |v| Shown::new(String::from_utf8_lossy(v))),
        ),
        name: item.name,
        until: item.until,
    };
    let choice =
        |kind: &str, code: &str| Choice { value: code.to_owned(), label: coded(&f, kind, code), chosen: false };
    Ok(CasePage {
        head: head(&f, &desk.thread.file, web.app.store.now()),
        mine: desk.thread.file.operator == operator.name,
        said: thread(web, &f, &desk.thread, &format!("/cases/{number}"), true),
        items: desk.items.into_iter().map(item).collect(),
        outcomes: OUTCOMES.iter().map(|code| choice("outcome", code)).collect(),
        reasons: REASONS.iter().map(|code| choice("ground", code)).collect(),
        files: web.app.takes_files(),
        error,
        f,
    })
}

/// `GET /cases/{number}`: what was written is opened, and that is recorded.
///
/// # Errors
/// [`Fault::SignIn`]; [`Fault::NotFound`]; refusals.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(number): Path<String>,
) -> Result<Page<CasePage>, Fault> {
    Ok(Page(page(&web, f, &operator, &number, String::new()).await?))
}

/// What the forms of a case send.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds what is written to a person")]
pub struct Sent {
    deed: String,
    text: String,
    outcome: String,
    reason: String,
    item: String,
}

async fn answer(
    web: &Web,
    f: Frame,
    operator: &Operator,
    number: &str,
    done: Result<(), avouch::Fault>,
) -> Result<Response, Fault> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/cases/{number}")).into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let told = |fault: &avouch::FieldFault| match fault.field.as_str() {
                "file" => wrong_file(&f, fault.code),
                "outcome" => f.t("desk-outcome-missing"),
                "reason" if fault.code == "required" => f.t("desk-ground-missing"),
                field => wrong(&f, &faults, field),
            };
            let error = faults.first().map(told).unwrap_or_default();
            let page = page(web, f, operator, number, error).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

/// `POST /cases/{number}`
///
/// # Errors
/// As [`one`]; [`Fault::Malformed`] for a deed there is not.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(number): Path<String>,
    Written { form: sent, file }: Written<Sent>,
) -> Result<Response, Fault> {
    let deed = match sent.deed.as_str() {
        "take" => Deed::Take,
        "give-back" => Deed::GiveBack,
        "reply" => Deed::Reply { text: sent.text, waits: false },
        "ask" => Deed::Reply { text: sent.text, waits: true },
        "note" => Deed::Note(sent.text),
        "close" => Deed::Close { outcome: sent.outcome, reason: sent.reason, text: sent.text },
        _ => return Err(Fault::Malformed),
    };
    let done = match file {
        Ok(file) => web.app.work_on_case(&number, &operator.name, deed, file).await,
        Err(fault) => Err(fault),
    };
    answer(&web, f, &operator, &number, done).await
}

/// `GET /cases/{number}/files/{record}`: a file of the case, saved and never shown in place; the use is recorded.
///
/// # Errors
/// As [`one`]; [`Fault::NotFound`] for a file that is not the case's.
pub async fn file(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path((number, record)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let record = record.parse().map_err(|_| Fault::NotFound)?;
    let blob = web.app.desk_file(&number, &operator.name, record).await.map_err(page_fault(&f))?;
    Ok(file_answer(blob, Sink::Gate, &headers, &number))
}

/// `POST /cases/{number}/reveal`
///
/// # Errors
/// As [`one`].
pub async fn reveal(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(number): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let done = web.app.reveal(&number, &operator.name, &sent.item, &sent.text).await;
    answer(&web, f, &operator, &number, done).await
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_of_a_file_is_no_formula() {
        assert_eq!(field("=SUM(A1)"), "\"'=SUM(A1)\"");
        assert_eq!(field("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
