//! Children and guardians: the child asks, the guardian confirms and shows why, both see the link.
//!
//! Keeps promise 6.5 (PIPL 31(1)). A guardian is of age by a verified document, proves to be in touch with the
//! child by a code the child reads out, and says on what the guardianship rests. From that commit on the gate
//! lets the child's data be used; from the commit of its withdrawal it does not.

use avouch_policy::{Act, Ask, Party, State};
use avouch_seal::SubjectId;
use avouch_store::{
    Account, Actor, Answer, Answered, ConsentKind, GuardianLink, Hold, LinkId, LinkRole, Outcome, Put, Receipt,
    RecordId, Transact, Tx,
};

use crate::app::App;
use crate::collection::real_name::NUMBER;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::security::session::Session;

/// The purpose a guardian's proof is collected for; also what the child's history of consents names.
pub const PURPOSE: &str = "guardianship";
/// The proof.
pub const PROOF: &str = "guardian_proof";

/// The most children, and requests, one person can have.
const MOST_LINKS: usize = 8;

/// What a guardian is to the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Mother or father (Civil Code, art. 27(1)).
    Parent,
    /// Grandparent, sibling or another guardian by law (art. 27(2)).
    Relative,
    /// Appointed by a court, a committee or a will (art. 29, 31).
    Appointed,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 3] = [Self::Parent, Self::Relative, Self::Appointed];

    /// Its name in forms and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Relative => "relative",
            Self::Appointed => "appointed",
        }
    }

    /// The relation of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }
}

/// What a guardian sends to confirm, or to invite.
pub struct Confirmation {
    /// The code the child read out; nothing for an invitation.
    pub code: String,
    /// What the guardian is to the child.
    pub relation: Option<Relation>,
    /// The paper that shows it: its kind and number, in the guardian's words.
    pub evidence: zeroize::Zeroizing<String>,
    /// SHA-256 of the words shown.
    pub wording: [u8; 32],
    /// Their language.
    pub language: String,
}

impl std::fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confirmation").field("relation", &self.relation).finish_non_exhaustive()
    }
}

impl Confirmation {
    fn wrong(&self) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        if self.relation.is_none() {
            faults.push(FieldFault::new("relation", "required", "say what you are to the child"));
        }
        if !(4..=200).contains(&self.evidence.trim().chars().count()) {
            faults.push(FieldFault::new("evidence", "required", "name the paper that shows it, and its number"));
        }
        faults
    }

    fn proof(&self, id: LinkId, at: jiff::Timestamp) -> zeroize::Zeroizing<String> {
        let proof = serde_json::json!({
            "relation": self.relation.map_or("", Relation::name),
            "evidence": self.evidence.trim(),
            "link": id.to_string(),
            "wording": data_encoding::HEXLOWER.encode(&self.wording),
            "language": self.language,
            "at": at.to_string(),
        });
        zeroize::Zeroizing::new(proof.to_string())
    }
}

/// The code of a link: what the child reads out to the guardian.
#[must_use]
pub fn code(id: LinkId) -> String {
    let digest = avouch_ledger::hash::sha256(&id.0);
    let text = data_encoding::BASE32_NOPAD.encode(digest.get(..5).unwrap_or_default());
    let (head, tail) = text.split_at_checked(4).unwrap_or((&text, ""));
    format!("{head}-{tail}")
}

/// The code of an invitation: what a guardian gives the child to join with.
#[must_use]
pub fn invitation_code(id: LinkId) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(id.0.get(..10).unwrap_or_default());
    text.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect::<Vec<_>>().join("-")
}

/// How long an invitation is open.
pub const INVITATION_LASTS: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// A guardian who invited the child that is joining.
#[derive(Debug, Clone)]
pub(crate) struct Inviting {
    pub(crate) guardian: SubjectId,
    pub(crate) id: LinkId,
    answered: Answered,
}

impl Inviting {
    /// Links the child in the commit of its joining; the guardian must still be of age.
    pub(crate) async fn link(&self, tx: &mut Tx<'_>, child: SubjectId) -> Result<(), Fault> {
        let account = tx.account(self.guardian).await?.ok_or(Fault::NeedsGuardian)?;
        if !adult(&account) || !tx.join_by_invitation(child, self.guardian, self.id).await? {
            return Err(Fault::NeedsGuardian);
        }
        tx.answer(child, &Actor::Subject, &self.answered).await?;
        Ok(())
    }
}

/// A subject's guardian affairs.
#[derive(Debug)]
pub struct Family {
    /// Whether the gate waits for a guardian of theirs.
    pub needs_guardian: bool,
    /// Whether they are under the age at which a guardian decides.
    pub child: bool,
    /// Whether they can be a guardian: of age by a verified document.
    pub can_guard: bool,
    /// The links.
    pub links: Vec<GuardianLink>,
}

fn adult(account: &Account) -> bool {
    account.standing.age == avouch_policy::Age::Adult && account.standing.state == State::Active
}

impl App {
    /// A subject's guardian affairs.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject.
    pub async fn family(&self, subject: SubjectId) -> Result<Family, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let account = look.account(subject).await?.ok_or(Fault::NotFound)?;
        let verified = look.holdings(subject).await?.iter().any(|h| policy.item_name(h.item) == NUMBER);
        let child = account.standing.age == avouch_policy::Age::Child;
        Ok(Family {
            needs_guardian: child && !account.standing.guardian,
            child,
            can_guard: adult(&account) && verified,
            links: look.guardian_links(subject).await?,
        })
    }

    /// A child asks somebody, by any identifier of theirs, to be the guardian here. The answer, and what the
    /// child sees afterwards, are the same whether there is such a person or not.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for somebody who needs no guardian; [`Fault::TooMany`].
    pub async fn ask_guardian(&self, session: &Session, identifier: &str) -> Result<(), Fault> {
        let child = session.subject();
        let family = self.family(child).await?;
        if !family.child {
            return Err(Fault::NotFound);
        }
        let tried = self.store.transact(CountAsk { child, window: self.settings.tries_window }).await?;
        if tried > self.settings.tries || family.links.len() >= MOST_LINKS {
            return Err(Fault::TooMany(self.settings.tries_window.as_mins().unsigned_abs()));
        }
        let found = self.find(identifier).await?.filter(|g| *g != child);
        let guardian = match found {
            None => None,
            Some(guardian) => match self.family(guardian).await {
                Ok(theirs) => (!theirs.child && theirs.links.len() < MOST_LINKS).then_some(guardian),
                Err(Fault::NotFound) => None,
                Err(other) => return Err(other),
            },
        };
        let id = LinkId(self.store.random());
        self.store.transact(AskGuardian { child, guardian, id }).await
    }

    /// A guardian confirms.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::NotNow`] for somebody who is not of age by a verified document;
    /// [`Fault::Invalid`] for a wrong code or missing evidence; [`Fault::NotFound`]; [`Fault::TooMany`].
    pub async fn confirm_guardian(&self, session: &Session, id: LinkId, sent: Confirmation) -> Result<Receipt, Fault> {
        session.prove()?;
        let guardian = session.subject();
        let family = self.family(guardian).await?;
        let asked =
            |l: &&GuardianLink| l.id == id && l.role == LinkRole::Guardian && l.confirmed.is_none() && !l.invitation;
        let child = family.links.iter().find(asked).ok_or(Fault::NotFound)?.other;
        if !family.can_guard {
            return Err(Fault::NotNow("verify your own name first; a guardian must be of age".into()));
        }
        let tried = self.store.transact(CountCode { guardian, window: self.settings.tries_window }).await?;
        if tried > self.settings.tries {
            return Err(Fault::TooMany(self.settings.tries_window.as_mins().unsigned_abs()));
        }
        let written: String = sent.code.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut faults = sent.wrong();
        if written.to_ascii_uppercase() != code(id).replace('-', "") {
            faults.insert(
                0,
                FieldFault::new("code", "wrong-code", "this is not the code the child sees; ask for it again"),
            );
        }
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[PROOF], recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let work = Confirm {
            child,
            guardian,
            id,
            ask,
            proof: sent.proof(id, self.store.now()),
            answered: Answered {
                kind: ConsentKind::Guardian,
                target: PURPOSE.to_owned(),
                given: true,
                wording: sent.wording,
                language: sent.language,
            },
        };
        self.store.transact(work).await?
    }

    /// A guardian consents ahead, for a child who will join with the invitation's code.
    ///
    /// # Errors
    /// As [`App::confirm_guardian`].
    pub async fn invite_child(&self, session: &Session, sent: Confirmation) -> Result<LinkId, Fault> {
        session.prove()?;
        let guardian = session.subject();
        let family = self.family(guardian).await?;
        if !family.can_guard {
            return Err(Fault::NotNow("verify your own name first; a guardian must be of age".into()));
        }
        if family.links.len() >= MOST_LINKS {
            return Err(Fault::NotNow("there are too many requests and invitations; take some back first".into()));
        }
        let faults = sent.wrong();
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[PROOF], recipient: None };
        let ask = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let id = LinkId(self.store.random());
        let proof = sent.proof(id, self.store.now());
        self.store.transact(Invite { guardian, id, ask, proof }).await??;
        Ok(id)
    }

    /// Who invited, by the code of an open invitation.
    ///
    /// # Errors
    /// [`Fault::NeedsGuardian`] for a code that is none, or over; [`Fault::TooMany`] after too many of those.
    pub(crate) async fn inviting(&self, written: &str, language: &str, address: &str) -> Result<Inviting, Fault> {
        let who = if address.is_empty() { "nowhere" } else { address }.to_owned();
        let tried = self.store.transact(CountInvitation { who, window: self.settings.tries_window }).await?;
        if tried > self.settings.tries {
            return Err(Fault::TooMany(self.settings.tries_window.as_mins().unsigned_abs()));
        }
        let plain: String = written.chars().filter(char::is_ascii_alphanumeric).collect();
        let head = data_encoding::BASE32_NOPAD.decode(plain.to_ascii_uppercase().as_bytes()).ok();
        let head: [u8; 10] = head.and_then(|b| b.try_into().ok()).ok_or(Fault::NeedsGuardian)?;
        let found = {
            let mut reading = self.store.reading().await?;
            reading.look()?.invitation(head).await?
        };
        let (guardian, id, made) = found.ok_or(Fault::NeedsGuardian)?;
        if self.store.now() > made + INVITATION_LASTS {
            return Err(Fault::NeedsGuardian);
        }
        let answered = Answered {
            kind: ConsentKind::Guardian,
            target: PURPOSE.to_owned(),
            given: true,
            wording: avouch_ledger::hash::sha256(&id.0),
            language: language.to_owned(),
        };
        Ok(Inviting { guardian, id, answered })
    }

    /// Ends a link: a child takes a request back, a guardian declines or withdraws. What the child's data was
    /// used for under it stops with this commit.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a link that is not theirs to end: a child does not end a confirmed one.
    pub async fn end_guardian(&self, session: &Session, id: LinkId, language: &str) -> Result<(), Fault> {
        let me = session.subject();
        let family = self.family(me).await?;
        let link = family.links.iter().find(|l| l.id == id).ok_or(Fault::NotFound)?;
        let (child, guardian) = match link.role {
            LinkRole::Child if link.confirmed.is_none() => (me, link.other),
            LinkRole::Guardian => (link.other, me),
            LinkRole::Child => return Err(Fault::NotFound),
        };
        let confirmed = link.confirmed.is_some();
        self.store.transact(End { child, guardian, id, confirmed, language: language.to_owned() }).await
    }

    /// Ends every link of somebody who is being erased.
    pub(crate) async fn end_all_guardians(&self, subject: SubjectId) -> Result<(), Fault> {
        let links = {
            let mut reading = self.store.reading().await?;
            reading.look()?.guardian_links(subject).await?
        };
        for link in links {
            let (child, guardian) = match link.role {
                LinkRole::Child => (subject, link.other),
                LinkRole::Guardian => (link.other, subject),
            };
            let confirmed = link.confirmed.is_some();
            let work = End { child, guardian, id: link.id, confirmed, language: String::new() };
            match self.store.transact(work).await {
                Ok(()) | Err(Fault::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }
}

struct CountAsk {
    child: SubjectId,
    window: jiff::SignedDuration,
}

impl Transact for CountAsk {
    const NAME: &'static str = "count a request to a guardian";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.child, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        tx.note("ask-guardian", PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.child)).await?;
        Ok(tx.count_try("ask guardian", &self.child.to_string(), self.window).await?)
    }
}

struct CountCode {
    guardian: SubjectId,
    window: jiff::SignedDuration,
}

impl Transact for CountCode {
    const NAME: &'static str = "count a guardian's code";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        Ok(tx.count_try("guardian code", &self.guardian.to_string(), self.window).await?)
    }
}

struct AskGuardian {
    child: SubjectId,
    /// Nobody, where nobody of that name could be asked: then the request waits for no one.
    guardian: Option<SubjectId>,
    id: LinkId,
}

impl Transact for AskGuardian {
    const NAME: &'static str = "ask a guardian";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.child, Hold::Shared));
        hold.extend(self.guardian.map(|guardian| (guardian, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        tx.ask_guardian(self.child, self.guardian, self.id).await?;
        if self.guardian.is_some() {
            tx.note("ask-guardian", PURPOSE, &[], Party::Subject, Outcome::Done, self.guardian).await?;
        }
        Ok(())
    }
}

struct Confirm {
    child: SubjectId,
    guardian: SubjectId,
    id: LinkId,
    ask: Ask,
    proof: zeroize::Zeroizing<String>,
    answered: Answered,
}

impl Transact for Confirm {
    const NAME: &'static str = "confirm a guardian";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    // Two people in one commit: the consent and its proof stand or fall together.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.child, Hold::Exclusive));
        hold.push((self.guardian, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let account = tx.account(self.guardian).await?.ok_or(Fault::NotFound)?;
        if !adult(&account) {
            return Err(Fault::NotNow("a guardian must be of age".into()));
        }
        if !tx.confirm_guardian(self.child, self.guardian, self.id).await? {
            return Err(Fault::NotFound);
        }
        let permit = match tx.ask(self.guardian, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Err(denied.into()),
        };
        let item = self.ask.items.first().copied().ok_or(Fault::NotFound)?;
        let put = Put { item, id: RecordId(self.id.0), value: self.proof.as_bytes() };
        let receipt = tx.put(permit, &[put]).await?;
        tx.answer(self.child, &Actor::Subject, &self.answered).await?;
        Ok(Ok(receipt))
    }
}

struct CountInvitation {
    who: String,
    window: jiff::SignedDuration,
}

impl Transact for CountInvitation {
    const NAME: &'static str = "count an invitation's code";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        Ok(tx.count_try("invitation", &self.who, self.window).await?)
    }
}

struct Invite {
    guardian: SubjectId,
    id: LinkId,
    ask: Ask,
    proof: zeroize::Zeroizing<String>,
}

impl Transact for Invite {
    const NAME: &'static str = "invite a child";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.guardian, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.guardian, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let item = self.ask.items.first().copied().ok_or(Fault::NotFound)?;
        tx.invite_child(self.guardian, self.id).await?;
        let put = Put { item, id: RecordId(self.id.0), value: self.proof.as_bytes() };
        Ok(Ok(tx.put(permit, &[put]).await?))
    }
}

struct End {
    child: SubjectId,
    guardian: SubjectId,
    id: LinkId,
    confirmed: bool,
    language: String,
}

impl Transact for End {
    const NAME: &'static str = "end a guardianship here";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.child, Hold::Exclusive));
        hold.push((self.guardian, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let child = tx.account(self.child).await?;
        if child.is_some() {
            if !tx.end_guardian(self.child, self.guardian, self.id).await? {
                return Err(Fault::NotFound);
            }
            if self.confirmed {
                let answered = Answered {
                    kind: ConsentKind::Guardian,
                    target: PURPOSE.to_owned(),
                    given: false,
                    wording: [0; 32],
                    language: self.language.clone(),
                };
                tx.answer(self.child, &Actor::Subject, &answered).await?;
            }
        }
        tx.delete_record(self.guardian, PROOF, RecordId(self.id.0)).await?;
        tx.note("end-guardian", PURPOSE, &[PROOF], Party::Subject, Outcome::Done, Some(self.guardian)).await?;
        Ok(())
    }
}
