//! Showing once more who is there, before what is sensitive: by the password, or by a passkey.
//!
//! Keeps promise 5.5 (ASVS 7.5.1, 7.5.3). A form that asks for it has the field of [`password`]; whoever has a passkey
//! finds a button beside it.

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

    /// Shows it within a session, which is proven after it.
    ///
    /// # Errors
    /// [`avouch::Fault::WrongLogin`], [`avouch::Fault::WrongPasskey`], [`avouch::Fault::CopiedPasskey`],
    /// [`avouch::Fault::TooMany`].
    pub async fn show(&self, web: &Web, session: &mut Session, f: &Frame) -> Result<(), avouch::Fault> {
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
