//! Joining: an account with no more than its purpose needs.
//!
//! Keeps promises 1.1 and 2.1: user name, mobile number, e-mail, password, as the policy's purpose
//! `account` asks; what it marks required, at least one contact, nothing else. A child joins only after a
//! guardian's consent (PIPL 31). A contact that has an account already is told by a message, and the page says what it
//! says to everyone (ASVS 6.3.8); a user name that is taken is said, because names are what others find people by.

use std::collections::BTreeMap;

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, AgeBand, Answer, Hold, Outcome, Put, Receipt, RecordId, SessionToken, StoreError, Transact, Tx,
};
use jiff::Timestamp;

use crate::app::App;
use crate::collection::external::{self, ExternalId};
use crate::collection::joint::Linking;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::rights::guardian::Inviting;
use crate::security::session::Device;
use crate::value::{self, Checked};

/// The purpose an account is opened for.
pub const PURPOSE: &str = "account";

/// What a person sends to join.
pub struct Join {
    /// Item names to what was written; empty ones count as not given.
    pub values: BTreeMap<String, String>,
    /// The age band chosen.
    pub age: Option<AgeBand>,
    /// The browser, for its first session; none for an account opened by a service.
    pub device: Option<Device>,
    /// The number a service knows the person by. With one, the service keeps its own login: neither a password nor
    /// any other way to log in here is asked for.
    pub external: Option<ExternalId>,
}

impl std::fmt::Debug for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Join").field("fields", &self.values.keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// A new account.
#[expect(missing_debug_implementations, reason = "holds a session's secret")]
pub struct Joined {
    /// Who joined.
    pub subject: SubjectId,
    /// The first session, where a browser joined.
    pub session: Option<SessionToken>,
    /// Where the collection is recorded.
    pub receipt: Receipt,
}

impl App {
    /// Opens an account.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with every field that is wrong; [`Fault::Taken`]; [`Fault::NeedsGuardian`];
    /// [`Fault::TooMany`]. Nothing is kept then.
    pub async fn join(&self, join: Join, actor: &Actor) -> Result<Joined, Fault> {
        self.join_with(join, actor, None, None).await
    }

    /// Opens a child's account by the code of a guardian's invitation, which is spent with it.
    ///
    /// # Errors
    /// As [`App::join`]; [`Fault::NeedsGuardian`] for a code that is none, or over.
    pub async fn join_child(&self, mut join: Join, code: &str, language: &str, actor: &Actor) -> Result<Joined, Fault> {
        self.check_join(&join, false)?;
        let address = join.device.as_ref().map(|d| d.address.clone()).unwrap_or_default();
        let inviting = self.inviting(code, language, &address).await?;
        join.age = Some(AgeBand::Child);
        self.join_with(join, actor, Some(inviting), None).await
    }

    /// Opens an account; with a partner's account to link, a password is not asked for.
    pub(crate) async fn join_with(
        &self,
        join: Join,
        actor: &Actor,
        inviting: Option<Inviting>,
        linking: Option<Linking>,
    ) -> Result<Joined, Fault> {
        // parse
        let checked = self.check_join(&join, linking.is_some())?;
        if join.age == Some(AgeBand::Child) && inviting.is_none() {
            self.store.transact(NoteChild).await?;
            return Err(Fault::NeedsGuardian);
        }
        let mut values = Vec::with_capacity(checked.len());
        let mut identifiers = Vec::new();
        let policy = self.policy();
        for (name, Checked { value, normalized }) in checked {
            let (Some(id), Some(item)) = (policy.item(&name), policy.facts().collection.items.get(&name)) else {
                continue;
            };
            let kept =
                if item.kind == Kind::Secret { self.passwords.hash(&value, self.store.random()).await? } else { value };
            // A contact whose owner can be asked is found by it only once they answered: joining tells nobody whose
            // it is, and nobody keeps a contact from its owner by having typed it first.
            let asked = item.contact && matches!(actor, Actor::Subject) && self.messengers.reach(item.kind);
            if item.identifier && !asked {
                identifiers.push((name, normalized));
            }
            values.push((id, RecordId::ONLY, zeroize::Zeroizing::new(kept)));
        }
        if let (Some(external), Some(id)) = (&join.external, policy.item(external::ITEM)) {
            values.push((id, external.record(), zeroize::Zeroizing::new(external.value())));
        }
        let names: Vec<&str> = values.iter().map(|(id, ..)| policy.item_name(*id)).collect();
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &names, recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;

        // act: the key first, then everything else in one commit
        let subject = self.store.new_subject().await?;
        let session = join.device.as_ref().map(|_| SessionToken::new(subject, self.store.random()));
        let work = OpenAccount {
            subject,
            age: join.age,
            inviting,
            linking,
            ask,
            actor: actor.clone(),
            values,
            identifiers,
            external: join.external.clone(),
            session: session.clone(),
            expires: self.store.now() + self.settings.session_absolute,
            device: join.device.clone().unwrap_or_default(),
            place_lasts: self.settings.place_lasts,
            log: self.log_ask(&Actor::System),
        };
        match self.store.transact(work).await {
            Ok(receipt) => {
                // Joined, whatever comes of this: the next start says it where it could not be said now.
                if let Err(e) = self.store.keep_new_subjects(&[subject]).await {
                    tracing::warn!(error = %e, "the key store could not be told that a joining ended");
                }
                Ok(Joined { subject, session, receipt })
            }
            Err(fault) => {
                // The account may stand where only the reply was lost; its key must stay then.
                if !matches!(fault, Fault::Store(StoreError::Lost(_) | StoreError::CannotRecord(_))) {
                    self.store.forget_new_subject(subject).await?;
                }
                if let Fault::Refused(denied) = &fault {
                    // The leaf of the refusal went with the rest of the commit; it is recorded alone.
                    return Err(self.refuse_unknown(&wanted, actor, denied.refusal.clone()).await?);
                }
                Err(fault)
            }
        }
    }

    /// What was written, in its normal forms; `elsewhere` where a partner's account lets the person in.
    pub(crate) fn check_join(&self, join: &Join, elsewhere: bool) -> Result<BTreeMap<String, Checked>, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let purpose = facts
            .usage
            .purposes
            .get(PURPOSE)
            .ok_or_else(|| Fault::NotNow("the policy has no purpose 'account', so nobody can join".into()))?;
        let mut faults = Vec::new();
        let mut checked = BTreeMap::new();
        let given = join.values.iter().filter(|(_, v)| !v.trim().is_empty());
        for (name, raw) in given {
            match facts.collection.items.get(name) {
                Some(item) if name != external::ITEM && policy.items_of(PURPOSE).contains(&name.as_str()) => {
                    match value::check(name, item, raw) {
                        Ok(value) => {
                            checked.insert(name.clone(), value);
                        }
                        Err(fault) => faults.push(fault),
                    }
                }
                _ => faults.push(FieldFault::new(name, "not-asked", "joining does not need this; leave it out")),
            }
        }
        let own_login = join.external.is_some();
        let secret = |name: &String| facts.collection.items.get(name).is_some_and(|i| i.kind == Kind::Secret);
        let spared = |name: &String| own_login || (elsewhere && secret(name));
        for name in purpose.required.iter().filter(|name| !spared(name)) {
            if join.values.get(name).is_none_or(|v| v.trim().is_empty()) {
                faults.push(FieldFault::new(name, "required", "this is needed to join"));
            }
        }
        let contact = |name: &String| facts.collection.items.get(name).is_some_and(|i| i.contact);
        if purpose.require_contact && !own_login && !join.values.iter().any(|(n, v)| contact(n) && !v.trim().is_empty())
        {
            let first = facts.collection.items.keys().find(|n| contact(n)).cloned().unwrap_or_default();
            faults.push(FieldFault::new(
                &first,
                "contact-required",
                "give one way to reach you, so that you can get back in; which one is up to you",
            ));
        }
        let own: Vec<&str> = join
            .values
            .iter()
            .filter(|(n, _)| facts.collection.items.get(*n).is_some_and(|i| i.kind != Kind::Secret))
            .flat_map(|(_, v)| v.split(['@', ' ']))
            .filter(|w| w.chars().count() > 2)
            .collect();
        for (name, value) in &join.values {
            if facts.collection.items.get(name).is_some_and(|i| i.kind == Kind::Secret)
                && !value.trim().is_empty()
                && let Err(fault) = self.passwords.check(name, value, &own)
            {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(checked) } else { Err(Fault::Invalid(faults)) }
    }
}

struct OpenAccount {
    subject: SubjectId,
    age: Option<AgeBand>,
    inviting: Option<Inviting>,
    linking: Option<Linking>,
    ask: Ask,
    actor: Actor,
    values: Vec<(ItemId, RecordId, zeroize::Zeroizing<String>)>,
    identifiers: Vec<(String, String)>,
    external: Option<ExternalId>,
    session: Option<SessionToken>,
    expires: Timestamp,
    device: Device,
    place_lasts: jiff::SignedDuration,
    log: Option<Ask>,
}

impl Transact for OpenAccount {
    const NAME: &'static str = "join";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
        hold.extend(self.inviting.as_ref().map(|i| (i.guardian, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        tx.open_account(self.subject, self.age).await?;
        if let Some(inviting) = &self.inviting {
            inviting.link(tx, self.subject).await?;
        }
        if let Some(linking) = &self.linking {
            linking.answer(tx, self.subject).await?;
        }
        for (item, normalized) in &self.identifiers {
            if !tx.claim_identifier(self.subject, item, normalized).await? {
                return Err(Fault::Taken(item.clone()));
            }
        }
        if let Some(external) = &self.external
            && !external.claim(tx, self.subject).await?
        {
            return Err(Fault::Taken(external::ITEM.into()));
        }
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Err(denied.into()),
        };
        let puts: Vec<Put<'_>> =
            self.values.iter().map(|(item, id, value)| Put { item: *item, id: *id, value: value.as_bytes() }).collect();
        let receipt = tx.put(permit, &puts).await?;
        if let Some(linking) = &self.linking {
            linking.link(tx, self.subject).await?;
        }
        if let Some(session) = &self.session {
            tx.start_session(session, self.expires, self.device.to_bytes().as_ref(), true).await?;
            let place = crate::security::limits::place(&self.device.address);
            if !place.is_empty() {
                tx.remember_place(self.subject, &place, self.place_lasts).await?;
            }
            crate::security::session::log_login(tx, self.subject, self.log.as_ref(), &self.device).await?;
        }
        Ok(receipt)
    }
}

/// The leaf of a child turned to a guardian; nothing of the child is kept.
struct NoteChild;

impl Transact for NoteChild {
    const NAME: &'static str = "turn a child to a guardian";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.note("collect", PURPOSE, &[], Party::Subject, Outcome::Refused, None).await?;
        Ok(())
    }
}
