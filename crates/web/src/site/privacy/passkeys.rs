//! `/privacy/security/passkey`: making a passkey, and removing one.
//!
//! Keeps promises 2.1 and 5.5 (ASVS 6.3.3, 6.5.6, 7.5.1): either after who is there was shown once more.

use askama::Template;
use avouch::security::passkey::{self, LONGEST_NAME, Made};
use avouch::security::session::Session;
use avouch::store::RecordId;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::login_code::code_field;
use crate::site::privacy::proof::{self, Proof};
use crate::site::privacy::security::listed_as;
use crate::site::step::Step;
use crate::state::{Browser, Signed, Web, page_fault, told};

/// One passkey.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: String,
    /// What its person calls it.
    pub name: Shown,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// Whether it may be on several devices.
    pub synced: bool,
}

/// The page for making one.
#[derive(Debug, Template)]
#[template(path = "site/privacy/passkey.html")]
pub struct MakePasskey {
    /// The frame.
    pub f: Frame,
    /// Its name, and a code of the second factor where it is on.
    pub fields: Vec<Field>,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

/// A person's passkeys.
///
/// # Errors
/// What keeps the store from answering.
pub async fn rows(web: &Web, session: &Session) -> Result<Vec<Row>, avouch::Fault> {
    let row = |held: passkey::Held| Row {
        id: held.record.to_string(),
        name: Shown::new(held.passkey.name),
        made: held.passkey.made,
        used: held.passkey.used,
        synced: held.passkey.synced,
    };
    Ok(web.app.passkeys(session.subject()).await?.into_iter().map(row).collect())
}

/// What the forms of this part send.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds codes and passwords")]
pub struct Sent {
    #[serde(flatten)]
    proof: Proof,
    #[serde(default)]
    made: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    record: String,
}

fn ask_proof(f: Frame, error: String) -> Step {
    let (title, lead, button) = (f.t("passkey-make"), f.t("passkey-proof-lead"), f.t("factor-on-go"));
    let field = proof::password(&f);
    Step::new(f, title, "/privacy/security/passkey/proof", button).inside().say(lead).wrong(error).ask(field)
}

async fn make_page(
    web: &Web,
    f: Frame,
    session: &Session,
    name: &str,
    error: String,
) -> Result<MakePasskey, avouch::Fault> {
    let mut fields = vec![
        Field::new("name", f.t("passkey-name"), Input::Text)
            .required()
            .hint(f.t1("passkey-name-hint", "count", LONGEST_NAME))
            .value(Shown::new(name)),
    ];
    if web.app.has_factor(session.subject()).await? {
        fields.push(code_field(&f).hint(f.t("factor-hint")));
    }
    Ok(MakePasskey { fields, error, f })
}

/// `GET /privacy/security/passkey`
///
/// # Errors
/// [`Fault::NotFound`] where passkeys are not offered.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Browser(device): Browser,
) -> Result<Response, Fault> {
    web.app.relying_party().ok_or(Fault::NotFound)?;
    if !session.proven {
        return Ok(Page(ask_proof(f, String::new())).into_response());
    }
    let told = page_fault(&f);
    Ok(Page(make_page(&web, f, &session, &device.agent, String::new()).await.map_err(told)?).into_response())
}

/// `POST /privacy/security/passkey/proof`
///
/// # Errors
/// What keeps the store from answering.
pub async fn prove(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Proof>,
) -> Result<Response, Fault> {
    match sent.show(&web, &mut session, &f).await {
        Ok(()) => Ok(Redirect::to("/privacy/security/passkey").into_response()),
        Err(fault) => {
            let (status, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
            Ok(PageWith(status, ask_proof(f, error)).into_response())
        }
    }
}

/// `POST /privacy/security/passkey/start`: what the script asks the authenticator to make.
///
/// # Errors
/// [`Fault::Forbidden`] where who is there was not shown; what keeps the store from answering.
pub async fn start(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Json<Value>, Fault> {
    let one = web.app.start_passkey(&session).await.map_err(page_fault(&f))?;
    let name = listed_as(&web, &session).await.map_err(page_fault(&f))?;
    Ok(Json(crate::site::passkey::make(&web, &f, &one, &name)))
}

/// `POST /privacy/security/passkey`
///
/// # Errors
/// What keeps the store from answering.
pub async fn add(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let outcome = match Made::parse(&sent.made) {
        Some(made) => web.app.add_passkey(&session, &made, &sent.name, &sent.code, f.tag()).await,
        None => Err(avouch::Fault::WrongPasskey),
    };
    let (status, error) = match outcome {
        Ok(()) => return Ok(Redirect::to("/privacy/security?said=passkey-made").into_response()),
        Err(avouch::Fault::NeedsProof) => {
            let error = f.t("correct-wrong-password");
            return Ok(PageWith(StatusCode::FORBIDDEN, ask_proof(f, error)).into_response());
        }
        Err(avouch::Fault::Invalid(_)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, f.t1("passkey-name-hint", "count", LONGEST_NAME))
        }
        Err(fault) => proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?,
    };
    let page = make_page(&web, f, &session, &sent.name, error).await.map_err(|_| Fault::Internal)?;
    Ok(PageWith(status, page).into_response())
}

/// Which passkey.
#[derive(Debug, Deserialize)]
pub struct Which {
    record: String,
}

async fn ask_remove(web: &Web, f: Frame, session: &Session, record: &str, error: String) -> Result<Step, Fault> {
    let rows = rows(web, session).await.map_err(page_fault(&f))?;
    let row = rows.into_iter().find(|r| r.id == record).ok_or(Fault::NotFound)?;
    let factor = web.app.has_factor(session.subject()).await.map_err(page_fault(&f))?;
    let (title, button) = (f.t("passkey-remove"), f.t("passkey-remove"));
    let lead = f.t1("passkey-remove-lead", "name", f.texts.within(row.name.text()));
    let proof = (!session.proven).then(|| proof::password(&f));
    let code = factor.then(|| code_field(&f).hint(f.t("factor-hint")));
    let mut step = Step::new(f, title, "/privacy/security/passkey/remove", button)
        .inside()
        .say(lead)
        .wrong(error)
        .carry("record", record);
    for field in [proof, code].into_iter().flatten() {
        step = step.ask(field);
    }
    Ok(step)
}

/// `GET /privacy/security/passkey/remove`
///
/// # Errors
/// [`Fault::NotFound`] for one that is not theirs.
pub async fn removing(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Query(which): Query<Which>,
) -> Result<Page<Step>, Fault> {
    Ok(Page(ask_remove(&web, f, &session, &which.record, String::new()).await?))
}

/// `POST /privacy/security/passkey/remove`
///
/// # Errors
/// [`Fault::NotFound`] for one that is not theirs.
pub async fn remove(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let record: RecordId = sent.record.parse().map_err(|_| Fault::NotFound)?;
    let mut outcome = if sent.proof.given() { sent.proof.show(&web, &mut session, &f).await } else { Ok(()) };
    if outcome.is_ok() {
        outcome = web.app.remove_passkey(&session, record, &sent.code, f.tag()).await;
    }
    let (status, error) = match outcome {
        Ok(()) => return Ok(Redirect::to("/privacy/security?said=passkey-removed").into_response()),
        Err(avouch::Fault::LastWayIn) => (StatusCode::CONFLICT, f.t("passkey-last")),
        Err(fault) => proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?,
    };
    Ok(PageWith(status, ask_remove(&web, f, &session, &sent.record, error).await?).into_response())
}
