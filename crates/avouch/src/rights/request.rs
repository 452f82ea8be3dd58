//! Requests for a right: what a person can do alone is done on a page, and recorded here as answered at once; the rest
//! is a case of customer service with a kind, an identity check, clocks, and an answer with reasons.
//!
//! Keeps promises 6.1 to 6.5 (PIPL 44 to 50, GDPR 12 to 22): a number and a receipt at once, the earliest clock of
//! every law governs, more time only where a law gives it and with notice, a refusal says why and what else can be
//! done, an appeal is answered by somebody else. Of every request stays a record about nobody for the law's term.

use std::collections::BTreeMap;

use avouch_policy::law::LawPack;
use avouch_policy::model::Right;
use avouch_policy::{Act, Ask, ItemId, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answer, Hold, Matter, NewRequest, Outcome, Put, Receipt, RecordId, Request, RequestCount, RunningClock,
    StoreError, Transact, Tx,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::identity;
use crate::app::App;
use crate::contact::case::{ABOUT, NewCase, Opened, check, number, purpose_of, put_words};
use crate::contact::clock;
use crate::contact::desk::open_file;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;

/// What can be asked for: its code, the right it is, and the page of the privacy centre where it is done at once.
pub const KINDS: [(&str, Right, &str); 11] = [
    ("access", Right::Access, "/privacy"),
    ("copy", Right::Copy, "/privacy/export"),
    ("correct", Right::Correct, "/privacy"),
    ("delete", Right::Delete, "/privacy/content"),
    ("cancel", Right::Cancel, "/privacy/cancel"),
    ("withdraw", Right::Withdraw, "/privacy/consents"),
    ("restrict", Right::Restrict, "/privacy/restrict"),
    ("object", Right::Restrict, "/privacy/restrict"),
    ("portability", Right::Portability, "/privacy/portability"),
    ("explain", Right::Explain, "/privacy/uses"),
    ("decision", Right::Explain, "/privacy/recommendation"),
];

/// Who asks: the person, whom they authorised, a child's guardian, a close relative of somebody who has died.
pub const ROLES: [&str; 4] = ["self", "agent", "guardian", "relative"];

/// Why a request is not, or not wholly, answered; and the law record that allows it.
pub const REASONS: [(&str, &str); 9] = [
    // The same words for an account that is somebody else's and for one that is not there.
    ("identity", "rights.mechanism"),
    ("not-held", "rights.access"),
    ("others", "rights.portability"),
    ("kept-by-law", "rights.delete"),
    ("needed", "rights.delete"),
    ("dispute", "rights.delete"),
    ("impossible", "rights.delete"),
    ("excessive", "rights.reasons"),
    ("no-such-right", "rights.mechanism"),
];

/// A request to be opened.
#[derive(Default)]
pub struct Asked {
    /// One of [`KINDS`].
    pub kind: String,
    /// To what: an item or a purpose of the policy; empty for everything.
    pub about: String,
    /// One of [`ROLES`].
    pub role: String,
    /// Without an account: what is stated of the person it is about, by items of [`identity::claims`]. All optional.
    pub claim: BTreeMap<String, String>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("kind", &self.kind).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What makes a case a request, checked.
pub(crate) struct Stated {
    kind: String,
    about: String,
    role: String,
    claim: Option<(Ask, ItemId, Zeroizing<String>)>,
}

/// The kinds the policy offers.
#[must_use]
pub fn offered(policy: &Policy) -> Vec<&'static str> {
    let rights = &policy.facts().rights.offered;
    KINDS.iter().filter(|(_, right, _)| rights.contains(right)).map(|(kind, ..)| *kind).collect()
}

/// Who may ask, by the policy.
#[must_use]
pub fn roles(policy: &Policy) -> Vec<&'static str> {
    let offers = |role: &str| match role {
        "guardian" => policy.facts().rights.offered.contains(&Right::Guardian),
        "relative" => policy.facts().rights.offered.contains(&Right::Deceased),
        _ => true,
    };
    ROLES.into_iter().filter(|role| offers(role)).collect()
}

/// The law a reason rests on, as the laws of the policy cite it; empty where none does.
#[must_use]
pub fn citation(policy: &Policy, reason: &str) -> String {
    let id = REASONS.iter().find(|(code, _)| *code == reason).map_or("", |(_, id)| *id);
    let packs = policy.facts().controller.law.iter().filter_map(|name| LawPack::named(name));
    let cited: Vec<&str> = packs.filter_map(|pack| pack.get(id)).map(|record| record.citation.as_str()).collect();
    cited.join("; ")
}

/// Until when what is about nobody of a request is kept: as long as the longest of the laws of the policy says, or
/// where none says, as its words.
pub(crate) fn kept_until(policy: &Policy, now: Timestamp) -> Timestamp {
    let packs = policy.facts().controller.law.iter().filter_map(|name| LawPack::named(name));
    let terms = packs.flat_map(|pack| {
        let zone = TimeZone::get(&pack.zone).unwrap_or(TimeZone::UTC);
        let day = now.to_zoned_datetime(zone).date();
        let ids = ["retention.rights_record", "retention.request_record"];
        ids.into_iter().filter_map(move |id| pack.get(id).filter(|r| r.in_force(day))?.period())
    });
    let words = || policy.purpose(purpose_of(policy, "rights")).and_then(|purpose| policy.keep_until(purpose, now));
    terms.map(|term| term.after(now)).max().or_else(words).unwrap_or(now)
}

/// Records in this commit that a person exercised a right alone: answered when it was received.
pub(crate) async fn at_once(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    kind: &str,
    about: &str,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    // Longer than a case's: there are many more of them.
    let number = number(tx.random::<12>());
    let until = kept_until(tx.policy(), tx.now());
    let new = NewRequest {
        number: &number,
        kind,
        about,
        role: "self",
        identity: "account",
        account: Some(subject),
        at_once: true,
        until,
        receipt,
    };
    tx.keep_request(subject, &new).await
}

/// Records what was done alone, after it was done.
pub(crate) struct AtOnce {
    pub subject: SubjectId,
    pub kind: &'static str,
    pub receipt: Receipt,
}

impl Transact for AtOnce {
    const NAME: &'static str = "record a request answered at once";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        at_once(tx, self.subject, self.kind, "", &self.receipt).await
    }
}

/// Keeps a new case as a request, and has what was stated compared after this commit: the answer is the same, and as
/// quick, whoever it is about.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    (subject, number): (SubjectId, &str),
    guest: bool,
    stated: &Stated,
    receipt: &Receipt,
) -> Result<(), Fault> {
    if let Some((ask, item, claim)) = &stated.claim {
        match tx.ask(subject, ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => {
                tx.put(permit, &[Put { item: *item, id: RecordId::ONLY, value: claim.as_bytes() }]).await?;
            }
            Answer::Refused(denied) => return Err(denied.into()),
        }
    }
    let until = kept_until(tx.policy(), tx.now());
    let new = NewRequest {
        number,
        kind: &stated.kind,
        about: &stated.about,
        role: &stated.role,
        identity: if guest { "stated" } else { "account" },
        account: (!guest).then_some(subject),
        at_once: false,
        until,
        receipt,
    };
    tx.keep_request(subject, &new).await?;
    if guest {
        let now = tx.now();
        tx.queue(identity::JOB, Some(subject), now, number).await?;
    }
    Ok(())
}

/// A case is closed: so is its request, with its reasons.
pub(crate) async fn answer(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    number: &str,
    operator: &str,
    outcome: &str,
    reasons: &[String],
) -> Result<(), Fault> {
    let Some(mut file) = tx.request(number).await?.filter(|r| r.subject == subject) else { return Ok(()) };
    if file.appealed.is_some() {
        let entries = tx.case_entries(subject, number).await?;
        if entries.iter().rfind(|e| e.kind == "closed").is_some_and(|e| e.operator == operator) {
            let why = "an appeal is answered by somebody else than who answered before: give it back";
            return Err(Fault::NotNow(why.into()));
        }
    }
    file.answered = Some(tx.now());
    outcome.clone_into(&mut file.outcome);
    file.reasons = reasons.to_vec();
    let until = kept_until(tx.policy(), tx.now());
    Ok(tx.change_request(&file, Some(until)).await?)
}

/// The person of a closed request writes again: it is an appeal, and runs anew.
pub(crate) async fn appeal(tx: &mut Tx<'_>, subject: SubjectId, number: &str) -> Result<(), StoreError> {
    let Some(mut file) = tx.request(number).await?.filter(|r| r.subject == subject) else { return Ok(()) };
    file.appealed = Some(tx.now());
    file.answered = None;
    file.outcome.clear();
    tx.change_request(&file, None).await?;
    tx.case_entry((subject, number), "appeal", "", None, "").await
}

impl App {
    /// Opens a request: number and due date at once. Without an account the answer is the same, and takes the same
    /// work, whatever is stated: nothing is looked up before it is given.
    ///
    /// # Errors
    /// As [`App::open_case`]; also [`Fault::Invalid`] with the field `kind`, `role`, `about` or an item stated.
    pub async fn open_request(
        &self,
        new: NewCase,
        asked: Asked,
        subject: Option<SubjectId>,
        actor: Actor,
    ) -> Result<Opened, Fault> {
        let policy = self.policy();
        let wrong = |field: &str, why: &str| Fault::Invalid(vec![FieldFault::new(field, "required", why)]);
        if !offered(&policy).contains(&asked.kind.as_str()) {
            return Err(wrong("kind", "choose what you ask for"));
        }
        if !roles(&policy).contains(&asked.role.as_str()) {
            return Err(wrong("role", "say for whom you ask"));
        }
        let facts = policy.facts();
        let known = |name: &str| facts.collection.items.contains_key(name) || facts.usage.purposes.contains_key(name);
        if !asked.about.is_empty() && !known(&asked.about) {
            return Err(wrong("about", "name an item or a purpose of the policy"));
        }
        let claim = match subject {
            Some(_) => None,
            None => self.claim(&asked.claim).await?,
        };
        let stated = Stated { kind: asked.kind, about: asked.about, role: asked.role, claim };
        let new = NewCase { category: "rights".into(), ..new };
        self.open_with(new, subject, actor, Some(stated)).await
    }

    /// What is stated of a person, as the record that is kept until it was compared.
    async fn claim(
        &self,
        stated: &BTreeMap<String, String>,
    ) -> Result<Option<(Ask, ItemId, Zeroizing<String>)>, Fault> {
        let policy = self.policy();
        let asked_for = identity::claims(&policy);
        let given: BTreeMap<&str, &str> = stated
            .iter()
            .map(|(item, value)| (item.as_str(), value.trim()))
            .filter(|(item, value)| asked_for.contains(item) && !value.is_empty())
            .collect();
        if let Some((item, _)) = given.iter().find(|(_, value)| value.chars().count() > 200) {
            return Err(Fault::Invalid(vec![FieldFault::new(item, "too-long", "write at most 200 characters")]));
        }
        let (Some(item), false) = (policy.item(identity::ITEM), given.is_empty()) else { return Ok(None) };
        let purpose = purpose_of(&policy, "rights");
        let wanted = Wanted { act: Act::Collect, purpose, items: &[identity::ITEM], recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let json = serde_json::to_string(&given).map_err(|e| Fault::NotNow(e.to_string()))?;
        Ok(Some((ask, item, Zeroizing::new(json))))
    }

    /// The requests a person made, the newest first, and those that others made about their account.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn own_requests(&self, subject: SubjectId) -> Result<(Vec<Request>, Vec<Request>), Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        Ok((look.requests_of(subject).await?, look.requests_about(subject).await?))
    }

    /// A request by its number, for staff or for who may see the case; nothing where the case is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn request(&self, number: &str) -> Result<Option<Request>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.request(number).await?)
    }

    /// How requests of so many days were dealt with, by kind.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn request_statistics(&self, days: u32) -> Result<Vec<RequestCount>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let since = look.now() - SignedDuration::from_hours(24 * i64::from(days));
        Ok(look.request_counts(since).await?)
    }

    /// That the reasons of an answer are known ones, and that a request which is not answered in full has some.
    pub(crate) async fn check_reasons(&self, number: &str, outcome: &str, reasons: &[String]) -> Result<(), Fault> {
        let wrong = |code, why: &str| Err(Fault::Invalid(vec![FieldFault::new("reasons", code, why)]));
        if reasons.iter().any(|r| !REASONS.iter().any(|(code, _)| code == r)) {
            return wrong("unknown", "choose among the reasons there are");
        }
        if outcome != "answered" && reasons.is_empty() && self.request(number).await?.is_some() {
            return wrong("required", "say why it is not answered in full: its person has a right to the reason");
        }
        Ok(())
    }

    /// Gives a request more time, where the law that governs it allows, and tells its person why and until when.
    ///
    /// # Errors
    /// [`Fault::NotNow`] where no law that governs allows it, or it was extended before; [`Fault::Invalid`] without
    /// words; [`Fault::NotFound`].
    pub async fn extend_request(&self, number: &str, operator: &str, why: &str) -> Result<Timestamp, Fault> {
        let words = check(why)?;
        let file = self.file(number).await?;
        let actor = Actor::Operator(operator.to_owned());
        let work = Extend {
            subject: file.subject,
            number: file.number,
            ask: self.desk_ask(&file.category, &actor).await?,
            actor,
            item: self.words_item()?,
            words,
        };
        self.store.transact(work).await?
    }
}

struct Extend {
    subject: SubjectId,
    number: String,
    ask: Ask,
    actor: Actor,
    item: ItemId,
    words: Zeroizing<String>,
}

impl Transact for Extend {
    const NAME: &'static str = "extend a request";
    type Out = Result<Timestamp, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let file = open_file(tx, self.subject, &self.number).await?;
        let mut request = tx.request(&self.number).await?.ok_or(Fault::NotFound)?;
        if request.extended.is_some() {
            return Err(Fault::NotNow("its time was extended before, and no law gives it twice".into()));
        }
        let matter = Matter { about: ABOUT.into(), id: file.matter.clone(), subject: Some(self.subject) };
        let before = tx.clocks(ABOUT, &file.matter).await?.into_iter().find(|clock| clock.governs);
        let Some(governing) = clock::extend(tx, &matter).await? else {
            let why = "the rule this answer is due by knows no extension: answer it by its day";
            return Err(Fault::NotNow(why.into()));
        };
        let record = match put_words(tx, self.subject, &self.ask, &self.actor, self.item, &self.words).await? {
            Ok(record) => record,
            Err(refused) => return Ok(Err(refused)),
        };
        let case = (self.subject, self.number.as_str());
        let day = |clock: &RunningClock| clock.ends.last_day.map(|day| day.to_string()).unwrap_or_default();
        let told = format!("{} {}", before.as_ref().map(day).unwrap_or_default(), day(&governing));
        tx.case_entry(case, "extended", self.actor.name(), Some(record), &told).await?;
        request.extended = Some(tx.now());
        request.due = Some(governing.ends.due);
        tx.change_request(&request, None).await?;
        Outgoing::notice(What::CaseAnswered, "email", &file.language).queue(tx, Some(self.subject), None).await?;
        let about = purpose_of(tx.policy(), &file.category);
        tx.note("extend", about, &[], Party::Operator, Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(governing.ends.due))
    }
}
