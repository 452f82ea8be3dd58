//! Keys: what there is, and turning them over while people are served.
//!
//! Keeps promise 5.5 (ASVS 11.1). Each rotation begins and ends with a leaf. Stopped anywhere, the same command goes
//! on with it, and makes no second new key.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, Receipt, StoreError, Transact, Tx};

use crate::app::App;
use crate::fault::Fault;

/// People's keys wrapped anew in one commit of the key store.
const PAGE: u32 = 500;

/// What a rotation did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Rotated {
    /// The version that wraps from now on.
    pub version: String,
    /// Keys that were wrapped anew.
    pub rewrapped: u64,
    /// The leaf of its end.
    pub receipt: Receipt,
}

/// What sealing anew did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SealedAnew {
    /// The region's suite.
    pub suite: &'static str,
    /// Values and objects sealed anew.
    pub count: u64,
    /// Values that do not open: damaged before, and left as they are.
    pub broken: u64,
    /// The leaf of its end.
    pub receipt: Receipt,
}

/// What retiring gave up.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Retired {
    /// Region keys that wrapped nobody's key any more.
    pub region_keys: u64,
    /// The one version of the root key that is left.
    pub root: String,
    /// The leaf.
    pub receipt: Receipt,
}

impl App {
    /// Turns the root key over: a new version, and every key below wrapped by it.
    ///
    /// # Errors
    /// When the root key or the key store cannot be used; run it again to go on.
    pub async fn rotate_root(&self) -> Result<Rotated, Fault> {
        let version = self.store.next_root_key().await?;
        self.store.transact(Note { act: "make key", about: "root key" }).await?;
        let rewrapped = self.store.rewrap_root().await?;
        let receipt = self.store.transact(Note { act: "rotate", about: "root key" }).await?;
        Ok(Rotated { version, rewrapped, receipt })
    }

    /// Turns the region's key over: a new version, and every person's key wrapped by it. `progress` is told how many
    /// people's keys have been looked at.
    ///
    /// # Errors
    /// When the key store cannot be used; run it again to go on.
    pub async fn rotate_region(&self, mut progress: impl FnMut(u64)) -> Result<Rotated, Fault> {
        let version = self.store.next_region_key().await?;
        self.store.transact(Note { act: "make key", about: "region key" }).await?;
        let (mut after, mut rewrapped, mut seen) = (None, 0, 0);
        loop {
            let page = self.store.rewrap_people(after, PAGE).await?;
            rewrapped += page.count;
            seen += u64::from(PAGE);
            progress(seen);
            match page.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let receipt = self.store.transact(Note { act: "rotate", about: "region key" }).await?;
        Ok(Rotated { version: version.to_string(), rewrapped, receipt })
    }

    /// Seals anew, with the region's suite, what is sealed with another. `progress` is told how many values were, and of
    /// how many but for pictures and videos.
    ///
    /// # Errors
    /// When a store cannot be read or written; run it again to go on.
    pub async fn reseal(&self, mut progress: impl FnMut(u64, u64)) -> Result<SealedAnew, Fault> {
        let left = self.store.left_to_reseal().await?;
        let suite = self.store.suite().name();
        self.store.transact(Note { act: "seal anew", about: suite }).await?;
        let (mut at, mut count, mut broken) = (None, 0, 0);
        loop {
            let page = self.store.reseal(at, PAGE).await?;
            count += page.count;
            broken += page.broken;
            progress(count, left);
            match page.next {
                Some(next) => at = Some(next),
                None => break,
            }
        }
        let receipt = self.store.transact(Note { act: "sealed anew", about: suite }).await?;
        Ok(SealedAnew { suite, count, broken, receipt })
    }

    /// Gives up the versions that wrap nothing any more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while a rotation of the root key is not finished.
    pub async fn retire_keys(&self) -> Result<Retired, Fault> {
        self.store.retire_root_keys().await?;
        let region_keys = self.store.retire_region_keys().await?;
        let receipt = self.store.transact(Note { act: "retire", about: "keys" }).await?;
        Ok(Retired { region_keys, root: self.store.root_version()?, receipt })
    }
}

/// A leaf about keys; nobody's in particular.
struct Note {
    act: &'static str,
    about: &'static str,
}

impl Transact for Note {
    const NAME: &'static str = "note what was done with keys";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        tx.note(self.act, self.about, &[], Party::System, Outcome::Done, None).await
    }
}
