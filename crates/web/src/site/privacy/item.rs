//! `/privacy/items/{item}`: one item: its value, why it is held, by whom it was used, until when it is kept.
//!
//! Keeps promise 6.1 and 0.1. The value is masked until the person gives the password again; uses are told
//! as one sentence a purpose, details on request.

use askama::Template;
use jiff::Timestamp;

use crate::form::Field;
use crate::frame::Frame;
use crate::shown::Shown;
use avouch::store::Sink;
use avouch_policy::model::{After, Basis, Kind};
use avouch_policy::{End, Period};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::page::Page;
use crate::site::privacy::proof::{Proof, password};
use crate::site::privacy::{Kept, days_ago, real_name, uses};
use crate::state::{Signed, Web, page_fault, say, told};
use crate::words;

/// Until when a purpose keeps what it has, in words.
pub(crate) fn kept_until(f: &Frame, purpose: &avouch_policy::model::Purpose) -> String {
    purpose.retention.as_ref().map_or_else(String::new, |r| kept_after(f, r.after, r.keep))
}

/// Until when something is kept that is kept so long after that, in words.
fn kept_after(f: &Frame, after: After, keep: Period) -> String {
    let period = || keep.in_words(f.tag());
    match after {
        After::AccountCancelled => f.t("until-account"),
        After::ConsentWithdrawn if keep.is_zero() => f.t("until-withdrawn"),
        After::ConsentWithdrawn => f.t1("until-after-withdrawn", "period", period()),
        After::Collected => f.t1("until-after-collected", "period", period()),
        After::LastUsed => f.t1("until-after-used", "period", period()),
        After::PurposeEnded if keep.is_zero() => f.t("until-purpose"),
        After::PurposeEnded => f.t1("until-after-purpose", "period", period()),
        After::ContractEnded if keep.is_zero() => f.t("until-contract"),
        After::ContractEnded => f.t1("until-after-contract", "period", period()),
    }
}

/// When a record ends and which purpose keeps it so long, in words; empty where no rule stands beside it.
fn ends(f: &Frame, policy: &avouch_policy::Policy, head: &avouch::store::RecordHead) -> String {
    let Some(end) = End::read(&head.rule, head.until) else { return String::new() };
    let facts = policy.facts();
    let purpose = facts.usage.purposes.get(&end.purpose).map_or_else(|| end.purpose.clone(), |p| say(f, &p.label));
    let why = kept_after(f, end.after, end.keep);
    match end.until {
        Some(at) => f.texts.with("record-ends", &[("date", &f.day(&at)), ("purpose", &purpose), ("why", &why)]),
        None => f.texts.with("record-open", &[("purpose", &purpose), ("why", &why)]),
    }
}

/// One record of the item.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name, for its address.
    pub id: String,
    /// The value, masked or not.
    pub value: Shown,
    /// When it was collected.
    pub collected: Timestamp,
    /// When it ends and why, in words; empty where that is not known.
    pub ends: String,
}

/// One purpose the item is used for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Its name in the policy.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence.
    pub why: String,
    /// The legal basis, in words.
    pub basis: String,
    /// The law, as cited; empty for none.
    pub citation: String,
    /// Until when it is kept for this purpose, in words.
    pub until: String,
    /// The use in the chosen range, as one sentence.
    pub sentence: String,
    /// If the purpose waits for consent: whether it is given.
    pub consent: Option<bool>,
}

/// Somebody outside who gets the item.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Name.
    pub name: String,
    /// What it is: processor, controller, authority, in words.
    pub role: String,
    /// What for: labels of purposes.
    pub purposes: String,
    /// Where.
    pub region: String,
    /// How to reach it.
    pub contact: String,
}

/// The page of one item.
#[derive(Debug, Template)]
#[template(path = "site/privacy/item.html")]
pub struct ItemPage {
    /// The frame.
    pub f: Frame,
    /// The item's name in the policy.
    pub item: String,
    /// Its label.
    pub label: String,
    /// Its clause.
    pub clause: String,
    /// Sensitive: then why it is needed and what a leak could do are said.
    pub sensitive: bool,
    /// Why a sensitive item is needed; empty else.
    pub necessity: String,
    /// What a leak could do; empty else.
    pub impact: String,
    /// Where it came from, in words.
    pub source: String,
    /// The region it rests in.
    pub region: String,
    /// The records held.
    pub records: Vec<Record>,
    /// Whether values are shown in full.
    pub revealed: bool,
    /// The password field of the form that shows values; none for items that are never shown.
    pub password: Option<Field>,
    /// What it is used for.
    pub purposes: Vec<Purpose>,
    /// Who outside gets it.
    pub recipients: Vec<Recipient>,
    /// The range of the use history, in days.
    pub days: u32,
    /// Whether it can be corrected here.
    pub can_correct: bool,
    /// Whether it can be deleted here.
    pub can_delete: bool,
    /// Why it cannot be deleted by itself; empty when it can.
    pub not_deletable: String,
}

/// The range asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Range {
    days: Option<u32>,
}

/// `GET /privacy/items/{item}`
///
/// # Errors
/// [`Fault::NotFound`] for an item the policy does not name.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(name): Path<String>,
    Query(range): Query<Range>,
) -> Result<Page<ItemPage>, Fault> {
    let told = page_fault(&f);
    let subject = session.subject();
    let policy = web.policy();
    let facts = policy.facts();
    let item = facts.collection.items.get(&name).ok_or(Fault::NotFound)?;
    let days = uses::range(range.days);
    // Counted before the page's own look, which is told at the next.
    let counts = web.app.uses(subject, days_ago(web.app.store.now(), days)).await.map_err(&told)?;
    let standing = web.app.account(subject).await.map_err(&told)?.standing;
    let masked = matches!(item.kind, Kind::Email | Kind::Phone | Kind::IdDocument)
        || item.sensitive
        || real_name::hidden(item, &name);
    let revealed = session.proven || !masked;
    // What is in an address names item and record.
    let address = |record: &avouch::store::RecordId| format!("{name}.{record}");
    let records: Vec<Record> = if item.kind == Kind::Secret {
        let held = web.app.holdings(subject).await.map_err(&told)?;
        let mine = held.iter().filter(|h| policy.item_name(h.item) == name);
        let show = |h: &avouch::store::RecordHead| Record {
            id: address(&h.id),
            value: Shown::new("••••"),
            collected: h.changed,
            ends: ends(&f, &policy, h),
        };
        mine.map(show).collect()
    } else {
        let opened = web.app.see(subject, &name).await.map_err(&told)?;
        let show = |r: &avouch::store::Record| {
            let value = r.value.expose(Sink::Subject, |v| Shown::value(item.kind, v));
            let value = if revealed { value } else { value.masked() };
            Record { id: address(&r.head.id), value, collected: r.head.created, ends: ends(&f, &policy, &r.head) }
        };
        opened.iter().map(show).collect()
    };
    let mut purposes = Vec::new();
    for (purpose, fact) in facts.usage.purposes.iter().filter(|(_, p)| p.items.has(&name)) {
        let used: Vec<_> = counts.iter().filter(|c| c.purpose == *purpose && c.item == name).collect();
        let times: u64 = used.iter().map(|c| c.times).sum();
        let label = say(&f, &item.label);
        let sentence = match used.iter().map(|c| c.last).max() {
            None => f.t("uses-not"),
            Some(last) => {
                let last = f.day(&last);
                f.texts.with("uses-count", &[("count", &times), ("items", &label), ("last", &last)])
            }
        };
        let consent = match (fact.basis, policy.purpose(purpose)) {
            (Basis::Consent, Some(id)) => Some(standing.consents.has(id.index())),
            (Basis::SeparateConsent, Some(id)) => Some(standing.separate.has(id.index())),
            _ => None,
        };
        let until = kept_until(&f, fact);
        let law = fact.citation.as_deref().and_then(avouch_policy::law::record);
        purposes.push(Purpose {
            name: purpose.clone(),
            label: say(&f, &fact.label),
            clause: fact.clause.as_str().to_owned(),
            why: say(&f, &fact.why),
            basis: words::basis(f.texts, fact.basis.as_str()),
            citation: law.map(|(_, r)| r.citation.clone()).unwrap_or_default(),
            until,
            sentence,
            consent,
        });
    }
    let region = |r: &String| facts.storage.regions.get(r).map_or_else(|| r.clone(), |x| say(&f, &x.label));
    let label = |p: &String| facts.usage.purposes.get(p).map(|p| say(&f, &p.label));
    let outside = facts.sharing.recipients.values().filter(|r| r.items.contains(&name));
    let recipients = outside
        .map(|r| Recipient {
            name: say(&f, &r.name),
            role: words::role(f.texts, r.role.as_str()),
            purposes: f.texts.list(&r.purposes.iter().filter_map(label).collect::<Vec<_>>()),
            region: region(&r.region),
            contact: r.contact.clone().unwrap_or_default(),
        })
        .collect();
    let not_deletable = match (item.deletable, Kept::of(&policy, &f, &name)) {
        (true, _) => String::new(),
        (false, Some(_)) => f.t("item-kept-by-law"),
        (false, None) => f.t("item-needed"),
    };
    Ok(Page(ItemPage {
        label: say(&f, &item.label),
        clause: item.clause.as_str().to_owned(),
        sensitive: item.sensitive,
        necessity: item.necessity.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
        impact: item.impact.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
        source: words::source(f.texts, item.source.as_str()),
        region: region(&facts.controller.region),
        records,
        revealed,
        password: (masked && item.kind != Kind::Secret).then(|| password(&f)),
        purposes,
        recipients,
        days,
        can_correct: item.editable,
        can_delete: item.deletable,
        not_deletable,
        item: name.clone(),
        f,
    }))
}

/// `POST /privacy/items/{item}/reveal`
///
/// # Errors
/// [`Fault::Forbidden`] for a wrong password.
pub async fn reveal(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Path(name): Path<String>,
    Form(proof): Form<Proof>,
) -> Result<Response, Fault> {
    proof.show(&web, &mut session, &f).await.map_err(|e| told(&e, f.tag()))?;
    let known = web.policy().item(&name).is_some();
    Ok(Redirect::to(&if known { format!("/privacy/items/{name}") } else { "/privacy".to_owned() }).into_response())
}
