//! The suites: how a value is sealed, and keys and digests derived.
//!
//! Keeps promise 5.5. A sealed value names its suite, and a suite's derivations share nothing with another's, so
//! values of both can rest side by side while one takes the other's place.

use aws_lc_rs::aead::{AES_256_GCM, Aad as LcAad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::aead::SealError;
use crate::entropy::Entropy;
use crate::sm;

/// The algorithms a value is sealed with; its byte stands in every sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Suite {
    /// AES-256-GCM with HKDF and HMAC over SHA-256.
    #[default]
    Aes256Gcm = 1,
    /// SM4-GCM (RFC 8998, GB/T 32907) with HKDF and HMAC over SM3 (GB/T 32905).
    Sm4Gcm = 2,
}

/// Layout of a sealed value: format, suite, nonce, ciphertext with tag.
pub(crate) const FORMAT: u8 = 1;
const HEADER: usize = 2 + NONCE_LEN;
/// What every derivation is salted with.
const SALT: &[u8] = b"avouch/v1";

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 2] = [Self::Aes256Gcm, Self::Sm4Gcm];

    /// Its name in policies and inventories.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "aes-256-gcm",
            Self::Sm4Gcm => "sm4-gcm",
        }
    }

    /// The suite of that byte.
    pub(crate) fn coded(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as u8 == byte)
    }

    /// The suite a value was sealed with, as its header says.
    ///
    /// # Errors
    /// [`SealError::Format`] when it is not a sealed value this build knows.
    pub fn of(sealed: &[u8]) -> Result<Self, SealError> {
        match sealed {
            [FORMAT, suite, ..] => Self::coded(*suite).ok_or(SealError::Format(*suite)),
            [format, ..] => Err(SealError::Format(*format)),
            [] => Err(SealError::Broken),
        }
    }

    /// HKDF of a key for one labelled use.
    pub(crate) fn derive(self, key: &[u8], label: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        match self {
            Self::Aes256Gcm => {
                let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(key);
                // 32 bytes are far below what HKDF can give; an error would leave zeros, which `debug_assert` shows.
                let filled = prk.expand(label, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(out.as_mut()));
                debug_assert!(filled.is_ok(), "HKDF gives 32 bytes");
            }
            Self::Sm4Gcm => sm::derive(SALT, key, label, &mut out),
        }
        out
    }

    /// HMAC over parts, each after its length.
    pub(crate) fn mac(self, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        match self {
            Self::Aes256Gcm => {
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
            Self::Sm4Gcm => sm::mac(key, parts),
        }
    }

    /// Seals bytes under a key, with a place bound in.
    pub(crate) fn seal(
        self,
        key: &[u8; 32],
        aad: &[u8],
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        let mut out = Vec::with_capacity(HEADER + plain.len() + AES_256_GCM.tag_len());
        out.extend_from_slice(&[FORMAT, self as u8]);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let body = out.get_mut(HEADER..).ok_or(SealError::Broken)?;
        match self {
            Self::Aes256Gcm => {
                let tag = aes(key)?
                    .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), LcAad::from(aad), body)
                    .map_err(|_| SealError::Broken)?;
                out.extend_from_slice(tag.as_ref());
            }
            Self::Sm4Gcm => {
                let tag = sm::seal(key, &nonce, aad, body)?;
                out.extend_from_slice(&tag);
            }
        }
        Ok(out)
    }

    /// Opens what [`Suite::seal`] of the same suite sealed.
    pub(crate) fn open(self, key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        if Self::of(sealed)? != self {
            return Err(SealError::Broken);
        }
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(SealError::Broken)?;
        let nonce: [u8; NONCE_LEN] = header.get(2..).and_then(|n| n.try_into().ok()).ok_or(SealError::Broken)?;
        let mut buffer = body.to_vec();
        let length = match self {
            Self::Aes256Gcm => aes(key)?
                .open_in_place(Nonce::assume_unique_for_key(nonce), LcAad::from(aad), &mut buffer)
                .map_err(|_| SealError::Broken)?
                .len(),
            Self::Sm4Gcm => sm::open(key, &nonce, aad, &mut buffer)?,
        };
        buffer.truncate(length);
        Ok(buffer)
    }
}

fn aes(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Broken)
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
    Suite::default().seal(key, &word_aad(place), plain, entropy)
}

/// Opens what [`seal_word`] sealed.
///
/// # Errors
/// [`SealError`] when key, place or bytes are not those it was sealed with.
pub fn open_word(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    Suite::default().open(key, &word_aad(place), sealed)
}

fn word_aad(place: &str) -> Vec<u8> {
    [b"word\0", place.as_bytes()].concat()
}
