//! The foundation as seen from outside: requests against routes that stand on it.

use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use tower::ServiceExt as _;

use super::*;
use crate::frame::{Frame, Names};
use crate::lang::Lang;

fn app() -> Router {
    let names = Names {
        site: [(Lang::En, "Plaza".into()), (Lang::ZhCn, "广场".into())],
        address: [(Lang::En, "1 Road".into()), (Lang::ZhCn, "一路".into())],
        zone: TimeZone::UTC,
        default_lang: Lang::ZhCn,
        passkeys_at: None,
    };
    let foundation = Foundation {
        live: Live::fixed(names),
        csrf: CsrfKey::new(&[1; 32]),
        random: Random::new(|out| out.fill(9)),
        transport: Transport { tls: false },
        origin: None,
    };
    let routes = Router::new()
        .route("/form", get(async |f: Frame| axum::response::Html(f.csrf)))
        .route("/form", post(async |body: String| body))
        .route("/panic", get(async || -> &'static str { panic!("secret 19900001234") }))
        .route("/refused", get(async || Fault::TooMany { seconds: 60 }));
    stand(routes, Face::Site, &foundation)
}

async fn send(request: Request) -> (StatusCode, HeaderMap, String) {
    let response = app().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

fn get_of(path: &str) -> http::request::Builder {
    Request::builder().uri(path).header("host", "a.example")
}

fn post_form() -> http::request::Builder {
    get_of("/form")
        .method("POST")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
}

async fn token() -> String {
    let (status, headers, body) = send(get_of("/form").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let cookie = headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with(&format!("__Host-csrf={body};")), "{cookie}");
    body
}

#[tokio::test]
async fn a_form_of_our_own_page_is_taken() {
    let token = token().await;
    let request = post_form()
        .header("cookie", format!("__Host-csrf={token}"))
        .body(Body::from(format!("csrf={token}&a=1")))
        .unwrap();
    let (status, _, body) = send(request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, format!("csrf={token}&a=1"));
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused_with_a_page() {
    let token = token().await;
    let filled = format!("csrf={token}");
    let cookie = format!("__Host-csrf={token}");
    let from_elsewhere = get_of("/form")
        .method("POST")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .header("cookie", &cookie)
        .body(Body::from(filled.clone()))
        .unwrap();
    let without_cookie = post_form().body(Body::from(filled.clone())).unwrap();
    let without_field = post_form().header("cookie", &cookie).body(Body::from("a=1")).unwrap();
    let of_another_session =
        post_form().header("cookie", format!("{cookie}; __Host-session=s")).body(Body::from(filled.clone())).unwrap();
    for request in [from_elsewhere, without_cookie, without_field, of_another_session] {
        let (status, headers, body) = send(request).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(headers.get("content-type").unwrap().to_str().unwrap().starts_with("text/html"));
        assert!(body.contains("<h1"), "{body}");
    }
}

#[tokio::test]
async fn other_content_types_and_oversize_forms_are_refused() {
    let json =
        get_of("/form").method("POST").header("content-type", "application/json").body(Body::from("{}")).unwrap();
    assert_eq!(send(json).await.0, StatusCode::BAD_REQUEST);
    let large = post_form().body(Body::from("a".repeat(FORM_LIMIT + 1))).unwrap();
    assert_eq!(send(large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let broken = post_form().body(Body::from(vec![0xff, 0xfe, b'=', 0x80])).unwrap();
    assert_eq!(send(broken).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_a_name() {
    for path in ["/form", "/missing", "/panic", "/refused"] {
        let (_, headers, _) = send(get_of(path).body(Body::empty()).unwrap()).await;
        assert_eq!(headers.get("content-security-policy").unwrap(), headers::CSP, "{path}");
        assert_eq!(headers.get("cache-control").unwrap(), "no-store", "{path}");
        assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff", "{path}");
        assert!(headers.get("x-request-id").is_some(), "{path}");
        assert!(headers.get("strict-transport-security").is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_panic_leaks_nothing() {
    let (status, _, body) = send(get_of("/panic").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!body.contains("19900001234"));
    assert!(body.contains("<h1"));
}

#[tokio::test]
async fn errors_are_pages_in_the_readers_language_and_keep_their_headers() {
    let (status, headers, body) = send(get_of("/refused?lang=en").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(headers.get("retry-after").unwrap(), "60");
    assert!(body.contains("lang=\"en\""));
    let (_, headers, body) = send(get_of("/missing").body(Body::empty()).unwrap()).await;
    assert!(body.contains("lang=\"zh-CN\""));
    assert_eq!(headers.get("content-language").unwrap(), "zh-CN");
    let patch = get_of("/form").method("DELETE").body(Body::empty()).unwrap();
    assert!(send(patch).await.2.contains("<h1"));
}

#[tokio::test]
async fn the_chosen_language_is_remembered() {
    let (_, headers, _) = send(get_of("/form?lang=en").body(Body::empty()).unwrap()).await;
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|c| c.starts_with("lang=en; Path=/; Secure")), "{cookies:?}");
}

#[tokio::test]
async fn assets_are_named_by_content_and_kept() {
    let (status, headers, _) = send(get_of(&assets::STYLE.path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers.get("cache-control").unwrap(), "public, max-age=31536000, immutable");
    let (status, _, _) = send(get_of("/assets/style.0000000000000000.css").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
