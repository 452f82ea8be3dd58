//! Customer service over a real store, as a browser meets it: from the form to the letter, and the console beside it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::contact::desk::Deed;
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

/// A file as it came.
struct Saved {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    bytes: Vec<u8>,
}

impl Saved {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
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
        if !self.cookies.is_empty() {
            parts.headers.insert(header::COOKIE, self.held().parse().unwrap());
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

    fn held(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn file(&self, path: &str) -> Saved {
        let request = Request::get(path)
            .header(header::HOST, "127.0.0.1:8421")
            .header(header::COOKIE, self.held())
            .body(Body::empty())
            .unwrap();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Saved { status, headers, bytes: to_bytes(answer.into_body(), 1 << 24).await.unwrap().to_vec() }
    }

    /// As [`Browser::fill`], as `multipart/form-data` with a file last, as browsers send it.
    async fn send_file(
        &mut self,
        page: &str,
        action: &str,
        values: &[(&str, &str)],
        name: &str,
        file: &[u8],
    ) -> Answer {
        let token = self.token(page, action).await;
        let mut body = Vec::new();
        for (name, value) in [("csrf", token.as_str())].iter().chain(values) {
            let part = format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--XyZ--\r\n");
        let request = Request::post(action)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XyZ")
            .header(header::CONTENT_LENGTH, body.len())
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// The token of the form on `page` that posts to `action`.
    async fn token(&mut self, page: &str, action: &str) -> String {
        let shown = self.get(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        let form = shown.body.split("<form").find(|f| f.contains(&format!("action=\"{action}\""))).unwrap();
        form.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Fills in and sends the form on `page` that posts to `action`.
    async fn fill(&mut self, page: &str, action: &str, values: &[(&str, &str)]) -> Answer {
        let token = self.token(page, action).await;
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
    let letter = "The picture is gone.";
    let no_reason = [("deed", "close"), ("outcome", "partly"), ("text", letter)];
    let wrong = staff.fill(&page, &page, &no_reason).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Say why it is refused, in whole or in part."), "{}", wrong.body);
    let closed = [("deed", "close"), ("outcome", "partly"), ("reason", "others-rights"), ("text", letter)];
    assert_eq!(staff.fill(&page, &page, &closed).await.status, StatusCode::SEE_OTHER);

    // Anybody with number and code, from any browser; with a wrong one nothing is told.
    let mut later = Browser::at(avouch_web::site_routes(home.app.clone()));
    let code = link.rsplit('/').next().unwrap().to_lowercase();
    let back = later.fill("/contact", "/contact/case", &[("number", &number), ("code", &format!(" {code} "))]).await;
    assert_eq!(back.location, link);
    let case = later.get(&link).await.body;
    assert!(case.contains("Answered in part") && !case.contains("desk"), "{case}");
    let letter = later.get(&format!("{link}/letter")).await.body;
    for part in ["The picture is gone.", "harm what is other people", "12377", "Pudong"] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    let saved = later.file(&format!("{link}/letter.pdf")).await;
    assert_eq!(saved.header("content-type"), "application/pdf");
    assert_eq!(saved.header("content-disposition"), format!("attachment; filename=\"{number}.pdf\""));
    assert!(saved.bytes.starts_with(b"%PDF-1.7"));
    // A mail leads here; it looks the same for a case there is not.
    let by_mail = later.get(&format!("/contact/case/{number}")).await;
    let nothing = later.get("/contact/case/2222-2222").await;
    assert_eq!((by_mail.status, nothing.status), (StatusCode::OK, StatusCode::OK));
    assert!(by_mail.body.contains(&format!("value=\"{number}\"")) && !by_mail.body.contains("Answered"));
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
        file: None,
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

#[tokio::test]
async fn promise_2_4_files_go_with_messages_and_are_only_ever_saved() {
    let home = Home::new(Engine::Sqlite).await;
    let mut stranger = Browser::at(avouch_web::site_routes(home.app.clone()));
    let values = [("category", "complaint"), ("text", "两行\r\n文字"), ("email", "")];
    // What the sender calls it says nothing: a program is none the less for being named a picture.
    let wrong = stranger.send_file("/contact", "/contact", &values, "a.png", b"MZ\x90\0program").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("id=\"file-error\"") && wrong.body.contains("两行"), "nothing written is lost");
    let html = b"<html><script>alert(1)</script></html>";
    let opened = stranger.send_file("/contact", "/contact", &values, "a.html", html).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.body);
    let link = opened.body.split("href=\"/contact/case/").nth(1).unwrap().split('"').next().unwrap();
    let link = format!("/contact/case/{link}");
    let number = link.split('/').nth(3).unwrap().to_owned();
    let file_on = |body: &str, of: &str| {
        let rest = body.split(&format!("href=\"{of}/files/")).nth(1).unwrap_or_else(|| panic!("{body}"));
        format!("{of}/files/{}", rest.split('"').next().unwrap())
    };
    let place = file_on(&stranger.get(&link).await.body, &link);
    let saved = stranger.file(&place).await;
    assert_eq!(saved.bytes, html);
    assert_eq!(saved.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(saved.header("content-disposition"), format!("attachment; filename=\"{number}.txt\""));
    assert_eq!(saved.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(saved.header("x-content-type-options"), "nosniff");
    assert_eq!(saved.header("cache-control"), "no-store");
    assert_eq!(stranger.file(&place.replace(&number, "2222-2222")).await.status, StatusCode::NOT_FOUND);

    // No file chosen: browsers send an empty part. And a message from nobody's page is refused before its file is read.
    let more = stranger.send_file(&link, &link, &[("text", "Still there?")], "", b"").await;
    assert_eq!(more.status, StatusCode::SEE_OTHER, "{}", more.body);
    let forged = Request::post(&link)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XyZ")
        .header(header::CONTENT_LENGTH, 1 << 20)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from("--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx"))
        .unwrap();
    assert_eq!(stranger.send(forged).await.status, StatusCode::FORBIDDEN);

    let mut staff = console(&home).await;
    let page = format!("/cases/{number}");
    let ours = file_on(&staff.get(&page).await.body, &page);
    assert_eq!(staff.file(&ours).await.bytes, html);
    let picture = avouch_testkit::media::jpeg_with_position("note", 64, 48);
    let answered = staff.send_file(&page, &page, &[("text", "See this"), ("deed", "reply")], "p.jpg", &picture).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
    let thread = stranger.get(&link).await.body;
    assert!(thread.contains("JPG file"), "{thread}");
    let mut nobody = Browser::at(avouch_web::console_routes(home.app.clone()));
    assert_eq!(nobody.get(&ours).await.status, StatusCode::UNAUTHORIZED);
}

/// What another program reads in a PDF.
fn read_back(file: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("letter.pdf");
    std::fs::write(&path, file).unwrap();
    let told = std::process::Command::new("pdftotext").args(["-layout"]).arg(&path).arg("-").output().unwrap();
    assert!(told.status.success() && told.stderr.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

#[tokio::test]
async fn promise_8_3_the_letter_as_pdf_says_its_reason_and_the_way_to_regulator_and_court_in_both_languages() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    for (language, parts) in [
        ("en", ["Refused", "harm what is other people", "Line one.", "照片", "12377", "Pudong", "7K"].as_slice()),
        ("zh-CN", ["不予办理", "损害他人权益", "Line one.", "照片", "12377", "浦东新区人民法院", "7K"].as_slice()),
    ] {
        let new = avouch::contact::case::NewCase {
            category: "complaint".into(),
            text: "Delete it".into(),
            file: None,
            mail: String::new(),
            language: language.into(),
            address: String::new(),
        };
        let number = home.app.open_case(new, Some(person)).await.unwrap().number;
        let text = "Line one.\n\n照片 7K 仍由作者保留，“原样”不变。".to_owned();
        let deed = Deed::Close { outcome: "refused".into(), reason: "others-rights".into(), text };
        home.app.work_on_case(&number, "desk", deed, None).await.unwrap();
        let mut site = Browser::at(avouch_web::site_routes(home.app.clone()));
        site.cookies.push(("__Host-session".to_owned(), home.session(1).await.token.to_cookie()));
        let link = format!("/privacy/cases/{number}");
        let page = site.get(&format!("{link}/letter?lang={language}")).await;
        assert!(page.status == StatusCode::OK && page.body.contains("12377"), "{}", page.body);
        let saved = site.file(&format!("{link}/letter.pdf?lang={language}")).await;
        assert_eq!(saved.status, StatusCode::OK);
        let told = read_back(&saved.bytes);
        for part in parts.iter().chain(&[number.as_str()]) {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(saved.bytes, site.file(&format!("{link}/letter.pdf?lang={language}")).await.bytes, "the same again");
    }
}
