//! Who is measured over HTTP: a child process each, pinned to one core, that says on one line where it is.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use avouch::collection::join::Join;
use avouch::collection::put::NewRecord;
use avouch::store::{Actor, AgeBand, SubjectId};
use avouch::{App, Settings};
use avouch_policy::Policy;
use avouch_seal::{Entropy, KeyFile, Region, SystemEntropy};
use avouch_store::{Clock, Location, Store, StoreConfig};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The core the servers run on; the generator has the other.
pub const SERVER_CORE: &str = "0";
/// The core the generator runs on.
pub const GENERATOR_CORE: &str = "1";
/// People in the store.
pub const SUBJECTS: usize = 100;
/// Records of each at the start.
pub const RECORDS: usize = 20;
/// Bytes of a value.
const VALUE: usize = 100;

/// A value of 100 bytes that nobody else has.
#[must_use]
pub fn value(n: u64) -> String {
    let mut text = format!("value {n:012} ");
    while text.len() < VALUE {
        text.push_str("abcdefghij klmnopqrst uvwxyz ");
    }
    text.truncate(VALUE);
    text
}

/// The number of the value that record `record` of subject `subject` has at the start.
#[must_use]
pub fn number(subject: usize, record: usize) -> u64 {
    (subject * RECORDS + record) as u64
}

/// A person and the records there are at the start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// The subject's id.
    pub subject: String,
    /// Its records' ids.
    pub records: Vec<String>,
}

/// What a server says when it is ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// Its port on loopback.
    pub port: u16,
    /// The credential to send.
    pub credential: String,
    /// Who is in its store.
    pub people: Vec<Person>,
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// What it said.
    pub ready: Ready,
    child: Child,
}

impl Running {
    /// Starts this program again as the server `role` over `folder`, pinned to the servers' core.
    ///
    /// # Errors
    /// When it cannot be started or does not say that it is ready.
    pub async fn start(role: &str, folder: &Path) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|e| format!("this program's own path: {e}"))?;
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .arg(program)
            .args(["server", role])
            .arg(folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("the server {role} does not start (is `taskset` installed?): {e}"))?;
        let out = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(out).lines().next_line().await.map_err(|e| format!("the server {role}: {e}"))?;
        let line = line.ok_or_else(|| format!("the server {role} ended before it was ready"))?;
        let ready = serde_json::from_str(&line).map_err(|e| format!("the server {role} said {line:?}: {e}"))?;
        Ok(Self { ready, child })
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub async fn stop(mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|e| format!("a server cannot be stopped: {e}"))
    }
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the server's clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[expect(clippy::print_stdout, reason = "how a server says that it is ready")]
pub(crate) fn say(ready: &Ready) {
    println!("{}", serde_json::to_string(ready).unwrap_or_default());
}

/// A listener on a free port of loopback.
///
/// # Errors
/// When there is none.
pub(crate) async fn listen() -> Result<(TcpListener, u16), String> {
    let on = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| format!("listen: {e}"))?;
    let port = on.local_addr().map_err(|e| format!("listen: {e}"))?.port();
    Ok((on, port))
}

/// Serves an empty handler: what HTTP itself costs.
///
/// # Errors
/// When the listener fails.
pub async fn empty() -> Result<(), String> {
    let (on, port) = listen().await?;
    say(&Ready { port, credential: "none.none".to_owned(), people: Vec::new() });
    let routes = axum::Router::new().route("/", axum::routing::get(async || "{}"));
    axum::serve(on, routes).await.map_err(|e| format!("serve: {e}"))
}

/// Avouch with the shipped policy over SQLite in `folder`, with the people of a run and one service.
///
/// # Errors
/// When it cannot be opened or filled.
pub async fn open(folder: &Path) -> Result<(App, Ready), String> {
    let told = |e: &dyn std::fmt::Display| e.to_string();
    let key = folder.join("root.key");
    let kms = KeyFile::create(&key, &SystemEntropy).map_err(|e| told(&e))?;
    let policy: Arc<Policy> = avouch_testkit::home::policy();
    let store = Store::open(StoreConfig {
        region: Region::new("cn").map_err(|e| told(&e))?,
        data: Location::Sqlite(folder.join("data.db")),
        keys: Location::Sqlite(folder.join("keys.db")),
        objects: folder.join("objects"),
        journals: folder.join("journals"),
        node: "a".to_owned(),
        origin: "bench.example/cn".to_owned(),
        kms: Arc::new(kms),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy) as Arc<dyn Entropy>,
        policy,
        faults: None,
    })
    .await
    .map_err(|e| told(&e))?;
    let app = App::new(store, Settings::default());
    let credential = app.register_service("bench", &["content".to_owned()]).await.map_err(|e| told(&e))?;
    let service = app.service(&credential).await.map_err(|e| told(&e))?.ok_or("the service is not known")?;
    let actor = Actor::Service(service);
    let mut people = Vec::with_capacity(SUBJECTS);
    for n in 0..SUBJECTS {
        let values = [
            ("user_name", format!("bench{n}")),
            ("email", format!("bench{n}@plaza.example")),
            ("password", "lantern orbit velvet cactus".to_owned()),
        ];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let join = Join { values, age: Some(AgeBand::Adult), device: None, external: None };
        let subject = app.join(join, &Actor::Subject).await.map_err(|e| told(&e))?.subject;
        let mut records = Vec::with_capacity(RECORDS);
        for record in 0..RECORDS {
            records.push(put(&app, subject, number(n, record), &actor).await?);
        }
        people.push(Person { subject: subject.to_string(), records });
    }
    Ok((app, Ready { port: 0, credential, people }))
}

async fn put(app: &App, subject: SubjectId, n: u64, actor: &Actor) -> Result<String, String> {
    let new =
        NewRecord { subject, purpose: "content".to_owned(), item: "comment".to_owned(), record: None, value: value(n) };
    let (record, _) = app.put_record(new, actor).await.map_err(|e| e.to_string())?;
    Ok(record.to_string())
}

/// Serves Avouch's own API.
///
/// # Errors
/// When it cannot be opened or its listener fails.
pub async fn avouch(folder: &Path) -> Result<(), String> {
    let (app, mut ready) = open(folder).await?;
    let (on, port) = listen().await?;
    ready.port = port;
    say(&ready);
    avouch_web::serve_api(app, on, std::future::pending()).await.map_err(|e| format!("serve: {e}"))
}

/// What stands in Avouch's database: leaves, and records of the measured item.
///
/// # Errors
/// When it cannot be read.
pub fn counted(folder: &Path) -> Result<(u64, u64), String> {
    let told = |e: rusqlite::Error| format!("counting: {e}");
    let db = rusqlite::Connection::open(folder.join("data.db")).map_err(told)?;
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(told);
    let leaves = one("SELECT count(*) FROM leaf")?;
    let size = one("SELECT sum(size) FROM log")?;
    if leaves != size {
        return Err(format!("the log says {size} leaves, the database holds {leaves}"));
    }
    let records = one("SELECT count(*) FROM record WHERE item = 'comment'")?;
    Ok((leaves.unsigned_abs(), records.unsigned_abs()))
}
