//! Publishing a policy: looked at by the linter, compared with the one before, released for an instant that lies
//! ahead, by two people.
//!
//! Keeps promises 7.1 and 7.2.

use std::sync::Arc;

use avouch_policy::lint::report;
use avouch_policy::{Diff, Finding, Party, Policy, Severity, Source, diff, lint};
use avouch_seal::SubjectId;
use avouch_store::{ApprovalId, ApprovalKind, ExactAct, Hold, Operator, Outcome, Receipt, StoreError, Transact, Tx};
use jiff::{SignedDuration, Timestamp};

use super::archive::archive_and_release;
use super::notice;
use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::security::approval;

/// The job that writes down that a policy came into force.
pub(crate) const IN_FORCE_JOB: &str = "policy-in-force";

/// How long before its instant a policy is released at least, whatever is promised: until then every node knows of it.
const KNOWN_EVERYWHERE: SignedDuration = SignedDuration::from_mins(10);

/// Reads the files of the next policy, or says why they cannot be read.
pub type PolicyFolder = Arc<dyn Fn() -> Result<Source, String> + Send + Sync>;

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
        let before = self.released_policy(newest).await?;
        let diff = diff(&before, &policy);
        if diff.is_empty() {
            return Err(not("policy", "no-change", format!("it is version {}, word for word", newest.version)));
        }
        if releases.iter().any(|release| release.version == policy.version()) {
            let text = format!("version {} was released before; give this one a version of its own", policy.version());
            return Err(not("version", "used", text));
        }
        let (here, there) = (self.store.region(), &policy.facts().controller.region);
        if here.as_str() != there {
            let text = format!(
                "the data rests in '{}', and the policy says '{there}'; moving it is another matter",
                here.as_str()
            );
            return Err(not("policy", "region", text));
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

    /// The files in the folder of the configuration, as they are now.
    ///
    /// # Errors
    /// [`Fault::NotNow`] where there is no folder; [`Fault::Invalid`] when it cannot be read.
    pub async fn policy_in_folder(&self) -> Result<Source, Fault> {
        let read =
            self.policy_folder.clone().ok_or_else(|| Fault::NotNow("no folder of a policy is configured".into()))?;
        let read = tokio::task::spawn_blocking(move || read()).await;
        read.map_err(|e| Fault::NotNow(e.to_string()))?.map_err(|text| not("policy", "unreadable", text))
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
        let earliest = notice.map_or(now, |period| period.after(now)).max(now + KNOWN_EVERYWHERE);
        let earliest = earliest.max(after + SignedDuration::from_secs(1));
        if in_force < earliest {
            let text = format!(
                "it takes effect at {in_force}, and people were promised to be told before: not before {earliest}"
            );
            return Err(not("effective", "too-soon", text));
        }
        Ok(in_force)
    }

    /// Asks a second person that a proposal be released, exactly as it was looked at.
    ///
    /// # Errors
    /// [`Fault::NotApproved`] when this account may not ask for it, or gives no reason.
    pub async fn ask_publication(&self, by: &Operator, proposal: &Proposal, why: &str) -> Result<ApprovalId, Fault> {
        let work = AskPublication {
            by: by.name.clone(),
            act: exact(proposal),
            why: why.to_owned(),
            source: proposal.source.clone(),
        };
        self.store.transact(work).await?
    }

    /// What a second person is asked to allow, looked at anew.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when the request is over or none; those of [`App::propose_policy`] when it cannot be released
    /// any more.
    pub async fn proposal_of(&self, id: ApprovalId) -> Result<Proposal, Fault> {
        let (approval, source) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            (look.approval(id).await?.ok_or(Fault::NotFound)?, look.proposal(id).await?.ok_or(Fault::NotFound)?)
        };
        let at = approval.act.part("in force").and_then(|at| at.parse().ok()).ok_or(Fault::NotFound)?;
        let source: Source =
            serde_json::from_str(&source).map_err(|e| Fault::NotNow(format!("the proposed policy: {e}")))?;
        self.propose_policy(&source, Some(at)).await
    }

    /// Releases what a second person allowed: public from now, in force at its instant on every node; everyone it
    /// concerns is told.
    ///
    /// # Errors
    /// [`Fault::NotApproved`] with why it does not stand; [`Fault::NotNow`] when another release came between; those of
    /// [`App::proposal_of`].
    pub async fn publish_policy(&self, by: &Operator, id: ApprovalId) -> Result<Receipt, Fault> {
        let proposal = self.proposal_of(id).await?;
        let receipt = self.store.transact(ReleasePolicy { proposal, by: by.name.clone(), id }).await??;
        self.refresh_releases().await?;
        Ok(receipt)
    }

    /// Takes a release back before it comes into force.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none that is still coming.
    pub async fn call_off_policy(&self, by: &Operator, version: &str) -> Result<Receipt, Fault> {
        let (release, _) = self.policy_of_version(version).await?;
        let work = CallOff { digest: release.digest, version: version.to_owned(), by: by.name.clone() };
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

/// Exactly what a second person allows: which files, following which, from when, and what that is classed as.
fn exact(proposal: &Proposal) -> ExactAct {
    let Proposal { policy, follows, diff, in_force, .. } = proposal;
    let majors: Vec<String> = diff.majors().into_iter().map(|major| format!("{major:?}").to_lowercase()).collect();
    let again: Vec<&str> = diff.ask_again.iter().map(String::as_str).collect();
    ExactAct::new(ApprovalKind::PolicyPublication)
        .with("version", policy.version())
        .with("follows", follows)
        .with("digest", policy.digest().to_string())
        .with("in force", in_force.to_string())
        .with("changes", diff.changes.len().to_string())
        .with("major", if majors.is_empty() { "none".to_owned() } else { majors.join(", ") })
        .with("asked again", if again.is_empty() { "none".to_owned() } else { again.join(", ") })
}

struct AskPublication {
    by: String,
    act: ExactAct,
    why: String,
    source: String,
}

impl Transact for AskPublication {
    const NAME: &'static str = "ask for the release of a policy";
    type Out = Result<ApprovalId, Fault>;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let until = tx.now() + approval::LASTS;
        match tx.ask_approval(&self.act, &self.by, &self.why, until).await? {
            Ok(id) => {
                tx.keep_proposal(id, until, &self.source).await?;
                Ok(Ok(id))
            }
            Err(not) => Ok(Err(not.into())),
        }
    }
}

struct ReleasePolicy {
    proposal: Proposal,
    by: String,
    id: ApprovalId,
}

impl Transact for ReleasePolicy {
    const NAME: &'static str = "release a policy";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        if let Err(not) = tx.spend_approval(self.id, &exact(&self.proposal), &self.by).await? {
            return Ok(Err(not.into()));
        }
        let Proposal { policy, follows, diff, in_force, source, .. } = &self.proposal;
        if tx.releases().await?.first().is_none_or(|newest| newest.version != *follows) {
            return Err(Fault::NotNow("another policy was released meanwhile; look at the difference anew".into()));
        }
        archive_and_release(tx, policy, source, *in_force, diff.is_major()).await?;
        let receipt = tx.note_operator(&self.by, "publish", policy.version(), Outcome::Done, None).await?;
        let now = tx.now();
        tx.queue(IN_FORCE_JOB, None, *in_force, policy.version()).await?;
        if diff.is_major() {
            tx.queue(notice::JOB, None, now, &notice::Round::first(policy.version())).await?;
        }
        Ok(Ok(receipt))
    }
}

struct CallOff {
    digest: [u8; 32],
    version: String,
    by: String,
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
        Ok(tx.note_operator(&self.by, "unpublish", &self.version, Outcome::Done, None).await?)
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
