//! Real names: told why, agreed to apart, checked once, and only then kept.
//!
//! Keeps promise 1.2. Nothing is taken before the person agreed to the purpose alone (PIPL 29) and an
//! assessment is on file (PIPL 55): the gate asks for both. What is written waits as a claim; the verifier or
//! staff decide on it; only what was confirmed becomes the person's name and number, and the claim goes, in
//! the commit of the decision. A face is one way of two, agreed to for itself, and gone with the decision.

mod claim;
pub(crate) mod decide;
mod review;

pub use claim::{Claim, Name, NewClaim};
pub use review::{Opened, Waiting};

use avouch_policy::{Act, Ask, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, CheckStage, Hold, NameCheck, Put, Receipt, Record, RecordHead, RecordId, Transact, Tx, Which,
};
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::app::App;
use crate::collection::verifier::Asked;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::security::session::Session;
use decide::{Decide, Decision};

/// The purpose a name is checked for.
pub const PURPOSE: &str = "real_name";
/// The purpose a face is compared for, agreed to for itself.
pub const FACE_PURPOSE: &str = "face_check";
/// What is being checked.
pub const CLAIM: &str = "identity_claim";
/// The result.
pub const CHECK: &str = "identity_check";
/// The confirmed name.
pub const NAME: &str = "real_name";
/// The confirmed kind of document.
pub const TYPE: &str = "id_type";
/// The confirmed number.
pub const NUMBER: &str = "id_number";
/// The picture of a face.
pub const FACE: &str = "face";

/// What only a check of a name, or a guardian, writes; no other path does.
pub const VERIFIED: [&str; 7] = [NAME, TYPE, NUMBER, CLAIM, CHECK, FACE, crate::rights::guardian::PROOF];

/// The job that asks the verifier.
pub const JOB: &str = "name-check";
/// The job that gives a check up.
pub const END_JOB: &str = "name-check-end";
/// The job that raises an age band.
pub const AGE_JOB: &str = "age";

/// How long a check may take before it is given up and its claim deleted.
const LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often the verifier is asked before staff look instead.
const TRIES: u64 = 5;
/// The largest picture of a face, in bytes.
pub const LARGEST_FACE: usize = 2 * 1024 * 1024;

/// How a name is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Name and number are compared with the register.
    Register,
    /// So is a picture of the face.
    Face,
    /// A member of staff looks.
    Review,
}

impl Method {
    /// Its name in forms and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Face => "face",
            Self::Review => "review",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Register, Self::Face, Self::Review].into_iter().find(|m| m.name() == name)
    }
}

/// Where a person stands with their name.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The check under way.
    pub check: Option<NameCheck>,
    /// The confirmed number's record, unopened.
    pub verified: Option<RecordHead>,
    /// Whether the purpose was agreed to.
    pub agreed: bool,
    /// Whether the comparing of faces was agreed to.
    pub face_agreed: bool,
}

/// The day it is in the home region; its rules count days by the local calendar.
#[must_use]
pub fn today(now: jiff::Timestamp) -> Date {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap_or(jiff::tz::TimeZone::UTC);
    now.to_zoned_datetime(zone).date()
}

impl App {
    /// The ways a name can be checked here. One without a face is always among them (Face Recognition
    /// Measures, art. 10).
    #[must_use]
    pub fn name_methods(&self) -> Vec<Method> {
        match &self.verifier {
            None => vec![Method::Review],
            Some(verifier) if verifier.compares_faces() => vec![Method::Register, Method::Review, Method::Face],
            Some(_) => vec![Method::Register, Method::Review],
        }
    }

    /// Where a person stands with their name.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject.
    pub async fn name_standing(&self, subject: SubjectId) -> Result<Standing, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let account = look.account(subject).await?.ok_or(Fault::NotFound)?;
        let held = look.holdings(subject).await?;
        let agreed = |name| policy.purpose(name).is_some_and(|p| account.standing.separate.has(p.index()));
        Ok(Standing {
            check: look.name_check(subject).await?,
            verified: held.into_iter().find(|h| policy.item_name(h.item) == NUMBER),
            agreed: agreed(PURPOSE),
            face_agreed: agreed(FACE_PURPOSE),
        })
    }

    /// Takes a name and a document to be checked. A name that was confirmed is corrected by this alone, and
    /// only after the password was shown.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with every field that is wrong; [`Fault::Refused`] without separate consent or an
    /// assessment; [`Fault::NeedsProof`]; [`Fault::NotNow`] while another check is under way.
    pub async fn claim_name(&self, session: &Session, new: NewClaim) -> Result<Receipt, Fault> {
        let subject = session.subject();
        let claim = new.check(today(self.store.now())).map_err(Fault::Invalid)?;
        if !self.name_methods().contains(&new.method) || (new.method == Method::Face) != new.face.is_some() {
            return Err(Fault::NotNow("this way of checking a name is not offered here; choose another".into()));
        }
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[CLAIM], recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let face = match new.face {
            None => None,
            Some(picture) => {
                let wanted = Wanted { act: Act::Collect, purpose: FACE_PURPOSE, items: &[FACE], recipient: None };
                Some((self.ask_or_refuse(&wanted, &Actor::Subject).await?, picture))
            }
        };
        if self.name_standing(subject).await?.verified.is_some() {
            session.prove()?;
        }
        let now = self.store.now();
        let stage = if new.method == Method::Review { CheckStage::Staff } else { CheckStage::Verifier };
        let (id, method) = (self.store.random(), new.method.name().to_owned());
        let check = NameCheck { subject, id, method, stage, at: now, ends: now + LASTS };
        self.store.transact(Begin { check, ask, claim: claim.to_bytes(), face }).await?
    }

    /// Asks the verifier about the check of a subject that is under way. A job: run again, it goes on.
    pub(crate) async fn check_name(&self, subject: SubjectId, tries: u64) -> Result<(), Fault> {
        let found = {
            let mut reading = self.store.reading().await?;
            reading.look()?.name_check(subject).await?
        };
        let Some(check) = found.filter(|c| c.stage == CheckStage::Verifier) else { return Ok(()) };
        let Some(verifier) = self.verifier.clone() else { return self.to_staff(&check).await };
        let recipient = verifier.recipient();
        let named = self.policy().facts().sharing.recipients.get(recipient).map(|r| r.hosts.clone());
        if let Some(host) = verifier.host()
            && !named.is_some_and(|hosts| hosts.contains(host))
        {
            tracing::error!(
                recipient,
                host,
                "the policy does not name this host for the recipient: staff look instead"
            );
            return self.to_staff(&check).await;
        }
        let with_face = check.method == Method::Face.name();
        let face = if with_face { self.share_with(&check, FACE_PURPOSE, FACE, recipient).await } else { Ok(None) };
        let claim = match (self.share_with(&check, PURPOSE, CLAIM, recipient).await, &face) {
            (Ok(Some(claim)), Ok(_)) => claim,
            // Withdrawn, or past its end: nothing is left to check.
            (Ok(None) | Err(Fault::Refused(_)), _) | (_, Err(Fault::Refused(_))) => {
                return self.give_up_check(subject, check.id).await;
            }
            (Err(Fault::NotFound), _) => return Ok(()),
            (Err(other), _) => return Err(other),
            (_, Err(other)) => return Err(other.clone()),
        };
        let face = face.ok().flatten();
        if with_face && face.is_none() {
            return self.give_up_check(subject, check.id).await;
        }
        let claim = claim.value.expose(Sink::Recipient, |v| Claim::from_bytes(v)).ok_or(Fault::NotFound)?;
        let face = face.map(|f| f.value.expose(Sink::Recipient, |v| zeroize::Zeroizing::new(v.clone())));
        let name = data_encoding::HEXLOWER.encode(&check.id);
        let asked = Asked {
            check: &name,
            name: claim.name.text(),
            document: claim.kind.name(),
            number: &claim.number,
            face: face.as_ref().map(|f| f.as_slice()),
            at: self.store.now().as_second(),
        };
        match verifier.verify(&asked).await {
            Ok(answer) => {
                let decision = Decision {
                    confirmed: answer.confirmed,
                    by: verifier.recipient().to_owned(),
                    reference: answer.reference,
                };
                self.decide(&check, decision, &Actor::System).await.map(|_| ())
            }
            // Somebody who waits is not left waiting: a person looks.
            Err(_) if tries >= TRIES => self.to_staff(&check).await,
            Err(fault) => Err(Fault::NotNow(fault.to_string())),
        }
    }

    /// One of the records of a check, shared with the verifier by the gate.
    async fn share_with(
        &self,
        check: &NameCheck,
        purpose: &str,
        item: &str,
        recipient: &str,
    ) -> Result<Option<Record>, Fault> {
        let wanted = Wanted { act: Act::Share, purpose, items: &[item], recipient: Some(recipient) };
        let used = self.use_records(check.subject, &wanted, &Actor::System, &Which::all()).await?;
        Ok(used.records.into_iter().find(|r| r.head.id == RecordId(check.id)))
    }

    async fn to_staff(&self, check: &NameCheck) -> Result<(), Fault> {
        self.store.transact(ToStaff { subject: check.subject, id: check.id }).await
    }

    /// Decides a check: what was confirmed is kept, all else goes, in one commit.
    async fn decide(&self, check: &NameCheck, decision: Decision, actor: &Actor) -> Result<Receipt, Fault> {
        let ask = |act, items: &[&str]| {
            self.ask(&Wanted { act, purpose: PURPOSE, items, recipient: None }, actor)
                .map_err(|_| Fault::NotNow("the policy does not name what a real name is kept as".into()))
        };
        let work = Decide {
            subject: check.subject,
            id: check.id,
            method: check.method.clone(),
            decision,
            actor: actor.clone(),
            open: ask(Act::Use, &[CLAIM])?,
            keep: ask(Act::Collect, &[NAME, TYPE, NUMBER, CHECK])?,
            note: ask(Act::Collect, &[CHECK])?,
        };
        self.store.transact(work).await?
    }

    /// Gives a check up: its claim and its face go.
    pub(crate) async fn give_up_check(&self, subject: SubjectId, id: [u8; 16]) -> Result<(), Fault> {
        self.store.transact(decide::GiveUp { subject, id }).await
    }

    /// The job that ends what was never decided.
    pub(crate) async fn end_name_check(&self, subject: SubjectId, body: &str) -> Result<(), Fault> {
        let id = data_encoding::HEXLOWER.decode(body.as_bytes()).ok().and_then(|b| b.try_into().ok());
        match id {
            Some(id) => self.give_up_check(subject, id).await,
            None => Ok(()),
        }
    }

    /// The job that raises an age band.
    pub(crate) async fn grow(&self, subject: SubjectId, body: &str) -> Result<(), Fault> {
        let to = if body == "teen" { avouch_store::AgeBand::Teen } else { avouch_store::AgeBand::Adult };
        self.store.transact(decide::Grow { subject, to }).await
    }
}

/// The ages below which a guardian consents and an account is marked, from the policy, which the linter holds
/// to the law; from the law pack itself where the policy says nothing.
#[must_use]
pub fn ages(policy: &Policy) -> (u32, u32) {
    let law = |name: &str| avouch_policy::law::record(name).and_then(|(_, r)| r.count()).unwrap_or(u32::MAX);
    match &policy.facts().collection.minors {
        Some(rule) => (rule.guardian_under, rule.marked_under),
        None => (law("cn-pipl.minor_age"), law("cn-pipl.minor.adult_age")),
    }
}

struct Begin {
    check: NameCheck,
    ask: Ask,
    claim: zeroize::Zeroizing<Vec<u8>>,
    face: Option<(Ask, zeroize::Zeroizing<Vec<u8>>)>,
}

impl Transact for Begin {
    const NAME: &'static str = "begin a check of a name";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.check.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.check.subject;
        let id = RecordId(self.check.id);
        let permit = match tx.ask(subject, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let item = self.ask.items.first().copied().ok_or(Fault::NotFound)?;
        let receipt = tx.put(permit, &[Put { item, id, value: &self.claim }]).await?;
        if let Some((ask, picture)) = &self.face {
            // Refused for the face alone, nothing of the rest is kept either: another way is offered.
            match tx.ask(subject, ask.clone(), &Actor::Subject).await? {
                Answer::Permitted(permit) => {
                    let item = ask.items.first().copied().ok_or(Fault::NotFound)?;
                    tx.put(permit, &[Put { item, id, value: picture }]).await?;
                }
                Answer::Refused(denied) => return Err(denied.into()),
            }
        }
        if !tx.begin_name_check(&self.check).await? {
            return Err(Fault::NotNow("a name is being checked already; wait for its answer".into()));
        }
        if self.check.stage == CheckStage::Verifier {
            tx.queue(JOB, Some(subject), tx.now(), "").await?;
        }
        let name = data_encoding::HEXLOWER.encode(&self.check.id);
        tx.queue(END_JOB, Some(subject), self.check.ends, &name).await?;
        Ok(Ok(receipt))
    }
}

struct ToStaff {
    subject: SubjectId,
    id: [u8; 16],
}

impl Transact for ToStaff {
    const NAME: &'static str = "put a check before staff";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        // Staff compare documents, not faces.
        tx.delete_record(self.subject, FACE, RecordId(self.id)).await?;
        Ok(tx.hand_name_check_to_staff(self.subject, self.id).await?)
    }
}
