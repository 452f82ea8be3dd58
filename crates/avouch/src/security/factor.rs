//! The second factor: an authenticator's codes by time, and ten recovery codes for when it is lost.
//!
//! Keeps promise 2.1 (ASVS 6.3.3, 6.5.1 to 6.5.5). Secret and hashes are one record of the item
//! `second_factor`, a secret that is never shown again; every use is a leaf. No code is taken twice.

use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::{SubjectId, otp};
use avouch_store::{
    Accepted, Actor, FactorAsks, Hold, NewFactor, Outcome, RecordId, Transact, Tx, recovery_hash, totp_step,
};
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::security::limits::{self, Trier};
use crate::security::session::Session;

/// The item the factor is kept as.
pub const ITEM: &str = "second_factor";
/// The purpose it is kept for.
pub const PURPOSE: &str = "second_factor";
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 120 bits, so that a plain hash keeps it (ASVS 6.5.2).
const RECOVERY_BYTES: usize = 15;

/// Codes a person writes down; shown once.
#[expect(missing_debug_implementations, reason = "secrets")]
pub struct RecoveryCodes(pub Vec<Zeroizing<String>>);

/// A secret on its way into an authenticator.
#[expect(missing_debug_implementations, reason = "a secret")]
pub struct Enrolment {
    /// In base32, for typing.
    pub secret: Zeroizing<String>,
    /// As `otpauth://`, for a QR code.
    pub uri: Zeroizing<String>,
}

fn recovery_text(bytes: [u8; RECOVERY_BYTES]) -> Zeroizing<String> {
    let plain = data_encoding::BASE32_NOPAD.encode(&bytes);
    let groups: Vec<String> = plain.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    Zeroizing::new(groups.join("-"))
}

/// An authenticator's secret as it was typed or sent, in base32.
pub(crate) fn secret_of(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    data_encoding::BASE32_NOPAD.decode(plain.as_bytes()).ok().map(Zeroizing::new)
}

/// Percent-encodes a part of an `otpauth` URI.
fn part(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Checks a typed code within a transaction: the right one is spent. The subject must be held exclusively.
pub(crate) async fn accept(
    tx: &mut Tx<'_>,
    subject: SubjectId,
    asks: &FactorAsks,
    typed: &str,
) -> Result<Option<Accepted>, Fault> {
    Ok(tx.accept_factor(subject, asks, typed, None).await??)
}

impl App {
    /// Whether a subject has a second factor.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_factor(&self, subject: SubjectId) -> Result<bool, Fault> {
        let item = self.policy().item(ITEM);
        Ok(self.holdings(subject).await?.iter().any(|h| Some(h.item) == item))
    }

    pub(crate) async fn factor_asks(&self) -> Result<FactorAsks, Fault> {
        let wanted = |act| Wanted { act, purpose: crate::rights::PURPOSE, items: &[ITEM], recipient: None };
        Ok(FactorAsks {
            open: self.ask_or_refuse(&wanted(Act::Use), &Actor::Subject).await?,
            put: self.ask_or_refuse(&wanted(Act::Collect), &Actor::Subject).await?,
            item: self.policy().item(ITEM).ok_or(Fault::NotFound)?,
        })
    }

    /// A fresh secret for an authenticator. Nothing is kept until [`App::turn_factor_on`].
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::NotNow`] where the factor is on, or the policy does not know it.
    pub async fn enrol_factor(&self, session: &Session, name: &str, language: &str) -> Result<Enrolment, Fault> {
        session.prove()?;
        if self.policy().item(ITEM).is_none() {
            return Err(Fault::NotNow("the policy has no item 'second_factor'".into()));
        }
        if self.has_factor(session.subject()).await? {
            return Err(Fault::NotNow("the second factor is on".into()));
        }
        let bytes = Zeroizing::new(self.store.random::<{ otp::SECRET }>());
        Ok(self.enrolment(&data_encoding::BASE32_NOPAD.encode(bytes.as_ref()), name, language))
    }

    /// The enrolment of a secret that was shown before, for a page that comes back.
    #[must_use]
    pub fn enrolment(&self, secret: &str, name: &str, language: &str) -> Enrolment {
        let policy = self.policy();
        let site = policy.facts().controller.name.as_ref().map(|n| n.in_lang(language)).unwrap_or_default();
        let uri = format!("otpauth://totp/{}:{}?secret={}&issuer={}", part(site), part(name), part(secret), part(site));
        Enrolment { secret: Zeroizing::new(secret.to_owned()), uri: Zeroizing::new(uri) }
    }

    /// Turns the second factor on, once the authenticator's code shows that it has the secret; ends all other
    /// sessions and gives the recovery codes, this once.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::WrongCode`]; [`Fault::NotNow`] when it is on already.
    pub async fn turn_factor_on(
        &self,
        session: &Session,
        secret: &str,
        typed: &str,
        language: &str,
    ) -> Result<RecoveryCodes, Fault> {
        session.prove()?;
        let bytes = secret_of(secret).filter(|s| s.len() >= otp::SECRET).ok_or(Fault::WrongCode)?;
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let step = otp::accepts(&bytes, &digits, totp_step(self.store.now()), 0).ok_or(Fault::WrongCode)?;
        let codes = self.recovery_codes();
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[ITEM], recipient: None };
        let work = On {
            session: session.clone(),
            ask: self.ask_or_refuse(&wanted, &Actor::Subject).await?,
            item: self.policy().item(ITEM).ok_or(Fault::NotFound)?,
            secret: bytes,
            step,
            recovery: codes.iter().map(|c| recovery_hash(c)).collect(),
            notices: self.notices(session.subject(), What::FactorOn, None, language).await?,
        };
        self.store.transact(work).await?;
        Ok(RecoveryCodes(codes))
    }

    fn recovery_codes(&self) -> Vec<Zeroizing<String>> {
        (0..RECOVERY_CODES).map(|_| recovery_text(self.store.random())).collect()
    }

    /// Turns the second factor off, or makes its recovery codes anew: with the password shown before and a
    /// code of the factor now. Other sessions end when it is turned off.
    ///
    /// # Errors
    /// [`Fault::NeedsProof`]; [`Fault::WrongCode`]; [`Fault::TooMany`]; [`Fault::NotFound`] when it is off.
    pub async fn change_factor(
        &self,
        session: &Session,
        typed: &str,
        off: bool,
        language: &str,
    ) -> Result<RecoveryCodes, Fault> {
        session.prove()?;
        if !self.has_factor(session.subject()).await? {
            return Err(Fault::NotFound);
        }
        let codes = if off { Vec::new() } else { self.recovery_codes() };
        let notices =
            if off { self.notices(session.subject(), What::FactorOff, None, language).await? } else { Vec::new() };
        let work = ChangeFactor {
            session: session.clone(),
            asks: self.factor_asks().await?,
            typed: typed.to_owned(),
            recovery: (!off).then(|| codes.iter().map(|c| recovery_hash(c)).collect()),
            notices,
            trier: self.session_trier(session),
            tries: self.settings.tries,
            window: self.settings.tries_window,
        };
        self.store.transact(work).await??;
        Ok(RecoveryCodes(codes))
    }

    /// Who tries a factor within a session: that session alone, so that no other can use up its tries.
    pub(crate) fn session_trier(&self, session: &Session) -> Trier {
        let name = data_encoding::HEXLOWER.encode(&session.token.name().0);
        Trier { what: "factor", who: name, place: String::new(), known: true }
    }
}

struct On {
    session: Session,
    ask: Ask,
    item: ItemId,
    secret: Zeroizing<Vec<u8>>,
    step: u64,
    recovery: Vec<String>,
    notices: Vec<Outgoing>,
}

impl Transact for On {
    const NAME: &'static str = "turn the second factor on";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let subject = self.session.subject();
        if tx.holdings(subject).await?.iter().any(|h| h.item == self.item) {
            return Err(Fault::NotNow("the second factor is on".into()));
        }
        let new = NewFactor { secret: &self.secret, step: self.step, recovery: &self.recovery };
        tx.put_factor(subject, &self.ask, self.item, &new).await??;
        tx.end_sessions(subject, Some(self.session.token.name())).await?;
        tx.note("factor-on", "account", &[ITEM], Party::Subject, Outcome::Done, Some(subject)).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(())
    }
}

struct ChangeFactor {
    session: Session,
    asks: FactorAsks,
    typed: String,
    recovery: Option<Vec<String>>,
    notices: Vec<Outgoing>,
    trier: Trier,
    tries: u64,
    window: jiff::SignedDuration,
}

impl Transact for ChangeFactor {
    const NAME: &'static str = "change the second factor";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let subject = self.session.subject();
        if !limits::count_try(tx, &self.trier, self.tries, self.window).await? {
            return Ok(Err(Fault::TooMany(self.window.as_mins().unsigned_abs())));
        }
        if tx.accept_factor(subject, &self.asks, &self.typed, self.recovery.as_deref()).await??.is_none() {
            return Ok(Err(Fault::WrongCode));
        }
        if self.recovery.is_none() {
            tx.delete_record(subject, ITEM, RecordId::ONLY).await?;
            tx.end_sessions(subject, Some(self.session.token.name())).await?;
            tx.note("factor-off", "account", &[ITEM], Party::Subject, Outcome::Done, Some(subject)).await?;
        }
        for notice in &self.notices {
            notice.queue(tx, Some(subject), None).await?;
        }
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let code = recovery_text([0xa5; RECOVERY_BYTES]);
        assert_eq!(code.len(), 24 + 5);
        assert_eq!(recovery_hash(&code), recovery_hash(&code.to_lowercase().replace('-', " ")));
    }
}
