//! Children and their guardians: asked for by the child, confirmed by the guardian, seen by both.
//!
//! Keeps promise 6.5 (PIPL 31). Each of the two has a row; the child's standing says whether a guardian has
//! agreed, and every change of that raises the child's epoch.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::standing;
use crate::tx::Tx;

/// The state of an invitation.
const INVITED: i64 = 2;

/// Names a link between a child and a guardian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkId(pub [u8; 16]);

impl std::fmt::Display for LinkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for LinkId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        bytes.and_then(|b| b.try_into().ok()).map(Self).ok_or(StoreError::NoRecord)
    }
}

/// What one side is to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRole {
    /// The one who needs a guardian.
    Child,
    /// The guardian.
    Guardian,
}

/// A link as one of the two sees it.
#[derive(Debug, Clone)]
pub struct GuardianLink {
    /// Names it, the same for both.
    pub id: LinkId,
    /// The other of the two.
    pub other: SubjectId,
    /// What this one is in it.
    pub role: LinkRole,
    /// When the child asked.
    pub asked: Timestamp,
    /// When the guardian confirmed; nothing while only asked.
    pub confirmed: Option<Timestamp>,
    /// Whether it is a guardian's invitation that no child has joined by.
    pub invitation: bool,
}

impl Look<'_> {
    /// A subject's links, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn guardian_links(&mut self, subject: SubjectId) -> Result<Vec<GuardianLink>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT id, other, role, asked, confirmed, state FROM guardian WHERE subject = ?1 ORDER BY asked, id",
                &[Val::Blob(subject.id())],
            )
            .await?;
        let region = self.shared.region;
        rows.iter()
            .map(|row| {
                Ok(GuardianLink {
                    id: LinkId(row.bytes(0)?),
                    other: SubjectId::new(region, row.bytes(1)?),
                    role: if row.int(2)? == 0 { LinkRole::Child } else { LinkRole::Guardian },
                    asked: row.time(3)?,
                    confirmed: row.time_opt(4)?,
                    invitation: row.int(5)? == INVITED,
                })
            })
            .collect()
    }

    /// The open invitation whose id begins with these bytes: the guardian, its id, and when it was made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invitation(&mut self, head: [u8; 10]) -> Result<Option<(SubjectId, LinkId, Timestamp)>, StoreError> {
        let (mut from, mut to) = ([0; 16], [0xff; 16]);
        for (at, byte) in head.iter().enumerate() {
            for end in [&mut from, &mut to] {
                if let Some(place) = end.get_mut(at) {
                    *place = *byte;
                }
            }
        }
        let row = self
            .db
            .first(
                "SELECT subject, id, asked FROM guardian WHERE id >= ?1 AND id <= ?2 AND state = 2",
                &[Val::Blob(&from), Val::Blob(&to)],
            )
            .await?;
        let region = self.shared.region;
        row.map(|row| Ok((SubjectId::new(region, row.bytes(0)?), LinkId(row.bytes(1)?), row.time(2)?))).transpose()
    }
}

impl Tx<'_> {
    /// A child asks for a guardian: a row each. Where nobody could be asked, the child's row alone, which names
    /// the child itself and looks the same to it, so that asking tells nobody who is here.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ask_guardian(
        &mut self,
        child: SubjectId,
        guardian: Option<SubjectId>,
        id: LinkId,
    ) -> Result<(), StoreError> {
        self.held(child, Hold::Shared)?;
        if let Some(guardian) = guardian {
            self.held(guardian, Hold::Shared)?;
        }
        let now = self.now();
        let mine = Some((child, guardian.unwrap_or(child), 0));
        let theirs = guardian.map(|guardian| (guardian, child, 1));
        for (subject, other, role) in mine.into_iter().chain(theirs) {
            self.db
                .execute(
                    "INSERT INTO guardian (subject, id, other, role, state, asked, confirmed) \
                     VALUES (?1, ?2, ?3, ?4, 0, ?5, NULL)",
                    &[Val::Blob(subject.id()), Val::Blob(&id.0), Val::Blob(other.id()), Val::Int(role), now.into()],
                )
                .await?;
        }
        Ok(())
    }

    /// A guardian invites a child to join: the guardian's row alone, which names the guardian itself.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn invite_child(&mut self, guardian: SubjectId, id: LinkId) -> Result<(), StoreError> {
        self.held(guardian, Hold::Shared)?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO guardian (subject, id, other, role, state, asked, confirmed) \
                 VALUES (?1, ?2, ?1, 1, 2, ?3, NULL)",
                &[Val::Blob(guardian.id()), Val::Blob(&id.0), now.into()],
            )
            .await?;
        Ok(())
    }

    /// A child joins by an invitation: both rows and the child's standing. False when it is no longer open.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn join_by_invitation(
        &mut self,
        child: SubjectId,
        guardian: SubjectId,
        id: LinkId,
    ) -> Result<bool, StoreError> {
        self.held(child, Hold::Exclusive)?;
        self.held(guardian, Hold::Shared)?;
        let now = self.now();
        let taken = self
            .db
            .execute(
                "UPDATE guardian SET state = 1, other = ?3, confirmed = ?4 WHERE subject = ?1 AND id = ?2 AND state = 2",
                &[Val::Blob(guardian.id()), Val::Blob(&id.0), Val::Blob(child.id()), now.into()],
            )
            .await?;
        if taken != 1 {
            return Ok(false);
        }
        self.db
            .execute(
                "INSERT INTO guardian (subject, id, other, role, state, asked, confirmed) \
                 VALUES (?1, ?2, ?3, 0, 1, ?4, ?4)",
                &[Val::Blob(child.id()), Val::Blob(&id.0), Val::Blob(guardian.id()), now.into()],
            )
            .await?;
        self.set_guardian(child, true).await?;
        Ok(true)
    }

    /// The guardian confirms: both rows and the child's standing, whose epoch rises. False when the child
    /// no longer asks.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn confirm_guardian(
        &mut self,
        child: SubjectId,
        guardian: SubjectId,
        id: LinkId,
    ) -> Result<bool, StoreError> {
        self.held(child, Hold::Exclusive)?;
        self.held(guardian, Hold::Shared)?;
        let now = self.now();
        let both = self
            .db
            .execute(
                "UPDATE guardian SET state = 1, confirmed = ?4 \
                 WHERE id = ?3 AND state = 0 AND (subject = ?1 OR subject = ?2)",
                &[Val::Blob(child.id()), Val::Blob(guardian.id()), Val::Blob(&id.0), now.into()],
            )
            .await?;
        if both != 2 {
            return Ok(false);
        }
        self.set_guardian(child, true).await?;
        Ok(true)
    }

    /// Ends a link, asked or confirmed; false when there is none. A child whose last confirmed link ends has
    /// no guardian's consent from this commit on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_guardian(
        &mut self,
        child: SubjectId,
        guardian: SubjectId,
        id: LinkId,
    ) -> Result<bool, StoreError> {
        self.held(child, Hold::Exclusive)?;
        self.held(guardian, Hold::Shared)?;
        let gone = self
            .db
            .execute(
                "DELETE FROM guardian WHERE id = ?3 AND (subject = ?1 OR subject = ?2)",
                &[Val::Blob(child.id()), Val::Blob(guardian.id()), Val::Blob(&id.0)],
            )
            .await?;
        if gone > 0 {
            self.journal_ended(child, &["guardian", &data_encoding::HEXLOWER.encode(&id.0)]);
        }
        let left = self
            .db
            .first(
                "SELECT count(*) FROM guardian WHERE subject = ?1 AND role = 0 AND state = 1",
                &[Val::Blob(child.id())],
            )
            .await?;
        if left.map_or(Ok(0), |row| row.uint(0))? == 0 {
            self.set_guardian(child, false).await?;
        }
        Ok(gone > 0)
    }

    async fn set_guardian(&mut self, child: SubjectId, agreed: bool) -> Result<(), StoreError> {
        standing::touch(&mut self.db, child).await?;
        self.db
            .execute("UPDATE standing SET guardian = ?2 WHERE subject = ?1", &[Val::Blob(child.id()), agreed.into()])
            .await?;
        Ok(())
    }
}
