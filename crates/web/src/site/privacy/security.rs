//! `/privacy/security`: how one gets into the account: contacts and whether they are verified, the password,
//! the second factor.
//!
//! Keeps promises 2.1, 5.5 and 6.1 (ASVS 6.2.2, 6.3.3, 6.5.1, 7.4.3).

use askama::Template;
use avouch::security::code::From;
use avouch::security::session::Session;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::login_code::code_field;
use crate::site::privacy::passkeys;
use crate::site::privacy::proof::{self, Proof};
use crate::site::step::Step;
use crate::state::{Browser, Signed, Web, page_fault, say, told};

/// One contact.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its item.
    pub item: String,
    /// Its label.
    pub label: String,
    /// Whether one is held.
    pub held: bool,
    /// Whether it can be verified here.
    pub reachable: bool,
    /// Since when it is verified.
    pub verified: Option<Timestamp>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/security.html")]
pub struct Security {
    /// The frame.
    pub f: Frame,
    /// The contacts.
    pub rows: Vec<Row>,
    /// Whether there is a password.
    pub password: bool,
    /// Whether the second factor is on.
    pub factor: bool,
    /// Whether the policy knows a second factor.
    pub offered: bool,
    /// The passkeys.
    pub passkeys: Vec<passkeys::Row>,
}

/// The page with the QR code.
#[derive(Debug, Template)]
#[template(path = "site/privacy/factor.html")]
pub struct Factor {
    /// The frame.
    pub f: Frame,
    /// The secret, in groups, for typing.
    pub secret: Shown,
    /// The same as a picture: SVG, made here.
    pub picture: Shown,
    /// The same as an address, for authenticators on this device.
    pub uri: Shown,
    /// The code that shows that it arrived.
    pub code: Field,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// The page with the recovery codes, shown once.
#[derive(Debug, Template)]
#[template(path = "site/privacy/recovery.html")]
pub struct Recovery {
    /// The frame.
    pub f: Frame,
    /// The codes.
    pub codes: Vec<Shown>,
}

/// What any form of this part may send.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds codes and passwords")]
pub struct Sent {
    #[serde(flatten)]
    proof: Proof,
    code: String,
    secret: String,
    off: String,
}

/// What the form for another password sends: the present one, and nothing in its place (ASVS 6.2.3); where there is none
/// yet, what shows who is there.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds passwords")]
pub struct Changed {
    #[serde(flatten)]
    proof: Proof,
    code: String,
    fresh: String,
}

/// `GET /privacy/security`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Security>, Fault> {
    let told = page_fault(&f);
    let policy = web.policy();
    let contacts = web.app.contacts(session.subject()).await.map_err(&told)?;
    let label = |item: &str| policy.facts().collection.items.get(item).map(|i| say(&f, &i.label)).unwrap_or_default();
    let rows = contacts
        .into_iter()
        .map(|c| Row {
            label: label(&c.item),
            held: c.held,
            reachable: c.reachable,
            verified: c.verified,
            item: c.item,
        })
        .collect();
    let password = web.app.has_password(session.subject()).await.map_err(&told)?;
    let factor = web.app.has_factor(session.subject()).await.map_err(&told)?;
    let offered = policy.item(avouch::security::factor::ITEM).is_some();
    let passkeys = passkeys::rows(&web, &session).await.map_err(&told)?;
    Ok(Page(Security { rows, password, factor, offered, passkeys, f }))
}

fn ask_code(web: &Web, f: Frame, item: &str, error: String) -> Step {
    let policy = web.policy();
    let label = policy.facts().collection.items.get(item).map(|i| say(&f, &i.label)).unwrap_or_default();
    let title = f.t1("verify-title", "item", f.texts.within(&label));
    let (lead, button) =
        (f.t1("code-sent-own", "minutes", web.app.settings.code_lasts.as_mins().unsigned_abs()), f.t("verify-button"));
    let field = code_field(&f).hint(f.t("code-hint"));
    Step::new(f, title, "/privacy/security/verified", button)
        .inside()
        .say(lead)
        .wrong(error)
        .carry("item", item)
        .ask(field)
}

/// `POST /privacy/security/verify/{item}`: sends a code.
///
/// # Errors
/// [`Fault::NotFound`] for what is no contact of theirs.
pub async fn verify(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Browser(device): Browser,
    Path(item): Path<String>,
) -> Result<Response, Fault> {
    let from = From { address: &device.address, language: f.tag() };
    match web.app.start_verifying(&session, &item, from).await {
        Ok(()) => Ok(Page(ask_code(&web, f, &item, String::new())).into_response()),
        Err(avouch::Fault::TooMany(minutes)) => {
            let error = f.t1("code-wait", "minutes", minutes);
            Ok(PageWith(StatusCode::TOO_MANY_REQUESTS, ask_code(&web, f, &item, error)).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

/// `GET /privacy/security/verify/{item}`: the page for a code that was sent already.
///
/// # Errors
/// [`Fault::NotFound`] for what is no contact.
pub async fn enter(
    State(web): State<Web>,
    f: Frame,
    Signed(_): Signed,
    Path(item): Path<String>,
) -> Result<Page<Step>, Fault> {
    let known = web.policy().facts().collection.items.get(&item).is_some_and(|i| i.contact);
    if known { Ok(Page(ask_code(&web, f, &item, String::new()))) } else { Err(Fault::NotFound) }
}

/// A code for a contact.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Typed {
    item: String,
    code: String,
}

/// `POST /privacy/security/verified`: takes the code.
///
/// # Errors
/// What keeps the store from answering.
pub async fn verified(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Typed>,
) -> Result<Response, Fault> {
    match web.app.verify(&session, &sent.item, &sent.code).await {
        Ok(_) => Ok(Redirect::to("/privacy/security").into_response()),
        Err(avouch::Fault::WrongCode) => {
            let error = f.t("code-wrong");
            Ok(PageWith(StatusCode::FORBIDDEN, ask_code(&web, f, &sent.item, error)).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

/// What is asked for another password.
#[derive(Clone, Copy)]
struct Asks {
    /// The present one: there is one.
    present: bool,
    /// Who is there, where there is none and that was not shown a short while ago.
    proof: bool,
    /// A code of the second factor.
    factor: bool,
}

async fn asks(web: &Web, session: &Session) -> Result<Asks, avouch::Fault> {
    let present = web.app.has_password(session.subject()).await?;
    let factor = web.app.has_factor(session.subject()).await?;
    Ok(Asks { present, proof: !present && !session.proven, factor })
}

fn ask_change(f: Frame, asks: Asks, wrong: String, error: String) -> Step {
    let shortest = avouch::security::password::SHORTEST;
    let fresh = Field::new("fresh", f.t("reset-password"), Input::Password)
        .required()
        .hint(f.t1("field-password-hint", "count", shortest))
        .autocomplete("new-password")
        .error(wrong);
    let current = asks.present.then(|| {
        Field::new("password", f.t("change-current"), Input::Password)
            .required()
            .autocomplete("current-password")
            .only()
    });
    let proof = asks.proof.then(|| proof::password(&f));
    let code = asks.factor.then(|| code_field(&f).hint(f.t("factor-hint")));
    let title = if asks.present { f.t("change-title") } else { f.t("choose-title") };
    let (lead, button) = (f.t("change-lead"), f.t("save"));
    let mut step = Step::new(f, title, "/privacy/security/password", button).inside().say(lead).wrong(error);
    for field in [current, proof, code].into_iter().flatten() {
        step = step.ask(field);
    }
    step.ask(fresh)
}

/// `GET /privacy/security/password`
///
/// # Errors
/// What keeps the store from answering.
pub async fn change(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Page<Step>, Fault> {
    let asks = asks(&web, &session).await.map_err(page_fault(&f))?;
    Ok(Page(ask_change(f, asks, String::new(), String::new())))
}

/// `POST /privacy/security/password`
///
/// # Errors
/// What keeps the store from answering.
pub async fn changed(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Changed>,
) -> Result<Response, Fault> {
    let mut asked = asks(&web, &session).await.map_err(page_fault(&f))?;
    let mut done = Ok(());
    if asked.proof {
        done = sent.proof.show(&web, &mut session, &f).await;
        asked.proof = !session.proven;
    }
    if done.is_ok() {
        done = web.app.change_password(&session, sent.proof.password(), &sent.fresh, &sent.code, f.tag()).await;
    }
    let (status, wrong, error) = match done {
        Ok(()) => return Ok(Redirect::to("/privacy/security").into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            let wrong = faults.first().map(|w| crate::site::join::wrong(&f, w, &sent.fresh)).unwrap_or_default();
            (StatusCode::UNPROCESSABLE_ENTITY, wrong, String::new())
        }
        Err(fault) => {
            let (status, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
            (status, String::new(), error)
        }
    };
    Ok(PageWith(status, ask_change(f, asked, wrong, error)).into_response())
}

/// A page that asks for the password before the factor is turned on.
fn ask_proof(f: Frame, session: &Session, error: String) -> Step {
    let (title, lead, button) = (f.t("factor-on-title"), f.t("factor-on-lead"), f.t("factor-on-go"));
    let field = proof::each_time(&f, session);
    let mut step = Step::new(f, title, "/privacy/security/factor", button).inside().say(lead).wrong(error);
    step.fields.extend(field);
    step
}

/// An authenticator's address as a picture.
pub(crate) fn picture(uri: &str) -> Result<String, Fault> {
    let code = QrCode::new(uri.as_bytes()).map_err(|_| Fault::Internal)?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(232, 232).quiet_zone(true).build();
    // The document's own prologue has no place within a page.
    Ok(svg.find("<svg").map(|at| svg.split_at(at).1.to_owned()).unwrap_or(svg))
}

/// A secret in groups of four, for typing.
pub(crate) fn groups(secret: &str) -> String {
    let groups: Vec<String> = secret.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    groups.join(" ")
}

fn enrol(f: Frame, enrolment: &avouch::security::factor::Enrolment, error: String) -> Result<Factor, Fault> {
    Ok(Factor {
        secret: Shown::new(groups(&enrolment.secret)),
        picture: Shown::new(picture(&enrolment.uri)?),
        uri: Shown::new(enrolment.uri.as_str()),
        code: code_field(&f).hint(f.t("factor-code-hint")),
        error,
        f,
    })
}

/// The name an authenticator lists the account under.
pub(crate) async fn listed_as(web: &Web, session: &Session) -> Result<String, avouch::Fault> {
    let records = web.app.see(session.subject(), "user_name").await?;
    Ok(records.first().map_or_else(String::new, |r| {
        r.value.expose(avouch::store::Sink::Subject, |v| String::from_utf8_lossy(v).into_owned())
    }))
}

/// `GET /privacy/security/factor`
pub async fn factor(f: Frame, Signed(session): Signed) -> Page<Step> {
    Page(ask_proof(f, &session, String::new()))
}

/// `POST /privacy/security/factor`: the password, then the QR code; the code, then it is on.
///
/// # Errors
/// What keeps the store from answering.
pub async fn turn_on(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    if sent.secret.is_empty() {
        if let Err(fault) = sent.proof.show(&web, &mut session, &f).await {
            let (status, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
            return Ok(PageWith(status, ask_proof(f, &session, error)).into_response());
        }
        let name = listed_as(&web, &session).await.map_err(page_fault(&f))?;
        let enrolment = web.app.enrol_factor(&session, &name, f.tag()).await.map_err(page_fault(&f))?;
        return Ok(Page(enrol(f, &enrolment, String::new())?).into_response());
    }
    match web.app.turn_factor_on(&session, &sent.secret, &sent.code, f.tag()).await {
        Ok(codes) => {
            let codes = codes.0.iter().map(|c| Shown::new(c.as_str())).collect();
            Ok(Page(Recovery { codes, f }).into_response())
        }
        Err(avouch::Fault::NeedsProof) => {
            let error = f.t("correct-wrong-password");
            Ok(PageWith(StatusCode::FORBIDDEN, ask_proof(f, &session, error)).into_response())
        }
        Err(avouch::Fault::WrongCode) => {
            let name = listed_as(&web, &session).await.map_err(page_fault(&f))?;
            let secret: String = sent.secret.chars().filter(|c| !c.is_whitespace()).collect();
            let error = f.t("code-wrong");
            let enrolment = web.app.enrolment(&secret, &name, f.tag());
            Ok(PageWith(StatusCode::FORBIDDEN, enrol(f, &enrolment, error)?).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

fn ask_off(f: Frame, session: &Session, off: bool, error: String) -> Step {
    let (title, lead, button) = if off {
        (f.t("factor-off-title"), f.t("factor-off-lead"), f.t("factor-off-title"))
    } else {
        (f.t("recovery-new"), f.t("recovery-new-lead"), f.t("recovery-new"))
    };
    let (proof, code) = (proof::each_time(&f, session), code_field(&f).hint(f.t("factor-hint")));
    let mut step = Step::new(f, title, "/privacy/security/factor/change", button)
        .inside()
        .say(lead)
        .wrong(error)
        .carry("off", if off { "1" } else { "" });
    step.fields.extend(proof);
    step.ask(code)
}

/// `GET /privacy/security/factor/off`
pub async fn off(f: Frame, Signed(session): Signed) -> Page<Step> {
    Page(ask_off(f, &session, true, String::new()))
}

/// `GET /privacy/security/recovery`
pub async fn recovery(f: Frame, Signed(session): Signed) -> Page<Step> {
    Page(ask_off(f, &session, false, String::new()))
}

/// `POST /privacy/security/factor/change`: turns it off, or makes the recovery codes anew.
///
/// # Errors
/// What keeps the store from answering.
pub async fn change_factor(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let off = !sent.off.is_empty();
    let mut outcome = sent.proof.show(&web, &mut session, &f).await.map(|()| None);
    if outcome.is_ok() {
        outcome = web.app.change_factor(&session, &sent.code, off, f.tag()).await.map(Some);
    }
    match outcome {
        Ok(Some(codes)) if !codes.0.is_empty() => {
            let codes = codes.0.iter().map(|c| Shown::new(c.as_str())).collect();
            Ok(Page(Recovery { codes, f }).into_response())
        }
        Ok(_) => Ok(Redirect::to("/privacy/security").into_response()),
        Err(fault) => {
            let (status, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
            Ok(PageWith(status, ask_off(f, &session, off, error)).into_response())
        }
    }
}
