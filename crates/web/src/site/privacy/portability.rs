//! `/privacy/portability`: the copy goes to another service that the person names.
//!
//! Keeps promise 6.5 (PIPL 45(3), GDPR 20). Who is there is shown before.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::privacy::proof::{self, Proof};
use crate::state::{Signed, Web, told};

/// A copy that another service took.
#[derive(Debug, Template)]
#[template(path = "site/privacy/ported.html")]
pub struct Ported {
    /// The frame.
    pub f: Frame,
    /// Whom it went to.
    pub host: String,
    /// SHA-256 of what was sent, hex.
    pub sha256: String,
    /// Where it is recorded.
    pub receipt: String,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds a password and a token")]
pub struct Sent {
    url: String,
    token: String,
    #[serde(flatten)]
    proof: Proof,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/portability.html")]
pub struct Portability {
    /// The frame.
    pub f: Frame,
    /// Address, token and, unless who is there was shown a short while ago, the password.
    pub fields: Vec<Field>,
    /// What was wrong with what showed who is there; empty when nothing was.
    pub error: String,
}

impl Portability {
    /// The form with an address that was entered, and what was wrong with it.
    #[must_use]
    pub fn new(f: Frame, proven: bool, error: String, url: &str, wrong: String) -> Self {
        let mut fields = vec![
            Field::new("url", f.t("port-url"), Input::Text)
                .why(f.t("port-url-why"), "6.5")
                .hint("https://…")
                .required()
                .value(Shown::new(url))
                .error(wrong),
            Field::new("token", f.t("port-token"), Input::Text).why(f.t("port-token-why"), "6.5"),
        ];
        if !proven {
            fields.push(proof::password(&f));
        }
        Self { fields, error, f }
    }
}

/// `GET /privacy/portability`
pub async fn show(f: Frame, Signed(session): Signed) -> Page<Portability> {
    Page(Portability::new(f, session.proven, String::new(), "", String::new()))
}

/// `POST /privacy/portability`
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let shown = if sent.proof.given() { sent.proof.show(&web, &mut session, &f).await } else { session.prove() };
    if let Err(fault) = shown {
        let (status, error) = proof::error(&f, &fault).ok_or_else(|| told(&fault, f.tag()))?;
        let page = Portability::new(f, session.proven, error, &sent.url, String::new());
        return Ok(PageWith(status, page).into_response());
    }
    match web.app.port(&session, &sent.url, &sent.token, f.tag()).await {
        Ok(ported) => {
            let receipt = format!("{}/{}", ported.receipt.log, ported.receipt.index);
            Ok(Page(Ported { host: ported.host, sha256: ported.sha256, receipt, f }).into_response())
        }
        Err(avouch::Fault::Invalid(faults)) => {
            let fault = faults.first();
            let error = match fault.map(|fault| fault.code) {
                Some("not-a-url") => f.t("port-url-bad"),
                Some("not-taken") => f.t("port-not-taken"),
                _ => fault.map(|fault| fault.text.clone()).unwrap_or_default(),
            };
            let page = Portability::new(f, session.proven, String::new(), &sent.url, error);
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}
