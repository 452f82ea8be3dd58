//! One-time codes: made when they are sent, kept only as a keyed hash, bound to address, purpose and browser.
//!
//! Keeps promises 1.1 and 2.1 (ASVS 6.5, 6.6): six digits from the system's randomness, ten minutes, five
//! tries, spent once, compared in constant time. A contact becomes verified by [`Tx::verify_contact`] alone,
//! which takes a [`Proven`], and a [`Proven`] comes from [`Tx::spend_code`] alone.

use avouch_seal::{Region, SubjectId, otp};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::session::SessionToken;
use crate::tx::Tx;

/// How often a code may be typed wrong before it is void.
pub const TRIES: u64 = 5;

/// What a code, or a step between two pages, may be spent for; nothing else will take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFor {
    /// Showing that a contact of the account is one's own.
    Verify,
    /// Replacing a contact by the one the code went to.
    Change,
    /// Logging in.
    LogIn,
    /// Starting to retrieve a password.
    Retrieve,
    /// Choosing the new password, after the code for [`CodeFor::Retrieve`] was typed.
    Reset,
    /// The second factor, after the first was shown.
    Factor,
    /// Coming back from a partner (1.7).
    Joint,
    /// Joining after a partner said who somebody is.
    JointJoin,
    /// Showing who is there by a fresh login at a partner, where the password is asked for.
    JointProof,
    /// Making a passkey.
    PasskeyMade,
    /// Logging in with a passkey.
    PasskeyLogIn,
    /// Showing a passkey where the password is asked for.
    PasskeyProof,
}

impl CodeFor {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Change => "change",
            Self::LogIn => "log-in",
            Self::Retrieve => "retrieve",
            Self::Reset => "reset",
            Self::Factor => "factor",
            Self::Joint => "joint",
            Self::JointJoin => "joint-join",
            Self::JointProof => "joint-proof",
            Self::PasskeyMade => "passkey-made",
            Self::PasskeyLogIn => "passkey-log-in",
            Self::PasskeyProof => "passkey-proof",
        }
    }

    /// Of those a code is sent for.
    fn from_str(text: &str) -> Option<Self> {
        let codes = [Self::Verify, Self::Change, Self::LogIn, Self::Retrieve, Self::Reset];
        let steps = [Self::Factor, Self::Joint, Self::JointJoin, Self::JointProof];
        codes.into_iter().chain(steps).find(|p| p.as_str() == text)
    }
}

/// What one browser holds of a flow that is not signed in: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow([u8; 32]);

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flow(…)")
    }
}

impl Flow {
    /// A flow from fresh random bytes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The text that stands in the page's form.
    #[must_use]
    pub fn to_text(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.0)
    }

    /// The flow of a form's text; nothing when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// The same bits as the challenge an authenticator signs.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.0
    }

    /// The name it is stored under.
    #[must_use]
    pub fn name(&self) -> FlowName {
        FlowName(avouch_ledger::hash::sha256(&self.0))
    }
}

/// Names a flow without giving it away: the digest of what the browser holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowName(pub(crate) [u8; 32]);

impl FlowName {
    /// The flow of a signed-in browser: one for each purpose and item.
    #[must_use]
    pub fn of_session(token: &SessionToken, purpose: CodeFor, item: &str) -> Self {
        let text = [token.name().0.as_slice(), purpose.as_str().as_bytes(), b"\0", item.as_bytes()].concat();
        Self(avouch_ledger::hash::sha256(&text))
    }

    /// As it stands in a job.
    #[must_use]
    pub fn to_text(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// From a job.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

/// A flow to be started.
#[expect(missing_debug_implementations, reason = "holds an address")]
pub struct Start<'a> {
    /// Its name.
    pub flow: FlowName,
    /// What for.
    pub purpose: CodeFor,
    /// Whose; nothing where nobody here has the address.
    pub subject: Option<SubjectId>,
    /// The contact's item; empty where no code is sent.
    pub item: &'a str,
    /// The address in its normal form.
    pub address: &'a str,
    /// What else this step asks for; the use case's own word.
    pub needs: &'a str,
    /// How long it waits.
    pub lasts: SignedDuration,
}

/// What is known of a flow.
#[derive(Debug, Clone)]
pub struct FlowState {
    /// Whose; nothing where nobody here has the address.
    pub subject: Option<SubjectId>,
    /// The contact's item.
    pub item: String,
    /// What else this step asks for.
    pub needs: String,
    /// How often it was tried.
    pub tries: u64,
}

/// A code on its way to its address.
#[expect(missing_debug_implementations, reason = "a secret")]
pub struct Issued {
    /// Its six digits.
    pub code: Zeroizing<String>,
    /// What for.
    pub purpose: CodeFor,
}

/// That the code which went to an address was typed where it was asked for. Made by [`Tx::spend_code`] alone.
#[derive(Debug)]
#[must_use = "the code is spent"]
pub struct Proven {
    subject: SubjectId,
    item: String,
    address: [u8; 32],
}

impl Proven {
    /// Whose code it was.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        self.subject
    }

    /// The contact it went to.
    #[must_use]
    pub fn item(&self) -> &str {
        &self.item
    }
}

/// A contact whose owner typed the code that went there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedContact {
    /// Its item.
    pub item: String,
    /// When.
    pub at: Timestamp,
}

/// Six digits, each combination as likely as any other.
fn six_digits(random: impl Fn() -> [u8; 4]) -> String {
    // 4294 whole millions fit below 2^32; what lies above them would favour the small ones.
    let fair = u32::MAX / 1_000_000 * 1_000_000;
    loop {
        let n = u32::from_be_bytes(random());
        if n < fair {
            return format!("{:06}", n % 1_000_000);
        }
    }
}

fn state(region: Region, row: &Row) -> Result<FlowState, StoreError> {
    Ok(FlowState {
        subject: match row.blob_opt(0)? {
            None => None,
            Some(_) => Some(SubjectId::new(region, row.bytes(0)?)),
        },
        item: row.text(1)?.to_owned(),
        needs: row.text(2)?.to_owned(),
        tries: row.uint(3)?,
    })
}

impl Look<'_> {
    fn code_hash(&self, flow: FlowName, purpose: &str, address: &[u8], code: &str) -> [u8; 32] {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        self.shared.keys.blind_index("code", &format!("{}\0{purpose}\0{}\0{code}", hex(&flow.0), hex(address)))
    }

    /// A flow that still waits; nothing where there is none, or it is over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn flow(&mut self, flow: FlowName, purpose: CodeFor) -> Result<Option<FlowState>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT subject, item, needs, tries FROM code WHERE flow = ?1 AND purpose = ?2 AND expires > ?3",
                &[Val::Blob(&flow.0), Val::Text(purpose.as_str()), now.into()],
            )
            .await?;
        let region = self.shared.region;
        row.map(|row| state(region, &row)).transpose()
    }

    /// The verified contacts of a subject. One that was changed since is not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verified(&mut self, subject: SubjectId) -> Result<Vec<VerifiedContact>, StoreError> {
        let whose = [Val::Blob(subject.id())];
        let now = self.db.query("SELECT item, digest FROM identifier WHERE subject = ?1", &whose).await?;
        let rows =
            self.db.query("SELECT item, address, at FROM verified WHERE subject = ?1 ORDER BY item", &whose).await?;
        let mut out = Vec::new();
        for row in &rows {
            let (item, address) = (row.text(0)?, row.blob(1)?);
            for current in &now {
                if current.text(0)? == item && current.blob(1)? == address {
                    out.push(VerifiedContact { item: item.to_owned(), at: row.time(2)? });
                }
            }
        }
        Ok(out)
    }
}

impl Tx<'_> {
    /// Starts a flow; one of the same name that waited is void from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn start_flow(&mut self, start: &Start<'_>) -> Result<(), StoreError> {
        let address = self.shared.keys.blind_index(start.item, start.address);
        let expires = self.now() + start.lasts;
        let whose = start.subject.as_ref().map(|s| Val::Blob(s.id()));
        self.db
            .execute(
                "INSERT INTO code (flow, subject, purpose, item, address, needs, code, tries, expires) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0, ?7) ON CONFLICT (flow) DO UPDATE SET \
                 subject = excluded.subject, purpose = excluded.purpose, item = excluded.item, \
                 address = excluded.address, needs = excluded.needs, code = NULL, tries = 0, \
                 expires = excluded.expires",
                &[
                    Val::Blob(&start.flow.0),
                    whose.into(),
                    Val::Text(start.purpose.as_str()),
                    Val::Text(start.item),
                    Val::Blob(&address),
                    Val::Text(start.needs),
                    expires.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Makes the code of a flow, to be sent now; one made before is void. Nothing when the flow is over, or
    /// is nobody's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn issue_code(&mut self, flow: FlowName) -> Result<Option<Issued>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT purpose, address FROM code WHERE flow = ?1 AND expires > ?2 AND subject IS NOT NULL",
                &[Val::Blob(&flow.0), now.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let Some(purpose) = CodeFor::from_str(row.text(0)?) else { return Ok(None) };
        let code = Zeroizing::new(six_digits(|| self.random()));
        let hash = self.code_hash(flow, purpose.as_str(), row.blob(1)?, &code);
        self.db.execute("UPDATE code SET code = ?2 WHERE flow = ?1", &[Val::Blob(&flow.0), Val::Blob(&hash)]).await?;
        Ok(Some(Issued { code, purpose }))
    }

    /// Spends a code: right once, wrong at most [`TRIES`] times. `address` in its normal form, where the page
    /// says it; it must be the one the code went to. Nothing when it is not right, whatever was wrong; the
    /// try is counted all the same, so the transaction must not fail for it.
    ///
    /// # Errors
    /// When the database refuses; [`StoreError::Misused`] when the subject was not announced.
    pub async fn spend_code(
        &mut self,
        flow: FlowName,
        purpose: CodeFor,
        address: Option<&str>,
        typed: &str,
    ) -> Result<Option<Proven>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "UPDATE code SET tries = tries + 1 WHERE flow = ?1 AND purpose = ?2 AND expires > ?3 \
                 RETURNING subject, item, address, code, tries",
                &[Val::Blob(&flow.0), Val::Text(purpose.as_str()), now.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (item, bound) = (row.text(1)?.to_owned(), row.bytes::<32>(2)?);
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let hash = self.code_hash(flow, purpose.as_str(), &bound, &typed);
        // Without a code there is something to compare with all the same.
        let kept = row.blob_opt(3)?.unwrap_or(&[]);
        let right = otp::same(kept, &hash);
        let here = address.is_none_or(|a| otp::same(&self.shared.keys.blind_index(&item, a), &bound));
        if row.uint(4)? > TRIES {
            self.end_flow(flow).await?;
            return Ok(None);
        }
        if !(right && here) || row.blob_opt(0)?.is_none() {
            return Ok(None);
        }
        let subject = SubjectId::new(self.shared.region, row.bytes(0)?);
        self.held(subject, Hold::Shared)?;
        self.end_flow(flow).await?;
        Ok(Some(Proven { subject, item, address: bound }))
    }

    /// Counts a try at a step that takes no code of ours; false when there were too many, or it is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn try_flow(&mut self, flow: FlowName, purpose: CodeFor) -> Result<bool, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "UPDATE code SET tries = tries + 1 WHERE flow = ?1 AND purpose = ?2 AND expires > ?3 \
                 RETURNING tries",
                &[Val::Blob(&flow.0), Val::Text(purpose.as_str()), now.into()],
            )
            .await?;
        row.map_or(Ok(false), |row| Ok(row.uint(0)? <= TRIES))
    }

    /// Takes a flow that still waits: it is over with this.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_flow(&mut self, flow: FlowName, purpose: CodeFor) -> Result<Option<FlowState>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "DELETE FROM code WHERE flow = ?1 AND purpose = ?2 AND expires > ?3 \
                 RETURNING subject, item, needs, tries",
                &[Val::Blob(&flow.0), Val::Text(purpose.as_str()), now.into()],
            )
            .await?;
        let region = self.shared.region;
        row.map(|row| state(region, &row)).transpose()
    }

    /// Ends a flow.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_flow(&mut self, flow: FlowName) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM code WHERE flow = ?1", &[Val::Blob(&flow.0)]).await?;
        Ok(())
    }

    /// Ends every flow of a subject, as when the password was changed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_flows(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db.execute("DELETE FROM code WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
        Ok(())
    }

    /// Makes a contact findable as the one of who typed its code; false when somebody else has it, or the account's
    /// is another by now.
    ///
    /// # Errors
    /// When the database refuses; [`StoreError::Misused`] when the subject was not announced.
    pub async fn claim_proven(&mut self, proven: &Proven) -> Result<bool, StoreError> {
        self.held(proven.subject, Hold::Shared)?;
        let (whose, item) = (Val::Blob(proven.subject.id()), Val::Text(&proven.item));
        let sql = "SELECT digest FROM identifier WHERE subject = ?1 AND item = ?2";
        if let Some(row) = self.db.first(sql, &[whose, item]).await? {
            return Ok(row.blob(0)? == proven.address);
        }
        let made = self
            .db
            .execute(
                "INSERT INTO identifier (digest, subject, item) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
                &[Val::Blob(&proven.address), whose, item],
            )
            .await?;
        Ok(made == 1)
    }

    /// Notes that a contact is its owner's: the only way there is, and only for the address the code went to.
    ///
    /// # Errors
    /// When the database refuses; [`StoreError::Misused`] when the subject was not announced.
    pub async fn verify_contact(&mut self, proven: &Proven) -> Result<(), StoreError> {
        self.held(proven.subject, Hold::Shared)?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO verified (subject, item, address, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, item) DO UPDATE SET address = excluded.address, at = excluded.at",
                &[Val::Blob(proven.subject.id()), Val::Text(&proven.item), Val::Blob(&proven.address), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Notes that a contact is not known to be its owner's any more.
    ///
    /// # Errors
    /// As [`Tx::verify_contact`].
    pub async fn unverify_contact(&mut self, subject: SubjectId, item: &str) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db
            .execute(
                "DELETE FROM verified WHERE subject = ?1 AND item = ?2",
                &[Val::Blob(subject.id()), Val::Text(item)],
            )
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn codes_have_six_digits_and_none_is_favoured() {
        assert_eq!(six_digits(|| [0, 0, 0, 7]), "000007");
        // A number above the last whole million is drawn again.
        let first = Cell::new(true);
        assert_eq!(six_digits(|| if first.replace(false) { [0xff; 4] } else { [0, 0, 0, 1] }), "000001");
    }

    #[test]
    fn a_flow_tells_nothing_and_comes_back_from_its_text() {
        let flow = Flow::new([7; 32]);
        assert_eq!(format!("{flow:?}"), "Flow(…)");
        assert!(Flow::from_text(&flow.to_text()) == Some(flow.clone()));
        assert!(Flow::from_text("short").is_none());
        assert_eq!(FlowName::from_text(&flow.name().to_text()), Some(flow.name()));
    }
}
