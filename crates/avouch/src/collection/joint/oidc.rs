//! OpenID Connect: discovery, the code with PKCE, and an ID token whose every claim is checked.
//!
//! Keeps promise 1.7 (ASVS 6.8.1, 6.8.2, 6.8.4, 9.1, 9.2, 10.1, 10.2, 10.5): `state` and `nonce` are bound to the
//! browser, PKCE is S256, the answer's `iss` is the partner's own (RFC 9207), tokens are signed by algorithms with
//! public keys alone; where who is there is to be shown, the login there is asked for anew and says when it was. Why not a client of the whole protocol: [ADR 0006](../../../../../docs/adr/0006-id-tokens-are-checked-by-the-one-cryptographic-library.md).

use http::{HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::partner::{Came, JointFault, Partner, Secrets, Told, nickname, untrusted};
use crate::outbound::{Call, Guard};

/// Signatures taken: with public keys alone, so that neither `none` nor a shared secret passes for one.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

/// How far the partner's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// An ID token is taken this long after it was made.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What an issuer says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: Option<String>,
    id_token: String,
    scope: Option<String>,
}

/// The claims of an ID token that are looked at.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Value,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<i64>,
    #[serde(flatten)]
    profile: Profile,
}

/// What is told of a person beside who they are.
#[derive(Default, Deserialize)]
struct Profile {
    nickname: Option<String>,
    name: Option<String>,
    picture: Option<String>,
}

impl Profile {
    fn called(&self) -> Option<String> {
        self.nickname.as_deref().and_then(nickname).or_else(|| self.name.as_deref().and_then(nickname))
    }
}

/// What the page about a person says.
#[derive(Deserialize)]
struct About {
    sub: String,
    #[serde(flatten)]
    profile: Profile,
}

async fn ask<T: DeserializeOwned>(outbound: &Guard, call: Call<'_>, what: &str) -> Result<T, JointFault> {
    let call = call.header(header::ACCEPT, HeaderValue::from_static("application/json"));
    let answer = outbound.send(call).await?;
    if !answer.status.is_success() {
        return Err(untrusted(format!("{what} was answered with {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|_| untrusted(format!("{what} is not as it should be")))
}

async fn get<T: DeserializeOwned>(partner: &Partner, outbound: &Guard, url: &str, what: &str) -> Result<T, JointFault> {
    ask(outbound, Call::new(Method::GET, url, &partner.hosts), what).await
}

async fn discover(partner: &Partner, issuer: &str, outbound: &Guard) -> Result<Metadata, JointFault> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let found: Metadata = get(partner, outbound, &url, "the issuer's description").await?;
    if found.issuer == issuer { Ok(found) } else { Err(untrusted("the issuer describes another")) }
}

/// Where the browser goes to agree. `anew`: to log in there once more, and to tell nothing but who it is.
pub(super) async fn start(
    partner: &Partner,
    issuer: &str,
    outbound: &Guard,
    secrets: &Secrets,
    anew: bool,
) -> Result<String, JointFault> {
    let metadata = discover(partner, issuer, outbound).await?;
    let mut scopes = vec!["openid"];
    if !anew {
        scopes.extend(partner.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
    }
    let mut query = partner.asking(secrets, true);
    query
        .append_pair("client_id", &partner.settings.client_id)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("nonce", &secrets.nonce());
    if anew {
        query.append_pair("prompt", "login").append_pair("max_age", "0");
    }
    Ok(super::partner::with(&metadata.authorization_endpoint, &query.finish()))
}

/// What the partner says about who came back.
pub(super) async fn finish(
    partner: &Partner,
    issuer: &str,
    outbound: &Guard,
    secrets: &Secrets,
    came: Came<'_>,
) -> Result<Told, JointFault> {
    let metadata = discover(partner, issuer, outbound).await?;
    match came.iss {
        Some(iss) if iss != issuer => return Err(untrusted("the answer is of another issuer")),
        None if metadata.authorization_response_iss_parameter_supported => {
            return Err(untrusted("the answer does not say whose it is"));
        }
        _ => {}
    }
    let tokens = exchange(partner, outbound, &metadata, secrets, came.code).await?;
    let claims = claims(partner, outbound, &metadata, &tokens, &secrets.nonce(), came.now).await?;
    if let Some(since) = came.since {
        of_now(&claims, since, came.now)?;
    }
    let mut profile = Profile::default();
    if partner.profile && came.since.is_none() {
        profile = claims.profile;
        if let (None, Some(url)) = (profile.called().and(profile.picture.as_ref()), &metadata.userinfo_endpoint) {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", tokens.access_token)).map_err(untrusted)?;
            bearer.set_sensitive(true);
            let call = Call::new(Method::GET, url, &partner.hosts).header(header::AUTHORIZATION, bearer);
            let about: About = ask(outbound, call, "the page about the person").await?;
            if about.sub != claims.sub {
                return Err(untrusted("the page about the person is about another"));
            }
            profile = about.profile;
        }
    }
    Ok(Told {
        issuer: issuer.to_owned(),
        subject: claims.sub,
        union: None,
        nickname: profile.called(),
        picture: profile.picture,
        scopes: tokens.scope.unwrap_or_else(|| partner.scopes.join(" ")),
        token: Some(tokens.refresh_token.unwrap_or(tokens.access_token)),
    })
}

async fn exchange(
    partner: &Partner,
    outbound: &Guard,
    metadata: &Metadata,
    secrets: &Secrets,
    code: &str,
) -> Result<Tokens, JointFault> {
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let basic = methods.is_empty() || methods.iter().any(|m| m == "client_secret_basic");
    let body = {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &partner.redirect)
            .append_pair("code_verifier", &secrets.verifier());
        if !basic {
            body.append_pair("client_id", &partner.settings.client_id)
                .append_pair("client_secret", &partner.settings.secret);
        }
        body.finish()
    };
    let mut call = Call::new(Method::POST, &metadata.token_endpoint, &partner.hosts)
        .body("application/x-www-form-urlencoded", body);
    if basic {
        call = call.header(header::AUTHORIZATION, partner.basic()?);
    }
    ask(outbound, call, "the exchange of the code").await
}

/// The key that a token was signed with.
fn key<'k>(keys: &'k JwkSet, kid: Option<&str>) -> Option<&'k Jwk> {
    let signs = |key: &&Jwk| key.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
    let mut keys = keys.keys.iter().filter(signs);
    match kid {
        Some(kid) => keys.find(|key| key.common.key_id.as_deref() == Some(kid)),
        // Without a name only a lone key is meant.
        None => keys.next().filter(|_| keys.next().is_none()),
    }
}

async fn claims(
    partner: &Partner,
    outbound: &Guard,
    metadata: &Metadata,
    tokens: &Tokens,
    nonce: &str,
    now: Timestamp,
) -> Result<Claims, JointFault> {
    let head = decode_header(&tokens.id_token).map_err(untrusted)?;
    if !ALGORITHMS.contains(&head.alg) {
        return Err(untrusted("its ID token is not signed with a public key"));
    }
    let keys: JwkSet = get(partner, outbound, &metadata.jwks_uri, "the issuer's keys").await?;
    let key =
        key(&keys, head.kid.as_deref()).ok_or_else(|| untrusted("its ID token is signed with no key of its own"))?;
    let mut checks = Validation::new(head.alg);
    checks.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    checks.set_issuer(&[&metadata.issuer]);
    checks.set_audience(&[&partner.settings.client_id]);
    // Time is a parameter: checked below.
    checks.validate_exp = false;
    let key = DecodingKey::from_jwk(key).map_err(untrusted)?;
    let claims: Claims = decode(&tokens.id_token, &key, &checks).map_err(untrusted)?.claims;
    let at = |seconds: i64| Timestamp::from_second(seconds).map_err(untrusted);
    if at(claims.exp)? <= now {
        return Err(untrusted("its ID token is over"));
    }
    let made = at(claims.iat)?;
    if made > now + SKEW || made < now - FRESH {
        return Err(untrusted("its ID token was not made now"));
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(untrusted("its ID token is of another login"));
    }
    // For us alone: nobody else may hand on a token that was made for them.
    if claims.aud.as_array().is_some_and(|all| all.len() != 1) {
        return Err(untrusted("its ID token is for others too"));
    }
    if claims.at_hash.as_ref().is_some_and(|hash| *hash != half_hash(head.alg, &tokens.access_token)) {
        return Err(untrusted("its access token is of another login"));
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(untrusted("it does not say who came"));
    }
    Ok(claims)
}

/// That the login there began no earlier than the way there: a login that was there already shows nobody.
fn of_now(claims: &Claims, since: Timestamp, now: Timestamp) -> Result<(), JointFault> {
    let at = claims.auth_time.ok_or_else(|| untrusted("its ID token does not say when somebody logged in there"))?;
    let at = Timestamp::from_second(at).map_err(untrusted)?;
    if at < since - SKEW || at > now + SKEW {
        return Err(untrusted("the login there is not of now"));
    }
    Ok(())
}

/// The left half of a token's digest, by the algorithm of the signature.
fn half_hash(alg: Algorithm, token: &str) -> String {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    let by = match alg {
        Algorithm::ES384 | Algorithm::PS384 | Algorithm::RS384 => &SHA384,
        Algorithm::EdDSA | Algorithm::PS512 | Algorithm::RS512 => &SHA512,
        _ => &SHA256,
    };
    let digest = digest(by, token.as_bytes());
    let (half, _) = digest.as_ref().split_at(digest.as_ref().len() / 2);
    data_encoding::BASE64URL_NOPAD.encode(half)
}

/// Where grants are ended, if anywhere.
pub(super) async fn revocation(
    partner: &Partner,
    issuer: &str,
    outbound: &Guard,
) -> Result<Option<String>, JointFault> {
    Ok(discover(partner, issuer, outbound).await?.revocation_endpoint)
}
