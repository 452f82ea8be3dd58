//! `/login/with/{partner}`: coming in with an account one has at a partner.
//!
//! Keeps promises 1.7 and 0.1: before the way there a page says who will send what, what for and until when, with the
//! partner's own policy; refusing is one link beside the button. Nothing of the way stands in an address of ours but
//! what the partner puts there, and that is spent when it is seen.

use std::collections::BTreeMap;

use askama::Template;
use avouch::FieldFault;
use avouch::collection::join::Join;
use avouch::collection::joint::{self, Arrived, Back, JointFault, Unknown};
use avouch::security::session::Session;
use avouch::store::{AgeBand, Flow};
use avouch_policy::model::{Kind, Partner};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::http::{cookie, csrf};
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::join::{ages, input, verify_contacts, wrong};
use crate::site::login_code::{enter, factor_page};
use crate::site::privacy::item::kept_until;
use crate::site::privacy::joint::prove_page;
use crate::state::{Browser, Signed, Web, say, told};

/// The cookie that binds the way to a partner to this browser: it ends when the browser is back.
pub const COOKIE: &str = "__Host-joint";

/// A partner as the pages for logging in and joining show it.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its name in the policy.
    pub partner: String,
    /// What it is called.
    pub name: String,
}

/// The partners that people can come in with.
pub(crate) fn ways(web: &Web, f: &Frame) -> Vec<Way> {
    let policy = web.policy();
    let declared = &policy.facts().collection.partners;
    web.app
        .partners()
        .names()
        .filter_map(|name| declared.get(name).map(|p| Way { partner: name.to_owned(), name: say(f, &p.name) }))
        .collect()
}

/// One item that a partner sends.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its label.
    pub label: String,
    /// Its clause.
    pub clause: String,
}

/// What is said before the way to a partner.
#[derive(Debug, Template)]
#[template(path = "site/joint.html")]
pub struct Before {
    /// The frame.
    pub f: Frame,
    /// Whether it is linked to the account that is signed in.
    pub inside: bool,
    /// The partner's name in the policy.
    pub partner: String,
    /// What it is called.
    pub name: String,
    /// What will be received.
    pub items: Vec<Received>,
    /// Why.
    pub why: String,
    /// The clause.
    pub clause: String,
    /// What happens without.
    pub without: String,
    /// Until when it is kept, in words.
    pub until: String,
    /// Where its own policy stands; empty for nowhere.
    pub policy: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
    /// Where the button goes.
    pub action: String,
    /// The password, where it must be shown once more.
    pub fields: Vec<Field>,
}

/// The page before the way to a partner, which may send its form on to the partner's hosts.
///
/// # Errors
/// [`Fault::NotFound`] for a partner that is none.
pub(crate) fn before(
    web: &Web,
    f: Frame,
    partner: &str,
    inside: Option<&Session>,
    error: String,
) -> Result<Response, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let declared = facts.collection.partners.get(partner).filter(|_| web.app.partners().get(partner).is_some());
    let (Some(declared), Some(purpose)) = (declared, facts.usage.purposes.get(joint::PURPOSE)) else {
        return Err(Fault::NotFound);
    };
    let items = declared.items.iter().filter_map(|name| facts.collection.items.get(name));
    let status = if error.is_empty() { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
    let page = Before {
        inside: inside.is_some(),
        partner: partner.to_owned(),
        name: say(&f, &declared.name),
        items: items.map(|i| Received { label: say(&f, &i.label), clause: i.clause.as_str().to_owned() }).collect(),
        why: say(&f, &purpose.why),
        clause: purpose.clause.as_str().to_owned(),
        without: purpose.without.as_ref().map(|w| say(&f, w)).unwrap_or_default(),
        until: kept_until(&f, purpose),
        policy: declared.policy.clone().unwrap_or_default(),
        error,
        fields: inside
            .filter(|session| !session.proven)
            .map(|_| {
                Field::new("password", f.t("login-password"), Input::Password)
                    .required()
                    .autocomplete("current-password")
                    .hint(f.t("joint-prove"))
            })
            .into_iter()
            .collect(),
        action: if inside.is_some() {
            format!("/privacy/joint/{partner}/link")
        } else {
            format!("/login/with/{partner}")
        },
        f,
    };
    Ok(sends_on(declared, PageWith(status, page).into_response()))
}

/// A page whose form may send on to a partner's hosts: browsers hold a form to `form-action` also where its answer sends
/// on.
pub(crate) fn sends_on(declared: &Partner, mut response: Response) -> Response {
    let on: Vec<String> = declared
        .hosts
        .iter()
        .map(|host| format!("{}://{host}", if host.starts_with("127.") { "http" } else { "https" }))
        .collect();
    let headers = response.headers_mut();
    let csp = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|csp| csp.to_str().ok());
    let csp = csp.unwrap_or(crate::http::headers::CSP);
    let csp = csp.replace("form-action 'self'", &format!("form-action 'self' {}", on.join(" ")));
    if let Ok(csp) = HeaderValue::from_str(&csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    response
}

/// `GET /login/with/{partner}`
///
/// # Errors
/// [`Fault::NotFound`] for a partner that is none.
pub async fn show(State(web): State<Web>, f: Frame, Path(partner): Path<String>) -> Result<Response, Fault> {
    before(&web, f, &partner, None, String::new())
}

/// The answer that sends a browser to a partner.
pub(crate) fn send_on(flow: &Flow, url: &str, seconds: i64) -> Response {
    let mut response = Redirect::to(url).into_response();
    if let Some(value) = cookie::set(COOKIE, &flow.to_text(), u32::try_from(seconds).ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// What is wrong with the way to or from a partner, in the page's words; the fault itself where it is another.
pub(crate) fn what(f: &Frame, fault: JointFault, name: &str) -> Result<String, Fault> {
    Ok(match fault {
        JointFault::Declined => f.t1("joint-declined", "name", name),
        JointFault::Over => f.t("joint-over"),
        JointFault::Unreached(why) => {
            tracing::warn!(%why, "a partner could not be asked");
            f.t1("joint-unreached", "name", name)
        }
        JointFault::Untrusted(why) => {
            tracing::warn!(%why, "a partner's answer was not believed");
            f.t1("joint-untrusted", "name", name)
        }
        JointFault::Taken => f.t1("joint-taken", "name", name),
        JointFault::Another => f.t1("joint-another", "name", name),
        JointFault::Fault(fault) => return Err(told(&fault, f.tag())),
    })
}

/// `POST /login/with/{partner}`: on to the partner.
///
/// # Errors
/// What keeps the store from answering.
pub async fn go(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Path(partner): Path<String>,
) -> Result<Response, Fault> {
    match web.app.start_joint(&partner, None, &device.address).await {
        Ok((flow, url)) => Ok(send_on(&flow, &url, web.app.settings.code_lasts.as_secs())),
        Err(fault) => {
            let name = name_of(&web, &f, &partner);
            let error = what(&f, fault, &name)?;
            before(&web, f, &partner, None, error)
        }
    }
}

pub(crate) fn name_of(web: &Web, f: &Frame, partner: &str) -> String {
    web.policy().facts().collection.partners.get(partner).map(|p| say(f, &p.name)).unwrap_or_default()
}

/// What a partner sends back in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Returned {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// The form for joining after a partner said who somebody is.
#[derive(Debug, Template)]
#[template(path = "site/joint_join.html")]
pub struct JointJoin {
    /// The frame.
    pub f: Frame,
    /// The partner's name in the policy.
    pub partner: String,
    /// What it is called.
    pub name: String,
    /// What it calls the person; empty for nothing.
    pub nickname: Shown,
    /// What the form carries along.
    pub hidden: Vec<(&'static str, Shown)>,
    /// What an account needs.
    pub fields: Vec<Field>,
    /// Mobile number and e-mail address: one of them is needed.
    pub contacts: Vec<Field>,
    /// Age bands.
    pub ages: Vec<Choice>,
    /// What was wrong with the age; empty when nothing was.
    pub age_error: String,
    /// The policy's version the contract is made under.
    pub version: String,
}

fn join_form(
    web: &Web,
    f: Frame,
    partner: &str,
    came: &Unknown,
    given: &BTreeMap<String, String>,
    faults: &[FieldFault],
) -> JointJoin {
    let policy = web.policy();
    let facts = policy.facts();
    let (mut fields, mut contacts) = (Vec::new(), Vec::new());
    if let Some(purpose) = facts.usage.purposes.get(avouch::collection::join::PURPOSE) {
        for name in policy.items_of(avouch::collection::join::PURPOSE) {
            let Some(item) = facts.collection.items.get(name) else { continue };
            let required = purpose.required.contains(name) && item.kind != Kind::Secret;
            if !required && !item.contact {
                continue;
            }
            let (kind, autocomplete) = input(item.kind, name);
            let value = given.get(name).map_or("", String::as_str);
            let mut field = Field::new(name, say(&f, &item.label), kind)
                .why(say(&f, item.why.as_ref().unwrap_or(&purpose.why)), purpose.clause.as_str())
                .autocomplete(autocomplete)
                .value(Shown::new(value));
            if let Some(fault) = faults.iter().find(|fault| fault.field == *name) {
                field = field.error(wrong(&f, fault, value));
            }
            if item.contact { contacts.push(field) } else { fields.push(field.required()) }
        }
    }
    JointJoin {
        partner: partner.to_owned(),
        name: name_of(web, &f, partner),
        nickname: Shown::new(came.nickname.clone().unwrap_or_default()),
        hidden: vec![
            ("flow", Shown::new(came.flow.to_text())),
            ("told", Shown::new(came.told.clone())),
            ("called", Shown::new(came.nickname.clone().unwrap_or_default())),
        ],
        fields,
        contacts,
        ages: ages(&f, facts, given.get("age").map_or("", String::as_str)),
        age_error: String::new(),
        version: policy.version().to_owned(),
        f,
    }
}

/// `GET /login/with/{partner}/back`: what the partner says.
///
/// # Errors
/// What keeps the store from answering.
pub async fn back(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    extensions: Extensions,
    Path(partner): Path<String>,
    Query(returned): Query<Returned>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let session = extensions.get::<Signed>().map(|Signed(session)| session.clone());
    let flow = cookie::read(&headers, COOKIE).and_then(Flow::from_text);
    let none = Flow::new([0; 32]);
    let back = Back {
        flow: flow.as_ref().unwrap_or(&none),
        partner: &partner,
        state: &returned.state,
        code: returned.code.as_deref(),
        iss: returned.iss.as_deref(),
        error: returned.error.as_deref(),
    };
    let mut response = match web.app.finish_joint(back, session.as_ref(), device, f.tag()).await {
        Ok(Arrived::In(token)) => enter(&web, &token, "").await,
        Ok(Arrived::Linked) => Redirect::to("/privacy/joint").into_response(),
        Ok(Arrived::Shown { page, fault: None }) => Redirect::to(&page).into_response(),
        Ok(Arrived::Shown { page, fault: Some(fault) }) => {
            let error = what(&f, fault, &name_of(&web, &f, &partner))?;
            prove_page(&web, f, &partner, page, error)?
        }
        Ok(Arrived::Unknown(came)) => Page(join_form(&web, f, &partner, &came, &BTreeMap::new(), &[])).into_response(),
        Err(JointFault::Fault(avouch::Fault::NeedsFactor(flow))) => {
            Page(factor_page(f, &flow, "/privacy", String::new())).into_response()
        }
        Err(fault) => {
            let name = name_of(&web, &f, &partner);
            let error = what(&f, fault, &name)?;
            before(&web, f, &partner, session.as_ref(), error)?
        }
    };
    if let Some(value) = cookie::end(COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// `POST /login/with/{partner}/join`: an account for somebody whom a partner sent.
///
/// # Errors
/// What keeps the store from answering, and refusals.
pub async fn join(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Path(partner): Path<String>,
    Form(given): Form<BTreeMap<String, String>>,
) -> Result<Response, Fault> {
    let text = |name: &str| given.get(name).cloned().unwrap_or_default();
    let came = Unknown {
        flow: Flow::from_text(&text("flow")).unwrap_or_else(|| Flow::new([0; 32])),
        told: text("told"),
        nickname: Some(text("called")).filter(|n| !n.is_empty()),
    };
    let age = match text("age").as_str() {
        "adult" => Some(AgeBand::Adult),
        "teen" => Some(AgeBand::Teen),
        "child" => Some(AgeBand::Child),
        _ => None,
    };
    if web.policy().facts().collection.minors.is_some() && age.is_none() {
        let mut page = join_form(&web, f, &partner, &came, &given, &[]);
        page.age_error = page.f.t("join-age-missing");
        return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let carried = [csrf::FIELD, "age", "flow", "told", "called"];
    let values = given.iter().filter(|(n, _)| !carried.contains(&n.as_str()));
    let values = values.map(|(n, v)| (n.clone(), v.clone())).collect();
    let address = device.address.clone();
    let join = Join { values, age, device: Some(device), external: None };
    match web.app.join_jointly(&came.flow, &came.told, join, f.tag()).await {
        Ok(joined) => {
            verify_contacts(&web, &f, &joined, &address).await;
            let seconds = u32::try_from(web.app.settings.session_absolute.as_secs()).ok();
            let mut response = Redirect::to("/privacy").into_response();
            let set = joined.session.and_then(|s| cookie::set(cookie::SESSION, &s.to_cookie(), seconds));
            if let Some(value) = set {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            Ok(response)
        }
        Err(JointFault::Fault(avouch::Fault::Invalid(faults))) => {
            let page = join_form(&web, f, &partner, &came, &given, &faults);
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(JointFault::Fault(avouch::Fault::Taken(field))) => {
            let fault = FieldFault { field, code: "taken", text: f.t("join-taken") };
            let page = join_form(&web, f, &partner, &came, &given, &[fault]);
            Ok(PageWith(StatusCode::CONFLICT, page).into_response())
        }
        Err(JointFault::Fault(avouch::Fault::NeedsGuardian)) => {
            let mut page = join_form(&web, f, &partner, &came, &given, &[]);
            page.age_error = page.f.t("join-age-guardian");
            Ok(PageWith(StatusCode::FORBIDDEN, page).into_response())
        }
        Err(fault) => {
            let name = name_of(&web, &f, &partner);
            let error = what(&f, fault, &name)?;
            before(&web, f, &partner, None, error)
        }
    }
}
