//! What a person sees of exceptions, requests of authorities and holds, and what they can refuse.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::collection::put::NewRecord;
use avouch::store::SessionToken;
use avouch::store::StaffRole::DataProtectionOfficer;
use avouch::store::{Actor, NewHold};
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tower::ServiceExt;

struct Site {
    routes: Router,
    cookies: String,
}

impl Site {
    async fn get(&mut self, path: &str) -> String {
        let request = Request::get(path).header(header::COOKIE, &self.cookies).body(Body::empty()).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookies = format!("{}; {pair}", self.cookies);
        }
        String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    }

    async fn post(&self, path: &str, page: &str, fields: &[(&str, &str)]) -> (StatusCode, String, Vec<u8>) {
        let token = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", token);
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.finish()))
            .unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
        let body = to_bytes(response.into_body(), 1 << 22).await.unwrap().to_vec();
        (status, kind.map(|k| k.to_str().unwrap().to_owned()).unwrap_or_default(), body)
    }
}

fn site(home: &Home, token: &SessionToken) -> Site {
    let cookies = format!("__Host-session={}", token.to_cookie());
    Site { routes: avouch_web::site_routes(home.app.clone()), cookies }
}

#[tokio::test]
async fn promise_5_2_a_person_is_told_of_a_hold_before_and_after_they_delete() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let officer = home.operator("officer", &[DataProtectionOfficer]).await;
    let (purpose, item) = ("content".to_owned(), "comment".to_owned());
    let new = NewRecord { subject, purpose, item, record: None, value: "disputed".to_owned() };
    let record = home.app.put_record(new, &Actor::Subject).await.unwrap().0;
    let hold = NewHold {
        subject,
        items: vec!["comment".into()],
        citation: "(2026) Hu 0115 No. 21".into(),
        ends: home.app.store.now() + SignedDuration::from_hours(24 * 30),
    };
    home.app.hold_in_emergency(&officer, hold, "it is about to be deleted").await.unwrap();
    let session = home.session(1).await;
    let mut site = site(&home, &session.token);
    for page in ["/privacy/exceptional", "/privacy/cancel"] {
        assert!(site.get(page).await.contains("No. 21"), "{page}");
    }
    let path = format!("/privacy/records/comment.{record}/delete");
    let page = site.get(&path).await;
    assert!(page.contains("No. 21"));
    let (status, _, deleted) = site.post(&path, &page, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(String::from_utf8(deleted).unwrap().contains("No. 21"));
}

#[tokio::test]
async fn promise_2_7_what_was_published_is_refused_and_allowed_by_one_switch() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    let mut site = site(&home, &session.token);
    let objected = async || {
        let policy = home.app.policy();
        home.app.account(subject).await.unwrap().standing.objected.has(policy.purpose("disclosed").unwrap().index())
    };
    for (answer, refused) in [("refuse", true), ("allow", false)] {
        let page = site.get("/privacy/exceptional").await;
        assert!(page.contains(&format!("value=\"{answer}\"")), "{page}");
        let (status, ..) = site.post("/privacy/exceptional/disclosed", &page, &[("answer", answer)]).await;
        assert_eq!((status, objected().await), (StatusCode::SEE_OTHER, refused));
    }
    let page = site.get("/privacy/exceptional").await;
    let (status, ..) = site.post("/privacy/exceptional/emergency", &page, &[("answer", "refuse")]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
