//! Showing once more who is there, before what is sensitive: by the password, by a passkey, or by a login at a partner.
//!
//! Keeps promise 5.5 (ASVS 7.5.1, 7.5.3). A form that asks for it has the field of [`password`]; whoever has a passkey
//! finds a button beside it, and whoever has an account at a partner with ID tokens a link: from there they come back to
//! the page that asked, [`back_to`].

use avouch::security::passkey;
use avouch::security::session::Session;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::state::Web;

/// What shows it: one of the two.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Proof {
    password: String,
    passkey: String,
}

impl Proof {
    /// Whether either was sent.
    #[must_use]
    pub fn given(&self) -> bool {
        !self.password.is_empty() || !self.passkey.is_empty()
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Shows it within a session, which is proven after it. Nothing needs to be sent where it is [`shown`].
    ///
    /// # Errors
    /// [`avouch::Fault::WrongLogin`], [`avouch::Fault::WrongPasskey`], [`avouch::Fault::CopiedPasskey`],
    /// [`avouch::Fault::TooMany`].
    pub async fn show(&self, web: &Web, session: &mut Session, f: &Frame) -> Result<(), avouch::Fault> {
        if !self.given() && shown(f, session) {
            return Ok(());
        }
        if self.passkey.is_empty() {
            web.app.show_password(session, &self.password).await?;
        } else {
            let answer = passkey::answer(&self.passkey).ok_or(avouch::Fault::WrongPasskey)?;
            web.app.show_passkey(session, answer, f.tag()).await?;
        }
        session.proven = true;
        Ok(())
    }
}

/// The field that asks for the password once more.
#[must_use]
pub fn password(f: &Frame) -> Field {
    Field::new("password", f.t("cancel-password"), Input::Password).required().autocomplete("current-password")
}

/// Whether somebody who can show who they are at a partner did so, or something like it, a short while ago. What was
/// shown there cannot stand in a form, so that pages which ask each time take it from the session.
#[must_use]
pub fn shown(f: &Frame, session: &Session) -> bool {
    session.proven && f.account.as_ref().is_some_and(|account| !account.partners.is_empty())
}

/// The field of [`password`] for a page that asks each time; nothing where it is [`shown`].
#[must_use]
pub fn each_time(f: &Frame, session: &Session) -> Option<Field> {
    (!shown(f, session)).then(|| password(f))
}

/// The pages that ask who is there, each with the one to come back to.
const ASKING: [(&str, &str); 15] = [
    ("/privacy/cancel", "/privacy/cancel"),
    ("/privacy/cancel/now", "/privacy/cancel"),
    ("/privacy/cancelling", "/privacy/cancelling"),
    ("/privacy/export", "/privacy/export"),
    ("/privacy/portability", "/privacy/portability"),
    ("/privacy/guardian", "/privacy/guardian"),
    ("/privacy/real-name", "/privacy/real-name"),
    ("/privacy/security/factor", "/privacy/security/factor"),
    ("/privacy/security/factor/off", "/privacy/security/factor/off"),
    ("/privacy/security/factor/change", "/privacy/security"),
    ("/privacy/security/recovery", "/privacy/security/recovery"),
    ("/privacy/security/password", "/privacy/security/password"),
    ("/privacy/security/passkey", "/privacy/security/passkey"),
    ("/privacy/security/passkey/proof", "/privacy/security/passkey"),
    ("/privacy/security/passkey/remove", "/privacy/security"),
];

/// Where somebody goes who showed at a partner who they are: the page that asked, if it is one of those that do; else
/// the privacy centre (ASVS 3.7.2).
#[must_use]
pub fn back_to(web: &Web, asked: &str) -> String {
    if let Some((_, back)) = ASKING.iter().find(|(page, _)| *page == asked) {
        return (*back).to_owned();
    }
    let item = asked.strip_prefix("/privacy/items/").map(|rest| rest.strip_suffix("/correct").unwrap_or(rest));
    let partner = asked.strip_prefix("/privacy/joint/").and_then(|rest| rest.strip_suffix("/link"));
    let known = item.is_some_and(|item| web.policy().item(item).is_some())
        || partner.is_some_and(|partner| web.app.partners().get(partner).is_some());
    if known { asked.to_owned() } else { "/privacy".to_owned() }
}

/// What is said where nothing was shown, or the wrong thing; nothing for any other fault.
#[must_use]
pub fn error(f: &Frame, fault: &avouch::Fault) -> Option<(StatusCode, String)> {
    use avouch::Fault as F;
    let text = match fault {
        F::WrongLogin | F::NeedsProof => f.t("correct-wrong-password"),
        F::WrongCode => f.t("code-wrong"),
        F::WrongPasskey => f.t("passkey-failed"),
        F::CopiedPasskey => f.t("passkey-copied"),
        F::TooMany(minutes) => {
            return Some((StatusCode::TOO_MANY_REQUESTS, f.t1("code-wait", "minutes", *minutes)));
        }
        _ => return None,
    };
    Some((StatusCode::FORBIDDEN, text))
}
