//! Telling each person what a release changes for them: on their next visit, and by a message where it is major.
//!
//! Keeps promises 7.1 and 7.2: what does not concern a person is not put before them; that they were told, and how, is
//! evidenced.

use std::collections::BTreeSet;
use std::sync::Arc;

use avouch_policy::model::{Channel, Kind};
use avouch_policy::{Age, Change, Party, Policy, diff};
use avouch_seal::SubjectId;
use avouch_store::{
    ConsentKind, GuardianLink, Hold, LinkRole, PolicyRelease, ReleaseNotice, StandingAnswer, StoreError, Told,
    Transact, Tx,
};
use serde::{Deserialize, Serialize};

use super::question::{self, Question};
use crate::app::App;
use crate::fault::Fault;
use crate::messages::send::Outgoing;
use crate::messages::words::What;

/// The job that sends messages about a release, some people at a time.
pub(crate) const JOB: &str = "policy-notice";
/// How many people one round of it looks at.
const ROUND: u32 = 200;

/// What the policy changes for one person: the newest release, compared with the words they know.
#[derive(Debug, Clone)]
pub struct Update {
    /// The newest release.
    pub release: PolicyRelease,
    /// The policy it releases.
    pub policy: Arc<Policy>,
    /// The version it is compared with: the last that the person read, or joined by.
    pub follows: String,
    /// Whether it is still to come.
    pub coming: bool,
    /// The changes that concern this person.
    pub changes: Vec<Change>,
    /// How many others there are.
    pub others: usize,
    /// What this person is asked again.
    pub questions: Vec<Question>,
    /// Whether the person is a child, for whom a guardian answers.
    pub child: bool,
    /// What they were told already.
    pub notice: Option<ReleaseNotice>,
}

impl Update {
    /// Whether it is put before the person: something is asked, or something major was not read yet (7.2).
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.questions.is_empty() || !self.is_read() && self.is_major()
    }

    /// Whether something in it is major for this person.
    #[must_use]
    pub fn is_major(&self) -> bool {
        self.changes.iter().any(|change| change.major.is_some())
    }

    /// Whether the person said to have read it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.notice.is_some_and(|notice| notice.acknowledged.is_some())
    }
}

/// Whether a change is any of this person's business: it is about a purpose they agreed to, or one that asks nobody.
fn concerns(change: &Change, policies: [&Policy; 2], agreed: &BTreeSet<String>) -> bool {
    let purpose = |name: &str| {
        let known = policies.iter().find_map(|p| p.facts().usage.purposes.get(name));
        known.is_none_or(|p| !p.basis.is_consent()) || agreed.contains(name)
    };
    let any = |mut names: Box<dyn Iterator<Item = String> + '_>| names.any(|name| purpose(&name));
    let steps: Vec<&str> = change.path.split('.').collect();
    match steps.as_slice() {
        ["usage", "purposes", name, ..] => purpose(name),
        ["collection", "items", item, ..] => any(Box::new(policies.into_iter().flat_map(move |p| {
            let uses = p.facts().usage.purposes.iter().filter(move |(_, fact)| fact.items.has(item));
            uses.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        }))),
        ["sharing", "recipients", to, ..] => any(Box::new(policies.into_iter().flat_map(move |p| {
            let recipient = p.facts().sharing.recipients.get(*to);
            recipient.map(|r| r.purposes.iter().cloned().collect::<Vec<_>>()).unwrap_or_default()
        }))),
        // The words as a whole: what they say of a person stands in the facts.
        ["text", ..] => false,
        _ => true,
    }
}

impl App {
    /// What the policy changes for a person; nothing where nothing was released since they joined.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject; when the store cannot be read.
    pub async fn update_for(&self, subject: SubjectId) -> Result<Option<Update>, Fault> {
        let (releases, account, answers, declined, notices) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            let releases = look.releases().await?;
            if releases.len() < 2 {
                return Ok(None);
            }
            let account = look.account(subject).await?.ok_or(Fault::NotFound)?;
            let declined = look.declined(subject).await?;
            (releases, account, look.answers(subject).await?, declined, look.release_notices(subject).await?)
        };
        let Some((release, earlier)) = releases.split_first() else { return Ok(None) };
        // Whoever joined when it was public already joined by the new words.
        let joined_by = |release: &PolicyRelease| account.joined >= release.released;
        if joined_by(release) {
            return Ok(None);
        }
        let told = |release: &PolicyRelease| notices.iter().find(|notice| notice.digest == release.digest);
        let knows = |r: &&PolicyRelease| joined_by(r) || told(r).is_some_and(|notice| notice.acknowledged.is_some());
        let Some(before) = earlier.iter().find(knows).or_else(|| earlier.last()) else { return Ok(None) };
        let (policy, old) = (self.released_policy(release).await?, self.released_policy(before).await?);
        let questions = question::open(self, &old, &policy, &answers, &declined);
        let purposes = |answer: &&StandingAnswer| {
            answer.given && matches!(answer.kind, ConsentKind::Consent | ConsentKind::Separate)
        };
        let agreed: BTreeSet<String> = answers.iter().filter(purposes).map(|answer| answer.target.clone()).collect();
        let mut all = diff(&old, &policy).changes;
        // Number and day of the version stand above, and are no changes to anybody.
        all.retain(|change| !matches!(change.path.as_str(), "version" | "effective"));
        let total = all.len();
        let changes: Vec<Change> =
            all.into_iter().filter(|change| concerns(change, [&old, &policy], &agreed)).collect();
        Ok(Some(Update {
            coming: release.in_force > self.store.now(),
            release: release.clone(),
            policy,
            follows: before.version.clone(),
            others: total - changes.len(),
            changes,
            questions,
            child: account.standing.age == Age::Child,
            notice: told(release).copied(),
        }))
    }

    /// Records that a release was shown to a person, or said to be read; the first time of each counts.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject or release.
    pub async fn told_of_update(&self, subject: SubjectId, version: &str, told: Told) -> Result<(), Fault> {
        let (release, _) = self.policy_of_version(version).await?;
        let by = if told == Told::Acknowledged { Party::Subject } else { Party::System };
        let work = Tell { subject, digest: release.digest, version: version.to_owned(), told, by };
        self.store.transact(work).await
    }

    /// Queues the messages about a release, some people at a time, and itself for the rest.
    pub(crate) async fn notice_round(&self, body: &str) -> Result<(), Fault> {
        let unreadable = |_| Fault::NotNow("the job of notices cannot be read".into());
        let round: Round = serde_json::from_str(body).map_err(unreadable)?;
        let after = round.after.as_deref().map(str::parse).transpose().map_err(|_| Fault::NotFound)?;
        let Ok((release, policy)) = self.policy_of_version(&round.version).await else {
            // Called off.
            return Ok(());
        };
        let people = {
            let mut reading = self.store.reading().await?;
            reading.look()?.subjects(after, ROUND).await?
        };
        let whole = people.len() == usize::try_from(ROUND).unwrap_or(usize::MAX);
        let next = people.last().copied().filter(|_| whole);
        for subject in people {
            let update = match self.update_for(subject).await {
                Ok(update) => update,
                // Erased meanwhile.
                Err(Fault::NotFound) => continue,
                Err(other) => return Err(other),
            };
            let Some(update) = update.filter(|u| u.release.digest == release.digest && u.is_open()) else { continue };
            if update.notice.is_some_and(|notice| notice.sent.is_some()) {
                continue;
            }
            let mut told = vec![subject];
            if update.child && !update.questions.is_empty() {
                told.extend(self.guardians(subject).await?);
            }
            for subject in told {
                if let Some(item) = self.contact_for_notices(subject, &policy).await? {
                    let language = policy.facts().default_language.clone();
                    self.store.transact(Send { subject, version: round.version.clone(), item, language }).await?;
                }
            }
        }
        if let Some(next) = next {
            let round = Round { version: round.version, after: Some(next.to_string()) };
            self.store.transact(NextRound { round }).await?;
        }
        Ok(())
    }

    /// The confirmed guardians of a child.
    async fn guardians(&self, child: SubjectId) -> Result<Vec<SubjectId>, Fault> {
        let mut reading = self.store.reading().await?;
        let links = reading.look()?.guardian_links(child).await?;
        let of = |link: GuardianLink| (link.role == LinkRole::Child && link.confirmed.is_some()).then_some(link.other);
        Ok(links.into_iter().filter_map(of).collect())
    }

    /// The contact a notice goes to: mail where the policy promises mail and there is one, else a phone.
    async fn contact_for_notices(&self, subject: SubjectId, policy: &Policy) -> Result<Option<String>, Fault> {
        let channels = &policy.facts().updates.channels;
        let held = self.contacts_held(subject).await?;
        let of = |channel, kind| {
            let fits = |name: &&String| policy.facts().collection.items.get(*name).is_some_and(|i| i.kind == kind);
            channels.contains(&channel).then(|| held.iter().find(fits).cloned()).flatten()
        };
        Ok(of(Channel::Email, Kind::Email).or_else(|| of(Channel::Sms, Kind::Phone)))
    }

    /// The contacts a person has, by item.
    async fn contacts_held(&self, subject: SubjectId) -> Result<Vec<String>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let policy = Arc::clone(look.policy());
        let names = look.holdings(subject).await?.into_iter().map(|head| policy.item_name(head.item).to_owned());
        Ok(names.filter(|name| policy.facts().collection.items.get(name).is_some_and(|item| item.contact)).collect())
    }
}

/// How far the messages about a release have come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Round {
    version: String,
    after: Option<String>,
}

impl Round {
    /// The body of the first job.
    pub(crate) fn first(version: &str) -> String {
        Self { version: version.to_owned(), after: None }.body()
    }

    fn body(&self) -> String {
        // Two strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

struct NextRound {
    round: Round,
}

impl Transact for NextRound {
    const NAME: &'static str = "go on with notices";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now = tx.now();
        tx.queue(JOB, None, now, &self.round.body()).await?;
        Ok(())
    }
}

/// Queues one person's message.
struct Send {
    subject: SubjectId,
    version: String,
    item: String,
    language: String,
}

impl Transact for Send {
    const NAME: &'static str = "queue a notice";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let message = Outgoing::notice(What::PolicyChange, &self.item, &self.language).about(&self.version);
        message.queue(tx, Some(self.subject), None).await
    }
}

struct Tell {
    subject: SubjectId,
    digest: [u8; 32],
    version: String,
    told: Told,
    by: Party,
}

impl Transact for Tell {
    const NAME: &'static str = "tell of a release";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        tx.told_of_release(self.subject, &self.digest, &self.version, self.told, self.by).await?;
        Ok(())
    }
}
