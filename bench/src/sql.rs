//! Raw PostgreSQL over its own protocol: the same columns with nine indexes, as the published workload for
//! databases with metadata has them; one statement a call, each insert its own durable commit.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use crate::figures::now;
use crate::load::{Period, period};
use crate::server::{RECORDS, SUBJECTS, number, value};

const TABLE: &str = "CREATE TABLE record (subject TEXT NOT NULL, item TEXT NOT NULL, id TEXT NOT NULL, \
    version BIGINT NOT NULL, value TEXT NOT NULL, purpose TEXT NOT NULL, source TEXT NOT NULL, \
    created BIGINT NOT NULL, changed BIGINT NOT NULL, until BIGINT, PRIMARY KEY (subject, item, id)); \
    CREATE INDEX ON record (subject); CREATE INDEX ON record (item); CREATE INDEX ON record (id); \
    CREATE INDEX ON record (purpose); CREATE INDEX ON record (source); CREATE INDEX ON record (created); \
    CREATE INDEX ON record (changed); CREATE INDEX ON record (until);";

const INSERT: &str = "INSERT INTO record VALUES ($1, $2, $3, 1, $4, $5, 'service:bench', $6, $6, NULL)";
const SELECT: &str = "SELECT version, value, purpose, source, created, changed FROM record \
    WHERE subject = $1 AND item = $2 AND id = $3";

/// What the clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One record by its key.
    Read,
    /// One record more.
    Write,
}

fn subject(n: usize) -> String {
    format!("cn-{n:026}")
}

async fn connect(url: &str) -> Result<Client, String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(|e| format!("PostgreSQL: {e}"))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Makes the table and fills it with the people of a run.
///
/// # Errors
/// When the database refuses.
pub async fn fill(url: &str) -> Result<(), String> {
    let told = |e: tokio_postgres::Error| format!("PostgreSQL: {e}");
    let mut client = connect(url).await?;
    client.batch_execute(TABLE).await.map_err(told)?;
    let tx = client.transaction().await.map_err(told)?;
    let insert = tx.prepare(INSERT).await.map_err(told)?;
    for n in 0..SUBJECTS {
        for record in 0..RECORDS {
            let id = format!("{:032x}", number(n, record));
            let text = value(number(n, record));
            tx.execute(&insert, &[&subject(n), &"comment", &id, &text, &"content", &0_i64]).await.map_err(told)?;
        }
    }
    tx.commit().await.map_err(told)?;
    let level = client.query_one("SHOW synchronous_commit", &[]).await.map_err(told)?;
    match level.get::<_, &str>(0) {
        "on" => Ok(()),
        other => Err(format!("PostgreSQL answers before it is durable: synchronous_commit = {other}")),
    }
}

/// Runs `clients` connections in a closed loop for `length`; each value that is read is judged. `base` keeps the
/// ids of one period apart from those of all others.
///
/// # Errors
/// The first wrong answer, or the database's error.
pub async fn drive(url: &str, clients: usize, length: Duration, work: Work, base: u64) -> Result<Period, String> {
    let told = |e: tokio_postgres::Error| format!("PostgreSQL: {e}");
    let mut ready = Vec::with_capacity(clients);
    for _ in 0..clients {
        let client = connect(url).await?;
        let statement = client.prepare(if work == Work::Read { SELECT } else { INSERT }).await.map_err(told)?;
        ready.push((Arc::new(client), statement));
    }
    let start = now();
    let until = start + length;
    let mut running = Vec::with_capacity(clients);
    for (at, (client, statement)) in ready.into_iter().enumerate() {
        running.push(tokio::spawn(async move {
            let mut times = Vec::new();
            let mut made = 0_usize;
            while now() < until {
                let (who, which) = ((at * 31 + made * 7) % SUBJECTS, made % RECORDS);
                let sent = now();
                match work {
                    Work::Read => {
                        let n = number(who, which);
                        let id = format!("{n:032x}");
                        let row = client.query_one(&statement, &[&subject(who), &"comment", &id]).await;
                        if row.map_err(told)?.get::<_, &str>(1) != value(n) {
                            return Err(format!("PostgreSQL gave another value than {n}"));
                        }
                    }
                    Work::Write => {
                        let n = base + (made * clients + at) as u64;
                        let id = format!("{n:032x}");
                        let text = value(n);
                        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                            [&subject(who), &"comment", &id, &text, &"content", &0_i64];
                        client.execute(&statement, &row).await.map_err(told)?;
                    }
                }
                times.push(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
                made += 1;
            }
            Ok::<_, String>(times)
        }));
    }
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await.map_err(|e| format!("a client failed: {e}"))??);
    }
    let answered = times.iter().map(|_| (0, String::new())).collect();
    Ok(period(start.elapsed(), times, answered))
}

/// How many records there are, and how many different values.
///
/// # Errors
/// When the database refuses.
pub async fn counted(url: &str) -> Result<(u64, u64), String> {
    let row = connect(url).await?.query_one("SELECT count(*), count(DISTINCT value) FROM record", &[]).await;
    let row = row.map_err(|e| format!("PostgreSQL: {e}"))?;
    Ok((row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs()))
}
