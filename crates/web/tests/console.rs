//! The console over a real store: who gets in, and what is shown.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tower::ServiceExt;

struct Console {
    routes: Router,
    home: Home,
    cookies: Vec<(String, String)>,
}

impl Console {
    async fn new() -> Self {
        let home = Home::new(Engine::Sqlite).await;
        Self { routes: avouch_web::console_routes(home.app.clone()), home, cookies: Vec::new() }
    }

    /// Sends a request as a browser would, with the cookies it was given; gives status, location and body.
    async fn send(&mut self, request: Request<Body>) -> (StatusCode, String, String) {
        let (mut parts, body) = request.into_parts();
        let held: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !held.is_empty() {
            parts.headers.insert(header::COOKIE, held.join("; ").parse().unwrap());
        }
        parts.headers.insert(header::HOST, "127.0.0.1:8422".parse().unwrap());
        let response = self.routes.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(held, _)| held != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let (status, _, body) = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        (status, body)
    }

    /// Sends the form with `action` on the page `path`, its hidden fields with it.
    async fn press(&mut self, path: &str, action: &str) -> (StatusCode, String) {
        let (status, page) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let form = page.split("<form").find(|form| form.contains(&format!("action=\"{action}\""))).unwrap();
        let mut fields = form_urlencoded::Serializer::new(String::new());
        for input in form.split("<input").skip(1) {
            let of = |name: &str| input.split(&format!("{name}=\"")).nth(1).map(|v| v.split('"').next().unwrap());
            if let (Some(name), Some(value)) = (of("name"), of("value")) {
                fields.append_pair(name, value);
            }
        }
        self.post(action, &fields.finish()).await
    }

    async fn post(&mut self, path: &str, fields: &str) -> (StatusCode, String) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(fields.to_owned()))
            .unwrap();
        let (status, location, _) = self.send(request).await;
        (status, location)
    }
}

#[tokio::test]
async fn promise_5_6_a_link_lets_in_once_and_looking_at_it_spends_nothing() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    let path = format!("/enter/{link}");
    for _ in 0..3 {
        assert_eq!(console.get(&path).await.0, StatusCode::OK, "a preview opens it too");
    }
    let (status, location) = console.press(&path, "/enter").await;
    assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(console.get("/").await.0, StatusCode::OK);
    console.cookies.clear();
    assert_eq!(console.press(&path, "/enter").await.0, StatusCode::GONE, "used");
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn promise_5_6_a_link_and_a_session_end() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.home.clock.advance(SignedDuration::from_hours(25));
    let path = format!("/enter/{link}");
    assert_eq!(console.press(&path, "/enter").await.0, StatusCode::GONE, "a link waits a day");
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.press(&format!("/enter/{link}"), "/enter").await;
    assert_eq!(console.get("/").await.0, StatusCode::OK);
    console.home.clock.advance(SignedDuration::from_hours(9));
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED, "a session lasts a working day");
}

#[tokio::test]
async fn promise_5_6_without_a_session_there_is_nothing_to_see() {
    let mut console = Console::new().await;
    for path in ["/", "/leaves", "/leaves/a/0"] {
        let (status, page) = console.get(path).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!page.contains("officer"), "{path}");
    }
    console.cookies.push(("__Host-console".to_owned(), "invented".to_owned()));
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_first_page_counts_and_shows_the_latest_leaves() {
    let mut console = Console::new().await;
    let subject = console.home.person(1).await.subject;
    console.home.person(2).await;
    console.home.consent(subject, "marketing", true).await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.press(&format!("/enter/{link}"), "/enter").await;
    let (_, page) = console.get("/").await;
    assert!(page.contains(">2<"), "two people are counted: {page}");
    let (status, leaves) = console.get("/leaves").await;
    assert_eq!(status, StatusCode::OK);
    assert!(leaves.contains("/leaves/a/"), "{leaves}");
    for name in ["person1", "person2", &subject.to_string()] {
        assert!(!page.contains(name) && !leaves.contains(name), "leaves hold no personal data, and no page adds it");
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_signs_nobody_out() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.press(&format!("/enter/{link}"), "/enter").await;
    assert_eq!(console.post("/logout", "csrf=invented").await.0, StatusCode::FORBIDDEN);
    assert_eq!(console.get("/").await.0, StatusCode::OK, "still signed in");
    console.press("/", "/logout").await;
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn promise_4_2_staff_check_suspend_and_end_a_recipient_and_the_list_is_there_as_csv() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.press(&format!("/enter/{link}"), "/enter").await;
    let (_, list) = console.get("/recipients").await;
    assert!(list.contains("/recipients/courier"), "{list}");
    let token = |page: &str| page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (_, page) = console.get("/recipients/courier").await;
    let csrf = token(&page);
    let bad = format!("csrf={csrf}&verdict=passed&finding=Well.&next=2020-01-01");
    assert_eq!(console.post("/recipients/courier/check", &bad).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let failed = format!("csrf={csrf}&verdict=failed&finding=Open+waste.&next=2027-06-30");
    let (status, to) = console.post("/recipients/courier/check", &failed).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/recipients/courier"));
    let (_, page) = console.get("/recipients/courier").await;
    assert!(page.contains("Open waste.") && page.contains("mark bad"), "{page}");
    let boundary = "XyZ";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n\
         all deleted\r\n--{boundary}--\r\n"
    );
    let request = Request::post("/recipients/courier/documents/deletion")
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
        .header(header::CONTENT_LENGTH, body.len())
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(console.send(request).await.0, StatusCode::SEE_OTHER);
    let (_, page) = console.get("/recipients/courier").await;
    let file =
        page.split("href=\"/recipients/courier/documents/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(console.get(&format!("/recipients/courier/documents/{file}")).await.1, "all deleted");
    let end = format!("csrf={csrf}&state=ended&reason=Over.");
    assert_eq!(console.post("/recipients/courier/state", &end).await.0, StatusCode::SEE_OTHER);
    let (_, csv) = console.get("/recipients.csv").await;
    assert!(csv.lines().any(|l| l.starts_with("\"courier\",") && l.contains("\"ended\"")), "{csv}");
    assert_eq!(csv.lines().next().unwrap().split(',').count(), 7);
    let mut stranger = Console::new().await;
    for path in ["/recipients", "/recipients.csv", "/recipients/courier", "/services"] {
        assert_ne!(stranger.get(path).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn promise_2_0_staff_suspend_a_service_and_let_it_in_again() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.press(&format!("/enter/{link}"), "/enter").await;
    let credential = console.home.app.register_service("shop", &["orders".to_owned()]).await.unwrap();
    let (_, page) = console.get("/services").await;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let suspend = format!("csrf={csrf}&state=suspended&reason=Its+key+leaked.");
    assert_eq!(console.post("/services/shop", &suspend).await.0, StatusCode::SEE_OTHER);
    assert!(console.home.app.service(&credential).await.unwrap().is_none());
    assert!(console.get("/services").await.1.contains("Its key leaked."));
    assert!(console.get("/?lang=en").await.1.contains("Suspended: shop"));
    assert_eq!(console.post("/services/shop", &format!("csrf={csrf}&state=active")).await.0, StatusCode::SEE_OTHER);
    assert!(console.home.app.service(&credential).await.unwrap().is_some());
}
