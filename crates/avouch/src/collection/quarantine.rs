//! What was brought over from elsewhere and could not be documented: its person is asked, and nobody else.
//!
//! Keeps promises 2.0 and 6.1: it serves nothing while it waits; kept, it becomes a record through the gate, on a
//! basis that can be shown now; declined or unanswered, it is deleted.

use std::sync::Arc;

use avouch_policy::{Act, Ask, Party, Policy};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{Actor, Answer, Answered, Hold, OpenedKept, Outcome, Quarantined, StoreError, Transact, Tx};

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::rights;
use crate::rights::consent::{kind_of, wording};

/// A value in the quarantine, shown to its person.
#[derive(Debug)]
pub struct Shown {
    /// What is known of it.
    pub head: Quarantined,
    /// The value.
    pub value: Plain<Vec<u8>>,
}

impl App {
    /// What of a subject waits in the quarantine, unopened.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn quarantined(&self, subject: SubjectId) -> Result<Vec<Quarantined>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.quarantined(subject).await?)
    }

    /// The same, opened for its person; the look is evidenced.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`].
    pub async fn see_quarantined(&self, subject: SubjectId) -> Result<Vec<Shown>, Fault> {
        let heads = self.quarantined(subject).await?;
        let mut items: Vec<&str> = heads.iter().map(|h| h.item.as_str()).collect();
        items.dedup();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = Wanted { act: Act::Use, purpose: rights::PURPOSE, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let opened = self.store.transact(See { subject, ask }).await??;
        Ok(opened.into_iter().map(|OpenedKept { head, value }| Shown { head, value }).collect())
    }

    /// The person keeps what waits for a purpose: their consent where the purpose rests on it, and what waited
    /// becomes records. Gives how many.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the gate still says no: nothing is changed then.
    pub async fn keep_quarantined(&self, subject: SubjectId, purpose: &str, language: &str) -> Result<u64, Fault> {
        let policy = self.policy();
        policy.purpose(purpose).ok_or(Fault::NotFound)?;
        let answered = kind_of(&policy, purpose).map(|kind| Answered {
            kind,
            target: purpose.to_owned(),
            given: true,
            wording: avouch_ledger::hash::sha256(wording(&policy, purpose, language).as_bytes()),
            language: language.to_owned(),
        });
        self.store.transact(Keep { subject, purpose: purpose.to_owned(), answered }).await
    }

    /// The person declines: what waits for a purpose is deleted. Gives how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn decline_quarantined(&self, subject: SubjectId, purpose: &str) -> Result<u64, Fault> {
        Ok(self.store.transact(Decline { subject, purpose: purpose.to_owned() }).await?)
    }
}

struct See {
    subject: SubjectId,
    ask: Ask,
}

impl Transact for See {
    const NAME: &'static str = "see the quarantine";
    type Out = Result<Vec<OpenedKept>, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let opened = tx.open_quarantined(&permit).await?;
        let items: Vec<&str> = opened.iter().map(|o| o.head.item.as_str()).collect();
        tx.note("use", rights::PURPOSE, &items, Party::Subject, Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(opened))
    }
}

/// Makes records of what waits for a purpose, each service's as that service asks for it.
pub(crate) async fn release(tx: &mut Tx<'_>, subject: SubjectId, purpose: &str) -> Result<u64, Fault> {
    let waiting: Vec<Quarantined> =
        tx.quarantined(subject).await?.into_iter().filter(|q| q.purpose == purpose).collect();
    let mut services: Vec<&str> = waiting.iter().map(|q| q.service.as_str()).collect();
    services.dedup();
    let policy = Arc::clone(tx.policy());
    let mut released = 0;
    for service in services {
        let Some(credential) = tx.service_named(service).await? else {
            return Err(Fault::NotNow(format!("the service '{service}' is not here any more")));
        };
        let mut items: Vec<&str> = waiting.iter().filter(|q| q.service == service).map(|q| q.item.as_str()).collect();
        items.dedup();
        let actor = Actor::Service(credential);
        let ask = ask(&policy, subject, purpose, &items, tx.now())?;
        match tx.ask(subject, ask, &actor).await? {
            Answer::Permitted(permit) => released += tx.release_quarantined(permit).await?,
            Answer::Refused(denied) => return Err(denied.into()),
        }
    }
    Ok(released)
}

fn ask(policy: &Policy, subject: SubjectId, purpose: &str, items: &[&str], at: jiff::Timestamp) -> Result<Ask, Fault> {
    policy
        .ask(avouch_policy::AskNames {
            act: Act::Collect,
            party: Party::Service,
            purpose,
            items,
            recipient: None,
            region: subject.region().as_str(),
            at,
        })
        .map_err(|_| Fault::NotNow(format!("the policy no longer names all of this for '{purpose}'")))
}

struct Keep {
    subject: SubjectId,
    purpose: String,
    answered: Option<Answered>,
}

impl Transact for Keep {
    const NAME: &'static str = "keep what waits in the quarantine";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        if let Some(answered) = &self.answered {
            tx.answer(self.subject, &Actor::Subject, answered).await?;
        }
        release(tx, self.subject, &self.purpose).await
    }
}

struct Decline {
    subject: SubjectId,
    purpose: String,
}

impl Transact for Decline {
    const NAME: &'static str = "decline what waits in the quarantine";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let waiting = tx.quarantined(self.subject).await?;
        let mut items = Vec::new();
        for kept in waiting.iter().filter(|q| q.purpose == self.purpose) {
            tx.decline_quarantined(self.subject, &kept.item, kept.id).await?;
            items.push(kept.item.as_str());
        }
        if !items.is_empty() {
            tx.note("delete", &self.purpose, &items, Party::Subject, Outcome::Done, Some(self.subject)).await?;
        }
        Ok(items.len() as u64)
    }
}
