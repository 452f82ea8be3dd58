//! Every item of the shipped policy, stored by its lawful path, as its person sees it: value, purpose, basis, source,
//! recipients, retention and use on its page, correctable and erasable where that makes sense, and in the export.
//!
//! Keeps promises 1.1 to 1.7, as they are shown.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use avouch::collection::document::DocumentType;
use avouch::collection::external::ExternalId;
use avouch::collection::put::NewRecord;
use avouch::collection::real_name::{Method, NewClaim};
use avouch::collection::signal::{Connection, Event};
use avouch::collection::upload::NewUpload;
use avouch::collection::verifier::{Answered, Asked, Pending, Verifier, VerifierFault};
use avouch::rights::guardian::{Confirmation, Relation, code};
use avouch::security::passkey::Made;
use avouch::security::session::{Device, Session};
use avouch::store::{Actor, SubjectId};
use avouch_policy::model::Item;
use avouch_store::{AgeBand, Credential};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Algorithm, Authenticator, Engine, Home, media};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;
use zeroize::Zeroizing;

/// A register that is never asked: what waits for it is held meanwhile.
#[derive(Debug)]
struct Register;

impl Verifier for Register {
    fn recipient(&self) -> &'static str {
        "verifier"
    }

    fn host(&self) -> Option<&str> {
        None
    }

    fn compares_faces(&self) -> bool {
        true
    }

    fn verify<'a>(&'a self, _: &'a Asked<'a>) -> Pending<'a, Result<Answered, VerifierFault>> {
        Box::pin(async { Err(VerifierFault::Unsendable) })
    }
}

struct People {
    home: Home,
    service: Arc<Credential>,
    /// Somebody of age, with all that one person can have.
    session: Session,
}

impl People {
    async fn new() -> Self {
        let mut home = Home::new(Engine::Sqlite).await;
        home.app = home.app.clone().at("https://privacy.plaza.example".parse().unwrap());
        home.app = home.app.clone().with_verifier(Arc::new(Register));
        let all = [("phone", "+8619900000001")];
        let joined = home.try_person(1, &all).await.unwrap();
        let policy = home.app.policy();
        let purposes: Vec<String> = policy.facts().usage.purposes.keys().cloned().collect();
        for purpose in &purposes {
            if avouch::rights::consent::kind_of(&policy, purpose).is_some() {
                home.consent(joined.subject, purpose, true).await;
            }
        }
        let purposes: Vec<&str> = purposes.iter().map(String::as_str).collect();
        let service = home.service("plaza", &purposes).await;
        let session = home.session(1).await;
        Self { home, service, session }
    }

    fn subject(&self) -> SubjectId {
        self.session.subject()
    }

    async fn put(&self, purpose: &str, item: &str, value: &str) {
        let new = NewRecord {
            subject: self.subject(),
            purpose: purpose.into(),
            item: item.into(),
            record: None,
            value: value.into(),
        };
        self.home.app.put_record(new, &Actor::Service(Arc::clone(&self.service))).await.unwrap();
    }

    async fn upload(&self, item: &str, bytes: Vec<u8>) {
        let (subject, app) = (self.subject(), &self.home.app);
        let new = NewUpload { subject, purpose: "content".into(), item: item.into(), size: bytes.len() as u64 };
        let (begun, _) = app.begin_upload(new, &Actor::Subject).await.unwrap();
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
        app.append(subject, begun.id, 0, body, &Actor::Subject).await.unwrap();
    }

    async fn signal(&self, purpose: &str, item: &str, fields: Value) {
        let event = Event { item: item.into(), at: None, fields: fields.as_object().unwrap().clone() };
        let connection = Connection { ip: "192.0.2.7".into(), agent: "Test".into() };
        let by = Actor::Service(Arc::clone(&self.service));
        let taken = self.home.app.take_signals(self.subject(), purpose, &[event], &connection, &by).await.unwrap();
        assert!(taken.events.iter().all(Option::is_none), "{item}: {taken:?}");
    }

    async fn claim(&self, session: &Session, number: &str, method: Method) {
        let face =
            matches!(method, Method::Face).then(|| Zeroizing::new(media::picture(64, 64, image::ImageFormat::Png)));
        let new = NewClaim {
            name: Zeroizing::new("林晓".into()),
            document: Some(DocumentType::ResidentId),
            number: Zeroizing::new(number.into()),
            lines: Zeroizing::new(String::new()),
            method,
            face,
        };
        self.home.app.claim_name(session, new).await.unwrap();
    }

    /// Stores a value of an item by its lawful path; false where another item's path has done it.
    async fn store(&self, name: &str, item: &Item) {
        let app = &self.home.app;
        match name {
            // With joining.
            "user_name" | "phone" | "email" | "password" | "nickname" => {}
            // Written by a check that was confirmed, the last step of `identity_claim`.
            "real_name" | "id_type" | "id_number" | "identity_check" => {}
            "second_factor" => {
                let enrolment = app.enrol_factor(&self.session, "p", "en").await.unwrap();
                let secret = data_encoding::BASE32_NOPAD.decode(enrolment.secret.as_bytes()).unwrap();
                let step = app.store.now().as_second() / avouch_seal::otp::STEP;
                let typed = avouch_seal::otp::totp(&secret, u64::try_from(step).unwrap());
                app.turn_factor_on(&self.session, &enrolment.secret, &typed, "en").await.unwrap();
            }
            "passkey" => {
                let one = app.start_passkey(&self.session).await.unwrap();
                let mut with = Authenticator::new("https://privacy.plaza.example", &one.rp, Algorithm::Es256);
                let made = Made::parse(&with.made(&one.flow.to_text(), &one.user)).unwrap();
                app.add_passkey(&self.session, &made, "My phone", "", "en").await.unwrap();
            }
            "external_id" => {
                let by = Actor::Service(Arc::clone(&self.service));
                app.set_external(self.subject(), ExternalId::new("plaza", "42").unwrap(), &by).await.unwrap();
            }
            "identity_claim" => {
                // Confirmed once, then begun again, so that all of it is there at once.
                self.claim(&self.session, "11010519491231002X", Method::Review).await;
                app.decide_name(self.subject(), "officer", true).await.unwrap();
                self.claim(&self.session, "11010519491231002X", Method::Face).await;
            }
            "face" => {}
            "guardian_proof" => {
                let child = app.join(
                    avouch::collection::join::Join {
                        values: [("user_name", "teen"), ("email", "teen@plaza.example"), ("password", PASSWORD)]
                            .map(|(k, v)| (k.to_owned(), v.to_owned()))
                            .into(),
                        age: Some(AgeBand::Teen),
                        device: Some(Device::default()),
                        external: None,
                    },
                    &Actor::Subject,
                );
                let child = child.await.unwrap();
                self.home.consent(child.subject, "real_name", true).await;
                let theirs = app.session(&child.session.unwrap().to_cookie()).await.unwrap().unwrap();
                self.claim(&theirs, &number("20180101"), Method::Review).await;
                app.decide_name(child.subject, "officer", true).await.unwrap();
                app.ask_guardian(&theirs, "person1").await.unwrap();
                let id = app.family(child.subject).await.unwrap().links[0].id;
                let confirmation = Confirmation {
                    code: code(id),
                    relation: Some(Relation::Parent),
                    evidence: Zeroizing::new("Household register 1".into()),
                    wording: [0; 32],
                    language: "en".into(),
                };
                app.confirm_guardian(&self.session, id, confirmation).await.unwrap();
            }
            "avatar" | "picture" => self.upload(name, media::picture(64, 64, image::ImageFormat::Png)).await,
            "video" => self.upload(name, media::video(100_000, "note", b"soun")).await,
            "text" | "comment" => self.put("content", name, "Hello.").await,
            "follow" | "block" | "message" => self.put("social", name, "Hello.").await,
            "interests" | "tastes" => self.put("recommendation", name, "tea").await,
            "address" => self.put("orders", name, "88 Example Road").await,
            "order" => self.put("orders", name, r#"{"no":1}"#).await,
            "payment" => self.put("payment", name, r#"{"amount":12}"#).await,
            "support_message" => self.put("support", name, "Where is it?").await,
            "joint_account" | "joint_profile" => self.put("joint_login", name, r#"{"partner":"x"}"#).await,
            "camera" => self.put("camera", name, r#"{"used":true}"#).await,
            "device_model" => self.signal("fault", name, json!({ "model": "M1" })).await,
            "os" => self.signal("fault", name, json!({ "name": "Any", "version": "1" })).await,
            "device_id" => self.signal("analytics", name, json!({ "id": "0001" })).await,
            "network_log" => self.signal("security", name, json!({ "event": "access" })).await,
            "access_method" => self.signal("security", name, json!({ "operator": "Any", "method": "wifi" })).await,
            "function_used" => self.signal("analytics", name, json!({ "function": "search" })).await,
            "crash_report" => self.signal("fault", name, json!({ "error": "E1" })).await,
            "location" => self.signal("nearby", name, json!({ "latitude": 31.2, "longitude": 121.5 })).await,
            "contacts" => self.signal("find_friends", name, json!({ "name": "A", "number": "1" })).await,
            other => panic!("say how a value of '{other}' ({:?}) is stored lawfully", item.kind),
        }
    }
}

fn number(birth: &str) -> String {
    let body = format!("310115{birth}123");
    let p = body.chars().fold(0, |p, c| (p + c.to_digit(10).unwrap()) * 2 % 11);
    let check = (12 - p) % 11;
    format!("{body}{}", if check == 10 { "X".to_owned() } else { check.to_string() })
}

async fn page(routes: &Router, session: &Session, path: &str) -> String {
    let request = Request::get(path)
        .header(header::COOKIE, format!("__Host-session={}", session.token.to_cookie()))
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(Body::empty())
        .unwrap();
    let response = routes.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    String::from_utf8(to_bytes(response.into_body(), 1 << 22).await.unwrap().to_vec()).unwrap()
}

/// As a template writes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

#[tokio::test]
async fn promise_0_1_every_item_is_shown_with_all_that_is_promised_and_exported() {
    let people = People::new().await;
    let policy = people.home.app.policy();
    let facts = policy.facts();
    // The second factor last: from then on its code would be asked for besides.
    let mut items: Vec<(&String, &Item)> = facts.collection.items.iter().collect();
    items.sort_by_key(|(name, _)| (*name == "guardian_proof", *name == "second_factor"));
    for (name, item) in &items {
        people.store(name, item).await;
    }
    let (app, session) = (&people.home.app, &people.session);
    let zip = app.export(people.subject(), "en").await.unwrap().zip().await.unwrap();
    let read = |name: &str| {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&zip)).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let data: Value = serde_json::from_str(&read("data.json")).unwrap();
    let signals = read("signals.jsonl");
    let exported = |name: &str| {
        let records = data["records"].as_array().unwrap().iter().any(|r| r["item"] == name && !r["source"].is_null());
        let sums = data["signals"].as_array().unwrap().iter().any(|s| s["item"] == name);
        records || (sums && (name == "contacts" || signals.contains(&format!("\"item\":\"{name}\""))))
    };
    let routes = avouch_web::site_routes(app.clone());
    for (name, item) in items {
        let html = page(&routes, session, &format!("/privacy/items/{name}?lang=en")).await;
        let label = item.label.in_lang("en");
        assert!(html.contains(&escaped(label)), "{name}: its label");
        let held = if item.signal.is_some() {
            page(&routes, session, "/privacy/signals?lang=en").await.contains(&escaped(label))
        } else {
            html.contains("class=\"held\"") && html.contains("rests in")
        };
        assert!(held, "{name}: that it is held, from whom, and where");
        for (purpose, fact) in facts.usage.purposes.iter().filter(|(_, p)| p.items.has(name)) {
            for words in [&fact.label, &fact.why] {
                assert!(html.contains(&escaped(words.in_lang("en"))), "{name}: {purpose}: {}", words.in_lang("en"));
            }
            assert!(html.contains(&format!("purpose={purpose}#{purpose}")), "{name}: the use for {purpose}");
        }
        for said in ["<dt>Legal basis</dt><dd>", "<dt>Kept until</dt><dd>", "class=\"sentence\"", "Who outside gets it"]
        {
            assert!(html.contains(said), "{name}: {said}");
            assert!(!html.contains(&format!("{said}</dd>")), "{name}: {said} is empty");
        }
        for recipient in facts.sharing.recipients.values().filter(|r| r.items.contains(name)) {
            assert!(html.contains(&escaped(recipient.name.in_lang("en"))), "{name}: its recipients");
        }
        assert_eq!(html.contains(&format!("/privacy/items/{name}/correct\"")), item.editable, "{name}: correctable");
        if item.signal.is_none() {
            let (button, why_not) = (html.contains("/delete\""), html.contains("deleted by itself"));
            assert_eq!((button, why_not), (item.deletable, !item.deletable), "{name}: erasable, or why not by itself");
        }
        match name.as_str() {
            // Secrets of no use to anybody else, and no plaintext of ours.
            "password" | "second_factor" => assert!(!exported(name), "{name}: never leaves"),
            "passkey" => assert_eq!(data["passkeys"][0]["name"], "My phone", "without its key"),
            _ => assert!(exported(name), "{name}: in the export"),
        }
    }
    // Erasing takes all of it.
    app.cancel(session, true).await.unwrap();
    assert!(app.holdings(people.subject()).await.unwrap().is_empty());
    assert!(app.signals(people.subject()).await.unwrap().0.is_empty());
}
