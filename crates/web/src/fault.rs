//! Errors as pages: what was wrong, in words a person understands, what to do, and the clause.
//!
//! A handler gives a [`Fault`]; [`render`] turns it, and every bare error of the framework, into a page in
//! the reader's language. Nothing of the inside is shown: a 500 carries the request's name and no more.
//!
//! Keeps promise 0.1 (a refusal says why and what would make it lawful) and promise 8.1.

use askama::Template;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::frame::Frame;
use crate::page::PageWith;

/// One reason of a refusal, in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason's code, as the ledger has it.
    pub code: String,
    /// What stands against it.
    pub text: String,
    /// The clause of the policy; empty for none.
    pub clause: String,
    /// The law, as it is cited; empty for none.
    pub citation: String,
    /// What would make it lawful; empty when nothing would.
    pub remedy: String,
    /// Whether nothing was broken but something is not configured.
    pub gap: bool,
}

/// Why a page cannot be given.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such page, or not for this person: the two are not told apart.
    #[error("there is no such page")]
    NotFound,
    /// The page is there, but not for this method.
    #[error("the page does not take this method")]
    Method,
    /// The page needs a signed-in person.
    #[error("sign in first")]
    SignIn,
    /// The person is signed in but may not do this.
    #[error("not allowed")]
    Forbidden,
    /// The form did not come from this site's own page, or is too old.
    #[error("the form did not come from a page of this site, or the page was too old")]
    Forged,
    /// The form could not be read.
    #[error("the form could not be read")]
    Malformed,
    /// The body is larger than allowed.
    #[error("what was sent is larger than allowed")]
    TooLarge,
    /// Too many tries.
    #[error("too many tries; wait {seconds} seconds")]
    TooMany {
        /// How long to wait, in seconds.
        seconds: u32,
    },
    /// The link has expired or was used.
    #[error("the link has expired or was used")]
    Spent,
    /// The policy refuses.
    #[error("the policy refuses this")]
    Refused(Vec<Reason>),
    /// Evidence cannot be written, so nothing personal is served.
    #[error("evidence cannot be written now, so nothing personal is served")]
    Closed,
    /// It took too long.
    #[error("this took too long")]
    Timeout,
    /// Something failed inside.
    #[error("something failed")]
    Internal,
}

impl Fault {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Forged | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Spent => StatusCode::GONE,
            Self::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The short name: part of the message keys (`fault-not-found`) and of the API's problem types.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::SignIn => "sign-in",
            Self::Forbidden => "forbidden",
            Self::Forged => "forged",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::TooMany { .. } => "too-many",
            Self::Spent => "spent",
            Self::Refused(_) => "refused",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// The fault that a bare status of the framework stands for.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::UNAUTHORIZED => Self::SignIn,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany { seconds: 60 },
            StatusCode::GONE => Self::Spent,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Self::Timeout,
            StatusCode::SERVICE_UNAVAILABLE => Self::Closed,
            _ if status.is_client_error() => Self::Malformed,
            _ => Self::Internal,
        }
    }

    /// One of each, for the tests and the gallery.
    #[must_use]
    pub fn each(reasons: Vec<Reason>) -> Vec<Self> {
        vec![
            Self::NotFound,
            Self::Method,
            Self::SignIn,
            Self::Forbidden,
            Self::Forged,
            Self::Malformed,
            Self::TooLarge,
            Self::TooMany { seconds: 60 },
            Self::Spent,
            Self::Refused(reasons),
            Self::Closed,
            Self::Timeout,
            Self::Internal,
        ]
    }
}

impl IntoResponse for Fault {
    /// A bare answer with the fault as an extension, for [`render`] (pages) or the API's own rendering.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Self::TooMany { seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The page of a fault.
#[derive(Debug, Template)]
#[template(path = "fault.html")]
pub struct FaultPage {
    /// The frame.
    pub f: Frame,
    /// The fault's short name.
    pub code: &'static str,
    /// The headline.
    pub title: String,
    /// What happened.
    pub what: String,
    /// What to do.
    pub then: String,
    /// Why the policy refuses, if it does.
    pub reasons: Vec<Reason>,
    /// Whether to offer the login.
    pub sign_in: bool,
}

impl FaultPage {
    /// The page for `fault`.
    #[must_use]
    pub fn new(f: Frame, fault: &Fault) -> Self {
        let code = fault.code();
        let seconds = if let Fault::TooMany { seconds } = fault { *seconds } else { 0 };
        let key = |part: &str| format!("fault-{code}{part}");
        Self {
            title: f.t(&key("")),
            what: f.t1(&key("-what"), "seconds", seconds),
            then: f.t(&key("-then")),
            reasons: if let Fault::Refused(reasons) = fault { reasons.clone() } else { Vec::new() },
            sign_in: matches!(fault, Fault::SignIn),
            code,
            f,
        }
    }
}

/// Middleware of the site and the console: every error leaves as a page in the reader's language.
pub async fn render(request: Request, next: Next) -> Response {
    let frame = request.extensions().get::<Frame>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let fault = response.extensions().get::<Fault>().cloned();
    if fault.is_none() && (html || !(status.is_client_error() || status.is_server_error())) {
        return response;
    }
    let fault = fault.unwrap_or_else(|| Fault::of_status(status));
    let Some(frame) = frame else {
        return status.into_response();
    };
    let mut page = PageWith(fault.status(), FaultPage::new(frame, &fault)).into_response();
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}
