//! Partners people log in with: how they are spoken to, and what they told. Two adapters, one for OpenID Connect and
//! one for OAuth 2 without ID tokens.
//!
//! Keeps promises 1.7 and 4.1: a partner is declared by the policy, with its hosts and what it sends; what the
//! installation adds is the client's name and secret there. Everything goes through the outbound guard.

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::Policy;
use avouch_policy::model::Partner as Declared;
use avouch_seal::sign::hmac_sha256;
use avouch_store::Flow;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::oauth::OAuth;
use super::oidc;
use crate::fault::Fault;
use crate::origin::Origin;
use crate::outbound::{Call, Guard, OutboundFault};

/// Why nobody came in by a partner.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JointFault {
    /// The person did not agree there, or went back.
    #[error("the partner says that nothing was agreed")]
    Declined,
    /// The way there and back took too long, was gone twice, or began in another browser.
    #[error("this way in is over; begin again")]
    Over,
    /// The partner cannot be reached.
    #[error("the partner could not be asked: {0}")]
    Unreached(#[from] OutboundFault),
    /// The partner's answer does not show who somebody is.
    #[error("the partner's answer cannot be trusted: {0}")]
    Untrusted(String),
    /// The account at the partner is linked to another account here, or the account here to another there.
    #[error("this account at the partner cannot be linked here")]
    Taken,
    /// Somebody logged in at the partner, but not with the account that is linked to the one signed in here.
    #[error("another account at the partner is linked here")]
    Another,
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<avouch_store::StoreError> for JointFault {
    fn from(e: avouch_store::StoreError) -> Self {
        Self::Fault(e.into())
    }
}

pub(super) fn untrusted(what: impl std::fmt::Display) -> JointFault {
    JointFault::Untrusted(what.to_string())
}

/// How a partner is spoken to. See `docs/configuration.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Way {
    /// OpenID Connect: everything else is found at the issuer.
    OpenId {
        /// The issuer.
        issuer: String,
    },
    /// OAuth 2 without ID tokens.
    OAuth(Box<OAuth>),
}

/// What the installation says of a partner.
#[expect(missing_debug_implementations, reason = "holds a secret")]
#[derive(Clone)]
pub struct PartnerSettings {
    /// How it is spoken to.
    pub way: Way,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub secret: Zeroizing<String>,
}

/// A partner, as declared and configured.
#[expect(missing_debug_implementations, reason = "holds a secret")]
pub struct Partner {
    /// Its name in the policy.
    pub name: String,
    pub(super) settings: PartnerSettings,
    pub(super) hosts: BTreeSet<String>,
    pub(super) scopes: Vec<String>,
    /// Whether avatar and nickname are received.
    pub(super) profile: bool,
    pub(super) redirect: String,
}

/// All partners of an installation.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub struct Partners {
    all: BTreeMap<String, Partner>,
}

impl Partners {
    /// Partners as configured. They send people back to `origin`, the address of this site.
    ///
    /// # Errors
    /// What is wrong, for who wrote the configuration.
    pub fn new(
        policy: &Policy,
        outbound: &Guard,
        origin: &Origin,
        settings: BTreeMap<String, PartnerSettings>,
    ) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for (name, settings) in settings {
            let declared: &Declared =
                policy.facts().collection.partners.get(&name).ok_or_else(|| {
                    format!("the policy names no partner '{name}'; write [collection.partners.{name}]")
                })?;
            let urls = match &settings.way {
                Way::OpenId { issuer } => vec![issuer.as_str()],
                Way::OAuth(oauth) => oauth.urls(),
            };
            for url in urls {
                outbound.check(url, &declared.hosts).map_err(|fault| format!("partner '{name}', {url}: {fault}"))?;
            }
            let partner = Partner {
                redirect: format!("{}/login/with/{name}/back", origin.as_str()),
                hosts: declared.hosts.clone(),
                scopes: declared.scopes.clone(),
                profile: declared.items.contains(super::PROFILE),
                settings,
                name: name.clone(),
            };
            all.insert(name, partner);
        }
        Ok(Self { all })
    }

    /// A partner by its name in the policy.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Partner> {
        self.all.get(name)
    }

    /// Every partner's name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }
}

/// What is secret between a browser and a partner's answer: all of it made from the flow, which that browser alone
/// holds, so that nothing of it rests here.
pub(super) struct Secrets(Flow);

impl Secrets {
    pub(super) fn of(flow: &Flow) -> Self {
        Self(flow.clone())
    }

    fn made(&self, what: &str) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&hmac_sha256(self.0.to_text().as_bytes(), what.as_bytes()))
    }

    /// Binds the answer to the browser.
    pub(super) fn state(&self) -> String {
        self.made("state")
    }

    /// Binds an ID token to this login.
    pub(super) fn nonce(&self) -> String {
        self.made("nonce")
    }

    /// Binds the code to this client (RFC 7636).
    pub(super) fn verifier(&self) -> String {
        self.made("verifier")
    }
}

/// What a browser came back with, and when.
#[derive(Clone, Copy)]
pub(super) struct Came<'a> {
    /// What is exchanged for who it is.
    pub(super) code: &'a str,
    /// Who the answer says it is from (RFC 9207).
    pub(super) iss: Option<&'a str>,
    /// Now.
    pub(super) now: Timestamp,
    /// Where who is there is to be shown: the login there must not be older. Nothing beyond who it is is asked then.
    pub(super) since: Option<Timestamp>,
}

/// What a partner told of somebody who let it.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Told {
    /// Who says so.
    pub(super) issuer: String,
    /// Who it is, by the issuer's word.
    pub(super) subject: String,
    /// Who it is for all services of one operator, where the partner tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) union: Option<String>,
    /// A nickname.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) nickname: Option<String>,
    /// Where an avatar is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) picture: Option<String>,
    /// What the person let us have.
    pub(super) scopes: String,
    /// What ends the grant there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) token: Option<String>,
}

impl Told {
    /// Issuer and subject in their one form: who somebody is there, and nothing else is.
    pub(super) fn identity(&self) -> String {
        format!("{}\0{}", self.issuer, self.subject)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.subject.zeroize();
        self.nickname.zeroize();
        self.token.zeroize();
    }
}

/// The longest name kept of what a partner calls somebody, in characters.
const LONGEST_NAME: usize = 100;

/// A nickname without what could disturb a page, shortened.
pub(super) fn nickname(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

/// An address with more of a query.
pub(super) fn with(url: &str, query: &str) -> String {
    format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' })
}

impl Partner {
    /// Our name and secret there, as a header.
    pub(super) fn basic(&self) -> Result<HeaderValue, JointFault> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", encoded(&self.settings.client_id), encoded(&self.settings.secret)));
        let text = Zeroizing::new(format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes())));
        let mut basic = HeaderValue::from_str(&text).map_err(untrusted)?;
        basic.set_sensitive(true);
        Ok(basic)
    }

    /// What every partner is asked for in the browser's address.
    pub(super) fn asking(&self, secrets: &Secrets, pkce: bool) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("state", &secrets.state());
        if pkce {
            let digest = avouch_ledger::hash::sha256(secrets.verifier().as_bytes());
            query
                .append_pair("code_challenge", &data_encoding::BASE64URL_NOPAD.encode(&digest))
                .append_pair("code_challenge_method", "S256");
        }
        query
    }

    /// Whether it can show who is there: it promises a login of now, and says when it was. ID tokens alone do.
    #[must_use]
    pub fn shows(&self) -> bool {
        matches!(self.settings.way, Way::OpenId { .. })
    }

    /// Where the browser goes to agree; `anew` where the person is to log in there once more.
    pub(super) async fn start(&self, outbound: &Guard, secrets: &Secrets, anew: bool) -> Result<String, JointFault> {
        let url = match &self.settings.way {
            Way::OpenId { issuer } => oidc::start(self, issuer, outbound, secrets, anew).await?,
            Way::OAuth(oauth) => oauth.start(self, secrets),
        };
        outbound.check(&url, &self.hosts)?;
        Ok(url)
    }

    /// What it says about who came back with a code.
    pub(super) async fn finish(&self, outbound: &Guard, secrets: &Secrets, came: Came<'_>) -> Result<Told, JointFault> {
        match &self.settings.way {
            Way::OpenId { issuer } => oidc::finish(self, issuer, outbound, secrets, came).await,
            Way::OAuth(_) if came.since.is_some() => Err(untrusted("it does not say when somebody logged in there")),
            Way::OAuth(oauth) => oauth.finish(self, outbound, secrets, came.code, came.iss).await,
        }
    }

    /// Ends a grant (RFC 7009); done too where the partner has no way to, or does not know the token any more.
    ///
    /// # Errors
    /// [`JointFault::Unreached`], and [`JointFault::Untrusted`] for an answer that is neither; it is tried again.
    pub(super) async fn revoke(&self, outbound: &Guard, token: &str) -> Result<(), JointFault> {
        let url = match &self.settings.way {
            Way::OpenId { issuer } => oidc::revocation(self, issuer, outbound).await?,
            Way::OAuth(oauth) => oauth.revoke.clone(),
        };
        let Some(url) = url else { return Ok(()) };
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        let call = Call::new(Method::POST, &url, &self.hosts)
            .header(header::AUTHORIZATION, self.basic()?)
            .body("application/x-www-form-urlencoded", body);
        match outbound.send(call).await?.status {
            // 400: the token is over, or of a kind that cannot be ended.
            status if status.is_success() || status == StatusCode::BAD_REQUEST => Ok(()),
            status => Err(untrusted(format!("the end of a grant was answered with {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_differs_by_use_and_by_browser() {
        let (a, b) = (Secrets::of(&Flow::new([1; 32])), Secrets::of(&Flow::new([2; 32])));
        let all = [a.state(), a.nonce(), a.verifier(), b.state(), b.nonce(), b.verifier()];
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|s| s.len() == 43), "as long as RFC 7636 asks");
    }

    #[test]
    fn a_nickname_is_shortened_and_freed_of_what_disturbs() {
        assert_eq!(nickname(" 林\u{7}梅\n").as_deref(), Some("林梅"));
        assert_eq!(nickname("\n\t"), None);
        assert_eq!(nickname(&"x".repeat(1000)).map(|n| n.len()), Some(LONGEST_NAME));
    }
}
