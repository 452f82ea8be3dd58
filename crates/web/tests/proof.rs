//! What asks once more who is there, over the site's own forms.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::collection::external::ExternalId;
use avouch::collection::join::Join;
use avouch::collection::joint::{PartnerSettings, Partners, Way};
use avouch::outbound::Guard;
use avouch::security::session::Device;
use avouch::store::{Actor, AgeBand, Receipt, SessionToken, SubjectId};
use avouch_store::{Hold, NewJointLogin, StoreError, Transact, Tx};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tower::ServiceExt;
use zeroize::Zeroizing;

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

/// Links an account at a partner, as coming back from there does.
struct Link {
    subject: SubjectId,
    receipt: Receipt,
}

impl Transact for Link {
    const NAME: &'static str = "link an account for a test";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let new = NewJointLogin {
            partner: "harbour",
            identity: "https://id.harbour.example\0p-1",
            scopes: "openid",
            receipt: &self.receipt,
            token: None,
        };
        tx.link_joint(self.subject, &new).await
    }
}

/// A home where a partner is configured, and somebody who comes in with it alone.
async fn linked() -> (Home, SessionToken) {
    let mut home = Home::new(Engine::Sqlite).await;
    let settings = PartnerSettings {
        way: Way::OpenId { issuer: "https://id.harbour.example".into() },
        client_id: "plaza".into(),
        secret: Zeroizing::new("a shared secret".into()),
    };
    let origin = "https://plaza.example".parse().unwrap();
    let all = [("harbour".to_owned(), settings)].into();
    let partners = Partners::new(&home.app.policy(), &Guard::strict(), &origin, all).unwrap();
    home.app = home.app.clone().with_partners(partners);
    let values = [("user_name", "linked_person"), ("email", "linked@plaza.example")];
    let join = Join {
        values: values.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        age: Some(AgeBand::Adult),
        device: Some(Device { agent: "Test Browser".into(), address: "192.0.2.7".into() }),
        external: Some(ExternalId::new("plaza", "1").unwrap()),
    };
    let joined = home.app.join(join, &Actor::Subject).await.unwrap();
    let subject = joined.subject;
    let receipt = home.app.answer(subject, "joint_login", true, "en", &Actor::Subject).await.unwrap();
    assert!(home.app.store.transact(Link { subject, receipt }).await.unwrap());
    (home, joined.session.unwrap())
}

#[tokio::test]
async fn promise_1_7_withdrawing_the_last_way_in_says_what_has_to_come_first() {
    let (home, token) = linked().await;
    let mut site = site(&home, &token);
    for (lang, words) in [("en", "Nothing was changed"), ("zh-CN", "未作任何更改")] {
        let page = site.get(&format!("/privacy/consents?lang={lang}")).await;
        assert!(!page.contains("role=\"alert\""));
        let (status, kind, body) =
            site.post(&format!("/privacy/consents/joint_login?lang={lang}"), &page, &[("answer", "withdraw")]).await;
        assert_eq!((status, kind.as_str()), (StatusCode::CONFLICT, "text/html; charset=utf-8"));
        let body = String::from_utf8(body).unwrap();
        let alert = body.split("role=\"alert\">").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(alert.contains(words) && alert.contains("href=\"/privacy/security\""), "{alert}");
        assert!(body.contains("action=\"/privacy/consents/joint_login\""), "the page itself");
        let (status, _, body) = site.post("/privacy/joint/harbour/unlink", &page, &[]).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(String::from_utf8(body).unwrap().contains("id=\"harbour\""));
    }
    assert_eq!(home.app.joint_logins(token.subject).await.unwrap().len(), 1);
    // A password is another way.
    let session = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    home.app.change_password(&session, "", PASSWORD, "", "en").await.unwrap();
    let page = site.get("/privacy/consents").await;
    let (status, ..) = site.post("/privacy/consents/joint_login", &page, &[("answer", "withdraw")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(home.app.joint_logins(token.subject).await.unwrap().is_empty());
}

#[tokio::test]
async fn promise_5_5_who_comes_in_by_a_partner_finds_the_way_there_where_a_password_is_asked_for() {
    let (home, token) = linked().await;
    let mut site = site(&home, &token);
    // Shown a short while ago: neither the copy nor leaving asks again.
    for path in ["/privacy/export", "/privacy/cancel"] {
        assert!(!site.get(path).await.contains("type=\"password\""), "{path}");
    }
    home.clock.advance(SignedDuration::from_mins(11));
    for path in ["/privacy/export", "/privacy/cancel", "/privacy/items/email", "/privacy/security/password"] {
        let page = site.get(path).await;
        let way = format!("href=\"/privacy/joint/prove?partner=harbour&amp;page={path}\"");
        assert!(page.contains("type=\"password\"") && page.contains(&way), "{path}");
        let page = site.get(&format!("/privacy/joint/prove?partner=harbour&page={path}")).await;
        assert!(page.contains(&format!("name=\"page\" value=\"{path}\"")), "{path}");
    }
    // Back to a page that asks, and to nothing else.
    for elsewhere in ["https://evil.example/", "//evil.example", "/privacy/sessions", "/privacy/items/none", ""] {
        let page = site.get(&format!("/privacy/joint/prove?partner=harbour&page={elsewhere}")).await;
        assert!(page.contains("name=\"page\" value=\"/privacy\""), "{elsewhere}");
    }
    assert!(!site.get("/privacy/joint/prove?partner=lantern").await.contains("name=\"page\""));
    let page = site.get("/privacy/cancel").await;
    let (status, ..) = site.post("/privacy/cancel", &page, &[("when", "later")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    // Whoever is linked to nothing is offered nothing.
    home.person(2).await;
    let mut other = self::site(&home, &home.session(2).await.token);
    let page = other.get("/privacy/cancel").await;
    assert!(page.contains("type=\"password\"") && !page.contains("/privacy/joint/prove"));
}
