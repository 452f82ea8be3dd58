//! Tokens: random text that a service holds in place of a value, and that only the gate turns back.
//!
//! Keeps promises 2.0 and 5.5: a token says nothing; it is stored as a digest, bound to subject, item, record, purpose
//! and service, and is dead with any of them, at its end, or when its uses are spent.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::record::RecordId;
use crate::tx::Tx;

/// What a token stands for.
#[derive(Debug, Clone)]
pub struct TokenHead {
    /// Names it among the subject's, without being it: the digest in hex, shortened.
    pub handle: String,
    /// Whose value.
    pub subject: SubjectId,
    /// The service that holds it.
    pub service: String,
    /// What it may be revealed for.
    pub purpose: String,
    /// Of which item.
    pub item: String,
    /// Which record of it.
    pub record: RecordId,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; nothing: with the value.
    pub expires: Option<Timestamp>,
    /// How often it can still be revealed; nothing: as often as is permitted.
    pub uses: Option<u64>,
}

/// The text of a token.
const PREFIX: &str = "tok_";

fn digest(token: &str) -> [u8; 32] {
    avouch_ledger::hash::sha256(token.as_bytes())
}

fn head(look: &Look<'_>, row: &Row) -> Result<TokenHead, StoreError> {
    let handle: String = data_encoding::HEXLOWER.encode(row.blob(0)?).chars().take(16).collect();
    Ok(TokenHead {
        handle,
        subject: SubjectId::new(look.shared.region, row.bytes(1)?),
        service: row.text(2)?.to_owned(),
        purpose: row.text(3)?.to_owned(),
        item: row.text(4)?.to_owned(),
        record: RecordId(row.bytes(5)?),
        created: row.time(6)?,
        expires: row.time_opt(7)?,
        uses: row.int_opt(8)?.map(|uses| u64::try_from(uses).unwrap_or_default()),
    })
}

impl Look<'_> {
    /// What a token of this service stands for; nothing for one that is over, spent, revoked, or not its own.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token(&mut self, token: &str, service: &str) -> Result<Option<TokenHead>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT digest, subject, service, purpose, item, record, created, expires, uses FROM token \
                 WHERE digest = ?1 AND service = ?2 AND (expires IS NULL OR expires > ?3) \
                 AND (uses IS NULL OR uses > 0)",
                &[Val::Blob(&digest(token)), Val::Text(service), now.into()],
            )
            .await?;
        row.map(|row| head(self, &row)).transpose()
    }

    /// The tokens of a subject, newest first; those that are over are not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&mut self, subject: SubjectId) -> Result<Vec<TokenHead>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT digest, subject, service, purpose, item, record, created, expires, uses FROM token \
                 WHERE subject = ?1 AND (expires IS NULL OR expires > ?2) AND (uses IS NULL OR uses > 0) \
                 ORDER BY created DESC, digest LIMIT 10000",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        rows.iter().map(|row| head(self, row)).collect()
    }
}

impl Tx<'_> {
    /// Makes a token; gives its text, which is not stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn make_token(&mut self, token: &TokenHead) -> Result<String, StoreError> {
        self.held(token.subject, Hold::Shared)?;
        let text = format!("{PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&self.random::<24>()));
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO token (digest, subject, service, purpose, item, record, created, expires, uses) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                &[
                    Val::Blob(&digest(&text)),
                    Val::Blob(token.subject.id()),
                    Val::Text(&token.service),
                    Val::Text(&token.purpose),
                    Val::Text(&token.item),
                    Val::Blob(&token.record.0),
                    now.into(),
                    token.expires.into(),
                    token.uses.into(),
                ],
            )
            .await?;
        Ok(text)
    }

    /// Spends one use of a token; false when none is left.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_token(&mut self, token: &str) -> Result<bool, StoreError> {
        let changed = self
            .db
            .execute(
                "UPDATE token SET uses = uses - 1 WHERE digest = ?1 AND (uses IS NULL OR uses > 0)",
                &[Val::Blob(&digest(token))],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Revokes the tokens of a subject whose digest begins with a handle; of one service, or of all. Gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_token(
        &mut self,
        subject: SubjectId,
        handle: &str,
        service: Option<&str>,
    ) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        let mut gone = 0;
        let rows =
            self.db.query("SELECT digest, service FROM token WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
        for row in &rows {
            let full = row.blob(0)?;
            let named = handle.len() >= 16 && data_encoding::HEXLOWER.encode(full).starts_with(handle);
            if named && service.is_none_or(|service| row.text(1).is_ok_and(|name| name == service)) {
                gone += self.db.execute("DELETE FROM token WHERE digest = ?1", &[Val::Blob(full)]).await?;
                self.journal_ended(subject, &["token", &data_encoding::HEXLOWER.encode(full)]);
            }
        }
        Ok(gone)
    }
}
