//! The worker: does what is due, one leased job at a time.

use avouch_store::{Again, Finish, Job, Lease};
use jiff::SignedDuration;

use crate::app::App;
use crate::collection::{joint, real_name};
use crate::contact::clock;
use crate::fault::Fault;
use crate::messages::{Undelivered, send};
use crate::sharing::{egress, transfer};
use crate::storage::erase;
use crate::updates::{notice, publish};
use crate::usage::marketing;

/// How long a failed job waits before it is tried again, at most.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl App {
    /// Does every job that is due; gives how many were done.
    ///
    /// # Errors
    /// When the queue itself cannot be read or written; a job's own fault is kept with the job.
    pub async fn work(&self) -> Result<u64, Fault> {
        let mut done = 0;
        if let Err(fault) = self.store.write_shadow().await {
            tracing::warn!(%fault, "what the policy in shadow said could not be written down; it is tried again");
        }
        while let Some(job) = self.store.transact(Lease { node: self.store.node().to_owned() }).await? {
            let again = match self.run_job(&job).await {
                Ok(()) => {
                    done += 1;
                    None
                }
                Err(fault) => {
                    if given_up(&job, &fault) {
                        tracing::error!(job = %job.kind, tries = job.tries, fault = %fault, "a job is given up");
                        let again = Some((fault.to_string(), Again::Never));
                        self.store.transact(Finish { id: job.id, again }).await?;
                        continue;
                    }
                    tracing::warn!(job = %job.kind, tries = job.tries, fault = %fault, "a job failed; it is tried again");
                    let wait = SignedDuration::from_secs(5)
                        .checked_mul(1 << job.tries.min(10))
                        .unwrap_or(LONGEST_WAIT)
                        .min(LONGEST_WAIT);
                    Some((fault.to_string(), Again::At(self.store.now() + wait)))
                }
            };
            self.store.transact(Finish { id: job.id, again }).await?;
        }
        Ok(done)
    }

    async fn run_job(&self, job: &Job) -> Result<(), Fault> {
        match (job.kind.as_str(), job.subject) {
            (erase::JOB, Some(subject)) => self.erase(subject).await.map(|_| ()),
            (clock::JOB, _) => self.alarm(job).await,
            (send::JOB, _) => self.deliver(job).await,
            (marketing::JOB, _) => self.run_campaign(job).await,
            (marketing::OFFER, Some(subject)) => self.offer(subject, job).await,
            (real_name::JOB, Some(subject)) => self.check_name(subject, job.tries).await,
            (real_name::END_JOB, Some(subject)) => self.end_name_check(subject, &job.body).await,
            (real_name::AGE_JOB, Some(subject)) => self.grow(subject, &job.body).await,
            (avouch_store::JOINT_REVOKE, _) => self.end_grant(job).await,
            (transfer::JOB, _) => {
                let id = transfer::from_text(&job.body).ok_or(Fault::NotFound)?;
                self.tell_everybody(id).await.map(|_| ())
            }
            (publish::IN_FORCE_JOB, _) => self.note_in_force(&job.body).await,
            (notice::JOB, _) => self.notice_round(&job.body).await,
            (avouch_store::SWEEP_OBJECTS, _) => self.store.sweep_objects().await.map(|_| ()).map_err(Fault::from),
            (avouch_store::TELL, Some(subject)) => self.tell(subject, job).await,
            (egress::JOB, Some(subject)) => self.send_queued(subject, job).await,
            (avouch_store::SILENCE, Some(subject)) => self.hear_silence(subject, job).await,
            ("sweep", _) => self.sweep(false).await.map(|_| ()),
            (other, _) => Err(Fault::NotNow(format!("this build does not know the job '{other}'"))),
        }
    }
}

/// Whether trying a job again is no use: a message that nobody will take, or what was tried often enough.
fn given_up(job: &Job, fault: &Fault) -> bool {
    match fault {
        Fault::Undelivered(Undelivered { for_good, .. }) => {
            *for_good || (job.kind == send::JOB && job.tries >= send::MOST_TRIES)
        }
        _ => job.kind == avouch_store::JOINT_REVOKE && job.tries >= joint::MOST_TRIES,
    }
}
