//! A real service in a process of its own has a recipient called: what it receives, what its memory holds, what Avouch
//! logs and what rests on the disk never has the plaintext.
//!
//! Keeps promise 4.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use avouch::collection::put::NewRecord;
use avouch::outbound::{Guard, Reach};
use avouch::sharing::outlet::Outlet;
use avouch::store::Actor;
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home, child};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::fmt::MakeWriter;

/// The service: asks, keeps what it asked and what it got, and waits. Nothing in an ordinary run.
#[test]
fn service_of_its_own() {
    let Some(part) = child::part() else { return };
    let part: Vec<&str> = part.split('\n').collect();
    let (at, credential, subject, record) = (part[0], part[1], part[2], part[3]);
    let ask = json!({
        "recipient": "courier", "purpose": "orders", "method": "POST",
        "url": "https://api.courier.example/v1/parcels", "json": { "to": "{{address}}" },
        "records": { "address": record }
    })
    .to_string();
    let mut kept = Vec::new();
    for key in ["one", "two"] {
        let mut stream = TcpStream::connect(at).unwrap();
        let head = format!(
            "POST /v1/subjects/{subject}/egress HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {credential}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            ask.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        kept.push(answer);
    }
    child::say(&data_encoding::HEXLOWER.encode(&kept.concat()));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    assert!(!kept.is_empty(), "kept until the memory was looked at");
}

/// Lines that were logged.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A recipient that says back all it got, in a header too.
async fn echo(listener: TcpListener, got: Arc<Mutex<Vec<u8>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}") {
            let mut part = [0; 4096];
            match stream.read(&mut part).await {
                Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
                _ => break,
            }
        }
        let body = bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| bytes[at + 4..].to_vec()).unwrap();
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let text = json!({ "id": "p-1", "echo": sent, "hex": data_encoding::HEXLOWER.encode(&body) }).to_string();
        let value = sent["to"].as_str().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-echo: {value}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        got.lock().unwrap().extend_from_slice(&bytes);
    }
}

/// What a process has written into its memory; nothing where the machine does not let anybody look.
fn memory(pid: u32) -> Option<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut mem = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut out = Vec::new();
    for line in maps.lines().filter(|l| l.split(' ').nth(1).is_some_and(|p| p.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut part = vec![0; usize::try_from(to - from).unwrap()];
        if mem.seek(SeekFrom::Start(from)).is_ok() && mem.read_exact(&mut part).is_ok() {
            out.extend_from_slice(&part);
        }
    }
    Some(out)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_4_1_the_service_never_holds_what_it_has_sent() {
    let logs = Logs::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let home = Home::new(Engine::Sqlite).await;
    let outside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let via = [("api.courier.example".to_owned(), outside.local_addr().unwrap())];
    let got = Arc::<Mutex<Vec<u8>>>::default();
    tokio::spawn(echo(outside, Arc::clone(&got)));
    let courier = Outlet {
        headers: vec!["x-echo".parse().unwrap()],
        fields: vec![String::new(), "/echo/to".to_owned(), "/hex".to_owned()],
        ..Outlet::default()
    };
    let guard = Guard::new(Reach { via: via.into(), ..Reach::default() }, None).unwrap();
    let app = home.app.clone().with_outbound(guard).with_outlets([("courier".to_owned(), courier)].into());
    let who = home.person(1).await.subject;
    let value = canary(41);
    let new = NewRecord {
        subject: who,
        purpose: "orders".to_owned(),
        item: "address".to_owned(),
        record: None,
        value: value.clone(),
    };
    let (record, _) = app.put_record(new, &Actor::Subject).await.unwrap();
    let credential = app.register_service("shop", &["orders".to_owned()]).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(avouch_web::serve_api(app.clone(), listener, std::future::pending()));

    let part = format!("{at}\n{credential}\n{who}\n{record}");
    let (answers, memory) = tokio::task::spawn_blocking(move || {
        let service = child::start("service_of_its_own", &part);
        let said = service.line().unwrap();
        (data_encoding::HEXLOWER.decode(said.as_bytes()).unwrap(), memory(service.id()))
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&answers);
    assert_eq!(text.matches("\"state\":\"sent\"").count(), 2, "{text}");
    assert!(String::from_utf8_lossy(&got.lock().unwrap()).contains(&value), "the recipient has it");

    let looked = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(looked.path().join(name), bytes).unwrap();
    put("answers", &answers);
    put("logs", &logs.0.lock().unwrap());
    match &memory {
        Some(memory) => {
            assert!(memory.len() > 1 << 16, "{} bytes of memory", memory.len());
            put("memory", memory);
        }
        None => println!("this machine lets nobody look into another process; its memory was not looked at"),
    }
    // What is looked for is found where it is.
    if let Some(memory) = &memory {
        let credential = credential.as_bytes();
        assert!(memory.windows(credential.len()).any(|w| w == credential), "the service's own credential is in it");
    }
    assert_eq!(scan(looked.path(), &[value.as_bytes()]), Vec::new());
    assert_eq!(scan(home.dir.path(), &[value.as_bytes()]), Vec::new());
}
