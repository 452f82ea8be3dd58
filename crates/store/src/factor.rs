//! The second factor where it rests: one sealed record, opened, checked and written anew within the store, so
//! that its secret never leaves the transaction.
//!
//! Keeps promise 2.1 (ASVS 6.5.1 to 6.5.5): no code is taken twice; recovery codes are kept as hashes.

use avouch_policy::{Ask, ItemId};
use avouch_seal::{SubjectId, otp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::engine::Hold;
use crate::error::StoreError;
use crate::permit::{Actor, Answer, Denied};
use crate::record::{Put, RecordId, Which};
use crate::tx::Tx;

/// What is kept of a factor.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// In base32.
    secret: String,
    /// The last step whose code was taken.
    step: u64,
    /// SHA-256 of each recovery code that is left.
    recovery: Vec<String>,
}

/// A factor to be kept.
#[expect(missing_debug_implementations, reason = "holds a secret")]
pub struct NewFactor<'a> {
    /// The authenticator's secret.
    pub secret: &'a [u8],
    /// The step whose code showed that it arrived.
    pub step: u64,
    /// The recovery codes' hashes, see [`recovery_hash`].
    pub recovery: &'a [String],
}

/// The asks a check of the factor needs.
#[derive(Debug, Clone)]
pub struct FactorAsks {
    /// For opening it.
    pub open: Ask,
    /// For writing what is left of it.
    pub put: Ask,
    /// Its item.
    pub item: ItemId,
}

/// What a typed code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The authenticator's.
    Totp,
    /// A recovery code; it is spent.
    Recovery,
}

/// The hash a recovery code is kept as, however it is typed.
#[must_use]
pub fn recovery_hash(typed: &str) -> String {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(plain.as_bytes()))
}

/// The step of a time.
#[must_use]
pub fn totp_step(now: jiff::Timestamp) -> u64 {
    u64::try_from(now.as_second() / otp::STEP).unwrap_or(0)
}

fn unreadable() -> StoreError {
    StoreError::Unreadable(
        "the second factor is not what it should be; it can be turned off by customer service".into(),
    )
}

impl Tx<'_> {
    /// Keeps a new factor.
    ///
    /// # Errors
    /// When the database refuses; the refusal of the gate is an outcome.
    pub async fn put_factor(
        &mut self,
        subject: SubjectId,
        ask: &Ask,
        item: ItemId,
        new: &NewFactor<'_>,
    ) -> Result<Result<(), Denied>, StoreError> {
        let kept = Kept {
            secret: data_encoding::BASE32_NOPAD.encode(new.secret),
            step: new.step,
            recovery: new.recovery.to_vec(),
        };
        self.keep_factor(subject, ask, item, &kept).await
    }

    async fn keep_factor(
        &mut self,
        subject: SubjectId,
        ask: &Ask,
        item: ItemId,
        kept: &Kept,
    ) -> Result<Result<(), Denied>, StoreError> {
        let bytes = Zeroizing::new(serde_json::to_vec(kept).map_err(|_| unreadable())?);
        match self.ask(subject, ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => self.put(permit, &[Put { item, id: RecordId::ONLY, value: &bytes }]).await?,
            Answer::Refused(denied) => return Ok(Err(denied)),
        };
        Ok(Ok(()))
    }

    /// Checks a typed code; the right one is spent, and with `recovery` the recovery codes are replaced. The
    /// subject must be held exclusively, so that two browsers cannot spend one code.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] where no factor is on; the refusal of the gate is an outcome.
    pub async fn accept_factor(
        &mut self,
        subject: SubjectId,
        asks: &FactorAsks,
        typed: &str,
        recovery: Option<&[String]>,
    ) -> Result<Result<Option<Accepted>, Denied>, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let permit = match self.ask(subject, asks.open.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied)),
        };
        let used = self.open_here(permit, &Which::One(asks.item, RecordId::ONLY)).await?;
        let record = used.records.first().ok_or(StoreError::NoRecord)?;
        let mut kept: Kept = serde_json::from_slice(record.value.expose_bytes()).map_err(|_| unreadable())?;
        let secret = data_encoding::BASE32_NOPAD.decode(kept.secret.as_bytes()).map_err(|_| unreadable())?;
        let secret = Zeroizing::new(secret);
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let accepted = if let Some(step) = otp::accepts(&secret, &digits, totp_step(self.now()), kept.step) {
            kept.step = step;
            Accepted::Totp
        } else {
            let hash = recovery_hash(typed);
            let before = kept.recovery.len();
            kept.recovery.retain(|h| !otp::same(h.as_bytes(), hash.as_bytes()));
            if kept.recovery.len() == before {
                return Ok(Ok(None));
            }
            Accepted::Recovery
        };
        if let Some(recovery) = recovery {
            kept.recovery = recovery.to_vec();
        }
        Ok(self.keep_factor(subject, &asks.put, asks.item, &kept).await?.map(|()| Some(accepted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        assert_eq!(recovery_hash("GEZD-GNBV-GY3T"), recovery_hash(" gezd gnbv gy3t "));
        assert_ne!(recovery_hash("GEZD-GNBV-GY3T"), recovery_hash("GEZD-GNBV-GY3U"));
    }
}
