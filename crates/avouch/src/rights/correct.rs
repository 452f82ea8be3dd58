//! Correcting what is held, and adding what was left out.
//!
//! Keeps promise 6.1: by the person alone, for items the policy calls editable; identifiers and contacts
//! only after the password was shown, and findable under the new value at once.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Hold, Put, Receipt, RecordId, Transact, Tx};

use super::request;
use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::security::session::Session;
use crate::value;

impl App {
    /// Sets an item of the signed-in subject to a new value. A contact that messages reach is changed by
    /// [`App::start_change`] instead; one that cannot be reached is set here, and is not verified.
    ///
    /// # Errors
    /// [`Fault::NeedsCode`] for such a contact;
    /// [`Fault::Invalid`], [`Fault::Taken`], [`Fault::NeedsProof`], [`Fault::NotFound`] for an item that
    /// cannot be edited here, [`Fault::Refused`].
    pub async fn correct(
        &self,
        session: &Session,
        item: &str,
        record: Option<RecordId>,
        raw: &str,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).filter(|f| f.editable).ok_or(Fault::NotFound)?;
        if fact.identifier || fact.contact {
            session.prove()?;
        }
        if fact.contact && fact.identifier && self.messengers().reach(fact.kind) {
            return Err(Fault::NeedsCode);
        }
        let checked = value::check(item, fact, raw).map_err(|f| Fault::Invalid(vec![f]))?;
        // A verified name is corrected by a new check alone.
        if fact.kind == Kind::Secret || crate::collection::real_name::VERIFIED.contains(&item) {
            return Err(Fault::NotFound);
        }
        // What is there is corrected as a right; what is new is collected for a purpose that names it.
        let held = self.holdings(session.subject()).await?;
        let id = policy.item(item).ok_or(Fault::NotFound)?;
        let record = record.unwrap_or(if fact.many { RecordId(self.store.random()) } else { RecordId::ONLY });
        let there = held.iter().any(|h| h.item == id && h.id == record);
        let purpose = if there {
            super::PURPOSE.to_owned()
        } else {
            policy
                .facts()
                .usage
                .purposes
                .iter()
                .filter(|(name, _)| name.as_str() != super::PURPOSE && policy.items_of(name).contains(&item))
                // What the service cannot do without comes first; consent purposes only where consented.
                .max_by_key(|(_, p)| p.essential)
                .map(|(name, _)| name.clone())
                .ok_or(Fault::NotFound)?
        };
        let wanted = Wanted { act: Act::Collect, purpose: &purpose, items: &[item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let work = Correct {
            subject: session.subject(),
            ask,
            item: id,
            name: item.to_owned(),
            record,
            there,
            normalized: fact.identifier.then_some(checked.normalized),
            value: zeroize::Zeroizing::new(checked.value),
        };
        self.store.transact(work).await?
    }
}

struct Correct {
    subject: SubjectId,
    ask: Ask,
    item: ItemId,
    name: String,
    record: RecordId,
    /// Whether something held is corrected, and not something new added.
    there: bool,
    normalized: Option<String>,
    value: zeroize::Zeroizing<String>,
}

impl Transact for Correct {
    const NAME: &'static str = "correct";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        if let Some(normalized) = &self.normalized {
            if tx.find(&self.name, normalized).await?.is_some_and(|who| who != self.subject) {
                return Err(Fault::Taken(self.name.clone()));
            }
            tx.drop_identifier(self.subject, &self.name).await?;
            if !tx.claim_identifier(self.subject, &self.name, normalized).await? {
                return Err(Fault::Taken(self.name.clone()));
            }
        }
        let receipt = tx.put(permit, &[Put { item: self.item, id: self.record, value: self.value.as_bytes() }]).await?;
        if self.there {
            request::at_once(tx, self.subject, "correct", &self.name, &receipt).await?;
        }
        Ok(Ok(receipt))
    }
}
