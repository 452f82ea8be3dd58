//! Deleting one record: gone at its commit, with no hidden copy.
//!
//! Keeps promise 6.2.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, Receipt, RecordId, Transact, Tx};

use super::request;
use crate::app::App;
use crate::fault::Fault;

impl App {
    /// Deletes one of a subject's records.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none, or the item cannot be deleted by itself.
    pub async fn delete_record(&self, subject: SubjectId, item: &str, record: RecordId) -> Result<Receipt, Fault> {
        let policy = self.policy();
        policy.facts().collection.items.get(item).filter(|f| f.deletable).ok_or(Fault::NotFound)?;
        self.store.transact(Delete { subject, item: item.to_owned(), record }).await
    }
}

struct Delete {
    subject: SubjectId,
    item: String,
    record: RecordId,
}

impl Transact for Delete {
    const NAME: &'static str = "delete a record";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if !tx.delete_record(self.subject, &self.item, self.record).await? {
            return Err(Fault::NotFound);
        }
        let items = [self.item.as_str()];
        let receipt =
            tx.note("delete", super::PURPOSE, &items, Party::Subject, Outcome::Done, Some(self.subject)).await?;
        request::at_once(tx, self.subject, "delete", &self.item, &receipt).await?;
        Ok(receipt)
    }
}
