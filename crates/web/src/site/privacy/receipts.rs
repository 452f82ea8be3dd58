//! `/privacy/receipts`: the evidence of every act on the person's data, each checkable by a stranger.
//!
//! Keeps promise 6.1 and 0.1.

use askama::Template;
use jiff::Timestamp;

use crate::fault::Reason;
use crate::frame::Frame;
use avouch::store::{Evidence, Outcome, Receipt as Place};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::uses::{labels, who};
use crate::state::{Signed, Web, page_fault, reason, say};
use crate::words;

/// One receipt in the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// About what: the purpose, or the items.
    pub about: String,
    /// Whether it was refused.
    pub refused: bool,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// The list of receipts.
#[derive(Debug, Template)]
#[template(path = "site/privacy/receipts.html")]
pub struct Receipts {
    /// The frame.
    pub f: Frame,
    /// The receipts of this page, newest first.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: u64,
    /// The parameters of the next page; empty on the last.
    pub next: String,
    /// The parameters of the page before; empty on the first.
    pub previous: String,
}

/// What a leaf says, in words.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub act: String,
    /// How it ended.
    pub outcome: String,
    /// Whether it was refused.
    pub refused: bool,
    /// By whom.
    pub who: String,
    /// The purpose's label; empty for none.
    pub purpose: String,
    /// The clause; empty for none.
    pub clause: String,
    /// The basis, in words; empty for none.
    pub basis: String,
    /// Labels of the items; empty for none.
    pub items: String,
    /// To whom outside; empty for nobody.
    pub recipient: String,
    /// The region.
    pub region: String,
    /// The policy's digest, in hex.
    pub digest: String,
    /// Of a refusal: why.
    pub reasons: Vec<Reason>,
    /// The log's name.
    pub log: String,
    /// The place in the log.
    pub index: u64,
    /// The leaf's hash, in hex.
    pub hash: String,
    /// The size of the tree whose head covers it; none while that head is not yet signed.
    pub size: Option<u64>,
    /// That tree's root, in hex.
    pub root: String,
}

/// One receipt.
#[derive(Debug, Template)]
#[template(path = "site/privacy/receipt.html")]
pub struct Receipt {
    /// The frame.
    pub f: Frame,
    /// What the leaf says.
    pub leaf: Leaf,
}

/// Receipts on one page.
const PAGE: usize = 50;

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    page: usize,
}

fn at(evidence: &Evidence) -> Timestamp {
    Timestamp::from_millisecond(evidence.leaf.at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A purpose's label; what is no purpose is shown as it is.
fn purpose(web: &Web, f: &Frame, name: &str) -> String {
    web.policy().facts().usage.purposes.get(name).map_or_else(|| name.to_owned(), |p| say(f, &p.label))
}

/// `GET /privacy/receipts`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Query(asked): Query<Asked>,
) -> Result<Page<Receipts>, Fault> {
    let all = web.app.own_leaves(session.subject(), Timestamp::UNIX_EPOCH, 100_000);
    let all = all.await.map_err(page_fault(&f))?;
    let from = asked.page.saturating_mul(PAGE);
    let row = |e: &Evidence| Row {
        at: at(e),
        act: words::act(f.texts, &e.leaf.act),
        about: match e.leaf.items.as_slice() {
            [] => purpose(&web, &f, &e.leaf.purpose),
            items => labels(&web, &f, items),
        },
        refused: e.leaf.outcome == Outcome::Refused,
        receipt: format!("{}/{}", e.receipt.log, e.receipt.index),
    };
    let rows = all.iter().skip(from).take(PAGE).map(row).collect();
    let next = if from.saturating_add(PAGE) < all.len() { format!("page={}", asked.page + 1) } else { String::new() };
    let previous = asked.page.checked_sub(1).map(|p| format!("page={p}")).unwrap_or_default();
    Ok(Page(Receipts { rows, total: all.len() as u64, next, previous, f }))
}

/// What a leaf says, in the words of a page; `head` is the size and root of the signed head that covers it.
#[must_use]
pub fn leaf(web: &Web, f: &Frame, evidence: &Evidence, head: Option<(u64, Vec<u8>)>) -> Leaf {
    let policy = web.policy();
    let facts = policy.facts();
    let l = &evidence.leaf;
    let codes = l.reasons.iter().filter_map(|code| avouch_policy::Code::ALL.iter().find(|c| c.name() == code));
    let refusal = avouch_policy::Refusal {
        reasons: codes.map(|code| avouch_policy::Reason::act(*code)).collect(),
        purpose: policy.purpose(&l.purpose),
        recipient: l.recipient.as_deref().and_then(|name| policy.recipient(name)),
    };
    Leaf {
        at: at(evidence),
        act: words::act(f.texts, &l.act),
        outcome: words::outcome(f.texts, l.outcome.name()),
        refused: l.outcome == Outcome::Refused,
        who: who(f, &l.party, &l.actor),
        purpose: purpose(web, f, &l.purpose),
        clause: facts.usage.purposes.get(&l.purpose).map(|p| p.clause.as_str().to_owned()).unwrap_or_default(),
        basis: if l.basis.is_empty() { String::new() } else { words::basis(f.texts, &l.basis) },
        items: labels(web, f, &l.items),
        recipient: l.recipient.clone().unwrap_or_default(),
        region: facts.storage.regions.get(&l.region).map_or_else(|| l.region.clone(), |r| say(f, &r.label)),
        digest: data_encoding::HEXLOWER.encode(&l.policy),
        reasons: refusal.tell(&policy, f.tag()).into_iter().map(reason).collect(),
        log: evidence.receipt.log.clone(),
        index: evidence.receipt.index,
        hash: data_encoding::HEXLOWER.encode(&avouch::store::leaf_hash(&l.encode())),
        size: head.as_ref().map(|(size, _)| *size),
        root: head.map(|(_, root)| data_encoding::HEXLOWER.encode(&root)).unwrap_or_default(),
    }
}

/// `GET /privacy/receipts/{log}/{index}`
///
/// # Errors
/// [`Fault::NotFound`] for a leaf that is not this person's.
pub async fn one(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((log, index)): Path<(String, u64)>,
) -> Result<Page<Receipt>, Fault> {
    let place = Place { log, index };
    let (evidence, head) = web.app.own_leaf(session.subject(), &place).await.map_err(page_fault(&f))?;
    Ok(Page(Receipt { leaf: leaf(&web, &f, &evidence, Some((head.size, head.root))), f }))
}

/// `GET /privacy/receipts/{log}/{index}/proof.json`
///
/// # Errors
/// [`Fault::NotFound`] for a leaf that is not this person's.
pub async fn proof(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((log, index)): Path<(String, u64)>,
) -> Result<Response, Fault> {
    let place = Place { log, index };
    let proof = web.app.prove_own(session.subject(), &place).await.map_err(page_fault(&f))?;
    let name = format!("attachment; filename=\"proof-{index}.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(proof)).into_response())
}
