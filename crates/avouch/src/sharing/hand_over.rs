//! Handing people's data over to a successor: one person after another, through the gate, resumed where it stopped.
//!
//! Keeps promise 4.3. For each person the standing decides anew, purpose by purpose; who objects is left out, and a
//! purpose that changed goes only with a new consent. Each line of the file names the person and the record, so that
//! a person written twice, because the machine stopped in between, is known for the same.

use std::collections::BTreeMap;
use std::io::Write;

use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Hold, Outcome, Receipt, Record, RecordId, StoreError, Transact, Transfer, TransferCounts,
    TransferId, TransferStage, Tx, Which, recipient_lock,
};
use serde_json::json;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::sharing::transfer::End;

/// What became of a person.
const HANDED_OVER: &str = "handed-over";
const OBJECTED: &str = "objected";
const REFUSED: &str = "refused";
const NOTHING_HELD: &str = "nothing-held";
/// People looked at in one step.
const PAGE: u32 = 200;

/// What a completed transfer is shown by.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// How many people are where.
    pub counts: TransferCounts,
    /// Records written by this run.
    pub records: u64,
    /// The leaf that says it is complete; none while somebody has no outcome yet.
    pub receipt: Option<Receipt>,
}

impl App {
    /// Hands everyone over who has no outcome yet, writing lines of JSON, and completes the transfer.
    ///
    /// # Errors
    /// [`Fault::NotNow`] before its day or when it is over; what keeps the store or the file from going on. Run again,
    /// it goes on with whom it has not finished.
    pub async fn hand_over(&self, id: TransferId, out: &mut (dyn Write + Send)) -> Result<Report, Fault> {
        let transfer = self.transfer(id).await?;
        if transfer.stage != TransferStage::Announced {
            return Err(Fault::NotNow("this transfer is over".into()));
        }
        if self.store.now() < transfer.effective {
            return Err(Fault::NotNow(format!(
                "the successor takes over on {}: nothing goes before",
                transfer.effective
            )));
        }
        self.tell_everybody(id).await?;
        let (mut after, mut records) = (None, 0);
        loop {
            let people = {
                let mut reading = self.store.reading().await?;
                reading.look()?.subjects(after, PAGE).await?
            };
            if people.is_empty() {
                break;
            }
            after = people.last().copied();
            for subject in people {
                records += self.hand_one(subject, &transfer, out).await?;
            }
        }
        let receipt = self.store.transact(End { id, stage: TransferStage::Complete }).await?;
        let counts = self.transfers().await?.into_iter().find(|(t, _)| t.id == id).map(|(_, counts)| counts);
        Ok(Report { counts: counts.unwrap_or_default(), records, receipt: Some(receipt) })
    }

    async fn hand_one(
        &self,
        subject: SubjectId,
        transfer: &Transfer,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, Fault> {
        // What is held, by the purpose it was collected for.
        let mut held: BTreeMap<String, Vec<(ItemId, RecordId)>> = BTreeMap::new();
        match self.holdings(subject).await {
            Ok(heads) => {
                for head in heads {
                    held.entry(head.purpose).or_default().push((head.item, head.id));
                }
            }
            Err(Fault::NotFound) => return Ok(0),
            Err(other) => return Err(other),
        }
        let policy = self.policy();
        let fact = policy.facts().sharing.recipients.get(&transfer.recipient).ok_or(Fault::NotFound)?;
        let mut asks = Vec::new();
        for (purpose, mut list) in held {
            list.retain(|(item, _)| fact.items.contains(policy.item_name(*item)));
            if list.is_empty() || !fact.purposes.contains(&purpose) {
                continue;
            }
            let mut items: Vec<&str> = list.iter().map(|(item, _)| policy.item_name(*item)).collect();
            items.dedup();
            let recipient = Some(transfer.recipient.as_str());
            let wanted = Wanted { act: Act::Share, purpose: &purpose, items: &items, recipient };
            asks.push((self.ask_or_refuse(&wanted, &Actor::System).await?, Which::These(list)));
        }
        let handing = HandOver { subject, id: transfer.id, recipient: transfer.recipient.clone(), asks };
        let handed = match self.store.transact(handing).await {
            Ok(handed) => handed,
            Err(StoreError::Gone) => return Ok(0),
            Err(other) => return Err(other.into()),
        };
        let Some((records, receipt)) = handed else { return Ok(0) };
        let failed = |e: std::io::Error| Fault::NotNow(format!("the file cannot be written: {e}; run it again"));
        for record in &records {
            let line = record.value.expose(Sink::Recipient, |value| {
                json!({
                    "subject": subject.to_string(),
                    "purpose": record.head.purpose,
                    "item": policy.item_name(record.head.item),
                    "record": record.head.id.to_string(),
                    "collected": record.head.created.to_string(),
                    "value": String::from_utf8_lossy(value),
                })
                .to_string()
            });
            writeln!(out, "{line}").map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        let outcome = Ended { subject, id: transfer.id, outcome: HANDED_OVER, receipt: Some(receipt) };
        match self.store.transact(outcome).await {
            Ok(()) | Err(StoreError::Gone) => Ok(records.len() as u64),
            Err(other) => Err(other.into()),
        }
    }
}

/// Opens what of a person may go; enters the outcome of who has none to give.
struct HandOver {
    subject: SubjectId,
    id: TransferId,
    recipient: String,
    asks: Vec<(Ask, Which)>,
}

impl Transact for HandOver {
    const NAME: &'static str = "hand a person over";
    /// What is to be written, with its last leaf; nothing for who has an outcome.
    type Out = Option<(Vec<Record>, Receipt)>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
        hold.push((recipient_lock(*self.subject.region(), &self.recipient), Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let Some(person) = tx.transfer_person(self.subject, self.id).await?.filter(|p| p.outcome.is_empty()) else {
            return Ok(None);
        };
        if person.objected.is_some() {
            tx.end_transfer_of(self.subject, self.id, OBJECTED, None).await?;
            let subject = Some(self.subject);
            let party = avouch_policy::Party::System;
            tx.note("transfer-left-out", &self.recipient, &[], party, Outcome::Done, subject).await?;
            return Ok(None);
        }
        let (mut records, mut last, mut refused) = (Vec::new(), None, None);
        for (ask, which) in &self.asks {
            match tx.ask(self.subject, ask.clone(), &Actor::System).await? {
                Answer::Permitted(permit) => {
                    let used = tx.open_here(permit, which).await?;
                    records.extend(used.records);
                    last = Some(used.receipt);
                }
                Answer::Refused(denied) => refused = Some(denied.receipt),
            }
        }
        match last {
            Some(receipt) => Ok(Some((records, receipt))),
            None => {
                let outcome = if refused.is_some() { REFUSED } else { NOTHING_HELD };
                tx.end_transfer_of(self.subject, self.id, outcome, refused.as_ref()).await?;
                Ok(None)
            }
        }
    }
}

struct Ended {
    subject: SubjectId,
    id: TransferId,
    outcome: &'static str,
    receipt: Option<Receipt>,
}

impl Transact for Ended {
    const NAME: &'static str = "enter what became of a person";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_transfer_of(self.subject, self.id, self.outcome, self.receipt.as_ref()).await
    }
}
