//! Who may hold something of a person, and what they were told since.
//!
//! Keeps promises 4.2, 5.2 and 6.4: every read by a service and everything given to a recipient is noted in the commit
//! of its leaf; a withdrawal, a correction, a deletion, an erasure tells each of them, and an erasure is certified
//! only when the last has acknowledged.

use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_policy::Party;
use avouch_seal::SubjectId;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// The job that tells a reader; its body is the notice's id.
pub const TELL: &str = "tell";
/// The job that looks, when its time is over, whether a service has acknowledged.
pub const SILENCE: &str = "silence";

/// What kind of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReaderKind {
    /// An application of the controller.
    Service,
    /// Somebody outside.
    Recipient,
}

impl ReaderKind {
    /// Its name in tables and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Recipient => "recipient",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        match name {
            "service" => Ok(Self::Service),
            "recipient" => Ok(Self::Recipient),
            other => Err(StoreError::Unreadable(format!("a reader of the unknown kind '{other}'"))),
        }
    }
}

/// What happened to a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// A consent was withdrawn, or a purpose objected to.
    Withdrawal,
    /// A value was corrected.
    Correction,
    /// A value was deleted.
    Deletion,
    /// The person restricted all processing: it is kept, and used for nothing.
    Restriction,
    /// The person ended that.
    Lifting,
    /// The account is being cancelled: all use stops.
    Cancellation,
    /// The person was erased.
    Erasure,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::Withdrawal,
        Self::Correction,
        Self::Deletion,
        Self::Restriction,
        Self::Lifting,
        Self::Cancellation,
        Self::Erasure,
    ];

    /// Its name in tables and calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Correction => "correction",
            Self::Deletion => "deletion",
            Self::Restriction => "restriction",
            Self::Lifting => "lifting",
            Self::Cancellation => "cancellation",
            Self::Erasure => "erasure",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|event| event.name() == name)
            .ok_or_else(|| StoreError::Unreadable(format!("a notice of the unknown event '{name}'")))
    }
}

/// What one reader is told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whose data it is about.
    pub subject: SubjectId,
    /// Names it, the same at every repetition.
    pub id: [u8; 16],
    /// What kind of reader is told.
    pub kind: ReaderKind,
    /// Which.
    pub name: String,
    /// What happened.
    pub event: Event,
    /// To what: a purpose, an item, a recipient; empty for everything.
    pub about: String,
    /// When.
    pub at: Timestamp,
    /// By when it must have acknowledged.
    pub due: Timestamp,
    /// When it did.
    pub acknowledged: Option<Timestamp>,
}

impl Notice {
    /// Its id as text.
    #[must_use]
    pub fn id_text(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.id)
    }
}

/// The id of a notice from its text.
#[must_use]
pub fn notice_id(text: &str) -> Option<[u8; 16]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn notice(look: &Look<'_>, row: &Row) -> Result<Notice, StoreError> {
    Ok(Notice {
        subject: SubjectId::new(look.shared.region, row.bytes(0)?),
        id: row.bytes(1)?,
        kind: ReaderKind::named(row.text(2)?)?,
        name: row.text(3)?.to_owned(),
        event: Event::named(row.text(4)?)?,
        about: row.text(5)?.to_owned(),
        at: row.time(6)?,
        due: row.time(7)?,
        acknowledged: row.time_opt(8)?,
    })
}

impl Look<'_> {
    /// What readers were told of a subject, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notices(&mut self, subject: SubjectId) -> Result<Vec<Notice>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT subject, id, kind, name, event, about, at, due, acknowledged FROM notice WHERE subject = ?1 \
                 ORDER BY at DESC, id",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter().map(|row| notice(self, row)).collect()
    }

    /// One notice about a subject.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notice(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<Option<Notice>, StoreError> {
        Ok(self.notices(subject).await?.into_iter().find(|notice| notice.id == id))
    }

    /// What a reader has not acknowledged yet, the most urgent first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unacknowledged(&mut self, kind: ReaderKind, name: &str) -> Result<Vec<Notice>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT subject, id, kind, name, event, about, at, due, acknowledged FROM notice \
                 WHERE kind = ?1 AND name = ?2 AND acknowledged IS NULL ORDER BY due, id LIMIT 1000",
                &[Val::Text(kind.name()), Val::Text(name)],
            )
            .await?;
        rows.iter().map(|row| notice(self, row)).collect()
    }

    /// How many notices each reader has not acknowledged, and how many of them are past their time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_notices(&mut self) -> Result<Vec<(ReaderKind, String, u64, u64)>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT kind, name, count(*), count(CASE WHEN due <= ?1 THEN 1 END) FROM notice \
                 WHERE acknowledged IS NULL GROUP BY kind, name ORDER BY kind, name",
                &[now.into()],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((ReaderKind::named(row.text(0)?)?, row.text(1)?.to_owned(), row.uint(2)?, row.uint(3)?)))
            .collect()
    }

    /// Who may hold something of a subject.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn readers(&mut self, subject: SubjectId) -> Result<Vec<(ReaderKind, String)>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT DISTINCT kind, name FROM reader WHERE subject = ?1 ORDER BY kind, name",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter().map(|row| Ok((ReaderKind::named(row.text(0)?)?, row.text(1)?.to_owned()))).collect()
    }
}

impl Tx<'_> {
    /// Notes who got a subject's data by the act of this leaf, if anybody: as a reader, and a recipient with the
    /// record of the disclosure.
    pub(crate) async fn note_given(
        &mut self,
        subject: SubjectId,
        leaf: &Leaf,
        receipt: &Receipt,
        hidden: Option<[u8; 16]>,
    ) -> Result<(), StoreError> {
        self.note_disclosure(subject, leaf, receipt, hidden).await?;
        self.note_reader(subject, leaf, receipt).await
    }

    async fn note_reader(&mut self, subject: SubjectId, leaf: &Leaf, receipt: &Receipt) -> Result<(), StoreError> {
        if leaf.outcome != Outcome::Done {
            return Ok(());
        }
        let (kind, name) = match &leaf.recipient {
            // An authority holds what it got under its own law, and to be told of its person later would be another
            // disclosure.
            Some(recipient) if is_authority(self.policy(), recipient) => return Ok(()),
            Some(recipient) => (ReaderKind::Recipient, recipient.as_str()),
            None if leaf.party == Party::Service.as_str() => (ReaderKind::Service, leaf.actor.as_str()),
            None => return Ok(()),
        };
        let known = self
            .db
            .first(
                "SELECT 1 FROM reader WHERE subject = ?1 AND kind = ?2 AND name = ?3",
                &[Val::Blob(subject.id()), Val::Text(kind.name()), Val::Text(name)],
            )
            .await?;
        if known.is_some() {
            return Ok(());
        }
        let now = self.now();
        // By node: under a shared hold another node may note the same reader, and neither waits for the other.
        self.db
            .execute(
                "INSERT INTO reader (subject, kind, name, log, since) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(kind.name()),
                    Val::Text(name),
                    Val::Text(&receipt.log),
                    now.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Tells everybody who may hold something of a subject what happened: a notice each, and the job that delivers
    /// it, in this commit. Services that keep nothing have no hook and are not told. Gives how many are told.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tell_readers(&mut self, subject: SubjectId, event: Event, about: &str) -> Result<u64, StoreError> {
        let now = self.now();
        let mut told = 0;
        for (kind, name) in self.readers(subject).await? {
            let within = match kind {
                ReaderKind::Recipient => RECIPIENT_ANSWERS,
                ReaderKind::Service => match self.cache_of(&name).await? {
                    Some(within) => within,
                    None => continue,
                },
            };
            let id = self.random::<16>();
            let due = now + within;
            self.db
                .execute(
                    "INSERT INTO notice (subject, id, kind, name, event, about, at, due, acknowledged) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
                    &[
                        Val::Blob(subject.id()),
                        Val::Blob(&id),
                        Val::Text(kind.name()),
                        Val::Text(&name),
                        Val::Text(event.name()),
                        Val::Text(about),
                        now.into(),
                        due.into(),
                    ],
                )
                .await?;
            let body = data_encoding::HEXLOWER.encode(&id);
            self.queue(TELL, Some(subject), now, &body).await?;
            if kind == ReaderKind::Service {
                self.queue(SILENCE, Some(subject), due, &body).await?;
            }
            told += 1;
        }
        Ok(told)
    }

    /// A reader has acknowledged a notice; false when that was known, or there is no such notice. When it was the
    /// last of an erasure, the erasure is certified by its own leaf and the notices go.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn acknowledge(&mut self, notice: &Notice) -> Result<bool, StoreError> {
        let now = self.now();
        let subject = notice.subject;
        let changed = self
            .db
            .execute(
                "UPDATE notice SET acknowledged = ?3 WHERE subject = ?1 AND id = ?2 AND acknowledged IS NULL",
                &[Val::Blob(subject.id()), Val::Blob(&notice.id), now.into()],
            )
            .await?;
        if changed == 0 {
            return Ok(false);
        }
        let mut leaf = self.plain_leaf("acknowledge", &notice.about, Outcome::Done);
        match notice.kind {
            ReaderKind::Recipient => leaf.recipient = Some(notice.name.clone()),
            ReaderKind::Service => {
                Party::Service.as_str().clone_into(&mut leaf.party);
                leaf.actor.clone_from(&notice.name);
            }
        }
        let key = self.key(subject).await?;
        self.append(leaf, key.as_deref().map(|key| (subject, key)))?;
        if notice.event == Event::Erasure {
            let open = self
                .db
                .first(
                    "SELECT 1 FROM notice WHERE subject = ?1 AND event = 'erasure' AND acknowledged IS NULL",
                    &[Val::Blob(subject.id())],
                )
                .await?;
            if open.is_none() {
                self.db.execute("DELETE FROM notice WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
                let leaf = self.plain_leaf("certify", "cancellation", Outcome::Done);
                self.append(leaf, None)?;
            }
        }
        Ok(true)
    }

    /// What was told of a subject before goes with the erasure, which is told now.
    pub(crate) async fn tell_of_erasure(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        self.db
            .execute("DELETE FROM notice WHERE subject = ?1 AND event <> 'erasure'", &[Val::Blob(subject.id())])
            .await?;
        self.unqueue(TELL, subject).await?;
        self.unqueue(SILENCE, subject).await?;
        // An erasure that was interrupted and is gone on with has told already.
        for open in self.notices(subject).await? {
            let body = open.id_text();
            let now = self.now();
            self.queue(TELL, Some(subject), now, &body).await?;
            if open.kind == ReaderKind::Service {
                self.queue(SILENCE, Some(subject), open.due, &body).await?;
            }
        }
        self.tell_readers(subject, Event::Erasure, "").await?;
        Ok(())
    }
}

fn is_authority(policy: &avouch_policy::Policy, recipient: &str) -> bool {
    policy
        .facts()
        .sharing
        .recipients
        .get(recipient)
        .is_some_and(|fact| fact.role == avouch_policy::model::Role::Authority)
}

/// By when a recipient should have confirmed; then staff see it as late. No law names a number; nothing is
/// suspended by it.
const RECIPIENT_ANSWERS: SignedDuration = SignedDuration::from_hours(15 * 24);
