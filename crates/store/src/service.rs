//! Services: the controller's applications, each with a credential bound to purposes.
//!
//! Keeps promises 2.0 and 5.2: a service can claim only the purposes it was registered for; it declares how long it
//! keeps what it reads and where it is told of withdrawals and erasures, and is suspended when it stays silent.

use std::sync::Arc;

use avouch_ledger::leaf::Outcome;
use avouch_policy::Party;
use avouch_seal::{Aad, Plain};
use jiff::{SignedDuration, Timestamp};

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

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

/// What a service declares of itself when it is registered.
#[derive(Debug, Clone, Default)]
pub struct ServiceTerms {
    /// The purposes it may claim.
    pub purposes: Vec<String>,
    /// How long it may keep what it read; nothing past its answer where it is zero.
    pub cache: SignedDuration,
    /// Where it is told of withdrawals, corrections and erasures; empty where it keeps nothing.
    pub hook: String,
    /// The recipient abroad that runs it or can look into it: what it uses is asked as sending abroad (5.4).
    pub abroad: Option<String>,
}

/// A registered service, as staff see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ServiceStanding {
    /// Its name.
    pub name: String,
    /// The purposes it may claim.
    pub purposes: Vec<String>,
    /// How long it may keep what it read, in seconds.
    pub cache: u64,
    /// Where it is told; empty where it keeps nothing.
    pub hook: String,
    /// Whether its credential is refused.
    pub suspended: bool,
    /// Why.
    pub reason: String,
    /// When it was registered.
    pub created: Timestamp,
}

fn secret_digest(secret: &[u8]) -> [u8; 32] {
    avouch_ledger::hash::sha256(secret)
}

fn list(name: &str, purposes: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(purposes)
        .map_err(|_| StoreError::Unreadable(format!("the purposes of the service '{name}' are not a list")))
}

fn hook_key_place<'a>(look: &'a Look<'_>, name: &'a str) -> Aad<'a> {
    Aad { region: look.shared.region.as_str(), subject: &[], item: "hook key", record: name.as_bytes(), version: 1 }
}

fn checked(name: &str, purposes: &str, abroad: &str) -> Result<Arc<Credential>, StoreError> {
    let abroad = (!abroad.is_empty()).then(|| abroad.to_owned());
    Ok(Arc::new(Credential { name: name.to_owned(), purposes: list(name, purposes)?, abroad }))
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

    /// Every registered service.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn services(&mut self) -> Result<Vec<ServiceStanding>, StoreError> {
        let rows = self
            .db
            .query("SELECT name, purposes, cache, hook, state, reason, created FROM service ORDER BY name", &[])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ServiceStanding {
                    name: row.text(0)?.to_owned(),
                    purposes: list(row.text(0)?, row.text(1)?)?,
                    cache: row.uint(2)?,
                    hook: row.text(3)?.to_owned(),
                    suspended: row.int(4)? != 0,
                    reason: row.text(5)?.to_owned(),
                    created: row.time(6)?,
                })
            })
            .collect()
    }

    /// Within what time a service must acknowledge what it is told; nothing where it has no hook.
    pub(crate) async fn cache_of(&mut self, name: &str) -> Result<Option<SignedDuration>, StoreError> {
        let row = self.db.first("SELECT cache FROM service WHERE name = ?1 AND hook <> ''", &[Val::Text(name)]).await?;
        row.map(|row| row.int(0).map(SignedDuration::from_secs)).transpose()
    }

    /// Where a service is told, and the key its calls are signed with; nothing where it has no hook.
    ///
    /// # Errors
    /// When the database cannot be read, or the key does not open.
    pub async fn hook(&mut self, name: &str) -> Result<Option<(String, Plain<Vec<u8>>)>, StoreError> {
        let row = self
            .db
            .first("SELECT hook, hook_key FROM service WHERE name = ?1 AND hook <> ''", &[Val::Text(name)])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let key = self.shared.keys.holding()?.open(&hook_key_place(self, name), row.blob(1)?);
        let key = key.map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok(Some((row.text(0)?.to_owned(), Plain::new(key))))
    }
}

impl Tx<'_> {
    /// Registers a service; gives its credential and, where it has a hook, the key its calls are signed with, each
    /// shown once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub async fn register_service(
        &mut self,
        name: &str,
        terms: &ServiceTerms,
    ) -> Result<(String, Option<String>), StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&self.random::<32>());
        let list = serde_json::to_string(&terms.purposes)
            .map_err(|e| StoreError::Misused { name: "register_service", why: e.to_string() })?;
        let digest = secret_digest(secret.as_bytes());
        let now = self.now();
        let (key, sealed) = if terms.hook.is_empty() {
            (None, None)
        } else {
            let (key, sealed) = self.new_hook_key(name)?;
            (Some(key), Some(sealed))
        };
        self.db
            .execute(
                "INSERT INTO service (name, secret, purposes, state, created, abroad, cache, hook, hook_key) \
                 VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8)",
                &[
                    Val::Text(name),
                    Val::Blob(&digest),
                    Val::Text(&list),
                    now.into(),
                    Val::Text(terms.abroad.as_deref().unwrap_or_default()),
                    terms.cache.as_secs().into(),
                    Val::Text(&terms.hook),
                    sealed.as_ref().into(),
                ],
            )
            .await?;
        Ok((format!("{name}.{secret}"), key))
    }

    fn new_hook_key(&self, name: &str) -> Result<(String, Vec<u8>), StoreError> {
        let key = self.random::<32>();
        let sealed = self
            .shared
            .keys
            .holding()?
            .seal(&hook_key_place(self, name), &key, self.shared.entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok((data_encoding::BASE64.encode(&key), sealed))
    }

    /// Gives a service a new credential and, where it has a hook, a new key; the old ones end with this commit.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] for an unknown service.
    pub async fn rotate_service(&mut self, name: &str) -> Result<(String, Option<String>), StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&self.random::<32>());
        let hooked = self.cache_of(name).await?.is_some();
        let (key, sealed) = self.new_hook_key(name)?;
        let changed = self
            .db
            .execute(
                "UPDATE service SET secret = ?2, hook_key = ?3 WHERE name = ?1",
                &[Val::Text(name), Val::Blob(&secret_digest(secret.as_bytes())), hooked.then_some(&sealed).into()],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::NoRecord);
        }
        self.journal_shut("service", name, "credential");
        Ok((format!("{name}.{secret}"), hooked.then_some(key)))
    }

    /// Suspends a service, or lets it in again; false when it is so already or is not known.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suspend_service(&mut self, name: &str, suspend: bool, reason: &str) -> Result<bool, StoreError> {
        let changed = self
            .db
            .execute(
                "UPDATE service SET state = ?2, reason = ?3 WHERE name = ?1 AND state <> ?2",
                &[Val::Text(name), suspend.into(), Val::Text(if suspend { reason } else { "" })],
            )
            .await?;
        if suspend && changed == 1 {
            self.journal_shut("service", name, "suspended");
        }
        Ok(changed == 1)
    }

    /// Writes the leaf of what was done about a service.
    ///
    /// # Errors
    /// When the database keeps no log.
    pub fn note_service(&mut self, act: &str, name: &str, party: Party, by: &str) -> Result<Receipt, StoreError> {
        let mut leaf = self.plain_leaf(act, name, Outcome::Done);
        party.as_str().clone_into(&mut leaf.party);
        by.clone_into(&mut leaf.actor);
        self.append(leaf, None)
    }
}
