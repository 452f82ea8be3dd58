//! Group commit: one writer a database, many transactions in one durable commit.
//!
//! Each transaction runs in its savepoint; its leaves, and the signed tree head over them, are part
//! of the same commit; callers are answered after it. On SQLite the writer is a thread that polls
//! the transactions itself; on PostgreSQL a task. See ADR 0001.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use avouch_seal::SubjectId;
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Db, Hold, PostgresConn, PostgresPool, SqliteConn, advisory_key};
use crate::error::StoreError;
use crate::log::LogHead;
use crate::store::Shared;
use crate::transact::Transact;
use crate::tx::Tx;

/// The most transactions in one commit: bounds how long the first of them waits.
const BATCH: usize = 512;

/// A transaction on its way to the writer.
pub(crate) trait Job: Send {
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>);
    /// Runs it; true when its changes are to be kept.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
    /// Answers the caller.
    fn finish(self: Box<Self>, end: Result<(), StoreError>);
}

/// A [`Transact`] with its outcome and its caller.
pub(crate) struct Typed<T: Transact> {
    pub(crate) work: T,
    pub(crate) out: Option<Result<T::Out, T::Fault>>,
    pub(crate) reply: oneshot::Sender<Result<T::Out, T::Fault>>,
}

impl<T: Transact + Sync> Job for Typed<T> {
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        self.work.subjects(hold);
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            tx.enter::<T>(&self.work);
            let out = self.work.run(tx).await;
            let keep = out.is_ok();
            self.out = Some(out);
            keep
        })
    }

    fn finish(self: Box<Self>, end: Result<(), StoreError>) {
        let answer = match (end, self.out) {
            (Ok(()), Some(out)) => out,
            // The caller's own refusal stands whether or not the rest was committed: it wrote nothing.
            (Err(_), Some(Err(fault))) => Err(fault),
            (Err(e), _) => Err(e.into()),
            (Ok(()), None) => Err(StoreError::Closing.into()),
        };
        // A caller that went away does not need the answer; what it asked for is done all the same.
        let _gone = self.reply.send(answer);
    }
}

/// Where a writer writes.
pub(crate) enum Target {
    Sqlite(SqliteConn),
    Postgres(Arc<PostgresPool>),
}

/// The sending end: transactions go in, answers come back through each one's own channel.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the writer of one database. `log` is the ledger it keeps, where it keeps one.
    pub(crate) fn start(shared: Arc<Shared>, target: Target, log: Option<LogHead>) -> Result<Self, StoreError> {
        let (jobs, inbox) = mpsc::channel(4096);
        let mut state = State { shared, log };
        match target {
            Target::Sqlite(mut conn) => {
                std::thread::Builder::new()
                    .name("avouch-writer".into())
                    .spawn(move || sqlite_loop(&mut state, &mut conn, inbox))
                    .map_err(|e| StoreError::Unopened(format!("cannot start the writer thread: {e}")))?;
            }
            Target::Postgres(pool) => {
                tokio::spawn(async move { postgres_loop(&mut state, &pool, inbox).await });
            }
        }
        Ok(Self { jobs })
    }

    /// Hands a transaction to the writer and waits until it is durable or undone.
    pub(crate) async fn transact<T: Transact + Sync>(&self, work: T) -> Result<T::Out, T::Fault> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Typed { work, out: None, reply });
        if self.jobs.send(job).await.is_err() {
            return Err(StoreError::Closing.into());
        }
        match answer.await {
            Ok(outcome) => outcome,
            Err(_) => Err(StoreError::Closing.into()),
        }
    }
}

struct State {
    shared: Arc<Shared>,
    log: Option<LogHead>,
}

fn sqlite_loop(state: &mut State, conn: &mut SqliteConn, mut inbox: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = inbox.blocking_recv() {
        let batch = gather(first, &mut inbox);
        // Everything a transaction may await on SQLite is ready at once; see `Transact`.
        if poll_once(commit(state, Db::Sqlite(conn), batch)).is_none() {
            tracing::error!("a transaction awaited something other than its database; it was undone");
            let _already_over = conn.execute_batch("ROLLBACK");
            if let Some(log) = &mut state.log {
                log.stale = true;
            }
        }
    }
    let _best_effort = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

async fn postgres_loop(state: &mut State, pool: &PostgresPool, mut inbox: mpsc::Receiver<Box<dyn Job>>) {
    let mut held = None;
    while let Some(first) = inbox.recv().await {
        let batch = gather(first, &mut inbox);
        let mut conn = match held.take() {
            Some(conn) => conn,
            None => match pool.take().await {
                Ok(conn) => conn,
                Err(e) => {
                    state.shared.health.failing(&e);
                    for job in batch {
                        job.finish(Err(e.clone()));
                    }
                    continue;
                }
            },
        };
        if let Err(e) = conn.batch_execute("SET lock_timeout = '10s'").await {
            tracing::warn!(error = %e, "the writer's connection is not usable");
        }
        match commit(state, Db::Postgres(&mut conn), batch).await {
            Ok(()) => held = Some(conn),
            // Leave a connection in an unknown state to be closed, not pooled.
            Err(_) => drop(PostgresConn::take(conn)),
        }
    }
}

fn gather(first: Box<dyn Job>, inbox: &mut mpsc::Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut batch = vec![first];
    while batch.len() < BATCH {
        match inbox.try_recv() {
            Ok(job) => batch.push(job),
            Err(_) => break,
        }
    }
    batch
}

fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => Some(out),
        Poll::Pending => None,
    }
}

/// Runs a batch in one commit and answers every caller. An error means the connection's state is not known.
async fn commit(state: &mut State, mut db: Db<'_>, mut batch: Vec<Box<dyn Job>>) -> Result<(), StoreError> {
    let mut end = attempt(state, &mut db, &mut batch).await;
    if let Err(e) = &end
        && !matches!(e, StoreError::Lost(_))
    {
        let _nothing_open = db.script("ROLLBACK").await;
        if matches!(e, StoreError::Busy(_)) {
            // Another node held a lock or won a race: once more, everyone anew.
            end = attempt(state, &mut db, &mut batch).await;
            if end.is_err() {
                let _nothing_open = db.script("ROLLBACK").await;
            }
        }
    }
    match &end {
        Ok(()) => state.shared.health.well(),
        Err(e) => {
            state.shared.health.failing(e);
            if let Some(log) = &mut state.log {
                log.stale = true;
            }
        }
    }
    for job in batch {
        job.finish(end.clone());
    }
    match end {
        Err(e @ (StoreError::Lost(_) | StoreError::Busy(_))) => Err(e),
        _ => Ok(()),
    }
}

async fn attempt(state: &mut State, db: &mut Db<'_>, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    if let Some(log) = &mut state.log
        && log.stale
    {
        log.reload(db).await?;
    }
    let mut hold = Vec::new();
    for job in batch.iter() {
        job.subjects(&mut hold);
    }
    let mut keys: Vec<(i64, Hold)> = hold.iter().map(|(s, h)| (advisory_key(s.id()), *h)).collect();
    // Everyone locks in the same order, the stronger hold first, so nobody waits in a circle.
    keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    keys.dedup_by_key(|k| k.0);

    db.begin().await?;
    db.lock(&keys).await?;
    let base = state.log.as_ref().map_or(0, LogHead::size);
    let single = batch.len() == 1;
    let mut tx = Tx::new(Arc::clone(&state.shared), db.reborrow(), state.log.as_ref().map(LogHead::name), base);
    for job in batch.iter_mut() {
        if !single {
            tx.script("SAVEPOINT work").await?;
        }
        let mark = tx.mark();
        if job.run(&mut tx).await {
            if !single {
                tx.script("RELEASE SAVEPOINT work").await?;
            }
        } else {
            tx.forget(mark);
            if single {
                return tx.script("ROLLBACK").await;
            }
            tx.script("ROLLBACK TO SAVEPOINT work").await?;
            tx.script("RELEASE SAVEPOINT work").await?;
        }
    }
    let (leaves, entries) = tx.finish();
    let next = match &state.log {
        Some(log) if !leaves.is_empty() => Some(log.append(db, &leaves, &state.shared).await?),
        _ => None,
    };
    state.shared.strike("before commit")?;
    state.shared.write_journal(&entries)?;
    db.script("COMMIT").await?;
    if let (Some(log), Some(next)) = (&mut state.log, next) {
        log.advance(next);
    }
    state.shared.strike("after commit")
}
