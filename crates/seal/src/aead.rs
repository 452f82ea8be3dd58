//! Authenticated encryption with its place bound in.

use aws_lc_rs::aead::{AES_256_GCM, Aad as LcAad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

/// Why a value could not be sealed or opened. Says nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a sealed value of a layout this build knows.
    #[error("it is not a sealed value this build knows (format {0})")]
    Format(u8),
    /// The key, the place or the bytes are not those it was sealed with.
    #[error("its key, its place or its bytes are not those it was sealed with")]
    Broken,
    /// A chunk that has not the length of its place in the blob, or lies past the blob's end.
    #[error("a chunk has not the length its place in the blob asks for")]
    Chunk,
}

/// The algorithms a value is sealed with; its byte stands in every sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Suite {
    /// AES-256-GCM with HKDF-SHA-256.
    Aes256Gcm = 1,
}

/// The place a value is sealed into: moved anywhere else, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Aad<'a> {
    /// The region's name.
    pub region: &'a str,
    /// The subject's 16 bytes.
    pub subject: &'a [u8],
    /// The item's name.
    pub item: &'a str,
    /// The record's id.
    pub record: &'a [u8],
    /// The record's version.
    pub version: u64,
}

/// Layout of a sealed value: format, suite, nonce, ciphertext with tag.
const FORMAT: u8 = 1;
const HEADER: usize = 2 + NONCE_LEN;

impl Aad<'_> {
    /// Each part with its length before it, so that no two places have the same bytes.
    fn bytes(&self, suite: Suite) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.item.len() + self.record.len());
        out.extend_from_slice(&[FORMAT, suite as u8]);
        for part in [self.region.as_bytes(), self.subject, self.item.as_bytes(), self.record] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out.extend_from_slice(&self.version.to_be_bytes());
        out
    }
}

/// HKDF-SHA-256 of a key for one labelled use.
pub(crate) fn derive(key: &[u8], label: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"avouch/v1").extract(key);
    // 32 bytes are far below what HKDF can give; an error would leave zeros, which `debug_assert` would show.
    let filled = prk.expand(label, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(out.as_mut()));
    debug_assert!(filled.is_ok(), "HKDF gives 32 bytes");
    out
}

pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    out
}

/// HMAC-SHA-256 (RFC 2104), for what outsiders check with a secret we share with them.
#[must_use]
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message);
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

/// Seals a few bytes for outside under a derived key, bound to a place.
///
/// # Errors
/// Only when the library refuses.
pub fn seal_word(key: &[u8; 32], place: &str, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
    seal(key, &[b"word\0", place.as_bytes()].concat(), plain, entropy)
}

/// Opens what [`seal_word`] sealed.
///
/// # Errors
/// [`SealError`] when key, place or bytes are not those it was sealed with.
pub fn open_word(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    open(key, &[b"word\0", place.as_bytes()].concat(), sealed)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Broken)
}

/// Seals bytes under a key, with a place bound in.
pub(crate) fn seal(key: &[u8; 32], aad: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_LEN] = entropy.bytes();
    let mut out = Vec::with_capacity(HEADER + plain.len() + AES_256_GCM.tag_len());
    out.extend_from_slice(&[FORMAT, Suite::Aes256Gcm as u8]);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let body = out.get_mut(HEADER..).ok_or(SealError::Broken)?;
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), LcAad::from(aad), body)
        .map_err(|_| SealError::Broken)?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// Opens what [`seal`] sealed.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (header, body) = sealed.split_at_checked(HEADER).ok_or(SealError::Broken)?;
    let (suite, nonce) = header.split_at_checked(2).ok_or(SealError::Broken)?;
    if suite != [FORMAT, Suite::Aes256Gcm as u8] {
        return Err(SealError::Format(suite.first().copied().unwrap_or(0)));
    }
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| SealError::Broken)?;
    let mut buffer = body.to_vec();
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), LcAad::from(aad), &mut buffer)
        .map_err(|_| SealError::Broken)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

impl Aad<'_> {
    pub(crate) fn for_suite(&self, suite: Suite) -> Vec<u8> {
        self.bytes(suite)
    }
}
