//! The policy in force, the ones that are coming, and what answers to earlier ones still cover.
//!
//! Keeps promises 7.1 and 7.2. A policy that was released comes into force at its instant by itself, on every node that
//! knows of it; what was permitted under the one before is decided anew. An answer holds for what it was given to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use avouch_policy::{Policy, Scope};
use jiff::Timestamp;

use crate::standing::ConsentKind;

/// What an answer given under some policy covers under the one in force.
#[derive(Debug, Clone)]
pub(crate) enum Covered {
    /// All of it.
    Whole,
    /// Less.
    Part(Arc<Scope>),
    /// It was given to a policy that is not known here: nothing can be rested on it.
    Unknown,
}

/// What answers under one earlier policy cover where that is not all.
#[derive(Debug, Default)]
struct Given {
    purposes: HashMap<String, Arc<Scope>>,
    recipients: HashMap<String, Arc<Scope>>,
}

impl Given {
    fn under(now: &Policy, given: &Policy) -> Self {
        let part = |name: &String, scope: Option<Scope>| scope.map(|scope| (name.clone(), Arc::new(scope)));
        let facts = now.facts();
        let purposes = facts.usage.purposes.keys().filter_map(|p| part(p, now.covered_purpose(given, p)));
        let recipients = facts.sharing.recipients.keys().filter_map(|r| part(r, now.covered_recipient(given, r)));
        Self { purposes: purposes.collect(), recipients: recipients.collect() }
    }
}

/// A policy in force, with what answers to the others cover.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) policy: Arc<Policy>,
    given: HashMap<[u8; 32], Given>,
}

impl InForce {
    fn new(policy: Arc<Policy>, known: &[Arc<Policy>]) -> Self {
        let others = known.iter().filter(|other| other.digest() != policy.digest());
        let given = others.map(|other| (*other.digest().as_bytes(), Given::under(&policy, other))).collect();
        Self { policy, given }
    }

    /// What an answer covers that was given under the policy of this digest.
    pub(crate) fn covered(&self, digest: &[u8], kind: ConsentKind, target: &str) -> Covered {
        if digest == self.policy.digest().as_bytes() {
            return Covered::Whole;
        }
        let Some(given) = <&[u8; 32]>::try_from(digest).ok().and_then(|digest| self.given.get(digest)) else {
            return Covered::Unknown;
        };
        let part = match kind {
            ConsentKind::Recipient | ConsentKind::Abroad => given.recipients.get(target),
            _ => given.purposes.get(target),
        };
        part.map_or(Covered::Whole, |scope| Covered::Part(Arc::clone(scope)))
    }
}

struct Inner {
    now: Arc<InForce>,
    /// In the order in which they come into force.
    coming: VecDeque<(Timestamp, Arc<Policy>)>,
    known: Vec<Arc<Policy>>,
}

impl Inner {
    fn install(&mut self, policy: Arc<Policy>) {
        if !self.known.iter().any(|other| other.digest() == policy.digest()) {
            self.known.push(Arc::clone(&policy));
        }
        self.now = Arc::new(InForce::new(policy, &self.known));
    }
}

/// Which policy is in force when.
pub(crate) struct Regime(RwLock<Inner>);

impl Regime {
    pub(crate) fn new(policy: Arc<Policy>) -> Self {
        let known = vec![Arc::clone(&policy)];
        let now = Arc::new(InForce::new(policy, &known));
        Self(RwLock::new(Inner { now, coming: VecDeque::new(), known }))
    }

    /// The policy in force at `now`.
    pub(crate) fn at(&self, now: Timestamp) -> Arc<InForce> {
        let due = |inner: &Inner| inner.coming.front().is_some_and(|(at, _)| *at <= now);
        {
            let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if !due(&inner) {
                return Arc::clone(&inner.now);
            }
        }
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        while due(&inner) {
            last = inner.coming.pop_front();
        }
        if let Some((_, policy)) = last {
            inner.install(policy);
        }
        Arc::clone(&inner.now)
    }

    /// Another policy as if it were in force.
    pub(crate) fn instead(&self, policy: Arc<Policy>) -> InForce {
        InForce::new(policy, &self.0.read().unwrap_or_else(PoisonError::into_inner).known)
    }

    /// Puts a policy in force at once.
    pub(crate) fn set(&self, policy: Arc<Policy>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).install(policy);
    }

    /// Replaces what is known of releases: every policy with the instant it comes or came into force; the last of
    /// those that have come is in force. `others` were released once and called off: answers to them are remembered.
    pub(crate) fn release(
        &self,
        mut released: Vec<(Timestamp, Arc<Policy>)>,
        others: Vec<Arc<Policy>>,
        now: Timestamp,
    ) {
        released.sort_by_key(|(at, _)| *at);
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<_> = released.iter().map(|(_, policy)| Arc::clone(policy)).collect();
        for other in others.iter().chain(&inner.known) {
            if !known.iter().any(|policy| policy.digest() == other.digest()) {
                known.push(Arc::clone(other));
            }
        }
        inner.known = known;
        let current = released.iter().rev().find(|(at, _)| *at <= now).map(|(_, policy)| Arc::clone(policy));
        inner.coming = released.into_iter().filter(|(at, _)| *at > now).collect();
        let current = current.unwrap_or_else(|| Arc::clone(&inner.now.policy));
        inner.install(current);
    }

    /// A policy that was or will be in force, by its digest.
    pub(crate) fn known(&self, digest: &[u8; 32]) -> Option<Arc<Policy>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.known.iter().find(|policy| policy.digest().as_bytes() == digest).map(Arc::clone)
    }

    /// The policies that are coming, the next first.
    pub(crate) fn coming(&self) -> Vec<(Timestamp, Arc<Policy>)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).coming.iter().cloned().collect()
    }
}
