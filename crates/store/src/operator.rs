//! Operators: one-time links and console sessions, stored as digests.
//!
//! Keeps promise 5.6 (access control of staff): nobody is let in by a default password.

use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// To sign in, once.
    Link,
    /// To stay signed in.
    Session,
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Session => "session",
        }
    }
}

impl Tx<'_> {
    /// Makes a token for an operator; gives its secret text, shown once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn operator_token(
        &mut self,
        operator: &str,
        kind: TokenKind,
        expires: Timestamp,
    ) -> Result<String, StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&self.random::<32>());
        let digest = avouch_ledger::hash::sha256(secret.as_bytes());
        self.db
            .execute(
                "INSERT INTO operator_token (token, operator, kind, expires) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Blob(&digest), Val::Text(operator), Val::Text(kind.name()), expires.into()],
            )
            .await?;
        Ok(secret)
    }

    /// Spends a one-time link: gives its operator, once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_link(&mut self, secret: &str) -> Result<Option<String>, StoreError> {
        let digest = avouch_ledger::hash::sha256(secret.as_bytes());
        let now = self.now();
        let row = self
            .db
            .first(
                "DELETE FROM operator_token WHERE token = ?1 AND kind = 'link' AND expires > ?2 RETURNING operator",
                &[Val::Blob(&digest), now.into()],
            )
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// Ends an operator's session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_operator_session(&mut self, secret: &str) -> Result<(), StoreError> {
        let digest = avouch_ledger::hash::sha256(secret.as_bytes());
        self.db.execute("DELETE FROM operator_token WHERE token = ?1", &[Val::Blob(&digest)]).await?;
        Ok(())
    }
}

impl Look<'_> {
    /// The operator whose session this is; nothing when it is none, or over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator(&mut self, secret: &str) -> Result<Option<String>, StoreError> {
        let digest = avouch_ledger::hash::sha256(secret.as_bytes());
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT operator FROM operator_token WHERE token = ?1 AND kind = 'session' AND expires > ?2",
                &[Val::Blob(&digest), now.into()],
            )
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }
}
