//! Operators sign in by a one-time link; there is no default password (ASVS 6.3.2).
//!
//! Keeps promise 5.6 (who of the staff may look).

use avouch_seal::SubjectId;
use avouch_store::{Evidence, Head, Hold, Outcome, Receipt, StoreError, TokenKind, Transact, Tx};
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::fault::Fault;

/// How long a one-time link waits to be used.
const LINK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How long an operator stays signed in.
const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(8);

impl App {
    /// Makes a one-time link's secret for an operator.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn operator_link(&self, operator: &str) -> Result<String, Fault> {
        let expires = self.store.now() + LINK_LASTS;
        Ok(self.store.transact(MakeToken { operator: operator.to_owned(), kind: TokenKind::Link, expires }).await?)
    }

    /// Spends a link; gives the secret of the operator's session.
    ///
    /// # Errors
    /// [`Fault::WrongLogin`] when the link was used, is over, or never was.
    pub async fn operator_sign_in(&self, link: &str) -> Result<String, Fault> {
        let expires = self.store.now() + SESSION_LASTS;
        self.store.transact(SpendLink { link: link.to_owned(), expires }).await?.ok_or(Fault::WrongLogin)
    }

    /// The operator whose session this is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operator(&self, session: &str) -> Result<Option<String>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.operator(session).await?)
    }

    /// Signs an operator out.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn operator_sign_out(&self, session: &str) -> Result<(), Fault> {
        self.store.transact(SignOut { session: session.to_owned() }).await?;
        Ok(())
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

struct MakeToken {
    operator: String,
    kind: TokenKind,
    expires: Timestamp,
}

impl Transact for MakeToken {
    const NAME: &'static str = "make an operator link";
    type Out = String;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        let secret = tx.operator_token(&self.operator, self.kind, self.expires).await?;
        tx.note("link", "console", &[], avouch_policy::Party::System, Outcome::Done, None).await?;
        Ok(secret)
    }
}

struct SpendLink {
    link: String,
    expires: Timestamp,
}

impl Transact for SpendLink {
    const NAME: &'static str = "sign an operator in";
    type Out = Option<String>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
        let party = avouch_policy::Party::Operator;
        let Some(operator) = tx.spend_link(&self.link).await? else {
            tx.note("login", "console", &[], party, Outcome::Refused, None).await?;
            return Ok(None);
        };
        let session = tx.operator_token(&operator, TokenKind::Session, self.expires).await?;
        tx.note("login", "console", &[], party, Outcome::Done, None).await?;
        Ok(Some(session))
    }
}

struct SignOut {
    session: String,
}

impl Transact for SignOut {
    const NAME: &'static str = "sign an operator out";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_operator_session(&self.session).await?;
        tx.note("logout", "console", &[], avouch_policy::Party::Operator, Outcome::Done, None).await?;
        Ok(())
    }
}
