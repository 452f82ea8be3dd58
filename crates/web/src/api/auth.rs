//! Who calls: a service, by its credential; and in which language it wants to be told.

use std::sync::Arc;

use avouch::store::{Actor, Credential};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;
use crate::lang::Lang;
use crate::state::{Web, told};

/// A service whose credential was checked, and the language of its answers.
#[derive(Debug)]
pub struct Caller {
    /// The service.
    pub service: Arc<Credential>,
    lang: Lang,
}

impl Caller {
    /// The caller as one who acts.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Service(Arc::clone(&self.service))
    }

    /// The tag of the caller's language.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.lang.tag()
    }

    /// A use case's fault in the caller's language.
    pub fn told(&self) -> impl Fn(avouch::Fault) -> Response + use<> {
        let lang = self.lang;
        move |fault| answer(&fault, lang)
    }
}

/// A fault with its case, where the case may be told.
fn answer(fault: &avouch::Fault, lang: Lang) -> Response {
    let page = told(fault, lang.tag());
    match fault {
        avouch::Fault::Invalid(_)
        | avouch::Fault::Taken(_)
        | avouch::Fault::NeedsGuardian
        | avouch::Fault::NotNow(_) => super::problem::Detailed(page, fault.to_string()).into_response(),
        _ => page.into_response(),
    }
}

/// The refusal of a call without a credential that is known.
#[derive(Debug)]
pub struct Unknown;

impl IntoResponse for Unknown {
    fn into_response(self) -> Response {
        let text = "send `Authorization: Bearer NAME.SECRET` with the credential the service was given".to_owned();
        let mut response = super::problem::Detailed(Fault::SignIn, text).into_response();
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    }
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let lang = Lang::of(&parts.headers);
        // The scheme's name is case-insensitive (RFC 9110, 11.1).
        let sent = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let credential =
            sent.and_then(|v| v.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, credential)) = credential else {
            return Err(Unknown.into_response());
        };
        match web.app.service(credential.trim()).await {
            Ok(Some(service)) => Ok(Self { service, lang }),
            Ok(None) => Err(Unknown.into_response()),
            Err(fault) => Err(answer(&fault, lang)),
        }
    }
}
