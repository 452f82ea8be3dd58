//! Publishing a policy: looked at by the linter, compared with the one before, released for an instant that lies
//! ahead, by two people.
//!
//! Keeps promises 7.1 and 7.2.

use std::sync::Arc;

use avouch_policy::lint::report;
use avouch_policy::{Diff, Finding, Party, Policy, Severity, Source, diff, lint};
use avouch_seal::SubjectId;
use avouch_store::{Hold, Outcome, Receipt, StoreError, Transact, Tx};
use jiff::Timestamp;

use super::archive::archive_and_release;
use super::notice;
use crate::app::App;
use crate::fault::{Fault, FieldFault};

/// The job that writes down that a policy came into force.
pub(crate) const IN_FORCE_JOB: &str = "policy-in-force";

/// A policy that may be released, and what that means.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The policy.
    pub policy: Arc<Policy>,
    /// The version it follows.
    pub follows: String,
    /// What a regulator would say of it; no errors, or it would be none.
    pub warnings: Vec<Finding>,
    /// What changes.
    pub diff: Diff,
    /// When it comes into force.
    pub in_force: Timestamp,
    source: String,
}

/// What keeps a policy from being released, by field: `policy`, `version`, `effective`.
fn not(field: &str, code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, code, text)])
}

impl App {
    /// Looks at a policy that is to follow the newest one, without releasing it. It comes into force at `at`, an
    /// instant of the day it states, or at the begin of that day.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with everything that stands against it: faults of the files, errors of the linter, a version
    /// that was used before, no change at all, a day that does not leave people the promised time.
    pub async fn propose_policy(&self, source: &Source, at: Option<Timestamp>) -> Result<Proposal, Fault> {
        let policy = Policy::load(source).map_err(|faults| not("policy", "unreadable", faults.report(false)))?;
        let releases = self.releases().await?;
        let newest = releases.first().ok_or_else(|| Fault::NotNow("no policy is in force here yet".into()))?;
        let before = self.released_policy(newest)?;
        let diff = diff(&before, &policy);
        if diff.is_empty() {
            return Err(not("policy", "no-change", format!("it is version {}, word for word", newest.version)));
        }
        if releases.iter().any(|release| release.version == policy.version()) {
            let text = format!("version {} was released before; give this one a version of its own", policy.version());
            return Err(not("version", "used", text));
        }
        let in_force = self.instant(&policy, at, newest.in_force)?;
        let day = in_force.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let (errors, warnings): (Vec<_>, Vec<_>) =
            lint(&policy, day).into_iter().partition(|finding| finding.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(not("policy", "lint", report(&errors, false)));
        }
        let source = serde_json::to_string(source).map_err(|e| Fault::NotNow(format!("the policy as JSON: {e}")))?;
        let follows = before.version().to_owned();
        Ok(Proposal { policy: Arc::new(policy), follows, warnings, diff, in_force, source })
    }

    /// When a policy may come into force: on the day it states, after the one before, and not sooner than promised.
    fn instant(&self, policy: &Policy, at: Option<Timestamp>, after: Timestamp) -> Result<Timestamp, Fault> {
        let unstated = || not("effective", "required", "the policy states no day on which it takes effect");
        let day = policy.facts().effective.ok_or_else(unstated)?;
        let begins = policy.begins().ok_or_else(unstated)?;
        let ends = day.tomorrow().ok().and_then(|next| policy.day_begins(next)).ok_or_else(unstated)?;
        let in_force = at.unwrap_or(begins);
        if !(begins..ends).contains(&in_force) {
            return Err(not("effective", "other-day", format!("the policy says that it takes effect on {day}")));
        }
        // What is promised now binds: the policy in force says how long a change is public before it counts.
        let notice = self.policy().facts().updates.notice;
        let now = self.store.now();
        let earliest = notice.map_or(now, |period| period.after(now)).max(after);
        if in_force < earliest || in_force <= now {
            let text = format!("it takes effect at {in_force}, and people were promised to be told before: not before {earliest}");
            return Err(not("effective", "too-soon", text));
        }
        Ok(in_force)
    }

    /// Releases a proposal: public from now, in force at its instant on every node; everyone it concerns is told.
    ///
    /// # Errors
    /// [`Fault::NotNow`] when another release came between.
    pub async fn release_policy(&self, proposal: &Proposal, operator: &str) -> Result<Receipt, Fault> {
        let work = ReleasePolicy { proposal: proposal.clone(), operator: operator.to_owned() };
        let receipt = self.store.transact(work).await?;
        self.refresh_releases().await?;
        Ok(receipt)
    }

    /// Takes a release back before it comes into force.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none that is still coming.
    pub async fn call_off_policy(&self, version: &str) -> Result<Receipt, Fault> {
        let (release, _) = self.policy_of_version(version).await?;
        let work = CallOff { digest: release.digest, version: version.to_owned() };
        let receipt = self.store.transact(work).await?;
        self.refresh_releases().await?;
        Ok(receipt)
    }

    /// Writes down that a released policy is in force.
    pub(crate) async fn note_in_force(&self, version: &str) -> Result<(), Fault> {
        match self.policy_of_version(version).await {
            // Called off meanwhile.
            Err(Fault::NotFound) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Ok(self.store.transact(NoteInForce { version: version.to_owned() }).await?),
        }
    }
}

struct ReleasePolicy {
    proposal: Proposal,
    operator: String,
}

impl Transact for ReleasePolicy {
    const NAME: &'static str = "release a policy";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let Proposal { policy, follows, diff, in_force, source, .. } = &self.proposal;
        if tx.releases().await?.first().is_none_or(|newest| newest.version != *follows) {
            return Err(Fault::NotNow("another policy was released meanwhile; look at the difference anew".into()));
        }
        archive_and_release(tx, policy, source, *in_force, diff.is_major()).await?;
        let receipt = tx.note_by("publish", policy.version(), Party::Operator, &self.operator).await?;
        let now = tx.now();
        tx.queue(IN_FORCE_JOB, None, *in_force, policy.version()).await?;
        if diff.is_major() {
            tx.queue(notice::JOB, None, now, &notice::Round::first(policy.version())).await?;
        }
        Ok(receipt)
    }
}

struct CallOff {
    digest: [u8; 32],
    version: String,
}

impl Transact for CallOff {
    const NAME: &'static str = "call a release off";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if !tx.call_off_release(&self.digest).await? {
            return Err(Fault::NotFound);
        }
        Ok(tx.note("unpublish", &self.version, &[], Party::Operator, Outcome::Done, None).await?)
    }
}

struct NoteInForce {
    version: String,
}

impl Transact for NoteInForce {
    const NAME: &'static str = "note that a policy is in force";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.note("in-force", &self.version, &[], Party::System, Outcome::Done, None).await?;
        Ok(())
    }
}
