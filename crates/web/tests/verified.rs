//! That a contact is verified is written by the flow that verifies it, and by nothing else: every path of the service
//! API that writes is tried (the fault of CVE-2026-27946 was one that was forgotten).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_testkit::{Engine, Home};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Every operation of the service API that writes. A new one fails the test until it stands here and is tried.
const WRITES: &[(&str, &str)] = &[
    ("post", "/v1/campaigns"),
    ("post", "/v1/notices/{notice}/acknowledge"),
    ("post", "/v1/posts/{post}/comments"),
    ("post", "/v1/sessions/introspect"),
    ("post", "/v1/subjects"),
    ("post", "/v1/subjects/{subject}/decisions"),
    ("post", "/v1/subjects/{subject}/egress"),
    ("post", "/v1/subjects/{subject}/ended"),
    ("put", "/v1/subjects/{subject}/external-id"),
    ("put", "/v1/subjects/{subject}/permissions"),
    ("post", "/v1/subjects/{subject}/records"),
    ("delete", "/v1/subjects/{subject}/records/{item}/{record}/publication"),
    ("post", "/v1/subjects/{subject}/records/{item}/{record}/publication"),
    ("post", "/v1/subjects/{subject}/signals"),
    ("delete", "/v1/subjects/{subject}/tokens/{handle}"),
    ("post", "/v1/subjects/{subject}/uploads"),
    ("delete", "/v1/subjects/{subject}/uploads/{upload}"),
    ("post", "/v1/tokens"),
    ("post", "/v1/tokens/reveal"),
];
/// One more, whose body is no JSON.
const PIECES: (&str, &str) = ("patch", "/v1/subjects/{subject}/uploads/{upload}");

/// Bodies that ask for it in every way a writer of JSON may think of.
fn bodies(item: &str, value: &str) -> Vec<Value> {
    let mark = json!({ "verified": true, "at": "2026-12-01T00:00:00Z" });
    vec![
        json!({ "purpose": "account", "item": item, "value": value }),
        json!({ "purpose": "account", "item": item, "value": value, "verified": true }),
        json!({ "purpose": "account", "item": "verified", "value": item }),
        json!({ "purpose": "account", "item": format!("{item}.verified"), "value": "true" }),
        json!({ "purpose": "account", "item": item, "value": mark, "record": "00000000000000000000000000000000" }),
        json!({ "age": "adult", "values": { "user_name": "another", item: value, "password": "lantern orbit velvet cactus" } }),
        json!({ "age": "adult", "values": { "user_name": "third", item: "third@plaza.example", "verified": "true",
            "password": "lantern orbit velvet cactus" } }),
        json!({ "age": "adult", "verified": [item], "values": { item: value } }),
        json!({ "id": value, "verified": true }),
        json!({ item: "granted", "verified": "granted" }),
        json!({ "purpose": "account", "events": [{ "item": item, "fields": { "value": value, "verified": true } }] }),
        json!({ "purpose": "account", "item": item, "size": 3 }),
        json!({ "value": value, "verified": true }),
        json!({ "purpose": "moderation", "items": [item], "outcome": "verified", "because": value }),
        json!({ "purpose": "marketing", "words": { "en": { "line": item, "text": "verified" } } }),
        json!({ "recipient": "courier", "purpose": "orders", "method": "POST", "url": "https://api.courier.example/verified",
            "json": { item: value, "verified": true } }),
        json!({ "subject": value, "purpose": "account", "item": item }),
        json!({ "token": value, "purpose": "account", "verified": true }),
        json!({}),
    ]
}

#[tokio::test]
async fn promise_2_1_no_path_of_the_service_api_verifies_a_contact() {
    let description: Value = serde_json::from_str(&avouch_web::openapi()).unwrap();
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let writing = operations.as_object().unwrap().keys().filter(|m| *m != "get");
        described.extend(writing.map(|method| (method.clone(), path.clone())));
    }
    let listed = WRITES.iter().chain([&PIECES]).map(|(m, p)| ((*m).to_owned(), (*p).to_owned()));
    let mut listed: Vec<(String, String)> = listed.collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed, "a path that writes was added or went: list it here, so that it is tried");

    let mut home = Home::new(Engine::Sqlite).await;
    let _outbox = home.with_outbox();
    home.try_person(1, &[("phone", "+8619900000001")]).await.unwrap();
    home.person(2).await;
    let purposes: Vec<String> = home.app.policy().facts().usage.purposes.keys().cloned().collect();
    let credential = home.app.register_service("plaza", &purposes).await.unwrap();
    let routes = avouch_web::api::routes(home.app.clone());
    let subjects = home.app.store.reading().await.unwrap().look().unwrap().subjects(None, 100).await.unwrap();
    let mut tried = 0;
    for (method, path) in listed {
        for (item, value) in
            [("email", "person1@plaza.example"), ("email", "thief@plaza.example"), ("phone", "19900000001")]
        {
            for body in bodies(item, value) {
                for subject in &subjects {
                    let address = path
                        .replace("{subject}", &subject.to_string())
                        .replace("{item}", item)
                        .replace("{record}", "00000000000000000000000000000000")
                        .replace("{upload}", "00000000000000000000000000000000")
                        .replace("{post}", "00000000000000000000000000000000")
                        .replace("{notice}", "00000000000000000000000000000000")
                        .replace("{handle}", "0000000000000000");
                    let media = if method == "patch" { "application/offset+octet-stream" } else { "application/json" };
                    let request = Request::builder()
                        .method(method.to_uppercase().as_str())
                        .uri(address)
                        .header(header::CONTENT_TYPE, media)
                        .header("upload-offset", "0")
                        .header(header::AUTHORIZATION, format!("Bearer {credential}"))
                        .body(Body::from(serde_json::to_vec(&body).unwrap()));
                    let response = routes.clone().oneshot(request.unwrap()).await.unwrap();
                    let status = response.status();
                    let said = to_bytes(response.into_body(), 1 << 20).await.unwrap();
                    assert!(!status.is_server_error(), "{method} {path}: {}", String::from_utf8_lossy(&said));
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
    let now = home.app.store.reading().await.unwrap().look().unwrap().subjects(None, 100).await.unwrap();
    assert!(now.len() > subjects.len(), "some of it was taken, or nothing was shown");
    for subject in now {
        assert!(home.app.verified(subject).await.unwrap().is_empty(), "something verified a contact of {subject}");
    }
}
