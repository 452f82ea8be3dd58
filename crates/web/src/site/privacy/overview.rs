//! `/privacy`: everything held about the person, by the chapters of the policy.
//!
//! Keeps promise 6.1: any item is one click from here, two from any signed-in page.

use askama::Template;
use jiff::civil;

use crate::frame::Frame;
use crate::shown::Shown;
use std::collections::BTreeMap;

use avouch::store::Sink;
use avouch_policy::model::Kind;
use axum::extract::State;

use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::days_ago;
use crate::state::{Signed, Web, page_fault, say};

/// One item held.
#[derive(Clone, Debug)]
pub struct Row {
    /// The item's name in the policy, for its address.
    pub item: String,
    /// Its label.
    pub label: String,
    /// The value, masked; for items with many records how many there are.
    pub value: Shown,
    /// Sensitive by the policy.
    pub sensitive: bool,
    /// How often it was used in the last thirty days.
    pub used: u64,
}

/// The items of one clause.
#[derive(Clone, Debug)]
pub struct Group {
    /// The clause.
    pub clause: String,
    /// What it is about.
    pub title: String,
    /// The items held.
    pub rows: Vec<Row>,
}

/// A contact that is not verified yet.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// Its item.
    pub item: String,
    /// Its label, as it stands within a sentence.
    pub label: String,
    /// Whether a code was sent there and waits to be typed.
    pub sent: bool,
}

/// The overview.
#[derive(Debug, Template)]
#[template(path = "site/privacy/overview.html")]
pub struct Overview {
    /// The frame.
    pub f: Frame,
    /// When the person joined.
    pub joined: civil::Date,
    /// What is held, by clause.
    pub groups: Vec<Group>,
    /// Contacts that wait to be verified.
    pub unverified: Vec<Unverified>,
    /// Whether something brought over from an older system waits for an answer.
    pub waiting: bool,
    /// Labels of what the policy knows but is not held of this person.
    pub absent: Vec<String>,
}

impl Overview {
    /// How many items are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }
}

/// `GET /privacy`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Overview>, Fault> {
    let told = page_fault(&f);
    let subject = session.subject();
    let policy = web.policy();
    let account = web.app.account(subject).await.map_err(&told)?;
    let held = web.app.holdings(subject).await.map_err(&told)?;
    let uses = web.app.uses(subject, days_ago(web.app.store.now(), 30)).await.map_err(&told)?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for head in &held {
        *counts.entry(policy.item_name(head.item)).or_default() += 1;
    }
    let items = &policy.facts().collection.items;
    // Single values are shown, masked, in one look at all of them; of many, their number.
    let single: Vec<&str> = items
        .iter()
        .filter(|(name, i)| {
            counts.contains_key(name.as_str())
                && !i.many
                && !i.kind.rests_apart()
                && !matches!(i.kind, Kind::Secret | Kind::Structured)
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let mut values: BTreeMap<String, Shown> = BTreeMap::new();
    if !single.is_empty() {
        for record in web.app.see_all(subject, &single).await.map_err(&told)? {
            let value = record.value.expose(Sink::Subject, |v| Shown::new(String::from_utf8_lossy(v)).masked());
            values.insert(policy.item_name(record.head.item).to_owned(), value);
        }
    }
    let waiting = !web.app.quarantined(subject).await.map_err(&told)?.is_empty();
    let (signals, _) = web.app.signals(subject).await.map_err(&told)?;
    let mut groups: Vec<Group> = Vec::new();
    let mut absent = Vec::new();
    for (name, item) in items {
        let Some(count) = counts.get(name.as_str()) else {
            if signals.iter().any(|sum| sum.item == *name) {
                // Listed with what devices sent.
                continue;
            }
            absent.push(say(&f, &item.label));
            continue;
        };
        let value = match item.kind {
            Kind::Secret => Shown::new("••••"),
            _ => values.remove(name).unwrap_or_else(|| Shown::new(f.t1("records", "count", *count))),
        };
        let row = Row {
            item: name.clone(),
            label: say(&f, &item.label),
            value,
            sensitive: item.sensitive,
            used: uses.iter().filter(|u| u.item == *name && u.party != "subject").map(|u| u.times).sum(),
        };
        let clause = item.clause.as_str();
        match groups.iter_mut().find(|g| g.clause == clause) {
            Some(group) => group.rows.push(row),
            None => {
                let key = format!("topic-{}", clause.replace('.', "-"));
                let title = if f.texts.has(&key) { f.t(&key) } else { f.t("topic-other") };
                groups.push(Group { clause: clause.to_owned(), title, rows: vec![row] });
            }
        }
    }
    groups.sort_by(|a, b| a.clause.cmp(&b.clause));
    let joined = account.joined.to_zoned_datetime(f.names.zone.clone()).date();
    let contacts = web.app.contacts(subject).await.map_err(&told)?;
    let mut unverified = Vec::new();
    for contact in contacts.into_iter().filter(|c| c.held && c.reachable && c.verified.is_none()) {
        let Some(item) = items.get(&contact.item) else { continue };
        let label = f.texts.within(&say(&f, &item.label));
        let sent = web.app.code_waits(&session, &contact.item).await.map_err(&told)?;
        unverified.push(Unverified { item: contact.item, label, sent });
    }
    Ok(Page(Overview { joined, groups, unverified, absent, f, waiting }))
}
