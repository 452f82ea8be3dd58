//! Marketing: by opt-in for each channel, through the gate alone, refused with one step that needs no login.
//!
//! Keeps promise 2.5 (PIPL 24(2), Advertising Law 43): only who consented to the channel is looked at; the gate is
//! asked again for each message as it goes; every message carries a link that refuses at once; the refusal is kept as
//! a keyed digest of the address that outlives the account. Promotional places on pages ask the gate at display.

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch_policy::model::{Kind, Purpose, Reach};
use avouch_policy::{Act, Ask, Party, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Campaign, CampaignId, CampaignPage, Credential, Hold, Job, Outcome, Receipt, RecordId, StoreError,
    Suppressed, Transact, Tx, Which,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::{Letter, Undelivered};
use crate::rights::consent::kind_of;

/// The job that looks for whom a campaign goes to.
pub(crate) const JOB: &str = "campaign";
/// The job that sends one message.
pub(crate) const OFFER: &str = "offer";
/// People looked at in one commit.
const PAGE: u32 = 100;
/// The most bytes of a campaign's words in one language.
const LONGEST: usize = 4_000;
/// What links are sealed for.
const LINK: &str = "unsubscribe";

/// What a campaign says in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The subject line, or the heading at its place.
    pub line: String,
    /// The text.
    pub text: String,
}

/// A campaign to be made.
#[derive(Debug, Clone)]
pub struct NewCampaign {
    /// The purpose, one with a channel.
    pub purpose: String,
    /// What it says, in every language of the policy.
    pub words: BTreeMap<String, Words>,
    /// The place it is shown at, for the channel that is one.
    pub slot: Option<String>,
    /// When it is shown no more, for such a place.
    pub until: Option<Timestamp>,
}

/// What a promotional place shows one person.
#[derive(Debug)]
pub enum Slot {
    /// The offer: they asked for such.
    Offer {
        /// Its words.
        words: Words,
        /// Where the use is recorded.
        receipt: Receipt,
    },
    /// Something neutral: there is no offer, or they did not ask for any.
    Neutral,
}

/// What an unsubscribing link holds: sealed, so that it tells nothing.
#[derive(Serialize, Deserialize)]
struct Link {
    s: String,
    p: String,
    d: Vec<Suppressed>,
}

fn marketing<'p>(policy: &'p Policy, purpose: &str) -> Option<(&'p Purpose, Reach)> {
    let fact = policy.facts().usage.purposes.get(purpose)?;
    Some((fact, fact.channel?))
}

/// The contact of a purpose's channel: its item, and what kind that is.
fn contact<'p>(policy: &'p Policy, purpose: &str) -> Option<(&'p str, Kind)> {
    let kind = match marketing(policy, purpose)?.1 {
        Reach::Email => Kind::Email,
        Reach::Sms => Kind::Phone,
        Reach::InApp => return None,
    };
    let known = &policy.facts().collection.items;
    let fits = |item: &&str| known.get(*item).is_some_and(|i| i.kind == kind && i.contact && i.identifier);
    policy.items_of(purpose).into_iter().find(fits).map(|item| (item, kind))
}

fn check(policy: &Policy, new: &NewCampaign, channel: Reach) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    for language in &policy.facts().languages {
        let field = format!("words.{language}");
        match new.words.get(language) {
            None => faults.push(FieldFault::new(&field, "required", "write it in every language of the policy")),
            Some(words) if words.text.trim().is_empty() || words.line.trim().is_empty() => {
                faults.push(FieldFault::new(&field, "required", "line and text must say something"));
            }
            Some(words)
                if words.text.len() + words.line.len() > LONGEST || words.line.chars().any(char::is_control) =>
            {
                faults.push(FieldFault::new(
                    &field,
                    "too-long",
                    format!("at most {LONGEST} bytes, the line in one line"),
                ));
            }
            Some(_) => {}
        }
    }
    match (&new.slot, channel) {
        (Some(slot), Reach::InApp) if is_slot(slot) => {}
        (_, Reach::InApp) => {
            faults.push(FieldFault::new("slot", "required", "name the place: lowercase letters, digits and hyphens"));
        }
        (None, _) => {}
        (Some(_), _) => faults.push(FieldFault::new("slot", "not-here", "what is sent has no place; leave it out")),
    }
    if channel == Reach::InApp && new.until.is_none() {
        faults.push(FieldFault::new("until", "required", "say when it is shown no more"));
    }
    faults
}

fn is_slot(slot: &str) -> bool {
    (1..=64).contains(&slot.len()) && slot.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The purposes that write to people.
pub(crate) fn channels(policy: &Policy) -> Vec<String> {
    let all = policy.facts().usage.purposes.keys();
    all.filter(|purpose| contact(policy, purpose).is_some()).cloned().collect()
}

/// A yes or no to a channel: what refuses is kept from every campaign, and a person's own yes lifts that. A yes that
/// was brought over from elsewhere lifts nothing.
pub(crate) async fn answered(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    purpose: &str,
    given: bool,
    by: &Actor,
) -> Result<(), StoreError> {
    let policy = Arc::clone(tx.policy());
    let Some((item, _)) = contact(&policy, purpose) else { return Ok(()) };
    let digests = tx.suppressed_as(subject, item).await?;
    match (given, by) {
        (false, _) => tx.suppress(purpose, &digests).await,
        (true, Actor::Subject) => tx.unsuppress(purpose, &digests).await,
        (true, _) => Ok(()),
    }
}

fn unreadable() -> Fault {
    Fault::Undelivered(Undelivered { why: "the campaign of a message cannot be read".into(), for_good: true })
}

fn id_of(body: &str) -> Result<CampaignId, Fault> {
    let id = data_encoding::HEXLOWER.decode(body.as_bytes()).ok().and_then(|id| id.try_into().ok());
    id.ok_or_else(unreadable)
}

impl App {
    /// Makes a campaign; what is sent begins to go at the worker's next turn.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for what cannot be sent; [`Fault::NotFound`] for a purpose without a channel or one the
    /// service may not claim; [`Fault::NotNow`] where nothing is configured that sends, or no public address for the
    /// link that refuses.
    pub async fn start_campaign(&self, new: NewCampaign, credential: &Arc<Credential>) -> Result<CampaignId, Fault> {
        let policy = self.policy();
        let (_, channel) = marketing(&policy, &new.purpose).ok_or(Fault::NotFound)?;
        if !credential.may_claim(&new.purpose) {
            return Err(Fault::NotFound);
        }
        let faults = check(&policy, &new, channel);
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        if channel != Reach::InApp {
            let (item, kind) = contact(&policy, &new.purpose).ok_or_else(|| {
                Fault::NotNow(format!("'{}' names no contact of its channel that people are found by", new.purpose))
            })?;
            if !self.messengers().reach(kind) {
                return Err(Fault::NotNow(format!("nothing is configured that reaches '{item}'")));
            }
            if self.origin.is_none() {
                return Err(Fault::NotNow(
                    "every message carries a link that refuses: set `address` in avouch.toml".into(),
                ));
            }
        }
        let words = serde_json::to_string(&new.words).map_err(|e| Fault::NotNow(e.to_string()))?;
        let slot = new.slot.unwrap_or_default();
        let service = credential.name().to_owned();
        Ok(self.store.transact(Begin { purpose: new.purpose, service, slot, words, until: new.until }).await?)
    }

    /// What came of a campaign so far.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when this service made none of that id.
    pub async fn campaign(&self, id: CampaignId, credential: &Credential) -> Result<Campaign, Fault> {
        let mut reading = self.store.reading().await?;
        let campaign = reading.look()?.campaign(id).await?;
        campaign.filter(|c| c.service == credential.name()).ok_or(Fault::NotFound)
    }

    /// Looks for whom a campaign goes to, page by page, and queues a message to each.
    pub(crate) async fn run_campaign(&self, job: &Job) -> Result<(), Fault> {
        let id = id_of(&job.body)?;
        loop {
            let (campaign, page, credential) = {
                let mut reading = self.store.reading().await?;
                let mut look = reading.look()?;
                let Some(campaign) = look.campaign(id).await?.filter(|c| !c.done) else { return Ok(()) };
                let page = look.consenting(&campaign.purpose, campaign.last, PAGE).await?;
                let credential = look.service_named(&campaign.service).await?;
                (campaign, page, credential)
            };
            // A service that was suspended sends nothing more.
            let (Some(credential), policy) = (credential, self.policy()) else { return Ok(()) };
            let Some((item, _)) = contact(&policy, &campaign.purpose) else { return Ok(()) };
            let ask = match self.ask_of(&campaign.purpose, item, &credential).await {
                Ok(ask) => ask,
                Err(Fault::Refused(_)) => return Ok(()),
                Err(other) => return Err(other),
            };
            let actor = Actor::Service(credential);
            let over = page.is_empty();
            self.store.transact(Queue { campaign, page, ask, actor, item: item.to_owned() }).await?;
            if over {
                return Ok(());
            }
        }
    }

    async fn ask_of(&self, purpose: &str, item: &str, credential: &Arc<Credential>) -> Result<Ask, Fault> {
        let wanted = Wanted { act: Act::Use, purpose, items: &[item], recipient: None };
        self.ask_or_refuse(&wanted, &Actor::Service(Arc::clone(credential))).await
    }

    /// Sends one message of a campaign, asking the gate as it goes.
    pub(crate) async fn offer(&self, subject: SubjectId, job: &Job) -> Result<(), Fault> {
        let id = id_of(&job.body)?;
        let policy = self.policy();
        let (campaign, credential, language, digests, suppressed, item, kind) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            let Some(campaign) = look.campaign(id).await? else { return Ok(()) };
            let Some((item, kind)) = contact(&policy, &campaign.purpose) else { return Ok(()) };
            let Some(credential) = look.service_named(&campaign.service).await? else { return Ok(()) };
            let language = look.asked_in(subject, &campaign.purpose).await?;
            let digests = look.suppressed_as(subject, item).await?;
            let suppressed = look.is_suppressed(subject, &campaign.purpose, item).await?;
            (campaign, credential, language, digests, suppressed, item, kind)
        };
        if suppressed {
            return Ok(());
        }
        let ask = match self.ask_of(&campaign.purpose, item, &credential).await {
            Ok(ask) => ask,
            Err(Fault::Refused(_)) => return Ok(()),
            Err(other) => return Err(other),
        };
        let (Some(site), Some(id)) = (&self.origin, policy.item(item)) else { return Err(unreadable()) };
        let words: BTreeMap<String, Words> = serde_json::from_str(&campaign.words).map_err(|_| unreadable())?;
        let language =
            language.filter(|l| words.contains_key(l)).unwrap_or_else(|| policy.facts().default_language.clone());
        let words = words.get(&language).ok_or_else(unreadable)?;
        let link = Link { s: subject.to_string(), p: campaign.purpose.clone(), d: digests };
        let link = serde_json::to_vec(&link).map_err(|_| unreadable())?;
        let link = format!("{}/unsubscribe/{}", site.as_str(), self.store.seal_word(LINK, "", &link)?);
        let (actor, which) = (Actor::Service(credential), Which::One(id, RecordId::ONLY));
        let to = match self.store.use_records(subject, &ask, &actor, &which).await {
            Ok(Ok(used)) => used.records.into_iter().next().map(|record| record.value),
            // Withdrawn, deleted or erased since it was queued: the refusal is recorded, nothing goes.
            Ok(Err(_recorded)) => None,
            Err(StoreError::Gone | StoreError::NoRecord) => None,
            Err(other) => return Err(other.into()),
        };
        let Some(to) = to else { return Ok(()) };
        let stop = if language.starts_with("zh") { "退订" } else { "No more of these" };
        let letter = Letter {
            id: data_encoding::HEXLOWER.encode(&job.id),
            kind: "offer".to_owned(),
            language,
            to: to.expose(Sink::Subject, |to| Zeroizing::new(String::from_utf8_lossy(to).into_owned())),
            subject: if kind == Kind::Email { words.line.clone() } else { String::new() },
            text: Zeroizing::new(format!("{}\n\n{stop}: {link}", words.text)),
            code: None,
            unsubscribe: Some(link),
            at: self.store.now(),
        };
        let sent = match (kind, &self.messengers.mail, &self.messengers.sms) {
            (Kind::Email, Some(mail), _) => mail.mail(&letter).await,
            (Kind::Phone, _, Some(sms)) => sms.sms(&letter).await,
            _ => Err(Undelivered { why: format!("nothing is configured that reaches '{item}'"), for_good: true }),
        };
        sent.map_err(Fault::Undelivered)?;
        Ok(self.store.transact(Sent { subject, campaign: campaign.id }).await?)
    }

    /// Refuses a channel by the link of a message, at once and without a login, whether or not the account is still
    /// there. The same answer for every link, so that it tells nothing.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a link that is none of ours; what keeps the store from recording.
    pub async fn unsubscribe(&self, word: &str) -> Result<(), Fault> {
        let link = self.store.open_word(LINK, "", word).and_then(|l| serde_json::from_slice::<Link>(&l).ok());
        let Link { s, p: purpose, d } = link.ok_or(Fault::NotFound)?;
        let subject: SubjectId = s.parse().map_err(|_| Fault::NotFound)?;
        self.store.transact(Suppress { purpose: purpose.clone(), digests: d }).await?;
        let policy = self.policy();
        if kind_of(&policy, &purpose).is_none() {
            return Ok(());
        }
        let standing = match self.account(subject).await {
            Ok(account) => account.standing,
            Err(Fault::NotFound) => return Ok(()),
            Err(other) => return Err(other),
        };
        // Refusing twice is refusing once.
        if policy.purpose(&purpose).is_none_or(|p| !standing.consents.has(p.index())) {
            return Ok(());
        }
        let language = policy.facts().default_language.clone();
        match self.answer(subject, &purpose, false, &language, &Actor::Subject).await {
            Ok(_) | Err(Fault::NotFound) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Whether a link is one of ours; nothing else is told of it.
    #[must_use]
    pub fn is_link(&self, word: &str) -> bool {
        self.store.open_word(LINK, "", word).is_some()
    }

    /// What a promotional place shows one person: the offer where the gate permits it, else something neutral. The
    /// gate is asked each time, so a withdrawal holds at the very next display.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject; [`Fault::Refused`] when the service may not ask for this.
    pub async fn slot(
        &self,
        subject: SubjectId,
        slot: &str,
        language: &str,
        credential: &Arc<Credential>,
    ) -> Result<Slot, Fault> {
        let policy = self.policy();
        self.account(subject).await?;
        let campaign = {
            let mut reading = self.store.reading().await?;
            reading.look()?.campaign_at(slot).await?
        };
        let Some(campaign) = campaign.filter(|c| credential.may_claim(&c.purpose)) else { return Ok(Slot::Neutral) };
        let items = policy.items_of(&campaign.purpose);
        let Some(item) = items.first() else { return Ok(Slot::Neutral) };
        let ask = self.ask_of(&campaign.purpose, item, credential).await?;
        let actor = Actor::Service(Arc::clone(credential));
        // Nothing is opened: that a person is shown an offer is the use.
        let used = self.store.use_records(subject, &ask, &actor, &Which::These(Vec::new())).await?;
        let words: BTreeMap<String, Words> = serde_json::from_str(&campaign.words).map_err(|_| unreadable())?;
        let words = words.get(language).or_else(|| words.get(&policy.facts().default_language)).cloned();
        Ok(match (used, words) {
            (Ok(used), Some(words)) => Slot::Offer { words, receipt: used.receipt },
            _ => Slot::Neutral,
        })
    }
}

struct Begin {
    purpose: String,
    service: String,
    slot: String,
    words: String,
    until: Option<Timestamp>,
}

impl Transact for Begin {
    const NAME: &'static str = "begin a campaign";
    type Out = CampaignId;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<CampaignId, StoreError> {
        let id = tx.put_campaign(&self.purpose, &self.service, &self.slot, &self.words, self.until).await?;
        if self.slot.is_empty() {
            let now = tx.now();
            tx.queue(JOB, None, now, &data_encoding::HEXLOWER.encode(&id)).await?;
        }
        tx.note("campaign", &self.purpose, &[], Party::Service, Outcome::Done, None).await?;
        Ok(id)
    }
}

struct Queue {
    campaign: Campaign,
    page: Vec<SubjectId>,
    ask: Ask,
    actor: Actor,
    item: String,
}

impl Transact for Queue {
    const NAME: &'static str = "queue a campaign's messages";
    type Out = ();
    type Fault = StoreError;

    // Many subjects in one commit: each row is its own matter, and each message is decided anew as it goes.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.page.iter().map(|subject| (*subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut page = CampaignPage { last: self.page.last().copied(), ..CampaignPage::default() };
        let body = data_encoding::HEXLOWER.encode(&self.campaign.id);
        let now = tx.now();
        for subject in self.page.iter().copied() {
            if tx.is_suppressed(subject, &self.campaign.purpose, &self.item).await? {
                page.suppressed += 1;
                continue;
            }
            // A stranger's address is not written to because somebody typed it in.
            let verified = tx.verified(subject).await?.iter().any(|v| v.item == self.item);
            let permitted = match tx.ask(subject, self.ask.clone(), &self.actor).await {
                Ok(Answer::Permitted(_decided_anew_at_sending)) => true,
                Ok(Answer::Refused(_recorded)) => false,
                Err(StoreError::Gone) => continue,
                Err(other) => return Err(other),
            };
            if !verified || !permitted {
                page.refused += 1;
            } else if tx.enter_campaign(subject, self.campaign.id).await? {
                tx.queue(OFFER, Some(subject), now, &body).await?;
                page.queued += 1;
            }
        }
        tx.count_campaign(self.campaign.id, &page).await
    }
}

struct Sent {
    subject: SubjectId,
    campaign: CampaignId,
}

impl Transact for Sent {
    const NAME: &'static str = "count a message sent";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.sent_campaign(self.subject, self.campaign).await
    }
}

struct Suppress {
    purpose: String,
    digests: Vec<Suppressed>,
}

impl Transact for Suppress {
    const NAME: &'static str = "keep a refusal of marketing";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.suppress(&self.purpose, &self.digests).await?;
        tx.note("unsubscribe", &self.purpose, &[], Party::Subject, Outcome::Done, None).await?;
        Ok(())
    }
}
