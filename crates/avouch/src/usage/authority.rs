//! Requests of authorities: entered with their papers, read and allowed by two people, answered through the gate with
//! no more than they ask for, and kept from the person only while a secrecy order stands.
//!
//! Keeps promises 2.6 and 4.1. A foreign authority gets nothing without the approval that PIPL 41 asks for, on file.

use avouch_policy::model::Role;
use avouch_policy::{Act, Ask, Basis, Code, Foreign, Reason, Refusal};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{
    Actor, Answer, Approval, ApprovalId, ApprovalKind, AuthorityRequest, EntryId, ExactAct, Hold, NewAuthorityRequest,
    NewEntry, Operator, Paper, PaperKind, Record, RecordId, RequestState, SignalPlace, StoreError, Transact, Tx, Which,
    recipient_lock,
};
use jiff::{SignedDuration, Timestamp};

use super::exception::{LONGEST, told, wrong};
use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;

/// The purpose of the policy that requests of authorities are answered for.
pub const PURPOSE: &str = "legal_request";
/// The job that ends a secrecy order.
pub(crate) const JOB: &str = "secrecy-end";
/// The largest paper taken, in bytes.
pub const LARGEST_PAPER: usize = 8 << 20;
/// The most requests listed.
const LISTED: u32 = 1_000;
/// Signals opened at once, each page with its leaf.
const SIGNALS: u32 = 1_000;

/// The release of a request with its papers, exactly.
fn exact(request: &AuthorityRequest, papers: &[Paper], subject: SubjectId) -> ExactAct {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "open".to_owned(), |at| at.to_string());
    let mut act = ExactAct::new(ApprovalKind::Release)
        .with("request", request.id.to_string())
        .with("recipient", &request.recipient)
        .with("office", &request.office)
        .with("instrument", &request.instrument)
        .with("dated", &request.dated)
        .with("ground", &request.ground)
        .with("items", request.items.join(", "))
        .with("collected from", time(request.covers.0))
        .with("collected before", time(request.covers.1))
        .with("foreign", if request.foreign { "yes" } else { "no" })
        .with("secret until", time(request.secret_until));
    for paper in papers {
        let number = if paper.number.is_empty() { String::new() } else { format!("{}, ", paper.number) };
        act = act.with(&format!("paper: {}", paper.kind.name()), format!("{number}SHA-256 {}", paper.digest));
    }
    act.about(subject)
}

fn filed(papers: &[Paper], kind: PaperKind) -> bool {
    papers.iter().any(|paper| paper.kind == kind)
}

/// Whose data a request that can be answered is about.
fn answerable(request: &AuthorityRequest, papers: &[Paper]) -> Result<SubjectId, Fault> {
    if request.state != RequestState::Received {
        return Err(Fault::NotNow("this request was decided already".into()));
    }
    if !filed(papers, PaperKind::Instrument) {
        return Err(Fault::NotNow("put the instrument itself on file first".into()));
    }
    if request.secret_until.is_some() && !filed(papers, PaperKind::Secrecy) {
        return Err(Fault::NotNow("put the secrecy order itself on file first".into()));
    }
    request.subject.ok_or(Fault::NotFound)
}

/// Whether a foreign authority stands behind it, and whether the approval is on file.
fn foreign(request: &AuthorityRequest, papers: &[Paper]) -> Foreign {
    match (request.foreign, filed(papers, PaperKind::Permission)) {
        (_, true) => Foreign::Approved,
        (true, false) => Foreign::Unapproved,
        (false, false) => Foreign::No,
    }
}

/// That both people have read every paper: one filed it or opened it, the other opened it.
fn read_by_both(approval: &Approval, papers: &[Paper]) -> Result<(), Fault> {
    let second = approval.answered_by.as_deref().unwrap_or_default();
    for paper in papers {
        for who in [approval.asked_by.as_str(), second] {
            if !paper.seen_by.iter().any(|seen| seen == who) {
                let why =
                    format!("'{who}' has not read the paper '{}': both must, before it goes out", paper.kind.name());
                return Err(Fault::NotNow(why));
            }
        }
    }
    Ok(())
}

impl App {
    /// Enters a request of an authority.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with what is missing, or more than the policy lets the authority receive;
    /// [`Fault::NotFound`] for nobody here.
    pub async fn receive_request(&self, by: &Operator, mut new: NewAuthorityRequest) -> Result<EntryId, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let authority = facts
            .sharing
            .recipients
            .get(&new.recipient)
            .filter(|r| r.role == Role::Authority && r.purposes.iter().any(|p| p == PURPOSE))
            .ok_or_else(|| wrong("recipient", "no-authority", "name an authority of the policy"))?;
        let ours = self.items_of(PURPOSE);
        let known = |item: &String| ours.contains(item) && authority.items.contains(item);
        if new.items.is_empty() || !new.items.iter().all(known) {
            let text = "name what the instrument asks for, of what the policy lets this authority receive";
            return Err(wrong("items", "not-of-authority", text));
        }
        for (field, text) in
            [("office", &mut new.office), ("instrument", &mut new.instrument), ("ground", &mut new.ground)]
        {
            *text = text.trim().to_owned();
            if text.is_empty() || text.chars().count() > LONGEST {
                return Err(wrong(field, "required", "say which office asks, by which instrument, on which ground"));
            }
        }
        if let (Some(from), Some(until)) = new.covers
            && until <= from
        {
            return Err(wrong("covers", "backwards", "the time it covers ends before it begins"));
        }
        if new.secret_until.is_some_and(|end| end <= self.store.now()) {
            return Err(wrong("secret", "past", "a secrecy order has an end, and it is still to come"));
        }
        // An authority abroad is a foreign one, whatever is said of it.
        new.foreign |= policy.region(&authority.region) != policy.region(self.store.region().as_str());
        self.account(new.subject).await?;
        Ok(self.store.transact(Receive { by: by.name.clone(), new }).await?)
    }

    /// Puts a paper on file.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for an empty or too large one, or an approval without a number; [`Fault::NotFound`] when the
    /// request does not wait.
    pub async fn file_paper(
        &self,
        by: &Operator,
        id: EntryId,
        kind: PaperKind,
        number: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Fault> {
        if bytes.is_empty() || bytes.len() > LARGEST_PAPER {
            let text = format!("choose the paper as received, of 1 byte to {} MiB", LARGEST_PAPER >> 20);
            return Err(wrong("file", "not-a-document", text));
        }
        let number = number.trim();
        if kind == PaperKind::Permission && (number.is_empty() || number.chars().count() > LONGEST) {
            return Err(wrong("number", "required", "write the number of the approval"));
        }
        let work = FilePaper { by: by.name.clone(), id, kind, number: number.to_owned(), bytes };
        Ok(self.store.transact(work).await?)
    }

    /// A paper, for staff to read; that they read it is recorded.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn open_paper(&self, by: &Operator, id: EntryId, kind: PaperKind) -> Result<Plain<Vec<u8>>, Fault> {
        Ok(self.store.transact(OpenPaper { by: by.name.clone(), id, kind }).await?)
    }

    /// Asks a second person to let a request be answered.
    ///
    /// # Errors
    /// [`Fault::NotNow`] while a paper is missing; [`Fault::Refused`] for a foreign authority without the approval of
    /// PIPL 41, which is recorded; [`Fault::NotApproved`].
    pub async fn ask_release(&self, by: &Operator, id: EntryId, why: &str) -> Result<ApprovalId, Fault> {
        let (request, papers) = self.authority_request(id).await?;
        let subject = answerable(&request, &papers)?;
        if foreign(&request, &papers) == Foreign::Unapproved {
            let policy = self.policy();
            let refusal = Refusal {
                reasons: vec![Reason::act(Code::ForeignAuthority)],
                purpose: policy.purpose(PURPOSE),
                recipient: policy.recipient(&request.recipient),
            };
            let wanted = wanted(&request.recipient, &[]);
            return Err(self.refuse_unknown(&wanted, &Actor::Operator(by.name.clone()), refusal).await?);
        }
        self.ask_approval(by, exact(&request, &papers, subject), why).await
    }

    /// Answers a request that a second person allowed: exactly its items, through the gate, to its authority. What is
    /// handed out comes back once, after its leaf is durable.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; [`Fault::Refused`] with the gate's reasons; [`Fault::NotNow`] while somebody has not read
    /// a paper; [`Fault::NotFound`].
    pub async fn release(&self, by: &Operator, approval: ApprovalId) -> Result<Plain<Vec<u8>>, Fault> {
        let act = self.approval(approval).await?.act;
        let id: EntryId = act.part("request").ok_or(Fault::NotFound)?.parse()?;
        let (request, papers) = self.authority_request(id).await?;
        let subject = answerable(&request, &papers)?;
        let actor = Actor::Operator(by.name.clone());
        let items: Vec<&str> = request.items.iter().map(String::as_str).collect();
        let ask = self.ask_or_refuse(&wanted(&request.recipient, &items), &actor).await?;
        let policy = self.policy();
        let sent = |name: &String| policy.facts().collection.items.get(name).is_some_and(|item| item.signal.is_some());
        let signals = request.items.iter().any(sent);
        let notices = self.register_notices(subject, What::AuthorityAnswered).await?;
        let work = Release { actor, approval, subject, id, recipient: request.recipient, ask, signals, notices };
        self.store.transact(work).await?
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none waits.
    pub async fn refuse_request(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        let subject = self.authority_request(id).await?.0.subject;
        Ok(self.store.transact(RefuseRequest { by: by.name.clone(), id, subject }).await?)
    }

    /// Lifts a secrecy order; the person sees everything from then on, and is told.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when none stands.
    pub async fn lift_secrecy(&self, by: &Operator, id: EntryId) -> Result<(), Fault> {
        self.lift(&by.name, id).await
    }

    /// Ends a secrecy order whose time is over; does nothing where it was lifted before.
    pub(crate) async fn end_secrecy(&self, body: &str) -> Result<(), Fault> {
        match self.lift("", body.parse()?).await {
            Ok(()) | Err(Fault::NotFound) => Ok(()),
            Err(other) => Err(other),
        }
    }

    async fn lift(&self, by: &str, id: EntryId) -> Result<(), Fault> {
        let subject = self.authority_request(id).await?.0.subject;
        let notices = match subject {
            Some(subject) => match self.register_notices(subject, What::AuthorityAnswered).await {
                Err(Fault::NotFound) => Vec::new(),
                other => other?,
            },
            None => Vec::new(),
        };
        Ok(self.store.transact(Lift { by: by.to_owned(), id, subject, notices }).await?)
    }

    /// The requests, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn authority_requests(&self) -> Result<Vec<AuthorityRequest>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.authority_requests(LISTED).await?)
    }

    /// One request with its papers.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn authority_request(&self, id: EntryId) -> Result<(AuthorityRequest, Vec<Paper>), Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        Ok((look.authority_request(id).await?, look.papers(id).await?))
    }

    /// The answered requests about a person that they may see.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn authority_requests_of(&self, subject: SubjectId) -> Result<Vec<AuthorityRequest>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.authority_requests_of(subject).await?)
    }
}

fn wanted<'a>(recipient: &'a str, items: &'a [&'a str]) -> Wanted<'a> {
    Wanted { act: Act::Share, purpose: PURPOSE, items, recipient: Some(recipient) }
}

struct Receive {
    by: String,
    new: NewAuthorityRequest,
}

impl Transact for Receive {
    const NAME: &'static str = "enter a request of an authority";
    type Out = EntryId;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.new.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<EntryId, StoreError> {
        let id = tx.enter_request(&self.new, &self.by).await?;
        if let Some(end) = self.new.secret_until {
            tx.queue(JOB, None, end, &id.to_string()).await?;
        }
        Ok(id)
    }
}

struct FilePaper {
    by: String,
    id: EntryId,
    kind: PaperKind,
    number: String,
    bytes: Vec<u8>,
}

impl Transact for FilePaper {
    const NAME: &'static str = "put a paper on file";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.file_paper(self.id, self.kind, &self.number, &self.bytes, &self.by).await
    }
}

struct OpenPaper {
    by: String,
    id: EntryId,
    kind: PaperKind,
}

impl Transact for OpenPaper {
    const NAME: &'static str = "read a paper";
    type Out = Plain<Vec<u8>>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Plain<Vec<u8>>, StoreError> {
        tx.open_paper(self.id, self.kind, &self.by).await
    }
}

struct Release {
    actor: Actor,
    approval: ApprovalId,
    subject: SubjectId,
    id: EntryId,
    recipient: String,
    ask: Ask,
    signals: bool,
    notices: Vec<Outgoing>,
}

/// Whether something collected at a time is of the time a request covers.
fn covered(request: &AuthorityRequest, at: Timestamp) -> bool {
    request.covers.0.is_none_or(|from| from <= at) && request.covers.1.is_none_or(|until| at < until)
}

impl Release {
    /// What the request covers, opened by permits of this transaction: records, signals, what is held apart.
    async fn open(&self, tx: &mut Tx<'_>, request: &AuthorityRequest) -> Result<Vec<Record>, Fault> {
        let held = tx.holdings(self.subject).await?;
        let these: Vec<_> = held
            .iter()
            .filter(|head| self.ask.items.contains(&head.item) && covered(request, head.created))
            .map(|head| (head.item, head.id))
            .collect();
        let mut records = self.page(tx, Some(&Which::These(these))).await?;
        // From the last place before the time it covers.
        let before = |from: Timestamp| (from - SignedDuration::from_millis(1), RecordId([0xff; 16]));
        let mut after: Option<SignalPlace> = request.covers.0.map(before);
        let mut more = self.signals;
        while more {
            let page = self.page(tx, Some(&Which::Signals { limit: SIGNALS, after })).await?;
            let Some(last) = page.last().map(|r| (r.head.created, r.head.id)) else { break };
            after = Some(last);
            records.extend(page);
            more = request.covers.1.is_none_or(|until| last.0 < until);
        }
        if tx.held_apart(self.subject).await? > 0 {
            records.extend(self.page(tx, None).await?);
        }
        records.retain(|record| covered(request, record.head.created));
        Ok(records)
    }

    /// Opens by a permit of its own; nothing named opens what is held apart.
    async fn page(&self, tx: &mut Tx<'_>, which: Option<&Which>) -> Result<Vec<Record>, Fault> {
        match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => Ok(match which {
                Some(which) => tx.open_here(permit, which).await?.records,
                None => tx.open_apart(permit).await?.records,
            }),
            Answer::Refused(denied) => Err(denied.into()),
        }
    }
}

impl Transact for Release {
    const NAME: &'static str = "hand out to an authority";
    type Out = Result<Plain<Vec<u8>>, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
        hold.push((recipient_lock(*self.subject.region(), &self.recipient), Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let (request, papers) = (tx.authority_request(self.id).await?, tx.papers(self.id).await?);
        answerable(&request, &papers)?;
        let approval = tx.approval(self.approval).await?.ok_or(Fault::NotFound)?;
        if approval.answered_by.is_some() {
            read_by_both(&approval, &papers)?;
        }
        let by = self.actor.name();
        let spent = match tx.spend_approval(self.approval, &exact(&request, &papers, self.subject), by).await? {
            Ok(spent) => spent,
            Err(not) => return Ok(Err(not.into())),
        };
        let now = tx.now();
        let entry = NewEntry {
            subject: Some(self.subject),
            purpose: PURPOSE.to_owned(),
            basis: Basis::LegalDuty,
            citation: format!("{} · {}", request.ground, request.instrument),
            items: request.items.clone(),
            recipient: Some(request.recipient.clone()),
            foreign: foreign(&request, &papers),
            begins: now,
            ends: now + SignedDuration::from_secs(1),
            tell: None,
            put_off: 0,
            hidden: request.secret().then_some(request.id),
        };
        let entry = tx.enter_exception(&entry, &spent).await?;
        let records = match self.open(tx, &request).await {
            Ok(records) => records,
            // The refusal and its leaf stay, the approval is spent, and the entry opens nothing more.
            Err(Fault::Refused(denied)) => {
                let entry = tx.exception(entry).await?;
                tx.end_exception(&entry, by, None).await?;
                return Ok(Err(Fault::Refused(denied)));
            }
            Err(other) => return Err(other),
        };
        let entry = tx.exception(entry).await?;
        tx.end_exception(&entry, by, None).await?;
        let until = tx.policy().purpose(PURPOSE).and_then(|purpose| tx.policy().keep_until(purpose, now));
        let handed = tx.hand_out(self.subject, &request, &records, until).await?;
        if !request.secret() && tx.told_of_request(request.id).await? {
            told(tx, self.subject, &self.notices, PURPOSE).await?;
        }
        Ok(Ok(handed))
    }
}

struct RefuseRequest {
    by: String,
    id: EntryId,
    subject: Option<SubjectId>,
}

impl Transact for RefuseRequest {
    const NAME: &'static str = "refuse a request of an authority";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|subject| (subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.refuse_request(self.id, &self.by).await
    }
}

struct Lift {
    by: String,
    id: EntryId,
    subject: Option<SubjectId>,
    notices: Vec<Outgoing>,
}

impl Transact for Lift {
    const NAME: &'static str = "lift a secrecy order";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|subject| (subject, Hold::Exclusive)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.lift_secrecy(self.id, &self.by).await?;
        if let Some(subject) = self.subject
            && tx.told_of_request(self.id).await?
        {
            told(tx, subject, &self.notices, PURPOSE).await?;
        }
        Ok(())
    }
}
