//! Joint login on both engines, against a partner that behaves, misbehaves, and is away.
//!
//! Keeps promise 1.7.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::collection::join::Join;
use avouch::collection::joint::{ACCOUNT, Arrived, Back, JointFault, PROFILE, PartnerSettings, Partners, Unknown, Way};
use avouch::outbound::{Guard, Reach};
use avouch::security::session::{Device, Session};
use avouch::store::{AgeBand, Flow, Sink, SubjectId};
use avouch_testkit::{Engine, Home};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

avouch_testkit::on_both_engines!(
    promise_1_7_an_account_elsewhere_opens_one_here_and_logs_in,
    promise_1_7_the_same_e_mail_links_nothing,
    promise_1_7_linking_is_done_from_inside_and_by_nobody_else,
    promise_1_7_an_answer_that_cannot_be_shown_is_not_believed,
    promise_1_7_ending_deletes_what_was_received_and_ends_the_grant,
    promise_1_7_the_last_way_in_stays,
    promise_1_7_the_second_factor_is_asked_as_on_every_way_in,
    promise_5_2_erasing_ends_the_grant_and_leaves_nothing,
);

const HOST: &str = "id.harbour.example";
const OTHER: &str = "open.lantern.example";
const ISSUER: &str = "https://id.harbour.example";

/// How the partner behaves.
#[derive(Clone)]
struct Manner {
    /// Claims to be replaced in its ID token.
    claims: Value,
    /// The algorithm its token's head names: `EdDSA`, `none`, `HS256`.
    alg: &'static str,
    /// What the avatar's address answers, whole.
    avatar: Vec<u8>,
    /// Where the avatar is.
    picture: String,
    /// Whether it answers at all.
    away: bool,
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
struct Partner {
    at: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    /// Codes given, with nonce and challenge.
    codes: Arc<Mutex<BTreeMap<String, (String, String)>>>,
    /// Tokens that were ended.
    ended: Arc<Mutex<Vec<String>>>,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

fn answer(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes.as_ref())
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

impl Partner {
    async fn new(home: &Home) -> Arc<Self> {
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
    fn agree(&self, url: &str) -> Agreed {
        let asked = pairs(url.split_once('?').unwrap().1);
        assert!(asked["redirect_uri"].starts_with("https://plaza.example/login/with/"), "{asked:?}");
        let mut codes = self.codes.lock().unwrap();
        let code = format!("code-{}-{}", codes.len(), asked["state"]);
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        codes.insert(code.clone(), (of("nonce"), of("code_challenge")));
        Agreed { code, state: asked["state"].clone() }
    }
}

struct Agreed {
    code: String,
    state: String,
}

impl Agreed {
    fn back<'a>(&'a self, flow: &'a Flow, partner: &'a str) -> Back<'a> {
        let iss = (partner == "harbour").then_some(ISSUER);
        Back { flow, partner, state: &self.state, code: Some(&self.code), iss, error: None }
    }
}

fn device() -> Device {
    Device { agent: "Test Browser".into(), address: "192.0.2.7".into() }
}

/// A home where both partners are configured.
async fn with_partners(home: &mut Home) -> Arc<Partner> {
    let partner = Partner::new(home).await;
    let via = [(HOST.to_owned(), partner.at), (OTHER.to_owned(), partner.at)].into();
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
    let partners = Partners::new(&home.app.policy(), &guard, &"https://plaza.example".parse().unwrap(), all).unwrap();
    home.app = home.app.clone().with_outbound(guard).with_partners(partners);
    partner
}

async fn come(home: &Home, partner: &Partner, name: &str) -> Result<Arrived, JointFault> {
    let (flow, url) = home.app.start_joint(name, None, "192.0.2.7").await?;
    let agreed = partner.agree(&url);
    home.app.finish_joint(agreed.back(&flow, name), None, device(), "en").await
}

async fn link(home: &Home, partner: &Partner, session: &Session) -> Result<Arrived, JointFault> {
    let (flow, url) = home.app.start_joint("harbour", Some(session), "192.0.2.7").await?;
    let agreed = partner.agree(&url);
    home.app.finish_joint(agreed.back(&flow, "harbour"), Some(session), device(), "en").await
}

fn form(n: u64) -> Join {
    let values = [("user_name", format!("person{n}")), ("email", format!("person{n}@plaza.example"))];
    Join {
        values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        age: Some(AgeBand::Adult),
        device: Some(device()),
        external: None,
    }
}

fn unknown(arrived: Arrived) -> Unknown {
    match arrived {
        Arrived::Unknown(came) => came,
        _ => panic!("somebody here has that account"),
    }
}

/// Somebody who joined with the partner's account, and has no password.
async fn joined(home: &Home, partner: &Partner, n: u64) -> SubjectId {
    let came = unknown(come(home, partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    let joined = home.app.join_jointly(&came.flow, &came.told, form(n), "en").await;
    joined.unwrap_or_else(|f| panic!("{f}")).subject
}

async fn held(home: &Home, subject: SubjectId, item: &str) -> Vec<Value> {
    let records = home.app.see(subject, item).await.unwrap();
    records.iter().map(|r| r.value.expose(Sink::Subject, |v| serde_json::from_slice(v).unwrap())).collect()
}

fn fault<T>(result: Result<T, JointFault>) -> JointFault {
    result.err().expect("a fault")
}

async fn promise_1_7_an_account_elsewhere_opens_one_here_and_logs_in(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    let account = held(&home, subject, ACCOUNT).await;
    assert_eq!((&account[0]["account"], &account[0]["issuer"]), (&json!("p-1"), &json!(ISSUER)));
    let profile = held(&home, subject, PROFILE).await;
    assert_eq!(profile[0]["nickname"], "Mei");
    assert!(profile[0]["avatar"]["base64"].as_str().is_some_and(|b| b.len() > 20));
    let records = home.app.see(subject, PROFILE).await.unwrap();
    assert_eq!(records[0].head.source, "third-party: harbour");
    // The address the partner calls verified verifies nothing here.
    assert!(home.app.verified(subject).await.unwrap().is_empty());
    let links = home.app.joint_logins(subject).await.unwrap();
    assert_eq!((links.len(), links[0].scopes.as_str()), (1, "openid profile"));
    home.app.own_leaf(subject, &links[0].receipt).await.unwrap();

    home.clock.advance(SignedDuration::from_hours(1));
    let Ok(Arrived::In(token)) = come(&home, &partner, "harbour").await else { panic!("not in") };
    assert_eq!(token.subject, subject);
    let session = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    assert!(!session.proven, "no password was shown");
    assert!(home.app.joint_logins(subject).await.unwrap()[0].used > links[0].used);
    let zip = home.app.export(subject, "en").await.unwrap().zip().await.unwrap();
    assert!(zip.len() > 1000);

    // The partner without ID tokens, with names of its own.
    let came = unknown(come(&home, &partner, "lantern").await.unwrap_or_else(|f| panic!("{f}")));
    assert_eq!(came.nickname.as_deref(), Some("小梅"));
    let second = home.app.join_jointly(&came.flow, &came.told, form(2), "zh-CN").await;
    let second = second.unwrap_or_else(|f| panic!("{f}")).subject;
    let account = held(&home, second, ACCOUNT).await;
    assert_eq!((&account[0]["account"], &account[0]["union"]), (&json!("o-1"), &json!("u-1")));
    // What was carried along is spent: nobody joins with it again.
    assert!(matches!(fault(home.app.join_jointly(&came.flow, &came.told, form(3), "en").await), JointFault::Over));
}

async fn promise_1_7_the_same_e_mail_links_nothing(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let person = home.person(1).await.subject;
    let came = unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    assert!(home.app.joint_logins(person).await.unwrap().is_empty());
    // Joining with the address of somebody else is refused as it always is.
    let again = home.app.join_jointly(&came.flow, &came.told, form(1), "en").await;
    assert!(matches!(fault(again), JointFault::Fault(Fault::Taken(_))));
    assert!(home.app.joint_logins(person).await.unwrap().is_empty());
}

async fn promise_1_7_linking_is_done_from_inside_and_by_nobody_else(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let first = home.person(1).await.subject;
    home.person(2).await;
    let mut session = home.session(1).await;
    session.proven = false;
    assert!(matches!(fault(link(&home, &partner, &session).await), JointFault::Fault(Fault::NeedsProof)));
    session.proven = true;
    // Whoever comes back must be who went.
    let (flow, url) =
        home.app.start_joint("harbour", Some(&session), "192.0.2.7").await.unwrap_or_else(|f| panic!("{f}"));
    let agreed = partner.agree(&url);
    let other = home.session(2).await;
    for session in [None, Some(&other)] {
        let got = home.app.finish_joint(agreed.back(&flow, "harbour"), session, device(), "en").await;
        assert!(matches!(fault(got), JointFault::Over));
    }
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    assert_eq!(home.app.joint_logins(first).await.unwrap().len(), 1);
    assert!(matches!(fault(link(&home, &partner, &other).await), JointFault::Taken));
    assert!(matches!(fault(link(&home, &partner, &session).await), JointFault::Taken), "one account at each partner");
    let Ok(Arrived::In(token)) = come(&home, &partner, "harbour").await else { panic!("not in") };
    assert_eq!(token.subject, first);
}

async fn promise_1_7_an_answer_that_cannot_be_shown_is_not_believed(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let now = (partner.now)();
    for (alg, claims) in [
        ("EdDSA", json!({ "nonce": "another" })),
        ("EdDSA", json!({ "nonce": null })),
        ("EdDSA", json!({ "aud": "another client" })),
        ("EdDSA", json!({ "aud": ["plaza", "another client"] })),
        ("EdDSA", json!({ "iss": "https://evil.example" })),
        ("EdDSA", json!({ "exp": now - 1 })),
        ("EdDSA", json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
        ("none", json!({})),
        ("HS256", json!({})),
    ] {
        *partner.manner.lock().unwrap() = Manner { claims: claims.clone(), alg, ..Manner::default() };
        let got = fault(come(&home, &partner, "harbour").await);
        assert!(matches!(got, JointFault::Untrusted(_)), "{alg} {claims}: {got}");
    }
    *partner.manner.lock().unwrap() = Manner::default();
    // Whose answer it is, and for which browser.
    let begin = || async { home.app.start_joint("harbour", None, "192.0.2.7").await.unwrap_or_else(|f| panic!("{f}")) };
    for iss in [None, Some("https://evil.example")] {
        let (flow, url) = begin().await;
        let agreed = partner.agree(&url);
        let back = Back { iss, ..agreed.back(&flow, "harbour") };
        assert!(matches!(fault(home.app.finish_joint(back, None, device(), "en").await), JointFault::Untrusted(_)));
    }
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    let finish = |back| home.app.finish_joint(back, None, device(), "en");
    let wrong_state = Back { state: "another", ..agreed.back(&flow, "harbour") };
    assert!(matches!(fault(finish(wrong_state).await), JointFault::Over));
    let other_browser = Flow::new([9; 32]);
    assert!(matches!(fault(finish(agreed.back(&other_browser, "harbour")).await), JointFault::Over));
    assert!(finish(agreed.back(&flow, "harbour")).await.is_ok());
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Over), "once");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    assert!(matches!(fault(finish(agreed.back(&flow, "lantern")).await), JointFault::Over), "mixed up");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    home.clock.advance(SignedDuration::from_mins(11));
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Over), "too late");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    let declined = Back { error: Some("access_denied"), code: None, ..agreed.back(&flow, "harbour") };
    assert!(matches!(fault(finish(declined).await), JointFault::Declined));
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    partner.manner.lock().unwrap().away = true;
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Unreached(_)), "away meanwhile");
}

async fn promise_1_7_ending_deletes_what_was_received_and_ends_the_grant(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    partner.manner.lock().unwrap().away = true;
    home.app.unlink_joint(subject, "harbour", "en").await.unwrap();
    assert!(home.app.joint_logins(subject).await.unwrap().is_empty());
    assert!(held(&home, subject, ACCOUNT).await.is_empty() && held(&home, subject, PROFILE).await.is_empty());
    let last = home.app.consent_history(subject).await.unwrap();
    assert!(last.iter().any(|e| e.target == "joint_login" && !e.given));
    // The partner is away: it is told when it is back.
    home.app.work().await.unwrap();
    assert!(partner.ended.lock().unwrap().is_empty());
    partner.manner.lock().unwrap().away = false;
    home.clock.advance(SignedDuration::from_hours(1));
    home.app.work().await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
    // The account there is free again, and leads to nobody.
    unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    assert!(matches!(home.app.unlink_joint(subject, "harbour", "en").await, Err(Fault::NotFound)));
}

async fn promise_1_7_the_last_way_in_stays(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    assert!(matches!(home.app.unlink_joint(subject, "harbour", "en").await, Err(Fault::LastWayIn)));
    let withdrawn = home.app.answer(subject, "joint_login", false, "en", &avouch::store::Actor::Subject).await;
    assert!(matches!(withdrawn, Err(Fault::LastWayIn)));
    assert_eq!(home.app.joint_logins(subject).await.unwrap().len(), 1);
    // With a password there is another way, and the switch of the consents ends it as the button does.
    let with_password = home.person(2).await.subject;
    let session = home.session(2).await;
    partner.manner.lock().unwrap().claims = json!({ "sub": "p-2" });
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    home.consent(with_password, "joint_login", false).await;
    assert!(home.app.joint_logins(with_password).await.unwrap().is_empty());
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
}

async fn promise_1_7_the_second_factor_is_asked_as_on_every_way_in(mut home: Home) {
    let partner = with_partners(&mut home).await;
    home.person(1).await;
    let session = home.session(1).await;
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    let enrolment = home.app.enrol_factor(&session, "person1", "en").await.unwrap();
    let bytes = data_encoding::BASE32_NOPAD.decode(enrolment.secret.as_bytes()).unwrap();
    let step = avouch_store::totp_step(avouch::store::Clock::now(home.clock.as_ref()));
    let code = avouch_seal::otp::totp(&bytes, step);
    home.app.turn_factor_on(&session, &enrolment.secret, &code, "en").await.unwrap();
    let got = fault(come(&home, &partner, "harbour").await);
    assert!(matches!(got, JointFault::Fault(Fault::NeedsFactor(_))), "{got}");
}

async fn promise_5_2_erasing_ends_the_grant_and_leaves_nothing(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    home.app.erase(subject).await.unwrap();
    assert!(home.app.joint_logins(subject).await.unwrap().is_empty());
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
    unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_7_an_avatar_that_is_none_is_left_and_the_login_works() {
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let redirect = b"HTTP/1.1 302 Go\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_vec();
    let here = || format!("{ISSUER}/avatar");
    for (picture, avatar) in [
        (here(), answer(200, "image/png", svg)),
        (here(), answer(200, "image/png", &vec![0; 3 << 20])),
        (here(), answer(200, "text/html", b"<html>")),
        (here(), redirect),
        ("https://169.254.169.254/latest".to_owned(), Vec::new()),
        ("https://elsewhere.example/me.png".to_owned(), Vec::new()),
        ("file:///etc/passwd".to_owned(), Vec::new()),
    ] {
        let mut home = Home::new(Engine::Sqlite).await;
        let partner = with_partners(&mut home).await;
        *partner.manner.lock().unwrap() = Manner { picture: picture.clone(), avatar, ..Manner::default() };
        let subject = joined(&home, &partner, 1).await;
        let profile = held(&home, subject, PROFILE).await;
        assert_eq!((&profile[0]["nickname"], &profile[0]["avatar"]), (&json!("Mei"), &Value::Null), "{picture}");
    }
}
