//! The console over a real store: who gets in, and what is shown.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::store::StaffRole::{self, Administrator, Auditor, CustomerService, DataProtectionOfficer};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::staff::code_of;
use avouch_testkit::{Engine, Home};
use avouch_web::console::access::{self, Who};
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

    /// Signs in as a role account with these roles.
    async fn sign_in(&mut self, name: &str, roles: &[StaffRole]) {
        let session = self.home.console(name, roles).await;
        self.cookies = vec![("__Host-console".to_owned(), session)];
    }

    /// Opens a link as a browser would: its page, its button, then password and authenticator. Gives the
    /// authenticator's secret and what came of it.
    async fn enter(&mut self, link: &str) -> (String, StatusCode) {
        let path = format!("/enter/{link}");
        let (status, _, page) = self.press_for_page(&path, "/enter").await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let (secret, enrolment) = (hidden(&page, "secret"), hidden(&page, "enrolment"));
        let (status, _) = self.enrol(&enrolment, &secret, PASSWORD).await;
        (secret, status)
    }

    async fn enrol(&mut self, enrolment: &str, secret: &str, password: &str) -> (StatusCode, String) {
        let code = code_of(secret, self.home.app.store.now());
        self.form("/enrol", &[("enrolment", enrolment), ("secret", secret), ("password", password), ("code", &code)])
            .await
    }

    /// Posts fields with the token of this browser; gives status and location.
    async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let (status, location, _) = self.post_form(path, fields).await;
        (status, location)
    }

    /// As [`Console::form`], with the body.
    async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        if !self.cookies.iter().any(|(name, _)| name == "__Host-console-csrf") {
            self.get("/sign-in").await;
        }
        let token = self.cookies.iter().find(|(name, _)| name == "__Host-console-csrf").unwrap().1.clone();
        let mut all = form_urlencoded::Serializer::new(String::new());
        let fields = all.append_pair("csrf", &token).extend_pairs(fields).finish();
        self.post_for_page(path, &fields).await
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let (status, _, body) = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        (status, body)
    }

    /// Sends the form with `action` on the page `path`, its hidden fields with it.
    async fn press(&mut self, path: &str, action: &str) -> (StatusCode, String) {
        let (status, location, _) = self.press_for_page(path, action).await;
        (status, location)
    }

    async fn press_for_page(&mut self, path: &str, action: &str) -> (StatusCode, String, String) {
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
        self.post_for_page(action, &fields.finish()).await
    }

    async fn post(&mut self, path: &str, fields: &str) -> (StatusCode, String) {
        let (status, location, _) = self.post_for_page(path, fields).await;
        (status, location)
    }

    async fn post_for_page(&mut self, path: &str, fields: &str) -> (StatusCode, String, String) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(fields.to_owned()))
            .unwrap();
        self.send(request).await
    }
}

fn hidden(page: &str, name: &str) -> String {
    let input = page.split("<input").find(|input| input.contains(&format!("name=\"{name}\""))).unwrap();
    input.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn promise_5_6_a_link_lets_in_once_and_looking_at_it_spends_nothing() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    let path = format!("/enter/{link}");
    for _ in 0..3 {
        assert_eq!(console.get(&path).await.0, StatusCode::OK, "a preview opens it too");
    }
    let (_, status) = console.enter(&link).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(console.get("/").await.0, StatusCode::OK);
    console.cookies.clear();
    assert_eq!(console.get(&path).await.0, StatusCode::GONE, "used");
    assert_eq!(console.form("/enter", &[("token", &link)]).await.0, StatusCode::GONE, "used");
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn promise_5_6_nobody_is_in_before_a_password_and_an_authenticator_are_chosen() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    let (_, _, page) = console.press_for_page(&format!("/enter/{link}"), "/enter").await;
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED, "the link alone lets nobody in");
    let (secret, enrolment) = (hidden(&page, "secret"), hidden(&page, "enrolment"));
    assert_eq!(console.enrol(&enrolment, &secret, "short").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = [("enrolment", enrolment.as_str()), ("secret", &secret), ("password", PASSWORD), ("code", "000000")];
    assert_eq!(console.form("/enrol", &wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(console.enrol(&enrolment, &secret, PASSWORD).await.0, StatusCode::SEE_OTHER, "it went on");
    console.cookies.clear();
    assert_eq!(console.enrol(&enrolment, &secret, PASSWORD).await.0, StatusCode::GONE, "and ended");
}

#[tokio::test]
async fn promise_5_6_signing_in_takes_name_password_and_a_fresh_code() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    let (secret, _) = console.enter(&link).await;
    console.cookies.clear();
    let now = |console: &Console| code_of(&secret, console.home.app.store.now());
    let used = now(&console);
    let sign_in = |name: &'static str, password: &'static str, code: String| {
        vec![("name", name.to_owned()), ("password", password.to_owned()), ("code", code)]
    };
    let mut tries = vec![("a code that was used", sign_in("officer", PASSWORD, used))];
    console.home.clock.advance(SignedDuration::from_secs(60));
    let code = now(&console);
    tries.push(("a wrong password", sign_in("officer", "lantern orbit velvet cactus 2", code.clone())));
    tries.push(("no such account", sign_in("nobody", PASSWORD, code.clone())));
    tries.push(("no code", sign_in("officer", PASSWORD, String::new())));
    let mut told = Vec::new();
    for (what, fields) in tries {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let (status, location) = console.form("/sign-in", &fields).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}");
        told.push(location);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "each failure is answered alike");
    let fields = sign_in("officer", PASSWORD, code);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(console.form("/sign-in", &fields).await.0, StatusCode::SEE_OTHER);
    assert_eq!(console.get("/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn promise_5_6_a_link_and_a_session_end() {
    let mut console = Console::new().await;
    let link = console.home.app.operator_link("officer").await.unwrap();
    console.home.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(console.get(&format!("/enter/{link}")).await.0, StatusCode::GONE, "a link waits a day");
    console.sign_in("officer", &[]).await;
    for _ in 0..14 {
        console.home.clock.advance(SignedDuration::from_mins(31));
        assert_eq!(console.get("/").await.0, StatusCode::OK, "it is used");
    }
    console.home.clock.advance(SignedDuration::from_mins(50));
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED, "a session lasts a working day at most");
    console.sign_in("officer", &[]).await;
    console.home.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED, "unused for an hour");
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

/// Every page and deed of the console, by everyone: signed out, and with each role alone.
#[tokio::test]
async fn promise_5_6_each_page_and_deed_is_for_the_roles_of_the_table_alone() {
    let mut console = Console::new().await;
    // The way out last: after it nobody is signed in.
    let (out, rest): (Vec<_>, Vec<_>) = access::table().into_iter().partition(|entry| entry.path == "/logout");
    assert!(rest.iter().filter(|e| e.method == "POST").count() > 10);
    let mut who: Vec<Option<StaffRole>> = StaffRole::ALL.into_iter().map(Some).collect();
    who.push(None);
    for role in who {
        console.cookies.clear();
        if let Some(role) = role {
            console.sign_in(&format!("only-{}", role.name()), &[role]).await;
        }
        for entry in rest.iter().chain(&out) {
            let path: String =
                entry.path.split('/').map(|p| if p.starts_with('{') { "0" } else { p }).collect::<Vec<_>>().join("/");
            let status = match entry.method {
                "GET" => console.get(&path).await.0,
                _ => console.form(&path, &[]).await.0,
            };
            let expected = match (entry.who, role) {
                (Who::Anyone, _) => None,
                (Who::Roles(_), None) => Some(StatusCode::UNAUTHORIZED),
                (Who::Roles(roles), Some(role)) if !roles.contains(&role) => Some(StatusCode::FORBIDDEN),
                (Who::Roles(_), Some(_)) => None,
            };
            let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN).then_some(status);
            assert_eq!(denied, expected, "{} {} by {role:?} gave {status}", entry.method, entry.path);
        }
    }
}

#[tokio::test]
async fn promise_5_6_an_administrator_sees_no_personal_data_and_an_auditor_evidence_alone() {
    let opens = |role| {
        access::table()
            .into_iter()
            .filter(|e| matches!(e.who, Who::Roles(roles) if roles.contains(&role)))
            .map(|e| format!("{} {}", e.method, e.path))
            .collect::<Vec<_>>()
    };
    let administrator = opens(Administrator);
    assert!(!administrator.iter().any(|e| e.contains("/names") || e.contains("/leaves")), "{administrator:?}");
    let auditor = opens(Auditor);
    let deeds: Vec<_> = auditor.iter().filter(|e| e.starts_with("POST")).collect();
    assert_eq!(deeds, ["POST /logout"], "an auditor changes nothing");
    assert!(auditor.contains(&"GET /leaves".to_owned()));
}

#[tokio::test]
async fn promise_5_6_who_is_disabled_or_whose_session_is_ended_is_out_at_once() {
    let mut desk = Console::new().await;
    desk.sign_in("desk", &[CustomerService]).await;
    let session = desk.cookies.clone();
    let admin = desk.home.console("admin", &[Administrator]).await;
    let as_admin = async |desk: &mut Console, path: &str, fields: &[(&str, &str)]| {
        desk.cookies = vec![("__Host-console".to_owned(), admin.clone())];
        let done = desk.form(path, fields).await;
        desk.cookies.clone_from(&session);
        done
    };
    let id = desk.home.app.operator_sessions().await.unwrap().into_iter().find(|s| s.operator == "desk").unwrap().id;
    assert_eq!(as_admin(&mut desk, "/operators/sessions/end", &[("session", &id)]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(desk.get("/").await.0, StatusCode::UNAUTHORIZED, "ended by an administrator");
    desk.sign_in("desk", &[]).await;
    let session = desk.cookies.clone();
    assert_eq!(desk.get("/").await.0, StatusCode::OK);
    assert_eq!(as_admin(&mut desk, "/operators/desk/disable", &[]).await.0, StatusCode::SEE_OTHER);
    desk.cookies = session;
    assert_eq!(desk.get("/").await.0, StatusCode::UNAUTHORIZED, "disabled");
    assert_eq!(as_admin(&mut desk, "/operators/admin/disable", &[]).await.0, StatusCode::UNPROCESSABLE_ENTITY, "own");
}

#[tokio::test]
async fn promise_5_6_a_role_is_granted_by_two_people_on_their_own_pages() {
    let mut console = Console::new().await;
    let officer = console.home.console("officer", &[DataProtectionOfficer]).await;
    let admin = console.home.console("admin", &[Administrator]).await;
    console.home.operator("desk", &[]).await;
    let as_ = |console: &mut Console, session: &str| {
        console.cookies = vec![("__Host-console".to_owned(), session.to_owned())];
    };
    as_(&mut console, &admin);
    let asked = [("name", "desk"), ("role", "customer-service"), ("why", "joins the desk")];
    let (status, page) = console.form("/operators/grant", &asked).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, shown) = console.get(&page).await;
    assert!(shown.contains("customer-service") && shown.contains("joins the desk"), "{shown}");
    let answer = format!("{page}/answer");
    let own = console.form(&answer, &[("verdict", "yes"), ("words", "mine")]).await;
    assert_eq!(own.0, StatusCode::UNPROCESSABLE_ENTITY, "nobody allows their own");
    assert_eq!(console.form(&format!("{page}/carry-out"), &[]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(console.home.staff("desk").await.grants.is_empty());

    as_(&mut console, &officer);
    assert!(console.get("/?lang=en").await.1.contains("second person"), "the first page says that something waits");
    assert_eq!(console.form(&answer, &[("verdict", "yes"), ("words", " ")]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(console.form(&answer, &[("verdict", "yes"), ("words", "known to me")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(console.form(&format!("{page}/carry-out"), &[]).await.0, StatusCode::UNPROCESSABLE_ENTITY, "not hers");

    as_(&mut console, &admin);
    assert_eq!(console.form(&format!("{page}/carry-out"), &[]).await.0, StatusCode::SEE_OTHER);
    assert!(console.home.staff("desk").await.may(&[CustomerService]));
    assert_eq!(console.form(&format!("{page}/carry-out"), &[]).await.0, StatusCode::UNPROCESSABLE_ENTITY, "once");
    let (status, csv) = console.get("/approvals.csv?state=used").await;
    assert!(status == StatusCode::OK && csv.contains("role-grant"), "{csv}");
    assert!(console.get("/approvals?q=nothing-like-it").await.1.contains("/approvals.csv?q=nothing-like-it"));
}

#[tokio::test]
async fn promise_5_6_a_new_link_for_an_account_with_roles_needs_a_second_person() {
    let mut console = Console::new().await;
    console.home.operator("officer", &[DataProtectionOfficer]).await;
    console.home.operator("fresh", &[]).await;
    console.sign_in("admin", &[Administrator]).await;
    let (status, _) = console.form("/operators/fresh/link", &[]).await;
    assert_eq!(status, StatusCode::OK, "an account without roles gets its link at once");
    let (status, to) = console.form("/operators/officer/link", &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(to.starts_with("/approvals/"), "{to}");
}

#[tokio::test]
async fn the_first_page_counts_and_shows_the_latest_leaves() {
    let mut console = Console::new().await;
    let subject = console.home.person(1).await.subject;
    console.home.person(2).await;
    console.home.consent(subject, "marketing", true).await;
    console.sign_in("officer", &[DataProtectionOfficer]).await;
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
    console.sign_in("officer", &[DataProtectionOfficer]).await;
    assert_eq!(console.post("/logout", "csrf=invented").await.0, StatusCode::FORBIDDEN);
    assert_eq!(console.get("/").await.0, StatusCode::OK, "still signed in");
    console.press("/", "/logout").await;
    assert_eq!(console.get("/").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn promise_4_2_staff_check_suspend_and_end_a_recipient_and_the_list_is_there_as_csv() {
    let mut console = Console::new().await;
    console.sign_in("officer", &[DataProtectionOfficer]).await;
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
    console.sign_in("admin", &[Administrator]).await;
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

/// A form with a file, as a browser sends it.
fn with_file(path: &str, csrf: &str, fields: &[(&str, &str)], file: &str) -> Request<Body> {
    let boundary = "XyZ";
    let mut body = String::new();
    for (name, value) in [("csrf", csrf)].iter().chain(fields) {
        body.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n{file}\r\n--{boundary}--\r\n"
    ));
    Request::post(path)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
        .header(header::CONTENT_LENGTH, body.len())
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn promise_2_6_a_request_goes_from_paper_to_answer_on_the_pages_of_two_people() {
    let mut console = Console::new().await;
    let subject = console.home.try_person(1, &[("phone", "+86 19900000001")]).await.unwrap().subject;
    let officer = console.home.console("officer", &[DataProtectionOfficer]).await;
    let deputy = console.home.console("deputy", &[DataProtectionOfficer]).await;
    let as_ = |console: &mut Console, session: &str| {
        console.cookies = vec![("__Host-console".to_owned(), session.to_owned())];
    };
    as_(&mut console, &officer);
    let mut fields = vec![
        ("recipient", "police"),
        ("items", "comment"),
        ("subject", "person1"),
        ("office", "Pudong branch (demo)"),
        ("instrument", "No. 2026-117"),
        ("dated", "2026-11-30"),
        ("ground", "Criminal Procedure Law Art. 54"),
        ("foreign", "true"),
    ];
    assert_eq!(console.form("/authorities", &fields).await.0, StatusCode::UNPROCESSABLE_ENTITY, "not for this purpose");
    fields[1] = ("items", "phone");
    let (status, page) = console.form("/authorities", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let csrf = console.cookies.iter().find(|(name, _)| name == "__Host-console-csrf").unwrap().1.clone();
    let paper = with_file(&format!("{page}/papers/instrument"), &csrf, &[], "the letter");
    assert_eq!(console.send(paper).await.0, StatusCode::SEE_OTHER);
    let (status, _) = console.form(&format!("{page}/ask"), &[("why", "in order")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a foreign authority");
    let bare = with_file(&format!("{page}/papers/permission"), &csrf, &[], "approved");
    assert_eq!(console.send(bare).await.0, StatusCode::UNPROCESSABLE_ENTITY, "without its number");
    let number = [("number", "MoJ 2026-9")];
    let paper = with_file(&format!("{page}/papers/permission"), &csrf, &number, "approved");
    assert_eq!(console.send(paper).await.0, StatusCode::SEE_OTHER);
    assert_eq!(console.form(&format!("{page}/ask"), &[("why", "in order")]).await.0, StatusCode::SEE_OTHER);
    let (_, shown) = console.get(&page).await;
    let asked = shown.split("href=\"/approvals/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(shown.contains("MoJ 2026-9"), "{shown}");

    as_(&mut console, &deputy);
    for kind in ["instrument", "permission"] {
        let (status, _, body) = console.post_form(&format!("{page}/read/{kind}"), &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert!(["the letter", "approved"].contains(&body.as_str()), "{body}");
    }
    let answer = [("verdict", "yes"), ("words", "I called them back")];
    assert_eq!(console.form(&format!("/approvals/{asked}/answer"), &answer).await.0, StatusCode::SEE_OTHER);
    assert!(!console.get(&page).await.1.contains("/release/"), "only who asked hands out");

    as_(&mut console, &officer);
    assert!(console.get(&page).await.1.contains(&format!("/release/{asked}")));
    let (status, _, handed) = console.post_form(&format!("{page}/release/{asked}"), &[]).await;
    assert_eq!(status, StatusCode::OK, "{handed}");
    assert!(handed.contains("+8619900000001") && !handed.contains("person1@plaza.example"), "{handed}");
    let (_, csv) = console.get("/authorities.csv?state=released").await;
    assert!(csv.contains("No. 2026-117") && !csv.contains(&subject.to_string()), "{csv}");
}

#[tokio::test]
async fn promise_5_2_and_2_7_holds_and_exceptions_are_asked_for_on_their_pages() {
    let mut console = Console::new().await;
    let subject = console.home.person(1).await.subject;
    console.sign_in("officer", &[DataProtectionOfficer]).await;
    let mut hold = vec![
        ("subject", "nobody-like-it"),
        ("items", "comment"),
        ("citation", "(2026) Hu 0115 No. 21"),
        ("ends", "2027-06-30"),
        ("why", "the court asks"),
        ("mode", "ask"),
    ];
    assert_eq!(console.form("/holds", &hold).await.0, StatusCode::UNPROCESSABLE_ENTITY, "nobody here");
    hold[0] = ("subject", "person1");
    hold[3] = ("ends", "yesterday");
    assert_eq!(console.form("/holds", &hold).await.0, StatusCode::UNPROCESSABLE_ENTITY, "no day to come");
    hold[3] = ("ends", "2027-06-30");
    let (status, to) = console.form("/holds", &hold).await;
    assert!(status == StatusCode::SEE_OTHER && to.starts_with("/approvals/"), "{to}");
    hold[5] = ("mode", "emergency");
    assert_eq!(console.form("/holds", &hold).await.1, "/holds");
    assert!(console.get("/holds").await.1.contains("No. 21"));

    let mut entry = vec![
        ("subject", "person1"),
        ("purpose", "reputation"),
        ("items", "phone"),
        ("citation", "PIPL Art. 13(1)(4)"),
        ("ends", "2026-12-02"),
        ("why", "a life is in danger"),
        ("mode", "emergency"),
    ];
    let (status, _, page) = console.post_form("/exceptions", &entry).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("法院") || page.contains("court"), "it says what is needed instead: {page}");
    entry[1] = ("purpose", "emergency");
    assert_eq!(console.form("/exceptions", &entry).await.1, "/exceptions");
    let (_, csv) = console.get("/exceptions.csv?state=in-force").await;
    assert!(csv.contains("PIPL Art. 13(1)(4)") && !csv.contains(&subject.to_string()), "{csv}");
    assert!(console.get("/?lang=en").await.1.contains("wait for a review"), "both were done by one person");
}
