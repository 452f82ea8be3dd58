//! `/leaves`: the ledger, searched and filtered; `/leaves/{log}/{index}`: one leaf.

use askama::Template;
use jiff::Timestamp;

use crate::form::Choice;
use crate::frame::Frame;
use crate::site::privacy::receipts::Leaf;
use avouch::store::{Evidence, Outcome, Receipt};
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::receipts;
use crate::site::privacy::uses::who;
use crate::state::{Web, page_fault};
use crate::words;

/// One leaf in the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its place in the log.
    pub index: u64,
    /// The leaf, as `log/index`.
    pub leaf: String,
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// How it ended, in words.
    pub outcome: String,
    /// Whether it was refused or failed.
    pub bad: bool,
    /// Who acted: kind and name.
    pub who: String,
    /// The purpose's name.
    pub purpose: String,
    /// Names of the items.
    pub items: String,
}

/// The table of leaves.
#[derive(Debug, Template)]
#[template(path = "console/leaves.html")]
pub struct Leaves {
    /// The frame.
    pub f: Frame,
    /// What was searched for: an index, a purpose, an item, an actor.
    pub q: String,
    /// The acts to choose from.
    pub acts: Vec<Choice>,
    /// The outcomes to choose from.
    pub outcomes: Vec<Choice>,
    /// The leaves of this page, newest first.
    pub rows: Vec<Row>,
    /// How many fit the search.
    pub total: u64,
    /// The parameters of the next page; empty on the last.
    pub next: String,
    /// The parameters of the page before; empty on the first.
    pub previous: String,
}

/// One leaf.
#[derive(Debug, Template)]
#[template(path = "console/leaf.html")]
pub struct LeafPage {
    /// The frame.
    pub f: Frame,
    /// What it says.
    pub leaf: Leaf,
}

/// Leaves looked through, the latest.
const LATEST: u32 = 1000;
/// Leaves on one page.
const PAGE: usize = 50;

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    page: usize,
}

/// A leaf as a row; it holds nothing personal.
#[must_use]
pub fn row(f: &Frame, e: &Evidence) -> Row {
    Row {
        index: e.receipt.index,
        leaf: format!("{}/{}", e.receipt.log, e.receipt.index),
        at: Timestamp::from_millisecond(e.leaf.at).unwrap_or(Timestamp::UNIX_EPOCH),
        act: words::act(f.texts, &e.leaf.act),
        outcome: words::outcome(f.texts, e.leaf.outcome.name()),
        bad: e.leaf.outcome != Outcome::Done,
        who: who(f, &e.leaf.party, &e.leaf.actor),
        purpose: e.leaf.purpose.clone(),
        items: e.leaf.items.join(", "),
    }
}

fn fits(e: &Evidence, asked: &Asked) -> bool {
    let q = asked.q.trim();
    let l = &e.leaf;
    let found = q.is_empty()
        || e.receipt.index.to_string() == q
        || [&l.purpose, &l.actor, &l.act, &l.party].into_iter().chain(&l.items).any(|part| part.contains(q));
    found
        && (asked.act.is_empty() || l.act == asked.act)
        && (asked.outcome.is_empty() || l.outcome.name() == asked.outcome)
}

fn choices(known: &[&str], chosen: &str, word: impl Fn(&str) -> String) -> Vec<Choice> {
    let choice = |code: &&str| Choice { value: (*code).to_owned(), label: word(code), chosen: *code == chosen };
    known.iter().map(choice).collect()
}

/// `GET /leaves`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    _: Operator,
    Query(asked): Query<Asked>,
) -> Result<Page<Leaves>, Fault> {
    let latest = web.app.latest_leaves(LATEST).await.map_err(page_fault(&f))?;
    let found: Vec<&Evidence> = latest.iter().filter(|e| fits(e, &asked)).collect();
    let from = asked.page.saturating_mul(PAGE);
    let to = |page: usize| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &asked.q)
            .append_pair("act", &asked.act)
            .append_pair("outcome", &asked.outcome)
            .append_pair("page", &page.to_string())
            .finish()
    };
    let next = if from.saturating_add(PAGE) < found.len() { to(asked.page + 1) } else { String::new() };
    let acts: Vec<&str> = words::ACTS.iter().chain(words::DEEDS).copied().collect();
    Ok(Page(Leaves {
        acts: choices(&acts, &asked.act, |code| words::act(f.texts, code)),
        outcomes: choices(&words::OUTCOMES, &asked.outcome, |code| words::outcome(f.texts, code)),
        rows: found.iter().skip(from).take(PAGE).map(|e| row(&f, e)).collect(),
        total: found.len() as u64,
        next,
        previous: asked.page.checked_sub(1).map(to).unwrap_or_default(),
        q: asked.q,
        f,
    }))
}

/// `GET /leaves/{log}/{index}`
///
/// # Errors
/// [`Fault::NotFound`] for a leaf that is not there.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    _: Operator,
    Path((log, index)): Path<(String, u64)>,
) -> Result<Page<LeafPage>, Fault> {
    let (evidence, head) = web.app.leaf(&Receipt { log, index }).await.map_err(page_fault(&f))?;
    Ok(Page(LeafPage { leaf: receipts::leaf(&web, &f, &evidence, Some((head.size, head.root))), f }))
}
