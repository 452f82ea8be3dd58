//! Sweeps: what is past its end, page by page; the certificate of each; what will end when.
//!
//! Keeps promise 5.1. A sweep deletes what nobody can read any more; what is held is left. Its certificate counts by
//! item and rule, names nobody, and is what its leaf commits to.

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::Outcome;
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::record::RecordId;
use crate::signal;
use crate::tx::{Receipt, Tx};

/// One record past its end.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// Whose.
    pub subject: SubjectId,
    /// Its item.
    pub item: String,
    /// Which.
    pub record: RecordId,
    /// The purpose it was collected for.
    pub purpose: String,
    /// The rule that ended it, as [`avouch_policy::End::rule`] writes it.
    pub rule: String,
    /// Since when.
    pub until: Timestamp,
    /// Whether it must not be deleted now.
    pub held: bool,
}

/// How much of something ends in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Ending {
    /// `record`, `signal`, `held`.
    pub kind: &'static str,
    /// The item.
    pub item: String,
    /// The purpose; the law record for what law keeps.
    pub purpose: String,
    /// How many.
    pub count: u64,
}

/// The certificate of a sweep.
#[derive(Debug, Clone)]
pub struct SweepCertificate {
    /// Its leaf.
    pub receipt: Receipt,
    /// When.
    pub at: Timestamp,
    /// The document, JSON, byte for byte what the leaf commits to.
    pub document: String,
}

impl Look<'_> {
    /// Records past their end after the one named, the oldest first. Those of an account whose end has come are the
    /// erasure's, which keeps first what a law keeps.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overdue(&mut self, after: Option<&Overdue>, limit: u32) -> Result<Vec<Overdue>, StoreError> {
        let now = self.now();
        let region = self.shared.region;
        let (until, subject, item, id) = match after {
            None => (i64::MIN, Val::Blob(&[]), "", Val::Blob(&[])),
            Some(o) => (o.until.as_millisecond(), Val::Blob(o.subject.id()), o.item.as_str(), Val::Blob(&o.record.0)),
        };
        let rows = self
            .db
            .query(
                "SELECT subject, item, id, purpose, rule, until FROM record WHERE until <= ?1 \
                 AND (until, subject, item, id) > (?3, ?4, ?5, ?6) AND NOT EXISTS (SELECT 1 FROM standing c \
                 WHERE c.subject = record.subject AND c.cancel_due <= ?1) \
                 ORDER BY until, subject, item, id LIMIT ?2",
                &[now.into(), Val::Int(i64::from(limit)), Val::Int(until), subject, Val::Text(item), id],
            )
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let subject = SubjectId::new(region, row.bytes(0)?);
            let item = row.text(1)?.to_owned();
            out.push(Overdue {
                subject,
                record: RecordId(row.bytes(2)?),
                purpose: row.text(3)?.to_owned(),
                rule: row.text(4)?.to_owned(),
                until: row.time(5)?,
                held: false,
                item,
            });
        }
        if self.any_held().await? {
            for overdue in &mut out {
                overdue.held = self.is_held(overdue.subject, Some(&overdue.item)).await?;
            }
        }
        Ok(out)
    }

    /// How many values law keeps, by item, and how many of them are past their end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn held_counts(&mut self) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT item, count(*), count(CASE WHEN until <= ?1 THEN 1 END) FROM held GROUP BY item ORDER BY item",
                &[now.into()],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?, row.uint(2)?))).collect()
    }

    /// What ends from a time on and before another, by item and purpose.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ending(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<Ending>, StoreError> {
        let mut out = Vec::new();
        let days = [Val::Int(signal::ends(Some(from))), Val::Int(signal::ends(Some(to)))];
        for (kind, sql) in [
            (
                "record",
                "SELECT item, purpose, count(*) FROM record WHERE until >= ?1 AND until < ?2 \
                 GROUP BY item, purpose ORDER BY item, purpose",
            ),
            (
                "signal",
                "SELECT item, purpose, count(*) FROM signal WHERE ends >= ?3 AND ends <= ?4 AND until >= ?1 \
                 AND until < ?2 GROUP BY item, purpose ORDER BY item, purpose",
            ),
            (
                "held",
                "SELECT item, statute, count(*) FROM held WHERE until >= ?1 AND until < ?2 \
                 GROUP BY item, statute ORDER BY item, statute",
            ),
        ] {
            let [first, last] = days;
            let all = [from.into(), to.into(), first, last];
            let of = if kind == "signal" { all.as_slice() } else { all.split_at(2).0 };
            for row in self.db.query(sql, of).await? {
                let (item, purpose) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                out.push(Ending { kind, item, purpose, count: row.uint(2)? });
            }
        }
        Ok(out)
    }

    /// Certificates of sweeps, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sweeps(&mut self, limit: u32) -> Result<Vec<SweepCertificate>, StoreError> {
        let sql = "SELECT log, idx, at, document FROM sweep ORDER BY at DESC, idx DESC LIMIT ?1";
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter()
            .map(|row| {
                let receipt = Receipt { log: row.text(0)?.to_owned(), index: row.uint(1)? };
                Ok(SweepCertificate { receipt, at: row.time(2)?, document: row.text(3)?.to_owned() })
            })
            .collect()
    }

    /// The certificate of a sweep by its leaf.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sweep_certificate(&mut self, receipt: &Receipt) -> Result<Option<SweepCertificate>, StoreError> {
        let sql = "SELECT at, document FROM sweep WHERE log = ?1 AND idx = ?2";
        let row = self.db.first(sql, &[Val::Text(&receipt.log), receipt.index.into()]).await?;
        row.map(|row| {
            Ok(SweepCertificate { receipt: receipt.clone(), at: row.time(0)?, document: row.text(1)?.to_owned() })
        })
        .transpose()
    }
}

impl Tx<'_> {
    /// Deletes a record, if it is past its end and not held, with its place in any index; false when it is not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_record(&mut self, overdue: &Overdue) -> Result<bool, StoreError> {
        let (subject, item, now) = (overdue.subject, overdue.item.as_str(), self.now());
        let of = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&overdue.record.0), now.into()];
        let sql = "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3 AND until <= ?4";
        // Put anew since it was looked at, or held since.
        if self.db.first(sql, &of).await?.is_none() || self.is_held(subject, Some(item)).await? {
            return Ok(false);
        }
        if self.policy().facts().collection.items.get(item).is_some_and(|fact| fact.identifier) {
            self.drop_identifier(subject, item).await?;
        }
        self.drop_record(subject, item, overdue.record).await
    }

    /// Deletes held values past their end; gives how many, by item and law record.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_held(&mut self) -> Result<Vec<Ending>, StoreError> {
        let now = self.now();
        let sql =
            "SELECT item, statute, count(*) FROM held WHERE until <= ?1 GROUP BY item, statute ORDER BY item, statute";
        let rows = self.db.query(sql, &[now.into()]).await?;
        self.db.execute("DELETE FROM held WHERE until <= ?1", &[now.into()]).await?;
        rows.iter()
            .map(|row| {
                let (item, purpose) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                Ok(Ending { kind: "held", item, purpose, count: row.uint(2)? })
            })
            .collect()
    }

    /// Writes the leaf of an act of the whole installation, which commits to a document: SHA-256 of the leaf's salt and
    /// the document's SHA-256.
    ///
    /// # Errors
    /// When the database keeps no log.
    pub async fn note_document(&mut self, act: &str, about: &str, document: &str) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, about, Outcome::Done);
        leaf.commitment = Some(sha256(&[leaf.salt.as_slice(), sha256(document.as_bytes()).as_slice()].concat()));
        self.append(leaf, None)
    }

    /// Writes the leaf of a sweep and keeps its certificate.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn certify_sweep(&mut self, document: &str) -> Result<Receipt, StoreError> {
        let receipt = self.note_document("sweep", "retention", document).await?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO sweep (log, idx, at, document) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Text(&receipt.log), receipt.index.into(), now.into(), Val::Text(document)],
            )
            .await?;
        Ok(receipt)
    }
}
