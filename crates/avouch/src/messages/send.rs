//! Queueing messages, and sending them: a job each, done by the worker.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, FlowName, Hold, Issued, Job, Permit, RecordId, SealedAddress, StoreError, Transact, Tx, Which,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::port::{Letter, Undelivered};
use super::words::{self, What};
use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// The job that sends a message.
pub(crate) const JOB: &str = "message";
/// How often a message is tried before it is a dead letter; with the waits between, some twenty minutes.
pub(crate) const MOST_TRIES: u64 = 8;

/// What a message's job holds: nothing personal but, where the address is no record, its sealed bytes.
#[derive(Serialize, Deserialize)]
struct Body {
    what: What,
    item: String,
    language: String,
    flow: Option<String>,
    sealed: Option<String>,
    id: String,
    /// The version of the policy it tells of.
    #[serde(default)]
    version: Option<String>,
}

/// A message to be queued.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub what: What,
    /// The contact it goes to.
    pub item: String,
    pub language: String,
    /// The flow whose code it carries.
    pub flow: Option<FlowName>,
    /// The version of the policy it tells of.
    pub version: Option<String>,
}

impl Outgoing {
    pub(crate) fn notice(what: What, item: &str, language: &str) -> Self {
        Self { what, item: item.to_owned(), language: language.to_owned(), flow: None, version: None }
    }

    /// The same, telling of a version of the policy; that it was sent is recorded.
    pub(crate) fn about(self, version: &str) -> Self {
        Self { version: Some(version.to_owned()), ..self }
    }

    /// Queues it in this commit. `address` is given where it is no record of the subject; it is sealed under
    /// the subject's key. For nobody a job is queued all the same, and does nothing.
    pub(crate) async fn queue(
        &self,
        tx: &mut Tx<'_>,
        subject: Option<SubjectId>,
        address: Option<&str>,
    ) -> Result<(), StoreError> {
        let id = tx.random::<16>();
        let sealed = match (subject, address) {
            (Some(subject), Some(address)) => Some(tx.seal_address(subject, &id, address.as_bytes()).await?),
            _ => None,
        };
        self.put(tx, subject, id, sealed).await
    }

    /// Queues it to the address the contact's record holds now, which is about to be replaced.
    pub(crate) async fn queue_to_present<'t>(
        &self,
        tx: &mut Tx<'t>,
        permit: Permit<'t>,
        item: ItemId,
    ) -> Result<(), StoreError> {
        let id = tx.random::<16>();
        let subject = permit.subject();
        let sealed = tx.reseal_address(permit, item, &id).await?;
        self.put(tx, Some(subject), id, Some(sealed)).await
    }

    async fn put(
        &self,
        tx: &mut Tx<'_>,
        subject: Option<SubjectId>,
        id: [u8; 16],
        sealed: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let body = Body {
            what: self.what,
            item: self.item.clone(),
            language: self.language.clone(),
            flow: self.flow.map(|f| f.to_text()),
            sealed: sealed.map(|s| data_encoding::BASE64.encode(&s)),
            id: data_encoding::HEXLOWER.encode(&id),
            version: self.version.clone(),
        };
        let body = serde_json::to_string(&body).map_err(|e| StoreError::Unreadable(e.to_string()))?;
        let now = tx.now();
        tx.queue(JOB, subject, now, &body).await?;
        Ok(())
    }
}

/// Makes the code of a flow, to be sent now.
struct Issue {
    subject: SubjectId,
    flow: FlowName,
}

impl Transact for Issue {
    const NAME: &'static str = "make a code";
    type Out = Option<Issued>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Issued>, StoreError> {
        tx.issue_code(self.flow).await
    }
}

fn unreadable() -> Fault {
    Fault::Undelivered(Undelivered { why: "the message's job cannot be read".into(), for_good: true })
}

impl App {
    /// Sends the message of a job.
    ///
    /// # Errors
    /// [`Fault::Undelivered`], with whether trying again may help; what keeps the store from recording.
    pub(crate) async fn deliver(&self, job: &Job) -> Result<(), Fault> {
        // Nobody's: queued so that asking takes the same work for everyone.
        let Some(subject) = job.subject else { return Ok(()) };
        let body: Body = serde_json::from_str(&job.body).map_err(|_| unreadable())?;
        let policy = self.policy();
        let facts = policy.facts();
        let (Some(item), Some(fact)) = (policy.item(&body.item), facts.collection.items.get(&body.item)) else {
            return Ok(());
        };
        let flow = body.flow.as_deref().map(|f| FlowName::from_text(f).ok_or_else(unreadable)).transpose()?;
        let sealed = match &body.sealed {
            None => None,
            Some(sealed) => {
                let id = data_encoding::HEXLOWER.decode(body.id.as_bytes()).ok().and_then(|id| id.try_into().ok());
                let sealed = data_encoding::BASE64.decode(sealed.as_bytes()).ok();
                let (id, bytes) = id.zip(sealed).ok_or_else(unreadable)?;
                Some(SealedAddress { id, bytes })
            }
        };
        let (ask, actor) = match self.contact_ask(subject, &body.item).await {
            Ok(asked) => asked,
            Err(Fault::NotFound) => return Ok(()),
            Err(other) => return Err(other),
        };
        let issued = match flow {
            None => None,
            Some(flow) => match self.store.transact(Issue { subject, flow }).await? {
                // A code that ran out while its message could not be sent is worth a look; one just void is not.
                None if job.tries > 2 => {
                    let why = "the code was over before its message could be sent".into();
                    return Err(Fault::Undelivered(Undelivered { why, for_good: true }));
                }
                None => return Ok(()),
                issued => issued,
            },
        };
        let used = match &sealed {
            Some(sealed) => self.store.use_address(subject, &ask, &actor, item, sealed).await,
            None => {
                let which = Which::One(item, RecordId::ONLY);
                self.store.use_records(subject, &ask, &actor, &which).await
            }
        };
        let to = match used {
            Ok(Ok(used)) => used.records.into_iter().next().map(|record| record.value),
            // The refusal is recorded; nothing is sent.
            Ok(Err(_recorded)) => None,
            // The contact was deleted, or the person erased, while the message waited.
            Err(StoreError::Gone | StoreError::NoRecord) => None,
            Err(other) => return Err(other.into()),
        };
        let Some(to) = to else { return Ok(()) };
        let site = facts.controller.name.as_ref().map(|n| n.in_lang(&body.language)).unwrap_or_default();
        let purpose = issued.as_ref().map_or("", |i| i.purpose.as_str());
        let code = issued.as_ref().map(|i| i.code.clone());
        let minutes = self.settings.code_lasts.as_mins();
        let (line, text) = if body.what == What::Transfer {
            let successor = facts.sharing.recipients.values().find(|r| r.role == avouch_policy::model::Role::Successor);
            // Called off and gone from the policy: there is nothing to tell any more.
            let Some(successor) = successor else { return Ok(()) };
            let name = successor.name.in_lang(&body.language);
            let contact = successor.contact.as_deref().unwrap_or_default();
            words::transfer(site, name, contact, &body.language, fact.kind)
        } else {
            let code = code.as_ref().map(|c| c.as_str());
            words::say(body.what, purpose, code, minutes, site, &body.language, fact.kind)
        };
        let letter = Letter {
            id: body.id,
            kind: if purpose.is_empty() { body.what.name().to_owned() } else { format!("code-{purpose}") },
            language: body.language,
            to: to.expose(Sink::Subject, |to| Zeroizing::new(String::from_utf8_lossy(to).into_owned())),
            subject: line,
            text: text.into(),
            code,
            unsubscribe: None,
            at: self.store.now(),
        };
        let sent = match (fact.kind, &self.messengers.mail, &self.messengers.sms) {
            (Kind::Email, Some(mail), _) => mail.mail(&letter).await,
            (Kind::Phone, _, Some(sms)) => sms.sms(&letter).await,
            _ => Err(Undelivered {
                why: format!("nothing is configured that reaches '{}'; see docs/configuration.md", body.item),
                for_good: true,
            }),
        };
        sent.map_err(Fault::Undelivered)?;
        match body.version {
            Some(version) => self.told_of_update(subject, &version, avouch_store::Told::Sent).await,
            None => Ok(()),
        }
    }

    /// The ask for sending to a contact: the account's purpose while it is in use, the person's own rights
    /// while it is being cancelled or restricted, so that they can always get in.
    async fn contact_ask(&self, subject: SubjectId, item: &str) -> Result<(Ask, Actor), Fault> {
        let standing = self.account(subject).await?.standing;
        let (purpose, actor) = if standing.state == avouch_policy::State::Active && !standing.restricted {
            (crate::collection::join::PURPOSE, Actor::System)
        } else {
            (crate::rights::PURPOSE, Actor::Subject)
        };
        let wanted = Wanted { act: Act::Use, purpose, items: &[item], recipient: None };
        Ok((self.ask_or_refuse(&wanted, &actor).await?, actor))
    }

    /// Messages that were given up; for health.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn dead_letters(&self) -> Result<u64, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.dead_jobs(JOB).await?)
    }
}
