//! Passkeys where they rest: each a sealed record, found by the keyed digest of its id, checked within the store.
//!
//! Keeps promise 2.1 (ASVS 6.3.3, 6.5.1, 6.6.2): a challenge is taken once, within its time, from the browser it was
//! given to; a counter that does not go on is told from a wrong answer.

use avouch_policy::{Ask, ItemId};
use avouch_seal::passkey::{self, PasskeyError, RelyingParty};
use avouch_seal::{SubjectId, otp};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::code::{CodeFor, Flow};
use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::factor::FactorAsks;
use crate::look::Look;
use crate::permit::{Actor, Answer, Denied};
use crate::record::{Put, RecordId, Which};
use crate::tx::Tx;

/// What is kept of a passkey.
#[derive(Clone, Serialize, Deserialize)]
pub struct Passkey {
    id: String,
    key: String,
    user: String,
    counter: u32,
    /// What its person calls it.
    pub name: String,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// Whether it may be on several devices of its person.
    pub synced: bool,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passkey(…)")
    }
}

impl Passkey {
    /// A passkey that was just made, for the person of this handle.
    #[must_use]
    pub fn new(made: &passkey::NewPasskey, user: &[u8], name: &str, now: Timestamp) -> Self {
        Self {
            id: BASE64URL_NOPAD.encode(&made.id),
            key: BASE64URL_NOPAD.encode(&made.key),
            user: BASE64URL_NOPAD.encode(user),
            counter: made.counter,
            name: name.to_owned(),
            made: now,
            used: None,
            synced: made.synced,
        }
    }

    /// A passkey from its record; nothing when it is none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Its id, as browsers write it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What a browser answered when it was asked for a passkey.
#[expect(missing_debug_implementations, reason = "an answer opens an account")]
#[derive(Clone)]
pub struct PasskeyAnswer {
    /// The flow its challenge began.
    pub flow: Flow,
    /// The passkey's id.
    pub id: Vec<u8>,
    /// Whose it says it is; not every authenticator says it.
    pub user: Option<Vec<u8>>,
    /// The client data.
    pub client: Vec<u8>,
    /// The authenticator data.
    pub data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What an answer was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasskeyOutcome {
    /// Right.
    Right,
    /// Not right, or too late.
    Wrong,
    /// Signed by the right key, but its counter did not go on: there may be a copy.
    Copied,
}

impl Look<'_> {
    fn passkey_digest(&self, item: &str, id: &[u8]) -> [u8; 32] {
        self.shared.keys.blind_index(item, &BASE64URL_NOPAD.encode(id))
    }

    /// The record a passkey is kept as, named by the keyed digest of its id.
    #[must_use]
    pub fn passkey_record(&self, item: &str, id: &[u8]) -> RecordId {
        RecordId(self.passkey_digest(item, id).first_chunk().copied().unwrap_or_default())
    }

    /// Whose passkey this is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn passkey_owner(&mut self, item: &str, id: &[u8]) -> Result<Option<SubjectId>, StoreError> {
        self.find(item, &BASE64URL_NOPAD.encode(id)).await
    }

    /// Whether a subject has a record of an item.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn holds(&mut self, subject: SubjectId, item: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 LIMIT 1";
        Ok(self.db.first(sql, &[Val::Blob(subject.id()), Val::Text(item)]).await?.is_some())
    }
}

impl Tx<'_> {
    /// Takes a challenge: once, within its time, and only for the browser it was given to. False when it is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_challenge(&mut self, flow: &Flow, purpose: CodeFor, browser: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "DELETE FROM code WHERE flow = ?1 AND purpose = ?2 RETURNING address, expires",
                &[Val::Blob(&flow.name().0), Val::Text(purpose.as_str())],
            )
            .await?;
        let Some(row) = row else { return Ok(false) };
        let bound = self.shared.keys.blind_index("", browser);
        Ok(otp::same(row.blob(0)?, &bound) && row.time(1)? > now)
    }

    /// Keeps a new passkey; false when somebody has it already.
    ///
    /// # Errors
    /// When the database refuses; the refusal of the gate is an outcome.
    pub async fn put_passkey(
        &mut self,
        subject: SubjectId,
        ask: &Ask,
        item: ItemId,
        passkey: &Passkey,
    ) -> Result<Result<bool, Denied>, StoreError> {
        let name = self.policy().item_name(item).to_owned();
        let id = BASE64URL_NOPAD.decode(passkey.id.as_bytes()).map_err(|_| unreadable())?;
        if self.passkey_owner(&name, &id).await?.is_some()
            || !self.claim_identifier(subject, &name, &passkey.id).await?
        {
            return Ok(Ok(false));
        }
        let record = self.passkey_record(&name, &id);
        Ok(self.keep_passkey(subject, ask, item, record, passkey).await?.map(|()| true))
    }

    async fn keep_passkey(
        &mut self,
        subject: SubjectId,
        ask: &Ask,
        item: ItemId,
        id: RecordId,
        passkey: &Passkey,
    ) -> Result<Result<(), Denied>, StoreError> {
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(passkey).map_err(|_| unreadable())?);
        match self.ask(subject, ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => self.put(permit, &[Put { item, id, value: &bytes }]).await?,
            Answer::Refused(denied) => return Ok(Err(denied)),
        };
        Ok(Ok(()))
    }

    /// Checks an answer by the subject's passkey of that id; a right one counts on. The subject must be held
    /// exclusively, and the challenge taken before.
    ///
    /// # Errors
    /// When the database refuses; the refusal of the gate is an outcome.
    pub async fn check_passkey(
        &mut self,
        subject: SubjectId,
        asks: &FactorAsks,
        rp: RelyingParty<'_>,
        answer: &PasskeyAnswer,
    ) -> Result<Result<PasskeyOutcome, Denied>, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let name = self.policy().item_name(asks.item).to_owned();
        let record = self.passkey_record(&name, &answer.id);
        let permit = match self.ask(subject, asks.open.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied)),
        };
        let used = self.open_here(permit, &Which::These(vec![(asks.item, record)])).await?;
        let Some(found) = used.records.first() else { return Ok(Ok(PasskeyOutcome::Wrong)) };
        let mut kept = Passkey::from_bytes(found.value.expose_bytes()).ok_or_else(unreadable)?;
        let text = BASE64URL_NOPAD.encode(&answer.id);
        let user = answer.user.as_ref().map(|user| BASE64URL_NOPAD.encode(user));
        if kept.id != text || user.is_some_and(|user| user != kept.user) {
            return Ok(Ok(PasskeyOutcome::Wrong));
        }
        let key = BASE64URL_NOPAD.decode(kept.key.as_bytes()).map_err(|_| unreadable())?;
        let challenge = answer.flow.challenge();
        let counter = match passkey::shown(rp, challenge, &answer.client, &answer.data, &answer.signature, &key) {
            Ok(counter) => counter,
            Err(e) => {
                tell(e);
                return Ok(Ok(PasskeyOutcome::Wrong));
            }
        };
        if !passkey::counts_on(kept.counter, counter) {
            return Ok(Ok(PasskeyOutcome::Copied));
        }
        kept.counter = counter;
        kept.used = Some(self.now());
        Ok(self.keep_passkey(subject, &asks.put, asks.item, record, &kept).await?.map(|()| PasskeyOutcome::Right))
    }

    /// Removes a passkey; false when there is none of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_passkey(
        &mut self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
    ) -> Result<bool, StoreError> {
        let gone = self.delete_record(subject, item, record).await?;
        self.db
            .execute(
                "DELETE FROM identifier WHERE subject = ?1 AND item = ?2 AND substr(digest, 1, 16) = ?3",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0)],
            )
            .await?;
        Ok(gone)
    }
}

/// Why an answer was not taken is for whoever runs this; nothing personal is in it.
fn tell(e: PasskeyError) {
    tracing::info!(reason = %e, "the answer of a passkey was not taken");
}

fn unreadable() -> StoreError {
    StoreError::Unreadable("the passkey is not what it should be; remove it and make another".into())
}
