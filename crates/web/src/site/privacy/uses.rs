//! `/privacy/uses`: who used my data, from the ledger.
//!
//! Keeps promise 0.1 and 6.1: one sentence a purpose, over a range the person chooses; details on request,
//! each with its receipt; refusals are told too.

use askama::Template;
use jiff::Timestamp;

use crate::frame::Frame;
use std::collections::BTreeMap;

use avouch::store::{Evidence, Outcome};
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::days_ago;
use crate::state::{Signed, Web, page_fault, say};
use crate::words;

/// The ranges offered, in days.
pub const RANGES: [u32; 3] = [7, 30, 365];

/// The range asked for, or thirty days for anything not offered.
#[must_use]
pub fn range(days: Option<u32>) -> u32 {
    days.filter(|d| RANGES.contains(d)).unwrap_or(30)
}

/// The use for one purpose.
#[derive(Clone, Debug)]
pub struct Line {
    /// The purpose's name in the policy.
    pub purpose: String,
    /// The purpose's label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// The sentence.
    pub sentence: String,
    /// By whom: labels of services, staff or recipients.
    pub who: String,
    /// Whether the details are open.
    pub open: bool,
}

/// One use.
#[derive(Clone, Debug)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// What was done, in words.
    pub act: String,
    /// By whom.
    pub who: String,
    /// Labels of the items.
    pub items: String,
    /// To whom outside; empty for nobody.
    pub recipient: String,
    /// Whether the policy refused it.
    pub refused: bool,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// The page of uses.
#[derive(Debug, Template)]
#[template(path = "site/privacy/uses.html")]
pub struct Uses {
    /// The frame.
    pub f: Frame,
    /// The range, in days.
    pub days: u32,
    /// One line a purpose, the most used first.
    pub lines: Vec<Line>,
    /// Labels of purposes for which nothing was used.
    pub unused: Vec<String>,
    /// How many uses the policy refused in the range.
    pub refused: u64,
    /// The details of the purpose asked for, newest first.
    pub details: Vec<Use>,
    /// How many more there are than shown.
    pub more: u64,
}

impl Uses {
    /// The ranges offered.
    #[must_use]
    pub fn ranges(&self) -> [u32; 3] {
        RANGES
    }
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    days: Option<u32>,
    purpose: Option<String>,
}

/// Details shown of one purpose.
const SHOWN: usize = 50;

/// Who acted, in words: a service or role account by name, others by kind.
#[must_use]
pub fn who(f: &Frame, party: &str, actor: &str) -> String {
    let kind = words::party(f.texts, party);
    if actor.is_empty() { kind } else { format!("{kind} {actor}") }
}

/// Labels of items by name.
#[must_use]
pub fn labels(web: &Web, f: &Frame, items: &[String]) -> String {
    let policy = web.policy();
    let known = &policy.facts().collection.items;
    let label = |name: &String| known.get(name).map_or_else(|| name.clone(), |item| say(f, &item.label));
    f.texts.list(&items.iter().map(label).collect::<Vec<_>>())
}

fn sorted<T: Ord>(parts: impl Iterator<Item = T>) -> Vec<T> {
    parts.collect::<std::collections::BTreeSet<T>>().into_iter().collect()
}

/// `GET /privacy/uses`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Query(asked): Query<Asked>,
) -> Result<Page<Uses>, Fault> {
    let days = range(asked.days);
    let since = days_ago(web.app.store.now(), days);
    let leaves = web.app.own_leaves(session.subject(), since, 100_000).await.map_err(page_fault(&f))?;
    let policy = web.policy();
    let facts = policy.facts();
    let mut by_purpose: BTreeMap<&str, Vec<&Evidence>> = BTreeMap::new();
    let mut refused = 0;
    for evidence in &leaves {
        match (evidence.leaf.act.as_str(), evidence.leaf.outcome) {
            ("use" | "share" | "export" | "publish", Outcome::Refused) => refused += 1,
            ("use" | "share" | "export" | "publish", _) => {
                by_purpose.entry(&evidence.leaf.purpose).or_default().push(evidence);
            }
            _ => {}
        }
    }
    let mut lines: Vec<(usize, Line)> = Vec::new();
    for (purpose, uses) in &by_purpose {
        let fact = facts.usage.purposes.get(*purpose);
        let items = sorted(uses.iter().flat_map(|e| e.leaf.items.iter().cloned()));
        let by = sorted(uses.iter().map(|e| who(&f, &e.leaf.party, &e.leaf.actor)));
        let last = uses.iter().map(|e| e.leaf.at).max().and_then(|at| Timestamp::from_millisecond(at).ok());
        let last = last.map(|at| f.day(&at)).unwrap_or_default();
        let key = if items.len() > 1 { "uses-count-many" } else { "uses-count" };
        let what = labels(&web, &f, &items);
        let line = Line {
            purpose: (*purpose).to_owned(),
            label: fact.map_or_else(|| (*purpose).to_owned(), |p| say(&f, &p.label)),
            clause: fact.map(|p| p.clause.as_str().to_owned()).unwrap_or_default(),
            sentence: f.texts.with(key, &[("count", &uses.len()), ("items", &what), ("last", &last)]),
            who: f.texts.list(&by),
            open: asked.purpose.as_deref() == Some(*purpose),
        };
        lines.push((uses.len(), line));
    }
    lines.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
    let chosen = asked.purpose.as_deref().and_then(|p| by_purpose.get(p)).map_or(&[][..], Vec::as_slice);
    let detail = |e: &&Evidence| Use {
        at: Timestamp::from_millisecond(e.leaf.at).unwrap_or(Timestamp::UNIX_EPOCH),
        act: words::act(f.texts, &e.leaf.act),
        who: who(&f, &e.leaf.party, &e.leaf.actor),
        items: labels(&web, &f, &e.leaf.items),
        recipient: e.leaf.recipient.clone().unwrap_or_default(),
        refused: e.leaf.outcome == Outcome::Refused,
        receipt: format!("{}/{}", e.receipt.log, e.receipt.index),
    };
    let details = chosen.iter().take(SHOWN).map(detail).collect();
    let unused = facts.usage.purposes.iter().filter(|(name, _)| !by_purpose.contains_key(name.as_str()));
    let unused = unused.map(|(_, p)| say(&f, &p.label)).collect();
    let more = chosen.len().saturating_sub(SHOWN) as u64;
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    Ok(Page(Uses { days, lines, unused, refused, details, more, f }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_offered_ranges_are_taken() {
        assert_eq!(range(Some(365)), 365);
        assert_eq!(range(Some(100_000)), 30);
        assert_eq!(range(None), 30);
    }
}
