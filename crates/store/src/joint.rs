//! Joint logins: which partners' accounts a person logs in with, and what ends the grant there.
//!
//! Keeps promise 1.7. Who somebody is at a partner is found by the keyed digest of issuer and subject alone. The
//! token that ends the grant rests sealed under the person's key and is opened for that one use; on its way to the
//! partner it rests in a job under the holding key, so that it can be sent also when the person is erased meanwhile.

use avouch_seal::{Aad, SubjectId};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::code::Flow;
use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::store::Store;
use crate::tx::{Receipt, Tx};

/// The item an account at a partner is a record of; its identity is looked up under this name.
pub const JOINT_ACCOUNT: &str = "joint_account";
/// The job that ends a grant at its partner.
pub const JOINT_REVOKE: &str = "joint-revoke";

/// An account at a partner that is to be linked.
#[expect(missing_debug_implementations, reason = "holds an identity and a token")]
pub struct NewJointLogin<'a> {
    /// The partner, by its name in the policy.
    pub partner: &'a str,
    /// Issuer and subject in their one form.
    pub identity: &'a str,
    /// What the person let us have.
    pub scopes: &'a str,
    /// Where the grant is recorded.
    pub receipt: &'a Receipt,
    /// What ends the grant at the partner, where it has such.
    pub token: Option<&'a [u8]>,
}

/// An account at a partner that is linked.
#[derive(Debug, Clone)]
pub struct JointLogin {
    /// The partner, by its name in the policy.
    pub partner: String,
    /// What the person let us have.
    pub scopes: String,
    /// Where the grant is recorded.
    pub receipt: Receipt,
    /// When it was linked.
    pub linked: Timestamp,
    /// The last login with it.
    pub used: Timestamp,
}

/// Sixteen bytes that stand for a name.
pub(crate) fn named(name: &str) -> [u8; 16] {
    avouch_ledger::hash::sha256(name.as_bytes()).first_chunk().copied().unwrap_or_default()
}

fn token_aad<'a>(region: &'a str, subject: &'a SubjectId, partner: &'a [u8; 16]) -> Aad<'a> {
    Aad { region, subject: subject.id(), item: "joint-token", record: partner, version: 1 }
}

/// Partner and token of a grant that is to be ended.
pub(crate) type Ending = (String, Zeroizing<Vec<u8>>);

/// The place of something under the holding key that is on its way: a token to its partner, or what a partner told
/// until its person has decided.
fn way_aad<'a>(region: &'a str, item: &'a str, id: &'a [u8; 16]) -> Aad<'a> {
    Aad { region, subject: &[], item, record: id, version: 1 }
}

impl Look<'_> {
    /// The partners' accounts of a subject.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn joint_logins(&mut self, subject: SubjectId) -> Result<Vec<JointLogin>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT partner, scopes, log, leaf, linked, used FROM joint_login WHERE subject = ?1 ORDER BY partner",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(JointLogin {
                    partner: row.text(0)?.to_owned(),
                    scopes: row.text(1)?.to_owned(),
                    receipt: Receipt { log: row.text(2)?.to_owned(), index: row.uint(3)? },
                    linked: row.time(4)?,
                    used: row.time(5)?,
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Links an account at a partner; false when it is somebody else's, or the subject has another there.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn link_joint(&mut self, subject: SubjectId, new: &NewJointLogin<'_>) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        if !self.claim_identifier(subject, JOINT_ACCOUNT, new.identity).await? {
            return Ok(false);
        }
        let identity = self.shared.keys.blind_index(JOINT_ACCOUNT, new.identity);
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let region = self.shared.region;
        let place = named(new.partner);
        let aad = token_aad(region.as_str(), &subject, &place);
        let token = new
            .token
            .map(|token| key.seal(&aad, token, self.shared.entropy.as_ref()))
            .transpose()
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        let now = self.now();
        let made = self
            .db
            .execute(
                "INSERT INTO joint_login (subject, partner, identity, scopes, log, leaf, linked, used, token) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8) ON CONFLICT (subject, partner) DO NOTHING",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(new.partner),
                    Val::Blob(&identity),
                    Val::Text(new.scopes),
                    Val::Text(&new.receipt.log),
                    Val::Int(i64::try_from(new.receipt.index).unwrap_or(i64::MAX)),
                    now.into(),
                    token.as_deref().map(Val::Blob).into(),
                ],
            )
            .await?;
        Ok(made == 1)
    }

    /// Notes a login with a partner's account.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_joint_use(&mut self, subject: SubjectId, partner: &str) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let now = self.now();
        self.db
            .execute(
                "UPDATE joint_login SET used = ?3 WHERE subject = ?1 AND partner = ?2",
                &[Val::Blob(subject.id()), Val::Text(partner), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Unlinks an account at a partner, and queues the end of the grant there; false when there was none. Its
    /// records and the leaf are the caller's.
    ///
    /// # Errors
    /// When the database refuses; [`StoreError::Sealed`] when the token was tampered with.
    pub async fn unlink_joint(&mut self, subject: SubjectId, partner: &str) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let row = self
            .db
            .first(
                "DELETE FROM joint_login WHERE subject = ?1 AND partner = ?2 RETURNING identity, token",
                &[Val::Blob(subject.id()), Val::Text(partner)],
            )
            .await?;
        let Some(row) = row else { return Ok(false) };
        self.journal_ended(subject, &["joint", partner]);
        self.db.execute("DELETE FROM identifier WHERE digest = ?1", &[Val::Blob(row.blob(0)?)]).await?;
        if let (Some(sealed), Some(key)) = (row.blob_opt(1)?, self.key(subject).await?) {
            let region = self.shared.region;
            let place = named(partner);
            let aad = token_aad(region.as_str(), &subject, &place);
            let token = Zeroizing::new(key.open(&aad, sealed).map_err(|e| StoreError::Sealed(e.to_string()))?);
            let id = self.random::<16>();
            let sealed = self
                .shared
                .keys
                .holding()?
                .seal(&way_aad(region.as_str(), JOINT_REVOKE, &id), &token, self.shared.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
            let now = self.now();
            self.queue(JOINT_REVOKE, None, now, &format!("{partner} {} {}", hex(&id), hex(&sealed))).await?;
        }
        Ok(true)
    }
}

impl Store {
    /// Partner and token of a job that ends a grant; nothing when it is none.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it was tampered with.
    pub fn open_revocation(&self, body: &str) -> Result<Option<Ending>, StoreError> {
        let mut parts = body.split(' ');
        let (Some(partner), Some(id), Some(sealed), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let bytes = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok();
        let (Some(id), Some(sealed)) = (bytes(id).and_then(|id| id.try_into().ok()), bytes(sealed)) else {
            return Ok(None);
        };
        let aad = way_aad(self.shared().region.as_str(), JOINT_REVOKE, &id);
        let token = self.shared().keys.holding()?.open(&aad, &sealed).map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok(Some((partner.to_owned(), Zeroizing::new(token))))
    }

    /// Seals what a partner told, until its person has decided: it rests in their browser, bound to the flow.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn seal_told(&self, flow: &Flow, told: &[u8]) -> Result<String, StoreError> {
        let place = named(&flow.name().to_text());
        let aad = way_aad(self.shared().region.as_str(), "joint-told", &place);
        let sealed = self.shared().keys.holding()?.seal(&aad, told, self.shared().entropy.as_ref());
        sealed.map(|s| data_encoding::BASE64URL_NOPAD.encode(&s)).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Opens what [`Store::seal_told`] sealed for this flow; nothing for anything else.
    ///
    /// # Errors
    /// When there is no key.
    pub fn open_told(&self, flow: &Flow, sealed: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Ok(sealed) = data_encoding::BASE64URL_NOPAD.decode(sealed.as_bytes()) else { return Ok(None) };
        let place = named(&flow.name().to_text());
        let aad = way_aad(self.shared().region.as_str(), "joint-told", &place);
        Ok(self.shared().keys.holding()?.open(&aad, &sealed).ok().map(Zeroizing::new))
    }
}
