//! Asking for a code, and what a typed code does: a contact is verified, or replaced by the one verified.
//!
//! Keeps promises 1.1, 2.1 and 6.1 (ASVS 6.5, 6.6). A new contact is verified before it replaces the old,
//! and the old one is told.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, CodeFor, FlowName, Hold, Outcome, Put, Receipt, RecordId, Start, StoreError, Transact, Tx,
    VerifiedContact,
};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::security::limits::{self, SendLimits};
use crate::security::session::Session;
use crate::value;

/// From where, and in which language a person asks.
#[derive(Clone, Copy)]
pub struct From<'a> {
    /// The address the request came from.
    pub address: &'a str,
    /// The language of the page, `en` or `zh-CN`.
    pub language: &'a str,
}

impl std::fmt::Debug for From<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("From").field("language", &self.language).finish_non_exhaustive()
    }
}

/// A contact as its person sees it.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its item.
    pub item: String,
    /// Whether one is held.
    pub held: bool,
    /// Whether messages of its kind can be sent at all here.
    pub reachable: bool,
    /// Since when it is verified.
    pub verified: Option<jiff::Timestamp>,
}

/// Starts a flow that sends a code.
pub(crate) struct SendCode {
    pub flow: FlowName,
    pub purpose: CodeFor,
    pub subject: Option<SubjectId>,
    pub item: String,
    pub kind: Kind,
    /// In its normal form.
    pub address: String,
    /// Whether the address is not the record's but a new one, to be sealed into the message.
    pub fresh: bool,
    pub needs: &'static str,
    pub lasts: SignedDuration,
    pub place: String,
    pub known: bool,
    pub limits: SendLimits,
    pub message: Outgoing,
}

impl Transact for SendCode {
    const NAME: &'static str = "send a code";
    /// How many minutes to wait, where a limit is reached: an outcome, so that the try stays counted.
    type Out = Option<u64>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<u64>, StoreError> {
        let wait = limits::count_message(tx, &self.limits, self.kind, &self.address, &self.place, self.known).await?;
        if wait.is_some() {
            return Ok(wait);
        }
        tx.start_flow(&Start {
            flow: self.flow,
            purpose: self.purpose,
            subject: self.subject,
            item: &self.item,
            address: &self.address,
            needs: self.needs,
            lasts: self.lasts,
        })
        .await?;
        self.message.queue(tx, self.subject, self.fresh.then_some(self.address.as_str())).await?;
        Ok(None)
    }
}

impl App {
    /// Sends a code, or says how long to wait.
    pub(crate) async fn send_code(&self, work: SendCode) -> Result<(), Fault> {
        match self.store.transact(work).await? {
            Some(minutes) => Err(Fault::TooMany(minutes)),
            None => Ok(()),
        }
    }

    /// Whether a subject logged in from this place before; asked alike for nobody.
    pub(crate) async fn knows(&self, subject: Option<SubjectId>, place: &str) -> Result<bool, Fault> {
        let nobody = SubjectId::new(self.store.region(), [0; 16]);
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.knows_place(subject.unwrap_or(nobody), place).await?)
    }

    /// The verified contacts of a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn verified(&self, subject: SubjectId) -> Result<Vec<VerifiedContact>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.verified(subject).await?)
    }

    /// The contacts the policy knows, with what is true of a subject's.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn contacts(&self, subject: SubjectId) -> Result<Vec<Contact>, Fault> {
        let policy = self.policy();
        let held = self.holdings(subject).await?;
        let verified = self.verified(subject).await?;
        let contacts = policy.facts().collection.items.iter().filter(|(_, i)| i.contact && i.identifier);
        Ok(contacts
            .map(|(name, item)| Contact {
                item: name.clone(),
                held: held.iter().any(|h| policy.item_name(h.item) == name),
                reachable: self.messengers.reach(item.kind),
                verified: verified.iter().find(|v| v.item == *name).map(|v| v.at),
            })
            .collect())
    }

    /// The kind of a contact that can be reached; the fault otherwise.
    fn contact_kind(&self, item: &str) -> Result<Kind, Fault> {
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).filter(|i| i.contact && i.identifier);
        fact.map(|i| i.kind).filter(|kind| self.messengers.reach(*kind)).ok_or(Fault::NotFound)
    }

    /// Sends a code to a contact of the signed-in person, to verify it.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where none is held or nothing reaches it; [`Fault::TooMany`].
    pub async fn start_verifying(&self, session: &Session, item: &str, from: From<'_>) -> Result<(), Fault> {
        let kind = self.contact_kind(item)?;
        let records = self.see(session.subject(), item).await?;
        let held = records.first().ok_or(Fault::NotFound)?;
        let raw = held.value.expose(Sink::Gate, |v| zeroize::Zeroizing::new(String::from_utf8_lossy(v).into_owned()));
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).ok_or(Fault::NotFound)?;
        let address = value::normalize(item, fact, &raw).ok_or(Fault::NotFound)?;
        let flow = FlowName::of_session(&session.token, CodeFor::Verify, item);
        let owner = {
            let mut reading = self.store.reading().await?;
            reading.look()?.find(item, &address).await?
        };
        // Whose it is already is told that; the page says the same, and no code will be right.
        let message = if owner.is_some_and(|who| who != session.subject()) {
            Outgoing::notice(What::ContactYours, item, from.language)
        } else {
            Outgoing {
                what: What::Code,
                item: item.to_owned(),
                language: from.language.to_owned(),
                flow: Some(flow),
                version: None,
            }
        };
        let place = limits::place(from.address);
        self.send_code(SendCode {
            flow,
            purpose: CodeFor::Verify,
            subject: Some(session.subject()),
            item: item.to_owned(),
            kind,
            address,
            fresh: false,
            needs: "",
            lasts: self.settings.code_lasts,
            // Whoever opens accounts to have messages sent is known where they opened them.
            known: false,
            place,
            limits: self.settings.sends.clone(),
            message,
        })
        .await
    }

    /// Whether a code for a contact was sent to this browser's person and still waits to be typed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn code_waits(&self, session: &Session, item: &str) -> Result<bool, Fault> {
        let flow = FlowName::of_session(&session.token, CodeFor::Verify, item);
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.flow(flow, CodeFor::Verify).await?.is_some())
    }

    /// Verifies a contact by the code that went to it.
    ///
    /// # Errors
    /// [`Fault::WrongCode`], whatever was wrong with it.
    pub async fn verify(&self, session: &Session, item: &str, typed: &str) -> Result<Receipt, Fault> {
        let flow = FlowName::of_session(&session.token, CodeFor::Verify, item);
        let work = Verify { subject: session.subject(), flow, typed: typed.to_owned() };
        self.store.transact(work).await?.ok_or(Fault::WrongCode)
    }

    /// Sends a code to a new contact that is to replace the one held, or to be the first.
    ///
    /// Whether somebody else has it is told to nobody but who reads what goes there.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`], [`Fault::Invalid`], [`Fault::TooMany`], [`Fault::NotFound`].
    pub async fn start_change(&self, session: &Session, item: &str, raw: &str, from: From<'_>) -> Result<(), Fault> {
        session.prove()?;
        let kind = self.contact_kind(item)?;
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).filter(|i| i.editable).ok_or(Fault::NotFound)?;
        let checked = value::check(item, fact, raw).map_err(|f| Fault::Invalid(vec![f]))?;
        let flow = FlowName::of_session(&session.token, CodeFor::Change, item);
        let message = Outgoing {
            what: What::Code,
            item: item.to_owned(),
            language: from.language.to_owned(),
            flow: Some(flow),
            version: None,
        };
        let place = limits::place(from.address);
        self.send_code(SendCode {
            flow,
            purpose: CodeFor::Change,
            subject: Some(session.subject()),
            item: item.to_owned(),
            kind,
            address: checked.normalized,
            fresh: true,
            needs: "",
            lasts: self.settings.code_lasts,
            // Whoever opens accounts to have messages sent is known where they opened them.
            known: false,
            place,
            limits: self.settings.sends.clone(),
            message,
        })
        .await
    }

    /// Replaces a contact by the one whose code was typed; the old one is told.
    ///
    /// # Errors
    /// [`Fault::WrongCode`]; [`Fault::Taken`]; [`Fault::Invalid`]; [`Fault::Refused`].
    pub async fn finish_change(
        &self,
        session: &Session,
        item: &str,
        raw: &str,
        typed: &str,
        language: &str,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).filter(|i| i.editable && i.identifier);
        let (fact, id) = fact.zip(policy.item(item)).ok_or(Fault::NotFound)?;
        let checked = value::check(item, fact, raw).map_err(|f| Fault::Invalid(vec![f]))?;
        let held = self.holdings(session.subject()).await?.iter().any(|h| h.item == id);
        let purpose = if held { crate::rights::PURPOSE } else { crate::collection::join::PURPOSE };
        let items = [item];
        let wanted = |act, purpose| Wanted { act, purpose, items: &items, recipient: None };
        let put = self.ask_or_refuse(&wanted(Act::Collect, purpose), &Actor::Subject).await?;
        let open = self.ask_or_refuse(&wanted(Act::Use, crate::rights::PURPOSE), &Actor::Subject).await?;
        let work = Change {
            subject: session.subject(),
            flow: FlowName::of_session(&session.token, CodeFor::Change, item),
            typed: typed.to_owned(),
            item: id,
            name: item.to_owned(),
            normalized: checked.normalized,
            value: zeroize::Zeroizing::new(checked.value),
            put,
            open: held.then_some(open),
            notice: Outgoing::notice(What::ContactReplaced, item, language),
        };
        self.store.transact(work).await?
    }

    /// Tells a person of a change to their account, by every verified contact but the one it was made
    /// through; by that one where there is no other, and by what is held where none is verified.
    pub(crate) async fn notices(
        &self,
        subject: SubjectId,
        what: What,
        through: Option<&str>,
        language: &str,
    ) -> Result<Vec<Outgoing>, Fault> {
        let contacts = self.contacts(subject).await?;
        let fit = |c: &&Contact| c.held && c.reachable;
        let verified: Vec<&Contact> = contacts.iter().filter(fit).filter(|c| c.verified.is_some()).collect();
        let others: Vec<&Contact> = verified.iter().copied().filter(|c| Some(c.item.as_str()) != through).collect();
        let chosen = if !others.is_empty() {
            others
        } else if !verified.is_empty() {
            verified
        } else {
            contacts.iter().filter(fit).collect()
        };
        Ok(chosen.iter().map(|c| Outgoing::notice(what, &c.item, language)).collect())
    }
}

struct Verify {
    subject: SubjectId,
    flow: FlowName,
    typed: String,
}

impl Transact for Verify {
    const NAME: &'static str = "verify a contact";
    type Out = Option<Receipt>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Receipt>, StoreError> {
        let Some(proven) = tx.spend_code(self.flow, CodeFor::Verify, None, &self.typed).await? else {
            return Ok(None);
        };
        if !tx.claim_proven(&proven).await? {
            return Ok(None);
        }
        tx.verify_contact(&proven).await?;
        let items = [proven.item()];
        let subject = Some(proven.subject());
        Ok(Some(tx.note("verify", "account", &items, Party::Subject, Outcome::Done, subject).await?))
    }
}

struct Change {
    subject: SubjectId,
    flow: FlowName,
    typed: String,
    item: ItemId,
    name: String,
    normalized: String,
    value: zeroize::Zeroizing<String>,
    put: Ask,
    open: Option<Ask>,
    notice: Outgoing,
}

impl Transact for Change {
    const NAME: &'static str = "change a contact";
    /// A wrong code is counted and a refusal recorded: both are outcomes.
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let spent = tx.spend_code(self.flow, CodeFor::Change, Some(&self.normalized), &self.typed).await?;
        let Some(proven) = spent else { return Ok(Err(Fault::WrongCode)) };
        let owner = tx.find(&self.name, &self.normalized).await?;
        if owner.is_some_and(|who| who != self.subject) {
            return Ok(Err(Fault::Taken(self.name.clone())));
        }
        if let (Some(open), None) = (&self.open, owner) {
            match tx.ask(self.subject, open.clone(), &Actor::Subject).await? {
                Answer::Permitted(permit) => self.notice.queue_to_present(tx, permit, self.item).await?,
                Answer::Refused(denied) => return Ok(Err(denied.into())),
            }
        }
        let permit = match tx.ask(self.subject, self.put.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        tx.drop_identifier(self.subject, &self.name).await?;
        if !tx.claim_identifier(self.subject, &self.name, &self.normalized).await? {
            return Err(Fault::Taken(self.name.clone()));
        }
        tx.verify_contact(&proven).await?;
        let put = Put { item: self.item, id: RecordId::ONLY, value: self.value.as_bytes() };
        Ok(Ok(tx.put(permit, &[put]).await?))
    }
}

/// A contact as typed, of whichever kind: its item, kind and normal form.
pub(crate) fn contact_of(app: &App, raw: &str) -> Option<(String, Kind, String)> {
    let policy = app.policy();
    policy
        .facts()
        .collection
        .items
        .iter()
        .filter(|(_, i)| i.contact && i.identifier && app.messengers.reach(i.kind))
        .find_map(|(name, i)| value::normalize(name, i, raw).map(|n| (name.clone(), i.kind, n)))
}

/// The fault of a contact that is none.
pub(crate) fn no_contact() -> Fault {
    Fault::Invalid(vec![FieldFault::new("contact", "not-a-contact", "write a mobile number or an e-mail address")])
}
