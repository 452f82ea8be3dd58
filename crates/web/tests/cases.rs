//! Customer service over a real store, as a browser meets it: from the form to the letter, and the console beside it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::store::StaffRole;
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;

/// A browser at one face, with the cookies it was given.
struct Browser {
    routes: Router,
    cookies: Vec<(String, String)>,
}

struct Answer {
    status: StatusCode,
    location: String,
    body: String,
}

impl Browser {
    fn at(routes: Router) -> Self {
        Self { routes, cookies: Vec::new() }
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
        let location = response.headers().get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, location: location.unwrap_or_default(), body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Fills in and sends the form on `page` that posts to `action`.
    async fn fill(&mut self, page: &str, action: &str, values: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        let form = shown.body.split("<form").find(|f| f.contains(&format!("action=\"{action}\""))).unwrap();
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
}

async fn console(home: &Home) -> Browser {
    let mut staff = Browser::at(avouch_web::console_routes(home.app.clone()));
    let session = home.console("desk", &[StaffRole::CustomerService]).await;
    staff.cookies.push(("__Host-console".to_owned(), session));
    staff
}

#[tokio::test]
async fn promise_8_1_a_stranger_writes_and_follows_it_to_the_letter_with_the_way_to_regulator_and_court() {
    let home = Home::new(Engine::Sqlite).await;
    let mut stranger = Browser::at(avouch_web::site_routes(home.app.clone()));
    let wrong = stranger.fill("/contact", "/contact", &[("category", "complaint"), ("text", " ")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = "Delete my <b>picture</b>!";
    let opened = stranger.fill("/contact", "/contact", &[("category", "complaint"), ("text", text)]).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.body);
    assert!(opened.body.contains("22 December 2026"), "the day at once: {}", opened.body);
    let link = opened.body.split("href=\"/contact/case/").nth(1).unwrap().split('"').next().unwrap();
    let link = format!("/contact/case/{link}");
    let number = link.split('/').nth(3).unwrap().to_owned();

    let mut staff = console(&home).await;
    let today = staff.get("/").await.body;
    assert!(today.contains(&format!("/cases/{number}")), "today shows the deadline: {today}");
    let queue = staff.get("/cases").await.body;
    assert!(queue.contains(&number) && queue.contains("deletion") && !queue.contains("picture"), "{queue}");
    let file = staff.get("/cases.csv").await.body;
    assert!(file.contains(&number) && !file.contains("picture"), "{file}");
    let page = format!("/cases/{number}");
    let case = staff.get(&page).await.body;
    assert!(case.contains("Delete my &#60;b&#62;picture&#60;/b&#62;!"), "{case}");
    let closed = [("deed", "close"), ("outcome", "partly"), ("text", "The picture is gone.")];
    assert_eq!(staff.fill(&page, &page, &closed).await.status, StatusCode::SEE_OTHER);

    // Anybody with number and code, from any browser; with a wrong one nothing is told.
    let mut later = Browser::at(avouch_web::site_routes(home.app.clone()));
    let code = link.rsplit('/').next().unwrap().to_lowercase();
    let back = later.fill("/contact", "/contact/case", &[("number", &number), ("code", &format!(" {code} "))]).await;
    assert_eq!(back.location, link);
    let case = later.get(&link).await.body;
    assert!(case.contains("Answered in part") && !case.contains("desk"), "{case}");
    let letter = later.get(&format!("{link}/letter")).await.body;
    for part in ["The picture is gone.", "12377", "Pudong"] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    assert_eq!(later.get(&format!("/contact/case/{number}/WRONG")).await.status, StatusCode::NOT_FOUND);
    let again = later.fill(&link, &link, &[("text", "Not enough.")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert!(staff.get("/cases").await.body.contains(&number), "it is in the queue again");
}

#[tokio::test]
async fn promise_2_4_the_console_shows_dots_until_a_reason_is_given() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    let new = avouch::contact::case::NewCase {
        category: "question".into(),
        text: "Call me".into(),
        mail: String::new(),
        language: "en".into(),
        address: String::new(),
    };
    let number = home.app.open_case(new, Some(person)).await.unwrap().number;
    let mut staff = console(&home).await;
    let page = format!("/cases/{number}");
    let case = staff.get(&page).await.body;
    assert!(case.contains("••••") && !case.contains("person1"), "{case}");
    let reveal = format!("{page}/reveal");
    let short = staff.fill(&page, &reveal, &[("item", "email"), ("text", "why")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = staff.fill(&page, &reveal, &[("item", "email"), ("text", "To call the right person back.")]).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER);
    let case = staff.get(&page).await.body;
    assert!(case.contains("person1@plaza.example") && !case.contains("Person 1"), "one item alone: {case}");
}

#[tokio::test]
async fn promise_5_6_nobody_reads_cases_without_signing_in() {
    let home = Home::new(Engine::Sqlite).await;
    let mut nobody = Browser::at(avouch_web::console_routes(home.app.clone()));
    for path in ["/cases", "/cases.csv", "/cases/2222-2222"] {
        assert_eq!(nobody.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let mut site = Browser::at(avouch_web::site_routes(home.app.clone()));
    assert_eq!(site.get("/privacy/cases").await.status, StatusCode::SEE_OTHER);
}
