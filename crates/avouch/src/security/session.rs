//! Logging in, staying in, getting out.
//!
//! Keeps promises 2.1, 3.1 and 1.5: wrong names and wrong passwords look alike and take alike; tries are
//! counted by account and place and only slow down, see [`crate::security::limits`]; each login leaves the network log that the law
//! asks for, which the policy's purpose `security` declares.

use avouch_policy::{Act, Ask};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Hold, Outcome, Put, RecordId, SessionName, SessionToken, StoreError, Transact, Tx, Which,
};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::security::limits::{self, Trier};
use crate::security::password::Match;
use crate::value;

/// What a browser tells of itself; personal data, kept sealed.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// The browser and system, as it names itself, shortened.
    pub agent: String,
    /// The address it came from.
    pub address: String,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device(…)")
    }
}

impl Device {
    pub(crate) fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// A device from its kept bytes; empty when they are not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

/// A live session.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a session's secret")]
pub struct Session {
    /// Its token.
    pub token: SessionToken,
    /// Whether the password was shown recently enough for sensitive acts.
    pub proven: bool,
}

impl Session {
    /// Whose session.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        self.token.subject
    }

    /// # Errors
    /// [`Fault::NeedsProof`] unless the password was shown recently.
    pub fn prove(&self) -> Result<(), Fault> {
        if self.proven { Ok(()) } else { Err(Fault::NeedsProof) }
    }
}

impl App {
    /// The session a cookie holds; nothing when it is none, or over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, Fault> {
        let Some(token) = SessionToken::from_cookie(cookie) else {
            return Ok(None);
        };
        let found = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            look.session(&token).await?
        };
        let Some((proved, seen)) = found else { return Ok(None) };
        let now = self.store.now();
        if now.duration_since(seen) > self.settings.session_idle {
            return Ok(None);
        }
        if now.duration_since(seen) > SignedDuration::from_mins(1) {
            self.store.transact(Seen { token: token.clone(), proved: false }).await?;
        }
        Ok(Some(Session { token, proven: now.duration_since(proved) <= self.settings.proof_lasts }))
    }

    /// Logs in by any identifier and the password.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`], whatever was wrong; [`Fault::TooMany`]; [`Fault::NeedsFactor`] with the flow to
    /// go on with where a second factor is on.
    pub async fn log_in(&self, identifier: &str, password: &str, device: Device) -> Result<SessionToken, Fault> {
        self.log_in_from(identifier, password, device, "en").await
    }

    /// As [`App::log_in`], in the language notices are written in.
    ///
    /// # Errors
    /// As [`App::log_in`].
    pub async fn log_in_from(
        &self,
        identifier: &str,
        password: &str,
        device: Device,
        language: &str,
    ) -> Result<SessionToken, Fault> {
        let subject = self.find(identifier).await?;
        let place = limits::place(&device.address);
        let known = self.knows(subject, &place).await?;
        let trier = Trier { what: "login", who: identifier.trim().to_lowercase(), place, known };
        self.count_tries(trier.clone()).await?;
        let right = self.password_is(subject, identifier, password).await?;
        let (Some(subject), true) = (subject, right) else {
            self.store.transact(NoteLogin { subject, outcome: Outcome::Refused }).await?;
            return Err(Fault::WrongLogin);
        };
        self.enter(subject, device, true, language, Some(trier)).await
    }

    /// Whether a subject has a password: who joined through a partner has none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_password(&self, subject: SubjectId) -> Result<bool, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.holds(subject, "password").await?)
    }

    /// Shows the password once more within a session.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`]; [`Fault::TooMany`].
    pub async fn show_password(&self, session: &Session, password: &str) -> Result<(), Fault> {
        let who = data_encoding::HEXLOWER.encode(&session.token.name().0);
        self.count_tries(Trier { what: "proof", who, place: String::new(), known: true }).await?;
        if !self.password_is(Some(session.subject()), "", password).await? {
            return Err(Fault::WrongLogin);
        }
        self.store.transact(Seen { token: session.token.clone(), proved: true }).await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn log_out(&self, session: &Session) -> Result<(), Fault> {
        self.end_session(session.subject(), session.token.name()).await
    }

    /// Ends one of a subject's sessions.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none of that name.
    pub async fn end_session(&self, subject: SubjectId, name: SessionName) -> Result<(), Fault> {
        self.store.transact(End { subject, which: Ends::One(name) }).await?;
        Ok(())
    }

    /// Ends all of a subject's sessions but this one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end_other_sessions(&self, session: &Session) -> Result<u64, Fault> {
        let which = Ends::AllBut(session.token.name());
        Ok(self.store.transact(End { subject: session.subject(), which }).await?)
    }

    /// Whose identifier this is, whichever kind it is.
    pub(crate) async fn find(&self, identifier: &str) -> Result<Option<SubjectId>, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        for (name, item) in policy.facts().collection.items.iter().filter(|(_, i)| i.identifier) {
            if let Some(normalized) = value::normalize(name, item, identifier)
                && let Some(subject) = look.find(name, &normalized).await?
            {
                return Ok(Some(subject));
            }
        }
        Ok(None)
    }

    async fn count_tries(&self, trier: Trier) -> Result<(), Fault> {
        let (tries, window) = (self.settings.tries, self.settings.tries_window);
        if self.store.transact(Try { trier, tries, window }).await? {
            Ok(())
        } else {
            Err(Fault::TooMany(window.as_mins().unsigned_abs()))
        }
    }

    /// Whether a password is the subject's, or nobody's under the name typed. One that matched a hash of another
    /// system is kept as ours from then on.
    async fn password_is(&self, subject: Option<SubjectId>, typed: &str, password: &str) -> Result<bool, Fault> {
        let kept = match subject {
            None => None,
            Some(subject) => self.kept_password(subject).await?,
        };
        let others = {
            let mut reading = self.store.reading().await?;
            reading.look()?.password_kinds().await?
        };
        // The same at each try of one name, and nothing anybody can foresee.
        let who = subject.map_or_else(|| typed.trim().to_lowercase(), |s| s.to_string());
        let pick = self
            .store
            .derived(&format!("password kind\0{who}"))
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
        match (self.passwords.matches(password, kept.clone(), others, pick).await?, subject) {
            (Match::Wrong, _) | (_, None) => Ok(false),
            (Match::Right, Some(_)) => Ok(true),
            (Match::Old, Some(subject)) => {
                // In all the same, should this fail; it is tried again the next time.
                if let Err(e) = self.renew_hash(subject, password, kept.unwrap_or_default()).await {
                    tracing::warn!(error = %e, "a password hash of another system could not be replaced");
                }
                Ok(true)
            }
        }
    }

    /// The kept hash. Checking it is the person's own way in, also while the account is being cancelled, so
    /// it is asked for as exercising their rights.
    async fn kept_password(&self, subject: SubjectId) -> Result<Option<String>, Fault> {
        let wanted = Wanted { act: Act::Use, purpose: "rights", items: &["password"], recipient: None };
        match self.use_records(subject, &wanted, &Actor::Subject, &Which::all()).await {
            Ok(used) => {
                Ok(used.records.first().and_then(|r| r.value.expose(Sink::Gate, |v| String::from_utf8(v.clone()).ok())))
            }
            Err(Fault::NotFound) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The ask for the network log, where the policy declares one.
    pub(crate) fn log_ask(&self, actor: &Actor) -> Option<Ask> {
        let wanted = Wanted { act: Act::Collect, purpose: "security", items: &["network_log"], recipient: None };
        self.ask(&wanted, actor).ok()
    }
}

/// Puts the network log of a login, if the policy declares it and the gate permits it.
pub(crate) async fn log_login(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    ask: Option<&Ask>,
    device: &Device,
) -> Result<(), StoreError> {
    let Some(ask) = ask else { return Ok(()) };
    let Some(item) = ask.items.first().copied() else { return Ok(()) };
    if let Answer::Permitted(permit) = tx.ask(subject, ask.clone(), &Actor::System).await? {
        let id = RecordId(tx.random());
        let value = serde_json::json!({ "at": tx.now().to_string(), "ip": device.address, "agent": device.agent });
        let value = zeroize::Zeroizing::new(value.to_string());
        tx.put(permit, &[Put { item, id, value: value.as_bytes() }]).await?;
    }
    Ok(())
}

struct Try {
    trier: Trier,
    tries: u64,
    window: SignedDuration,
}

impl Transact for Try {
    const NAME: &'static str = "count a try";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        limits::count_try(tx, &self.trier, self.tries, self.window).await
    }
}

struct NoteLogin {
    subject: Option<SubjectId>,
    outcome: Outcome,
}

impl Transact for NoteLogin {
    const NAME: &'static str = "refuse a login";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.note("login", "account", &[], avouch_policy::Party::Subject, self.outcome, self.subject).await?;
        Ok(())
    }
}

struct Seen {
    token: SessionToken,
    proved: bool,
}

impl Transact for Seen {
    const NAME: &'static str = "see a session";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.token.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.touch_session(&self.token, self.proved).await
    }
}

enum Ends {
    One(SessionName),
    AllBut(SessionName),
}

struct End {
    subject: SubjectId,
    which: Ends,
}

impl Transact for End {
    const NAME: &'static str = "end sessions";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let ended = match self.which {
            Ends::One(name) => {
                if !tx.end_session(self.subject, name).await? {
                    return Err(StoreError::NoRecord);
                }
                1
            }
            Ends::AllBut(name) => tx.end_sessions(self.subject, Some(name)).await?,
        };
        tx.note("logout", "account", &[], avouch_policy::Party::Subject, Outcome::Done, Some(self.subject)).await?;
        Ok(ended)
    }
}
