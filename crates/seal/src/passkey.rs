//! Passkeys (WebAuthn Level 3): what a browser answers is checked against what it was asked.
//!
//! Keeps promise 2.1 (identity verification; ASVS 6.3.3). Pure. Every answer must be for our origin and none
//! above it, carry the challenge it was given, and say that the person was there and shown to be who they are
//! (by PIN or body): so a passkey is both factors. What the maker of an authenticator says of it is not asked
//! for and not read: any authenticator may be used. Why this is ours: `docs/adr/0007-passkeys-are-checked-here.md`.

mod cose;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use minicbor::Decoder;
use serde::Deserialize;

use crate::otp::same;

pub use cose::ALGORITHMS;

/// The longest credential id taken, in bytes; the standard's limit.
const LONGEST_ID: usize = 1023;

/// Who asks: the site, as browsers know it.
#[derive(Debug, Clone, Copy)]
pub struct RelyingParty<'a> {
    /// The origin of its pages: `https://privacy.plaza.example`.
    pub origin: &'a str,
    /// The name passkeys are bound to: the host of that origin.
    pub id: &'a str,
}

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It is not what a browser sends.
    #[error("the answer is malformed: {0}")]
    Malformed(&'static str),
    /// It answers another kind of question.
    #[error("the answer is to another question")]
    Type,
    /// It answers another challenge.
    #[error("the answer is to another challenge")]
    Challenge,
    /// It was made on another origin, or within a page of one.
    #[error("the answer was made on another site")]
    Origin,
    /// It is for another relying party.
    #[error("the passkey is of another site")]
    RelyingParty,
    /// Nobody was there, or nobody showed who they are.
    #[error("the authenticator did not check who is there")]
    Unverified,
    /// The key is of a kind that was not asked for.
    #[error("the key is of a kind that was not asked for")]
    Algorithm,
    /// The signature is not the key's.
    #[error("the signature is not right")]
    Signature,
}

/// A passkey as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id, chosen by the authenticator.
    pub id: Vec<u8>,
    /// Its public key, as COSE has it.
    pub key: Vec<u8>,
    /// Its counter of signatures; always zero where the authenticator has none.
    pub counter: u32,
    /// Whether it may be copied to the person's other devices by whoever keeps it for them.
    pub synced: bool,
}

/// What the browser says it did.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

fn check_client(rp: RelyingParty<'_>, kind: &str, challenge: &[u8], client: &[u8]) -> Result<(), PasskeyError> {
    let told: ClientData = serde_json::from_slice(client).map_err(|_| PasskeyError::Malformed("client data"))?;
    if told.kind != kind {
        return Err(PasskeyError::Type);
    }
    if !same(told.challenge.as_bytes(), BASE64URL_NOPAD.encode(challenge).as_bytes()) {
        return Err(PasskeyError::Challenge);
    }
    if told.origin != rp.origin || told.cross_origin || told.top_origin.is_some() {
        return Err(PasskeyError::Origin);
    }
    Ok(())
}

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MAY_BE_COPIED: u8 = 0x08;
const COPIED: u8 = 0x10;
const WITH_KEY: u8 = 0x40;
const WITH_EXTENSIONS: u8 = 0x80;

/// What the authenticator says: the 37 bytes every answer begins with.
struct Said<'a> {
    flags: u8,
    counter: u32,
    rest: &'a [u8],
}

fn check_said<'a>(rp: RelyingParty<'_>, data: &'a [u8]) -> Result<Said<'a>, PasskeyError> {
    const SHORT: PasskeyError = PasskeyError::Malformed("authenticator data");
    let (hash, rest) = data.split_first_chunk::<32>().ok_or(SHORT)?;
    let (flags, rest) = rest.split_first().ok_or(SHORT)?;
    let (counter, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
    if !same(hash, digest(&SHA256, rp.id.as_bytes()).as_ref()) {
        return Err(PasskeyError::RelyingParty);
    }
    if flags & PRESENT == 0 || flags & VERIFIED == 0 {
        return Err(PasskeyError::Unverified);
    }
    if flags & COPIED != 0 && flags & MAY_BE_COPIED == 0 {
        return Err(PasskeyError::Malformed("a copy of what cannot be copied"));
    }
    Ok(Said { flags: *flags, counter: u32::from_be_bytes(*counter), rest })
}

/// Nothing but the extensions that were announced may follow.
fn check_end(flags: u8, rest: &[u8]) -> Result<(), PasskeyError> {
    let mut cbor = Decoder::new(rest);
    if flags & WITH_EXTENSIONS != 0 {
        cbor.skip().map_err(|_| PasskeyError::Malformed("extensions"))?;
    }
    if cbor.position() == rest.len() { Ok(()) } else { Err(PasskeyError::Malformed("bytes left over")) }
}

/// Checks the answer to `navigator.credentials.create`: the client data and the attestation object.
///
/// # Errors
/// What is wrong with it.
pub fn made(
    rp: RelyingParty<'_>,
    challenge: &[u8],
    client: &[u8],
    attestation: &[u8],
) -> Result<NewPasskey, PasskeyError> {
    check_client(rp, "webauthn.create", challenge, client)?;
    let data = authenticator_data(attestation).ok_or(PasskeyError::Malformed("attestation object"))?;
    let said = check_said(rp, data)?;
    if said.flags & WITH_KEY == 0 {
        return Err(PasskeyError::Malformed("no key"));
    }
    let key = || {
        let (_maker, rest) = said.rest.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
    };
    let (id, rest) = key().ok_or(PasskeyError::Malformed("credential id"))?;
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(PasskeyError::Malformed("credential id"));
    }
    let (_, length) = cose::read(rest)?;
    let (key, rest) = rest.split_at_checked(length).ok_or(PasskeyError::Malformed("key"))?;
    check_end(said.flags, rest)?;
    Ok(NewPasskey {
        id: id.to_vec(),
        key: key.to_vec(),
        counter: said.counter,
        synced: said.flags & MAY_BE_COPIED != 0,
    })
}

/// The authenticator data within an attestation object; the rest of it is not read.
fn authenticator_data(attestation: &[u8]) -> Option<&[u8]> {
    let mut cbor = Decoder::new(attestation);
    let mut data = None;
    for _ in 0..cbor.map().ok()?? {
        if cbor.str().ok()? == "authData" {
            data = Some(cbor.bytes().ok()?);
        } else {
            cbor.skip().ok()?;
        }
    }
    data.filter(|_| cbor.position() == attestation.len())
}

/// Checks the answer to `navigator.credentials.get` by the public key that was kept; gives the counter.
///
/// # Errors
/// What is wrong with it.
pub fn shown(
    rp: RelyingParty<'_>,
    challenge: &[u8],
    client: &[u8],
    data: &[u8],
    signature: &[u8],
    key: &[u8],
) -> Result<u32, PasskeyError> {
    check_client(rp, "webauthn.get", challenge, client)?;
    let said = check_said(rp, data)?;
    if said.flags & WITH_KEY != 0 {
        return Err(PasskeyError::Malformed("a key where none is made"));
    }
    check_end(said.flags, said.rest)?;
    let (key, _) = cose::read(key)?;
    let signed = [data, digest(&SHA256, client).as_ref()].concat();
    if key.signed(&signed, signature) { Ok(said.counter) } else { Err(PasskeyError::Signature) }
}

/// Whether a counter went on as it should: one that stands still or goes back may be a copy's. Authenticators
/// without a counter say zero always.
#[must_use]
pub fn counts_on(last: u32, now: u32) -> bool {
    (last == 0 && now == 0) || now > last
}

#[cfg(test)]
mod tests;
