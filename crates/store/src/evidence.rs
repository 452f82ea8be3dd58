//! Evidence: a subject's own leaves, proofs for receipts, tiles for strangers, and verification.
//!
//! Keeps promise 0.1 (people can see what was done) and the ledger's (anyone can check it).

use avouch_ledger::leaf::Leaf;
use avouch_ledger::note::Verifier;
use avouch_ledger::proof;
use avouch_ledger::tile::{WIDTH, Wanted, bundle};
use avouch_ledger::verify::{Check, Report};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::bulk::Member;
use crate::engine::{Db, Location, Val};
use crate::error::StoreError;
use crate::log::RightEdge;
use crate::look::Look;
use crate::pool::Pool;
use crate::tx::Receipt;

/// A leaf with its place.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its place.
    pub receipt: Receipt,
    /// What it says.
    pub leaf: Leaf,
}

/// How often one actor used data for one purpose.
#[derive(Debug, Clone, serde::Serialize)]
pub struct UseCount {
    /// The purpose.
    pub purpose: String,
    /// The kind of party.
    pub party: String,
    /// The service or role account; empty for the subject and the system.
    pub actor: String,
    /// The item.
    pub item: String,
    /// How often.
    pub times: u64,
    /// The last time.
    pub last: Timestamp,
}

/// A leaf proven to be in the log, checkable with nothing but the log's public key.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Proof {
    /// The log's public key, as a note verifier key.
    pub verifier: String,
    /// The leaf's place.
    pub index: u64,
    /// The entry, base64.
    pub entry: String,
    /// The hashes from the leaf to the root, base64.
    pub inclusion: Vec<String>,
    /// The signed checkpoint the proof leads to.
    pub checkpoint: String,
    /// Where the leaf is one for many people: the person's own entry in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
}

/// The end of a log.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its name.
    pub log: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Vec<u8>,
    /// Its public key.
    pub verifier: String,
}

fn leaf(entry: &[u8]) -> Result<Leaf, StoreError> {
    Leaf::decode(entry).map_err(|e| StoreError::Unreadable(format!("a leaf: {e}")))
}

impl Look<'_> {
    /// A subject's own leaves since a time, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn own_leaves(
        &mut self,
        subject: SubjectId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Evidence>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT l.log, l.idx, l.entry FROM subject_leaf s JOIN leaf l ON l.log = s.log AND l.idx = s.idx \
                 WHERE s.subject = ?1 AND s.at >= ?2 ORDER BY s.at DESC, s.idx DESC LIMIT ?3",
                &[Val::Blob(subject.id()), since.into(), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Evidence {
                    receipt: Receipt { log: row.text(0)?.to_owned(), index: row.uint(1)? },
                    leaf: leaf(row.blob(2)?)?,
                })
            })
            .collect()
    }

    /// Who used which item of a subject for which purpose, how often, since a time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn use_counts(&mut self, subject: SubjectId, since: Timestamp) -> Result<Vec<UseCount>, StoreError> {
        let mut out: Vec<UseCount> = Vec::new();
        for evidence in self.own_leaves(subject, since, 100_000).await? {
            let Leaf { act, outcome, purpose, party, actor, items, at, .. } = evidence.leaf;
            if outcome != avouch_ledger::leaf::Outcome::Done || !matches!(act.as_str(), "use" | "share" | "export") {
                continue;
            }
            let last = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
            for item in items {
                let same = out
                    .iter_mut()
                    .find(|c| c.purpose == purpose && c.party == party && c.actor == actor && c.item == item);
                match same {
                    Some(count) => count.times += 1,
                    None => out.push(UseCount {
                        purpose: purpose.clone(),
                        party: party.clone(),
                        actor: actor.clone(),
                        item,
                        times: 1,
                        last,
                    }),
                }
            }
        }
        Ok(out)
    }

    /// Whether a leaf is a subject's own.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn owns_leaf(&mut self, subject: SubjectId, receipt: &Receipt) -> Result<bool, StoreError> {
        let row = self
            .db
            .first(
                "SELECT 1 FROM subject_leaf WHERE subject = ?1 AND log = ?2 AND idx = ?3",
                &[Val::Blob(subject.id()), Val::Text(&receipt.log), receipt.index.into()],
            )
            .await?;
        Ok(row.is_some())
    }

    /// One leaf by its place, with the head of its log.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn leaf(&mut self, receipt: &Receipt) -> Result<(Evidence, Head), StoreError> {
        let (head, entry) = self.entry(receipt).await?;
        Ok((Evidence { receipt: receipt.clone(), leaf: leaf(&entry)? }, head))
    }

    /// A leaf's bytes, with the head of its log.
    async fn entry(&mut self, receipt: &Receipt) -> Result<(Head, Vec<u8>), StoreError> {
        let head = head(&mut self.db, &receipt.log).await?.ok_or(StoreError::NoRecord)?;
        let row = self
            .db
            .first(
                "SELECT entry FROM leaf WHERE log = ?1 AND idx = ?2",
                &[Val::Text(&receipt.log), receipt.index.into()],
            )
            .await?
            .ok_or(StoreError::NoRecord)?;
        Ok((head, row.blob(0)?.to_vec()))
    }

    /// The latest leaves of every log, newest first, for the console.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn latest_leaves(&mut self, limit: u32) -> Result<Vec<Evidence>, StoreError> {
        let mut out = Vec::new();
        for head in self.heads().await? {
            let rows = self
                .db
                .query(
                    "SELECT idx, entry FROM leaf WHERE log = ?1 ORDER BY idx DESC LIMIT ?2",
                    &[Val::Text(&head.log), Val::Int(i64::from(limit))],
                )
                .await?;
            for row in &rows {
                out.push(Evidence {
                    receipt: Receipt { log: head.log.clone(), index: row.uint(0)? },
                    leaf: leaf(row.blob(1)?)?,
                });
            }
        }
        out.sort_by_key(|e| std::cmp::Reverse((e.leaf.at, e.receipt.index)));
        out.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(out)
    }

    /// Every log here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn heads(&mut self) -> Result<Vec<Head>, StoreError> {
        heads(&mut self.db).await
    }

    async fn checkpoint_at(&mut self, log: &str, size: u64) -> Result<Option<String>, StoreError> {
        let row = self
            .db
            .first("SELECT note FROM checkpoint WHERE log = ?1 AND size = ?2", &[Val::Text(log), size.into()])
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The proof that a leaf is in its log.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such leaf.
    pub async fn prove(&mut self, receipt: &Receipt) -> Result<Proof, StoreError> {
        let (head, entry) = self.entry(receipt).await?;
        let nodes = RightEdge::load_with(&mut self.db, &head.log, head.size, &[receipt.index]).await?;
        let damaged =
            || StoreError::Unreadable(format!("the log '{}' is damaged: run `avouch ledger verify`", head.log));
        let inclusion = proof::inclusion(head.size, receipt.index, &nodes).ok_or_else(damaged)?;
        let checkpoint = self.checkpoint_at(&head.log, head.size).await?.ok_or_else(damaged)?;
        Ok(Proof {
            verifier: head.verifier.clone(),
            index: receipt.index,
            entry: data_encoding::BASE64.encode(&entry),
            inclusion: inclusion.iter().map(|h| data_encoding::BASE64.encode(h)).collect(),
            checkpoint,
            member: None,
        })
    }

    /// What a tlog-tiles path of a log asks for; nothing where there is no such thing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tile(&mut self, log: &str, wanted: Wanted) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(head) = head(&mut self.db, log).await? else {
            return Ok(None);
        };
        let (level, n, width) = match wanted {
            Wanted::Checkpoint => {
                return Ok(self.checkpoint_at(log, head.size).await?.map(String::into_bytes));
            }
            Wanted::Tile(level, n, width) => (level, n, width),
            Wanted::Entries(n, width) => (0, n, width),
        };
        let Some(from) = n.checked_mul(WIDTH) else {
            return Ok(None);
        };
        let to = from.saturating_add(u64::from(width));
        let rows = if matches!(wanted, Wanted::Entries(..)) {
            self.db
                .query(
                    "SELECT entry FROM leaf WHERE log = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
                    &[Val::Text(log), from.into(), to.into()],
                )
                .await?
        } else if level == 0 {
            self.db
                .query(
                    "SELECT hash FROM leaf WHERE log = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
                    &[Val::Text(log), from.into(), to.into()],
                )
                .await?
        } else {
            self.db
                .query(
                    "SELECT hash FROM node WHERE log = ?1 AND level = ?4 AND n >= ?2 AND n < ?3 ORDER BY n",
                    &[Val::Text(log), from.into(), to.into(), Val::Int(i64::from(level))],
                )
                .await?
        };
        if rows.len() != usize::from(width) {
            return Ok(None);
        }
        let blobs = rows.iter().map(|row| row.blob(0)).collect::<Result<Vec<_>, _>>()?;
        Ok(if matches!(wanted, Wanted::Entries(..)) { bundle(blobs.into_iter()) } else { Some(blobs.concat()) })
    }
}

/// The ledger of a database, to be checked by whoever has the files: no key is needed, nothing is written.
pub struct LedgerReader {
    pool: Pool,
}

impl std::fmt::Debug for LedgerReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LedgerReader")
    }
}

impl LedgerReader {
    /// The ledger in a data database.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn open(data: &Location) -> Result<Self, StoreError> {
        Ok(Self { pool: Pool::open(data)? })
    }

    /// Every log in it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        heads(&mut self.pool.take().await?.db()?).await
    }

    /// Checks a whole log as it stands now: every entry, hash, node, stored checkpoint and its head, all read as
    /// of one moment, so that a log that was cut back together with its head is named too.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such log; when the database cannot be read at all. What is wrong
    /// in the log is in the report.
    pub async fn verify(&self, log: &str) -> Result<Report, StoreError> {
        let mut loan = self.pool.take().await?;
        let mut db = loan.db()?;
        db.begin_reading().await?;
        let report = verify(&mut db, log).await;
        db.end_reading().await?;
        report
    }
}

async fn heads(db: &mut Db<'_>) -> Result<Vec<Head>, StoreError> {
    let rows = db.query("SELECT log, size, root, verifier FROM log ORDER BY log", &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Head {
                log: row.text(0)?.to_owned(),
                size: row.uint(1)?,
                root: row.blob(2)?.to_vec(),
                verifier: row.text(3)?.to_owned(),
            })
        })
        .collect()
}

async fn head(db: &mut Db<'_>, log: &str) -> Result<Option<Head>, StoreError> {
    Ok(heads(db).await?.into_iter().find(|head| head.log == log))
}

async fn verify(db: &mut Db<'_>, log: &str) -> Result<Report, StoreError> {
    let head = head(db, log).await?.ok_or(StoreError::NoRecord)?;
    let verifier: Verifier = head
        .verifier
        .parse()
        .map_err(|e| StoreError::Unreadable(format!("the public key of the log '{}': {e}", head.log)))?;
    let notes =
        db.query("SELECT size, note FROM checkpoint WHERE log = ?1 ORDER BY size", &[Val::Text(&head.log)]).await?;
    let notes =
        notes.iter().map(|row| Ok((row.uint(0)?, row.text(1)?.to_owned()))).collect::<Result<Vec<_>, StoreError>>()?;
    let mut check = Check::new(&verifier, notes);
    let mut from = 0;
    loop {
        let rows = db
            .query(
                "SELECT idx, entry, hash FROM leaf WHERE log = ?1 AND idx >= ?2 ORDER BY idx LIMIT 4096",
                &[Val::Text(&head.log), Val::Int(from)],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        let next = last.int(0)? + 1;
        for row in &rows {
            for (level, n) in check.leaf(row.uint(0)?, row.blob(1)?, row.blob(2)?) {
                let node = db
                    .first(
                        "SELECT hash FROM node WHERE log = ?1 AND level = ?2 AND n = ?3",
                        &[Val::Text(&head.log), Val::Int(i64::from(level)), n.into()],
                    )
                    .await?;
                check.node(level, n, node.as_ref().map(|row| row.blob(0)).transpose()?);
            }
        }
        from = next;
    }
    Ok(check.finish(head.size, &head.root))
}
