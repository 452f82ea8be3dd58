//! The twin: the same columns, the same answers and the same durability over the same libraries, with no policy,
//! no seal and no ledger. Ours ÷ twin is the price of privacy.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path as At, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use rusqlite::{Connection, params};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::server::{Person, RECORDS, Ready, SUBJECTS, listen, number, say, value};

/// The columns of Avouch's table of records; the value in plain.
pub const TABLE: &str = "CREATE TABLE record (subject TEXT NOT NULL, item TEXT NOT NULL, id TEXT NOT NULL, \
    version INTEGER NOT NULL, value TEXT NOT NULL, purpose TEXT NOT NULL, source TEXT NOT NULL, \
    created INTEGER NOT NULL, changed INTEGER NOT NULL, until INTEGER, PRIMARY KEY (subject, item, id)); \
    CREATE INDEX record_until ON record (until) WHERE until IS NOT NULL;";

const INSERT: &str = "INSERT INTO record VALUES (?1, ?2, ?3, 1, ?4, ?5, 'service:bench', ?6, ?6, NULL)";
const SELECT: &str = "SELECT version, value, purpose, source, created, changed FROM record \
    WHERE subject = ?1 AND item = ?2 AND id = ?3";
/// Writes in one commit, as in Avouch's own writer.
const BATCH: usize = 512;

struct Write {
    subject: String,
    id: String,
    new: New,
    done: oneshot::Sender<bool>,
}

#[derive(Deserialize)]
struct New {
    purpose: String,
    item: String,
    value: String,
}

#[derive(Clone)]
struct Twin {
    writes: mpsc::Sender<Write>,
    readers: Arc<Mutex<Vec<Connection>>>,
    path: Arc<Path>,
    ids: Arc<std::sync::atomic::AtomicU64>,
}

fn open(path: &Path) -> Result<Connection, String> {
    let db = Connection::open(path).map_err(|e| format!("the twin's database: {e}"))?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(|e| format!("pragma: {e}"))?;
    Ok(db)
}

fn writer(mut db: Connection, mut inbox: mpsc::Receiver<Write>) {
    while let Some(first) = inbox.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = inbox.try_recv()
        {
            batch.push(next);
        }
        let kept = commit(&mut db, &batch).is_ok();
        for write in batch {
            let _gone = write.done.send(kept);
        }
    }
}

fn commit(db: &mut Connection, batch: &[Write]) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare_cached(INSERT)?;
        for w in batch {
            insert.execute(params![w.subject, w.new.item, w.id, w.new.value, w.new.purpose, 0_i64])?;
        }
    }
    tx.commit()
}

async fn put(State(twin): State<Twin>, At(subject): At<String>, Json(new): Json<New>) -> impl IntoResponse {
    let id = format!("{:032x}", twin.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let (done, answer) = oneshot::channel();
    let write = Write { subject, id: id.clone(), new, done };
    if twin.writes.send(write).await.is_ok() && answer.await == Ok(true) {
        (StatusCode::CREATED, Json(serde_json::json!({ "record": id })))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({})))
    }
}

async fn read(State(twin): State<Twin>, At((subject, item, id)): At<(String, String, String)>) -> impl IntoResponse {
    let taken = twin.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let Some(db) = taken.map_or_else(|| open(&twin.path).ok(), Some) else {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({})));
    };
    let found = db.prepare_cached(SELECT).and_then(|mut select| {
        select.query_row(params![subject, item, id], |row| {
            Ok(serde_json::json!({ "records": [{
                "item": item, "record": id, "version": row.get::<_, i64>(0)?, "value": row.get::<_, String>(1)?,
                "purpose": row.get::<_, String>(2)?, "source": row.get::<_, String>(3)?,
                "created": row.get::<_, i64>(4)?, "changed": row.get::<_, i64>(5)?,
            }] }))
        })
    });
    twin.readers.lock().unwrap_or_else(PoisonError::into_inner).push(db);
    match found {
        Ok(body) => (StatusCode::OK, Json(body)),
        Err(_) => (StatusCode::NOT_FOUND, Json(serde_json::json!({}))),
    }
}

/// Serves the twin over SQLite in `folder`, filled with the people of a run.
///
/// # Errors
/// When its database or its listener fails.
pub async fn serve(folder: &Path) -> Result<(), String> {
    let path = folder.join("twin.db");
    let mut db = open(&path)?;
    db.execute_batch(TABLE).map_err(|e| format!("the twin's table: {e}"))?;
    let mut people = Vec::with_capacity(SUBJECTS);
    let tx = db.transaction().map_err(|e| format!("filling: {e}"))?;
    for n in 0..SUBJECTS {
        let subject = format!("cn-{n:026}");
        let mut records = Vec::with_capacity(RECORDS);
        for record in 0..RECORDS {
            let id = format!("{:032x}", number(n, record));
            tx.execute(INSERT, params![subject, "comment", id, value(number(n, record)), "content", 0_i64])
                .map_err(|e| format!("filling: {e}"))?;
            records.push(id);
        }
        people.push(Person { subject, records });
    }
    tx.commit().map_err(|e| format!("filling: {e}"))?;
    let (writes, inbox) = mpsc::channel(4096);
    std::thread::spawn(move || writer(db, inbox));
    let ids = Arc::new(std::sync::atomic::AtomicU64::new(1 << 40));
    let twin = Twin { writes, readers: Arc::default(), path: path.into(), ids };
    let routes = Router::new()
        .route("/v1/subjects/{subject}/records", post(put))
        .route("/v1/subjects/{subject}/records/{item}/{record}", get(read))
        .with_state(twin);
    let (on, port) = listen().await?;
    say(&Ready { port, credential: "twin.none".to_owned(), people });
    axum::serve(on, routes).await.map_err(|e| format!("serve: {e}"))
}

/// How many records the twin holds, and how many different values.
///
/// # Errors
/// When its database cannot be read.
pub fn counted(folder: &Path) -> Result<(u64, u64), String> {
    let db = Connection::open(folder.join("twin.db")).map_err(|e| format!("counting: {e}"))?;
    let two =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()));
    db.query_row("SELECT count(*), count(DISTINCT value) FROM record", [], two).map_err(|e| format!("counting: {e}"))
}
