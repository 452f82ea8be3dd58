//! Operators sign in by name, password and an authenticator's code; the first time by a one-time link, which has
//! them choose both. There is no default password (ASVS 6.3.2), and no way in without the second factor (6.3.3).
//!
//! Keeps promise 5.6 (who of the staff may look).

use avouch_policy::Party;
use avouch_seal::{SubjectId, otp};
use avouch_store::{
    Evidence, Head, Hold, Operator, OperatorSession, Outcome, Receipt, StaffRole, StoreError, TokenKind, Transact, Tx,
    seen_long_ago, totp_step,
};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::Fault;
use crate::security::factor::secret_of;
use crate::security::limits::{self, Trier};
use crate::security::password::Match;

/// How long a one-time link waits to be used.
const LINK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How long choosing a password and an authenticator may take after the link.
const ENROLMENT_LASTS: SignedDuration = SignedDuration::from_mins(30);
/// How long an operator stays signed in, used or not.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(8);
/// The roles of the first operator. Four eyes need a second one: `avouch operator add`.
const FIRST_ROLES: [StaffRole; 3] = [StaffRole::Administrator, StaffRole::DataProtectionOfficer, StaffRole::Auditor];

/// What a spent link leads to.
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub enum Entered {
    /// A password and an authenticator are chosen next, with this secret.
    Enrol(String),
    /// Signed in, with the session's secret: where the installation asks staff for no second factor, which only a
    /// demo does.
    In(String),
}

impl App {
    /// Makes a one-time link's secret for an operator. Where there is no operator at all, this one is the first.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown one; when the store cannot be written.
    pub async fn operator_link(&self, operator: &str) -> Result<String, Fault> {
        let expires = self.store.now() + LINK_LASTS;
        Ok(self.store.transact(MakeLink { operator: operator.to_owned(), expires }).await?)
    }

    /// Whom a link is for, without spending it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operator_link_for(&self, link: &str) -> Result<Option<String>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.operator_token_for(link, TokenKind::Link).await?)
    }

    /// Spends a link.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`] when the link was used, is over, or never was.
    pub async fn operator_sign_in(&self, link: &str) -> Result<Entered, Fault> {
        let work = SpendLink { link: link.to_owned(), factor: self.settings.staff_factor };
        self.store.transact(work).await?.ok_or(Fault::WrongLogin)
    }

    /// Whose enrolment is under way.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operator_enrolling(&self, enrolment: &str) -> Result<Option<String>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.operator_token_for(enrolment, TokenKind::Enrolment).await?)
    }

    /// A fresh secret for an operator's authenticator; nothing is kept yet.
    #[must_use]
    pub fn operator_secret(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(Zeroizing::new(self.store.random::<{ otp::SECRET }>()).as_ref())
    }

    /// Ends an enrolment: keeps password and authenticator, ends whatever was signed in, and signs in. Gives the
    /// session's secret.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`] when no enrolment is under way; [`Fault::Invalid`] for a weak password;
    /// [`Fault::WrongCode`]. The enrolment goes on after the last two.
    pub async fn operator_enrol(
        &self,
        enrolment: &str,
        password: &str,
        secret: &str,
        typed: &str,
    ) -> Result<String, Fault> {
        let name = self.operator_enrolling(enrolment).await?.ok_or(Fault::WrongLogin)?;
        self.passwords.check("password", password, &[&name]).map_err(|f| Fault::Invalid(vec![f]))?;
        let secret = secret_of(secret).filter(|s| s.len() >= otp::SECRET).ok_or(Fault::WrongCode)?;
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let step = otp::accepts(&secret, &digits, totp_step(self.store.now()), 0).ok_or(Fault::WrongCode)?;
        let password = Zeroizing::new(self.passwords.hash(password, self.store.random()).await?);
        let work = Enrol { enrolment: enrolment.to_owned(), password, secret, step };
        self.store.transact(work).await?.ok_or(Fault::WrongLogin)
    }

    /// Signs an operator in by name, password and an authenticator's code, asked from an address. Gives the
    /// session's secret.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`], whatever of the three was wrong; [`Fault::TooMany`].
    pub async fn operator_log_in(
        &self,
        name: &str,
        password: &str,
        typed: &str,
        address: &str,
    ) -> Result<String, Fault> {
        let trier = Trier { what: "operator", who: name.to_owned(), place: limits::place(address), known: false };
        let (tries, window) = (self.settings.tries, self.settings.tries_window);
        let hash = self.store.transact(Try { trier: trier.clone(), tries, window }).await??;
        let right = self.passwords.matches(password, hash, Vec::new(), 0).await? == Match::Right;
        let work = LogIn { trier, right, typed: typed.to_owned() };
        self.store.transact(work).await?.ok_or(Fault::WrongLogin)
    }

    /// The operator whose session this is.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn operator(&self, session: &str) -> Result<Option<Operator>, Fault> {
        let found = {
            let mut reading = self.store.reading().await?;
            reading.look()?.operator(session).await?
        };
        let Some((operator, seen)) = found else { return Ok(None) };
        if seen_long_ago(seen, self.store.now()) {
            self.store.transact(See { session: session.to_owned() }).await?;
        }
        Ok(Some(operator))
    }

    /// Notes, once a day, that roles of an operator opened something.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn operator_uses(&self, operator: &Operator, roles: &[StaffRole]) -> Result<(), Fault> {
        let today = self.store.now() - SignedDuration::from_hours(24);
        let due = |role: &StaffRole| {
            operator.grants.iter().any(|g| g.role == *role && g.suspended.is_none() && g.used.is_none_or(|u| u < today))
        };
        let roles: Vec<StaffRole> = roles.iter().copied().filter(due).collect();
        if !roles.is_empty() {
            self.store.transact(UseRoles { operator: operator.name.clone(), roles }).await?;
        }
        Ok(())
    }

    /// Signs an operator out.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn operator_sign_out(&self, session: &str, operator: &str) -> Result<(), Fault> {
        self.store.transact(SignOut { session: session.to_owned(), operator: operator.to_owned() }).await?;
        Ok(())
    }

    /// Every operator with their grants.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operators(&self) -> Result<Vec<Operator>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.operators().await?)
    }

    /// The console sessions that are not over (ASVS 7.5.2).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operator_sessions(&self) -> Result<Vec<OperatorSession>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.operator_sessions().await?)
    }
}

impl App {
    /// The latest leaves of every log, newest first, for those who look after the evidence.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_leaves(&self, limit: u32) -> Result<Vec<Evidence>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.latest_leaves(limit).await?)
    }

    /// One leaf by its place, with the head of its log.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn leaf(&self, receipt: &Receipt) -> Result<(Evidence, Head), Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.leaf(receipt).await?)
    }

    /// Jobs that failed, and why.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn job_faults(&self) -> Result<Vec<(String, String)>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.job_faults().await?)
    }
}

struct MakeLink {
    operator: String,
    expires: Timestamp,
}

impl Transact for MakeLink {
    const NAME: &'static str = "make an operator link";
    type Out = String;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        let operators = tx.operators().await?;
        if operators.is_empty() {
            tx.add_operator(&self.operator).await?;
            for role in FIRST_ROLES {
                tx.grant_role(&self.operator, role).await?;
            }
            tx.note("operator-add", "console", &[], Party::System, Outcome::Done, None).await?;
        } else if !operators.iter().any(|o| o.name == self.operator && o.active) {
            return Err(StoreError::NoRecord);
        }
        let secret = tx.operator_token(&self.operator, TokenKind::Link, self.expires).await?;
        tx.note("link", "console", &[], Party::System, Outcome::Done, None).await?;
        Ok(secret)
    }
}

struct SpendLink {
    link: String,
    factor: bool,
}

impl Transact for SpendLink {
    const NAME: &'static str = "spend an operator link";
    type Out = Option<Entered>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let Some(operator) = tx.spend_operator_token(&self.link, TokenKind::Link).await? else {
            tx.note("login", "console", &[], Party::Operator, Outcome::Refused, None).await?;
            return Ok(None);
        };
        if self.factor {
            let expires = tx.now() + ENROLMENT_LASTS;
            return Ok(Some(Entered::Enrol(tx.operator_token(&operator, TokenKind::Enrolment, expires).await?)));
        }
        sign_in(tx, &operator).await.map(|session| Some(Entered::In(session)))
    }
}

async fn sign_in(tx: &mut Tx<'_>, operator: &str) -> Result<String, StoreError> {
    let expires = tx.now() + SESSION_LASTS;
    let session = tx.operator_token(operator, TokenKind::Session, expires).await?;
    tx.note_operator(operator, "login", "console", Outcome::Done, None).await?;
    Ok(session)
}

struct Enrol {
    enrolment: String,
    password: Zeroizing<String>,
    secret: Zeroizing<Vec<u8>>,
    step: u64,
}

impl Transact for Enrol {
    const NAME: &'static str = "enrol an operator";
    type Out = Option<String>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let Some(operator) = tx.spend_operator_token(&self.enrolment, TokenKind::Enrolment).await? else {
            return Ok(None);
        };
        tx.enrol_operator(&operator, &self.password, &self.secret, self.step).await?;
        tx.note_operator(&operator, "factor-on", "console", Outcome::Done, None).await?;
        sign_in(tx, &operator).await.map(Some)
    }
}

struct Try {
    trier: Trier,
    tries: u64,
    window: SignedDuration,
}

impl Transact for Try {
    const NAME: &'static str = "try to sign an operator in";
    type Out = Result<Option<String>, Fault>;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        if !limits::count_try(tx, &self.trier, self.tries, self.window).await? {
            return Ok(Err(Fault::TooMany(self.window.as_mins().unsigned_abs())));
        }
        Ok(Ok(tx.operator_password(&self.trier.who).await?))
    }
}

struct LogIn {
    trier: Trier,
    right: bool,
    typed: String,
}

impl Transact for LogIn {
    const NAME: &'static str = "sign an operator in";
    type Out = Option<String>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let name = &self.trier.who;
        // A code is spent only beside the right password, so that nobody uses up somebody else's.
        if self.right && tx.accept_operator_code(name, &self.typed).await? {
            limits::clear_tries(tx, &self.trier).await?;
            return sign_in(tx, name).await.map(Some);
        }
        // What was typed as a name stands in no leaf unless it is one.
        let known = tx.operator_named(name).await?.map(|o| o.name).unwrap_or_default();
        tx.note_operator(&known, "login", "console", Outcome::Refused, None).await?;
        Ok(None)
    }
}

struct See {
    session: String,
}

impl Transact for See {
    const NAME: &'static str = "see an operator's session used";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.see_operator(&self.session).await
    }
}

struct UseRoles {
    operator: String,
    roles: Vec<StaffRole>,
}

impl Transact for UseRoles {
    const NAME: &'static str = "note that roles are used";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.use_roles(&self.operator, &self.roles).await
    }
}

struct SignOut {
    session: String,
    operator: String,
}

impl Transact for SignOut {
    const NAME: &'static str = "sign an operator out";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_operator_session(&self.session).await?;
        tx.note_operator(&self.operator, "logout", "console", Outcome::Done, None).await?;
        Ok(())
    }
}
