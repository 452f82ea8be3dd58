//! `/privacy/guardian`: a child asks, a guardian confirms, both see it.
//!
//! Keeps promise 6.5 (PIPL 31). The page says to a child in short words what is asked and why nothing works
//! meanwhile; to a guardian what is agreed to, before it is.

use askama::Template;
use avouch::rights::guardian::{Confirmation, Relation, code, invitation_code};
use avouch::store::{LinkId, LinkRole};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::site::privacy::proof::{self, Proof, password};
use crate::state::{Signed, Web, page_fault, say, told};

/// A link as the page shows it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name, for its address.
    pub id: String,
    /// Whether the reader is the child in it.
    pub child: bool,
    /// The code the child reads out.
    pub code: String,
    /// When the child asked.
    pub asked: Timestamp,
    /// When the guardian confirmed.
    pub confirmed: Option<Timestamp>,
    /// Whether this request's form stands open: one at a time.
    pub form: bool,
    /// The code of an invitation that is open; empty for a request.
    pub invitation: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/guardian.html")]
pub struct Guardian {
    /// The frame.
    pub f: Frame,
    /// Whether the reader is a child.
    pub child: bool,
    /// Whether the form for an invitation stands open.
    pub invite: bool,
    /// Whether a guardian's consent is missing.
    pub needs_guardian: bool,
    /// Whether the reader can be a guardian.
    pub can_guard: bool,
    /// Below which age a guardian agrees.
    pub age: u32,
    /// The links.
    pub links: Vec<Link>,
    /// Whom the child asks.
    pub ask: Field,
    /// Whether the child has just asked.
    pub asked: bool,
    /// What a guardian agrees to: labels of the purposes that begin.
    pub purposes: Vec<String>,
    /// Code, evidence and, where it was not shown lately, the password.
    pub fields: Vec<Field>,
    /// What a guardian can be to a child.
    pub relations: Vec<Choice>,
    /// What is wrong with the relation; empty when nothing is.
    pub relation_error: String,
    /// What was wrong with the whole; empty when nothing was.
    pub error: String,
}

/// What the page's forms send.
#[derive(Deserialize, Default)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Sent {
    #[serde(default)]
    who: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    relation: String,
    #[serde(default)]
    evidence: String,
    #[serde(flatten)]
    proof: Proof,
}

/// What is wrong, field by field.
type Wrong = Vec<(String, String)>;

/// What a guardian agrees to: the purposes that begin for the child, all but those that wait for an answer of
/// their own.
fn begins(web: &Web, f: &Frame) -> Vec<String> {
    let policy = web.policy();
    let facts = policy.facts();
    let begins = |name: &String, p: &avouch_policy::model::Purpose| {
        p.essential
            && !p.exceptional
            && p.citation.is_none()
            && avouch::rights::consent::kind_of(&policy, name).is_none()
    };
    facts.usage.purposes.iter().filter(|(name, p)| begins(name, p)).map(|(_, p)| say(f, &p.label)).collect()
}

/// The words a guardian agrees to, whose digest goes into the child's history.
fn wording(f: &Frame, purposes: &[String]) -> String {
    f.t1("guardian-agree-text", "purposes", f.texts.list_within(purposes))
}

async fn page(web: &Web, f: Frame, signed: &Signed, sent: &Sent, wrong: &Wrong) -> Result<Guardian, Fault> {
    let family = web.app.family(signed.0.subject()).await.map_err(page_fault(&f))?;
    let error = |name: &str| wrong.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone()).unwrap_or_default();
    let mut fields = vec![
        Field::new("code", f.t("guardian-code"), Input::Text)
            .required()
            .hint(f.t("guardian-code-hint"))
            .error(error("code")),
        Field::new("evidence", f.t("guardian-evidence"), Input::Text)
            .required()
            .hint(f.t("guardian-evidence-hint"))
            .value(crate::shown::Shown::new(sent.evidence.as_str()))
            .error(error("evidence")),
    ];
    if !signed.0.proven {
        fields.push(password(&f).error(error("password")));
    }
    let relation = |r: Relation| {
        let key = match r {
            Relation::Parent => "relation-parent",
            Relation::Relative => "relation-relative",
            Relation::Appointed => "relation-appointed",
        };
        Choice { value: r.name().to_owned(), label: f.t(key), chosen: sent.relation == r.name() }
    };
    let first = family
        .links
        .iter()
        .find(|l| l.role == LinkRole::Guardian && l.confirmed.is_none() && !l.invitation)
        .map(|l| l.id);
    let (age, _) = avouch::collection::real_name::ages(&web.policy());
    Ok(Guardian {
        invite: family.can_guard && first.is_none(),
        child: family.child,
        needs_guardian: family.needs_guardian,
        can_guard: family.can_guard,
        age,
        links: family
            .links
            .iter()
            .map(|l| Link {
                id: l.id.to_string(),
                child: l.role == LinkRole::Child,
                code: code(l.id),
                asked: l.asked,
                confirmed: l.confirmed,
                form: first == Some(l.id),
                invitation: if l.invitation { invitation_code(l.id) } else { String::new() },
            })
            .collect(),
        ask: Field::new("who", f.t("guardian-who"), Input::Text)
            .required()
            .hint(f.t("guardian-who-hint"))
            .error(error("who")),
        asked: false,
        purposes: begins(web, &f),
        fields,
        relations: Relation::ALL.into_iter().map(relation).collect(),
        relation_error: error("relation"),
        error: error("whole"),
        f,
    })
}

/// `GET /privacy/guardian`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, signed: Signed) -> Result<Page<Guardian>, Fault> {
    Ok(Page(page(&web, f, &signed, &Sent::default(), &Vec::new()).await?))
}

/// `POST /privacy/guardian`: a child asks.
///
/// # Errors
/// [`Fault::NotFound`] for somebody who needs no guardian; [`Fault::TooMany`].
pub async fn ask(
    State(web): State<Web>,
    f: Frame,
    signed: Signed,
    Form(sent): Form<Sent>,
) -> Result<Page<Guardian>, Fault> {
    web.app.ask_guardian(&signed.0, &sent.who).await.map_err(page_fault(&f))?;
    let mut page = page(&web, f, &signed, &Sent::default(), &Vec::new()).await?;
    page.asked = true;
    Ok(Page(page))
}

/// `POST /privacy/guardian/invite`: a guardian agrees ahead.
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn invite(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    agree(&web, f, session, None, sent).await
}

/// `POST /privacy/guardian/{link}/confirm`
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn confirm(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(link): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let id: LinkId = link.parse().map_err(|_| Fault::NotFound)?;
    agree(&web, f, session, Some(id), sent).await
}

/// A guardian agrees: to a request, or ahead.
async fn agree(
    web: &Web,
    f: Frame,
    mut session: avouch::security::session::Session,
    id: Option<LinkId>,
    sent: Sent,
) -> Result<Response, Fault> {
    let mut outcome = Ok(());
    if sent.proof.given() {
        outcome = sent.proof.show(web, &mut session, &f).await;
    }
    if outcome.is_ok() {
        let wording = avouch::store::sha256(wording(&f, &begins(web, &f)).as_bytes());
        let confirmation = Confirmation {
            code: sent.code.clone(),
            relation: Relation::named(&sent.relation),
            evidence: Zeroizing::new(sent.evidence.clone()),
            wording,
            language: f.tag().to_owned(),
        };
        outcome = match id {
            Some(id) => web.app.confirm_guardian(&session, id, confirmation).await.map(|_| ()),
            None => web.app.invite_child(&session, confirmation).await.map(|_| ()),
        };
    }
    let (status, wrong) = match outcome {
        Ok(()) => return Ok(Redirect::to("/privacy/guardian").into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let text = |fault: &avouch::FieldFault| match fault.code {
                "wrong-code" => f.t("guardian-code-wrong"),
                _ => f.t("field-required"),
            };
            (StatusCode::UNPROCESSABLE_ENTITY, faults.iter().map(|x| (x.field.clone(), text(x))).collect())
        }
        Err(avouch::Fault::NotNow(_)) => {
            (StatusCode::CONFLICT, vec![("whole".to_owned(), f.t("guardian-verify-first"))])
        }
        Err(other) => {
            let (status, error) = proof::error(&f, &other).ok_or_else(|| told(&other, f.tag()))?;
            (status, vec![("password".to_owned(), error)])
        }
    };
    let shown = page(web, f, &Signed(session), &sent, &wrong).await?;
    Ok(PageWith(status, shown).into_response())
}

/// `POST /privacy/guardian/{link}/end`
///
/// # Errors
/// [`Fault::NotFound`] for a link that is not the reader's to end.
pub async fn end(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Path(link): Path<String>,
) -> Result<Response, Fault> {
    let id: LinkId = link.parse().map_err(|_| Fault::NotFound)?;
    web.app.end_guardian(&session, id, f.tag()).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/guardian").into_response())
}
