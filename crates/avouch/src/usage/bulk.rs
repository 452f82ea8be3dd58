//! Bulk use: for one purpose, every subject it is permitted for, page by page, each with its leaf.
//!
//! Keeps promise 2.0: the same gate as for one subject; who is refused is left out, and the refusal is
//! recorded.

use std::sync::Arc;

use avouch_policy::Act;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Credential, Used, Which};

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// The most subjects in one page.
pub const PAGE: u32 = 200;

/// One page of a bulk use.
#[derive(Debug)]
pub struct BulkPage {
    /// Who was permitted, with what was opened and the evidence.
    pub used: Vec<(SubjectId, Used)>,
    /// How many were refused.
    pub refused: u64,
    /// Where the next page begins; nothing at the end.
    pub next: Option<SubjectId>,
}

impl App {
    /// Uses items of every permitted subject after `after`.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the ask itself names what the policy does not know.
    pub async fn bulk(
        &self,
        credential: &Arc<Credential>,
        purpose: &str,
        items: &[&str],
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<BulkPage, Fault> {
        let actor = Actor::Service(Arc::clone(credential));
        let wanted = Wanted { act: Act::Use, purpose, items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let limit = limit.clamp(1, PAGE);
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let subjects = look.subjects(after, limit).await?;
        let next = (subjects.len() == usize::try_from(limit).unwrap_or(usize::MAX))
            .then(|| subjects.last().copied())
            .flatten();
        let (mut opened, mut whose, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for subject in subjects {
            match look.ask(subject, ask.clone(), &actor).await {
                Ok(Answer::Permitted(permit)) => {
                    opened.push(look.open(permit, &Which::all()).await?);
                    whose.push(subject);
                }
                Ok(Answer::Refused(refused)) => refusals.push(refused),
                // Erased since the page was read.
                Err(avouch_store::StoreError::Gone) => {}
                Err(e) => return Err(e.into()),
            }
        }
        drop(look);
        drop(reading);
        let mut refused = 0;
        for refusal in refusals {
            self.store.refuse(refusal).await?;
            refused += 1;
        }
        let used = match self.store.release(opened).await? {
            Some(used) => whose.into_iter().zip(used).collect(),
            // Somebody's standing changed under the page: each anew, alone.
            None => {
                let mut again = Vec::new();
                for subject in whose {
                    match self.store.use_records(subject, &ask, &actor, &Which::all()).await {
                        Ok(Ok(used)) => again.push((subject, used)),
                        Ok(Err(_)) => refused += 1,
                        Err(avouch_store::StoreError::Gone) => {}
                        Err(e) => return Err(e.into()),
                    }
                }
                again
            }
        };
        Ok(BulkPage { used, refused, next })
    }
}
