//! `/privacy/content`: what a person put up: look at it, delete it, publish it, take it back; and put up more.
//!
//! Keeps promises 1.3, 4.4 and 6.2. Works without scripts. What a file is, its content says and not its name.

use askama::Template;
use avouch::collection::upload::NewUpload;
use avouch::gate::Wanted;
use avouch::store::{Actor, RecordHead, RecordId, Role, Sink, Which};
use avouch::usage::publish::{CONTENT, PURPOSE};
use avouch_policy::Act;
use avouch_policy::model::Kind;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::http::media;
use crate::http::sent_file::SentFile;
use crate::http::within::Cut;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::state::{Signed, Web, page_fault, say, told};

/// Where the form sends its file.
pub const UPLOAD: &str = "/privacy/content";
/// Things on one page.
const PAGE: usize = 20;
/// Characters of a text shown in the list.
const EXCERPT: usize = 200;

/// One thing a person put up.
#[derive(Clone, Debug)]
pub struct Thing {
    /// Item and record, for its address.
    pub address: String,
    /// The item's label.
    pub label: String,
    /// The words of a text or comment, shortened in the list.
    pub text: Shown,
    /// Whether there is a smaller picture of it.
    pub small: bool,
    /// Whether it is a video.
    pub video: bool,
    /// Whether it is a picture.
    pub picture: bool,
    /// When it was put up.
    pub at: Timestamp,
    /// Since when it is published; nothing when it is not.
    pub published: Option<Timestamp>,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "site/privacy/content.html")]
pub struct Content {
    /// The frame.
    pub f: Frame,
    /// What there is, newest first.
    pub things: Vec<Thing>,
    /// Whether publication was consented to.
    pub may_publish: bool,
    /// What was wrong with what was sent; empty when nothing was.
    pub error: String,
    /// The page after this one; 0 for none.
    pub next: usize,
}

/// One thing, whole.
#[derive(Debug, Template)]
#[template(path = "site/privacy/thing.html")]
pub struct One {
    /// The frame.
    pub f: Frame,
    /// The thing.
    pub thing: Thing,
    /// Whether publication was consented to.
    pub may_publish: bool,
}

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    page: Option<usize>,
}

fn parse(address: &str) -> Result<(&str, RecordId), Fault> {
    let (item, record) = address.split_once('.').ok_or(Fault::NotFound)?;
    Ok((item, record.parse().map_err(|_| Fault::NotFound)?))
}

/// What of a person's records is content: of items of which there are many, that the person can delete.
async fn heads(web: &Web, f: &Frame, session: &avouch::security::session::Session) -> Result<Vec<RecordHead>, Fault> {
    let policy = web.policy();
    let items = policy.items_of(CONTENT);
    let all = web.app.holdings(session.subject()).await.map_err(page_fault(f))?;
    let content = |head: &RecordHead| {
        let name = policy.item_name(head.item);
        let fact = policy.facts().collection.items.get(name);
        items.contains(&name) && fact.is_some_and(|i| i.many && i.deletable)
    };
    let mut heads: Vec<RecordHead> = all.into_iter().filter(content).collect();
    heads.sort_by_key(|h| std::cmp::Reverse((h.created, h.id)));
    Ok(heads)
}

async fn things(
    web: &Web,
    f: &Frame,
    session: &avouch::security::session::Session,
    heads: &[RecordHead],
    excerpt: usize,
) -> Result<Vec<Thing>, Fault> {
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    let (policy, subject) = (web.policy(), session.subject());
    let published = web.app.publications(subject).await.map_err(page_fault(f))?;
    let mut items: Vec<&str> = heads.iter().map(|h| policy.item_name(h.item)).collect();
    items.sort_unstable();
    items.dedup();
    let wanted = Wanted { act: Act::Use, purpose: avouch::rights::PURPOSE, items: &items, recipient: None };
    let which = Which::These(heads.iter().map(|h| (h.item, h.id)).collect());
    let used = web.app.use_records(subject, &wanted, &Actor::Subject, &which).await.map_err(page_fault(f))?;
    let thing = |record: &avouch::store::Record| {
        let name = policy.item_name(record.head.item);
        let fact = policy.facts().collection.items.get(name)?;
        let media = matches!(fact.kind, Kind::Picture | Kind::Video);
        let text = record.value.expose(Sink::Subject, |v| {
            let text = String::from_utf8_lossy(v);
            let mut short: String = text.chars().take(excerpt).collect();
            if short.len() < text.len() {
                short.push('…');
            }
            short
        });
        let there = |role: Role| record.blobs.iter().any(|b| b.role == role);
        let publication = published.iter().find(|p| p.item == name && p.record == record.head.id);
        Some(Thing {
            address: format!("{name}.{}", record.head.id),
            label: say(f, &fact.label),
            text: Shown::new(if media { String::new() } else { text }),
            small: there(Role::Small),
            video: fact.kind == Kind::Video && there(Role::Whole),
            picture: fact.kind == Kind::Picture && there(Role::Whole),
            at: record.head.created,
            published: publication.map(|p| p.at),
        })
    };
    Ok(used.records.iter().filter_map(thing).collect())
}

async fn may_publish(web: &Web, f: &Frame, session: &avouch::security::session::Session) -> Result<bool, Fault> {
    let standing = web.app.account(session.subject()).await.map_err(page_fault(f))?.standing;
    Ok(web.policy().purpose(PURPOSE).is_some_and(|p| standing.separate.has(p.index())))
}

async fn list(
    web: &Web,
    f: Frame,
    session: &avouch::security::session::Session,
    page: usize,
    error: String,
) -> Result<Content, Fault> {
    let heads = heads(web, &f, session).await?;
    let shown: Vec<RecordHead> = heads.iter().skip(page.saturating_mul(PAGE)).take(PAGE).cloned().collect();
    let next = if heads.len() > page.saturating_add(1).saturating_mul(PAGE) { page + 1 } else { 0 };
    let things = things(web, &f, session, &shown, EXCERPT).await?;
    Ok(Content { may_publish: may_publish(web, &f, session).await?, things, error, next, f })
}

/// `GET /privacy/content`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Query(from): Query<From>,
) -> Result<Page<Content>, Fault> {
    Ok(Page(list(&web, f, &session, from.page.unwrap_or(0), String::new()).await?))
}

/// `GET /privacy/content/{record}`
///
/// # Errors
/// [`Fault::NotFound`] for what is not there.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(address): Path<String>,
) -> Result<Page<One>, Fault> {
    let (name, id) = parse(&address)?;
    let policy = web.policy();
    let item = policy.item(name).ok_or(Fault::NotFound)?;
    let heads = heads(&web, &f, &session).await?;
    let head = heads.into_iter().find(|h| h.item == item && h.id == id).ok_or(Fault::NotFound)?;
    let thing = things(&web, &f, &session, &[head], usize::MAX).await?.pop().ok_or(Fault::NotFound)?;
    Ok(Page(One { may_publish: may_publish(&web, &f, &session).await?, thing, f }))
}

/// `GET /privacy/content/{record}/file` and `/small`: the picture or video itself, in ranges.
///
/// # Errors
/// [`Fault::NotFound`] for what is not there.
pub async fn file(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((address, size)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let role = match size.as_str() {
        "file" => Role::Whole,
        "small" => Role::Small,
        _ => return Err(Fault::NotFound),
    };
    let (name, id) = parse(&address)?;
    let item = web.policy().item(name).ok_or(Fault::NotFound)?;
    let wanted = Wanted { act: Act::Use, purpose: avouch::rights::PURPOSE, items: &[name], recipient: None };
    let used = web
        .app
        .use_records(session.subject(), &wanted, &Actor::Subject, &Which::One(item, id))
        .await
        .map_err(page_fault(&f))?;
    let blob = used.records.into_iter().flat_map(|r| r.blobs).find(|b| b.role == role).ok_or(Fault::NotFound)?;
    let saved = media::file_name(name, &blob.media);
    Ok(media::answer(blob, Sink::Subject, &headers, &saved))
}

/// `POST /privacy/content`: a picture or a video.
///
/// # Errors
/// [`Fault::Refused`], and what keeps the store from answering; what is wrong with the file is told on the page.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    sent: Option<Extension<SentFile>>,
    body: Body,
) -> Result<Response, Fault> {
    let Some(Extension(sent)) = sent else { return Err(Fault::Malformed) };
    let fault = match put_up(&web, &session, &sent, body).await {
        Ok(true) => return Ok(Redirect::to("/privacy/content").into_response()),
        Ok(false) => f.t("upload-cut"),
        Err(avouch::Fault::Invalid(faults)) => {
            let code = faults.first().map(|fault| fault.code).unwrap_or_default();
            wrong(&f, code)
        }
        Err(avouch::Fault::NotNow(_)) => f.t("upload-busy"),
        Err(other) => return Err(told(&other, f.tag())),
    };
    let page = list(&web, f, &session, 0, fault).await?;
    Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn wrong(f: &Frame, code: &str) -> String {
    match code {
        "empty" => f.t("upload-empty"),
        "too-large" => f.t("upload-too-large"),
        "quota" => f.t("upload-quota"),
        "too-many-uploads" => f.t("upload-busy"),
        "svg" => f.t("upload-svg"),
        "heic" => f.t("upload-heic"),
        "huge-picture" => f.t("upload-huge"),
        "bomb" => f.t("upload-bomb"),
        "broken-picture" | "broken-video" => f.t("upload-broken"),
        "data-track" => f.t("upload-data-track"),
        _ => f.t("upload-unknown"),
    }
}

/// Takes the file; false when the connection broke before its end.
async fn put_up(
    web: &Web,
    session: &avouch::security::session::Session,
    sent: &SentFile,
    body: Body,
) -> Result<bool, avouch::Fault> {
    let mut parts = body.into_data_stream().map(|part| part.map_err(|_| Cut));
    let mut head: Vec<u8> = Vec::new();
    while head.len() < 12 {
        match parts.next().await {
            Some(Ok(bytes)) => head.extend_from_slice(&bytes),
            _ => break,
        }
    }
    let video = avouch::collection::video::looks_like_one(&head);
    let item = if video { "video" } else { "picture" };
    let subject = session.subject();
    let new = NewUpload { subject, purpose: CONTENT.to_owned(), item: item.to_owned(), size: sent.size };
    let (begun, _) = web.app.begin_upload(new, &Actor::Subject).await?;
    let body = Box::pin(stream::iter([Ok(Bytes::from(head))]).chain(parts));
    let app = web.app.clone();
    let work = async move {
        let done = app.append(subject, begun.id, 0, body, &Actor::Subject).await;
        match done {
            // A form cannot go on where it was cut: what came of it is given up at once.
            Ok(progress) if progress.receipt.is_none() => {
                app.give_up(subject, begun.id, &Actor::Subject).await.map(|()| false)
            }
            other => other.map(|_| true),
        }
    };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(avouch::Fault::NotNow("the upload broke".into())))
}

/// `POST /privacy/content/{record}/publish`
///
/// # Errors
/// [`Fault::Refused`] without the consent; [`Fault::NotFound`].
pub async fn publish(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(address): Path<String>,
) -> Result<Response, Fault> {
    let (item, id) = parse(&address)?;
    web.app.publish(session.subject(), item, id, &Actor::Subject).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/content").into_response())
}

/// `POST /privacy/content/{record}/unpublish`
///
/// # Errors
/// [`Fault::NotFound`] for what is not published.
pub async fn unpublish(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(address): Path<String>,
) -> Result<Response, Fault> {
    let (item, id) = parse(&address)?;
    web.app.unpublish(session.subject(), item, id, &Actor::Subject).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/content").into_response())
}
