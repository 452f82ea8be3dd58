//! The register of recipients: their standing beside what the policy declares, checks, documents.
//!
//! Keeps promises 4.1 and 4.2: nothing goes to a recipient that is suspended, failed its check or has ended. Its
//! epoch is raised by every change, and a disclosure checks it again in the commit of its leaf, under a lock that a
//! change waits for, as for a person's own standing: a change binds every node at once.

use avouch_policy::{Registered, Stopped};
use avouch_seal::{Aad, Plain, Region, SubjectId};
use jiff::Timestamp;

use crate::engine::{Db, Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// What is true of the relation with a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    /// Data may go there, as far as the policy and its checks allow.
    Active,
    /// Nothing goes there until it is resumed.
    Suspended,
    /// Nothing goes there ever again.
    Ended,
}

impl RecipientState {
    /// Its name in tables and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        match name {
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended),
            "ended" => Ok(Self::Ended),
            other => Err(StoreError::Unreadable(format!("a recipient in the unknown state '{other}'"))),
        }
    }
}

/// What the register says of a recipient.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecipientStanding {
    /// Raised by every change of anything below.
    pub epoch: u64,
    /// The state.
    pub state: RecipientState,
    /// Why it is so, in the words of staff.
    pub reason: String,
    /// Since when; nothing where it never changed.
    pub changed: Option<Timestamp>,
    /// Whether its last check failed.
    pub failed: bool,
    /// Until when its last check holds; nothing where none was made.
    pub due: Option<Timestamp>,
}

impl RecipientStanding {
    /// A recipient of which the register says nothing.
    const NEW: Self = Self {
        epoch: 0,
        state: RecipientState::Active,
        reason: String::new(),
        changed: None,
        failed: false,
        due: None,
    };

    /// As `decide` is told.
    #[must_use]
    pub fn registered(&self) -> Registered {
        let stopped = match (self.state, self.failed) {
            (RecipientState::Ended, _) => Some(Stopped::Ended),
            (RecipientState::Suspended, _) => Some(Stopped::Suspended),
            (RecipientState::Active, true) => Some(Stopped::Failed),
            (RecipientState::Active, false) => None,
        };
        Registered { stopped, checked: self.due }
    }
}

/// One check of a recipient.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecipientCheck {
    /// When it was recorded.
    pub at: Timestamp,
    /// The role account that recorded it.
    pub operator: String,
    /// Whether it was passed.
    pub passed: bool,
    /// What was found.
    pub finding: String,
    /// Until when it holds.
    pub due: Timestamp,
}

/// What kind of document is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentKind {
    /// The agreement that binds it.
    Agreement,
    /// Evidence of a check.
    Evidence,
    /// The certificate that it deleted or gave back what it held (PIPL 21).
    Deletion,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Agreement, Self::Evidence, Self::Deletion];

    /// Its name in tables and addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Evidence => "evidence",
            Self::Deletion => "deletion",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is known of a filed document without opening it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecipientDocument {
    /// Names it, in hex.
    pub id: String,
    /// What it is.
    pub kind: DocumentKind,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
    /// When it was filed.
    pub at: Timestamp,
    /// The role account that filed it.
    pub operator: String,
}

/// What stands for a recipient where subjects are held: a disclosure holds it shared, a change of its standing
/// alone.
#[must_use]
pub fn recipient_lock(region: Region, name: &str) -> SubjectId {
    let digest = avouch_ledger::hash::sha256(format!("recipient\0{name}").as_bytes());
    SubjectId::new(region, digest.first_chunk().copied().unwrap_or_default())
}

fn standing(row: &Row) -> Result<RecipientStanding, StoreError> {
    Ok(RecipientStanding {
        epoch: row.uint(0)?,
        state: RecipientState::named(row.text(1)?)?,
        reason: row.text(2)?.to_owned(),
        changed: Some(row.time(3)?),
        failed: row.flag(4)?,
        due: row.time_opt(5)?,
    })
}

/// What the register says of a recipient now.
pub(crate) async fn load(db: &mut Db<'_>, name: &str) -> Result<RecipientStanding, StoreError> {
    let row = db
        .first("SELECT epoch, state, reason, changed, failed, due FROM recipient WHERE name = ?1", &[Val::Text(name)])
        .await?;
    row.as_ref().map_or(Ok(RecipientStanding::NEW), standing)
}

impl Look<'_> {
    /// What the register says of a recipient of the policy.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recipient(&mut self, name: &str) -> Result<RecipientStanding, StoreError> {
        load(&mut self.db, name).await
    }

    /// The checks of a recipient, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recipient_checks(&mut self, name: &str) -> Result<Vec<RecipientCheck>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT at, operator, passed, finding, due FROM recipient_check WHERE recipient = ?1 \
                 ORDER BY at DESC, id",
                &[Val::Text(name)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(RecipientCheck {
                    at: row.time(0)?,
                    operator: row.text(1)?.to_owned(),
                    passed: row.flag(2)?,
                    finding: row.text(3)?.to_owned(),
                    due: row.time(4)?,
                })
            })
            .collect()
    }

    /// The documents filed of a recipient, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recipient_documents(&mut self, name: &str) -> Result<Vec<RecipientDocument>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT id, kind, digest, size, at, operator FROM recipient_document WHERE recipient = ?1 \
                 ORDER BY at DESC, id",
                &[Val::Text(name)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(RecipientDocument {
                    id: data_encoding::HEXLOWER.encode(row.blob(0)?),
                    kind: DocumentKind::named(row.text(1)?)
                        .ok_or_else(|| StoreError::Unreadable("a document of an unknown kind".into()))?,
                    digest: data_encoding::HEXLOWER.encode(row.blob(2)?),
                    size: row.uint(3)?,
                    at: row.time(4)?,
                    operator: row.text(5)?.to_owned(),
                })
            })
            .collect()
    }

    /// A filed document, opened, for the leaf of the look to be written by whoever opens it.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none of that id; [`StoreError::Sealed`] when it was tampered with.
    pub async fn recipient_document(&mut self, name: &str, id: &str) -> Result<Plain<Vec<u8>>, StoreError> {
        let id: [u8; 16] = data_encoding::HEXLOWER
            .decode(id.as_bytes())
            .ok()
            .and_then(|id| id.try_into().ok())
            .ok_or(StoreError::NoRecord)?;
        let row = self
            .db
            .first(
                "SELECT sealed FROM recipient_document WHERE recipient = ?1 AND id = ?2",
                &[Val::Text(name), Val::Blob(&id)],
            )
            .await?
            .ok_or(StoreError::NoRecord)?;
        let aad = place(self, &id);
        let file = self.shared.keys.holding()?.open(&aad, row.blob(0)?);
        file.map(Plain::new).map_err(|e| StoreError::Sealed(e.to_string()))
    }
}

/// Where a document is sealed into.
fn place<'a>(look: &'a Look<'_>, id: &'a [u8; 16]) -> Aad<'a> {
    Aad { region: look.shared.region.as_str(), subject: &[], item: "recipient document", record: id, version: 1 }
}

impl Tx<'_> {
    /// Sets the state of a recipient and why; from this commit no node gives it anything unless it is active.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the transaction does not hold the recipient alone, see [`recipient_lock`].
    pub async fn set_recipient(&mut self, name: &str, state: RecipientState, reason: &str) -> Result<(), StoreError> {
        let before = self.change_of_recipient(name).await?;
        if state != RecipientState::Active {
            self.journal_shut("recipient", name, state.name());
        }
        self.keep_recipient(name, &RecipientStanding { state, reason: reason.to_owned(), ..before }).await
    }

    /// Records a check of a recipient; when it failed, nothing goes there from this commit on.
    ///
    /// # Errors
    /// As [`Tx::set_recipient`].
    pub async fn check_recipient(&mut self, name: &str, check: &RecipientCheck) -> Result<(), StoreError> {
        let before = self.change_of_recipient(name).await?;
        let id = self.random::<16>();
        self.db
            .execute(
                "INSERT INTO recipient_check (recipient, id, at, operator, passed, finding, due) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                &[
                    Val::Text(name),
                    Val::Blob(&id),
                    check.at.into(),
                    Val::Text(&check.operator),
                    check.passed.into(),
                    Val::Text(&check.finding),
                    check.due.into(),
                ],
            )
            .await?;
        if !check.passed {
            self.journal_shut("recipient", name, "failed");
        }
        let after = RecipientStanding { failed: !check.passed, due: Some(check.due), ..before };
        self.keep_recipient(name, &after).await
    }

    /// Files a document of a recipient, sealed; gives its id in hex.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn file_document(
        &mut self,
        name: &str,
        kind: DocumentKind,
        file: &[u8],
        operator: &str,
    ) -> Result<String, StoreError> {
        let id = self.random::<16>();
        let aad = place(self, &id);
        let sealed = self
            .shared
            .keys
            .holding()?
            .seal(&aad, file, self.shared.entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO recipient_document (recipient, id, kind, digest, size, sealed, at, operator) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                &[
                    Val::Text(name),
                    Val::Blob(&id),
                    Val::Text(kind.name()),
                    Val::Blob(&avouch_ledger::hash::sha256(file)),
                    (file.len() as u64).into(),
                    Val::Blob(&sealed),
                    now.into(),
                    Val::Text(operator),
                ],
            )
            .await?;
        Ok(data_encoding::HEXLOWER.encode(&id))
    }

    /// Writes the leaf of what staff did about a recipient.
    ///
    /// # Errors
    /// When the database keeps no log.
    pub fn note_recipient(&mut self, act: &str, name: &str, operator: &str) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, "", avouch_ledger::leaf::Outcome::Done);
        avouch_policy::Party::Operator.as_str().clone_into(&mut leaf.party);
        operator.clone_into(&mut leaf.actor);
        leaf.recipient = Some(name.to_owned());
        self.append(leaf, None)
    }

    /// The recipient's standing, by a transaction that holds it alone.
    async fn change_of_recipient(&mut self, name: &str) -> Result<RecipientStanding, StoreError> {
        self.held(recipient_lock(self.shared.region, name), Hold::Exclusive)?;
        self.recipient(name).await
    }

    async fn keep_recipient(&mut self, name: &str, to: &RecipientStanding) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO recipient (name, epoch, state, reason, changed, failed, due) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, \
                 state = excluded.state, reason = excluded.reason, changed = excluded.changed, \
                 failed = excluded.failed, due = excluded.due",
                &[
                    Val::Text(name),
                    (to.epoch + 1).into(),
                    Val::Text(to.state.name()),
                    Val::Text(&to.reason),
                    now.into(),
                    to.failed.into(),
                    to.due.into(),
                ],
            )
            .await?;
        Ok(())
    }
}
