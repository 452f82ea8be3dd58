//! The rights as a browser meets them: the same number of steps both ways, requests without a login, and the console.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::security::session::Device;
use avouch::store::StaffRole;
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A browser at one face, with the cookies it was given.
struct Browser {
    routes: Router,
    cookies: Vec<(String, String)>,
    /// Pages opened and forms sent.
    steps: usize,
}

struct Answer {
    status: StatusCode,
    body: String,
}

impl Browser {
    fn at(routes: Router) -> Self {
        Self { routes, cookies: Vec::new(), steps: 0 }
    }

    async fn send(&mut self, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        let held: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !held.is_empty() {
            parts.headers.insert(header::COOKIE, held.join("; ").parse().unwrap());
        }
        parts.headers.insert(header::HOST, "127.0.0.1:8421".parse().unwrap());
        parts.headers.insert(header::ACCEPT_LANGUAGE, "en".parse().unwrap());
        let response = self.routes.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(held, _)| held != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, body: String::from_utf8_lossy(&body).into_owned() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, page: &str, action: &str, values: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        let form = form(&shown.body, action);
        let token = form.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.append_pair("csrf", &token);
        for (name, value) in values {
            fields.append_pair(name, value);
        }
        let request = Request::post(action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(fields.finish()))
            .unwrap();
        self.send(request).await
    }

    /// Presses the one switch of a form: what it sends stands in the page, and nothing is to be filled in.
    async fn press(&mut self, page: &str, action: &str) -> String {
        let shown = self.get(page).await;
        let form = form(&shown.body, action);
        assert_eq!(form.matches("<button").count(), 1, "{form}");
        let asked = form.matches("<input").count() - form.matches("type=\"hidden\"").count();
        assert_eq!(asked + form.matches("<textarea").count() + form.matches("<select").count(), 0, "{form}");
        let answer = form.split("name=\"answer\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let sent = self.post(page, action, &[("answer", &answer)]).await;
        self.steps += 1;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "a switch asks nothing back: {}", sent.body);
        answer
    }
}

fn form(body: &str, action: &str) -> String {
    let all = body.split("<form").find(|f| f.contains(&format!("action=\"{action}\"")));
    let form = all.unwrap_or_else(|| panic!("no form to {action}: {body}"));
    form.split("</form>").next().unwrap().to_owned()
}

#[tokio::test]
async fn promise_6_4_giving_and_withdrawing_restricting_and_lifting_take_the_same_number_of_steps() {
    let home = Home::new(Engine::Sqlite).await;
    let joined = home.person(1).await;
    let token = home.app.log_in("person1", avouch_testkit::home::PASSWORD, Device::default()).await.unwrap();
    let mut person = Browser::at(avouch_web::site_routes(home.app.clone()));
    person.cookies.push(("__Host-session".to_owned(), token.to_cookie().to_string()));
    let mut tried = 0;
    for page in ["/privacy/consents", "/privacy/sharing", "/privacy/recommendation", "/privacy/restrict"] {
        let shown = person.get(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}: {}", shown.body);
        let with_switch =
            shown.body.split("<form").filter(|f| f.split("</form>").next().unwrap().contains("role=\"switch\""));
        let actions: Vec<String> =
            with_switch.map(|f| f.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()).collect();
        for action in actions {
            let before = person.steps;
            let there = person.press(page, &action).await;
            let forth = person.steps - before;
            let back = person.press(page, &action).await;
            assert_ne!(there, back, "{action}");
            assert_eq!(person.steps - before - forth, forth, "{action}: as many steps back as there");
            tried += 1;
        }
    }
    assert!(tried >= 8, "{tried} switches");
    let standing = home.app.account(joined.subject).await.unwrap().standing;
    assert!(!standing.restricted, "back where it was");
}

#[tokio::test]
async fn promise_6_5_a_stranger_asks_staff_decide_and_the_letter_says_why_and_what_else() {
    let home = Home::new(Engine::Sqlite).await;
    home.person(1).await;
    let mut stranger = Browser::at(avouch_web::site_routes(home.app.clone()));
    let wrong = stranger.post("/rights", "/rights", &[("kind", "copy"), ("text", " ")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = [("kind", "copy"), ("role", "relative"), ("claim_user_name", "person1"), ("text", "My late aunt's.")];
    let opened = stranger.post("/rights", "/rights", &sent).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.body);
    assert!(opened.body.contains("22 December 2026"), "{}", opened.body);
    let link = opened.body.split("href=\"/contact/case/").nth(1).unwrap().split('"').next().unwrap();
    let (link, number) = (format!("/contact/case/{link}"), link.split('/').next().unwrap().to_owned());
    home.app.work().await.unwrap();

    let mut staff = Browser::at(avouch_web::console_routes(home.app.clone()));
    let session = home.console("desk", &[StaffRole::CustomerService]).await;
    staff.cookies.push(("__Host-console".to_owned(), session));
    let queue = staff.get("/cases?rights=true").await.body;
    assert!(queue.contains(&number) && queue.contains("Requests for a right, last 90 days"), "{queue}");
    let page = format!("/cases/{number}");
    let case = staff.get(&page).await.body;
    assert!(case.contains("the same is held") && !case.contains("person1"), "as the same, and not itself: {case}");
    let act = format!("{page}/request");
    assert_eq!(staff.post(&page, &act, &[("deed", "not-shown")]).await.status, StatusCode::SEE_OTHER);
    let bare = [("deed", "close"), ("outcome", "refused"), ("text", "No.")];
    let told = staff.post(&page, &page, &bare).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.body.contains("Tick at least one reason"), "{}", told.body);
    let closed = [("deed", "close"), ("outcome", "refused"), ("reason_identity", "on"), ("text", "We cannot.")];
    assert_eq!(staff.post(&page, &page, &closed).await.status, StatusCode::SEE_OTHER);

    let letter = stranger.get(&format!("{link}/letter")).await.body;
    for part in
        ["We could not confirm that you are", "PIPL", "We cannot.", "12377", "Court", "answered by somebody else"]
    {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    let copy = stranger.post(&link, &link, &[("text", "But I am.")]).await;
    assert_eq!(copy.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn promise_6_5_a_service_opens_a_request_for_its_person_and_sees_how_it_stands() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let routes = avouch_web::api::routes(home.app.clone());
    let credential = home.app.register_service("plaza", &["requests".to_owned()]).await.unwrap();
    let narrow = home.app.register_service("narrow", &["content".to_owned()]).await.unwrap();
    let path = format!("/v1/subjects/{subject}/requests");
    let call = async |method: &str, path: &str, credential: &str, body: Option<Value>| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {credential}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |b| Body::from(b.to_string())))
            .unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap_or_default())
    };
    let new = json!({ "kind": "explain", "text": "How do you decide what I see?", "language": "en" });
    let (status, opened) = call("POST", &path, &credential, Some(new.clone())).await;
    assert_eq!(status, StatusCode::CREATED, "{opened}");
    assert_eq!(opened["due"], "2026-12-22T16:00:00Z");
    assert_eq!(opened["outcome"], "");
    let (status, all) = call("GET", &path, &credential, None).await;
    assert_eq!((status, &all["requests"][0]), (StatusCode::OK, &opened));
    let one = format!("{path}/{}", opened["number"].as_str().unwrap());
    assert_eq!(call("GET", &one, &credential, None).await, (StatusCode::OK, opened));
    // Nothing for a service without the purpose, of another person, or of nobody.
    assert_eq!(call("GET", &path, &narrow, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call("POST", &path, &narrow, Some(new.clone())).await.0, StatusCode::NOT_FOUND);
    let other = home.person(2).await.subject;
    let of_other = one.replace(&subject.to_string(), &other.to_string());
    assert_eq!(call("GET", &of_other, &credential, None).await.0, StatusCode::NOT_FOUND);
    let bad = json!({ "kind": "fly", "text": "Up." });
    assert_eq!(call("POST", &path, &credential, Some(bad)).await.0, StatusCode::BAD_REQUEST);
}
