//! The archive: every policy that was ever in force here can be shown whole.
//!
//! Keeps promises 0.1 and 7.1.

use std::sync::Arc;

use avouch_policy::{Party, Policy, Source};
use avouch_seal::SubjectId;
use avouch_store::{Archived, Hold, Outcome, StoreError, Transact, Tx};

use crate::app::App;
use crate::fault::Fault;

impl App {
    /// Archives the policy in force, if it is new here. True when it was.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn archive(&self, source: &Source) -> Result<bool, Fault> {
        let json = serde_json::to_string(source).map_err(|e| Fault::NotNow(format!("the policy as JSON: {e}")))?;
        Ok(self.store.transact(Archive { policy: self.policy(), source: json }).await?)
    }

    /// Every archived policy, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn policies(&self) -> Result<Vec<Archived>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.policies().await?)
    }

    /// A policy of the archive by its version, loaded whole.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a version that never held here.
    pub async fn past_policy(&self, version: &str) -> Result<Policy, Fault> {
        let archived = self.policies().await?.into_iter().find(|p| p.version == version).ok_or(Fault::NotFound)?;
        let source: Source =
            serde_json::from_str(&archived.source).map_err(|e| Fault::NotNow(format!("the archived policy: {e}")))?;
        Policy::load(&source).map_err(|e| Fault::NotNow(format!("the archived policy: {e}")))
    }
}

struct Archive {
    policy: Arc<Policy>,
    source: String,
}

impl Transact for Archive {
    const NAME: &'static str = "archive a policy";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let facts = self.policy.facts();
        let effective = facts.effective.map(|d| d.to_string()).unwrap_or_default();
        let version = facts.version.clone().unwrap_or_default();
        let new = tx.archive_policy(self.policy.digest().as_bytes(), &version, &effective, &self.source).await?;
        if new {
            tx.note("publish", &version, &[], Party::System, Outcome::Done, None).await?;
            // Ends follow the new rules soon (5.1); the first policy of all finds nothing to reckon.
            if tx.is_later_policy().await? {
                tx.queue("sweep", None, tx.now(), "").await?;
            }
        }
        Ok(new)
    }
}
