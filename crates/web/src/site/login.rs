//! `/login`: by user name, mobile number or e-mail address, and password.
//!
//! One sentence for every failure, so that nobody learns who has an account (ASVS 6.3.8). Logging in never
//! undoes a cancellation (6.3).

use askama::Template;

use crate::form::Field;
use crate::frame::Frame;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::fault::Fault;
use crate::form::Input;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::joint;
use crate::site::login_code::{enter, factor_page};
use crate::state::{Browser, Web, told};

/// The form for logging in.
#[derive(Debug, Template)]
#[template(path = "site/login.html")]
pub struct Login {
    /// The frame.
    pub f: Frame,
    /// Identifier and password.
    pub fields: Vec<Field>,
    /// Where to go afterwards: a path of this site, checked by [`safe_next`].
    pub next: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
    /// Whether codes can be sent at all here.
    pub codes: bool,
    /// Partners whose accounts people can come in with.
    pub ways: Vec<joint::Way>,
}

/// A path of this site to go on to after logging in, or `/privacy` for anything else (ASVS 3.7.2: no
/// redirect to where somebody else says).
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~?&=%".contains(&b);
    let known = ["/privacy", "/policy", "/contact"]
        .into_iter()
        .any(|root| next.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])));
    if known && next.bytes().all(plain) { next } else { "/privacy" }
}

/// Where to go after logging in.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Sent {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) fn form(web: &Web, f: Frame, next: &str, name: Shown, error: String) -> Login {
    let means = web.app.messengers();
    Login {
        fields: vec![
            Field::new("name", f.t("login-name"), Input::Text).required().autocomplete("username").value(name),
            Field::new("password", f.t("login-password"), Input::Password).required().autocomplete("current-password"),
        ],
        next: safe_next(next).to_owned(),
        error,
        codes: means.mail.is_some() || means.sms.is_some(),
        ways: joint::ways(web, &f),
        f,
    }
}

/// `GET /login`
pub async fn show(State(web): State<Web>, f: Frame, Query(query): Query<Next>) -> Page<Login> {
    Page(form(&web, f, &query.next, Shown::default(), String::new()))
}

/// `POST /login`
///
/// # Errors
/// What keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Browser(device): Browser,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    match web.app.log_in_from(&sent.name, &sent.password, device, f.tag()).await {
        Ok(token) => Ok(enter(&web, &token, &sent.next).await),
        Err(avouch::Fault::NeedsFactor(flow)) => {
            Ok(Page(factor_page(f, &flow, safe_next(&sent.next), String::new())).into_response())
        }
        Err(avouch::Fault::WrongLogin) => {
            let error = f.t("login-failed");
            Ok(PageWith(StatusCode::UNAUTHORIZED, form(&web, f, &sent.next, Shown::new(sent.name), error))
                .into_response())
        }
        Err(avouch::Fault::TooMany(minutes)) => {
            let error = f.t1("login-wait", "seconds", minutes * 60);
            Ok(PageWith(StatusCode::TOO_MANY_REQUESTS, form(&web, f, &sent.next, Shown::new(sent.name), error))
                .into_response())
        }
        Err(other) => Err(told(&other, f.tag())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_on_to() {
        assert_eq!(safe_next("/privacy/items/phone"), "/privacy/items/phone");
        assert_eq!(safe_next("/privacy/uses?days=7"), "/privacy/uses?days=7");
        for bad in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/privacyx", "/privacy\r\nx", "/logout"]
        {
            assert_eq!(safe_next(bad), "/privacy", "{bad}");
        }
    }
}
