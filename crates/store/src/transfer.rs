//! A change of hands: who was told, who objects, which purposes wait for a new consent, who was handed over.
//!
//! Keeps promise 4.3. A purpose that changes is frozen for a person by a row of their standing, with the epoch raised,
//! so that no use of it follows anywhere; the person's new consent lifts it.

use avouch_policy::Source;
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::consent::Answered;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::Actor;
use crate::standing::{self, ConsentKind};
use crate::tx::{Receipt, Tx};

/// Names a transfer.
pub type TransferId = [u8; 16];

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferStage {
    /// People are told, and purposes that change are frozen.
    Announced,
    /// Everyone has an outcome.
    Complete,
    /// It does not take place.
    CalledOff,
}

impl TransferStage {
    const fn number(self) -> i64 {
        match self {
            Self::Announced => 0,
            Self::Complete => 1,
            Self::CalledOff => 2,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Complete => "complete",
            Self::CalledOff => "called-off",
        }
    }

    const fn of(number: i64) -> Self {
        match number {
            0 => Self::Announced,
            1 => Self::Complete,
            _ => Self::CalledOff,
        }
    }
}

/// A change of hands.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Names it.
    pub id: TransferId,
    /// Merger, division, acquisition, assets.
    pub kind: String,
    /// The successor, a recipient of the policy.
    pub recipient: String,
    /// The document that binds it.
    pub agreement: String,
    /// The successor's policy.
    pub source: Source,
    /// The purposes it changes.
    pub changed: Vec<String>,
    /// From when the successor takes over.
    pub effective: Timestamp,
    /// When it was announced.
    pub announced: Timestamp,
    /// How far it is.
    pub stage: TransferStage,
    /// When it was complete or called off.
    pub ended: Option<Timestamp>,
}

/// What became of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPerson {
    /// When they were told.
    pub told: Timestamp,
    /// Since when they object.
    pub objected: Option<Timestamp>,
    /// What became of them; empty before.
    pub outcome: String,
}

/// How many people are where.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct TransferCounts {
    /// Told.
    pub told: u64,
    /// Of them, with a message on its way or sent.
    pub messages: u64,
    /// Objecting.
    pub objected: u64,
    /// By what became of them; those of whom nothing did yet are under the empty name.
    pub outcomes: std::collections::BTreeMap<String, u64>,
}

const ALL: &str = "SELECT id, kind, recipient, agreement, source, changed, effective, announced, stage, ended \
                   FROM transfer ORDER BY announced DESC, id";
const ONE: &str = "SELECT id, kind, recipient, agreement, source, changed, effective, announced, stage, ended \
                   FROM transfer WHERE id = ?1";

fn transfer(row: &Row) -> Result<Transfer, StoreError> {
    let unreadable = |e: serde_json::Error| StoreError::Unreadable(format!("a transfer: {e}"));
    Ok(Transfer {
        id: row.bytes(0)?,
        kind: row.text(1)?.to_owned(),
        recipient: row.text(2)?.to_owned(),
        agreement: row.text(3)?.to_owned(),
        source: serde_json::from_str(row.text(4)?).map_err(unreadable)?,
        changed: serde_json::from_str(row.text(5)?).map_err(unreadable)?,
        effective: row.time(6)?,
        announced: row.time(7)?,
        stage: TransferStage::of(row.int(8)?),
        ended: row.time_opt(9)?,
    })
}

impl Look<'_> {
    /// Every transfer, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn transfers(&mut self) -> Result<Vec<Transfer>, StoreError> {
        self.db.query(ALL, &[]).await?.iter().map(transfer).collect()
    }

    /// One transfer.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn transfer(&mut self, id: TransferId) -> Result<Transfer, StoreError> {
        let row = self.db.first(ONE, &[Val::Blob(&id)]).await?;
        transfer(&row.ok_or(StoreError::NoRecord)?)
    }

    /// What became of a person in a transfer; nothing before they were told.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn transfer_person(
        &mut self,
        subject: SubjectId,
        id: TransferId,
    ) -> Result<Option<TransferPerson>, StoreError> {
        let sql = "SELECT told, objected, outcome FROM transfer_person WHERE subject = ?1 AND transfer = ?2";
        let row = self.db.first(sql, &[Val::Blob(subject.id()), Val::Blob(&id)]).await?;
        row.map(|row| {
            Ok(TransferPerson { told: row.time(0)?, objected: row.time_opt(1)?, outcome: row.text(2)?.to_owned() })
        })
        .transpose()
    }

    /// How many people of a transfer are where.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn transfer_counts(&mut self, id: TransferId) -> Result<TransferCounts, StoreError> {
        let sql = "SELECT outcome, count(*), count(CASE WHEN sent > 0 THEN 1 END), count(objected) \
                   FROM transfer_person WHERE transfer = ?1 GROUP BY outcome";
        let mut counts = TransferCounts::default();
        for row in &self.db.query(sql, &[Val::Blob(&id)]).await? {
            counts.told += row.uint(1)?;
            counts.messages += row.uint(2)?;
            counts.objected += row.uint(3)?;
            counts.outcomes.insert(row.text(0)?.to_owned(), row.uint(1)?);
        }
        Ok(counts)
    }

    /// How many people gave the consent a purpose rests on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn how_many_consent(&mut self, purpose: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM consent WHERE target = ?1 AND given = 1 AND kind IN ('consent', 'separate')";
        self.db.first(sql, &[Val::Text(purpose)]).await?.map_or(Ok(0), |row| row.uint(0))
    }
}

impl Tx<'_> {
    /// Enters a transfer.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enter_transfer(&mut self, new: &Transfer) -> Result<(), StoreError> {
        let json = |e: serde_json::Error| StoreError::Misused { name: "enter_transfer", why: e.to_string() };
        let source = serde_json::to_string(&new.source).map_err(json)?;
        let changed = serde_json::to_string(&new.changed).map_err(json)?;
        let sql = "INSERT INTO transfer (id, kind, recipient, agreement, source, changed, effective, announced, stage) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.db
            .execute(
                sql,
                &[
                    Val::Blob(&new.id),
                    Val::Text(&new.kind),
                    Val::Text(&new.recipient),
                    Val::Text(&new.agreement),
                    Val::Text(&source),
                    Val::Text(&changed),
                    new.effective.into(),
                    new.announced.into(),
                    Val::Int(new.stage.number()),
                ],
            )
            .await?;
        Ok(())
    }

    /// Tells a person: the notice stands in their privacy centre, and purposes that change are frozen, from this
    /// commit on. False when they were told before.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn tell_transfer(
        &mut self,
        subject: SubjectId,
        transfer: &Transfer,
        messages: u64,
    ) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let now = self.now();
        let new = self
            .db
            .execute(
                "INSERT INTO transfer_person (subject, transfer, told, sent) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, transfer) DO NOTHING",
                &[Val::Blob(subject.id()), Val::Blob(&transfer.id), now.into(), messages.into()],
            )
            .await?;
        if new == 0 {
            return Ok(false);
        }
        if !transfer.changed.is_empty() {
            standing::touch(&mut self.db, subject).await?;
            for purpose in &transfer.changed {
                self.freeze(subject, purpose, true).await?;
            }
        }
        Ok(true)
    }

    /// Freezes a purpose for a person, or lifts it.
    async fn freeze(&mut self, subject: SubjectId, purpose: &str, frozen: bool) -> Result<(), StoreError> {
        let (now, digest) = (self.now(), *self.policy().digest().as_bytes());
        self.db
            .execute(
                "INSERT INTO consent (subject, kind, target, given, at, policy, wording, language) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, '') \
                 ON CONFLICT (subject, kind, target) DO UPDATE SET given = excluded.given, at = excluded.at",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(ConsentKind::Frozen.name()),
                    Val::Text(purpose),
                    frozen.into(),
                    now.into(),
                    Val::Blob(&digest),
                ],
            )
            .await?;
        Ok(())
    }

    /// Records a person's new consent to a purpose as the successor has it, or its withdrawal: given, the purpose is
    /// in use again; withdrawn, it is frozen.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn answer_successor(
        &mut self,
        subject: SubjectId,
        actor: &Actor,
        answered: &Answered,
    ) -> Result<Receipt, StoreError> {
        let receipt = self.answer(subject, actor, answered).await?;
        self.freeze(subject, &answered.target, !answered.given).await?;
        Ok(receipt)
    }

    /// Enters that a person objects to being handed over, or no longer does; false when they were not told, or have
    /// an outcome.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn object_transfer(
        &mut self,
        subject: SubjectId,
        id: TransferId,
        objects: bool,
    ) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let since = objects.then(|| self.now());
        let changed = self
            .db
            .execute(
                "UPDATE transfer_person SET objected = ?3 WHERE subject = ?1 AND transfer = ?2 AND outcome = ''",
                &[Val::Blob(subject.id()), Val::Blob(&id), since.into()],
            )
            .await?;
        if changed == 1 {
            standing::touch(&mut self.db, subject).await?;
            if objects {
                self.journal_ended(subject, &["transfer", &data_encoding::HEXLOWER.encode(&id)]);
            }
        }
        Ok(changed == 1)
    }

    /// Enters what became of a person.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_transfer_of(
        &mut self,
        subject: SubjectId,
        id: TransferId,
        outcome: &str,
        receipt: Option<&Receipt>,
    ) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let now = self.now();
        self.db
            .execute(
                "UPDATE transfer_person SET outcome = ?3, at = ?4, log = ?5, leaf = ?6 \
                 WHERE subject = ?1 AND transfer = ?2",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&id),
                    Val::Text(outcome),
                    now.into(),
                    Val::Text(receipt.map_or("", |r| r.log.as_str())),
                    receipt.map_or(Val::Null, |r| r.index.into()),
                ],
            )
            .await?;
        Ok(())
    }

    /// Ends a transfer; false when it is over already. Called off, it lifts what it froze for nobody: each person's
    /// purposes are lifted by [`Tx::thaw`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_transfer(&mut self, id: TransferId, stage: TransferStage) -> Result<bool, StoreError> {
        let now = self.now();
        let changed = self
            .db
            .execute(
                "UPDATE transfer SET stage = ?2, ended = ?3 WHERE id = ?1 AND stage = 0",
                &[Val::Blob(&id), Val::Int(stage.number()), now.into()],
            )
            .await?;
        if changed == 1 {
            self.journal_shut("transfer", &data_encoding::HEXLOWER.encode(&id), stage.name());
        }
        Ok(changed == 1)
    }

    /// Lifts what a transfer that was called off froze for a person.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn thaw(&mut self, subject: SubjectId, purposes: &[String]) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        standing::touch(&mut self.db, subject).await?;
        for purpose in purposes {
            self.freeze(subject, purpose, false).await?;
        }
        Ok(())
    }
}
