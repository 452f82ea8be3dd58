//! Accounts nobody uses any more: their person is told, and coming in keeps the account; else it is closed and erased.
//!
//! Keeps promise 5.1. What counts is what people do themselves, and what their devices send.

use avouch_policy::{Party, Period};
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, StoreError, Transact, Tx, Unused};
use jiff::{SignedDuration, Timestamp};

use super::erase;
use crate::app::App;
use crate::fault::Fault;
use crate::messages::send::Outgoing;
use crate::messages::words::What;

/// Accounts looked at in one page.
const PAGE: u32 = 256;

fn hours(period: Period) -> SignedDuration {
    SignedDuration::from_hours(i64::try_from(period.at_least_hours()).unwrap_or(i64::MAX / 3_600_000))
}

impl App {
    /// Tells the people of unused accounts, and closes those that were told in time; gives how many of each. With
    /// `dry_run` only tells how many it would be.
    pub(super) async fn close_unused(&self, dry_run: bool) -> Result<(u64, u64), Fault> {
        let policy = self.policy();
        let Some(rule) = &policy.facts().storage.inactive else { return Ok((0, 0)) };
        let now = self.store.now();
        // Somewhat earlier than any that may be told now; each is reckoned exactly below.
        let long = hours(rule.after).saturating_sub(hours(rule.notice)).saturating_sub(hours(rule.notice));
        let before = now.checked_sub(long).unwrap_or(Timestamp::MIN);
        let (mut noticed, mut closed, mut after) = (0, 0, None);
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                reading.look()?.unused(before, after, PAGE).await?
            };
            let Some(last) = page.last() else { return Ok((noticed, closed)) };
            after = Some(last.subject);
            for unused in page {
                let goes = rule.after.after(unused.last);
                // What they were told before they last did anything is void.
                match unused.noticed.filter(|told| *told > unused.last) {
                    Some(told) if now >= goes.max(rule.notice.after(told)) => {
                        closed += u64::from(dry_run || self.store.transact(Close { unused, at: now }).await?);
                    }
                    None if rule.notice.after(now) >= goes => {
                        noticed += 1;
                        if !dry_run {
                            self.store.transact(Notice { unused }).await?;
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

struct Notice {
    unused: Unused,
}

impl Transact for Notice {
    const NAME: &'static str = "tell of an unused account";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.unused.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let subject = self.unused.subject;
        tx.note_unused(&self.unused, true).await?;
        let language = tx.policy().facts().default_language.clone();
        for contact in tx.verified(subject).await? {
            Outgoing::notice(What::Unused, &contact.item, &language).queue(tx, Some(subject), None).await?;
        }
        tx.note("notice-unused", "retention", &[], Party::System, Outcome::Done, Some(subject)).await?;
        Ok(())
    }
}

struct Close {
    unused: Unused,
    at: Timestamp,
}

impl Transact for Close {
    const NAME: &'static str = "close an unused account";
    /// Whether it was closed: nobody had come in meanwhile.
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.unused.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let subject = self.unused.subject;
        if !tx.still_unused(&self.unused).await? {
            return Ok(false);
        }
        tx.set_cancelling(subject, Some(self.at)).await?;
        tx.unqueue(erase::JOB, subject).await?;
        tx.queue(erase::JOB, Some(subject), self.at, "").await?;
        tx.note("close-unused", "retention", &[], Party::System, Outcome::Done, Some(subject)).await?;
        Ok(true)
    }
}
