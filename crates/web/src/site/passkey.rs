//! Passkeys as browsers meet them: what a script of ours asks before it asks the authenticator, and logging in.
//!
//! Keeps promise 2.1 (ASVS 6.3.3, 6.3.8). The script (`assets/passkeys.js`) sends the form's own token; the answer goes
//! back within an ordinary form. Without scripts there is no passkey, and every other way stays.

use avouch::security::passkey::{self, MakeOne};
use avouch::store::Flow;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::PageWith;
use crate::shown::Shown;
use crate::site::login;
use crate::site::login_code::enter;
use crate::state::{Browser, Signed, Web, page_fault, told};

/// What the script is told, to ask for an answer.
fn ask(web: &Web, flow: &Flow) -> Value {
    json!({
        "challenge": flow.to_text(),
        "rp": web.app.relying_party().map(|rp| rp.id),
        "timeout": web.app.settings.code_lasts.as_millis(),
    })
}

/// What the script is told, to have a passkey made for `name`.
#[must_use]
pub fn make(web: &Web, f: &Frame, one: &MakeOne, name: &str) -> Value {
    json!({
        "challenge": one.flow.to_text(),
        "rp": one.rp,
        "site": f.site(),
        "user": data_encoding::BASE64URL_NOPAD.encode(&one.user),
        "name": name,
        "algorithms": one.algorithms,
        "exclude": one.exclude,
        "timeout": web.app.settings.code_lasts.as_millis(),
    })
}

/// `POST /login/passkey/start`
///
/// # Errors
/// [`Fault::TooMany`]; what keeps the store from answering.
pub async fn start(State(web): State<Web>, f: Frame, Browser(device): Browser) -> Result<Json<Value>, Fault> {
    let flow = web.app.start_passkey_login(&f.csrf, &device.address).await.map_err(page_fault(&f))?;
    Ok(Json(ask(&web, &flow)))
}

/// `POST /privacy/security/passkey/show`: for showing one within a session.
///
/// # Errors
/// As [`start`].
pub async fn start_proof(State(web): State<Web>, f: Frame, Signed(session): Signed) -> Result<Json<Value>, Fault> {
    let flow = web.app.start_passkey_proof(&session).await.map_err(page_fault(&f))?;
    Ok(Json(ask(&web, &flow)))
}

/// What the form for logging in sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "an answer opens an account")]
pub struct Sent {
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    next: String,
}

/// `POST /login/passkey`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let outcome = match passkey::answer(&sent.passkey) {
        Some(answer) => web.app.log_in_with_passkey(&f.csrf, answer, device, f.tag()).await,
        None => Err(avouch::Fault::WrongPasskey),
    };
    let error = match outcome {
        Ok(token) => return Ok(enter(&web, &token, &sent.next).await),
        Err(avouch::Fault::WrongPasskey) => f.t("passkey-failed"),
        Err(avouch::Fault::CopiedPasskey) => f.t("passkey-copied"),
        Err(other) => return Err(told(&other, f.tag())),
    };
    let page = login::form(&web, f, &sent.next, Shown::default(), error);
    Ok(PageWith(StatusCode::UNAUTHORIZED, page).into_response())
}
