//! `/privacy/sharing`: who outside got what, why and when, what each recipient is, and the consent to it.
//!
//! Keeps promises 4.1 and 6.4: every disclosure with its receipt; a recipient that decides for itself has one switch,
//! the same to give and to withdraw; what was passed on to those who hold something, and whether they confirmed.

use askama::Template;
use avouch::rights::consent::asks_for_recipient;
use avouch::store::{Disclosure, Notice, SubjectId};
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::request::label;
use crate::site::privacy::readers;
use crate::site::privacy::uses::{labels, who};
use crate::state::{Signed, Web, page_fault, say};
use crate::words;

/// Something that was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// Labels of the items.
    pub items: String,
    /// Who gave it.
    pub who: String,
    /// What became of the call; empty where it was given otherwise.
    pub state: String,
    /// The leaf, as `log/index`.
    pub receipt: String,
}

/// A recipient that may get something.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Its name in the policy.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Its line of work.
    pub kind: String,
    /// Its role, in words.
    pub role: String,
    /// How to reach it.
    pub contact: String,
    /// Where its own policy stands.
    pub policy: String,
    /// Labels of its purposes.
    pub purposes: String,
    /// Labels of its items.
    pub items: String,
    /// Whether it has a switch, and how it stands.
    pub consent: Option<bool>,
    /// How often it was given something.
    pub times: u64,
}

/// What somebody who holds something was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub name: String,
    /// What happened, in words.
    pub event: String,
    /// To what.
    pub about: String,
    /// When it confirmed.
    pub confirmed: Option<Timestamp>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/sharing.html")]
pub struct Sharing {
    /// The frame.
    pub f: Frame,
    /// What was given, newest first.
    pub given: Vec<Given>,
    /// Who may get something, those with a switch first.
    pub recipients: Vec<Recipient>,
    /// What was passed on, newest first.
    pub told: Vec<Told>,
}

/// Disclosures and notices shown.
const SHOWN: usize = 100;

/// What those who hold something of a person were told, the newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn passed_on(web: &Web, f: &Frame, subject: SubjectId) -> Result<Vec<Told>, avouch::Fault> {
    let notices = web.app.told_of(subject).await?;
    let policy = web.policy();
    let passed = |n: &Notice| Told {
        at: n.at,
        name: readers(&policy, f, std::slice::from_ref(&n.name)).concat(),
        event: f.t(&format!("event-{}", n.event.name())),
        about: match policy.facts().sharing.recipients.get(&n.about) {
            Some(recipient) => say(f, &recipient.name),
            None => label(&policy, f, &n.about),
        },
        confirmed: n.acknowledged,
    };
    Ok(notices.iter().take(SHOWN).map(passed).collect())
}

/// `GET /privacy/sharing`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Sharing>, Fault> {
    let told = page_fault(&f);
    let subject = session.subject();
    let standing = web.app.account(subject).await.map_err(&told)?.standing;
    let disclosed = web.app.disclosures(subject).await.map_err(&told)?;
    let passed = passed_on(&web, &f, subject).await.map_err(&told)?;
    let policy = web.policy();
    let facts = policy.facts();
    let purpose = |name: &str| facts.usage.purposes.get(name).map_or_else(|| name.to_owned(), |p| say(&f, &p.label));
    let called = |name: &str| readers(&policy, &f, &[name.to_owned()]).concat();
    let row = |d: &Disclosure| Given {
        at: d.at,
        recipient: called(&d.recipient),
        purpose: purpose(&d.purpose),
        items: labels(&web, &f, &d.items),
        who: who(&f, &d.party, &d.actor),
        state: if d.state.is_empty() { String::new() } else { f.t(&format!("egress-{}", d.state)) },
        receipt: format!("{}/{}", d.receipt.log, d.receipt.index),
    };
    let mut recipients: Vec<Recipient> = facts
        .sharing
        .recipients
        .iter()
        .map(|(name, fact)| {
            let items: Vec<String> = fact.items.iter().cloned().collect();
            let on = policy.recipient(name).is_some_and(|id| standing.recipients.has(id.index()));
            Recipient {
                name: name.clone(),
                label: say(&f, &fact.name),
                clause: fact.clause.as_str().to_owned(),
                kind: say(&f, &fact.kind),
                role: words::role(f.texts, fact.role.as_str()),
                contact: fact.contact.clone().unwrap_or_default(),
                policy: fact.policy.clone().unwrap_or_default(),
                purposes: f.texts.list(&fact.purposes.iter().map(|p| purpose(p)).collect::<Vec<_>>()),
                items: labels(&web, &f, &items),
                consent: asks_for_recipient(&policy, name).then_some(on),
                times: disclosed.iter().filter(|d| d.recipient == *name).count() as u64,
            }
        })
        .collect();
    recipients.sort_by_key(|r| r.consent.is_none());
    Ok(Page(Sharing { given: disclosed.iter().take(SHOWN).map(row).collect(), recipients, told: passed, f }))
}

/// What a switch sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
}

/// `POST /privacy/sharing/{recipient}`: giving and withdrawing are the same step.
///
/// # Errors
/// [`Fault::NotFound`] for a recipient without a switch.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(recipient): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let given = match sent.answer.as_str() {
        "give" => true,
        "withdraw" => false,
        _ => return Err(Fault::Malformed),
    };
    let answer = web.app.answer_recipient(session.subject(), &recipient, given, f.tag());
    answer.await.map_err(page_fault(&f))?;
    Ok(Redirect::to(&format!("/privacy/sharing#{recipient}")).into_response())
}
