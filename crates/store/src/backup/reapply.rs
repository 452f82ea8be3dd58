//! What happened since a backup was made, re-applied to what was restored of it before it serves.
//!
//! Keeps promises 2.5, 5.2, 6.2, 6.3 and 6.4.

use std::collections::HashMap;

use avouch_seal::SubjectId;
use jiff::Timestamp;

use super::load::RESTORING;
use super::{BackupHead, PAGE};
use crate::engine::Val;
use crate::error::StoreError;
use crate::journal::{self, Entry, Kind};
use crate::look::Look;
use crate::record::RecordId;
use crate::standing::ConsentKind;
use crate::store::Store;
use crate::tx::Tx;

/// What the journals say of everyone, since a backup and before.
#[derive(Default)]
pub struct Since(HashMap<[u8; 16], Vec<Entry>>);

impl std::fmt::Debug for Since {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Since").field("people", &self.0.len()).finish()
    }
}

impl Since {
    /// When the last entry was written; nothing when there is none.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|entries| entries.last()).map(|e| e.at).max()
    }
}

/// Something that a backup brought back and that must not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// An answer is to be as it was last given: a consent withdrawn, an objection made.
    Answer {
        /// What kind of question.
        kind: ConsentKind,
        /// The purpose or recipient.
        target: String,
        /// The answer.
        given: bool,
    },
    /// A record is to be deleted.
    Record(String, RecordId),
    /// A record is to be public no more.
    Publication(String, RecordId),
    /// What devices sent up to then for a purpose is to be deleted.
    Signals {
        /// The purpose.
        purpose: String,
        /// The item.
        item: String,
    },
    /// The account is being cancelled, since then.
    Cancelling(Timestamp),
}

fn short(digest: [u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(digest) {
        *to = from;
    }
    out
}

impl Look<'_> {
    /// What stands for a subject in the journal.
    fn journal_subject(&self, subject: SubjectId) -> [u8; 16] {
        short(self.shared.keys.blind_index("journal", &subject.to_string()))
    }

    fn journal_detail(&self, subject: SubjectId, parts: &[&str]) -> [u8; 16] {
        short(self.shared.keys.blind_index("journal detail", &format!("{subject}\0{}", parts.join("\0"))))
    }

    /// An entry of now.
    pub(crate) fn journal_entry(&self, kind: Kind, subject: SubjectId, parts: &[&str]) -> Entry {
        let (whose, detail) = (self.journal_subject(subject), self.journal_detail(subject, parts));
        Entry { kind, at: self.now(), subject: whose, detail }
    }

    /// Whether the journals say that a subject was erased.
    #[must_use]
    pub fn erased_since(&self, subject: SubjectId, since: &Since) -> bool {
        let entries = since.0.get(&self.journal_subject(subject));
        entries.is_some_and(|entries| entries.iter().any(|e| e.kind == Kind::Erased))
    }

    /// What the journals say must not hold any more of what stands here of a subject.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn undone_since(&mut self, subject: SubjectId, since: &Since) -> Result<Vec<Undone>, StoreError> {
        let Some(entries) = since.0.get(&self.journal_subject(subject)) else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        // The last entry about a thing, at or after the moment it was made as it stands here.
        let after = |kind: Kind, detail: [u8; 16], at: Timestamp| {
            entries.iter().any(|e| e.kind == kind && e.detail == detail && e.at >= at)
        };
        let of = [Val::Blob(subject.id())];
        let rows = self.db.query("SELECT kind, target, at FROM consent WHERE subject = ?1 AND given = 1", &of).await?;
        for row in rows {
            let (name, target, at) = (row.text(0)?, row.text(1)?, row.time(2)?);
            let detail = self.journal_detail(subject, &[name, target]);
            let Some(kind) = ConsentKind::named(name) else { continue };
            if kind != ConsentKind::Objection && after(Kind::Answered, detail, at) {
                out.push(Undone::Answer { kind, target: target.to_owned(), given: false });
            }
        }
        let policy = std::sync::Arc::clone(self.policy());
        for purpose in policy.facts().usage.purposes.keys() {
            let objection = ConsentKind::Objection;
            let detail = self.journal_detail(subject, &[objection.name(), purpose]);
            let sql = "SELECT at, given FROM consent WHERE subject = ?1 AND kind = ?2 AND target = ?3";
            let params = [Val::Blob(subject.id()), Val::Text(objection.name()), Val::Text(purpose)];
            let stands = self.db.first(sql, &params).await?;
            let at = stands.as_ref().map_or(Ok(Timestamp::UNIX_EPOCH), |row| row.time(0))?;
            if !stands.map_or(Ok(false), |row| row.flag(1))? && after(Kind::Answered, detail, at) {
                out.push(Undone::Answer { kind: objection, target: purpose.clone(), given: true });
            }
        }
        let rows = self.db.query("SELECT item, id, created FROM record WHERE subject = ?1", &of).await?;
        for row in rows {
            let (item, id, created) = (row.text(0)?, row.bytes(1)?, row.time(2)?);
            let detail = self.journal_detail(subject, &[item, &hex(&id)]);
            if after(Kind::Deleted, detail, created) {
                out.push(Undone::Record(item.to_owned(), RecordId(id)));
            }
        }
        let rows = self.db.query("SELECT item, record, at FROM publication WHERE subject = ?1", &of).await?;
        for row in rows {
            let (item, id, at) = (row.text(0)?, row.bytes(1)?, row.time(2)?);
            if after(Kind::Unpublished, self.journal_detail(subject, &[item, &hex(&id)]), at) {
                out.push(Undone::Publication(item.to_owned(), RecordId(id)));
            }
        }
        let rows =
            self.db.query("SELECT purpose, item, min(at) FROM signal WHERE subject = ?1 GROUP BY purpose, item", &of);
        for row in rows.await? {
            let (purpose, item, first) = (row.text(0)?, row.text(1)?, row.time(2)?);
            if after(Kind::SignalsDeleted, self.journal_detail(subject, &[purpose, item]), first) {
                out.push(Undone::Signals { purpose: purpose.to_owned(), item: item.to_owned() });
            }
        }
        let last = entries.iter().rfind(|e| matches!(e.kind, Kind::Cancelled | Kind::Kept));
        let active = self.account(subject).await?.is_some_and(|a| a.cancel_due.is_none());
        if let Some(entry) = last.filter(|e| active && e.kind == Kind::Cancelled) {
            out.push(Undone::Cancelling(entry.at));
        }
        Ok(out)
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

impl Tx<'_> {
    /// Writes into the journal, in this commit, that a record was deleted or is public no more.
    pub(crate) fn journal_record(&mut self, kind: Kind, subject: SubjectId, item: &str, id: RecordId) {
        let entry = self.journal_entry(kind, subject, &[item, &hex(&id.0)]);
        self.journal(entry);
    }

    /// Ends every session, code and link that a restored backup brought back, and says that it serves from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_restore(&mut self) -> Result<(), StoreError> {
        for sql in ["DELETE FROM session", "DELETE FROM code", "DELETE FROM operator_token"] {
            self.db.execute(sql, &[]).await?;
        }
        self.db.execute("DELETE FROM meta WHERE name = ?1", &[Val::Text(RESTORING)]).await?;
        Ok(())
    }
}

impl Store {
    /// What the journals say, once they are known to go on from where the backup saw them.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when that cannot be known.
    pub fn since(&self, backup: &BackupHead) -> Result<Since, StoreError> {
        let shared = self.shared();
        journal::since(&shared.journals, shared.region, &backup.journals).map(Since)
    }

    /// A page of the subjects that have a key, in the order of their ids.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn keyed_subjects(&self, after: Option<SubjectId>) -> Result<Vec<SubjectId>, StoreError> {
        let keys = &self.shared().keys;
        let from = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let sql = "SELECT subject FROM subject_key WHERE subject > ?1 ORDER BY subject LIMIT ?2";
        let mut loan = keys.pool.take().await?;
        let rows = loan.db()?.query(sql, &[from, Val::Int(i64::from(PAGE))]).await?;
        rows.iter().map(|row| Ok(SubjectId::new(keys.region, row.bytes(0)?))).collect()
    }
}
