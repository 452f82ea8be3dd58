//! The permit: the one key to plaintext, minted by the store alone.
//!
//! Keeps promise 2.0 (default deny). The store loads the subject's true standing itself, asks
//! `decide`, and mints a [`Permit`] that names subject, items, purpose, recipient, region, policy and
//! epoch. It is spent once (it moves), in the look or transaction it was minted in and no other (its
//! lifetime, and a number where two looks share one), and nobody else can make one (its fields are
//! private). What is opened with it is handed over only after its leaf is committed, at the same epoch.

use std::marker::PhantomData;
use std::sync::Arc;

use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_policy::{Act, Ask, Code, Crossed, Grant, ItemId, Party, Policy, Reason, Refusal, Verdict};
use avouch_seal::SubjectId;

use crate::crossing::Going;
use crate::engine::Hold;
use crate::error::StoreError;
use crate::look::Look;
use crate::recipient::recipient_lock;
use crate::service::Credential;
use crate::tx::{Receipt, Tx};

/// Who acts. Services only by a credential the store has checked.
#[derive(Debug, Clone)]
pub enum Actor {
    /// The subject, signed in.
    Subject,
    /// A service of the controller.
    Service(Arc<Credential>),
    /// A member of staff, by the name of the role account.
    Operator(String),
    /// Avouch itself: jobs and clocks.
    System,
}

impl Actor {
    /// The party `decide` is told.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            Self::Subject => Party::Subject,
            Self::Service(_) => Party::Service,
            Self::Operator(_) => Party::Operator,
            Self::System => Party::System,
        }
    }

    /// Who gave a value, as it stands beside it: `subject`, `service:NAME`, `operator:NAME`, `system`.
    pub(crate) fn source(&self) -> String {
        match self.name() {
            "" => self.party().as_str().to_owned(),
            name => format!("{}:{name}", self.party().as_str()),
        }
    }

    /// The name that stands in leaves: never a person's.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Subject | Self::System => "",
            Self::Service(c) => c.name(),
            Self::Operator(name) => name,
        }
    }
}

/// What may be done, once, within `'s`. See the module.
#[derive(Debug)]
#[must_use = "a permit that is not spent leaves no evidence"]
pub struct Permit<'s> {
    pub(crate) subject: SubjectId,
    pub(crate) ask: Ask,
    pub(crate) grant: Grant,
    pub(crate) actor: Actor,
    pub(crate) epoch: u64,
    pub(crate) register: Option<Register>,
    pub(crate) policy: Arc<Policy>,
    /// What it sends abroad, to be counted in the commit of its leaf (5.4).
    pub(crate) going: Option<Going>,
    scope: u64,
    lifetime: PhantomData<fn(&'s ()) -> &'s ()>,
}

impl Permit<'_> {
    /// The subject it is for.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        self.subject
    }

    /// Whether it covers the item.
    #[must_use]
    pub fn covers(&self, item: ItemId) -> bool {
        self.ask.items.contains(&item)
    }

    /// The refusal of what it was asked for, for a reason that shows only where the record rests.
    pub(crate) fn refused(&self, code: Code) -> Refused {
        Refused {
            subject: self.subject,
            ask: self.ask.clone(),
            actor: self.actor.clone(),
            policy: Arc::clone(&self.policy),
            stopped: None,
            refusal: Refusal::of(&self.ask, vec![Reason::act(code)]),
        }
    }

    /// That it is spent in the look or transaction it was minted in.
    pub(crate) fn spent_in(&self, look: &Look<'_>) -> Result<(), StoreError> {
        if self.scope == look.scope() {
            return Ok(());
        }
        Err(StoreError::Misused { name: "permit", why: "it was minted in another look or transaction".into() })
    }

    pub(crate) fn leaf(&self, look: &Look<'_>, outcome: Outcome) -> Leaf {
        let mut leaf = leaf(look, &self.policy, &self.ask, &self.actor, outcome);
        self.policy.basis_name(self.grant.basis).clone_into(&mut leaf.basis);
        leaf
    }
}

/// The recipient a permit is for, with the epoch of its standing in the register.
#[derive(Debug, Clone)]
pub(crate) struct Register {
    pub(crate) recipient: String,
    pub(crate) epoch: u64,
}

/// A verdict that is no: what was asked, and every reason.
#[derive(Debug, Clone)]
#[must_use = "a refusal is an act too: record it"]
pub struct Refused {
    pub(crate) subject: SubjectId,
    pub(crate) ask: Ask,
    pub(crate) actor: Actor,
    pub(crate) policy: Arc<Policy>,
    /// What would have gone abroad and was too much, with the counts it would have left (5.4).
    stopped: Option<(Going, Crossed)>,
    /// Why.
    pub refusal: Refusal,
}

/// A refusal with its leaf.
#[derive(Debug, Clone)]
pub struct Denied {
    /// Why.
    pub refusal: Refusal,
    /// Where it is recorded.
    pub receipt: Receipt,
    /// The policy that refused, for the words of the reasons.
    pub policy: Arc<Policy>,
}

/// The answer to an ask.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one ask; a box would be one more allocation for each")]
pub enum Answer<'s, R> {
    /// Yes, once.
    Permitted(Permit<'s>),
    /// No, and why.
    Refused(R),
}

pub(crate) fn leaf(look: &Look<'_>, policy: &Policy, ask: &Ask, actor: &Actor, outcome: Outcome) -> Leaf {
    Leaf {
        at: look.now().as_millisecond(),
        act: ask.act.name().to_owned(),
        outcome,
        party: actor.party().as_str().to_owned(),
        actor: actor.name().to_owned(),
        purpose: policy.purpose_name(ask.purpose).to_owned(),
        basis: String::new(),
        items: ask.items.iter().map(|i| policy.item_name(*i).to_owned()).collect(),
        recipient: ask.recipient.map(|r| policy.recipient_name(r).to_owned()),
        region: policy.region_name(ask.region).to_owned(),
        policy: *policy.digest().as_bytes(),
        reasons: Vec::new(),
        salt: look.random(),
        subject: None,
        commitment: None,
        batch: None,
    }
}

impl<'c> Look<'c> {
    /// Asks whether `actor` may do what `ask` says with this subject's data.
    ///
    /// The subject's standing is loaded here; the ask's party and time are set here, whatever the
    /// caller wrote. A refusal must be recorded with [`crate::Store::refuse`].
    ///
    /// # Errors
    /// [`StoreError::Gone`] where there is no such subject.
    pub async fn ask(
        &mut self,
        subject: SubjectId,
        mut ask: Ask,
        actor: &Actor,
    ) -> Result<Answer<'c, Refused>, StoreError> {
        let policy = Arc::clone(self.policy());
        // Ids of another policy name other things: what was asked just before a policy came into force is asked again.
        if ask.policy.is_some_and(|of| of != *policy.digest()) {
            return Err(StoreError::Busy("the policy changed while this was asked".into()));
        }
        let account = self.account(subject).await?.ok_or(StoreError::Gone)?;
        ask.party = actor.party();
        ask.at = self.now();
        let mut standing = account.standing;
        // Access from abroad is sending abroad (5.4): to whoever runs the service there.
        if let Actor::Service(credential) = actor
            && let Some(name) = credential.abroad()
            && matches!(ask.act, Act::Use | Act::Export)
        {
            (ask.act, ask.recipient) = (Act::Share, policy.recipient(name));
        }
        let going = Going::of(&policy, &ask, standing.home);
        if let Some(going) = &going {
            standing.crossed = self.crossed_with(subject, going).await?;
        }
        if ask.act == Act::Collect && ask.items.iter().any(|item| policy.rules().permissions.has(item.index())) {
            standing.denied = self.denied(subject).await?;
        }
        let mut register = None;
        if let (Act::Share, Some(recipient)) = (ask.act, ask.recipient) {
            let recipient = policy.recipient_name(recipient).to_owned();
            let registered = self.recipient(&recipient).await?;
            standing.register = registered.registered();
            register = Some(Register { recipient, epoch: registered.epoch });
        }
        let mut verdict = policy.decide(&standing, &ask);
        if let Actor::Service(credential) = actor
            && !credential.may_claim(policy.purpose_name(ask.purpose))
        {
            let reason = Reason::act(Code::ServiceNotBound);
            verdict = match verdict {
                Verdict::Permitted(_) => Verdict::Refused(Refusal::of(&ask, vec![reason])),
                Verdict::Refused(mut refusal) => {
                    refusal.reasons.push(reason);
                    Verdict::Refused(refusal)
                }
            };
        }
        self.ask_shadow(subject, &ask, actor, &verdict).await;
        Ok(match verdict {
            Verdict::Permitted(grant) => Answer::Permitted(Permit {
                subject,
                ask,
                grant,
                actor: actor.clone(),
                epoch: standing.epoch,
                register,
                policy,
                going,
                scope: self.scope(),
                lifetime: PhantomData,
            }),
            Verdict::Refused(refusal) => {
                let exceeded = refusal.reasons.iter().any(|r| r.code == Code::MechanismExceeded);
                let stopped = going.filter(|_| exceeded).map(|going| (going, standing.crossed));
                Answer::Refused(Refused { subject, ask, actor: actor.clone(), policy, stopped, refusal })
            }
        })
    }
}

impl<'t> Tx<'t> {
    /// Asks, as [`Look::ask`]; a refusal's leaf goes into this commit.
    ///
    /// # Errors
    /// As [`Look::ask`]; [`StoreError::Misused`] when the transaction did not announce the subject, or, to share, the
    /// recipient ([`recipient_lock`]).
    pub async fn ask(&mut self, subject: SubjectId, ask: Ask, actor: &Actor) -> Result<Answer<'t, Denied>, StoreError> {
        self.held(subject, Hold::Shared)?;
        if let (Act::Share, Some(recipient)) = (ask.act, ask.recipient) {
            let lock = recipient_lock(self.shared.region, self.policy().recipient_name(recipient));
            self.held(lock, Hold::Shared)?;
        }
        let answer: Answer<'t, Refused> = Look::ask(self, subject, ask, actor).await?;
        Ok(match answer {
            Answer::Permitted(permit) => Answer::Permitted(permit),
            Answer::Refused(refused) => Answer::Refused(self.deny(refused).await?),
        })
    }

    /// Writes the leaf of a refusal.
    pub(crate) async fn deny(&mut self, refused: Refused) -> Result<Denied, StoreError> {
        let mut entry = leaf(self, &refused.policy, &refused.ask, &refused.actor, Outcome::Refused);
        entry.reasons = refused.refusal.reasons.iter().map(|r| r.code.name().to_owned()).collect();
        if let Some((going, would)) = &refused.stopped {
            self.mark_stopped(going, *would).await?;
        }
        let key = self.key(refused.subject).await?;
        let receipt = self.append(entry, key.as_deref().map(|k| (refused.subject, k)))?;
        Ok(Denied { refusal: refused.refusal, receipt, policy: refused.policy })
    }
}
