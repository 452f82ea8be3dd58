//! What is true of a subject now: loaded by the store itself, never told to it.
//!
//! Keeps promises 2.0, 2.5 and 6.4: every use is decided on these rows, and every change of them
//! raises the epoch, which a use checks again in its own commit.

use avouch_policy::{Age, Outdated, Question, Standing, State};
use avouch_seal::SubjectId;

use crate::engine::{Db, Val};
use crate::error::StoreError;
use crate::regime::{Covered, InForce};

/// The account's state as stored.
pub(crate) const ACTIVE: i64 = 0;
pub(crate) const CANCELLING: i64 = 1;

/// What kind of question a consent answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentKind {
    /// Consent to a purpose (PIPL 13(1)(1), 14).
    Consent,
    /// Separate consent to a purpose (PIPL 25, 29).
    Separate,
    /// Separate consent to a recipient (PIPL 23).
    Recipient,
    /// Separate consent to a recipient abroad (PIPL 39).
    Abroad,
    /// Objection to a purpose that rests on another basis (PIPL 24, 44; GDPR 21).
    Objection,
    /// A guardian's consent for a child (PIPL 31(1)), in the child's own history.
    Guardian,
    /// Consent anew to a purpose that a successor changes (PIPL 22).
    Successor,
    /// No answer of the person's: a purpose that rests until they consent anew. It has no history.
    Frozen,
}

impl ConsentKind {
    /// Its name in tables, API and leaves.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Separate => "separate",
            Self::Recipient => "recipient",
            Self::Abroad => "abroad",
            Self::Objection => "objection",
            Self::Guardian => "guardian",
            Self::Successor => "successor",
            Self::Frozen => "frozen",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Consent,
            Self::Separate,
            Self::Recipient,
            Self::Abroad,
            Self::Objection,
            Self::Guardian,
            Self::Successor,
            Self::Frozen,
        ]
        .into_iter()
        .find(|k| k.name() == name)
    }
}

/// A subject's standing with what the store keeps beside it.
#[derive(Debug, Clone)]
pub struct Account {
    /// What `decide` is told.
    pub standing: Standing,
    /// When the subject joined.
    pub joined: jiff::Timestamp,
    /// When a cancelled account is erased.
    pub cancel_due: Option<jiff::Timestamp>,
}

/// The epoch alone: what a use checks again before its leaf is written.
pub(crate) async fn epoch(db: &mut Db<'_>, subject: SubjectId) -> Result<Option<u64>, StoreError> {
    db.first("SELECT epoch FROM standing WHERE subject = ?1", &[Val::Blob(subject.id())])
        .await?
        .map(|row| row.uint(0))
        .transpose()
}

/// Loads what is true of a subject, in the terms of the policy in force.
pub(crate) async fn load(
    db: &mut Db<'_>,
    in_force: &InForce,
    region: &str,
    subject: SubjectId,
) -> Result<Option<Account>, StoreError> {
    let policy = &in_force.policy;
    let Some(row) = db
        .first(
            "SELECT epoch, state, age, guardian, restricted, hold, joined, cancel_due \
             FROM standing WHERE subject = ?1",
            &[Val::Blob(subject.id())],
        )
        .await?
    else {
        return Ok(None);
    };
    let home = policy
        .region(region)
        .ok_or_else(|| StoreError::Unreadable(format!("the policy in force does not know the region '{region}'")))?;
    let mut standing = Standing::new(home);
    standing.epoch = row.uint(0)?;
    standing.state = match row.int(1)? {
        ACTIVE => State::Active,
        CANCELLING => State::Cancelling,
        _ => State::Erased,
    };
    standing.age = match row.int(2)? {
        1 => Age::Child,
        2 => Age::Teen,
        3 => Age::Adult,
        _ => Age::Unknown,
    };
    standing.guardian = row.flag(3)?;
    standing.restricted = row.flag(4)?;
    standing.hold = row.flag(5)?;
    for answer in db
        .query("SELECT kind, target, policy FROM consent WHERE subject = ?1 AND given = 1", &[Val::Blob(subject.id())])
        .await?
    {
        let (Some(kind), target) = (ConsentKind::named(answer.text(0)?), answer.text(1)?) else { continue };
        // An answer to a purpose or recipient the policy no longer knows stands, but decides nothing.
        let question = match (kind, policy.purpose(target), policy.recipient(target)) {
            (ConsentKind::Consent, Some(p), _) => Question::Consent(p),
            (ConsentKind::Separate, Some(p), _) => Question::Separate(p),
            (ConsentKind::Recipient, _, Some(r)) => Question::Recipient(r),
            (ConsentKind::Abroad, _, Some(r)) => Question::Abroad(r),
            (ConsentKind::Objection, Some(p), _) => {
                standing.objected.insert(p.index());
                continue;
            }
            (ConsentKind::Frozen, Some(p), _) => {
                standing.frozen.insert(p.index());
                continue;
            }
            _ => continue,
        };
        match in_force.covered(answer.blob(2)?, kind, target) {
            Covered::Whole => {}
            Covered::Part(scope) => standing.outdated.push(Outdated { question, scope }),
            Covered::Unknown => continue,
        }
        match question {
            Question::Consent(p) => standing.consents.insert(p.index()),
            Question::Separate(p) => standing.separate.insert(p.index()),
            Question::Recipient(r) => standing.recipients.insert(r.index()),
            Question::Abroad(r) => standing.abroad.insert(r.index()),
        }
    }
    Ok(Some(Account { standing, joined: row.time(6)?, cancel_due: row.time_opt(7)? }))
}

/// Raises the epoch: whatever was permitted before is decided anew.
pub(crate) async fn touch(db: &mut Db<'_>, subject: SubjectId) -> Result<(), StoreError> {
    let changed =
        db.execute("UPDATE standing SET epoch = epoch + 1 WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Gone) }
}
