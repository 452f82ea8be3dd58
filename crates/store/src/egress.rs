//! Calls of the gateway: asked once, named by their asker, tried until they are taken, never unrecorded.
//!
//! Keeps promise 4.1: what is to be sent is asked of the gate anew at every try, and each try is a leaf.

use avouch_ledger::leaf::Outcome;
use avouch_seal::{Aad, Plain, SubjectId};
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EgressState {
    /// It waits for its try.
    Queued,
    /// A try is under way.
    Sending,
    /// The recipient took it.
    Sent,
    /// The recipient refused it, or it was tried often enough.
    Failed,
    /// Whether the recipient got it is not known.
    Unknown,
    /// The gate refuses it by now; nothing more is sent.
    Refused,
}

impl EgressState {
    const ALL: [Self; 6] = [Self::Queued, Self::Sending, Self::Sent, Self::Failed, Self::Unknown, Self::Refused];

    /// Its name in tables and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| StoreError::Unreadable(format!("a call in the unknown state '{name}'")))
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, Self::Sent | Self::Failed | Self::Unknown | Self::Refused)
    }
}

/// A call as it stands.
#[derive(Debug, Clone)]
pub struct Egress {
    /// Whose data it sends.
    pub subject: SubjectId,
    /// Names it, to the recipient too.
    pub id: [u8; 16],
    /// The service that asked for it.
    pub service: String,
    /// Digest of what was asked.
    pub request: [u8; 32],
    /// To whom.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// What became of it.
    pub state: EgressState,
    /// A try under way is over by then.
    pub until: Timestamp,
    /// How often it was tried.
    pub tries: u64,
    /// The status of the last answer.
    pub status: Option<u64>,
    /// What was wrong with the last try.
    pub fault: String,
}

/// A call to be begun.
#[derive(Debug, Clone)]
pub struct NewEgress {
    /// Whose data it sends.
    pub subject: SubjectId,
    /// Names it.
    pub id: [u8; 16],
    /// The service that asks.
    pub service: String,
    /// Digest of the key the service names it by.
    pub key: [u8; 32],
    /// Digest of what is asked.
    pub request: [u8; 32],
    /// To whom.
    pub recipient: String,
    /// What for.
    pub purpose: String,
}

/// How a try ended.
#[derive(Debug, Clone)]
pub struct Concluded {
    /// The state it leaves.
    pub state: EgressState,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// What was wrong.
    pub fault: String,
}

const SELECT_BY_KEY: &str = "SELECT id, service, request, recipient, purpose, at, state, until, tries, status, fault \
                             FROM egress WHERE subject = ?1 AND service = ?2 AND key = ?3";
const SELECT_BY_ID: &str = "SELECT id, service, request, recipient, purpose, at, state, until, tries, status, fault \
                            FROM egress WHERE subject = ?1 AND id = ?2";

fn egress(subject: SubjectId, row: &Row) -> Result<Egress, StoreError> {
    Ok(Egress {
        subject,
        id: row.bytes(0)?,
        service: row.text(1)?.to_owned(),
        request: row.bytes(2)?,
        recipient: row.text(3)?.to_owned(),
        purpose: row.text(4)?.to_owned(),
        at: row.time(5)?,
        state: EgressState::named(row.text(6)?)?,
        until: row.time(7)?,
        tries: row.uint(8)?,
        status: row.int_opt(9)?.map(|status| u64::try_from(status).unwrap_or_default()),
        fault: row.text(10)?.to_owned(),
    })
}

fn place<'a>(look: &'a Look<'_>, subject: &'a SubjectId, id: &'a [u8; 16], what: &'a str) -> Aad<'a> {
    Aad { region: look.shared.region.as_str(), subject: subject.id(), item: what, record: id, version: 1 }
}

pub(crate) const TEMPLATE: &str = "egress template";
pub(crate) const ANSWER: &str = "egress answer";

impl Look<'_> {
    /// A call by the key its service named it by.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn egress_by_key(
        &mut self,
        subject: SubjectId,
        service: &str,
        key: &[u8; 32],
    ) -> Result<Option<Egress>, StoreError> {
        let row = self.db.first(SELECT_BY_KEY, &[Val::Blob(subject.id()), Val::Text(service), Val::Blob(key)]).await?;
        row.map(|row| egress(subject, &row)).transpose()
    }

    /// A call by its id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn egress(&mut self, subject: SubjectId, id: &[u8; 16]) -> Result<Option<Egress>, StoreError> {
        let row = self.db.first(SELECT_BY_ID, &[Val::Blob(subject.id()), Val::Blob(id)]).await?;
        row.map(|row| egress(subject, &row)).transpose()
    }

    /// What a call is to send; nothing once it has ended, or when the person was erased.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it was tampered with.
    pub async fn egress_template(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
    ) -> Result<Option<Plain<Vec<u8>>>, StoreError> {
        self.egress_sealed(subject, id, "SELECT template FROM egress WHERE subject = ?1 AND id = ?2", TEMPLATE).await
    }

    /// What came back of a call, redacted; nothing when nothing did, or it was swept.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it was tampered with.
    pub async fn egress_answer(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
    ) -> Result<Option<Plain<Vec<u8>>>, StoreError> {
        self.egress_sealed(subject, id, "SELECT answer FROM egress WHERE subject = ?1 AND id = ?2", ANSWER).await
    }

    async fn egress_sealed(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
        sql: &'static str,
        what: &str,
    ) -> Result<Option<Plain<Vec<u8>>>, StoreError> {
        let row = self.db.first(sql, &[Val::Blob(subject.id()), Val::Blob(id)]).await?;
        let (Some(row), Some(key)) = (row, self.key(subject).await?) else { return Ok(None) };
        let Some(sealed) = row.blob_opt(0)? else { return Ok(None) };
        let opened = key.open(&place(self, &subject, id, what), sealed);
        opened.map(|plain| Some(Plain::new(plain))).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Calls of the gateway that failed or are not known to have been taken, by recipient.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn failed_egress(&mut self, since: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT recipient, count(*) FROM egress WHERE state IN ('failed', 'unknown') AND ended >= ?1 \
                 GROUP BY recipient ORDER BY recipient",
                &[since.into()],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?))).collect()
    }
}

impl Tx<'_> {
    /// Keeps a call that is to be made, with what it is to send sealed under the subject's key.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the person was erased; [`StoreError::Conflict`] when its key is taken.
    pub async fn begin_egress(&mut self, new: &NewEgress, template: &[u8]) -> Result<(), StoreError> {
        self.held(new.subject, Hold::Shared)?;
        let key = self.key(new.subject).await?.ok_or(StoreError::Gone)?;
        let sealed = key
            .seal(&place(self, &new.subject, &new.id, TEMPLATE), template, self.shared.entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO egress (subject, id, service, key, request, recipient, purpose, at, state, until, tries, \
                 status, fault, template, answer, ended) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', ?8, 0, NULL, '', ?9, NULL, NULL)",
                &[
                    Val::Blob(new.subject.id()),
                    Val::Blob(&new.id),
                    Val::Text(&new.service),
                    Val::Blob(&new.key),
                    Val::Blob(&new.request),
                    Val::Text(&new.recipient),
                    Val::Text(&new.purpose),
                    now.into(),
                    Val::Blob(&sealed),
                ],
            )
            .await?;
        Ok(())
    }

    /// A try of a call begins, which is over by `until`; `given` is the leaf of what it sends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn try_egress(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
        until: Timestamp,
        given: &Receipt,
    ) -> Result<(), StoreError> {
        self.db
            .execute(
                "UPDATE egress SET state = 'sending', until = ?3, tries = tries + 1 WHERE subject = ?1 AND id = ?2",
                &[Val::Blob(subject.id()), Val::Blob(id), until.into()],
            )
            .await?;
        self.db
            .execute(
                "UPDATE disclosure SET egress = ?4 WHERE subject = ?1 AND log = ?2 AND leaf = ?3",
                &[Val::Blob(subject.id()), Val::Text(&given.log), given.index.into(), Val::Blob(id)],
            )
            .await?;
        Ok(())
    }

    /// Writes the leaf of a try's end: whether the recipient took what was given.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn note_delivery(
        &mut self,
        subject: SubjectId,
        recipient: &str,
        purpose: &str,
        taken: bool,
    ) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf("deliver", purpose, if taken { Outcome::Done } else { Outcome::Failed });
        leaf.recipient = Some(recipient.to_owned());
        let key = self.key(subject).await?;
        self.append(leaf, key.as_deref().map(|key| (subject, key)))
    }

    /// A try ended. What came back is sealed under the subject's key; nothing is kept of a person erased meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn conclude_egress(
        &mut self,
        subject: SubjectId,
        id: &[u8; 16],
        ended: &Concluded,
        answer: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let Some(key) = self.key(subject).await? else { return Ok(()) };
        let sealed = answer
            .map(|answer| key.seal(&place(self, &subject, id, ANSWER), answer, self.shared.entropy.as_ref()))
            .transpose()
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let over = ended.state.ended();
        self.db
            .execute(
                "UPDATE egress SET state = ?3, status = ?4, fault = ?5, answer = ?6, ended = ?7 \
                 WHERE subject = ?1 AND id = ?2",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(id),
                    Val::Text(ended.state.name()),
                    ended.status.map(i64::from).into(),
                    Val::Text(&ended.fault),
                    sealed.as_ref().into(),
                    over.then_some(now).into(),
                ],
            )
            .await?;
        if over {
            self.db
                .execute(
                    "UPDATE egress SET template = NULL WHERE subject = ?1 AND id = ?2",
                    &[Val::Blob(subject.id()), Val::Blob(id)],
                )
                .await?;
        }
        Ok(())
    }
}
