//! Services: the controller's applications, each with a credential bound to purposes.
//!
//! Keeps promise 2.0: a service can claim only the purposes it was registered for.

use std::sync::Arc;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// A service whose credential the store has checked. Cannot be made elsewhere.
#[derive(Debug, Clone)]
pub struct Credential {
    name: String,
    purposes: Vec<String>,
    abroad: Option<String>,
}

impl Credential {
    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The purposes it may claim.
    #[must_use]
    pub fn purposes(&self) -> &[String] {
        &self.purposes
    }

    /// The recipient abroad that runs it, where one does: what it uses goes there (5.4).
    #[must_use]
    pub fn abroad(&self) -> Option<&str> {
        self.abroad.as_deref()
    }

    /// Whether it may claim a purpose.
    #[must_use]
    pub fn may_claim(&self, purpose: &str) -> bool {
        self.purposes.iter().any(|p| p == purpose)
    }
}

fn secret_digest(secret: &[u8]) -> [u8; 32] {
    avouch_ledger::hash::sha256(secret)
}

impl Look<'_> {
    /// The service that this credential belongs to; nothing for an unknown, wrong or suspended one.
    ///
    /// A credential is `NAME.SECRET`; the secret is 256 random bits, so a plain digest suffices.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn service(&mut self, credential: &str) -> Result<Option<Arc<Credential>>, StoreError> {
        let Some((name, secret)) = credential.split_once('.') else {
            return Ok(None);
        };
        let Some(row) = self
            .db
            .first("SELECT secret, purposes, state, abroad FROM service WHERE name = ?1", &[Val::Text(name)])
            .await?
        else {
            return Ok(None);
        };
        // Digests are compared, so the time taken tells nothing of the secret.
        if row.blob(0)? != secret_digest(secret.as_bytes()) || row.int(2)? != 0 {
            return Ok(None);
        }
        checked(name, row.text(1)?, row.text(3)?).map(Some)
    }
}

impl Look<'_> {
    /// A registered service by its name, for who acts on its behalf on this machine, such as an import of its own
    /// tables; nothing for an unknown or suspended one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn service_named(&mut self, name: &str) -> Result<Option<Arc<Credential>>, StoreError> {
        let row = self
            .db
            .first("SELECT purposes, abroad FROM service WHERE name = ?1 AND state = 0", &[Val::Text(name)])
            .await?;
        row.map(|row| checked(name, row.text(0)?, row.text(1)?)).transpose()
    }
}

fn checked(name: &str, purposes: &str, abroad: &str) -> Result<Arc<Credential>, StoreError> {
    let purposes = serde_json::from_str(purposes)
        .map_err(|_| StoreError::Unreadable(format!("the purposes of the service '{name}' are not a list")))?;
    let abroad = (!abroad.is_empty()).then(|| abroad.to_owned());
    Ok(Arc::new(Credential { name: name.to_owned(), purposes, abroad }))
}

impl Tx<'_> {
    /// Registers a service for purposes of the policy; gives its credential, shown once. `abroad` names the
    /// recipient abroad that runs it, where one does.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub async fn register_service(
        &mut self,
        name: &str,
        purposes: &[String],
        abroad: Option<&str>,
    ) -> Result<String, StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&self.random::<32>());
        let list = serde_json::to_string(purposes)
            .map_err(|e| StoreError::Misused { name: "register_service", why: e.to_string() })?;
        let digest = secret_digest(secret.as_bytes());
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO service (name, secret, purposes, state, created, abroad) VALUES (?1, ?2, ?3, 0, ?4, ?5)",
                &[
                    Val::Text(name),
                    Val::Blob(&digest),
                    Val::Text(&list),
                    now.into(),
                    Val::Text(abroad.unwrap_or_default()),
                ],
            )
            .await?;
        Ok(format!("{name}.{secret}"))
    }
}
