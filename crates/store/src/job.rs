//! Jobs: work queued in the transaction that causes it, done once at or after its time.
//!
//! A job is leased, so that of several nodes one does it; it must be idempotent, because a lease can
//! run out while it is done.

use avouch_seal::SubjectId;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::transact::Transact;
use crate::tx::Tx;

/// Work to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// Names it.
    pub id: [u8; 16],
    /// What to do, e.g. `erase`.
    pub kind: String,
    /// Whom it is about.
    pub subject: Option<SubjectId>,
    /// When.
    pub due: Timestamp,
    /// What else the work needs; no personal data.
    pub body: String,
    /// How often it was begun.
    pub tries: u64,
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

impl Tx<'_> {
    /// Queues work in this commit; gives its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn queue(
        &mut self,
        kind: &str,
        subject: Option<SubjectId>,
        due: Timestamp,
        body: &str,
    ) -> Result<[u8; 16], StoreError> {
        let id = self.random::<16>();
        let whose = subject.as_ref().map(|s| Val::Blob(s.id()));
        self.db
            .execute(
                "INSERT INTO job (id, kind, subject, due, body, tries, leased_by, leased_until, fault) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, NULL, NULL, NULL)",
                &[Val::Blob(&id), Val::Text(kind), whose.into(), due.into(), Val::Text(body)],
            )
            .await?;
        Ok(id)
    }

    /// Takes queued work of one kind about a subject back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unqueue(&mut self, kind: &str, subject: SubjectId) -> Result<u64, StoreError> {
        self.db
            .execute("DELETE FROM job WHERE kind = ?1 AND subject = ?2", &[Val::Text(kind), Val::Blob(subject.id())])
            .await
    }
}

/// Leases the next due job to a node.
#[derive(Debug)]
pub struct Lease {
    /// The node.
    pub node: String,
}

impl Transact for Lease {
    const NAME: &'static str = "lease a job";
    type Out = Option<Job>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let now = tx.now();
        let Some(row) = tx
            .db
            .first(
                "SELECT id, kind, subject, due, body, tries FROM job \
                 WHERE due <= ?1 AND dead IS NULL AND (leased_until IS NULL OR leased_until <= ?1) ORDER BY due LIMIT 1",
                &[now.into()],
            )
            .await?
        else {
            return Ok(None);
        };
        let id: [u8; 16] = row.bytes(0)?;
        let taken = tx
            .db
            .execute(
                "UPDATE job SET leased_by = ?2, leased_until = ?3, tries = tries + 1 \
                 WHERE id = ?1 AND (leased_until IS NULL OR leased_until <= ?4)",
                &[Val::Blob(&id), Val::Text(&self.node), (now + LEASE).into(), now.into()],
            )
            .await?;
        if taken == 0 {
            return Ok(None);
        }
        let region = tx.shared.region;
        Ok(Some(Job {
            id,
            kind: row.text(1)?.to_owned(),
            subject: match row.blob_opt(2)? {
                None => None,
                Some(_) => Some(SubjectId::new(region, row.bytes(2)?)),
            },
            due: row.time(3)?,
            body: row.text(4)?.to_owned(),
            tries: row.uint(5)? + 1,
        }))
    }
}

/// Ends a job: done, or to be tried again later because of a fault.
#[derive(Debug)]
pub struct Finish {
    /// The job.
    pub id: [u8; 16],
    /// What went wrong and when to try again, or that it is given up; nothing when it is done.
    pub again: Option<(String, Again)>,
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy)]
pub enum Again {
    /// It is tried again then.
    At(Timestamp),
    /// It is given up: a dead letter, without its body, until the sweep.
    Never,
}

impl Transact for Finish {
    const NAME: &'static str = "finish a job";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        match &self.again {
            None => tx.db.execute("DELETE FROM job WHERE id = ?1", &[Val::Blob(&self.id)]).await?,
            Some((fault, Again::At(due))) => {
                tx.db
                    .execute(
                        "UPDATE job SET fault = ?2, due = ?3, leased_by = NULL, leased_until = NULL WHERE id = ?1",
                        &[Val::Blob(&self.id), Val::Text(fault), (*due).into()],
                    )
                    .await?
            }
            Some((fault, Again::Never)) => {
                let now = tx.now();
                tx.db
                    .execute(
                        "UPDATE job SET fault = ?2, dead = ?3, body = '', leased_by = NULL, leased_until = NULL \
                         WHERE id = ?1",
                        &[Val::Blob(&self.id), Val::Text(fault), now.into()],
                    )
                    .await?
            }
        };
        Ok(())
    }
}

impl Tx<'_> {
    /// Forgets jobs given up that long ago, and codes, places, links and sessions of staff past their end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_accounts(&mut self, dead_for: SignedDuration) -> Result<(), StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM job WHERE dead <= ?1", &[(now - dead_for).into()]).await?;
        self.db.execute("DELETE FROM code WHERE expires <= ?1", &[now.into()]).await?;
        self.db.execute("DELETE FROM place WHERE until <= ?1", &[now.into()]).await?;
        self.db.execute("DELETE FROM operator_token WHERE expires <= ?1", &[now.into()]).await?;
        Ok(())
    }
}

impl Look<'_> {
    /// How many jobs of a kind were given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn dead_jobs(&mut self, kind: &str) -> Result<u64, StoreError> {
        let row =
            self.db.first("SELECT count(*) FROM job WHERE kind = ?1 AND dead IS NOT NULL", &[Val::Text(kind)]).await?;
        row.map_or(Ok(0), |row| row.uint(0))
    }

    /// Jobs that are due or waiting: how many, and the faults of those that failed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn job_faults(&mut self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = self.db.query("SELECT kind, fault FROM job WHERE fault IS NOT NULL LIMIT 100", &[]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
    }
}
