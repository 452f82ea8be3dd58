//! Uploads over real connections that are really cut, and what comes back.
//!
//! Keeps promise 1.3. The video is made as it is sent and compared as it is read: it is never whole in memory, so
//! that `AVOUCH_VIDEO_BYTES` can make it as large as one has patience for; without it, it has 24 MiB.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use avouch_testkit::{Engine, Home, media};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Api {
    at: std::net::SocketAddr,
    credential: String,
    home: Home,
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }
}

/// Reads an answer's head; what follows stays in the connection, but for what came with it.
async fn head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return (String::from_utf8(bytes).unwrap(), rest);
        }
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.unwrap();
        assert!(n > 0, "the server hung up: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&part[..n]);
    }
}

impl Api {
    async fn new() -> Self {
        let home = Home::new(Engine::Sqlite).await;
        let purposes = ["content", "publication"].map(str::to_owned);
        let credential = home.app.register_service("plaza", &purposes).await.unwrap();
        let on = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = on.local_addr().unwrap();
        tokio::spawn(avouch_web::serve_api(home.app.clone(), on, std::future::pending()));
        Self { at, credential, home }
    }

    fn request(&self, method: &str, path: &str, more: &str) -> Vec<u8> {
        let bearer = &self.credential;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: api\r\nconnection: close\r\nauthorization: Bearer {bearer}\r\n{more}\r\n"
        )
        .into_bytes()
    }

    async fn call(&self, method: &str, path: &str, more: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let more = format!("content-length: {}\r\n{more}", body.len());
        stream.write_all(&[&self.request(method, path, &more), body].concat()).await.unwrap();
        let (head, mut body) = head(&mut stream).await;
        stream.read_to_end(&mut body).await.unwrap();
        Answer { head, body }
    }

    async fn begin(&self, subject: &str, item: &str, size: u64) -> String {
        let body = serde_json::json!({ "purpose": "content", "item": item, "size": size }).to_string();
        let json = "content-type: application/json\r\n";
        let begun = self.call("POST", &format!("/v1/subjects/{subject}/uploads"), json, body.as_bytes()).await;
        assert_eq!(begun.status(), 201, "{}", begun.json());
        assert!(begun.json()["receipt"]["index"].is_u64());
        begun.header("location").unwrap().to_owned()
    }

    async fn stands(&self, upload: &str) -> u64 {
        let answer = self.call("HEAD", upload, "", b"").await;
        answer.header("upload-offset").unwrap().parse().unwrap()
    }
}

/// Where an upload stands once nothing moves any more: the server may still be at what came before the cut.
async fn settled(api: &Api, upload: &str) -> u64 {
    let mut last = api.stands(upload).await;
    loop {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let now = api.stands(upload).await;
        if now == last {
            return now;
        }
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_3_a_large_video_over_a_connection_cut_three_times_arrives_and_plays_in_ranges() {
    let size: u64 = std::env::var("AVOUCH_VIDEO_BYTES").ok().map_or(24 << 20, |n| n.parse().unwrap());
    let api = Api::new().await;
    let subject = api.home.person(1).await.subject.to_string();
    let upload = api.begin(&subject, "video", size).await;
    let lead = media::video_head(size, "+31.2416+121.4903/", b"soun");
    let byte = |at: u64| lead.get(at as usize).copied().unwrap_or_else(|| media::pixel(at));

    let cuts = [size / 5 + 1, size / 2 + 3, size / 10 * 9 + 7];
    let (mut at, mut done) = (0, None);
    for turn in 0..40 {
        let stop = cuts.get(turn).copied().unwrap_or(size);
        let mut stream = TcpStream::connect(api.at).await.unwrap();
        let more = format!("content-length: {}\r\nupload-offset: {at}\r\n", size - at);
        stream.write_all(&api.request("PATCH", &upload, &more)).await.unwrap();
        let mut sent = at;
        while sent < stop {
            let end = stop.min(sent + (256 << 10));
            let part: Vec<u8> = (sent..end).map(byte).collect();
            if stream.write_all(&part).await.is_err() {
                break;
            }
            sent = end;
        }
        if stop == size && sent == size {
            let (head, mut body) = head(&mut stream).await;
            stream.read_to_end(&mut body).await.unwrap();
            let answer = Answer { head, body };
            if answer.status() == 409 {
                // The server was still at what came before the cut.
                at = answer.header("upload-offset").unwrap().parse().unwrap();
                continue;
            }
            done = Some(answer);
            break;
        }
        drop(stream);
        at = settled(&api, &upload).await;
        assert!(at <= stop && at % 65_536 == 0, "kept up to {at} of {stop}");
    }
    let done = done.unwrap();
    assert_eq!(done.status(), 200, "{}", done.json());
    assert_eq!(done.json()["offset"], size);
    assert!(done.json()["receipt"]["index"].is_u64());

    // Read back as a player does it: from the middle, from the end, and whole as it streams.
    let record = upload.rsplit('/').next().unwrap();
    let content = format!("/v1/subjects/{subject}/records/video/{record}/content?purpose=content");
    let middle = size / 2 - 1000;
    let range = api.call("GET", &content, &format!("range: bytes={middle}-{}\r\n", middle + 99_999), b"").await;
    assert_eq!(range.status(), 206);
    assert_eq!(range.header("content-range").unwrap(), format!("bytes {middle}-{}/{size}", middle + 99_999));
    assert!(range.body.iter().zip(middle..).all(|(b, at)| *b == byte(at)) && range.body.len() == 100_000);
    assert_eq!(range.header("x-content-type-options"), Some("nosniff"));
    assert!(range.header("content-security-policy").unwrap().contains("sandbox"));
    assert_eq!(range.header("content-type"), Some("video/mp4"));
    assert!(range.header("content-disposition").unwrap().starts_with("inline; filename=\"video.mp4\""));
    let past = api.call("GET", &content, &format!("range: bytes={size}-\r\n"), b"").await;
    assert_eq!(past.status(), 416);

    let mut stream = TcpStream::connect(api.at).await.unwrap();
    stream.write_all(&api.request("GET", &content, "")).await.unwrap();
    let (told, first) = head(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    let (mut at, mut part) = (0_u64, first);
    loop {
        for b in &part {
            // The head was cleaned; the pixels are as they were.
            assert!(at < lead.len() as u64 || *b == media::pixel(at), "byte {at}");
            at += 1;
        }
        let mut next = vec![0; 1 << 20];
        let n = stream.read(&mut next).await.unwrap();
        if n == 0 {
            break;
        }
        next.truncate(n);
        part = next;
    }
    assert_eq!(at, size);
    // The smaller picture of a video there is none; what was never put up is not there either.
    assert_eq!(api.call("GET", &format!("{content}&small=true"), "", b"").await.status(), 404);
    assert_eq!(api.call("HEAD", &upload, "", b"").await.status(), 404);
}

#[tokio::test]
async fn an_upload_tells_what_is_wrong_and_where_to_go_on() {
    let api = Api::new().await;
    let subject = api.home.person(1).await.subject.to_string();
    let upload = api.begin(&subject, "picture", 100).await;
    let none = api.call("PATCH", &upload, "", b"x").await;
    assert_eq!(none.status(), 400);
    assert!(none.json()["detail"].as_str().unwrap().contains("Upload-Offset"));
    let elsewhere = api.call("PATCH", &upload, "upload-offset: 7\r\n", b"x").await;
    assert_eq!((elsewhere.status(), elsewhere.header("upload-offset")), (409, Some("0")));
    let part = api.call("PATCH", &upload, "upload-offset: 0\r\n", b"<svg ").await;
    assert_eq!((part.status(), part.header("upload-offset")), (200, Some("5")));
    let rest = api.call("PATCH", &upload, "upload-offset: 5\r\n", &[b' '; 95]).await;
    assert_eq!(rest.status(), 400);
    assert!(rest.json()["detail"].as_str().unwrap().contains("save it as PNG"), "{}", rest.json());
    assert_eq!(api.call("HEAD", &upload, "", b"").await.status(), 404, "what is refused is given up");
    let other = api.begin(&subject, "picture", 100).await;
    assert_eq!(api.call("DELETE", &other, "", b"").await.status(), 204);
    assert_eq!(api.call("DELETE", &other, "", b"").await.status(), 404);
    let stranger = api.home.person(2).await.subject.to_string();
    let third = api.begin(&subject, "picture", 100).await;
    let theirs = third.replace(&subject, &stranger);
    assert_eq!(api.call("HEAD", &theirs, "", b"").await.status(), 404, "an upload is its person's alone");
}
