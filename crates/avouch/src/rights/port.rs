//! Portability: the copy goes to another controller that the person names, or comes as a file.
//!
//! Keeps promise 6.5 (PIPL 45(3), GDPR 20). Sent to an https address through the one way out, after the person was
//! shown once more; what is sent is the export, whose format stands in `docs/export.md`. That it leaves is recorded
//! before it does. Where the other side is too small for it, or does not take it, the file is the way.

use avouch_ledger::hash::sha256;
use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, Receipt, StoreError, Transact, Tx};
use http::{HeaderName, HeaderValue, Method, header};
use std::collections::BTreeSet;

use super::request::AtOnce;
use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::outbound::{Call, host_of};
use crate::security::session::Session;

/// The most bytes that are sent; more is taken as a file.
pub const LARGEST: usize = 64 << 20;

/// What became of a copy that was sent.
#[derive(Debug, Clone)]
pub struct Ported {
    /// Whom it went to.
    pub host: String,
    /// Bytes sent.
    pub bytes: usize,
    /// SHA-256 of what was sent, hex.
    pub sha256: String,
    /// Where it is recorded.
    pub receipt: Receipt,
}

impl App {
    /// Sends the signed-in person's copy to an address of another controller, with a token it gave them, if any.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::Invalid`] with the field `url` or `token`, also where the other side does not
    /// take it; [`Fault::NotNow`] where the copy is too large to be sent.
    pub async fn port(&self, session: &Session, url: &str, token: &str, language: &str) -> Result<Ported, Fault> {
        session.prove()?;
        let url = url.trim();
        let wrong = |field: &str, code, why: String| Fault::Invalid(vec![FieldFault::new(field, code, why)]);
        let host = host_of(url).map_err(|e| wrong("url", "not-a-url", e.to_string()))?;
        let hosts = BTreeSet::from([host.clone()]);
        self.outbound().check(url, &hosts).map_err(|e| wrong("url", "not-a-url", e.to_string()))?;
        let bearer = match token.trim() {
            "" => None,
            token => Some(
                HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| wrong("token", "not-text", "the token has characters that cannot be sent".into()))?,
            ),
        };
        let subject = session.subject();
        let zip = self.export_for(subject, language).await?.zip().await.map_err(|e| Fault::NotNow(e.to_string()))?;
        if zip.len() > LARGEST {
            return Err(Fault::NotNow("this copy is too large to be sent at once: take it as a file".into()));
        }
        let (bytes, sha256) = (zip.len(), sha256(&zip));
        let receipt = self.store.transact(Port { subject }).await?;
        let mut call = Call::new(Method::POST, url, &hosts)
            .body("application/zip", zeroize::Zeroizing::new(zip).to_vec())
            .header(header::USER_AGENT, HeaderValue::from_static("avouch"))
            .header(HeaderName::from_static("content-digest"), digest(&sha256));
        if let Some(mut bearer) = bearer {
            bearer.set_sensitive(true);
            call = call.header(header::AUTHORIZATION, bearer);
        }
        let answer = self.outbound().send(call).await.map_err(|e| wrong("url", "not-taken", e.to_string()))?;
        if !answer.status.is_success() {
            let why = format!("{host} answered {}: it did not take the copy", answer.status.as_u16());
            return Err(wrong("url", "not-taken", why));
        }
        let sent = AtOnce { subject, kind: "portability", receipt: receipt.clone() };
        self.store.transact(sent).await?;
        Ok(Ported { host, bytes, sha256: data_encoding::HEXLOWER.encode(&sha256), receipt })
    }
}

/// The digest as RFC 9530 writes it.
fn digest(sha256: &[u8; 32]) -> HeaderValue {
    let text = format!("sha-256=:{}:", data_encoding::BASE64.encode(sha256));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

struct Port {
    subject: SubjectId,
}

impl Transact for Port {
    const NAME: &'static str = "move a copy to another controller";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.note("port", super::PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.subject)).await
    }
}
