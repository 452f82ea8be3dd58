//! The archive: every policy that was ever released here can be shown whole, and each comes into force at its instant.
//!
//! Keeps promises 0.1 and 7.1.

use std::sync::Arc;

use avouch_policy::{Party, Policy, Source};
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, PolicyRelease, StoreError, Transact, Tx};
use jiff::Timestamp;

use crate::app::App;
use crate::fault::Fault;

/// What a start found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Began {
    /// Nothing was released here before: the policy given is in force from now.
    First,
    /// The policy given was released here.
    Released,
    /// Another policy is in force; the one given was never released, and decides nothing.
    Other {
        /// The version in force.
        in_force: String,
        /// The version that was given.
        given: String,
    },
}

impl App {
    /// Puts the released policies in force, each from its instant; where there is none, the one this was opened with.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn begin(&self, source: &Source) -> Result<Began, Fault> {
        let given = self.policy();
        let source = serde_json::to_string(source).map_err(|e| Fault::NotNow(format!("the policy as JSON: {e}")))?;
        if self.store.transact(ReleaseFirst { policy: Arc::clone(&given), source }).await? {
            return Ok(Began::First);
        }
        let known = self.refresh_releases().await?;
        if known.iter().any(|digest| digest == given.digest().as_bytes()) {
            return Ok(Began::Released);
        }
        let in_force = self.policy().version().to_owned();
        Ok(Began::Other { in_force, given: given.version().to_owned() })
    }

    /// Reads which policies are released, as another node may have released one; gives their digests.
    ///
    /// # Errors
    /// When the store cannot be read, or the policy in force or one that is coming cannot be read any more.
    pub async fn refresh_releases(&self) -> Result<Vec<[u8; 32]>, Fault> {
        let (archived, releases) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            (look.policies().await?, look.releases().await?)
        };
        let now = self.store.now();
        // The latest in force comes first: everything up to the one in force must be whole.
        let needed = releases.iter().position(|release| release.in_force <= now).map_or(0, |at| at + 1);
        let mut released = Vec::with_capacity(releases.len());
        for (at, release) in releases.iter().enumerate() {
            let source =
                archived.iter().find(|policy| policy.digest == release.digest).map(|policy| policy.source.as_str());
            match self.archived(&release.digest, &release.version, source.unwrap_or_default()) {
                Ok(policy) => released.push((release.in_force, policy)),
                Err(fault) if at < needed => return Err(fault),
                Err(fault) => tracing::warn!(%fault, "nothing rests on consents to this policy any more"),
            }
        }
        let digests: Vec<[u8; 32]> = releases.into_iter().map(|release| release.digest).collect();
        let called_off = archived.iter().filter(|policy| !digests.contains(&policy.digest));
        let others =
            called_off.filter_map(|policy| self.archived(&policy.digest, &policy.version, &policy.source).ok());
        self.store.release_policies(released, others.collect());
        Ok(digests)
    }

    /// Every release, the latest in force first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn releases(&self) -> Result<Vec<PolicyRelease>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.releases().await?)
    }

    /// The policy of a release, loaded whole.
    ///
    /// # Errors
    /// [`Fault::NotNow`] when the archive holds something this build cannot read.
    pub async fn released_policy(&self, release: &PolicyRelease) -> Result<Arc<Policy>, Fault> {
        if let Some(known) = self.store.known_policy(&release.digest) {
            return Ok(known);
        }
        // Another node released it a moment ago.
        let archived = {
            let mut reading = self.store.reading().await?;
            reading.look()?.policies().await?
        };
        let archived = archived.into_iter().find(|policy| policy.digest == release.digest).ok_or(Fault::NotFound)?;
        self.archived(&archived.digest, &archived.version, &archived.source)
    }

    fn archived(&self, digest: &[u8; 32], version: &str, source: &str) -> Result<Arc<Policy>, Fault> {
        if let Some(known) = self.store.known_policy(digest) {
            return Ok(known);
        }
        let unreadable = |why: String| Fault::NotNow(format!("the archived policy {version}: {why}"));
        let source: Source = serde_json::from_str(source).map_err(|e| unreadable(e.to_string()))?;
        Policy::load(&source).map(Arc::new).map_err(|e| unreadable(e.to_string()))
    }

    /// A released policy by its version, with its release.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a version that was never released here.
    pub async fn policy_of_version(&self, version: &str) -> Result<(PolicyRelease, Arc<Policy>), Fault> {
        let release = self.releases().await?.into_iter().find(|r| r.version == version).ok_or(Fault::NotFound)?;
        let policy = self.released_policy(&release).await?;
        Ok((release, policy))
    }
}

/// Archives and releases a policy.
pub(super) async fn archive_and_release(
    tx: &mut Tx<'_>,
    policy: &Policy,
    source: &str,
    in_force: Timestamp,
    major: bool,
) -> Result<(), StoreError> {
    let effective = policy.facts().effective.map(|d| d.to_string()).unwrap_or_default();
    let digest = policy.digest().as_bytes();
    tx.archive_policy(digest, policy.version(), &effective, source).await?;
    tx.release_policy(digest, in_force, major).await
}

/// The first policy of an installation: in force from now.
struct ReleaseFirst {
    policy: Arc<Policy>,
    source: String,
}

impl Transact for ReleaseFirst {
    const NAME: &'static str = "release the first policy";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        if !tx.releases().await?.is_empty() {
            return Ok(false);
        }
        let now = tx.now();
        archive_and_release(tx, &self.policy, &self.source, now, false).await?;
        tx.note("publish", self.policy.version(), &[], Party::System, Outcome::Done, None).await?;
        Ok(true)
    }
}
