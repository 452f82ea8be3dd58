//! A partner that behaves, misbehaves, and is away; and the person's way there and back.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use avouch::App;
use avouch::collection::join::Join;
use avouch::collection::joint::{Arrived, Back, JointFault, PartnerSettings, Partners, Unknown, Way};
use avouch::outbound::{Guard, Reach};
use avouch::security::session::{Device, Session};
use avouch::store::{AgeBand, Flow, Sink, SubjectId};
use avouch_testkit::Home;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

pub(crate) const HOST: &str = "id.harbour.example";
pub(crate) const OTHER: &str = "open.lantern.example";
pub(crate) const ISSUER: &str = "https://id.harbour.example";

/// How the partner behaves.
#[derive(Clone)]
pub(crate) struct Manner {
    /// Claims to be replaced in its ID token.
    pub(crate) claims: Value,
    /// The algorithm its token's head names: `EdDSA`, `none`, `HS256`.
    pub(crate) alg: &'static str,
    /// What the avatar's address answers, whole.
    pub(crate) avatar: Vec<u8>,
    /// Where the avatar is.
    pub(crate) picture: String,
    /// Whether it answers at all.
    pub(crate) away: bool,
}

impl Default for Manner {
    fn default() -> Self {
        let mut png = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(40, 40).write_to(&mut png, image::ImageFormat::Png).unwrap();
        Self {
            claims: json!({}),
            alg: "EdDSA",
            avatar: answer(200, "image/png", png.get_ref()),
            picture: format!("{ISSUER}/avatar"),
            away: false,
        }
    }
}

/// A partner: an OpenID provider, and one without ID tokens, in one small server.
pub(crate) struct Partner {
    pub(crate) at: SocketAddr,
    pub(crate) manner: Arc<Mutex<Manner>>,
    /// Codes given, with nonce and challenge.
    pub(crate) codes: Arc<Mutex<BTreeMap<String, (String, String)>>>,
    /// Tokens that were ended.
    pub(crate) ended: Arc<Mutex<Vec<String>>>,
    pub(crate) now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

pub(crate) fn answer(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes.as_ref())
}

pub(crate) fn pairs(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(crate) fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

impl Partner {
    pub(crate) async fn new(home: &Home) -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let clock = Arc::clone(&home.clock);
        let made = Arc::new(Self {
            at: listener.local_addr().unwrap(),
            manner: Arc::default(),
            codes: Arc::default(),
            ended: Arc::default(),
            now: Arc::new(move || avouch::store::Clock::now(clock.as_ref()).as_second()),
        });
        let server = Arc::clone(&made);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = Arc::clone(&server);
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        made
    }

    /// The same application, with this server as both partners.
    pub(crate) fn configured(&self, app: App) -> App {
        let via = [(HOST.to_owned(), self.at), (OTHER.to_owned(), self.at)].into();
        let guard = Guard::new(Reach { via, ..Reach::default() }, None).unwrap();
        let lantern: Way = serde_json::from_value(json!({
            "authorize": format!("https://{OTHER}/connect"), "token": format!("https://{OTHER}/sns/token"),
            "userinfo": format!("https://{OTHER}/sns/userinfo"), "client_id_name": "appid", "secret_name": "secret",
            "token_by_get": true, "pkce": false, "bearer": false,
        }))
        .unwrap();
        let settings =
            |way| PartnerSettings { way, client_id: "plaza".into(), secret: Zeroizing::new("a shared secret".into()) };
        let harbour = Way::OpenId { issuer: ISSUER.into() };
        let all = [("harbour".to_owned(), settings(harbour)), ("lantern".to_owned(), settings(lantern))].into();
        let partners = Partners::new(&app.policy(), &guard, &"https://plaza.example".parse().unwrap(), all).unwrap();
        app.with_outbound(guard).with_partners(partners)
    }

    async fn serve(&self, mut stream: TcpStream) {
        let (mut read, mut part) = (Vec::new(), [0; 4096]);
        let (head, body) = loop {
            let n = stream.read(&mut part).await.unwrap_or(0);
            read.extend_from_slice(&part[..n]);
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap_or("0");
                if body.len() >= length.parse().unwrap() {
                    break (head.to_owned(), body.to_owned());
                }
            }
            if n == 0 {
                return;
            }
        };
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let reply = self.reply(&path, &body);
        let _gone = stream.write_all(&reply).await;
        let _gone = stream.shutdown().await;
    }

    fn reply(&self, path: &str, body: &str) -> Vec<u8> {
        let manner = self.manner.lock().unwrap().clone();
        if manner.away {
            return Vec::new();
        }
        let json = |value: Value| answer(200, "application/json", value.to_string().as_bytes());
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match path {
            "/.well-known/openid-configuration" => json(json!({
                "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/jwks"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"), "revocation_endpoint": format!("{ISSUER}/revoke"),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "authorization_response_iss_parameter_supported": true,
            })),
            "/jwks" => json(json!({ "keys": [{
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": b64(key().public_key()),
            }] })),
            "/token" => {
                let sent = pairs(body);
                let Some((nonce, challenge)) = self.codes.lock().unwrap().remove(&sent["code"]) else {
                    return answer(400, "application/json", br#"{"error":"invalid_grant"}"#);
                };
                let digest = avouch::store::sha256(sent["code_verifier"].as_bytes());
                assert_eq!(challenge, b64(digest), "PKCE");
                json(json!({
                    "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer", "expires_in": 60,
                    "scope": "openid profile", "id_token": self.id_token(&manner, &nonce),
                }))
            }
            "/userinfo" => json(json!({
                "sub": manner.claims.get("sub").cloned().unwrap_or_else(|| json!("p-1")), "nickname": "Mei\u{7}",
                "picture": manner.picture, "email": "person1@plaza.example", "email_verified": true,
            })),
            "/avatar" => manner.avatar,
            "/revoke" => {
                self.ended.lock().unwrap().push(pairs(body)["token"].clone());
                answer(200, "text/plain", b"")
            }
            "/sns/token" => {
                let sent = pairs(query);
                assert_eq!((sent["appid"].as_str(), sent["secret"].as_str()), ("plaza", "a shared secret"));
                if self.codes.lock().unwrap().remove(&sent["code"]).is_none() {
                    return json(json!({ "errcode": 40029, "errmsg": "invalid code" }));
                }
                json(json!({ "access_token": "wx-1", "openid": "o-1", "unionid": "u-1", "scope": "snsapi_userinfo" }))
            }
            "/sns/userinfo" => {
                let sent = pairs(query);
                assert_eq!((sent["access_token"].as_str(), sent["openid"].as_str()), ("wx-1", "o-1"));
                json(json!({ "openid": "o-1", "unionid": "u-1", "nickname": "小梅", "headimgurl": "" }))
            }
            _ => answer(404, "text/plain", b""),
        }
    }

    fn id_token(&self, manner: &Manner, nonce: &str) -> String {
        let now = (self.now)();
        let mut claims = json!({
            "iss": ISSUER, "sub": "p-1", "aud": "plaza", "iat": now, "exp": now + 300, "nonce": nonce,
            "email": "person1@plaza.example", "email_verified": true,
        });
        for (name, value) in manner.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let head = json!({ "alg": manner.alg, "kid": "k1", "typ": "JWT" });
        let signed = format!("{}.{}", b64(head.to_string()), b64(claims.to_string()));
        let signature = match manner.alg {
            "none" => String::new(),
            "HS256" => b64(avouch_seal::hmac_sha256(b"a shared secret", signed.as_bytes())),
            _ => b64(key().sign(signed.as_bytes())),
        };
        format!("{signed}.{signature}")
    }

    /// What the person's browser does there: agrees, and comes back with a code.
    pub(crate) fn agree(&self, url: &str) -> Agreed {
        let asked = pairs(url.split_once('?').unwrap().1);
        assert!(asked["redirect_uri"].starts_with("https://plaza.example/login/with/"), "{asked:?}");
        let mut codes = self.codes.lock().unwrap();
        let code = format!("code-{}-{}", codes.len(), asked["state"]);
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        codes.insert(code.clone(), (of("nonce"), of("code_challenge")));
        Agreed { code, state: asked["state"].clone() }
    }
}

pub(crate) struct Agreed {
    pub(crate) code: String,
    pub(crate) state: String,
}

impl Agreed {
    pub(crate) fn back<'a>(&'a self, flow: &'a Flow, partner: &'a str) -> Back<'a> {
        let iss = (partner == "harbour").then_some(ISSUER);
        Back { flow, partner, state: &self.state, code: Some(&self.code), iss, error: None }
    }
}

pub(crate) fn device() -> Device {
    Device { agent: "Test Browser".into(), address: "192.0.2.7".into() }
}

/// A home where both partners are configured.
pub(crate) async fn with_partners(home: &mut Home) -> Arc<Partner> {
    let partner = Partner::new(home).await;
    home.app = partner.configured(home.app.clone());
    partner
}

pub(crate) async fn come(home: &Home, partner: &Partner, name: &str) -> Result<Arrived, JointFault> {
    let (flow, url) = home.app.start_joint(name, None, "192.0.2.7").await?;
    let agreed = partner.agree(&url);
    home.app.finish_joint(agreed.back(&flow, name), None, device(), "en").await
}

pub(crate) async fn link(home: &Home, partner: &Partner, session: &Session) -> Result<Arrived, JointFault> {
    link_by(&home.app, partner, session).await
}

pub(crate) async fn link_by(app: &App, partner: &Partner, session: &Session) -> Result<Arrived, JointFault> {
    let (flow, url) = app.start_joint("harbour", Some(session), "192.0.2.7").await?;
    let agreed = partner.agree(&url);
    app.finish_joint(agreed.back(&flow, "harbour"), Some(session), device(), "en").await
}

pub(crate) fn form(n: u64) -> Join {
    let values = [("user_name", format!("person{n}")), ("email", format!("person{n}@plaza.example"))];
    Join {
        values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        age: Some(AgeBand::Adult),
        device: Some(device()),
        external: None,
    }
}

pub(crate) fn unknown(arrived: Arrived) -> Unknown {
    match arrived {
        Arrived::Unknown(came) => came,
        _ => panic!("somebody here has that account"),
    }
}

/// Somebody who joined with the partner's account, and has no password.
pub(crate) async fn joined(home: &Home, partner: &Partner, n: u64) -> SubjectId {
    let came = unknown(come(home, partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    let joined = home.app.join_jointly(&came.flow, &came.told, form(n), "en").await;
    joined.unwrap_or_else(|f| panic!("{f}")).subject
}

pub(crate) async fn held(home: &Home, subject: SubjectId, item: &str) -> Vec<Value> {
    let records = home.app.see(subject, item).await.unwrap();
    records.iter().map(|r| r.value.expose(Sink::Subject, |v| serde_json::from_slice(v).unwrap())).collect()
}

pub(crate) fn fault<T>(result: Result<T, JointFault>) -> JointFault {
    result.err().expect("a fault")
}
