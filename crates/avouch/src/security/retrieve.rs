//! Getting back in without the password: logging in by a code, and setting a new password.
//!
//! Keeps promise 2.1 (ASVS 6.3.4, 6.3.8, 6.4.1 to 6.4.4, 6.6.1 to 6.6.3). The same answer and the same work
//! whether or not there is an account; only verified contacts open a way in; a second factor that is on is
//! always asked for; the person is told by another channel.
//!
//! # Recycled numbers
//!
//! Operators give numbers to others after some months. So a code to a phone alone sets a new password only
//! when there is neither a second factor nor another verified contact (then that one is asked for as well),
//! the user name is given with it, and the account was logged in to, or the number verified, within the last
//! ninety days. A login by a phone's code alone needs those ninety days too; otherwise a code to another
//! verified contact, the password, or customer service is the way. And no login by code counts as the
//! password shown: whoever has the number can change neither contact, factor nor password with it.

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Accepted, Actor, Answer, CodeFor, FactorAsks, Flow, Hold, Outcome, Put, RecordId, SessionToken, Start, StoreError,
    Transact, Tx, Which,
};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::security::code::{From, SendCode, contact_of, no_contact};
use crate::security::factor;
use crate::security::limits;
use crate::security::passkey;
use crate::security::session::{Device, Session, log_login};

/// A number unused for longer may be somebody else's by now.
pub const NUMBER_TRUSTED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What else a person shows to set a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A code of the second factor.
    Factor,
    /// The code that was sent to another verified contact: its item.
    Code(String),
    /// The account's user name.
    Name,
}

impl Needs {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Factor => "factor",
            Self::Code(_) => "code",
            Self::Name => "name",
        }
    }

    fn of(needs: &str, item: &str) -> Self {
        match needs {
            "factor" => Self::Factor,
            "code" => Self::Code(item.to_owned()),
            "name" => Self::Name,
            _ => Self::Nothing,
        }
    }
}

/// A retrieval after its first code: go on with this flow, and show this.
#[derive(Debug, Clone)]
pub struct Retrieval {
    /// The next step's flow.
    pub flow: Flow,
    /// What is asked for beside the new password.
    pub needs: Needs,
}

/// What is true of an account when somebody comes with a code.
struct Ways {
    factor: bool,
    others: Vec<String>,
    /// Whether a phone's code may be trusted to be the person's.
    fresh: bool,
}

impl App {
    /// Asks for a code to log in with, sent to a verified contact. The same whether or not anybody has it.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for what is no contact; [`Fault::TooMany`].
    pub async fn start_code_login(&self, contact: &str, from: From<'_>) -> Result<Flow, Fault> {
        self.start_unsigned(contact, CodeFor::LogIn, from).await
    }

    /// Asks for a code to set a new password with, as [`App::start_code_login`].
    ///
    /// # Errors
    /// As [`App::start_code_login`].
    pub async fn start_retrieval(&self, contact: &str, from: From<'_>) -> Result<Flow, Fault> {
        self.start_unsigned(contact, CodeFor::Retrieve, from).await
    }

    async fn start_unsigned(&self, contact: &str, purpose: CodeFor, from: From<'_>) -> Result<Flow, Fault> {
        let (item, kind, address) = contact_of(self, contact).ok_or_else(no_contact)?;
        let subject = self.verified_owner(&item, &address).await?;
        let place = limits::place(from.address);
        let known = self.knows(subject, &place).await?;
        let flow = Flow::new(self.store.random());
        let message = Outgoing {
            what: What::Code,
            item: item.clone(),
            language: from.language.to_owned(),
            flow: Some(flow.name()),
            version: None,
        };
        self.send_code(SendCode {
            flow: flow.name(),
            purpose,
            subject,
            item,
            kind,
            address,
            fresh: false,
            needs: "",
            lasts: self.settings.code_lasts,
            place,
            known,
            limits: self.settings.sends.clone(),
            message,
        })
        .await?;
        Ok(flow)
    }

    /// Who has verified this address; asked alike for nobody's.
    async fn verified_owner(&self, item: &str, address: &str) -> Result<Option<SubjectId>, Fault> {
        let nobody = SubjectId::new(self.store.region(), [0; 16]);
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let found = look.find(item, address).await?;
        let verified = look.verified(found.unwrap_or(nobody)).await?;
        Ok(found.filter(|_| verified.iter().any(|v| v.item == item)))
    }

    async fn ways(&self, subject: SubjectId, item: &str) -> Result<Ways, Fault> {
        let verified = self.verified(subject).await?;
        let contacts = self.contacts(subject).await?;
        let reachable = |item: &str| contacts.iter().any(|c| c.item == item && c.reachable);
        let last = {
            let mut reading = self.store.reading().await?;
            reading.look()?.last_login(subject).await?
        };
        let since = self.store.now() - NUMBER_TRUSTED;
        let seen = verified.iter().filter(|v| v.item == item).map(|v| v.at).chain(last).max();
        Ok(Ways {
            factor: self.has_factor(subject).await?,
            others: verified.iter().filter(|v| v.item != item && reachable(&v.item)).map(|v| v.item.clone()).collect(),
            fresh: seen.is_some_and(|at| at >= since),
        })
    }

    /// Whose name this is; a contact is no name.
    async fn named(&self, shown: &str) -> Result<Option<SubjectId>, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        for (name, item) in policy.facts().collection.items.iter().filter(|(_, i)| i.identifier && !i.contact) {
            if let Some(normalized) = crate::value::normalize(name, item, shown)
                && let Some(subject) = look.find(name, &normalized).await?
            {
                return Ok(Some(subject));
            }
        }
        Ok(None)
    }

    fn is_phone(&self, item: &str) -> bool {
        self.policy().facts().collection.items.get(item).is_some_and(|i| i.kind == Kind::Phone)
    }

    /// Logs in by the code that went to a contact. The session is not proven: no password was shown.
    ///
    /// # Errors
    /// [`Fault::WrongCode`], whatever was wrong; [`Fault::NeedsFactor`] with the flow to go on with;
    /// [`Fault::NumberAlone`] where a phone's code is not enough.
    pub async fn log_in_by_code(
        &self,
        flow: &Flow,
        contact: &str,
        typed: &str,
        device: Device,
        language: &str,
    ) -> Result<SessionToken, Fault> {
        let (item, _, address) = contact_of(self, contact).ok_or(Fault::WrongCode)?;
        let subject = self.flow_subject(flow, CodeFor::LogIn).await?;
        let spend = Spend { flow: flow.clone(), purpose: CodeFor::LogIn, address, typed: typed.to_owned(), subject };
        let Some(subject) = self.store.transact(spend).await? else { return Err(Fault::WrongCode) };
        let ways = self.ways(subject, &item).await?;
        if self.is_phone(&item) && !ways.fresh && !ways.factor {
            return Err(Fault::NumberAlone);
        }
        self.enter(subject, device, false, language, None).await
    }

    async fn flow_subject(&self, flow: &Flow, purpose: CodeFor) -> Result<Option<SubjectId>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.flow(flow.name(), purpose).await?.and_then(|f| f.subject))
    }

    /// The end of every login: a session where no second factor is on, else the flow that asks for it.
    pub(crate) async fn enter(
        &self,
        subject: SubjectId,
        device: Device,
        proved: bool,
        language: &str,
        cleared: Option<limits::Trier>,
    ) -> Result<SessionToken, Fault> {
        if self.has_factor(subject).await? {
            let flow = Flow::new(self.store.random());
            let needs = if proved { "proved" } else { "" };
            let lasts = self.settings.code_lasts;
            let work = Wait { flow: flow.clone(), purpose: CodeFor::Factor, subject, needs, lasts, cleared };
            self.store.transact(work).await?;
            return Err(Fault::NeedsFactor(flow));
        }
        let entry = self.entry(subject, device, proved, language, None, cleared).await?;
        let token = entry.token.clone();
        self.store.transact(entry).await??;
        Ok(token)
    }

    async fn entry(
        &self,
        subject: SubjectId,
        device: Device,
        proved: bool,
        language: &str,
        factor: Option<(Flow, FactorAsks, String)>,
        cleared: Option<limits::Trier>,
    ) -> Result<Enter, Fault> {
        let place = limits::place(&device.address);
        let seen_before = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            let some = look.last_login(subject).await?.is_some();
            place.is_empty() || !some || look.knows_place(subject, &place).await?
        };
        let notices =
            if seen_before { Vec::new() } else { self.notices(subject, What::NewPlace, None, language).await? };
        let recovery = if factor.is_some() {
            self.notices(subject, What::RecoveryUsed, None, language).await?
        } else {
            Vec::new()
        };
        Ok(Enter {
            token: SessionToken::new(subject, self.store.random()),
            expires: self.store.now() + self.settings.session_absolute,
            device,
            place,
            place_lasts: self.settings.place_lasts,
            proved,
            log: self.log_ask(&Actor::System),
            factor,
            passkey: None,
            notices,
            recovery,
            cleared,
            tries: self.settings.tries,
            window: self.settings.tries_window,
        })
    }

    /// Ends a login with a passkey, which is both factors.
    pub(crate) async fn enter_with_passkey(
        &self,
        subject: SubjectId,
        check: passkey::Check,
        device: Device,
        language: &str,
    ) -> Result<SessionToken, Fault> {
        let mut entry = self.entry(subject, device, true, language, None, None).await?;
        entry.passkey = Some(check);
        let token = entry.token.clone();
        self.store.transact(entry).await??;
        Ok(token)
    }

    /// Ends a login with the second factor: an authenticator's code, or a recovery code.
    ///
    /// # Errors
    /// [`Fault::WrongCode`]; [`Fault::TooMany`].
    pub async fn log_in_with_factor(
        &self,
        flow: &Flow,
        typed: &str,
        device: Device,
        language: &str,
    ) -> Result<SessionToken, Fault> {
        let state = {
            let mut reading = self.store.reading().await?;
            reading.look()?.flow(flow.name(), CodeFor::Factor).await?
        };
        let Some((subject, proved)) = state.and_then(|s| s.subject.map(|who| (who, s.needs == "proved"))) else {
            return Err(Fault::WrongCode);
        };
        let asks = self.factor_asks().await?;
        let factor = Some((flow.clone(), asks, typed.to_owned()));
        let entry = self.entry(subject, device, proved, language, factor, None).await?;
        let token = entry.token.clone();
        self.store.transact(entry).await??;
        Ok(token)
    }

    /// Takes the code of a retrieval and says what else is needed; where that is a code to another contact,
    /// it is sent.
    ///
    /// # Errors
    /// [`Fault::WrongCode`], whatever was wrong; [`Fault::NumberAlone`]; [`Fault::TooMany`].
    pub async fn retrieve(&self, flow: &Flow, contact: &str, typed: &str, from: From<'_>) -> Result<Retrieval, Fault> {
        let (item, _, address) = contact_of(self, contact).ok_or(Fault::WrongCode)?;
        let subject = self.flow_subject(flow, CodeFor::Retrieve).await?;
        let spend = Spend { flow: flow.clone(), purpose: CodeFor::Retrieve, address, typed: typed.to_owned(), subject };
        let Some(subject) = self.store.transact(spend).await? else { return Err(Fault::WrongCode) };
        let ways = self.ways(subject, &item).await?;
        let phone = self.is_phone(&item);
        let needs = if ways.factor {
            Needs::Factor
        } else if !phone {
            Needs::Nothing
        } else if let Some(other) = ways.others.first() {
            Needs::Code(other.clone())
        } else if ways.fresh {
            Needs::Name
        } else {
            return Err(Fault::NumberAlone);
        };
        let next = Flow::new(self.store.random());
        let lasts = self.settings.code_lasts;
        match &needs {
            Needs::Code(other) => {
                let place = limits::place(from.address);
                let (kind, address) = self.held_address(subject, other).await?;
                let message = Outgoing {
                    what: What::Code,
                    item: other.clone(),
                    language: from.language.to_owned(),
                    flow: Some(next.name()),
                    version: None,
                };
                self.send_code(SendCode {
                    flow: next.name(),
                    purpose: CodeFor::Reset,
                    subject: Some(subject),
                    item: other.clone(),
                    kind,
                    address: address.to_string(),
                    fresh: false,
                    needs: needs.as_str(),
                    lasts,
                    known: self.knows(Some(subject), &place).await?,
                    place,
                    limits: self.settings.sends.clone(),
                    message,
                })
                .await?;
            }
            _ => {
                let purpose = CodeFor::Reset;
                let work = Wait { flow: next.clone(), purpose, subject, needs: needs.as_str(), lasts, cleared: None };
                self.store.transact(WaitFor { wait: work, item }).await?;
            }
        }
        Ok(Retrieval { flow: next, needs })
    }

    /// The normal form of a contact that is held.
    async fn held_address(&self, subject: SubjectId, item: &str) -> Result<(Kind, Zeroizing<String>), Fault> {
        let records = self.see(subject, item).await?;
        let record = records.first().ok_or(Fault::NotFound)?;
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(item).ok_or(Fault::NotFound)?;
        let raw = record.value.expose(Sink::Gate, |v| Zeroizing::new(String::from_utf8_lossy(v).into_owned()));
        let normal = crate::value::normalize(item, fact, &raw).ok_or(Fault::NotFound)?;
        Ok((fact.kind, Zeroizing::new(normal)))
    }

    /// What a retrieval still asks for; nothing when it is over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn retrieval_needs(&self, flow: &Flow) -> Result<Option<Needs>, Fault> {
        let mut reading = self.store.reading().await?;
        let state = reading.look()?.flow(flow.name(), CodeFor::Reset).await?;
        Ok(state.filter(|s| s.subject.is_some()).map(|s| Needs::of(&s.needs, &s.item)))
    }

    /// Sets a new password: ends every session, keeps the second factor, tells the person.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for the password; [`Fault::WrongCode`] for what else was needed, or when the
    /// retrieval is over.
    pub async fn reset_password(&self, flow: &Flow, password: &str, shown: &str, language: &str) -> Result<(), Fault> {
        self.passwords.check("password", password, &[]).map_err(|f| Fault::Invalid(vec![f]))?;
        let state = {
            let mut reading = self.store.reading().await?;
            reading.look()?.flow(flow.name(), CodeFor::Reset).await?
        };
        let state = state.ok_or(Fault::WrongCode)?;
        let subject = state.subject.ok_or(Fault::WrongCode)?;
        let needs = Needs::of(&state.needs, &state.item);
        let named = match &needs {
            Needs::Name => self.named(shown).await? == Some(subject),
            _ => true,
        };
        let factor = match &needs {
            Needs::Factor => Some(self.factor_asks().await?),
            _ => None,
        };
        let through = match &needs {
            Needs::Code(_) => None,
            _ => Some(state.item.as_str()),
        };
        let work = Reset {
            subject,
            flow: flow.clone(),
            needs,
            named,
            shown: shown.to_owned(),
            factor,
            put: self.new_password(password).await?,
            notices: self.notices(subject, What::PasswordReset, through, language).await?,
        };
        self.store.transact(work).await?
    }

    /// Changes the password of a signed-in person who shows the present one; other sessions end. Who has none yet chooses
    /// one from a proven session.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`] for the present one; [`Fault::NeedsProof`] where there is none; [`Fault::Invalid`] for the
    /// new; [`Fault::WrongCode`] for the second factor; [`Fault::TooMany`].
    pub async fn change_password(
        &self,
        session: &Session,
        current: &str,
        password: &str,
        shown: &str,
        language: &str,
    ) -> Result<(), Fault> {
        let subject = session.subject();
        if self.has_password(subject).await? {
            self.show_password(session, current).await?;
        } else {
            session.prove()?;
        }
        self.passwords.check("password", password, &[]).map_err(|f| Fault::Invalid(vec![f]))?;
        let factor = if self.has_factor(subject).await? { Some(self.factor_asks().await?) } else { None };
        let work = ChangePassword {
            session: session.clone(),
            shown: shown.to_owned(),
            factor,
            trier: self.session_trier(session),
            tries: self.settings.tries,
            window: self.settings.tries_window,
            put: self.new_password(password).await?,
            notices: self.notices(subject, What::PasswordChanged, None, language).await?,
        };
        self.store.transact(work).await?
    }

    async fn new_password(&self, password: &str) -> Result<NewPassword, Fault> {
        let policy = self.policy();
        let wanted =
            Wanted { act: Act::Collect, purpose: crate::rights::PURPOSE, items: &["password"], recipient: None };
        Ok(NewPassword {
            ask: self.ask_or_refuse(&wanted, &Actor::Subject).await?,
            item: policy.item("password").ok_or(Fault::NotFound)?,
            hash: Zeroizing::new(self.passwords.hash(password, self.store.random()).await?),
        })
    }
}

impl App {
    /// Keeps the same password as a hash of ours, in place of `old`, one of another system.
    pub(crate) async fn renew_hash(&self, subject: SubjectId, password: &str, old: String) -> Result<(), Fault> {
        let wanted = Wanted { act: Act::Use, purpose: crate::rights::PURPOSE, items: &["password"], recipient: None };
        let look = self.ask_or_refuse(&wanted, &Actor::Subject).await?;
        let put = self.new_password(password).await?;
        self.store.transact(RenewHash { subject, look, old: Zeroizing::new(old), put }).await
    }
}

struct RenewHash {
    subject: SubjectId,
    look: Ask,
    old: Zeroizing<String>,
    put: NewPassword,
}

impl Transact for RenewHash {
    const NAME: &'static str = "renew a password's hash";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let permit = match tx.ask(self.subject, self.look.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Err(denied.into()),
        };
        let used = tx.open_here(permit, &Which::all()).await?;
        let same = |v: &Vec<u8>| v.as_slice() == self.old.as_bytes();
        // A password that was changed meanwhile stays changed.
        if used.records.first().is_some_and(|record| record.value.expose(Sink::Gate, same)) {
            self.put.put(tx, self.subject).await?;
        }
        Ok(())
    }
}

struct NewPassword {
    ask: Ask,
    item: ItemId,
    hash: Zeroizing<String>,
}

impl NewPassword {
    async fn put(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<(), Fault> {
        match tx.ask(subject, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => {
                let put = Put { item: self.item, id: RecordId::ONLY, value: self.hash.as_bytes() };
                tx.put(permit, &[put]).await?;
                tx.journal_ended(subject, &["password"]);
                Ok(())
            }
            Answer::Refused(denied) => Err(denied.into()),
        }
    }
}

/// Spends a code of somebody who is not signed in; gives whose it was.
struct Spend {
    flow: Flow,
    purpose: CodeFor,
    address: String,
    typed: String,
    subject: Option<SubjectId>,
}

impl Transact for Spend {
    const NAME: &'static str = "spend a code";
    type Out = Option<SubjectId>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<SubjectId>, StoreError> {
        let proven = tx.spend_code(self.flow.name(), self.purpose, Some(&self.address), &self.typed).await?;
        if let Some(proven) = proven {
            // This verifies nothing anew: a number that is somebody else's by now must not look fresh for it.
            return Ok(Some(proven.subject()));
        }
        let act = if self.purpose == CodeFor::LogIn { "login" } else { "retrieve" };
        tx.note(act, "account", &[], Party::Subject, Outcome::Refused, self.subject).await?;
        Ok(None)
    }
}

/// Waits for the next step of somebody who showed the first.
struct Wait {
    flow: Flow,
    purpose: CodeFor,
    subject: SubjectId,
    needs: &'static str,
    lasts: SignedDuration,
    cleared: Option<limits::Trier>,
}

impl Wait {
    async fn start(&self, tx: &mut Tx<'_>, item: &str) -> Result<(), StoreError> {
        if let Some(trier) = &self.cleared {
            limits::clear_tries(tx, trier).await?;
        }
        tx.start_flow(&Start {
            flow: self.flow.name(),
            purpose: self.purpose,
            subject: Some(self.subject),
            item,
            address: "",
            needs: self.needs,
            lasts: self.lasts,
        })
        .await
    }
}

impl Transact for Wait {
    const NAME: &'static str = "wait for the second factor";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.start(tx, "").await
    }
}

struct WaitFor {
    wait: Wait,
    item: String,
}

impl Transact for WaitFor {
    const NAME: &'static str = "wait for a new password";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.wait.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.wait.start(tx, &self.item).await
    }
}

/// Starts the session of somebody who showed all that is asked.
struct Enter {
    token: SessionToken,
    expires: Timestamp,
    device: Device,
    place: String,
    place_lasts: SignedDuration,
    proved: bool,
    log: Option<Ask>,
    factor: Option<(Flow, FactorAsks, String)>,
    passkey: Option<passkey::Check>,
    notices: Vec<Outgoing>,
    recovery: Vec<Outgoing>,
    cleared: Option<limits::Trier>,
    tries: u64,
    window: SignedDuration,
}

impl Transact for Enter {
    const NAME: &'static str = "log in";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        // Neither a code of the factor nor a passkey's count may be taken twice at once.
        let how = if self.factor.is_some() || self.passkey.is_some() { Hold::Exclusive } else { Hold::Shared };
        hold.push((self.token.subject, how));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.token.subject;
        if let Some(passkey) = &self.passkey
            && let Err(fault) = passkey.run(tx, subject).await?
        {
            return Ok(Err(fault));
        }
        if let Some((flow, asks, typed)) = &self.factor {
            let known = tx.knows_place(subject, &self.place).await?;
            let trier = limits::Trier { what: "factor", who: subject.to_string(), place: self.place.clone(), known };
            if !limits::count_try(tx, &trier, self.tries, self.window).await? {
                return Ok(Err(Fault::TooMany(self.window.as_mins().unsigned_abs())));
            }
            if !tx.try_flow(flow.name(), CodeFor::Factor).await? {
                return Ok(Err(Fault::WrongCode));
            }
            match factor::accept(tx, subject, asks, typed).await? {
                None => {
                    tx.note("login", "account", &[], Party::Subject, Outcome::Refused, Some(subject)).await?;
                    return Ok(Err(Fault::WrongCode));
                }
                Some(accepted) => {
                    tx.end_flow(flow.name()).await?;
                    limits::clear_tries(tx, &trier).await?;
                    if accepted == Accepted::Recovery {
                        for notice in &self.recovery {
                            notice.queue(tx, Some(subject), None).await?;
                        }
                    }
                }
            }
        }
        if let Some(trier) = &self.cleared {
            limits::clear_tries(tx, trier).await?;
        }
        tx.start_session(&self.token, self.expires, self.device.to_bytes().as_ref(), self.proved).await?;
        if !self.place.is_empty() {
            tx.remember_place(subject, &self.place, self.place_lasts).await?;
        }
        tx.note("login", "account", &[], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        log_login(tx, subject, self.log.as_ref(), &self.device).await?;
        Ok(Ok(()))
    }
}

struct Reset {
    subject: SubjectId,
    flow: Flow,
    needs: Needs,
    named: bool,
    shown: String,
    factor: Option<FactorAsks>,
    put: NewPassword,
    notices: Vec<Outgoing>,
}

impl Transact for Reset {
    const NAME: &'static str = "reset a password";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.subject;
        let name = self.flow.name();
        let shown = match &self.needs {
            Needs::Code(_) => tx.spend_code(name, CodeFor::Reset, None, &self.shown).await?.is_some(),
            needs => {
                tx.try_flow(name, CodeFor::Reset).await?
                    && match (needs, &self.factor) {
                        (Needs::Factor, Some(asks)) => factor::accept(tx, subject, asks, &self.shown).await?.is_some(),
                        (Needs::Factor, None) => false,
                        (Needs::Name, _) => self.named,
                        _ => true,
                    }
            }
        };
        if !shown {
            tx.note("retrieve", "account", &[], Party::Subject, Outcome::Refused, Some(subject)).await?;
            return Ok(Err(Fault::WrongCode));
        }
        self.put.put(tx, subject).await?;
        tx.end_flows(subject).await?;
        tx.end_sessions(subject, None).await?;
        tx.forget_places(subject).await?;
        tx.note("retrieve", "account", &["password"], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(Ok(()))
    }
}

struct ChangePassword {
    session: Session,
    shown: String,
    factor: Option<FactorAsks>,
    trier: limits::Trier,
    tries: u64,
    window: SignedDuration,
    put: NewPassword,
    notices: Vec<Outgoing>,
}

impl Transact for ChangePassword {
    const NAME: &'static str = "change a password";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.session.subject();
        if let Some(asks) = &self.factor {
            if !limits::count_try(tx, &self.trier, self.tries, self.window).await? {
                return Ok(Err(Fault::TooMany(self.window.as_mins().unsigned_abs())));
            }
            if factor::accept(tx, subject, asks, &self.shown).await?.is_none() {
                return Ok(Err(Fault::WrongCode));
            }
        }
        self.put.put(tx, subject).await?;
        tx.end_flows(subject).await?;
        tx.end_sessions(subject, Some(self.session.token.name())).await?;
        tx.note("password", "account", &["password"], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(Ok(()))
    }
}
