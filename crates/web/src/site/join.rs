//! `/join`: opening an account.
//!
//! Keeps promise 2.1 (registration asks what the account needs), 1.1 and 0.1: each field says why it is
//! asked, optional ones are marked, at least one contact is enough, nothing is ticked beforehand, and the
//! age is asked only as a band.

use askama::Template;

use crate::form::{Choice, Field};
use crate::frame::Frame;
use std::collections::BTreeMap;

use avouch::FieldFault;
use avouch::security::code::From;
use avouch::security::session::Session;
use avouch::store::{Actor, AgeBand};
use avouch_policy::model::Kind;
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::fault::Fault;
use crate::form::Input;
use crate::http::{cookie, csrf};
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::joint;
use crate::site::summary::Summary;
use crate::state::{Browser, Web, say, told};

/// The form for joining.
#[derive(Debug, Template)]
#[template(path = "site/join.html")]
pub struct Join {
    /// The frame.
    pub f: Frame,
    /// User name and password.
    pub fields: Vec<Field>,
    /// Mobile number and e-mail address: one of them is needed.
    pub contacts: Vec<Field>,
    /// What the account can do without.
    pub optional: Vec<Field>,
    /// Age bands.
    pub ages: Vec<Choice>,
    /// The code of a guardian's invitation, for a child.
    pub invitation: Field,
    /// What was wrong with the age; empty when nothing was.
    pub age_error: String,
    /// Below which age a guardian must consent, from the law pack.
    pub guardian_under: u32,
    /// The purposes that stay off until the person turns them on.
    pub off: Vec<String>,
    /// The policy's version the contract is made under.
    pub version: String,
    /// What was wrong with the form as a whole; empty when nothing was.
    pub error: String,
    /// Partners whose accounts people can come in with.
    pub ways: Vec<joint::Way>,
}

impl Join {
    /// Every field with something wrong, for the summary on top of the form.
    #[must_use]
    pub fn wrong(&self) -> Vec<&Field> {
        [&self.fields, &self.contacts, &self.optional]
            .into_iter()
            .flatten()
            .filter(|field| !field.error.is_empty())
            .collect()
    }

    /// Whether the form comes back with something wrong.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.error.is_empty() || !self.age_error.is_empty() || !self.wrong().is_empty()
    }
}

/// How a field of an item's kind is typed, and what browsers may fill in.
#[must_use]
pub(crate) fn input(kind: Kind, name: &str) -> (Input, &'static str) {
    match (kind, name) {
        (Kind::Email, _) => (Input::Email, "email"),
        (Kind::Phone, _) => (Input::Phone, "tel"),
        (Kind::Secret, _) => (Input::Password, "new-password"),
        (_, "user_name") => (Input::Text, "username"),
        (_, "nickname") => (Input::Text, "nickname"),
        _ => (Input::Text, "off"),
    }
}

/// What is wrong with a field, in the page's words.
#[must_use]
pub(crate) fn wrong(f: &Frame, fault: &FieldFault, given: &str) -> String {
    let count = given.chars().count();
    match fault.code {
        "required" => f.t("field-required"),
        "contact-required" => f.t("join-contact-missing"),
        "password-too-short" => {
            f.t2("field-password-short", "count", avouch::security::password::SHORTEST, "given", count)
        }
        "password-too-long" => f.t1("field-long", "count", avouch::security::password::LONGEST),
        "password-common" => f.t("field-password-common"),
        "not-a-user-name" => f.t("field-user-name-bad"),
        "not-a-phone" => f.t("field-phone-bad"),
        "not-an-email" => f.t("field-email-bad"),
        _ => fault.text.clone(),
    }
}

/// The age bands, one of them chosen; none where the policy has no rule for minors.
pub(crate) fn ages(f: &Frame, facts: &avouch_policy::Facts, chosen: &str) -> Vec<Choice> {
    let Some(minors) = &facts.collection.minors else { return Vec::new() };
    let (child, grown) = (minors.guardian_under, minors.marked_under);
    let age = |value: &str, label: String| Choice { value: value.to_owned(), label, chosen: chosen == value };
    vec![
        age("adult", f.t1("join-age-adult", "age", grown)),
        age("teen", f.t2("join-age-teen", "from", child, "to", grown.saturating_sub(1))),
        age("child", f.t1("join-age-under", "age", child)),
    ]
}

fn form(web: &Web, f: Frame, given: &BTreeMap<String, String>, faults: &[FieldFault]) -> Join {
    let policy = web.policy();
    let facts = policy.facts();
    let mut join = Join {
        fields: Vec::new(),
        contacts: Vec::new(),
        optional: Vec::new(),
        ages: Vec::new(),
        invitation: Field::new("invitation", f.t("join-invitation"), Input::Text).hint(f.t("join-invitation-hint")),
        age_error: String::new(),
        guardian_under: facts.collection.minors.as_ref().map_or(0, |m| m.guardian_under),
        off: Summary::of(web, &f).optional,
        version: policy.version().to_owned(),
        error: String::new(),
        ways: joint::ways(web, &f),
        f,
    };
    let f = &join.f;
    if let Some(purpose) = facts.usage.purposes.get(avouch::collection::join::PURPOSE) {
        for name in policy.items_of(avouch::collection::join::PURPOSE) {
            let Some(item) = facts.collection.items.get(name) else { continue };
            if item.kind.rests_apart() {
                continue;
            }
            let (kind, autocomplete) = input(item.kind, name);
            let mut field = Field::new(name, say(f, &item.label), kind)
                .why(say(f, item.why.as_ref().unwrap_or(&purpose.why)), purpose.clause.as_str())
                .autocomplete(autocomplete);
            field = match item.kind {
                Kind::Secret => field.hint(f.t1("field-password-hint", "count", avouch::security::password::SHORTEST)),
                Kind::Phone => field.hint(f.t("field-phone-hint")),
                _ if item.identifier && !item.contact => field.hint(f.t("field-user-name-hint")),
                _ => field,
            };
            let value = given.get(name).map_or("", String::as_str);
            field = field.value(Shown::new(value));
            if let Some(fault) = faults.iter().find(|fault| fault.field == *name) {
                field = field.error(wrong(f, fault, value));
            }
            if item.contact {
                join.contacts.push(field);
            } else if purpose.required.contains(name) {
                join.fields.push(field.required());
            } else {
                join.optional.push(field);
            }
        }
        // The name comes before the password.
        join.fields.sort_by_key(|field| field.input == Input::Password);
    }
    join.ages = ages(f, facts, given.get("age").map_or("", String::as_str));
    join
}

/// `GET /join`
pub async fn show(State(web): State<Web>, f: Frame) -> Page<Join> {
    Page(form(&web, f, &BTreeMap::new(), &[]))
}

/// Sends a code to each contact given, so that it can be verified at once. The account stands whatever comes
/// of it: a code can be asked for again.
pub(crate) async fn verify_contacts(web: &Web, f: &Frame, joined: &avouch::collection::join::Joined, address: &str) {
    let Some(token) = joined.session.clone() else { return };
    let session = Session { token, proven: true };
    let from = From { address, language: f.tag() };
    let contacts = web.app.contacts(joined.subject).await.unwrap_or_default();
    for contact in contacts.iter().filter(|c| c.held && c.reachable) {
        if let Err(fault) = web.app.start_verifying(&session, &contact.item, from).await {
            tracing::warn!(%fault, item = %contact.item, "no code could be sent after joining");
        }
    }
}

/// `POST /join`
///
/// # Errors
/// What keeps the store from answering, and refusals.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(given): Form<BTreeMap<String, String>>,
) -> Result<Response, Fault> {
    let age = match given.get("age").map(String::as_str) {
        Some("adult") => Some(AgeBand::Adult),
        Some("teen") => Some(AgeBand::Teen),
        Some("child") => Some(AgeBand::Child),
        _ => None,
    };
    let asked = web.policy().facts().collection.minors.is_some();
    if asked && age.is_none() {
        let mut page = form(&web, f, &given, &[]);
        page.age_error = page.f.t("join-age-missing");
        return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let address = device.address.clone();
    web.app.admit("join", &address).await.map_err(|e| told(&e, f.tag()))?;
    let values = given
        .iter()
        .filter(|(n, _)| *n != csrf::FIELD && *n != "age" && *n != "invitation")
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let join = avouch::collection::join::Join { values, age, device: Some(device), external: None };
    let code = given.get("invitation").map(|c| c.trim()).filter(|c| !c.is_empty() && age == Some(AgeBand::Child));
    let joined = match code {
        Some(code) => web.app.join_child(join, code, f.tag(), &Actor::Subject).await,
        None => web.app.join(join, &Actor::Subject).await,
    };
    match joined {
        Ok(joined) => {
            verify_contacts(&web, &f, &joined, &address).await;
            let seconds = u32::try_from(web.app.settings.session_absolute.as_secs()).ok();
            let mut response = Redirect::to("/privacy").into_response();
            let cookie = joined.session.and_then(|s| cookie::set(cookie::SESSION, &s.to_cookie(), seconds));
            if let Some(value) = cookie {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            Ok(response)
        }
        Err(avouch::Fault::Invalid(faults)) => {
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, form(&web, f, &given, &faults)).into_response())
        }
        Err(avouch::Fault::Taken(field)) => {
            let fault = FieldFault { field, code: "taken", text: f.t("join-taken") };
            Ok(PageWith(StatusCode::CONFLICT, form(&web, f, &given, &[fault])).into_response())
        }
        Err(avouch::Fault::NeedsGuardian) => {
            let mut page = form(&web, f, &given, &[]);
            page.age_error = page.f.t("join-age-guardian");
            Ok(PageWith(StatusCode::FORBIDDEN, page).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}
