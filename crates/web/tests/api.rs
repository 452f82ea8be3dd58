//! The service API over a real store: what it gives, and what it refuses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_testkit::updates::noon;
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Api {
    routes: Router,
    home: Home,
    credential: String,
}

impl Api {
    async fn new() -> Self {
        let home = Home::new(Engine::Sqlite).await;
        let purposes = ["account", "content", "support", "marketing"].map(str::to_owned);
        let credential = home.app.register_service("plaza", &purposes).await.unwrap();
        Self { routes: avouch_web::api::routes(home.app.clone()), home, credential }
    }

    async fn send(&self, method: Method, path: &str, credential: Option<&str>, body: Vec<u8>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(credential) = credential {
            request = request.header(header::AUTHORIZATION, format!("Bearer {credential}"));
        }
        let response = self.routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        let status = response.status();
        if status.is_client_error() {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
        }
        let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The lines of a stream.
    async fn lines(&self, path: &str) -> (StatusCode, Vec<Value>) {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.credential));
        let response = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-ndjson");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, Some(&self.credential), Vec::new()).await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(&self.credential), serde_json::to_vec(body).unwrap()).await
    }

    async fn subject(&self) -> String {
        self.home.person(1).await.subject.to_string()
    }
}

fn codes(problem: &Value) -> Vec<&str> {
    problem["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_service_opens_an_account_puts_lists_and_reads() {
    let api = Api::new().await;
    let new = json!({ "age": "adult", "values": { "user_name": "newcomer", "email": "newcomer@plaza.example",
        "password": avouch_testkit::home::PASSWORD } });
    let (status, opened) = api.post("/v1/subjects", &new).await;
    assert_eq!(status, StatusCode::CREATED, "{opened}");
    let subject = opened["subject"].as_str().unwrap();
    let comment = json!({ "purpose": "content", "item": "comment", "value": "Hello." });
    let (status, kept) = api.post(&format!("/v1/subjects/{subject}/records"), &comment).await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
    assert!(kept["receipt"]["index"].is_u64());
    let record = kept["record"].as_str().unwrap();
    let (_, one) = api.get(&format!("/v1/subjects/{subject}/records/comment/{record}?purpose=content")).await;
    assert_eq!(one["records"][0]["value"], "Hello.");
    let (_, list) = api.get(&format!("/v1/subjects/{subject}/records?purpose=content")).await;
    assert!(list["records"].as_array().unwrap().iter().any(|r| r["item"] == "comment"));
    assert!(list["records"][0].get("value").is_none(), "a list gives no values");
    assert!(list["receipt"]["index"].as_u64() > one["receipt"]["index"].as_u64(), "a look is evidenced too: {list}");
    let (_, some) = api.get(&format!("/v1/subjects/{subject}/records?purpose=content&items=nickname,avatar")).await;
    assert_eq!(some["records"], json!([]), "only the items that were asked for");
    let (_, unknown) = api.get(&format!("/v1/subjects/{subject}/records?purpose=content&items=fone")).await;
    assert_eq!(codes(&unknown), ["unknown-item"]);
    let (status, lines) = api.lines("/v1/bulk/content?items=comment").await;
    assert_eq!((status, lines.len()), (StatusCode::OK, 2));
    assert_eq!((lines[0]["outcome"].as_str(), &lines[0]["records"][0]["value"]), (Some("done"), &json!("Hello.")));
    assert_eq!(lines[1], json!({ "outcome": "end", "refused": 0, "reasons": {}, "cursor": null }));
    let (status, refused) = api.get("/v1/bulk/fortune?items=comment").await;
    assert_eq!((status, codes(&refused)), (StatusCode::FORBIDDEN, vec!["unknown-purpose"]));
    assert_eq!(api.get("/v1/bulk/content?items=comment&cursor=x").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn promise_2_5_the_next_read_after_a_withdrawal_is_refused_with_its_clause() {
    let api = Api::new().await;
    let subject = api.home.person(1).await.subject;
    let path = format!("/v1/subjects/{subject}/records/email?purpose=marketing");
    api.home.consent(subject, "marketing", true).await;
    assert_eq!(api.get(&path).await.0, StatusCode::OK);
    api.home.consent(subject, "marketing", false).await;
    let (status, problem) = api.get(&path).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(codes(&problem), ["no-consent"]);
    let reason = &problem["reasons"][0];
    assert_eq!((&reason["clause"], &reason["kind"]), (&json!("2.5"), &json!("violation")));
    assert!(!reason["remedy"].as_str().unwrap().is_empty() && !reason["citation"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn promise_2_0_what_is_not_named_is_a_gap_and_what_is_not_bound_a_violation() {
    let api = Api::new().await;
    let subject = api.subject().await;
    let (_, gap) = api.get(&format!("/v1/subjects/{subject}/records/email?purpose=fortune_telling")).await;
    assert_eq!((codes(&gap), &gap["reasons"][0]["kind"]), (vec!["unknown-purpose"], &json!("gap")));
    let (_, bound) = api.get(&format!("/v1/subjects/{subject}/records/phone?purpose=orders")).await;
    assert!(codes(&bound).contains(&"service-not-bound"));
}

/// Operations that need no credential; this list may only shrink.
const OPEN: [&str; 3] = ["/v1/health", "/v1/policy", "/v1/policy/{language}"];

#[tokio::test]
async fn every_described_operation_refuses_the_unknown() {
    let api = Api::new().await;
    let description: Value = serde_json::from_str(&avouch_web::openapi()).unwrap();
    let mut tried = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if OPEN.contains(&path.as_str()) {
                continue;
            }
            let address = path
                .replace("{subject}", &api.home.app.store.region().to_string())
                .replace("{item}", "email")
                .replace("{record}", "00");
            let method: Method = method.to_uppercase().parse().unwrap();
            for credential in [None, Some("plaza.wrong"), Some("nobody.x"), Some("")] {
                let (status, _) = api.send(method.clone(), &address, credential, b"{}".to_vec()).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {credential:?}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 6 * 4, "the description names the operations: {tried}");
}

#[tokio::test]
async fn wrong_input_gets_a_problem_that_says_what_is_wrong() {
    let api = Api::new().await;
    let subject = api.subject().await;
    let path = format!("/v1/subjects/{subject}/records");
    let post = |body: Vec<u8>| api.send(Method::POST, &path, Some(&api.credential), body);
    for (body, says) in [
        (b"{".to_vec(), "EOF"),
        (b"\xff\xfe".to_vec(), "not UTF-8"),
        (br#"{"purpose":"content","item":"comment","value":"x","surprise":1}"#.to_vec(), "surprise"),
        (br#"{"purpose":"content","item":"comment"}"#.to_vec(), "value"),
        (br#"{"purpose":"content","item":"comment","value":"x","record":"zz"}"#.to_vec(), "record"),
        (br#"{"purpose":"content","item":"comment","value":"   "}"#.to_vec(), "empty"),
    ] {
        let (status, problem) = post(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem} says nothing of {says}");
    }
    let large = serde_json::to_vec(&json!({ "purpose": "content", "item": "comment", "value": "x".repeat(2 << 20) }));
    assert_eq!(post(large.unwrap()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, problem) = api.get("/v1/subjects/nobody/records?purpose=support").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    let (status, _) = api.get("/v1/subjects/cn-00000000000000000000000000/records?purpose=support").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let identifier = json!({ "purpose": "account", "item": "email", "value": "x@plaza.example" });
    let (status, _) = api.post(&path, &identifier).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "identifiers have a flow of their own");
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused_as_such() {
    let api = Api::new().await;
    let path = format!("/v1/subjects/{}/records", api.subject().await);
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", api.credential))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("{}"))
        .unwrap();
    let response = api.routes.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn the_scheme_of_a_credential_is_known_in_any_case() {
    let api = Api::new().await;
    let path = format!("/v1/subjects/{}/records?purpose=content", api.subject().await);
    for (scheme, expected) in
        [("bearer", StatusCode::OK), ("BEARER", StatusCode::OK), ("Basic", StatusCode::UNAUTHORIZED)]
    {
        let request = Request::get(&path).header(header::AUTHORIZATION, format!("{scheme} {}", api.credential));
        let response = api.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), expected, "{scheme}");
    }
}

#[tokio::test]
async fn a_problem_is_told_in_the_callers_language() {
    let api = Api::new().await;
    let request = Request::get("/v1/nothing").header(header::ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9,en;q=0.5");
    let response = api.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let problem: Value = serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap();
    assert_eq!((&problem["title"], &problem["type"]), (&json!("这里没有内容"), &json!("urn:avouch:problem:not-found")));
}

/// A store whose commits fail while it is armed.
#[derive(Default)]
struct Failing(std::sync::atomic::AtomicBool);

impl avouch_store::Faults for Failing {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[tokio::test]
async fn promise_0_1_when_evidence_cannot_be_written_health_says_so_and_nothing_leaks() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let (dir, clock) = home.close();
    let failing = std::sync::Arc::new(Failing::default());
    let home = Home::reopen(dir, clock).await;
    let app = home.node("b", Some(std::sync::Arc::clone(&failing) as _)).await;
    let credential = app.register_service("plaza", &["support".to_owned()]).await.unwrap();
    let api = Api { routes: avouch_web::api::routes(app), home, credential };
    let (status, health) = api.get("/v1/health").await;
    assert_eq!((status, &health["well"], &health["fault"]), (StatusCode::OK, &json!(true), &Value::Null));

    failing.0.store(true, std::sync::atomic::Ordering::Relaxed);
    let path = format!("/v1/subjects/{subject}/records/email?purpose=support");
    let (status, problem) = api.get(&path).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (health_status, health) = api.get("/v1/health").await;
    assert_eq!((health_status, &health["well"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    assert!(health["fault"].as_str().unwrap().contains("acts cannot be recorded"), "{health}");
    for told in [problem.to_string(), health.to_string()] {
        let place = api.home.dir.path().to_str().unwrap().to_owned();
        for inside in ["person1", "@plaza.example", "SELECT", "INSERT", "commit", "StoreError", ".db", &place] {
            assert!(!told.contains(inside), "{told} tells {inside}");
        }
    }
    assert!(problem["instance"].as_str().unwrap().starts_with("urn:avouch:request:"));
    assert!(problem.get("detail").is_none(), "{problem}");

    failing.0.store(false, std::sync::atomic::Ordering::Relaxed);
    let (status, used) = api.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{used}");
    assert_eq!(api.get("/v1/health").await.1["well"], json!(true));
}

#[tokio::test]
async fn promise_7_2_from_noon_on_the_api_refuses_the_new_use_and_serves_the_old() {
    let api = Api::new().await;
    api.home.app.begin(&avouch_testkit::home::source()).await.unwrap();
    let subject = api.home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    api.home.consent(subject, "marketing", true).await;
    api.home.clock.advance(jiff::SignedDuration::from_secs(1));
    api.home.release(&avouch_testkit::updates::next(&[avouch_testkit::updates::WIDER]), Some(noon())).await;
    let read = |item: &str| {
        let (api, path) = (&api, format!("/v1/subjects/{subject}/records/{item}?purpose=marketing"));
        async move { api.get(&path).await }
    };
    let bulk = |item: &str| {
        let (api, path) = (&api, format!("/v1/bulk/marketing?items={item}"));
        async move { api.lines(&path).await.1.iter().filter(|line| line["subject"].is_string()).count() }
    };
    assert_eq!(bulk("email").await, 1);
    api.home.clock.advance(noon().duration_since(avouch_store::Clock::now(&*api.home.clock)));
    api.home.clock.advance(jiff::SignedDuration::from_secs(1));
    let (status, problem) = read("phone").await;
    assert_eq!((status, codes(&problem)), (StatusCode::FORBIDDEN, vec!["consent-outdated"]));
    assert_eq!(problem["reasons"][0]["clause"], "7.2");
    assert_eq!(read("email").await.0, StatusCode::OK);
    assert_eq!((bulk("email").await, bulk("phone").await), (1, 0));
}
