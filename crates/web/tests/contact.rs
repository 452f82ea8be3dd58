//! Customer service is one click away on every page of the site: every route is walked, signed in and not, and every
//! error too. Shows promise 8.1.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "tests")]

use std::collections::BTreeMap;

use avouch::contact::case::NewCase;
use avouch_testkit::{Engine, Home};
use avouch_web::fault::{Fault, FaultPage};
use avouch_web::frame::{Face, Frame};
use avouch_web::lang::Lang;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

/// The routes as the site is built from them, each with whether it shows a page.
fn routes() -> Vec<(String, bool)> {
    let source = include_str!("../src/serve.rs");
    let site = source.split("pub fn console_routes").next().unwrap();
    let routes: Vec<_> = site
        .split(".route(")
        .skip(1)
        .map(|route| {
            let (path, rest) = route.split_once(',').unwrap();
            let path = match path.trim() {
                "privacy::content::UPLOAD" => avouch_web::site::privacy::content::UPLOAD,
                quoted => quoted.strip_prefix('"').and_then(|p| p.strip_suffix('"')).unwrap(),
            };
            (path.to_owned(), rest.contains("get("))
        })
        .collect();
    assert!(routes.len() > 80, "{}", routes.len());
    routes
}

fn fill(path: &str, values: &BTreeMap<&str, String>) -> String {
    let part = |part: &str| {
        let name = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
        name.map_or_else(|| part.to_owned(), |n| values.get(n).cloned().unwrap_or_else(|| "x".into()))
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn send(site: &Router, session: Option<&str>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(header::HOST, "127.0.0.1:8420".parse().unwrap());
    if let Some(session) = session {
        parts.headers.insert(header::COOKIE, format!("__Host-session={session}").parse().unwrap());
    }
    site.clone().oneshot(Request::from_parts(parts, body)).await.unwrap()
}

/// The page of an answer; nothing for a file or a way to another page.
async fn page(response: Response) -> Option<String> {
    if response.status().is_redirection() {
        return None;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap().to_owned());
    let status = response.status();
    let body = String::from_utf8_lossy(&to_bytes(response.into_body(), 1 << 22).await.unwrap()).into_owned();
    if kind.as_deref().is_some_and(|kind| kind.starts_with("text/html")) {
        return Some(body);
    }
    assert!(status.is_success(), "an error without a page: {status} {kind:?} {body}");
    None
}

/// The way to customer service stands in the head of the page, before what the page itself says.
fn assert_link(body: &str, what: &str) {
    let head = body.split("<main").next().unwrap();
    assert!(head.contains("<a href=\"/contact\""), "no way to customer service: {what}\n{body}");
}

#[tokio::test]
async fn promise_8_1_every_page_of_the_site_leads_to_customer_service() {
    let home = Home::new(Engine::Sqlite).await;
    home.person(1).await;
    let session = home.session(1).await.token.to_cookie();
    let site = avouch_web::site_routes(home.app.clone());
    let new = |text: &str| NewCase {
        category: "question".into(),
        text: text.into(),
        file: None,
        mail: String::new(),
        language: "en".into(),
        address: String::new(),
    };
    let stranger = home.app.open_case(new("Hello?"), None).await.unwrap();
    let values = BTreeMap::from([
        ("number", stranger.number),
        ("code", stranger.code.unwrap()),
        ("item", "email".to_owned()),
        ("version", home.app.policy().version().to_owned()),
        ("purpose", "marketing".to_owned()),
    ]);
    let (mut pages, mut good) = (0, 0);
    for (path, shows) in routes() {
        let path = fill(&path, &values);
        for who in [None, Some(session.as_str())] {
            if shows {
                let answer = send(&site, who, Request::get(&path).body(Body::empty()).unwrap()).await;
                let status = answer.status();
                if let Some(body) = page(answer).await {
                    assert_link(&body, &format!("GET {path} {status}"));
                    pages += 1;
                    good += u32::from(status == StatusCode::OK);
                }
            }
            // Without a token every deed is refused with a page.
            let form = "application/x-www-form-urlencoded";
            let post = Request::post(&path).header(header::CONTENT_TYPE, form).body(Body::from("a=b")).unwrap();
            if let Some(body) = page(send(&site, who, post).await).await {
                assert_link(&body, &format!("POST {path}"));
                pages += 1;
            }
        }
    }
    assert!(pages > 150 && good > 35, "{pages} pages, {good} of them as they should be");
}

#[tokio::test]
async fn promise_8_1_every_error_leads_to_customer_service_in_both_languages() {
    let home = Home::new(Engine::Sqlite).await;
    let site = avouch_web::site_routes(home.app.clone());
    let large = Body::from("a".repeat(100 * 1024));
    for (request, status) in [
        (Request::get("/no/such/page").body(Body::empty()).unwrap(), StatusCode::NOT_FOUND),
        (Request::delete("/contact").body(Body::empty()).unwrap(), StatusCode::FORBIDDEN),
        (Request::get("/logout").body(Body::empty()).unwrap(), StatusCode::METHOD_NOT_ALLOWED),
        (
            Request::post("/login")
                .header("sec-fetch-site", "same-origin")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(large)
                .unwrap(),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let answer = send(&site, None, request).await;
        assert_eq!(answer.status(), status);
        assert_link(&page(answer).await.unwrap(), status.as_str());
    }
    let names = avouch_web::state::foundation(&home.app).names;
    for lang in Lang::ALL {
        for fault in Fault::each(Vec::new()) {
            let frame = Frame::new(names.clone(), lang, Face::Site, "/anywhere");
            let body = askama::Template::render(&FaultPage::new(frame, &fault)).unwrap();
            assert_link(&body, fault.code());
            assert!(body.split("<main").nth(1).unwrap().contains("href=\"/contact\""), "as what to do: {fault}");
        }
    }
}
