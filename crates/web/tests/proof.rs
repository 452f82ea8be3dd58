//! What asks once more who is there, over the site's own forms.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::store::SessionToken;
use avouch_testkit::home::PASSWORD;
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
async fn promise_6_5_a_copy_is_given_to_who_showed_who_they_are() {
    let home = Home::new(Engine::Sqlite).await;
    home.person(1).await;
    let session = home.session(1).await;
    let mut site = site(&home, &session.token);
    let page = site.get("/privacy/export").await;
    assert!(!page.contains("type=\"password\""), "shown a short while ago");
    let (status, kind, _) = site.post("/privacy/export", &page, &[]).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/zip"));
    home.clock.advance(SignedDuration::from_mins(11));
    let page = site.get("/privacy/export").await;
    assert!(page.contains("type=\"password\""));
    for (fields, alert) in [(&[][..], false), (&[("password", "not that one at all")][..], true)] {
        let (status, kind, body) = site.post("/privacy/export", &page, fields).await;
        assert_eq!((status, kind.as_str()), (StatusCode::FORBIDDEN, "text/html; charset=utf-8"));
        assert_eq!(String::from_utf8(body).unwrap().contains("role=\"alert\""), alert);
    }
    let (status, kind, zip) = site.post("/privacy/export", &page, &[("password", PASSWORD)]).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/zip"));
    assert!(zip.starts_with(b"PK"));
}
