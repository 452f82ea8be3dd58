//! Looking: what may be read of the store without a permit: never a plaintext.
//!
//! A [`Look`] is one connection with the time and the policy as they were when it began. A
//! transaction can do all that a look can; see [`crate::Tx`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use avouch_policy::Policy;
use avouch_seal::{SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::engine::Db;
use crate::error::StoreError;
use crate::pool::Loan;
use crate::regime::InForce;
use crate::standing::{self, Account};
use crate::store::Shared;

/// A connection to look through, with its time and policy.
pub struct Look<'c> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) db: Db<'c>,
    in_force: Arc<InForce>,
    now: Timestamp,
    key: Option<(SubjectId, Arc<SubjectKey>)>,
    scope: u64,
}

/// A number no other look or transaction of this process has. Two looks taken side by side can share one
/// lifetime, so the types alone cannot tell their permits apart; this does.
fn new_scope() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("now", &self.now).finish_non_exhaustive()
    }
}

/// A connection taken for looking; [`Reading::look`] begins.
pub struct Reading<'p> {
    pub(crate) shared: &'p Arc<Shared>,
    pub(crate) loan: Loan<'p>,
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading")
    }
}

impl Reading<'_> {
    /// Begins a look.
    ///
    /// # Errors
    /// When the connection was lost.
    pub fn look(&mut self) -> Result<Look<'_>, StoreError> {
        Ok(Look::new(Arc::clone(self.shared), self.loan.db()?))
    }
}

impl<'c> Look<'c> {
    pub(crate) fn new(shared: Arc<Shared>, db: Db<'c>) -> Self {
        let (in_force, now) = (shared.in_force(), shared.clock.now());
        Self { shared, db, in_force, now, key: None, scope: new_scope() }
    }

    pub(crate) fn refresh(&mut self) {
        self.in_force = self.shared.in_force();
        self.now = self.shared.clock.now();
        self.key = None;
        self.scope = new_scope();
    }

    /// Which look, or which transaction, this is.
    pub(crate) fn scope(&self) -> u64 {
        self.scope
    }

    /// The time of this look.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.in_force.policy
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.shared.entropy.fill(&mut out);
        out
    }

    /// A subject's standing and account; nothing where there is no such subject, or it was erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account(&mut self, subject: SubjectId) -> Result<Option<Account>, StoreError> {
        if subject.region() != &self.shared.region {
            return Ok(None);
        }
        let account = standing::load(&mut self.db, &self.in_force, self.shared.region.as_str(), subject).await?;
        Ok(account.filter(|a| a.standing.state != avouch_policy::State::Erased))
    }

    /// The subject's key, from the key store, which is the truth: no key, no subject.
    pub(crate) async fn key(&mut self, subject: SubjectId) -> Result<Option<Arc<SubjectKey>>, StoreError> {
        if let Some((whose, key)) = &self.key
            && *whose == subject
        {
            return Ok(Some(Arc::clone(key)));
        }
        let key = self.shared.keys.load(subject).await?.map(Arc::new);
        if let Some(key) = &key {
            self.key = Some((subject, Arc::clone(key)));
        }
        Ok(key)
    }
}
