//! `/privacy/updates`: what a change of the policy means for this person, and what they are asked again.
//!
//! Keeps promises 7.1 and 7.2: only what concerns the person; yes and no side by side, the same one step; the no costs
//! nothing. That it was shown, and read, is evidenced.

use askama::Template;
use avouch::store::{ConsentKind, LinkId, Told};
use avouch::updates::notice::Update;
use avouch_policy::{Change, Policy};
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::site::policy;
use crate::site::privacy::consents::Sensitive;
use crate::state::{Signed, Web, page_fault, say};

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The purpose or recipient, by name.
    pub target: String,
    /// Its label.
    pub label: String,
    /// The clause.
    pub clause: String,
    /// Why, one sentence; empty for a recipient.
    pub why: String,
    /// What is new, as sentences.
    pub new: Vec<String>,
    /// What must be said before sensitive items are agreed to.
    pub sensitive: Vec<Sensitive>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/updates.html")]
pub struct Updates {
    /// The frame.
    pub f: Frame,
    /// What changed last; nothing where nothing did.
    pub shown: Option<Shown>,
    /// What is asked for children whose guardian this person is.
    pub children: Vec<Child>,
}

/// What is asked for a child.
#[derive(Clone, Debug)]
pub struct Child {
    /// The link to the child.
    pub link: String,
    /// The version that asks.
    pub version: String,
    /// The questions.
    pub questions: Vec<Question>,
}

/// One release, as it concerns this person.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The version.
    pub version: String,
    /// The version before.
    pub follows: String,
    /// When it comes or came into force.
    pub at: Timestamp,
    /// Whether it is still to come.
    pub coming: bool,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Whether a guardian answers it.
    pub child: bool,
    /// What changes for this person.
    pub changes: Vec<policy::Change>,
    /// How many changes do not concern them.
    pub others: usize,
    /// What they were told, in words, and when.
    pub told: Vec<(String, Timestamp)>,
    /// Whether they may still say that they have read it.
    pub unread: bool,
}

/// Whether a question of this kind is about a purpose, and not about a recipient.
const fn is_purpose(kind: ConsentKind) -> bool {
    matches!(kind, ConsentKind::Consent | ConsentKind::Separate)
}

/// The changes that are about one purpose or recipient.
fn about<'c>(
    changes: &'c [Change],
    policy: &'c Policy,
    kind: ConsentKind,
    target: &'c str,
) -> impl Iterator<Item = &'c Change> {
    let facts = policy.facts();
    changes.iter().filter(move |change| {
        let steps: Vec<&str> = change.path.split('.').collect();
        let purpose = is_purpose(kind);
        match steps.as_slice() {
            ["usage", "purposes", name, ..] => purpose && *name == target,
            ["sharing", "recipients", name, ..] if purpose => {
                facts.sharing.recipients.get(*name).is_some_and(|to| to.purposes.contains(target))
            }
            ["sharing", "recipients", name, ..] => *name == target,
            ["collection", "items", name, ..] => {
                purpose && facts.usage.purposes.get(target).is_some_and(|p| p.items.has(name))
            }
            _ => false,
        }
    })
}

fn question(f: &Frame, update: &Update, asked: &avouch::updates::question::Question) -> Option<Question> {
    let facts = update.policy.facts();
    let target = asked.target.as_str();
    let purpose = facts.usage.purposes.get(target).filter(|_| is_purpose(asked.kind));
    let recipient = facts.sharing.recipients.get(target).filter(|_| !is_purpose(asked.kind));
    let (label, clause) = match (purpose, recipient) {
        (Some(purpose), _) => (say(f, &purpose.label), &purpose.clause),
        (_, Some(recipient)) => (say(f, &recipient.name), &recipient.clause),
        _ => return None,
    };
    let names: Vec<&str> = match recipient {
        Some(recipient) => recipient.items.iter().map(String::as_str).collect(),
        None => update.policy.items_of(target),
    };
    let items: Vec<_> = names.into_iter().filter_map(|name| facts.collection.items.get(name)).collect();
    let changes = about(&update.changes, &update.policy, asked.kind, target);
    let mut new: Vec<String> = changes.map(|change| change.sentence.in_lang(f.tag()).to_owned()).collect();
    if new.is_empty() {
        // What changed lies further back than what the page compares: then all of it is said.
        let labels: Vec<String> = items.iter().map(|item| say(f, &item.label)).collect();
        new.push(f.t1("updates-uses", "items", f.texts.list(&labels)));
    }
    let sensitive = items.iter().filter(|item| item.sensitive).map(|item| Sensitive {
        label: say(f, &item.label),
        necessity: item.necessity.as_ref().map(|w| say(f, w)).unwrap_or_default(),
        impact: item.impact.as_ref().map(|w| say(f, w)).unwrap_or_default(),
    });
    Some(Question {
        sensitive: sensitive.collect(),
        why: purpose.map(|purpose| say(f, &purpose.why)).unwrap_or_default(),
        clause: clause.as_str().to_owned(),
        target: target.to_owned(),
        label,
        new,
    })
}

fn questions(f: &Frame, update: &Update) -> Vec<Question> {
    update.questions.iter().filter_map(|asked| question(f, update, asked)).collect()
}

fn shown(f: &Frame, update: &Update) -> Shown {
    let ways = |n: &avouch::store::ReleaseNotice| {
        [("updates-told-sent", n.sent), ("updates-told-shown", n.shown), ("updates-told-read", n.acknowledged)]
    };
    let told = update.notice.iter().flat_map(ways).filter_map(|(key, at)| Some((f.t(key), at?))).collect();
    let changes = update.changes.iter().map(|change| policy::Change {
        text: change.sentence.in_lang(f.tag()).to_owned(),
        major: change.major.is_some(),
    });
    Shown {
        version: update.release.version.clone(),
        follows: update.follows.clone(),
        at: update.release.in_force,
        coming: update.coming,
        questions: questions(f, update),
        changes: changes.collect(),
        child: update.child,
        others: update.others,
        told,
        unread: update.is_major() && !update.is_read(),
    }
}

/// `GET /privacy/updates`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Updates>, Fault> {
    let update = web.app.update_for(session.subject()).await.map_err(page_fault(&f))?;
    if let Some(update) = update.as_ref().filter(|update| update.notice.is_none_or(|n| n.shown.is_none())) {
        let told = web.app.told_of_update(session.subject(), &update.release.version, Told::Shown).await;
        told.map_err(page_fault(&f))?;
    }
    let children = web.app.updates_of_children(session.subject()).await.map_err(page_fault(&f))?;
    let child = |(link, update): &(LinkId, Update)| Child {
        link: link.to_string(),
        version: update.release.version.clone(),
        questions: questions(&f, update),
    };
    let children = children.iter().map(child).collect();
    Ok(Page(Updates { shown: update.map(|update| shown(&f, &update)), children, f }))
}

/// `POST /privacy/updates/{version}/read`
///
/// # Errors
/// [`Fault::NotFound`] for an unknown version.
pub async fn read(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(version): Path<String>,
) -> Result<Response, Fault> {
    web.app.told_of_update(session.subject(), &version, Told::Acknowledged).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/updates").into_response())
}

/// What the two buttons send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    answer: String,
    /// The link to the child it is answered for; empty for oneself.
    #[serde(default)]
    child: String,
}

/// `POST /privacy/updates/{version}/{target}`: yes or no, the same one step.
///
/// # Errors
/// [`Fault::NotFound`] when this person is not asked that.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path((version, target)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let yes = match sent.answer.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Fault::Malformed),
    };
    let who = session.subject();
    let answered = if sent.child.is_empty() {
        web.app.answer_update(who, &version, &target, yes, f.tag()).await
    } else {
        let child = sent.child.parse().map_err(|_| Fault::NotFound)?;
        web.app.answer_update_for(who, child, &version, &target, yes, f.tag()).await
    };
    answered.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/updates").into_response())
}
