//! The gate: every use of personal data by name, asked of the policy, recorded, and only then answered.
//!
//! Keeps promise 2.0. Names that the policy does not know are refused as gaps; the rest is decided by
//! the store on the subject's true standing.

use avouch_policy::{Act, Ask, AskNames, Refusal};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Denied, StoreError, Transact, Tx, Used, Which};

use crate::app::App;
use crate::fault::Fault;

/// What is asked, by name.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What to do.
    pub act: Act,
    /// What for.
    pub purpose: &'a str,
    /// With which items.
    pub items: &'a [&'a str],
    /// For whom outside, if anyone.
    pub recipient: Option<&'a str>,
}

impl App {
    /// The ask in the policy's terms, or the refusal of what it does not know.
    pub(crate) fn ask(&self, wanted: &Wanted<'_>, actor: &Actor) -> Result<Ask, Refusal> {
        self.policy().ask(AskNames {
            act: wanted.act,
            party: actor.party(),
            purpose: wanted.purpose,
            items: wanted.items,
            recipient: wanted.recipient,
            region: self.store.region().as_str(),
            at: self.store.now(),
        })
    }

    /// As [`App::ask`]; a refusal is recorded and becomes the fault.
    pub(crate) async fn ask_or_refuse(&self, wanted: &Wanted<'_>, actor: &Actor) -> Result<Ask, Fault> {
        match self.ask(wanted, actor) {
            Ok(ask) => Ok(ask),
            Err(refusal) => Err(self.refuse_unknown(wanted, actor, refusal).await?),
        }
    }

    /// Records a refusal that concerns no subject's standing; gives the fault that says so.
    pub(crate) async fn refuse_unknown(
        &self,
        wanted: &Wanted<'_>,
        actor: &Actor,
        refusal: Refusal,
    ) -> Result<Fault, Fault> {
        let receipt = self
            .store
            .transact(NoteUnknown {
                act: wanted.act.name(),
                purpose: wanted.purpose.chars().take(64).collect(),
                party: actor.party(),
                reasons: refusal.reasons.iter().map(|r| r.code.name().to_owned()).collect(),
            })
            .await?;
        Ok(Denied { refusal, receipt, policy: self.policy() }.into())
    }

    /// Uses a subject's records: asks, opens, records the use, answers.
    ///
    /// # Errors
    /// [`Fault::Refused`] with every reason; [`Fault::NotFound`] for an unknown or erased subject.
    pub async fn use_records(
        &self,
        subject: SubjectId,
        wanted: &Wanted<'_>,
        actor: &Actor,
        which: &Which,
    ) -> Result<Used, Fault> {
        let ask = self.ask_or_refuse(wanted, actor).await?;
        Ok(self.store.use_records(subject, &ask, actor, which).await??)
    }

    /// Uses the one record of an item, by its name in text form.
    ///
    /// # Errors
    /// As [`App::use_records`]; also [`Fault::NotFound`] when there is no such record.
    pub async fn use_one(
        &self,
        subject: SubjectId,
        act: Act,
        purpose: &str,
        item: &str,
        record: &str,
        actor: &Actor,
    ) -> Result<Used, Fault> {
        let wanted = Wanted { act, purpose, items: &[item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let policy = self.policy();
        let id = policy.item(item).ok_or(Fault::NotFound)?;
        let which = Which::One(id, record.parse()?);
        Ok(self.store.use_records(subject, &ask, actor, &which).await??)
    }

    /// The items of a purpose, by name.
    #[must_use]
    pub fn items_of(&self, purpose: &str) -> Vec<String> {
        let policy = self.policy();
        policy.items_of(purpose).into_iter().map(str::to_owned).collect()
    }
}

/// The leaf of a refusal that never reached a subject's standing.
struct NoteUnknown {
    act: &'static str,
    purpose: String,
    party: avouch_policy::Party,
    reasons: Vec<String>,
}

impl Transact for NoteUnknown {
    const NAME: &'static str = "refuse the unknown";
    type Out = avouch_store::Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, avouch_store::Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.note_refusal(self.act, &self.purpose, self.party, &self.reasons).await
    }
}
