//! Bulk use: for one purpose, every subject it is permitted for, page by page, through the same gate as for one.
//!
//! Keeps promise 2.0: who is refused is left out and the refusal is recorded; evidence is a leaf for each person or
//! one for each page that commits to them, as the policy says. A cursor tells nothing, and holds after a restart and
//! whatever people answer meanwhile: each page is decided when it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch_policy::model::Evidence;
use avouch_policy::{Act, Refusal};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Credential, StoreError, Used, Which};

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// The most subjects in one page.
pub const PAGE: u32 = 200;
/// What cursors are sealed for.
const CURSOR: &str = "bulk cursor";

/// What a cursor is bound to: one service's, for this and nothing else.
fn place(credential: &Credential, purpose: &str, items: &[&str]) -> String {
    format!("{}\0{purpose}\0{}", credential.name(), items.join("\0"))
}

/// One page of a bulk use.
#[derive(Debug)]
pub struct BulkPage {
    /// Who was permitted, with what was opened and the evidence.
    pub used: Vec<(SubjectId, Used)>,
    /// Whose records could not be read, though it was permitted: damaged, or sealed by another key.
    pub failed: Vec<SubjectId>,
    /// How many were refused; who they are is nobody's business.
    pub refused: u64,
    /// How many for each reason, by its code.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Where the next page begins; nothing at the end.
    pub next: Option<String>,
}

impl BulkPage {
    fn refuse(&mut self, refusal: &Refusal) {
        self.refused += 1;
        for reason in &refusal.reasons {
            *self.reasons.entry(reason.code.name()).or_default() += 1;
        }
    }
}

impl App {
    /// Uses items of every permitted subject after a cursor, or of the first ones.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the ask itself names what the policy does not know; [`Fault::Invalid`] for a cursor of
    /// something else.
    pub async fn bulk(
        &self,
        credential: &Arc<Credential>,
        purpose: &str,
        items: &[&str],
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<BulkPage, Fault> {
        let actor = Actor::Service(Arc::clone(credential));
        let wanted = Wanted { act: Act::Use, purpose, items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let place = place(credential, purpose, items);
        let after = cursor.map(|cursor| self.open_cursor(&place, cursor)).transpose()?;
        let policy = self.policy();
        let batch = policy.facts().usage.purposes.get(purpose).is_some_and(|p| p.evidence == Evidence::Batch);
        let limit = limit.clamp(1, PAGE);
        let (mut opened, mut refusals) = (Vec::new(), Vec::new());
        let mut page =
            BulkPage { used: Vec::new(), failed: Vec::new(), refused: 0, reasons: BTreeMap::new(), next: None };
        let subjects = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            let subjects = look.subjects(after, limit).await?;
            for subject in subjects.iter().copied() {
                match look.ask(subject, ask.clone(), &actor).await {
                    Ok(Answer::Permitted(permit)) => match look.open(permit, &Which::all()).await {
                        Ok(records) => opened.push(records),
                        Err(StoreError::Sealed(why)) => {
                            tracing::error!(%why, "records of a bulk use cannot be opened");
                            page.failed.push(subject);
                        }
                        Err(StoreError::Gone) => {}
                        Err(e) => return Err(e.into()),
                    },
                    Ok(Answer::Refused(refused)) => refusals.push(refused),
                    // Erased since the page was read.
                    Err(StoreError::Gone) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            subjects
        };
        refusals.iter().for_each(|refused| page.refuse(&refused.refusal));
        let released = self.store.release_page(opened, refusals, batch).await?;
        page.used = released.used;
        // Whose standing changed under the page: each anew, alone.
        for subject in released.stale {
            match self.store.use_records(subject, &ask, &actor, &Which::all()).await {
                Ok(Ok(used)) => page.used.push((subject, used)),
                Ok(Err(denied)) => page.refuse(&denied.refusal),
                Err(StoreError::Gone) => {}
                Err(e) => return Err(e.into()),
            }
        }
        if subjects.len() == usize::try_from(limit).unwrap_or(usize::MAX)
            && let Some(last) = subjects.last()
        {
            page.next = Some(self.store.seal_word(CURSOR, &place, last.id())?);
        }
        Ok(page)
    }

    fn open_cursor(&self, place: &str, cursor: &str) -> Result<SubjectId, Fault> {
        let id = self.store.open_word(CURSOR, place, cursor).and_then(|id| id.try_into().ok());
        let wrong = "send the cursor of the page before, by the same service for the same purpose and items";
        let fault = || Fault::Invalid(vec![crate::fault::FieldFault::new("cursor", "unknown", wrong)]);
        id.map(|id| SubjectId::new(self.store.region(), id)).ok_or_else(fault)
    }
}
