//! The two ports messages leave by: mail and SMS.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use avouch_policy::model::Kind;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// A message that is ready to go.
pub struct Letter {
    /// Names it; the same each time it is tried, so that the other side can tell a repetition.
    pub id: String,
    /// Which message it is, e.g. `code-log-in`; for gateways with templates of their own.
    pub kind: String,
    /// Its language, `en` or `zh-CN`.
    pub language: String,
    /// The address or number.
    pub to: Zeroizing<String>,
    /// The subject line of a mail.
    pub subject: String,
    /// The text.
    pub text: Zeroizing<String>,
    /// The code in it, where it carries one.
    pub code: Option<Zeroizing<String>>,
    /// The link that refuses more of these, where it is an offer: at once and without a login.
    pub unsubscribe: Option<String>,
    /// When it is sent.
    pub at: Timestamp,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a message did not go. The text holds no address: servers like to repeat them, adapters leave that out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct Undelivered {
    /// What was wrong, and where to look.
    pub why: String,
    /// Whether trying again is useless.
    pub for_good: bool,
}

/// A message under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Undelivered>> + Send + 'a>>;

/// Sends mail.
pub trait Mailer: Send + Sync {
    /// Sends one mail; done means that the next server took it.
    fn mail<'a>(&'a self, letter: &'a Letter) -> Sending<'a>;
}

/// Sends SMS.
pub trait SmsGateway: Send + Sync {
    /// Sends one SMS; done means that the gateway took it.
    fn sms<'a>(&'a self, letter: &'a Letter) -> Sending<'a>;
}

/// What an installation sends by. Without one of them, contacts of that kind cannot be verified and open no
/// way in; the pages do not offer it.
#[derive(Clone, Default)]
pub struct Messengers {
    /// For mail.
    pub mail: Option<Arc<dyn Mailer>>,
    /// For SMS.
    pub sms: Option<Arc<dyn SmsGateway>>,
}

impl std::fmt::Debug for Messengers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messengers").field("mail", &self.mail.is_some()).field("sms", &self.sms.is_some()).finish()
    }
}

impl Messengers {
    /// Whether contacts of this kind can be reached.
    #[must_use]
    pub fn reach(&self, kind: Kind) -> bool {
        match kind {
            Kind::Email => self.mail.is_some(),
            Kind::Phone => self.sms.is_some(),
            _ => false,
        }
    }
}
