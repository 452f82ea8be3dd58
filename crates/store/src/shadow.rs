//! A policy in shadow: asked beside the one in force, never answering.
//!
//! Keeps promise 2.0: before a policy is put in force it can be seen what it would refuse, how often, to whom and why.
//! What it says changes no answer, and no fault of it does; counts are kept in memory and written down between
//! commits, by service, act, purpose, item and reason, without a word of any person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use avouch_policy::{About, Act, Ask, AskNames, Policy, Refusal, Verdict};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::Actor;
use crate::regime::{InForce, Regime};
use crate::standing;
use crate::store::Store;
use crate::transact::Transact;
use crate::tx::Tx;

/// That it was asked.
const ASKED: &str = "asked";
/// That it would permit what the policy in force refuses.
const WOULD_PERMIT: &str = "would-permit";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    party: &'static str,
    actor: String,
    act: &'static str,
    purpose: String,
    item: String,
    outcome: &'static str,
}

/// A policy in shadow, and what it has said since the last time it was written down.
#[derive(Debug)]
pub(crate) struct Shadow {
    in_force: RwLock<Arc<InForce>>,
    purposes: BTreeSet<String>,
    counts: Mutex<BTreeMap<Key, u64>>,
}

/// What a policy in shadow has said of one kind of ask.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ShadowCount {
    /// The kind of party.
    pub party: String,
    /// The service or role account; empty for the subject and the system.
    pub actor: String,
    /// The act.
    pub act: String,
    /// The purpose.
    pub purpose: String,
    /// The item a reason is about; empty where it is about the act.
    pub item: String,
    /// `asked`; `would-permit`, what the policy in force refuses; or the code of a reason it would refuse for what the
    /// policy in force permits.
    pub outcome: String,
    /// How often.
    pub times: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Shadow {
    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works out anew what earlier answers cover under it, as another policy was released.
    pub(crate) fn renew(&self, regime: &Regime) {
        let renewed = Arc::new(regime.instead(Arc::clone(&self.in_force().policy)));
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = renewed;
    }

    fn count(&self, key: Key) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(0) += 1;
    }

    fn take(&self) -> BTreeMap<Key, u64> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Look<'_> {
    /// Asks the policy in shadow, where there is one, what was asked of the one in force; counts what differs.
    pub(crate) async fn ask_shadow(&mut self, subject: SubjectId, ask: &Ask, actor: &Actor, verdict: &Verdict) {
        let Some(shadow) = self.shared.shadow() else { return };
        let policy = Arc::clone(self.policy());
        let purpose = policy.purpose_name(ask.purpose).to_owned();
        if !shadow.purposes.is_empty() && !shadow.purposes.contains(&purpose) {
            return;
        }
        let said = match self.shadow_verdict(&shadow.in_force(), subject, ask, actor).await {
            Ok(said) => said,
            // A database that cannot be read now fails the ask itself; the shadow adds nothing to that.
            Err(StoreError::Gone) => return,
            Err(fault) => {
                tracing::warn!(%fault, "the policy in shadow could not be asked");
                return;
            }
        };
        let key = |item: &str, outcome| Key {
            party: actor.party().as_str(),
            actor: actor.name().to_owned(),
            act: ask.act.name(),
            purpose: purpose.clone(),
            item: item.to_owned(),
            outcome,
        };
        shadow.count(key("", ASKED));
        match (verdict, said) {
            (Verdict::Permitted(_), Some(refusal)) => {
                let in_force = shadow.in_force();
                for reason in &refusal.reasons {
                    let item = match &reason.about {
                        About::Act => "",
                        About::Item(item) => in_force.policy.item_name(*item),
                        // A name the policy in force knows, so no text from outside.
                        About::Name(name) => name,
                    };
                    shadow.count(key(item, reason.code.name()));
                }
            }
            (Verdict::Refused(_), None) => shadow.count(key("", WOULD_PERMIT)),
            _ => {}
        }
    }

    /// What another policy would say: nothing for yes.
    async fn shadow_verdict(
        &mut self,
        in_force: &InForce,
        subject: SubjectId,
        ask: &Ask,
        actor: &Actor,
    ) -> Result<Option<Refusal>, StoreError> {
        let (policy, other) = (Arc::clone(self.policy()), &in_force.policy);
        let items: Vec<&str> = ask.items.iter().map(|item| policy.item_name(*item)).collect();
        let names = AskNames {
            act: ask.act,
            party: actor.party(),
            purpose: policy.purpose_name(ask.purpose),
            items: &items,
            recipient: ask.recipient.map(|r| policy.recipient_name(r)),
            region: policy.region_name(ask.region),
            at: ask.at,
        };
        let ask = match other.ask(names) {
            Ok(ask) => ask,
            Err(refusal) => return Ok(Some(refusal)),
        };
        let region = self.shared.region.as_str();
        let account = standing::load(&mut self.db, in_force, region, subject).await?.ok_or(StoreError::Gone)?;
        let mut standing = account.standing;
        if ask.act == Act::Collect && ask.items.iter().any(|item| other.rules().permissions.has(item.index())) {
            let denied = self.permissions(subject).await?;
            let denied = denied.iter().filter(|p| p.state == crate::signal::PermissionState::Denied);
            standing.denied = denied.filter_map(|p| other.item(&p.item)).map(avouch_policy::ItemId::index).collect();
        }
        // Whether a service is bound is no matter of the policy, and the same for both.
        Ok(match other.decide(&standing, &ask) {
            Verdict::Permitted(_) => None,
            Verdict::Refused(refusal) => Some(refusal),
        })
    }

    /// What a policy has said in shadow, by its digest: of every node together, the most often first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shadow_counts(&mut self, policy: &[u8; 32]) -> Result<Vec<ShadowCount>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT party, actor, act, purpose, item, outcome, CAST(sum(times) AS BIGINT), min(first), max(last) \
                 FROM shadow_count WHERE policy = ?1 GROUP BY party, actor, act, purpose, item, outcome \
                 ORDER BY 7 DESC, 1, 2, 3, 4, 5, 6",
                &[Val::Blob(policy)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ShadowCount {
                    party: row.text(0)?.to_owned(),
                    actor: row.text(1)?.to_owned(),
                    act: row.text(2)?.to_owned(),
                    purpose: row.text(3)?.to_owned(),
                    item: row.text(4)?.to_owned(),
                    outcome: row.text(5)?.to_owned(),
                    times: row.uint(6)?,
                    first: row.time(7)?,
                    last: row.time(8)?,
                })
            })
            .collect()
    }
}

struct WriteDown {
    policy: [u8; 32],
    node: String,
    counts: BTreeMap<Key, u64>,
}

impl Transact for WriteDown {
    const NAME: &'static str = "write down what the shadow said";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now = tx.now();
        for (key, times) in &self.counts {
            tx.db
                .execute(
                    "INSERT INTO shadow_count (policy, node, party, actor, act, purpose, item, outcome, times, first, \
                     last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) \
                     ON CONFLICT (policy, node, party, actor, act, purpose, item, outcome) DO UPDATE SET \
                     times = shadow_count.times + excluded.times, last = excluded.last",
                    &[
                        Val::Blob(&self.policy),
                        Val::Text(&self.node),
                        Val::Text(key.party),
                        Val::Text(&key.actor),
                        Val::Text(key.act),
                        Val::Text(&key.purpose),
                        Val::Text(&key.item),
                        Val::Text(key.outcome),
                        (*times).into(),
                        now.into(),
                    ],
                )
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// From now on this policy is asked beside the one in force, for these purposes or, with none named, for all.
    pub fn set_shadow(&self, policy: Arc<Policy>, purposes: BTreeSet<String>) {
        let in_force = RwLock::new(Arc::new(self.shared().regime.instead(policy)));
        self.shared().set_shadow(Some(Arc::new(Shadow { in_force, purposes, counts: Mutex::default() })));
    }

    /// Writes down what the policy in shadow has said since the last time. Counts that cannot be written are kept.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write_shadow(&self) -> Result<(), StoreError> {
        let Some(shadow) = self.shared().shadow() else { return Ok(()) };
        let counts = shadow.take();
        if counts.is_empty() {
            return Ok(());
        }
        let policy = *shadow.in_force().policy.digest().as_bytes();
        let written = self.transact(WriteDown { policy, node: self.node().to_owned(), counts: counts.clone() }).await;
        if let Err(fault) = written {
            let mut kept = shadow.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, times) in counts {
                *kept.entry(key).or_insert(0) += times;
            }
            return Err(fault);
        }
        Ok(())
    }
}
