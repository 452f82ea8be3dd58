//! Four eyes: an act that one person asks for and another allows, bound to exactly what will be done.
//!
//! Keeps promises 2.6, 2.7 and 5.6. The store, not the page, sees to it that whoever allows is somebody else and
//! has the role for it, that no answer in time is a no, and that an approval is spent once, by the very act it was
//! given for, in that act's own transaction. In an emergency one person may act at once; somebody else reviews it.

use std::collections::BTreeMap;

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::Outcome;
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::operator::StaffRole;
use crate::tx::{Receipt, Tx};

use StaffRole::{Administrator, DataProtectionOfficer};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, by $role:expr, emergency $emergency:literal;)*) => {
        /// What sort of act needs a second person.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ApprovalKind {
            $($(#[$doc])* $name,)*
        }

        impl ApprovalKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in tables, leaves and addresses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Who may ask for it and who, being somebody else, may allow it.
            #[must_use]
            pub const fn roles(self) -> &'static [StaffRole] {
                match self { $(Self::$name => $role,)* }
            }

            /// Whether one person may do it at once in an emergency, to be reviewed afterwards.
            #[must_use]
            pub const fn in_emergency(self) -> bool {
                match self { $(Self::$name => $emergency,)* }
            }
        }
    };
}

kinds! {
    /// A copy of everything of a person, made for them.
    ExportOnBehalf = "export-on-behalf", by &[DataProtectionOfficer], emergency false;
    /// Values of many people, unmasked.
    BulkReveal = "bulk-reveal", by &[DataProtectionOfficer], emergency false;
    /// Keeping data against deletion for a dispute or a procedure.
    LegalHold = "legal-hold", by &[DataProtectionOfficer], emergency true;
    /// Putting a backup in the place of what is there.
    Restore = "restore", by &[Administrator, DataProtectionOfficer], emergency true;
    /// A role for an operator.
    RoleGrant = "role-grant", by &[Administrator, DataProtectionOfficer], emergency false;
    /// A link by which an operator chooses password and authenticator anew.
    OperatorLink = "operator-link", by &[Administrator, DataProtectionOfficer], emergency false;
    /// Another policy in force.
    PolicyPublication = "policy-publication", by &[DataProtectionOfficer], emergency false;
    /// Handing data to an authority (2.6).
    Release = "release", by &[DataProtectionOfficer], emergency false;
    /// An entry in the register of exceptions (2.7).
    Exception = "exception", by &[DataProtectionOfficer], emergency true;
    /// Destroying keys.
    KeyDestruction = "key-destruction", by &[Administrator, DataProtectionOfficer], emergency false;
    /// Handing people over to a successor (4.3).
    Transfer = "transfer", by &[DataProtectionOfficer], emergency false;
}

impl ApprovalKind {
    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Names an approval; written in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApprovalId(pub [u8; 16]);

impl std::fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for ApprovalId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|b| b.try_into().ok());
        bytes.map(Self).ok_or(StoreError::NoRecord)
    }
}

/// Exactly what will be done: a kind and its parts by name, as the approver reads them. No personal data: names of
/// the policy, ids, digests, numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactAct {
    kind: ApprovalKind,
    parts: BTreeMap<String, String>,
    subject: Option<SubjectId>,
}

impl ExactAct {
    /// An act of that kind.
    #[must_use]
    pub const fn new(kind: ApprovalKind) -> Self {
        Self { kind, parts: BTreeMap::new(), subject: None }
    }

    /// With one more part of what will be done.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parts.insert(name.to_owned(), value.into());
        self
    }

    /// About one person; the erasure of the person empties what is kept of it.
    #[must_use]
    pub fn about(mut self, subject: SubjectId) -> Self {
        self.subject = Some(subject);
        self.with("subject", subject.to_string())
    }

    /// What sort of act.
    #[must_use]
    pub const fn kind(&self) -> ApprovalKind {
        self.kind
    }

    /// A part by its name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.get(name).map(String::as_str)
    }

    /// Every part, in the order of names.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The one canonical form: the parts as JSON in the order of their names.
    fn form(&self) -> String {
        serde_json::to_string(&self.parts).unwrap_or_default()
    }

    fn digest(&self, id: ApprovalId) -> [u8; 32] {
        let form = self.form();
        let mut bytes = Vec::with_capacity(24 + form.len());
        bytes.extend_from_slice(&id.0);
        bytes.extend_from_slice(self.kind.name().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(form.as_bytes());
        sha256(&bytes)
    }
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalState {
    /// Nobody has answered.
    Open,
    /// Allowed, and not done yet.
    Approved,
    /// Not allowed.
    Refused,
    /// Done.
    Used,
    /// Done by one person in an emergency; somebody else must look at it.
    Emergency,
    /// That was looked at.
    Reviewed,
    /// Nobody answered in time, or it was not done in time.
    Lapsed,
}

impl ApprovalState {
    const STORED: [Self; 6] = [Self::Open, Self::Approved, Self::Refused, Self::Used, Self::Emergency, Self::Reviewed];

    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Approved, Self::Refused, Self::Used, Self::Emergency, Self::Reviewed, Self::Lapsed];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Emergency => "emergency",
            Self::Reviewed => "reviewed",
            Self::Lapsed => "lapsed",
        }
    }

    fn stored(self) -> i64 {
        Self::STORED.iter().zip(0..).find(|(state, _)| **state == self).map_or(-1, |(_, at)| at)
    }
}

/// What was asked of a second person, and what became of it.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Its name.
    pub id: ApprovalId,
    /// Exactly what.
    pub act: ExactAct,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked: Timestamp,
    /// Why, in the asker's words.
    pub why: String,
    /// Until when it can be answered and used.
    pub until: Timestamp,
    /// Where it stands now.
    pub state: ApprovalState,
    /// Who answered, or reviewed.
    pub answered_by: Option<String>,
    /// When.
    pub answered: Option<Timestamp>,
    /// In which words.
    pub answer: String,
    /// When it was done.
    pub used: Option<Timestamp>,
}

/// Why an approval does not stand, or cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// There is none of that name.
    #[error("there is no such request for approval; ask for one")]
    Unknown,
    /// Who asks and who allows are one.
    #[error("you asked for this yourself; another person must allow it")]
    Own,
    /// The account has no role for it, or is disabled.
    #[error("this account has no role that may ask for this or allow it")]
    Role,
    /// It was answered, used or reviewed already.
    #[error("this was decided already; ask anew if it is needed again")]
    Decided,
    /// It was not allowed yet.
    #[error("nobody has allowed this yet")]
    Waiting,
    /// Its time is over.
    #[error("nobody allowed this in time, which is a no; ask anew if it is still needed")]
    Late,
    /// What is about to be done is not what was allowed.
    #[error("what is to be done is not exactly what was allowed; ask for what is to be done")]
    Other,
    /// Only who asked may do it.
    #[error("only the person who asked for this may do it")]
    NotYours,
    /// This kind waits for a second person, whatever happens.
    #[error("this cannot be done by one person, not in an emergency either")]
    NoEmergency,
    /// No reason was given.
    #[error("say why, in a few words")]
    NoReason,
}

/// Who stands behind an act that was done: who asked and who allowed it; nobody where it was an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Which approval.
    pub id: ApprovalId,
    /// Who asked.
    pub asked_by: String,
    /// Who allowed it.
    pub allowed_by: Option<String>,
}

fn approval(look: &Look<'_>, row: &Row) -> Result<Option<Approval>, StoreError> {
    // A kind of a newer version is nothing this one can decide.
    let Some(kind) = ApprovalKind::named(row.text(1)?) else { return Ok(None) };
    let id = ApprovalId(row.bytes(0)?);
    let until = row.time(7)?;
    let stored = usize::try_from(row.int(8)?).ok().and_then(|at| ApprovalState::STORED.get(at).copied());
    let state = stored.ok_or_else(|| StoreError::Unreadable("an approval in an unknown state".into()))?;
    let waits = matches!(state, ApprovalState::Open | ApprovalState::Approved);
    let act = row.text(2)?;
    let words = |sealed: Option<&[u8]>| -> Result<String, StoreError> {
        let Some(sealed) = sealed else { return Ok(String::new()) };
        let plain = look.open_for_staff("approval", &id.0, sealed)?;
        String::from_utf8(plain).map_err(|_| StoreError::Unreadable("the words of an approval".into()))
    };
    Ok(Some(Approval {
        id,
        act: ExactAct {
            kind,
            parts: if act.is_empty() {
                BTreeMap::new()
            } else {
                serde_json::from_str(act).map_err(|_| StoreError::Unreadable("the act of an approval".into()))?
            },
            subject: match row.blob_opt(3)? {
                None => None,
                Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(3)?)),
            },
        },
        asked_by: row.text(4)?.to_owned(),
        asked: row.time(5)?,
        why: words(row.blob_opt(6)?)?,
        until,
        state: if waits && until <= look.now() { ApprovalState::Lapsed } else { state },
        answered_by: match row.text(9)? {
            "" => None,
            name => Some(name.to_owned()),
        },
        answered: row.time_opt(10)?,
        answer: words(row.blob_opt(11)?)?,
        used: row.time_opt(12)?,
    }))
}

impl Look<'_> {
    /// One approval.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn approval(&mut self, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
        let row = self
            .db
            .first(
                "SELECT id, kind, act, subject, asked_by, asked, why, until, state, coalesce(answered_by, ''), \
                 answered, answer, used FROM approval WHERE id = ?1",
                &[Val::Blob(&id.0)],
            )
            .await?;
        row.map_or(Ok(None), |row| approval(self, &row))
    }

    /// The latest approvals, whatever became of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn approvals(&mut self, limit: u32) -> Result<Vec<Approval>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT id, kind, act, subject, asked_by, asked, why, until, state, coalesce(answered_by, ''), \
                 answered, answer, used FROM approval ORDER BY asked DESC, id LIMIT ?1",
                &[Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().filter_map(|row| approval(self, row).transpose()).collect()
    }

    /// How many wait for an answer, and how many emergencies for a review.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn approvals_waiting(&mut self) -> Result<(u64, u64), StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT count(CASE WHEN state = 0 AND until > ?1 THEN 1 END), count(CASE WHEN state = 4 THEN 1 END) \
                 FROM approval WHERE state IN (0, 4)",
                &[now.into()],
            )
            .await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.uint(0)?, row.uint(1)?)))
    }
}

impl Tx<'_> {
    /// Whether an account may ask for or allow acts of a kind.
    async fn may_approve(&mut self, kind: ApprovalKind, who: &str) -> Result<bool, StoreError> {
        Ok(self.operator_named(who).await?.is_some_and(|operator| operator.may(kind.roles())))
    }

    /// Asks for a second person's yes to exactly this act, until then.
    ///
    /// # Errors
    /// When the database refuses; that it cannot be asked is an outcome.
    pub async fn ask_approval(
        &mut self,
        act: &ExactAct,
        by: &str,
        why: &str,
        until: Timestamp,
    ) -> Result<Result<ApprovalId, NotApproved>, StoreError> {
        if !self.may_approve(act.kind, by).await? {
            return Ok(Err(NotApproved::Role));
        }
        if why.trim().is_empty() {
            return Ok(Err(NotApproved::NoReason));
        }
        let id = self.keep_approval(act, by, why, until, ApprovalState::Open).await?;
        self.note_approval(id, act, by, "ask-approval", Outcome::Done).await?;
        Ok(Ok(id))
    }

    async fn keep_approval(
        &mut self,
        act: &ExactAct,
        by: &str,
        why: &str,
        until: Timestamp,
        state: ApprovalState,
    ) -> Result<ApprovalId, StoreError> {
        let id = ApprovalId(self.random());
        let why = self.seal_for_staff("approval", &id.0, why.trim().as_bytes())?;
        let now = self.now();
        let used = (state == ApprovalState::Emergency).then_some(now);
        self.db
            .execute(
                "INSERT INTO approval (id, subject, kind, digest, act, asked_by, asked, why, until, state, used) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                &[
                    Val::Blob(&id.0),
                    act.subject.as_ref().map(|s| Val::Blob(s.id())).into(),
                    Val::Text(act.kind.name()),
                    Val::Blob(&act.digest(id)),
                    Val::Text(&act.form()),
                    Val::Text(by),
                    now.into(),
                    Val::Blob(&why),
                    until.into(),
                    Val::Int(state.stored()),
                    used.into(),
                ],
            )
            .await?;
        Ok(id)
    }

    /// Answers yes or no, by somebody else than who asked, in time, and once.
    ///
    /// # Errors
    /// When the database refuses; that it cannot be answered is an outcome, with a leaf of its own.
    pub async fn answer_approval(
        &mut self,
        id: ApprovalId,
        by: &str,
        yes: bool,
        words: &str,
    ) -> Result<Result<(), NotApproved>, StoreError> {
        let Some(approval) = self.approval(id).await? else { return Ok(Err(NotApproved::Unknown)) };
        let kind = approval.act.kind;
        let not = if approval.asked_by == by {
            Some(NotApproved::Own)
        } else if !self.may_approve(kind, by).await? {
            Some(NotApproved::Role)
        } else {
            match approval.state {
                ApprovalState::Open if words.trim().is_empty() => Some(NotApproved::NoReason),
                ApprovalState::Open => None,
                ApprovalState::Lapsed => Some(NotApproved::Late),
                _ => Some(NotApproved::Decided),
            }
        };
        if let Some(not) = not {
            self.note_approval(id, &approval.act, by, "approve", Outcome::Refused).await?;
            return Ok(Err(not));
        }
        let state = if yes { ApprovalState::Approved } else { ApprovalState::Refused };
        if !self.move_approval(id, ApprovalState::Open, state, Some((by, words))).await? {
            return Ok(Err(NotApproved::Decided));
        }
        self.note_approval(id, &approval.act, by, if yes { "approve" } else { "disapprove" }, Outcome::Done).await?;
        Ok(Ok(()))
    }

    /// Moves an approval on from a state; false when it is not in it any more, as on another node.
    async fn move_approval(
        &mut self,
        id: ApprovalId,
        from: ApprovalState,
        to: ApprovalState,
        answered: Option<(&str, &str)>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let moved = match answered {
            Some((by, words)) => {
                let words = self.seal_for_staff("approval", &id.0, words.trim().as_bytes())?;
                self.db
                    .execute(
                        "UPDATE approval SET state = ?3, answered_by = ?4, answered = ?5, answer = ?6 \
                         WHERE id = ?1 AND state = ?2 AND asked_by <> ?4",
                        &[
                            Val::Blob(&id.0),
                            Val::Int(from.stored()),
                            Val::Int(to.stored()),
                            Val::Text(by),
                            now.into(),
                            Val::Blob(&words),
                        ],
                    )
                    .await?
            }
            None => {
                self.db
                    .execute(
                        "UPDATE approval SET state = ?3, used = ?4 WHERE id = ?1 AND state = ?2 AND until > ?4",
                        &[Val::Blob(&id.0), Val::Int(from.stored()), Val::Int(to.stored()), now.into()],
                    )
                    .await?
            }
        };
        Ok(moved == 1)
    }

    /// Spends an approval within the transaction of the act itself: only for exactly this act, by who asked, once,
    /// in time. Call it first; what fails after it leaves the approval unspent.
    ///
    /// # Errors
    /// When the database refuses; that it does not stand is an outcome, on which the act must not go on.
    pub async fn spend_approval(
        &mut self,
        id: ApprovalId,
        act: &ExactAct,
        by: &str,
    ) -> Result<Result<Spent, NotApproved>, StoreError> {
        let Some(approval) = self.approval(id).await? else { return Ok(Err(NotApproved::Unknown)) };
        let kept = self.db.first("SELECT digest FROM approval WHERE id = ?1", &[Val::Blob(&id.0)]).await?;
        let same = kept.is_some_and(|row| row.blob(0).is_ok_and(|digest| digest == act.digest(id)));
        let not = match approval.state {
            _ if !same => Some(NotApproved::Other),
            _ if approval.asked_by != by => Some(NotApproved::NotYours),
            ApprovalState::Approved if self.may_approve(act.kind, by).await? => None,
            ApprovalState::Approved => Some(NotApproved::Role),
            ApprovalState::Open => Some(NotApproved::Waiting),
            ApprovalState::Lapsed => Some(NotApproved::Late),
            _ => Some(NotApproved::Decided),
        };
        if let Some(not) = not {
            self.note_approval(id, act, by, act.kind.name(), Outcome::Refused).await?;
            return Ok(Err(not));
        }
        if !self.move_approval(id, ApprovalState::Approved, ApprovalState::Used, None).await? {
            return Ok(Err(NotApproved::Decided));
        }
        self.note_approval(id, act, by, act.kind.name(), Outcome::Done).await?;
        Ok(Ok(Spent { id, asked_by: approval.asked_by, allowed_by: approval.answered_by }))
    }

    /// In an emergency: one person acts at once, within the transaction of the act itself. It stands open until
    /// somebody else has reviewed it.
    ///
    /// # Errors
    /// When the database refuses; that it cannot be done so is an outcome.
    pub async fn break_glass(
        &mut self,
        act: &ExactAct,
        by: &str,
        why: &str,
    ) -> Result<Result<Spent, NotApproved>, StoreError> {
        let not = if !act.kind.in_emergency() {
            Some(NotApproved::NoEmergency)
        } else if !self.may_approve(act.kind, by).await? {
            Some(NotApproved::Role)
        } else if why.trim().is_empty() {
            Some(NotApproved::NoReason)
        } else {
            None
        };
        if let Some(not) = not {
            self.note_operator(by, "break-glass", act.kind.name(), Outcome::Refused, act.subject).await?;
            return Ok(Err(not));
        }
        let now = self.now();
        let id = self.keep_approval(act, by, why, now, ApprovalState::Emergency).await?;
        self.note_approval(id, act, by, "break-glass", Outcome::Done).await?;
        Ok(Ok(Spent { id, asked_by: by.to_owned(), allowed_by: None }))
    }

    /// Closes the review of an emergency, by somebody else than who acted.
    ///
    /// # Errors
    /// When the database refuses; that it cannot be closed is an outcome.
    pub async fn review_emergency(
        &mut self,
        id: ApprovalId,
        by: &str,
        words: &str,
    ) -> Result<Result<(), NotApproved>, StoreError> {
        let Some(approval) = self.approval(id).await? else { return Ok(Err(NotApproved::Unknown)) };
        let not = if approval.state != ApprovalState::Emergency {
            Some(NotApproved::Decided)
        } else if approval.asked_by == by {
            Some(NotApproved::Own)
        } else if !self.may_approve(approval.act.kind, by).await? {
            Some(NotApproved::Role)
        } else if words.trim().is_empty() {
            Some(NotApproved::NoReason)
        } else {
            None
        };
        if let Some(not) = not {
            return Ok(Err(not));
        }
        if !self.move_approval(id, ApprovalState::Emergency, ApprovalState::Reviewed, Some((by, words))).await? {
            return Ok(Err(NotApproved::Decided));
        }
        self.note_approval(id, &approval.act, by, "review", Outcome::Done).await?;
        Ok(Ok(()))
    }

    /// A leaf that commits to the exact act: whoever is shown id, kind and parts can check it.
    async fn note_approval(
        &mut self,
        id: ApprovalId,
        act: &ExactAct,
        by: &str,
        deed: &str,
        outcome: Outcome,
    ) -> Result<Receipt, StoreError> {
        self.note_committed(by, deed, act.kind.name(), outcome, None, Some(act.digest(id))).await
    }
}
