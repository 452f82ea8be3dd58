//! `/authorities`: requests of authorities with their papers: who has read them, what was allowed, what went out.
//!
//! Keeps promises 2.6 and 4.1.

use std::collections::BTreeSet;

use askama::Template;
use avouch::store::{
    ApprovalState, AuthorityRequest, EntryId, NewAuthorityRequest, PaperKind, RequestState, Sink, StaffRole,
};
use avouch::usage::authority::{LARGEST_PAPER, PURPOSE};
use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, Query, RawForm, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{Timestamp, civil};
use serde::Deserialize;

use crate::console::approvals::why_not;
use crate::console::{Operator, list};
use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::http::sent_file::{SentFields, SentFile};
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::privacy::uses::labels;
use crate::state::{Web, page_fault, say};

/// One request.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The authority, in words.
    pub authority: String,
    /// Which office asks.
    pub office: String,
    /// The instrument's number and date.
    pub instrument: String,
    /// The provision.
    pub ground: String,
    /// Labels of the items.
    pub items: String,
    /// Of which time.
    pub covers: (Option<Timestamp>, Option<Timestamp>),
    /// Whose; empty where the person was erased.
    pub subject: String,
    /// Whether a foreign authority stands behind it.
    pub foreign: bool,
    /// The end of the order that keeps it from the person.
    pub secret_until: Option<Timestamp>,
    /// Whether that order stands.
    pub secret: bool,
    /// When the person was told.
    pub told: Option<Timestamp>,
    /// When it was received.
    pub received: Timestamp,
    /// Who entered it.
    pub entered_by: String,
    /// The state, in words.
    pub state: String,
    /// Whether it waits.
    pub waits: bool,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// The digest of what was handed out; empty before.
    pub released: String,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "console/authorities.html")]
pub struct Authorities {
    /// The frame.
    pub f: Frame,
    /// What was searched for.
    pub q: String,
    /// The states to choose from.
    pub states: Vec<Choice>,
    /// The requests of this page.
    pub rows: Vec<Row>,
    /// How many fit.
    pub total: u64,
    /// The search as parameters, for the CSV.
    pub search: String,
    /// Whether the reader may enter requests.
    pub enters: bool,
    /// The authorities of the policy.
    pub authorities: Vec<Choice>,
    /// The items to choose from.
    pub items: Vec<Choice>,
    /// Whether a foreign authority was ticked.
    pub foreign: bool,
    /// The other fields.
    pub fields: Vec<Field>,
    /// What was wrong; empty when nothing was.
    pub error: String,
    /// The next page's parameters.
    pub next: String,
    /// Those of the page before.
    pub previous: String,
}

/// A paper of a request.
#[derive(Clone, Debug)]
pub struct PaperRow {
    /// Its kind.
    pub kind: &'static str,
    /// Its kind, in words.
    pub label: String,
    /// SHA-256, in hex; empty where it is not on file.
    pub digest: String,
    /// The number of the approval.
    pub number: String,
    /// When it was filed.
    pub at: Option<Timestamp>,
    /// Who has read it.
    pub seen_by: String,
}

/// One request.
#[derive(Debug, Template)]
#[template(path = "console/authority.html")]
pub struct AuthorityPage {
    /// The frame.
    pub f: Frame,
    /// As in the list.
    pub row: Row,
    /// Its papers, on file or not.
    pub papers: Vec<PaperRow>,
    /// Whether the reader may act.
    pub acts: bool,
    /// The field for the reason of asking.
    pub why: Field,
    /// The approval that allows the reader to hand out now; empty where there is none.
    pub approval: String,
    /// What was asked of a second person and is not decided: its id.
    pub asked: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
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

/// A request in words.
#[must_use]
pub fn row(web: &Web, f: &Frame, request: &AuthorityRequest) -> Row {
    let policy = web.policy();
    let fact = policy.facts().sharing.recipients.get(&request.recipient);
    Row {
        id: request.id.to_string(),
        authority: fact.map_or_else(|| request.recipient.clone(), |r| say(f, &r.name)),
        office: request.office.clone(),
        instrument: format!("{} · {}", request.instrument, request.dated),
        ground: request.ground.clone(),
        items: labels(web, f, &request.items),
        covers: request.covers,
        subject: request.subject.map(|s| s.to_string()).unwrap_or_default(),
        foreign: request.foreign,
        secret_until: request.secret_until,
        secret: request.secret(),
        told: request.told,
        received: request.received,
        entered_by: request.entered_by.clone(),
        state: f.t(&format!("request-state-{}", request.state.name())),
        waits: request.state == RequestState::Received,
        decided: request.decided,
        released: request.released.clone().unwrap_or_default(),
    }
}

async fn found(web: &Web, f: &Frame, asked: &Asked) -> Result<Vec<AuthorityRequest>, Fault> {
    let all = web.app.authority_requests().await.map_err(page_fault(f))?;
    let q = asked.q.trim();
    let fits = |r: &AuthorityRequest| {
        let text = q.is_empty()
            || [&r.office, &r.instrument, &r.ground].into_iter().any(|part| part.contains(q))
            || r.subject.is_some_and(|s| s.to_string() == q);
        text && (asked.state.is_empty() || r.state.name() == asked.state)
    };
    Ok(all.into_iter().filter(fits).collect())
}

/// What was sent, to be shown again.
#[derive(Default)]
struct Given {
    subject: String,
    recipient: String,
    office: String,
    instrument: String,
    dated: String,
    ground: String,
    items: BTreeSet<String>,
    from: String,
    until: String,
    secret: String,
    foreign: bool,
}

impl Given {
    fn read(bytes: &[u8]) -> Self {
        let mut given = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            let value = value.trim().to_owned();
            match name.as_ref() {
                "subject" => given.subject = value,
                "recipient" => given.recipient = value,
                "office" => given.office = value,
                "instrument" => given.instrument = value,
                "dated" => given.dated = value,
                "ground" => given.ground = value,
                "items" => {
                    given.items.insert(value);
                }
                "from" => given.from = value,
                "until" => given.until = value,
                "secret" => given.secret = value,
                "foreign" => given.foreign = value == "true",
                _ => {}
            }
        }
        given
    }
}

/// The beginning of a day, or of the day after it; nothing where none was named.
pub(crate) fn day(f: &Frame, text: &str, after: bool) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let day: civil::Date = text.parse().map_err(|_| ())?;
    let day = if after { day.tomorrow().map_err(|_| ())? } else { day };
    Ok(Some(day.to_zoned_datetime(f.names.zone.clone()).map_err(|_| ())?.timestamp()))
}

async fn page(
    web: &Web,
    f: Frame,
    reader: &Operator,
    asked: &Asked,
    given: &Given,
    error: String,
) -> Result<Authorities, Fault> {
    let found = found(web, &f, asked).await?;
    let total = found.len() as u64;
    let search = [("q", asked.q.as_str()), ("state", asked.state.as_str())];
    let rows = found.iter().map(|request| row(web, &f, request)).collect();
    let (rows, next, previous) = list::page(rows, asked.page, &search);
    let policy = web.policy();
    let facts = policy.facts();
    let choice = |value: &str, label: String, chosen: bool| Choice { value: value.to_owned(), label, chosen };
    let field = |name: &str, key: &str, value: &str| Field::new(name, f.t(key), Input::Text).value(Shown::new(value));
    let day = |name: &str, key: &str, value: &str| field(name, key, value).hint(f.t("register-day-hint"));
    Ok(Authorities {
        states: RequestState::ALL
            .map(|s| choice(s.name(), f.t(&format!("request-state-{}", s.name())), s.name() == asked.state))
            .to_vec(),
        enters: reader.staff.may(&[StaffRole::DataProtectionOfficer]),
        authorities: facts
            .sharing
            .recipients
            .iter()
            .filter(|(_, r)| r.role.as_str() == "authority" && r.purposes.contains(PURPOSE))
            .map(|(name, r)| choice(name, say(&f, &r.name), *name == given.recipient))
            .collect(),
        items: web
            .app
            .items_of(PURPOSE)
            .iter()
            .filter_map(|name| {
                let item = facts.collection.items.get(name)?;
                Some(choice(name, say(&f, &item.label), given.items.contains(name)))
            })
            .collect(),
        foreign: given.foreign,
        fields: vec![
            field("subject", "exception-subject", &given.subject).required().hint(f.t("register-subject-hint")),
            field("office", "request-office", &given.office).required(),
            field("instrument", "request-instrument", &given.instrument).required(),
            day("dated", "request-dated", &given.dated).required(),
            field("ground", "exception-citation", &given.ground).required().hint(f.t("exception-citation-hint")),
            day("from", "request-from", &given.from),
            day("until", "request-until", &given.until),
            field("secret", "request-secret", &given.secret).hint(f.t("request-secret-hint")),
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

/// `GET /authorities`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Authorities>, Fault> {
    page(&web, f, &reader, &asked, &Given::default(), String::new()).await.map(Page)
}

/// `GET /authorities.csv`
///
/// # Errors
/// What keeps the store from answering.
pub async fn csv(State(web): State<Web>, f: Frame, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let rows = found(&web, &f, &asked).await?;
    let head = [
        "id",
        "recipient",
        "office",
        "instrument",
        "dated",
        "ground",
        "items",
        "foreign",
        "secret_until",
        "received",
        "entered_by",
        "state",
        "decided",
        "told",
        "released",
    ];
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    Ok(list::csv(
        "authorities",
        &head,
        rows.into_iter().map(|r| {
            vec![
                r.id.to_string(),
                r.recipient,
                r.office,
                r.instrument,
                r.dated,
                r.ground,
                r.items.join(" "),
                r.foreign.to_string(),
                time(r.secret_until),
                r.received.to_string(),
                r.entered_by,
                r.state.name().to_owned(),
                time(r.decided),
                time(r.told),
                r.released.unwrap_or_default(),
            ]
        }),
    ))
}

fn wrong(f: &Frame, faults: &[avouch::FieldFault]) -> String {
    f.t(&format!("request-wrong-{}", faults.first().map(|fault| fault.field.as_str()).unwrap_or_default()))
}

/// `POST /authorities`: enters what came in.
///
/// # Errors
/// What keeps the store from answering.
pub async fn enter(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    RawForm(bytes): RawForm,
) -> Result<Response, Fault> {
    let given = Given::read(&bytes);
    let done = match made(&web, &f, &given).await? {
        Err(error) => Err(error),
        Ok(new) => match web.app.receive_request(&reader.staff, new).await {
            Ok(id) => Ok(id),
            Err(avouch::Fault::Invalid(faults)) => Err(wrong(&f, &faults)),
            Err(other) => return Err(page_fault(&f)(other)),
        },
    };
    match done {
        Ok(id) => Ok(Redirect::to(&format!("/authorities/{id}")).into_response()),
        Err(error) => {
            let page = page(&web, f, &reader, &Asked::default(), &given, error).await?;
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The request of what was sent, or what is wrong with it.
async fn made(web: &Web, f: &Frame, given: &Given) -> Result<Result<NewAuthorityRequest, String>, Fault> {
    let subject = match web.app.whose(&given.subject).await {
        Ok(subject) => subject,
        Err(avouch::Fault::NotFound) => return Ok(Err(f.t("register-nobody"))),
        Err(other) => return Err(page_fault(f)(other)),
    };
    let days = (|| {
        let covers = (day(f, &given.from, false)?, day(f, &given.until, true)?);
        Ok::<_, ()>((given.dated.parse().map_err(|_| ())?, covers, day(f, &given.secret, true)?))
    })();
    let Ok((dated, covers, secret_until)) = days else { return Ok(Err(f.t("register-day-hint"))) };
    Ok(Ok(NewAuthorityRequest {
        subject,
        recipient: given.recipient.clone(),
        office: given.office.clone(),
        instrument: given.instrument.clone(),
        dated,
        ground: given.ground.clone(),
        items: given.items.iter().cloned().collect(),
        covers,
        foreign: given.foreign,
        secret_until,
    }))
}

async fn request_page(
    web: &Web,
    f: Frame,
    reader: &Operator,
    id: EntryId,
    error: String,
) -> Result<AuthorityPage, Fault> {
    let told = page_fault(&f);
    let (request, papers) = web.app.authority_request(id).await.map_err(&told)?;
    let approvals = web.app.approvals().await.map_err(&told)?;
    let of = |state: ApprovalState| {
        let this = id.to_string();
        let found = approvals.iter().find(|a| a.state == state && a.act.part("request") == Some(this.as_str()));
        found.map(|a| (a.id.to_string(), a.asked_by == reader.name)).unwrap_or_default()
    };
    let ((open, _), (allowed, own)) = (of(ApprovalState::Open), of(ApprovalState::Approved));
    let paper = |kind: PaperKind| {
        let filed = papers.iter().find(|p| p.kind == kind);
        PaperRow {
            kind: kind.name(),
            label: f.t(&format!("paper-{}", kind.name())),
            digest: filed.map(|p| p.digest.clone()).unwrap_or_default(),
            number: filed.map(|p| p.number.clone()).unwrap_or_default(),
            at: filed.map(|p| p.at),
            seen_by: filed.map(|p| p.seen_by.join(", ")).unwrap_or_default(),
        }
    };
    Ok(AuthorityPage {
        row: row(web, &f, &request),
        papers: PaperKind::ALL.map(paper).to_vec(),
        acts: reader.staff.may(&[StaffRole::DataProtectionOfficer]),
        why: Field::new("why", f.t("approval-why"), Input::Area).required(),
        approval: if own { allowed } else { String::new() },
        asked: open,
        error,
        f,
    })
}

fn id(text: &str) -> Result<EntryId, Fault> {
    text.parse().map_err(|_| Fault::NotFound)
}

/// `GET /authorities/{id}`
///
/// # Errors
/// [`Fault::NotFound`] when there is none.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(text): Path<String>,
) -> Result<Page<AuthorityPage>, Fault> {
    request_page(&web, f, &reader, id(&text)?, String::new()).await.map(Page)
}

/// Back to the page, with what was wrong where something was.
async fn after<T>(
    web: &Web,
    f: Frame,
    reader: &Operator,
    id: EntryId,
    outcome: Result<T, avouch::Fault>,
) -> Result<Response, Fault> {
    let error = match outcome {
        Ok(_) => return Ok(Redirect::to(&format!("/authorities/{id}")).into_response()),
        Err(avouch::Fault::Invalid(faults)) => wrong(&f, &faults),
        Err(avouch::Fault::NotApproved(not)) => why_not(&f, not),
        Err(avouch::Fault::NotNow(_)) => f.t("request-not-now"),
        Err(avouch::Fault::Refused(denied)) => {
            let told = denied.refusal.tell(&denied.policy, f.tag());
            told.into_iter().map(|t| format!("{} {}", t.text, t.remedy)).collect::<Vec<_>>().join(" ")
        }
        Err(other) => return Err(page_fault(&f)(other)),
    };
    let page = request_page(web, f, reader, id, error).await?;
    Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /authorities/{id}/papers/{kind}`: puts a paper on file.
///
/// # Errors
/// [`Fault::NotFound`]; [`Fault::Malformed`] without a file.
pub async fn file(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path((text, kind)): Path<(String, String)>,
    fields: Option<Extension<SentFields>>,
    sent: Option<Extension<SentFile>>,
    body: Body,
) -> Result<Response, Fault> {
    let (id, kind) = (id(&text)?, PaperKind::named(&kind).ok_or(Fault::NotFound)?);
    let (Some(Extension(SentFields(fields))), Some(_)) = (fields, sent) else { return Err(Fault::Malformed) };
    let number = fields.into_iter().find(|(name, _)| name == "number").map(|(_, value)| value).unwrap_or_default();
    let bytes = to_bytes(body, LARGEST_PAPER + 1).await.map_err(|_| Fault::TooLarge)?;
    let outcome = web.app.file_paper(&reader.staff, id, kind, &number, bytes.to_vec()).await;
    after(&web, f, &reader, id, outcome).await
}

fn download(name: String, kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// `POST /authorities/{id}/read/{kind}`: the paper, saved and never shown in place; that it was read is recorded.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn read(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path((text, kind)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (id, kind) = (id(&text)?, PaperKind::named(&kind).ok_or(Fault::NotFound)?);
    let paper = web.app.open_paper(&reader.staff, id, kind).await.map_err(page_fault(&f))?;
    let name = format!("{}-{}.bin", kind.name(), text.get(..8).unwrap_or(&text));
    Ok(download(name, "application/octet-stream", paper.expose(Sink::Operator, Clone::clone)))
}

/// What the form that asks a second person sends.
#[derive(Debug, Deserialize)]
pub struct SentWhy {
    pub(crate) why: String,
}

/// `POST /authorities/{id}/ask`
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn ask(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(text): Path<String>,
    Form(sent): Form<SentWhy>,
) -> Result<Response, Fault> {
    let id = id(&text)?;
    let outcome = web.app.ask_release(&reader.staff, id, &sent.why).await;
    after(&web, f, &reader, id, outcome).await
}

/// `POST /authorities/{id}/release/{approval}`: what is handed out, saved once.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn release(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path((text, approval)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (id, approval) = (id(&text)?, approval.parse().map_err(|_| Fault::NotFound)?);
    match web.app.release(&reader.staff, approval).await {
        Ok(handed) => {
            let name = format!("release-{}.json", text.get(..8).unwrap_or(&text));
            Ok(download(name, "application/json", handed.expose(Sink::Recipient, Clone::clone)))
        }
        Err(fault) => after::<()>(&web, f, &reader, id, Err(fault)).await,
    }
}

/// `POST /authorities/{id}/refuse`
///
/// # Errors
/// [`Fault::NotFound`] when none waits.
pub async fn refuse(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let id = id(&text)?;
    let outcome = web.app.refuse_request(&reader.staff, id).await;
    after(&web, f, &reader, id, outcome).await
}

/// `POST /authorities/{id}/lift`
///
/// # Errors
/// [`Fault::NotFound`] when no order stands.
pub async fn lift(
    State(web): State<Web>,
    f: Frame,
    reader: Operator,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let id = id(&text)?;
    let outcome = web.app.lift_secrecy(&reader.staff, id).await;
    after(&web, f, &reader, id, outcome).await
}
