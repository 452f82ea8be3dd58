//! Social functions: what one person does with another: follow, block, write.
//!
//! Keeps promises 2.2, 6.1 and 6.2. An item that the policy says tells of other people (`others`) belongs to both: each
//! has a record of it, put as the gate permits for each. Any other is its maker's alone, and the other learns nothing.
//! Whoever deletes theirs, or is erased, is no longer named by what stays with the other.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Hold, Put, Receipt, RecordId, Relation, StoreError, Transact, Tx, Used, Which};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::value;

/// What one person does with another.
pub struct NewRelation {
    /// Who does it.
    pub from: SubjectId,
    /// With whom.
    pub to: SubjectId,
    /// What for.
    pub purpose: String,
    /// Of which item.
    pub item: String,
    /// The value, as text.
    pub value: String,
}

impl std::fmt::Debug for NewRelation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRelation").field("item", &self.item).finish_non_exhaustive()
    }
}

/// Records with whom they are about besides.
#[derive(Debug)]
pub struct Related {
    /// The records, with the evidence of their use.
    pub used: Used,
    /// Whom each is about, where somebody is.
    pub relations: Vec<Relation>,
}

impl App {
    /// Puts what one person does with another; gives its record's id, the same for both, and the evidence of the first.
    ///
    /// # Errors
    /// [`Fault::Refused`] where either one's standing does not permit it: then nothing is put; [`Fault::Invalid`];
    /// [`Fault::NotFound`] for nobody here.
    pub async fn relate(&self, new: NewRelation, actor: &Actor) -> Result<(RecordId, Receipt), Fault> {
        let wanted = Wanted { act: Act::Collect, purpose: &new.purpose, items: &[&new.item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let policy = self.policy();
        let (Some(item), Some(fact)) = (policy.item(&new.item), policy.facts().collection.items.get(&new.item)) else {
            return Err(Fault::NotFound);
        };
        let wrong = |field: &str, code, text: &str| Fault::Invalid(vec![FieldFault::new(field, code, text)]);
        if new.from == new.to {
            return Err(wrong("to", "oneself", "name another person"));
        }
        if !fact.many || fact.identifier || !matches!(fact.kind, Kind::Text | Kind::Structured) {
            return Err(wrong(&new.item, "not-between", "only text or structured items of which there are many"));
        }
        let checked = value::check(&new.item, fact, &new.value).map_err(|f| Fault::Invalid(vec![f]))?;
        let record = RecordId(self.store.random());
        let work = Relate {
            from: new.from,
            to: new.to,
            both: fact.others,
            ask,
            actor: actor.clone(),
            item,
            name: new.item,
            record,
            value: Zeroizing::new(checked.value),
        };
        let receipt = self.store.transact(work).await??;
        Ok((record, receipt))
    }

    /// A subject's records of an item, with whom each is about besides; recorded as any use.
    ///
    /// # Errors
    /// As [`App::use_records`].
    pub async fn related(
        &self,
        subject: SubjectId,
        purpose: &str,
        item: &str,
        actor: &Actor,
    ) -> Result<Related, Fault> {
        let wanted = Wanted { act: Act::Use, purpose, items: &[item], recipient: None };
        let used = self.use_records(subject, &wanted, actor, &Which::all()).await?;
        let relations = self.relations(subject).await?.into_iter().filter(|r| r.item == item).collect();
        Ok(Related { used, relations })
    }

    pub(crate) async fn relations(&self, subject: SubjectId) -> Result<Vec<Relation>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.relations(subject).await?)
    }
}

struct Relate {
    from: SubjectId,
    to: SubjectId,
    /// Whether it belongs to both.
    both: bool,
    ask: Ask,
    actor: Actor,
    item: ItemId,
    name: String,
    record: RecordId,
    value: Zeroizing<String>,
}

impl Transact for Relate {
    const NAME: &'static str = "put what is between two people";
    /// A refusal is an outcome, not an error: its leaf is committed.
    type Out = Result<Receipt, Fault>;
    type Fault = StoreError;

    // Two people in one commit: it is there for both, or for neither.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend([(self.from, Hold::Shared), (self.to, Hold::Shared)]);
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.account(self.to).await?.ok_or(StoreError::Gone)?;
        let mut permits = Vec::new();
        for (subject, other, made) in [(self.from, self.to, true), (self.to, self.from, false)] {
            if made || self.both {
                match tx.ask(subject, self.ask.clone(), &self.actor).await? {
                    Answer::Permitted(permit) => permits.push((permit, other, made)),
                    Answer::Refused(denied) => return Ok(Err(denied.into())),
                }
            }
        }
        let mut receipt = None;
        for (permit, other, made) in permits {
            let subject = permit.subject();
            let put = Put { item: self.item, id: self.record, value: self.value.as_bytes() };
            let kept = tx.put(permit, &[put]).await?;
            let relation = Relation { item: self.name.clone(), record: self.record, other: Some(other), made };
            tx.relate(subject, &relation).await?;
            receipt.get_or_insert(kept);
        }
        Ok(receipt.ok_or(Fault::NotFound))
    }
}
