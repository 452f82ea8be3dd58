//! External ids: the numbers other tables of the controller know a person by.
//!
//! Keeps promise 1.1: a service may keep its own tables and its own login; each of its numbers is one person's,
//! is found by keyed digest alone, and is a record like any other: shown, exported, erased.

use avouch_policy::{Act, Ask, AskNames, ItemId};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Hold, Origin, Put, Receipt, RecordId, StoreError, Transact, Tx};

use crate::app::App;
use crate::collection::join::PURPOSE;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// The item an external id is a record of.
pub const ITEM: &str = "external_id";
/// The longest one taken, in bytes.
const LONGEST: usize = 200;

/// A service's number of a person, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalId {
    service: String,
    id: String,
}

impl std::fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalId").field("service", &self.service).finish_non_exhaustive()
    }
}

impl ExternalId {
    /// An external id of a service.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(service: &str, id: &str) -> Result<Self, FieldFault> {
        let id = id.trim();
        if id.is_empty() || id.len() > LONGEST || id.chars().any(char::is_control) {
            let text = format!("write the number as your tables have it: 1 to {LONGEST} bytes, no control characters");
            return Err(FieldFault::new(ITEM, "not-an-external-id", text));
        }
        Ok(Self { service: service.to_owned(), id: id.to_owned() })
    }

    fn normalized(&self) -> String {
        format!("{}\0{}", self.service, self.id)
    }

    /// Which record it is: each service has one of a person.
    pub(crate) fn record(&self) -> RecordId {
        let digest = avouch_ledger::hash::sha256(self.service.as_bytes());
        RecordId(digest.first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn value(&self) -> String {
        serde_json::json!({ "service": self.service, "id": self.id }).to_string()
    }

    /// Makes it findable; false when it is somebody else's.
    pub(crate) async fn claim(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<bool, StoreError> {
        tx.claim_identifier(subject, ITEM, &self.normalized()).await
    }
}

impl App {
    /// Whose external id this is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find_external(&self, external: &ExternalId) -> Result<Option<SubjectId>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.find(ITEM, &external.normalized()).await?)
    }

    /// Gives a subject a service's number, once: a number that stands is not exchanged for another.
    ///
    /// # Errors
    /// [`Fault::Taken`] when it is somebody else's, or the subject has another of this service;
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn set_external(
        &self,
        subject: SubjectId,
        external: ExternalId,
        actor: &Actor,
    ) -> Result<Receipt, Fault> {
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[ITEM], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let item = self.policy().item(ITEM).ok_or(Fault::NotFound)?;
        self.store.transact(SetExternal { subject, external, ask, item, actor: actor.clone() }).await?
    }
}

/// Puts the external id of somebody who is being brought in. The gate is asked as for anything else.
///
/// # Errors
/// [`Fault::Taken`]; [`Fault::Refused`].
pub(crate) async fn bring(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    external: &ExternalId,
    actor: &Actor,
    source: &str,
) -> Result<(), Fault> {
    let policy = std::sync::Arc::clone(tx.policy());
    let item = policy.item(ITEM).ok_or(Fault::NotFound)?;
    let ask = policy
        .ask(AskNames {
            act: Act::Collect,
            party: actor.party(),
            purpose: PURPOSE,
            items: &[ITEM],
            recipient: None,
            region: subject.region().as_str(),
            at: tx.now(),
        })
        .map_err(|_| Fault::NotFound)?;
    let permit = match tx.ask(subject, ask, actor).await? {
        Answer::Permitted(permit) => permit,
        Answer::Refused(denied) => return Err(denied.into()),
    };
    if !external.claim(tx, subject).await? {
        return Err(Fault::Taken(ITEM.into()));
    }
    let origin = Origin { source: source.to_owned(), collected: tx.now() };
    let value = external.value();
    tx.put_from(permit, &[Put { item, id: external.record(), value: value.as_bytes() }], &[origin]).await?;
    Ok(())
}

struct SetExternal {
    subject: SubjectId,
    external: ExternalId,
    ask: Ask,
    item: ItemId,
    actor: Actor,
}

impl Transact for SetExternal {
    const NAME: &'static str = "set an external id";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let record = self.external.record();
        let there = tx.holdings(self.subject).await?.iter().any(|h| h.item == self.item && h.id == record);
        let known = tx.find(ITEM, &self.external.normalized()).await?;
        if known.is_some_and(|who| who != self.subject) || (there && known.is_none()) {
            return Err(Fault::Taken(ITEM.into()));
        }
        self.external.claim(tx, self.subject).await?;
        let value = self.external.value();
        Ok(Ok(tx.put(permit, &[Put { item: self.item, id: record, value: value.as_bytes() }]).await?))
    }
}
