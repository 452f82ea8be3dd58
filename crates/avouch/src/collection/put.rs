//! A service puts a record of a subject, for a purpose its credential is bound to.
//!
//! Keeps promises 1.3 to 1.6 and 2.0: nothing is kept that the policy does not name for that purpose.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Hold, Put, Receipt, RecordId, Transact, Tx};

use crate::app::App;
use crate::collection::real_name;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::value;

/// A record to put.
pub struct NewRecord {
    /// Whose.
    pub subject: SubjectId,
    /// What for.
    pub purpose: String,
    /// Of which item.
    pub item: String,
    /// Which record; nothing for a new one, or the only one of its item.
    pub record: Option<RecordId>,
    /// The value, as text.
    pub value: String,
}

impl std::fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecord").field("item", &self.item).finish_non_exhaustive()
    }
}

impl App {
    /// Puts a record; gives its id and the evidence.
    ///
    /// # Errors
    /// [`Fault::Refused`], [`Fault::Invalid`], [`Fault::NotFound`].
    pub async fn put_record(&self, new: NewRecord, actor: &Actor) -> Result<(RecordId, Receipt), Fault> {
        let wanted = Wanted { act: Act::Collect, purpose: &new.purpose, items: &[&new.item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let policy = self.policy();
        let (Some(item), Some(fact)) = (policy.item(&new.item), policy.facts().collection.items.get(&new.item)) else {
            return Err(Fault::NotFound);
        };
        if fact.kind.rests_apart() {
            return Err(Fault::Invalid(vec![FieldFault::new(
                &new.item,
                "upload",
                "pictures and videos are uploaded: begin with POST /v1/subjects/{subject}/uploads; files come with a message",
            )]));
        }
        let checked = value::check(&new.item, fact, &new.value).map_err(|f| Fault::Invalid(vec![f]))?;
        // Identifiers, passwords and real names have flows of their own, which verify them; no other path
        // writes them. The gate is asked first, so that what it refuses is refused and recorded as such.
        let own_flow = fact.identifier || fact.kind == Kind::Secret || real_name::VERIFIED.contains(&new.item.as_str());
        let record = match (fact.many, new.record) {
            (true, Some(id)) => id,
            (true, None) => RecordId(self.store.random()),
            (false, None) => RecordId::ONLY,
            (false, Some(RecordId::ONLY)) => RecordId::ONLY,
            (false, Some(_)) => return Err(Fault::NotFound),
        };
        let value = zeroize::Zeroizing::new(checked.value);
        let own_flow = own_flow.then_some(new.item);
        let work = PutRecord { subject: new.subject, ask, actor: actor.clone(), item, record, value, own_flow };
        let receipt = self.store.transact(work).await??;
        Ok((record, receipt))
    }
}

struct PutRecord {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    item: ItemId,
    record: RecordId,
    value: zeroize::Zeroizing<String>,
    /// The item's name, where it has a flow of its own.
    own_flow: Option<String>,
}

impl Transact for PutRecord {
    const NAME: &'static str = "put a record";
    /// A refusal is an outcome, not an error: its leaf is committed.
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Refused(denied) => Ok(Err(denied.into())),
            Answer::Permitted(_) if self.own_flow.is_some() => Err(Fault::Invalid(vec![FieldFault::new(
                self.own_flow.as_deref().unwrap_or_default(),
                "own-flow",
                "this is set by the person, in the account's own pages",
            )])),
            Answer::Permitted(permit) => {
                let put = Put { item: self.item, id: self.record, value: self.value.as_bytes() };
                Ok(Ok(tx.put(permit, &[put]).await?))
            }
        }
    }
}
