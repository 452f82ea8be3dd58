//! Checks of names under way, and the age band that a check brings out.
//!
//! Keeps promises 1.2 and 6.5. The band is set in the same commit as the document it was read from, and by
//! nothing else; after that it only rises, as people do.

use avouch_policy::model::Kind;
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::account::AgeBand;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::Permit;
use crate::record::Put;
use crate::standing;
use crate::tx::{Receipt, Tx};

/// Who has a check before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStage {
    /// The verifier outside.
    Verifier,
    /// Staff.
    Staff,
}

impl CheckStage {
    const fn code(self) -> i64 {
        match self {
            Self::Verifier => 0,
            Self::Staff => 1,
        }
    }
}

/// A check of a name that is under way.
#[derive(Debug, Clone)]
pub struct NameCheck {
    /// Whose.
    pub subject: SubjectId,
    /// Names it, for the verifier and for the record of its result.
    pub id: [u8; 16],
    /// How: `register`, `face`, `review`.
    pub method: String,
    /// Who has it before them.
    pub stage: CheckStage,
    /// Since when.
    pub at: Timestamp,
    /// When it is given up.
    pub ends: Timestamp,
}

fn read(look: &Look<'_>, row: &Row) -> Result<NameCheck, StoreError> {
    Ok(NameCheck {
        subject: SubjectId::new(look.shared.region, row.bytes(0)?),
        id: row.bytes(1)?,
        method: row.text(2)?.to_owned(),
        stage: if row.int(3)? == 1 { CheckStage::Staff } else { CheckStage::Verifier },
        at: row.time(4)?,
        ends: row.time(5)?,
    })
}

impl AgeBand {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Child => 1,
            Self::Teen => 2,
            Self::Adult => 3,
        }
    }
}

impl Look<'_> {
    /// The check of a subject's name that is under way, if any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn name_check(&mut self, subject: SubjectId) -> Result<Option<NameCheck>, StoreError> {
        let sql = "SELECT subject, id, method, stage, at, ends FROM name_check WHERE subject = ?1";
        let row = self.db.first(sql, &[Val::Blob(subject.id())]).await?;
        row.map(|row| read(self, &row)).transpose()
    }

    /// The checks that wait for staff, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn name_checks(&mut self, limit: u32) -> Result<Vec<NameCheck>, StoreError> {
        let sql =
            "SELECT subject, id, method, stage, at, ends FROM name_check WHERE stage = 1 ORDER BY at, subject LIMIT ?1";
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| read(self, row)).collect()
    }
}

impl<'t> Tx<'t> {
    /// Begins a check; false when one is under way already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_name_check(&mut self, check: &NameCheck) -> Result<bool, StoreError> {
        self.held(check.subject, Hold::Shared)?;
        let made = self
            .db
            .execute(
                "INSERT INTO name_check (subject, id, method, stage, at, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (subject) DO NOTHING",
                &[
                    Val::Blob(check.subject.id()),
                    Val::Blob(&check.id),
                    Val::Text(&check.method),
                    Val::Int(check.stage.code()),
                    check.at.into(),
                    check.ends.into(),
                ],
            )
            .await?;
        Ok(made == 1)
    }

    /// Puts a check before staff.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hand_name_check_to_staff(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db
            .execute(
                "UPDATE name_check SET stage = 1, method = 'review' WHERE subject = ?1 AND id = ?2",
                &[Val::Blob(subject.id()), Val::Blob(&id)],
            )
            .await?;
        Ok(())
    }

    /// Ends a check; false when it is not under way any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_name_check(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let gone = self
            .db
            .execute(
                "DELETE FROM name_check WHERE subject = ?1 AND id = ?2",
                &[Val::Blob(subject.id()), Val::Blob(&id)],
            )
            .await?;
        Ok(gone == 1)
    }

    /// Puts what a verified document says, and with it the age band it shows. The epoch rises with the band.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the permit covers no identity document; else as [`Tx::put`].
    pub async fn put_verified(
        &mut self,
        permit: Permit<'t>,
        values: &[Put<'_>],
        band: Option<AgeBand>,
    ) -> Result<Receipt, StoreError> {
        let subject = permit.subject();
        let policy = std::sync::Arc::clone(self.policy());
        let document = policy.facts().collection.items.iter().filter(|(_, item)| item.kind == Kind::IdDocument);
        if !document.filter_map(|(name, _)| policy.item(name)).any(|item| permit.covers(item)) {
            return Err(StoreError::Misused {
                name: "put verified",
                why: "an age band comes from an identity document, and the permit covers none".into(),
            });
        }
        if let Some(band) = band {
            self.held(subject, Hold::Exclusive)?;
            standing::touch(&mut self.db, subject).await?;
            self.db
                .execute(
                    "UPDATE standing SET age = ?2 WHERE subject = ?1",
                    &[Val::Blob(subject.id()), Val::Int(band.code())],
                )
                .await?;
        }
        self.put(permit, values).await
    }

    /// Raises the age band of somebody who has grown out of it; false when it is that or above already. It
    /// never falls by this.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn grow(&mut self, subject: SubjectId, to: AgeBand) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let grown = self
            .db
            .execute(
                "UPDATE standing SET age = ?2, epoch = epoch + 1 WHERE subject = ?1 AND age > 0 AND age < ?2",
                &[Val::Blob(subject.id()), Val::Int(to.code())],
            )
            .await?;
        Ok(grown == 1)
    }
}
