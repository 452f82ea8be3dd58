//! Ends reckoned anew when the policy's rules change, page by page, both ways, and told.
//!
//! Keeps promise 5.1. It is taken up where it stopped; what had ended before stays ended. Each person whose ends moved
//! finds a leaf among their own; one leaf commits to the whole.

use avouch_policy::Party;
use avouch_policy::model::After;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Hold, Outcome, Receipt, ReckonPage, Reckoned, Reckoning, Transact, Tx};
use serde_json::json;

use crate::app::App;
use crate::fault::Fault;

/// Records or signals reckoned in one commit; their people wait meanwhile.
const PAGE: u32 = 256;

impl App {
    /// Reckons every end anew, unless that was done by the rules in force. Gives what was found; nothing when there was
    /// nothing to do.
    ///
    /// # Errors
    /// When the store cannot be read or written; running it again goes on where it stopped.
    pub async fn reckon(&self) -> Result<Option<Reckoned>, Fault> {
        let rules = self.policy().keeping_digest();
        let mut done = None;
        loop {
            let (state, page) = {
                let mut reading = self.store.reading().await?;
                let mut look = reading.look()?;
                let state = look.reckoning(&rules).await?.unwrap_or_else(|| Reckoning {
                    begun: self.store.now(),
                    stage: "records".into(),
                    place: String::new(),
                    reckoned: Reckoned::default(),
                    ended: None,
                });
                if state.stage == "done" {
                    return Ok(done);
                }
                let page = look.reckon_page(state.stage == "signals", &state.place, PAGE).await?;
                (state, page)
            };
            done = Some(self.store.transact(Step { rules: rules.clone(), state, page }).await?);
        }
    }
}

struct Step {
    rules: String,
    state: Reckoning,
    page: Option<ReckonPage>,
}

impl Transact for Step {
    const NAME: &'static str = "reckon ends anew";
    type Out = Reckoned;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.page.iter().flat_map(|page| &page.subjects).map(|subject| (*subject, Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Reckoned, Fault> {
        if tx.policy().keeping_digest() != self.rules {
            return Err(Fault::NotNow("the policy changed while ends were reckoned; it is begun again".into()));
        }
        let mut next = self.state.clone();
        let signals = next.stage == "signals";
        match &self.page {
            Some(page) => {
                let (found, moved) = tx.reckon(signals, page).await?;
                for subject in moved {
                    tx.note("reckon", "retention", &[], Party::System, Outcome::Done, Some(subject)).await?;
                }
                next.reckoned = next.reckoned.plus(found);
                next.place.clone_from(&page.last);
            }
            None if signals => {
                next.stage = "done".into();
                next.ended = Some(tx.now());
                if next.reckoned.earlier + next.reckoned.later > 0 {
                    let document =
                        json!({ "format": "avouch-reckoning/1", "rules": self.rules, "ends": next.reckoned });
                    tx.note_document("reckon", "retention", &document.to_string()).await?;
                }
            }
            None => {
                next.stage = "signals".into();
                next.place.clear();
            }
        }
        tx.put_reckoning(&self.rules, &next).await?;
        Ok(next.reckoned)
    }
}

impl App {
    /// Takes from a service that a purpose, or the contract it serves, has ended for a person: what was collected for
    /// it gets its end. Which of the two it is the policy says.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown person or purpose, or one the service may not claim; [`Fault::NotNow`] for a
    /// purpose whose data does not wait for such an end.
    pub async fn end_purpose(&self, subject: SubjectId, purpose: &str, actor: &Actor) -> Result<Receipt, Fault> {
        if matches!(actor, Actor::Service(credential) if !credential.may_claim(purpose)) {
            return Err(Fault::NotFound);
        }
        let policy = self.policy();
        let fact = policy.facts().usage.purposes.get(purpose).ok_or(Fault::NotFound)?;
        let kind = fact.retention.as_ref().map(|rule| rule.after);
        let Some(kind) = kind.filter(|kind| matches!(kind, After::PurposeEnded | After::ContractEnded)) else {
            return Err(Fault::NotNow(format!("the data of '{purpose}' does not wait for its end to be told")));
        };
        self.account(subject).await?;
        self.store.transact(EndPurpose { subject, purpose: purpose.to_owned(), kind, actor: actor.clone() }).await
    }
}

struct EndPurpose {
    subject: SubjectId,
    purpose: String,
    kind: After,
    actor: Actor,
}

impl Transact for EndPurpose {
    const NAME: &'static str = "end a purpose";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        tx.note_end(self.subject, &self.purpose, self.kind, tx.now()).await?;
        Ok(tx.note_by("end", &self.purpose, &[], &self.actor, Outcome::Done, self.subject).await?)
    }
}
