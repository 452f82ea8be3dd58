//! The quarantine: values brought over from elsewhere for which no basis could be shown.
//!
//! Keeps promise 2.0: what stands here is sealed and serves nothing. It becomes a record by a permit alone, goes
//! when its person says so, and goes at its end.

use avouch_seal::{Aad, Plain, SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::Permit;
use crate::record::{Origin, Put, RecordId};
use crate::tx::Tx;

/// A value to be put into the quarantine.
#[expect(missing_debug_implementations, reason = "holds a plaintext")]
pub struct Kept<'v> {
    /// Its item, by name.
    pub item: &'v str,
    /// Which record it would be.
    pub id: RecordId,
    /// The purpose it would serve.
    pub purpose: &'v str,
    /// The service whose tables it comes from.
    pub service: &'v str,
    /// The value.
    pub value: &'v [u8],
    /// The codes of what stood against it.
    pub reasons: &'v [String],
    /// When it is deleted if nothing comes of it.
    pub until: Timestamp,
}

/// What is known of a value in the quarantine without opening it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Quarantined {
    /// Its item, by name.
    pub item: String,
    /// Which record it would be.
    #[serde(serialize_with = "shown")]
    pub id: RecordId,
    /// The purpose it would serve.
    pub purpose: String,
    /// The service whose tables it comes from.
    pub service: String,
    /// Where it was brought from.
    pub source: String,
    /// The codes of what stood against it.
    pub reasons: Vec<String>,
    /// When it was first collected, as far as told.
    pub created: Timestamp,
    /// When it was put here.
    pub taken: Timestamp,
    /// When it is deleted if nothing comes of it.
    pub until: Timestamp,
}

fn shown<S: serde::Serializer>(id: &RecordId, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(id)
}

/// A value of the quarantine, opened for its person or to become a record.
#[derive(Debug)]
pub struct OpenedKept {
    /// What is known of it.
    pub head: Quarantined,
    /// The value.
    pub value: Plain<Vec<u8>>,
}

fn head(row: &Row) -> Result<Quarantined, StoreError> {
    Ok(Quarantined {
        item: row.text(0)?.to_owned(),
        id: RecordId(row.bytes(1)?),
        purpose: row.text(2)?.to_owned(),
        service: row.text(3)?.to_owned(),
        source: row.text(4)?.to_owned(),
        reasons: serde_json::from_str(row.text(5)?)
            .map_err(|_| StoreError::Unreadable("the reasons of a value in the quarantine are no list".into()))?,
        created: row.time(6)?,
        taken: row.time(7)?,
        until: row.time(8)?,
    })
}

/// The name a value is sealed under; no record of the item opens with it.
pub(crate) fn sealed_as(item: &str) -> String {
    format!("quarantine:{item}")
}

impl Look<'_> {
    /// What of a subject is in the quarantine; nothing that is past its end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn quarantined(&mut self, subject: SubjectId) -> Result<Vec<Quarantined>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT item, id, purpose, service, source, reasons, created, taken, until FROM quarantine \
                 WHERE subject = ?1 AND until > ?2 ORDER BY purpose, item, id",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        rows.iter().map(head).collect()
    }

    /// Opens what a permit covers of a subject's quarantine: for a purpose, what would serve it; for the person's
    /// own rights, all of the items named. Whoever opens it writes the leaf of what comes of it.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject's key was destroyed, [`StoreError::Sealed`] when a value was tampered
    /// with, [`StoreError::Misused`] when the permit is of another look.
    pub async fn open_quarantined(&mut self, permit: &Permit<'_>) -> Result<Vec<OpenedKept>, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let now = self.now();
        let mut out = Vec::new();
        let policy = std::sync::Arc::clone(self.policy());
        for item in &permit.ask.items {
            let name = policy.item_name(*item);
            let rows = self
                .db
                .query(
                    "SELECT item, id, purpose, service, source, reasons, created, taken, until, sealed FROM quarantine \
                     WHERE subject = ?1 AND item = ?2 AND until > ?3 ORDER BY id",
                    &[Val::Blob(subject.id()), Val::Text(name), now.into()],
                )
                .await?;
            for row in &rows {
                out.push(self.unseal_kept(&key, subject, row)?);
            }
        }
        // In the order they are listed in unopened.
        out.sort_by(|a, b| (&a.head.purpose, &a.head.item, a.head.id).cmp(&(&b.head.purpose, &b.head.item, b.head.id)));
        Ok(out)
    }

    fn unseal_kept(&self, key: &SubjectKey, subject: SubjectId, row: &Row) -> Result<OpenedKept, StoreError> {
        let head = head(row)?;
        let name = sealed_as(&head.item);
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: &name, record: &head.id.0, version: 1 };
        let value = key.open(&aad, row.blob(9)?).map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok(OpenedKept { head, value: Plain::new(value) })
    }

    /// How many values in the quarantine are past their end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn quarantine_overdue(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        let row = self.db.first("SELECT count(*) FROM quarantine WHERE until <= ?1", &[now.into()]).await?;
        row.map_or(Ok(0), |row| row.uint(0))
    }
}

impl<'t> Tx<'t> {
    /// Puts a value into the quarantine.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn quarantine(&mut self, subject: SubjectId, kept: &Kept<'_>, origin: &Origin) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let name = sealed_as(kept.item);
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: &name, record: &kept.id.0, version: 1 };
        let sealed =
            key.seal(&aad, kept.value, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))?;
        let reasons = serde_json::to_string(kept.reasons)
            .map_err(|e| StoreError::Misused { name: "quarantine", why: e.to_string() })?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO quarantine (subject, item, id, sealed, purpose, service, source, reasons, created, \
                 taken, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(kept.item),
                    Val::Blob(&kept.id.0),
                    Val::Blob(&sealed),
                    Val::Text(kept.purpose),
                    Val::Text(kept.service),
                    Val::Text(&origin.source),
                    Val::Text(&reasons),
                    origin.collected.min(now).into(),
                    now.into(),
                    kept.until.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Makes records of what would serve the permit's purpose and that it covers; gives how many. A record that is there meanwhile stays as it is: what the person gave since is
    /// newer.
    ///
    /// # Errors
    /// As [`Look::open_quarantined`] and [`Tx::put_from`].
    pub async fn release_quarantined(&mut self, permit: Permit<'t>) -> Result<u64, StoreError> {
        let subject = permit.subject;
        self.held(subject, Hold::Exclusive)?;
        let policy = std::sync::Arc::clone(&permit.policy);
        let purpose = policy.purpose_name(permit.ask.purpose);
        let mut opened = self.open_quarantined(&permit).await?;
        opened.retain(|o| o.head.purpose == purpose);
        let (mut puts, mut origins) = (Vec::with_capacity(opened.len()), Vec::with_capacity(opened.len()));
        for kept in &opened {
            self.drop_quarantined(subject, &kept.head.item, kept.head.id).await?;
            let there = self
                .db
                .first(
                    "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3",
                    &[Val::Blob(subject.id()), Val::Text(&kept.head.item), Val::Blob(&kept.head.id.0)],
                )
                .await?;
            if let (None, Some(item)) = (there, policy.item(&kept.head.item)) {
                puts.push(Put { item, id: kept.head.id, value: kept.value.expose_bytes() });
                origins.push(Origin { source: kept.head.source.clone(), collected: kept.head.created });
            }
        }
        let released = puts.len() as u64;
        if released > 0 {
            self.put_from(permit, &puts, &origins).await?;
        }
        Ok(released)
    }

    /// Deletes one value of the quarantine because its person declined it; false when it was not there. The leaf is
    /// the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn decline_quarantined(
        &mut self,
        subject: SubjectId,
        item: &str,
        id: RecordId,
    ) -> Result<bool, StoreError> {
        let gone = self.drop_quarantined(subject, item, id).await?;
        if gone {
            self.journal_ended(subject, &["quarantine", item, &data_encoding::HEXLOWER.encode(&id.0)]);
        }
        Ok(gone)
    }

    /// Deletes one value of the quarantine; false when it was not there. The leaf is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_quarantined(&mut self, subject: SubjectId, item: &str, id: RecordId) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let gone = self
            .db
            .execute(
                "DELETE FROM quarantine WHERE subject = ?1 AND item = ?2 AND id = ?3",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&id.0)],
            )
            .await?;
        Ok(gone == 1)
    }

    /// Deletes what in the quarantine is past its end; gives how many values.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_quarantine(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM quarantine WHERE until <= ?1", &[now.into()]).await
    }
}
