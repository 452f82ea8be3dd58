//! OAuth 2 for partners without ID tokens: the token's answer says who somebody is, or a page of theirs does.
//!
//! Keeps promise 1.7. What partners call things differs, so names and places are configured: `appid` and `secret`,
//! `/openid`, `/unionid`. What they answer is believed because it came over TLS from the host that the policy names.

use http::{HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::Value;

use super::partner::{JointFault, Partner, Secrets, Told, nickname, untrusted, with};
use crate::outbound::{Call, Guard};

/// How such a partner is spoken to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// Where the browser goes to agree.
    pub authorize: String,
    /// Where the code is exchanged.
    pub token: String,
    /// Where nickname and avatar are told.
    pub userinfo: Option<String>,
    /// Where grants are ended.
    pub revoke: Option<String>,
    /// What the parameter with our name there is called: `client_id`, `appid`.
    #[serde(default = "client_id")]
    pub client_id_name: String,
    /// What the parameter with our secret is called: `client_secret`, `secret`.
    #[serde(default = "client_secret")]
    pub secret_name: String,
    /// Whether the code is exchanged by `GET`.
    #[serde(default)]
    pub token_by_get: bool,
    /// Whether PKCE is used; only partners that do not know it are spoken to without.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// Whether the page about the person takes the access token in a header; else in the address, with `openid`.
    #[serde(default = "yes")]
    pub bearer: bool,
    /// Where in the token's answer, or else in the page about the person, their id stands: JSON pointers.
    #[serde(default = "openid")]
    pub id: String,
    /// Where the id for all services of one operator stands.
    #[serde(default = "unionid")]
    pub union: String,
    /// Where the nickname stands.
    #[serde(default = "nickname_at")]
    pub nickname: String,
    /// Where the avatar's address stands.
    #[serde(default = "picture_at")]
    pub picture: String,
}

fn client_id() -> String {
    "client_id".into()
}

fn client_secret() -> String {
    "client_secret".into()
}

const fn yes() -> bool {
    true
}

fn openid() -> String {
    "/openid".into()
}

fn unionid() -> String {
    "/unionid".into()
}

fn nickname_at() -> String {
    "/nickname".into()
}

fn picture_at() -> String {
    "/headimgurl".into()
}

fn text(answer: &Value, at: &str) -> Option<String> {
    match answer.pointer(at)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl OAuth {
    /// Every address it is spoken to at.
    pub(super) fn urls(&self) -> Vec<&str> {
        let more = [&self.userinfo, &self.revoke].into_iter().flatten();
        [&self.authorize, &self.token].into_iter().chain(more).map(String::as_str).collect()
    }

    /// Where the browser goes to agree.
    pub(super) fn start(&self, partner: &Partner, secrets: &Secrets) -> String {
        let mut query = partner.asking(secrets, self.pkce);
        query
            .append_pair(&self.client_id_name, &partner.settings.client_id)
            .append_pair("scope", &partner.scopes.join(" "));
        with(&self.authorize, &query.finish())
    }

    /// What a code is exchanged with.
    fn exchanged(&self, partner: &Partner, secrets: &Secrets, code: &str) -> String {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", "authorization_code")
            .append_pair(&self.client_id_name, &partner.settings.client_id)
            .append_pair(&self.secret_name, &partner.settings.secret)
            .append_pair("code", code)
            .append_pair("redirect_uri", &partner.redirect);
        if self.pkce {
            body.append_pair("code_verifier", &secrets.verifier());
        }
        body.finish()
    }

    /// What the partner says about who came back.
    pub(super) async fn finish(
        &self,
        partner: &Partner,
        outbound: &Guard,
        secrets: &Secrets,
        code: &str,
        iss: Option<&str>,
    ) -> Result<Told, JointFault> {
        // Who is asked is named by its token's address: no two partners share one.
        let issuer = self.token.clone();
        if iss.is_some_and(|iss| !self.token.starts_with(iss)) {
            return Err(untrusted("the answer is of another issuer"));
        }
        let body = self.exchanged(partner, secrets, code);
        let got = if self.token_by_get {
            self.ask(partner, outbound, Method::GET, &with(&self.token, &body), None, None).await?
        } else {
            self.ask(partner, outbound, Method::POST, &self.token, None, Some(body)).await?
        };
        let access = text(&got, "/access_token").ok_or_else(|| untrusted("it came without an access token"))?;
        let mut id = text(&got, &self.id);
        let mut about = Value::Null;
        if let (Some(userinfo), true) = (&self.userinfo, partner.profile || id.is_none()) {
            about = if self.bearer {
                self.ask(partner, outbound, Method::GET, userinfo, Some(&access), None).await?
            } else {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("access_token", &access)
                    .append_pair("openid", id.as_deref().unwrap_or_default())
                    .finish();
                self.ask(partner, outbound, Method::GET, &with(userinfo, &query), None, None).await?
            };
            let said = text(&about, &self.id);
            if id.is_some() && said.is_some() && id != said {
                return Err(untrusted("the page about the person is about another"));
            }
            id = id.or(said);
        }
        let subject = id.ok_or_else(|| untrusted("it does not say who came"))?;
        Ok(Told {
            issuer,
            subject,
            union: text(&got, &self.union).or_else(|| text(&about, &self.union)),
            nickname: text(&about, &self.nickname).filter(|_| partner.profile).as_deref().and_then(nickname),
            picture: text(&about, &self.picture).filter(|_| partner.profile),
            scopes: text(&got, "/scope").unwrap_or_else(|| partner.scopes.join(" ")),
            token: Some(text(&got, "/refresh_token").unwrap_or(access)),
        })
    }

    async fn ask(
        &self,
        partner: &Partner,
        outbound: &Guard,
        method: Method,
        url: &str,
        access: Option<&str>,
        body: Option<String>,
    ) -> Result<Value, JointFault> {
        let mut call =
            Call::new(method, url, &partner.hosts).header(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(access) = access {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {access}")).map_err(untrusted)?;
            bearer.set_sensitive(true);
            call = call.header(header::AUTHORIZATION, bearer);
        }
        if let Some(body) = body {
            call = call.body("application/x-www-form-urlencoded", body);
        }
        let answer = outbound.send(call).await?;
        if !answer.status.is_success() {
            return Err(untrusted(format!("it answered {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| untrusted("its answer is no JSON"))
    }
}
