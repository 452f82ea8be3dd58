//! Requests of authorities: entered with their papers, allowed by two people, answered through the gate with no more
//! than they ask for, and kept from the person only while a secrecy order stands.
//!
//! Keeps promises 2.6 and 4.1. A foreign authority gets nothing without the approval that PIPL 41 asks for, on file.

use avouch_policy::model::Role;
use avouch_policy::{Act, Ask, Basis};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{
    Actor, Answer, ApprovalId, ApprovalKind, AuthorityRequest, EntryId, ExactAct, Hold, NewEntry, NewRequest, Operator,
    Paper, RequestState, StoreError, Transact, Tx, Which,
};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// The purpose of the policy that requests of authorities are answered for.
pub const PURPOSE: &str = "legal_request";
/// The largest paper taken, in bytes.
pub const LARGEST_PAPER: u64 = 5 << 20;
/// An entry made for one release opens nothing after it.
const RELEASE_LASTS: SignedDuration = SignedDuration::from_mins(1);
/// The most requests listed.
const LISTED: u32 = 1_000;
/// Signals handed out at once; a request for more is for several releases.
const SIGNALS: u32 = 10_000;

fn wrong(field: &str, text: &str) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, "required", text)])
}

/// The release of a request, exactly.
fn release(request: &AuthorityRequest, subject: SubjectId) -> ExactAct {
    ExactAct::new(ApprovalKind::Release)
        .with("request", request.id.to_string())
        .with("recipient", &request.recipient)
        .with("office", &request.office)
        .with("instrument", &request.instrument)
        .with("dated", &request.dated)
        .with("ground", &request.ground)
        .with("items", request.items.join(", "))
        .with("permission", request.permission.as_deref().unwrap_or("none needed"))
        .about(subject)
}

/// Whether a request can be answered at all.
fn answerable(request: &AuthorityRequest) -> Result<SubjectId, Fault> {
    if request.state != RequestState::Received {
        return Err(Fault::NotNow("this request was decided already".into()));
    }
    if !request.on_file {
        return Err(Fault::NotNow("put the instrument itself on file first".into()));
    }
    if request.foreign && request.permission.is_none() {
        let why = "a foreign authority gets nothing without the approval of the competent authority here (PIPL 41): put \
                   it on file first";
        return Err(Fault::NotNow(why.into()));
    }
    request.subject.ok_or(Fault::NotFound)
}

impl App {
    /// Enters a request of an authority.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with what is missing or more than the policy lets the authority receive;
    /// [`Fault::NotFound`] for nobody here.
    pub async fn receive_request(&self, by: &Operator, new: NewRequest) -> Result<EntryId, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let authority = facts
            .sharing
            .recipients
            .get(&new.recipient)
            .filter(|r| r.role == Role::Authority && r.purposes.iter().any(|p| p == PURPOSE))
            .ok_or_else(|| wrong("recipient", "name an authority of the policy"))?;
        let ours = self.items_of(PURPOSE);
        let known = |item: &String| ours.contains(item) && authority.items.contains(item);
        if new.items.is_empty() || !new.items.iter().all(known) {
            return Err(wrong("items", "name what the instrument asks for, of what the policy lets this authority receive"));
        }
        for (field, text) in [("office", &new.office), ("instrument", &new.instrument), ("ground", &new.ground)] {
            if text.trim().is_empty() || text.chars().count() > 200 {
                return Err(wrong(field, "say which office asks, by which instrument, on which ground"));
            }
        }
        self.account(new.subject).await?;
        Ok(self.store.transact(Receive { by: by.name.clone(), new }).await?)
    }

    /// Puts a paper on file.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for an empty or too large one, or an approval without a number; [`Fault::NotFound`].
    pub async fn file_paper(
        &self,
        by: &Operator,
        id: EntryId,
        paper: Paper,
        number: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Fault> {
        if bytes.is_empty() || bytes.len() as u64 > LARGEST_PAPER {
            return Err(wrong("file", "choose the paper as received, of five megabytes at most"));
        }
        if paper == Paper::Permission && number.trim().is_empty() {
            return Err(wrong("number", "write the number of the approval"));
        }
        let work = FilePaper { by: by.name.clone(), id, paper, number: number.trim().to_owned(), bytes };
        Ok(self.store.transact(work).await?)
    }

    /// Asks a second person to let a request be answered.
    ///
    /// # Errors
    /// [`Fault::NotNow`] while a paper is missing, above all the approval of PIPL 41; [`Fault::NotApproved`].
    pub async fn ask_release(&self, by: &Operator, id: EntryId, why: &str) -> Result<ApprovalId, Fault> {
        let request = self.authority_request(id).await?;
        let subject = answerable(&request)?;
        self.ask_approval(by, release(&request, subject), why).await
    }

    /// Answers a request that a second person allowed: exactly its items, through the gate, to its authority. What is
    /// handed out comes back once, after its leaf is durable.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; [`Fault::Refused`] with the gate's reasons; [`Fault::NotNow`]; [`Fault::NotFound`].
    pub async fn release(&self, by: &Operator, approval: ApprovalId) -> Result<Plain<Vec<u8>>, Fault> {
        let act = self.approval(approval).await?.act;
        let id: EntryId = act.part("request").ok_or(Fault::NotFound)?.parse()?;
        let request = self.authority_request(id).await?;
        let subject = answerable(&request)?;
        let actor = Actor::Operator(by.name.clone());
        let items: Vec<&str> = request.items.iter().map(String::as_str).collect();
        let wanted = Wanted { act: Act::Share, purpose: PURPOSE, items: &items, recipient: Some(&request.recipient) };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let policy = self.policy();
        let signals = request
            .items
            .iter()
            .any(|name| policy.facts().collection.items.get(name).is_some_and(|item| item.signal.is_some()));
        let work = Release { actor, approval, subject, request, ask, signals };
        self.store.transact(work).await?
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none waits.
    pub async fn refuse_request(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        Ok(self.store.transact(RefuseRequest { by: by.name.clone(), id }).await?)
    }

    /// Lifts a secrecy order; the person sees everything from then on.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none stands.
    pub async fn lift_secrecy(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        let request = self.authority_request(id).await?;
        Ok(self.store.transact(Lift { by: by.name.clone(), request }).await?)
    }

    /// The requests, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn authority_requests(&self) -> Result<Vec<AuthorityRequest>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.authority_requests(LISTED).await?)
    }

    /// One request.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn authority_request(&self, id: EntryId) -> Result<AuthorityRequest, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.authority_request(id).await?)
    }
}

struct Receive {
    by: String,
    new: NewRequest,
}

impl Transact for Receive {
    const NAME: &'static str = "enter a request of an authority";
    type Out = EntryId;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.new.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<EntryId, StoreError> {
        tx.enter_request(&self.new, &self.by).await
    }
}

struct FilePaper {
    by: String,
    id: EntryId,
    paper: Paper,
    number: String,
    bytes: Vec<u8>,
}

impl Transact for FilePaper {
    const NAME: &'static str = "put a paper on file";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.file_paper(self.id, self.paper, &self.number, &self.bytes, &self.by).await
    }
}

struct Release {
    actor: Actor,
    approval: ApprovalId,
    subject: SubjectId,
    request: AuthorityRequest,
    ask: Ask,
    signals: bool,
}

impl Transact for Release {
    const NAME: &'static str = "hand out to an authority";
    type Out = Result<Plain<Vec<u8>>, Fault>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let exact = release(&self.request, self.subject);
        let spent = match tx.spend_approval(self.approval, &exact, self.actor.name()).await? {
            Ok(spent) => spent,
            Err(not) => return Ok(Err(not.into())),
        };
        let now = tx.now();
        let entry = NewEntry {
            subject: Some(self.subject),
            purpose: PURPOSE.to_owned(),
            basis: Basis::LegalDuty,
            citation: format!("{} · {}", self.request.ground, self.request.instrument),
            items: self.request.items.clone(),
            recipient: Some(self.request.recipient.clone()),
            request: Some((self.request.id.0, self.request.secret)),
            begins: now,
            ends: now + RELEASE_LASTS,
            tell: None,
        };
        tx.enter_exception(&entry, &spent).await?;
        let mut records = Vec::new();
        let ways = [Some(Which::all()), self.signals.then_some(Which::Signals { limit: SIGNALS, after: None })];
        for which in ways.into_iter().flatten() {
            match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
                Answer::Permitted(permit) => records.extend(tx.open_here(permit, &which).await?.records),
                Answer::Refused(denied) => return Ok(Err(denied.into())),
            }
        }
        Ok(Ok(tx.hand_out(self.subject, &self.request, &records).await?))
    }
}

struct RefuseRequest {
    by: String,
    id: EntryId,
}

impl Transact for RefuseRequest {
    const NAME: &'static str = "refuse a request of an authority";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.refuse_request(self.id, &self.by).await
    }
}

struct Lift {
    by: String,
    request: AuthorityRequest,
}

impl Transact for Lift {
    const NAME: &'static str = "lift a secrecy order";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.request.subject.map(|subject| (subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.lift_secrecy(&self.request, &self.by).await
    }
}
