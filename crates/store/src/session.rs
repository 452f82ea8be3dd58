//! Sessions: random tokens, stored as digests; device and place sealed like any other personal data.
//!
//! Keeps promises 2.1 and 3.1.

use avouch_seal::{Aad, Plain, SubjectId};
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// What a browser holds: who, and 256 random bits.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret")]
pub struct SessionToken {
    /// Whose session.
    pub subject: SubjectId,
    secret: [u8; 32],
}

impl SessionToken {
    /// A token from its parts; `secret` must be fresh random bytes.
    #[must_use]
    pub fn new(subject: SubjectId, secret: [u8; 32]) -> Self {
        Self { subject, secret }
    }

    /// The text that goes into the cookie.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        format!("{}.{}", self.subject, data_encoding::BASE64URL_NOPAD.encode(&self.secret))
    }

    /// The token in a cookie's text; nothing when it is not one.
    #[must_use]
    pub fn from_cookie(text: &str) -> Option<Self> {
        let (subject, secret) = text.split_once('.')?;
        let secret = data_encoding::BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
        Some(Self { subject: subject.parse().ok()?, secret: secret.try_into().ok()? })
    }

    fn digest(&self) -> [u8; 32] {
        avouch_ledger::hash::sha256(&self.secret)
    }

    /// Names the session on pages without giving the token away.
    #[must_use]
    pub fn name(&self) -> SessionName {
        SessionName(self.digest())
    }
}

/// Names a session: the digest of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionName(pub [u8; 32]);

/// A session as its subject sees it.
#[derive(Debug)]
pub struct SessionInfo {
    /// Its name.
    pub name: SessionName,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub seen: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// When the password was last shown in it.
    pub proved: Timestamp,
    /// Device and coarse place as the subject's own data.
    pub device: Plain<Vec<u8>>,
}

fn aad<'a>(region: &'a str, subject: &'a SubjectId, name: &'a [u8; 32]) -> Aad<'a> {
    Aad { region, subject: subject.id(), item: "session", record: name, version: 1 }
}

impl Look<'_> {
    /// The live sessions of a subject, newest first. For the subject only.
    ///
    /// # Errors
    /// When the database cannot be read, or a row was tampered with.
    pub async fn sessions(&mut self, subject: SubjectId) -> Result<Vec<SessionInfo>, StoreError> {
        let Some(key) = self.key(subject).await? else {
            return Ok(Vec::new());
        };
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT token, created, seen, expires, proved, sealed FROM session \
                 WHERE subject = ?1 AND expires > ?2 ORDER BY seen DESC",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let name: [u8; 32] = row.bytes(0)?;
                let device = key
                    .open(&aad(self.shared.region.as_str(), &subject, &name), row.blob(5)?)
                    .map_err(|e| StoreError::Sealed(e.to_string()))?;
                Ok(SessionInfo {
                    name: SessionName(name),
                    created: row.time(1)?,
                    seen: row.time(2)?,
                    expires: row.time(3)?,
                    proved: row.time(4)?,
                    device: Plain::new(device),
                })
            })
            .collect()
    }

    /// Whether a token is a live session, and when its password was last shown and it was last seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(&mut self, token: &SessionToken) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        if token.subject.region() != &self.shared.region {
            return Ok(None);
        }
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT proved, seen FROM session WHERE subject = ?1 AND token = ?2 AND expires > ?3",
                &[Val::Blob(token.subject.id()), Val::Blob(&token.digest()), now.into()],
            )
            .await?;
        row.map(|row| Ok((row.time(0)?, row.time(1)?))).transpose()
    }
}

impl Tx<'_> {
    /// Starts a session; `proved` when a password was shown for it, so that sensitive acts are open at once.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn start_session(
        &mut self,
        token: &SessionToken,
        expires: Timestamp,
        device: &[u8],
        proved: bool,
    ) -> Result<(), StoreError> {
        self.held(token.subject, Hold::Shared)?;
        let key = self.key(token.subject).await?.ok_or(StoreError::Gone)?;
        let name = token.digest();
        let sealed = key
            .seal(&aad(self.shared.region.as_str(), &token.subject, &name), device, self.shared.entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        let shown = if proved { now } else { Timestamp::UNIX_EPOCH };
        self.db
            .execute(
                "INSERT INTO session (subject, token, created, seen, expires, proved, sealed) \
                 VALUES (?1, ?2, ?3, ?3, ?4, ?6, ?5)",
                &[
                    Val::Blob(token.subject.id()),
                    Val::Blob(&name),
                    now.into(),
                    expires.into(),
                    Val::Blob(&sealed),
                    shown.into(),
                ],
            )
            .await?;
        self.note_seen(token.subject).await
    }

    /// Notes that a session was used, and with `proved` that its password was shown just now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn touch_session(&mut self, token: &SessionToken, proved: bool) -> Result<(), StoreError> {
        self.held(token.subject, Hold::Shared)?;
        let now = self.now();
        self.db
            .execute(
                "UPDATE session SET seen = ?3, proved = CASE WHEN ?4 = 1 THEN ?3 ELSE proved END \
                 WHERE subject = ?1 AND token = ?2",
                &[Val::Blob(token.subject.id()), Val::Blob(&token.digest()), now.into(), proved.into()],
            )
            .await?;
        self.note_seen(token.subject).await
    }

    /// Ends one session; false when there was none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_session(&mut self, subject: SubjectId, name: SessionName) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let ended = self
            .db
            .execute(
                "DELETE FROM session WHERE subject = ?1 AND token = ?2",
                &[Val::Blob(subject.id()), Val::Blob(&name.0)],
            )
            .await?;
        Ok(ended == 1)
    }

    /// Ends every session of a subject but one; gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_sessions(&mut self, subject: SubjectId, but: Option<SessionName>) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        let keep: &[u8] = but.as_ref().map_or(&[], |n| &n.0);
        self.db
            .execute(
                "DELETE FROM session WHERE subject = ?1 AND token <> ?2",
                &[Val::Blob(subject.id()), Val::Blob(keep)],
            )
            .await
    }
}
