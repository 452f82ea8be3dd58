//! Passkeys: made within a session, shown to log in, or where the password would be asked for once more.
//!
//! Keeps promise 2.1 (ASVS 6.3.3, 6.3.5, 6.5.6, 7.4.3, 7.5.1). The authenticator checks who is there, so a passkey
//! is both factors and no other is asked for. Nobody says who they are beforehand, so nothing tells who has an
//! account. Each is a record of the item `passkey`. The person is told of every one made or removed, other
//! sessions end with it, and the last way in cannot be removed.

use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::passkey::{self, NewPasskey, RelyingParty};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, CodeFor, FactorAsks, Flow, Hold, Outcome, Passkey, PasskeyAnswer, PasskeyOutcome, RecordId, SessionToken,
    Start, StoreError, Transact, Tx, Which,
};
use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::origin::Origin;
use crate::security::factor;
use crate::security::limits::{self, Trier};
use crate::security::session::{Device, Session};
use crate::security::ways_in::{WaysIn, Without};

/// The item a passkey is kept as.
pub const ITEM: &str = "passkey";
/// The purpose it is kept for.
pub const PURPOSE: &str = "passkey";
/// How many a person may have.
pub const MOST: usize = 20;
/// How long a name may be, in characters.
pub const LONGEST_NAME: usize = 60;
/// That a passkey may have been copied is told once in so long.
const TOLD_ONCE_IN: SignedDuration = SignedDuration::from_hours(24);

/// A passkey as its person sees it.
#[derive(Debug, Clone)]
pub struct Held {
    /// Which record.
    pub record: RecordId,
    /// What is kept of it.
    pub passkey: Passkey,
}

/// What a browser is asked, to make a passkey.
#[expect(missing_debug_implementations, reason = "holds a challenge")]
pub struct MakeOne {
    /// The flow; its bits are the challenge.
    pub flow: Flow,
    /// The name passkeys are bound to.
    pub rp: String,
    /// The person's handle: 32 bytes that say nothing of them.
    pub user: [u8; 32],
    /// The passkeys there are: an authenticator that has one makes no other.
    pub exclude: Vec<String>,
    /// The kinds of key, by COSE's numbers.
    pub algorithms: [i64; 3],
}

/// A new passkey as a browser sent it.
#[expect(missing_debug_implementations, reason = "holds a challenge")]
pub struct Made {
    flow: Flow,
    client: Vec<u8>,
    attestation: Vec<u8>,
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

impl Made {
    /// From the JSON a page sends; nothing when it is none.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Sent {
            flow: String,
            client: String,
            attestation: String,
        }
        let sent: Sent = serde_json::from_str(json).ok()?;
        Some(Self {
            flow: Flow::from_text(&sent.flow)?,
            client: bytes(&sent.client)?,
            attestation: bytes(&sent.attestation)?,
        })
    }
}

/// An answer from the JSON a page sends; nothing when it is none.
#[must_use]
pub fn answer(json: &str) -> Option<PasskeyAnswer> {
    #[derive(Deserialize)]
    struct Sent {
        flow: String,
        id: String,
        #[serde(default)]
        user: String,
        client: String,
        data: String,
        signature: String,
    }
    let sent: Sent = serde_json::from_str(json).ok()?;
    Some(PasskeyAnswer {
        flow: Flow::from_text(&sent.flow)?,
        id: bytes(&sent.id)?,
        user: if sent.user.is_empty() { None } else { Some(bytes(&sent.user)?) },
        client: bytes(&sent.client)?,
        data: bytes(&sent.data)?,
        signature: bytes(&sent.signature)?,
    })
}

/// A session as what is bound to it names it.
pub(crate) fn browser_of(session: &Session) -> String {
    data_encoding::HEXLOWER.encode(&session.token.name().0)
}

/// A passkey to be checked within a transaction.
#[derive(Clone)]
pub(crate) struct Check {
    origin: Origin,
    pub answer: PasskeyAnswer,
    browser: String,
    purpose: CodeFor,
    asks: FactorAsks,
    copied: Vec<Outgoing>,
}

impl Check {
    /// Takes the challenge and checks the answer; the subject must be held exclusively. What was wrong is an
    /// outcome, so that the challenge stays taken and the leaf stays written.
    pub(crate) async fn run(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<Result<(), Fault>, Fault> {
        let rp = self.origin.relying_party().ok_or(Fault::WrongPasskey)?;
        let outcome = if tx.take_challenge(&self.answer.flow, self.purpose, &self.browser).await? {
            tx.check_passkey(subject, &self.asks, rp, &self.answer).await??
        } else {
            PasskeyOutcome::Wrong
        };
        let fault = match outcome {
            PasskeyOutcome::Right => return Ok(Ok(())),
            PasskeyOutcome::Wrong => Fault::WrongPasskey,
            PasskeyOutcome::Copied => {
                if tx.count_try("passkey copied", &subject.to_string(), TOLD_ONCE_IN).await? == 1 {
                    for notice in &self.copied {
                        notice.queue(tx, Some(subject), None).await?;
                    }
                }
                Fault::CopiedPasskey
            }
        };
        tx.note("passkey", "account", &[ITEM], Party::Subject, Outcome::Refused, Some(subject)).await?;
        Ok(Err(fault))
    }
}

impl App {
    /// The site as passkeys know it; nothing where it has no name, or the policy knows no passkeys.
    #[must_use]
    pub fn relying_party(&self) -> Option<RelyingParty<'_>> {
        self.policy().item(ITEM)?;
        self.origin.as_ref()?.relying_party()
    }

    fn needs_relying_party(&self) -> Result<RelyingParty<'_>, Fault> {
        self.relying_party().ok_or_else(|| {
            Fault::NotNow("passkeys are not offered here: the configuration's `address` names no site".into())
        })
    }

    /// Whether a subject has a passkey.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_passkey(&self, subject: SubjectId) -> Result<bool, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.holds(subject, ITEM).await?)
    }

    /// A subject's passkeys, the oldest first.
    ///
    /// # Errors
    /// [`Fault::Refused`]; when the store cannot be read.
    pub async fn passkeys(&self, subject: SubjectId) -> Result<Vec<Held>, Fault> {
        if !self.has_passkey(subject).await? {
            return Ok(Vec::new());
        }
        let wanted = Wanted { act: Act::Use, purpose: crate::rights::PURPOSE, items: &[ITEM], recipient: None };
        let used = self.use_records(subject, &wanted, &Actor::Subject, &Which::all()).await?;
        let read = |v: &Vec<u8>| Passkey::from_bytes(v);
        let mut held: Vec<Held> = used
            .records
            .iter()
            .filter_map(|r| Some(Held { record: r.head.id, passkey: r.value.expose(Sink::Gate, read)? }))
            .collect();
        held.sort_by_key(|h| h.passkey.made);
        Ok(held)
    }

    async fn challenge(
        &self,
        purpose: CodeFor,
        subject: Option<SubjectId>,
        browser: &str,
        place: &str,
    ) -> Result<Flow, Fault> {
        let flow = Flow::new(self.store.random());
        let work = Challenge {
            flow: flow.clone(),
            purpose,
            subject,
            browser: browser.to_owned(),
            lasts: self.settings.code_lasts,
            place: place.to_owned(),
            most: self.settings.tries * 10,
            window: self.settings.tries_window,
        };
        if self.store.transact(work).await? {
            Ok(flow)
        } else {
            Err(Fault::TooMany(self.settings.tries_window.as_mins().unsigned_abs()))
        }
    }

    /// Begins making a passkey.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::NotNow`] where passkeys are not offered, or there are enough.
    pub async fn start_passkey(&self, session: &Session) -> Result<MakeOne, Fault> {
        session.prove()?;
        let rp = self.needs_relying_party()?.id.to_owned();
        let held = self.passkeys(session.subject()).await?;
        if held.len() >= MOST {
            return Err(Fault::NotNow(format!("there are {MOST} passkeys; remove one first")));
        }
        let flow = self.challenge(CodeFor::PasskeyMade, Some(session.subject()), &browser_of(session), "").await?;
        Ok(MakeOne {
            flow,
            rp,
            user: self.user_handle(session.subject()),
            exclude: held.iter().map(|h| h.passkey.id().to_owned()).collect(),
            algorithms: passkey::ALGORITHMS,
        })
    }

    /// The handle authenticators know a person by: the same each time, and nothing else is known by it.
    fn user_handle(&self, subject: SubjectId) -> [u8; 32] {
        self.store.derived(&format!("passkey user\0{subject}"))
    }

    /// Keeps the passkey a browser made: other sessions end, and the person is told. Where a second factor is on,
    /// its code is asked for as well.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::WrongPasskey`], whatever was wrong with it; [`Fault::WrongCode`];
    /// [`Fault::Invalid`] for its name; [`Fault::NotNow`].
    pub async fn add_passkey(
        &self,
        session: &Session,
        made: &Made,
        name: &str,
        shown: &str,
        language: &str,
    ) -> Result<(), Fault> {
        session.prove()?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let text = format!("give it a name of 1 to {LONGEST_NAME} characters");
            return Err(Fault::Invalid(vec![FieldFault::new("name", "not-a-name", text)]));
        }
        let subject = session.subject();
        let rp = self.needs_relying_party()?;
        let new = passkey::made(rp, made.flow.challenge(), &made.client, &made.attestation);
        let new = new.map_err(|e| {
            tracing::info!(reason = %e, "a new passkey was not taken");
            Fault::WrongPasskey
        })?;
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[ITEM], recipient: None };
        let work = Add {
            session: session.clone(),
            flow: made.flow.clone(),
            ask: self.ask_or_refuse(&wanted, &Actor::Subject).await?,
            item: self.policy().item(ITEM).ok_or(Fault::NotFound)?,
            new,
            user: self.user_handle(subject),
            name: name.to_owned(),
            factor: self.factor_check(session, shown).await?,
            notices: self.notices(subject, What::PasskeyMade, None, language).await?,
        };
        self.store.transact(work).await?
    }

    /// Removes a passkey: other sessions end, and the person is told.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::NotFound`]; [`Fault::LastWayIn`]; [`Fault::WrongCode`] where a second
    /// factor is on.
    pub async fn remove_passkey(
        &self,
        session: &Session,
        record: RecordId,
        shown: &str,
        language: &str,
    ) -> Result<(), Fault> {
        session.prove()?;
        let subject = session.subject();
        let work = Remove {
            session: session.clone(),
            record,
            item: self.policy().item(ITEM).ok_or(Fault::NotFound)?,
            ways: self.ways_in(subject).await?,
            factor: self.factor_check(session, shown).await?,
            notices: self.notices(subject, What::PasskeyRemoved, None, language).await?,
        };
        self.store.transact(work).await?
    }

    async fn factor_check(&self, session: &Session, shown: &str) -> Result<Option<FactorCheck>, Fault> {
        if !self.has_factor(session.subject()).await? {
            return Ok(None);
        }
        Ok(Some(FactorCheck {
            asks: self.factor_asks().await?,
            shown: shown.to_owned(),
            trier: self.session_trier(session),
            tries: self.settings.tries,
            window: self.settings.tries_window,
        }))
    }

    /// Begins a login with a passkey, in the browser named by what its forms carry.
    ///
    /// # Errors
    /// [`Fault::TooMany`]; [`Fault::NotNow`] where passkeys are not offered.
    pub async fn start_passkey_login(&self, browser: &str, address: &str) -> Result<Flow, Fault> {
        self.needs_relying_party()?;
        self.challenge(CodeFor::PasskeyLogIn, None, browser, &limits::place(address)).await
    }

    /// Logs in by a passkey. It is both factors, so the session is proven.
    ///
    /// # Errors
    /// [`Fault::WrongPasskey`], whatever was wrong; [`Fault::CopiedPasskey`].
    pub async fn log_in_with_passkey(
        &self,
        browser: &str,
        answer: PasskeyAnswer,
        device: Device,
        language: &str,
    ) -> Result<SessionToken, Fault> {
        let owner = {
            let mut reading = self.store.reading().await?;
            reading.look()?.passkey_owner(ITEM, &answer.id).await?
        };
        let Some(subject) = owner else {
            let browser = browser.to_owned();
            self.store.transact(Nobodys { flow: answer.flow, browser }).await?;
            return Err(Fault::WrongPasskey);
        };
        let check = self.passkey_check(subject, CodeFor::PasskeyLogIn, browser.to_owned(), answer, language).await?;
        self.enter_with_passkey(subject, check, device, language).await
    }

    /// Begins showing a passkey within a session.
    ///
    /// # Errors
    /// As [`App::start_passkey_login`].
    pub async fn start_passkey_proof(&self, session: &Session) -> Result<Flow, Fault> {
        self.needs_relying_party()?;
        self.challenge(CodeFor::PasskeyProof, Some(session.subject()), &browser_of(session), "").await
    }

    /// Shows a passkey within a session, where the password would do: the session is proven from then on.
    ///
    /// # Errors
    /// [`Fault::WrongPasskey`], whatever was wrong; [`Fault::CopiedPasskey`].
    pub async fn show_passkey(&self, session: &Session, answer: PasskeyAnswer, language: &str) -> Result<(), Fault> {
        let (subject, browser) = (session.subject(), browser_of(session));
        let check = self.passkey_check(subject, CodeFor::PasskeyProof, browser, answer, language).await?;
        self.store.transact(Prove { session: session.clone(), check }).await?
    }

    async fn passkey_check(
        &self,
        subject: SubjectId,
        purpose: CodeFor,
        browser: String,
        answer: PasskeyAnswer,
        language: &str,
    ) -> Result<Check, Fault> {
        self.needs_relying_party()?;
        let wanted = |act| Wanted { act, purpose: crate::rights::PURPOSE, items: &[ITEM], recipient: None };
        Ok(Check {
            origin: self.origin.clone().ok_or(Fault::WrongPasskey)?,
            answer,
            browser,
            purpose,
            asks: FactorAsks {
                open: self.ask_or_refuse(&wanted(Act::Use), &Actor::Subject).await?,
                put: self.ask_or_refuse(&wanted(Act::Collect), &Actor::Subject).await?,
                item: self.policy().item(ITEM).ok_or(Fault::NotFound)?,
            },
            copied: self.notices(subject, What::PasskeyCopied, None, language).await?,
        })
    }
}

struct Challenge {
    flow: Flow,
    purpose: CodeFor,
    subject: Option<SubjectId>,
    browser: String,
    lasts: SignedDuration,
    place: String,
    most: u64,
    window: SignedDuration,
}

impl Transact for Challenge {
    const NAME: &'static str = "give a challenge";
    /// False when too many were asked for: an outcome, so that the try stays counted.
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let from = self.subject.map_or_else(|| self.place.clone(), |s| s.to_string());
        if tx.count_try("passkey from", &from, self.window).await? > self.most {
            return Ok(false);
        }
        tx.start_flow(&Start {
            flow: self.flow.name(),
            purpose: self.purpose,
            subject: self.subject,
            item: "",
            address: &self.browser,
            needs: "",
            lasts: self.lasts,
        })
        .await?;
        Ok(true)
    }
}

/// A code of the second factor that is to be shown besides.
struct FactorCheck {
    asks: FactorAsks,
    shown: String,
    trier: Trier,
    tries: u64,
    window: SignedDuration,
}

impl FactorCheck {
    async fn run(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<Result<(), Fault>, Fault> {
        if !limits::count_try(tx, &self.trier, self.tries, self.window).await? {
            return Ok(Err(Fault::TooMany(self.window.as_mins().unsigned_abs())));
        }
        let right = factor::accept(tx, subject, &self.asks, &self.shown).await?.is_some();
        Ok(if right { Ok(()) } else { Err(Fault::WrongCode) })
    }
}

struct Add {
    session: Session,
    flow: Flow,
    ask: Ask,
    item: ItemId,
    new: NewPasskey,
    user: [u8; 32],
    name: String,
    factor: Option<FactorCheck>,
    notices: Vec<Outgoing>,
}

impl Transact for Add {
    const NAME: &'static str = "make a passkey";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.session.subject();
        if !tx.take_challenge(&self.flow, CodeFor::PasskeyMade, &browser_of(&self.session)).await? {
            return Ok(Err(Fault::WrongPasskey));
        }
        if let Some(factor) = &self.factor
            && let Err(fault) = factor.run(tx, subject).await?
        {
            return Ok(Err(fault));
        }
        if tx.holdings(subject).await?.iter().filter(|h| h.item == self.item).count() >= MOST {
            return Ok(Err(Fault::NotNow(format!("there are {MOST} passkeys; remove one first"))));
        }
        let passkey = Passkey::new(&self.new, &self.user, &self.name, tx.now());
        if !tx.put_passkey(subject, &self.ask, self.item, &passkey).await?? {
            return Ok(Err(Fault::WrongPasskey));
        }
        tx.end_sessions(subject, Some(self.session.token.name())).await?;
        tx.note("passkey-made", "account", &[ITEM], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(Ok(()))
    }
}

struct Remove {
    session: Session,
    record: RecordId,
    item: ItemId,
    ways: WaysIn,
    factor: Option<FactorCheck>,
    notices: Vec<Outgoing>,
}

impl Transact for Remove {
    const NAME: &'static str = "remove a passkey";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.session.subject();
        let held = tx.holdings(subject).await?;
        if !held.iter().any(|h| h.item == self.item && h.id == self.record) {
            return Ok(Err(Fault::NotFound));
        }
        if !self.ways.remain(tx, subject, Without::Passkey(self.record)).await? {
            return Ok(Err(Fault::LastWayIn));
        }
        if let Some(factor) = &self.factor
            && let Err(fault) = factor.run(tx, subject).await?
        {
            return Ok(Err(fault));
        }
        tx.remove_passkey(subject, ITEM, self.record).await?;
        tx.end_sessions(subject, Some(self.session.token.name())).await?;
        tx.note("passkey-removed", "account", &[ITEM], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(Ok(()))
    }
}

struct Prove {
    session: Session,
    check: Check,
}

impl Transact for Prove {
    const NAME: &'static str = "show a passkey";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        if let Err(fault) = self.check.run(tx, self.session.subject()).await? {
            return Ok(Err(fault));
        }
        tx.touch_session(&self.session.token, true).await?;
        Ok(Ok(()))
    }
}

/// A login with a passkey nobody here has: its challenge is taken all the same.
struct Nobodys {
    flow: Flow,
    browser: String,
}

impl Transact for Nobodys {
    const NAME: &'static str = "refuse a passkey";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.take_challenge(&self.flow, CodeFor::PasskeyLogIn, &self.browser).await?;
        tx.note("login", "account", &[], Party::Subject, Outcome::Refused, None).await?;
        Ok(())
    }
}
