//! Releases of policies, and what each person was told of them.
//!
//! Keeps promises 7.1 and 7.2: a release has its instant; that a person was told, and what they answered, stands beside
//! the person and goes with them.

use avouch_ledger::leaf::Outcome;
use avouch_policy::Party;
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::approval::ApprovalId;
use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::standing::ConsentKind;
use crate::tx::{Receipt, Tx};

/// A policy that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRelease {
    /// Its digest.
    pub digest: [u8; 32],
    /// Its version.
    pub version: String,
    /// When it comes or came into force.
    pub in_force: Timestamp,
    /// When it was made public.
    pub released: Timestamp,
    /// Whether people are told by more than an announcement (7.2).
    pub major: bool,
}

/// How a person was told of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// By a message.
    Sent,
    /// On a page of theirs.
    Shown,
    /// They said to have read it.
    Acknowledged,
}

impl Told {
    /// Its name in leaves.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "notice-sent",
            Self::Shown => "notice-shown",
            Self::Acknowledged => "notice-read",
        }
    }

    /// Writes when, where nothing was written yet.
    const fn sql(self) -> &'static str {
        match self {
            Self::Sent => {
                "INSERT INTO policy_notice (subject, digest, sent) VALUES (?1, ?2, ?3) ON CONFLICT (subject, digest) \
                 DO UPDATE SET sent = excluded.sent WHERE policy_notice.sent IS NULL"
            }
            Self::Shown => {
                "INSERT INTO policy_notice (subject, digest, shown) VALUES (?1, ?2, ?3) ON CONFLICT (subject, digest) \
                 DO UPDATE SET shown = excluded.shown WHERE policy_notice.shown IS NULL"
            }
            Self::Acknowledged => {
                "INSERT INTO policy_notice (subject, digest, acknowledged) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (subject, digest) DO UPDATE SET acknowledged = excluded.acknowledged \
                 WHERE policy_notice.acknowledged IS NULL"
            }
        }
    }
}

/// What a person was told of one release, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseNotice {
    /// The release.
    pub digest: [u8; 32],
    /// A message was sent.
    pub sent: Option<Timestamp>,
    /// It was shown.
    pub shown: Option<Timestamp>,
    /// It was said to be read.
    pub acknowledged: Option<Timestamp>,
}

/// An answer of a person as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAnswer {
    /// What kind.
    pub kind: ConsentKind,
    /// The purpose or recipient it is about.
    pub target: String,
    /// The digest of the policy it was given to.
    pub policy: [u8; 32],
    /// Yes or no.
    pub given: bool,
}

impl Tx<'_> {
    /// Releases an archived policy.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was released already.
    pub async fn release_policy(
        &mut self,
        digest: &[u8; 32],
        in_force: Timestamp,
        major: bool,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO policy_release (digest, in_force, released, major) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Blob(digest), in_force.into(), now.into(), major.into()],
            )
            .await?;
        Ok(())
    }

    /// Keeps the files of a policy beside the request that it may be released; those of requests that are over go.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_proposal(&mut self, of: ApprovalId, until: Timestamp, source: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM policy_proposal WHERE until <= ?1", &[now.into()]).await?;
        self.db
            .execute(
                "INSERT INTO policy_proposal (approval, until, source) VALUES (?1, ?2, ?3)",
                &[Val::Blob(&of.0), until.into(), Val::Text(source)],
            )
            .await?;
        Ok(())
    }

    /// Takes a release back that has not come into force yet. True when there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn call_off_release(&mut self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        let now = self.now();
        let gone = self
            .db
            .execute("DELETE FROM policy_release WHERE digest = ?1 AND in_force > ?2", &[Val::Blob(digest), now.into()])
            .await?;
        Ok(gone == 1)
    }

    /// Records that a person was told of a release; the first time of each way counts. Gives the leaf's place, or
    /// nothing when it was recorded before.
    ///
    /// # Errors
    /// [`StoreError::Gone`] where there is no such subject.
    pub async fn told_of_release(
        &mut self,
        subject: SubjectId,
        digest: &[u8; 32],
        version: &str,
        told: Told,
        by: Party,
    ) -> Result<Option<Receipt>, StoreError> {
        self.held(subject, Hold::Shared)?;
        let now = self.now();
        let values = [Val::Blob(subject.id()), Val::Blob(digest), now.into()];
        let new = self.db.execute(told.sql(), &values).await?;
        if new == 0 {
            return Ok(None);
        }
        self.note(told.name(), version, &[], by, Outcome::Done, Some(subject)).await.map(Some)
    }

    /// Records a no to what a release newly asks for.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn decline(&mut self, subject: SubjectId, digest: &[u8; 32], target: &str) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO policy_declined (subject, digest, target, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, digest, target) DO UPDATE SET at = excluded.at",
                &[Val::Blob(subject.id()), Val::Blob(digest), Val::Text(target), now.into()],
            )
            .await?;
        Ok(())
    }
}

impl Look<'_> {
    /// The files of a policy that waits to be released, as JSON; nothing when the request is over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn proposal(&mut self, of: ApprovalId) -> Result<Option<String>, StoreError> {
        let (now, id) = (self.now(), Val::Blob(&of.0));
        let kept = "SELECT source FROM policy_proposal WHERE approval = ?1 AND until > ?2";
        self.db.first(kept, &[id, now.into()]).await?.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// Every release, the latest in force first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn releases(&mut self) -> Result<Vec<PolicyRelease>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT r.digest, p.version, r.in_force, r.released, r.major FROM policy_release r \
                 JOIN policy p ON p.digest = r.digest ORDER BY r.in_force DESC, r.released DESC",
                &[],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(PolicyRelease {
                    digest: row.bytes(0)?,
                    version: row.text(1)?.to_owned(),
                    in_force: row.time(2)?,
                    released: row.time(3)?,
                    major: row.flag(4)?,
                })
            })
            .collect()
    }

    /// What a person was told of releases.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn release_notices(&mut self, subject: SubjectId) -> Result<Vec<ReleaseNotice>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT digest, sent, shown, acknowledged FROM policy_notice WHERE subject = ?1",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ReleaseNotice {
                    digest: row.bytes(0)?,
                    sent: row.time_opt(1)?,
                    shown: row.time_opt(2)?,
                    acknowledged: row.time_opt(3)?,
                })
            })
            .collect()
    }

    /// What a person said no to, of what releases newly asked for: the question's target and the release's digest.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn declined(&mut self, subject: SubjectId) -> Result<Vec<(String, [u8; 32])>, StoreError> {
        let rows = self
            .db
            .query("SELECT target, digest FROM policy_declined WHERE subject = ?1", &[Val::Blob(subject.id())])
            .await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.bytes(1)?))).collect()
    }

    /// A person's answers as they stand, yes and no, with the policy each was given to.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn answers(&mut self, subject: SubjectId) -> Result<Vec<StandingAnswer>, StoreError> {
        let rows = self
            .db
            .query("SELECT kind, target, policy, given FROM consent WHERE subject = ?1", &[Val::Blob(subject.id())])
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(kind) = ConsentKind::named(row.text(0)?) {
                let (target, policy, given) = (row.text(1)?.to_owned(), row.bytes(2)?, row.flag(3)?);
                out.push(StandingAnswer { kind, target, policy, given });
            }
        }
        Ok(out)
    }
}
