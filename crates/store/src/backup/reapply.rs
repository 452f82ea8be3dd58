//! What happened since a backup was made, re-applied to what was restored of it before it serves.
//!
//! Keeps promises 2.5, 5.2, 6.2, 6.3 and 6.4.

use std::collections::HashMap;

use avouch_policy::model::{After, Kind as ItemKind};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use super::load::{RESTORING, UNMATCHED, meta};
use super::{BackupHead, PAGE};
use crate::campaign::Suppressed;
use crate::engine::Val;
use crate::error::StoreError;
use crate::guardian::LinkId;
use crate::journal::{self, Entry, Kind, Written};
use crate::look::Look;
use crate::recipient::RecipientState;
use crate::record::RecordId;
use crate::standing::ConsentKind;
use crate::store::Store;
use crate::transfer::{TransferId, TransferStage};
use crate::tx::Tx;

/// Why something is shut after a restore, for staff.
const OLDER: &str = "shut or changed after the backup that was restored; see to it and open it again";

/// What the journals say of everyone, since a backup and before.
#[derive(Default)]
pub struct Since(HashMap<[u8; 16], Vec<Written>>);

impl std::fmt::Debug for Since {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Since").field("people", &self.0.len()).finish()
    }
}

impl Since {
    /// The addresses that refused to be written to since the backup.
    #[must_use]
    pub fn refused(&self) -> Vec<Suppressed> {
        let all = self.0.values().flatten().filter(|w| w.since && w.entry.kind == Kind::Refused);
        all.filter_map(|w| [w.entry.subject, w.entry.detail].concat().try_into().ok()).collect()
    }

    /// When the last entry was written; nothing when there is none.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|written| written.last()).map(|w| w.entry.at).max()
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
    /// The account at a partner is linked no more.
    Joint(String),
    /// A token is revoked, by its handle.
    Token(String),
    /// A value of the quarantine was declined.
    Quarantined(String, RecordId),
    /// A guardian is one no more.
    Guardian(SubjectId, LinkId),
    /// They object to being handed over.
    Transfer(TransferId),
    /// A purpose, or the contract it serves, ended then.
    Purpose(String, After, Timestamp),
    /// The password that was brought back was replaced since; it opens nothing.
    Password(String, RecordId),
    /// The contact that was brought back was replaced since; it proves nothing and finds nobody.
    Contact(String),
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

    /// What stands for something that is nobody's.
    fn journal_thing(&self, what: &str, name: &str) -> [u8; 16] {
        short(self.shared.keys.blind_index("journal thing", &format!("{what}\0{name}")))
    }

    /// An entry of now.
    pub(crate) fn journal_entry(&self, kind: Kind, subject: SubjectId, parts: &[&str]) -> Entry {
        let (whose, detail) = (self.journal_subject(subject), self.journal_detail(subject, parts));
        Entry { kind, at: self.now(), subject: whose, detail }
    }

    /// Whether the journals say that a subject was erased.
    #[must_use]
    pub fn erased_since(&self, subject: SubjectId, since: &Since) -> bool {
        let written = since.0.get(&self.journal_subject(subject));
        written.is_some_and(|written| written.iter().any(|w| w.entry.kind == Kind::Erased))
    }

    /// Whether the journals say that something that is nobody's was shut after the backup was made; with `about`,
    /// in that way.
    fn shut_since(&self, what: &str, name: &str, about: Option<&str>, since: &Since) -> bool {
        let detail = about.map(|about| short(self.shared.keys.blind_index("journal thing", about)));
        let shut = |w: &Written| w.since && w.entry.kind == Kind::Shut && detail.is_none_or(|d| d == w.entry.detail);
        since.0.get(&self.journal_thing(what, name)).is_some_and(|written| written.iter().any(shut))
    }

    /// What the journals say must not hold any more of what stands here of a subject.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn undone_since(&mut self, subject: SubjectId, since: &Since) -> Result<Vec<Undone>, StoreError> {
        let Some(written) = since.0.get(&self.journal_subject(subject)) else { return Ok(Vec::new()) };
        let entries: Vec<&Entry> = written.iter().map(|w| &w.entry).collect();
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
        self.ended_since(subject, written, &mut out).await?;
        Ok(out)
    }

    /// As [`Look::undone_since`], of what ended otherwise.
    async fn ended_since(
        &mut self,
        subject: SubjectId,
        written: &[Written],
        out: &mut Vec<Undone>,
    ) -> Result<(), StoreError> {
        let ended: Vec<&Written> = written.iter().filter(|w| w.entry.kind == Kind::Ended).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let after =
            |detail: [u8; 16], at: Timestamp| ended.iter().any(|w| w.entry.detail == detail && w.entry.at >= at);
        // What is replaced is written down at the very moment of what replaces it.
        let replaced = |detail: [u8; 16], at: Timestamp| {
            ended.iter().any(|w| w.since && w.entry.detail == detail && w.entry.at > at)
        };
        let of = [Val::Blob(subject.id())];
        for row in self.db.query("SELECT partner, linked FROM joint_login WHERE subject = ?1", &of).await? {
            let (partner, at) = (row.text(0)?, row.time(1)?);
            if after(self.journal_detail(subject, &["joint", partner]), at) {
                out.push(Undone::Joint(partner.to_owned()));
            }
        }
        for row in self.db.query("SELECT digest, created FROM token WHERE subject = ?1", &of).await? {
            let (digest, at) = (hex(row.blob(0)?), row.time(1)?);
            if after(self.journal_detail(subject, &["token", &digest]), at) {
                out.push(Undone::Token(digest));
            }
        }
        for row in self.db.query("SELECT item, id, taken FROM quarantine WHERE subject = ?1", &of).await? {
            let (item, id, at) = (row.text(0)?, row.bytes(1)?, row.time(2)?);
            if after(self.journal_detail(subject, &["quarantine", item, &hex(&id)]), at) {
                out.push(Undone::Quarantined(item.to_owned(), RecordId(id)));
            }
        }
        let sql = "SELECT id, other, asked FROM guardian WHERE subject = ?1 AND role = 0";
        for row in self.db.query(sql, &of).await? {
            let (id, other, at) = (row.bytes(0)?, SubjectId::new(self.shared.region, row.bytes(1)?), row.time(2)?);
            if after(self.journal_detail(subject, &["guardian", &hex(&id)]), at) {
                out.push(Undone::Guardian(other, LinkId(id)));
            }
        }
        let sql = "SELECT transfer, told FROM transfer_person \
                   WHERE subject = ?1 AND objected IS NULL AND outcome = ''";
        for row in self.db.query(sql, &of).await? {
            let (id, at) = (row.bytes(0)?, row.time(1)?);
            if after(self.journal_detail(subject, &["transfer", &hex(&id)]), at) {
                out.push(Undone::Transfer(id));
            }
        }
        let policy = std::sync::Arc::clone(self.policy());
        for (purpose, fact) in &policy.facts().usage.purposes {
            let kind = fact.retention.as_ref().map(|rule| rule.after);
            let Some(kind) = kind.filter(|k| matches!(k, After::PurposeEnded | After::ContractEnded)) else { continue };
            let detail = self.journal_detail(subject, &[kind.as_str(), purpose]);
            let of = ended.iter().filter(|w| w.since && w.entry.detail == detail);
            out.extend(of.map(|w| Undone::Purpose(purpose.clone(), kind, w.entry.at)));
        }
        for row in self.db.query("SELECT item, id, changed FROM record WHERE subject = ?1", &of).await? {
            let (item, id, at) = (row.text(0)?, row.bytes(1)?, row.time(2)?);
            match policy.facts().collection.items.get(item).map(|i| i.kind) {
                Some(ItemKind::Secret)
                    if item == "password" && replaced(self.journal_detail(subject, &["password"]), at) =>
                {
                    out.push(Undone::Password(item.to_owned(), RecordId(id)));
                }
                Some(ItemKind::Email | ItemKind::Phone)
                    if replaced(self.journal_detail(subject, &["contact", item]), at) =>
                {
                    out.push(Undone::Contact(item.to_owned()));
                }
                _ => {}
            }
        }
        Ok(())
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

    /// Writes into the journal, in this commit, that something of a person ended, so that a backup does not bring it
    /// back: `["password"]`, `["joint", PARTNER]` and the like.
    pub fn journal_ended(&mut self, subject: SubjectId, about: &[&str]) {
        let entry = self.journal_entry(Kind::Ended, subject, about);
        self.journal(entry);
    }

    /// As [`Tx::journal_ended`], of something that is nobody's: a service, an operator, a recipient.
    pub(crate) fn journal_shut(&mut self, what: &str, name: &str, about: &str) {
        let detail = short(self.shared.keys.blind_index("journal thing", about));
        let entry = Entry { kind: Kind::Shut, at: self.now(), subject: self.journal_thing(what, name), detail };
        self.journal(entry);
    }

    /// Shuts what was shut since the backup, and what of staff and services could be used a second time. `recipients`
    /// are held alone. Gives what was shut, as `service NAME` and the like.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn shut_again(&mut self, since: &Since, recipients: &[String]) -> Result<Vec<String>, StoreError> {
        let mut shut = Vec::new();
        for service in self.services().await? {
            if self.shut_since("service", &service.name, None, since)
                && self.suspend_service(&service.name, true, OLDER).await?
            {
                shut.push(format!("service {}", service.name));
            }
        }
        for operator in self.operators().await? {
            if operator.active && self.shut_since("operator", &operator.name, None, since) {
                self.set_operator(&operator.name, false).await?;
                shut.push(format!("operator {}", operator.name));
            }
        }
        for name in recipients {
            let state = self.recipient(name).await?.state;
            let ended = self.shut_since("recipient", name, Some(RecipientState::Ended.name()), since);
            let to = if ended { RecipientState::Ended } else { RecipientState::Suspended };
            if state != to && state != RecipientState::Ended && self.shut_since("recipient", name, None, since) {
                self.set_recipient(name, to, OLDER).await?;
                shut.push(format!("recipient {name}"));
            }
        }
        for transfer in self.transfers().await? {
            let name = hex(&transfer.id);
            for stage in [TransferStage::Complete, TransferStage::CalledOff] {
                if self.shut_since("transfer", &name, Some(stage.name()), since)
                    && self.end_transfer(transfer.id, stage).await?
                {
                    shut.push(format!("transfer {name}"));
                }
            }
        }
        Ok(shut)
    }

    /// Ends what a restored backup brought back and nobody may use a second time, and says that it serves from now
    /// on: sessions, codes and links; tokens of so many uses; approvals that were not used; values shown in a case;
    /// calls of the gateway that may have been made; campaigns, whose messages may have been sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_restore(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for sql in [
            "DELETE FROM session",
            "DELETE FROM code",
            "DELETE FROM operator_token",
            "DELETE FROM token WHERE uses IS NOT NULL",
            "DELETE FROM case_reveal",
            "DELETE FROM job WHERE kind IN ('campaign', 'offer')",
            "UPDATE campaign SET done = 1 WHERE done = 0",
            // Who came in since is not known: nobody's unused account goes before they are told anew.
            "UPDATE standing SET noticed = NULL WHERE noticed IS NOT NULL",
        ] {
            self.db.execute(sql, &[]).await?;
        }
        self.db.execute("UPDATE approval SET until = ?1 WHERE state IN (0, 1) AND until > ?1", &[now.into()]).await?;
        self.db
            .execute(
                "UPDATE egress SET state = 'unknown', fault = 'restored of a backup', ended = ?1, template = NULL \
                 WHERE state IN ('queued', 'sending')",
                &[now.into()],
            )
            .await?;
        // Keys whose people are not in the backup are given up once it is in its place.
        let sql = "UPDATE meta SET name = ?2 WHERE name = ?1";
        self.db.execute(sql, &[Val::Text(RESTORING), Val::Text(UNMATCHED)]).await?;
        Ok(())
    }

    /// Says that no key is without its person any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_unmatched(&mut self) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM meta WHERE name = ?1", &[Val::Text(UNMATCHED)]).await.map(|_| ())
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

    /// Whether a restore is in its place, and keys whose people it did not bring back are still there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unmatched(&self) -> Result<bool, StoreError> {
        let mut loan = self.shared().data.take().await?;
        Ok(meta(&mut loan.db()?, UNMATCHED).await?.is_some())
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
