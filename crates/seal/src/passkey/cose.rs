//! Public keys as COSE writes them (RFC 9053), of the three kinds that are asked for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::Decoder;

use super::PasskeyError;

/// The kinds of key asked for, by COSE's numbers, the one liked best first: ES256, Ed25519, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// A public key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// ES256: a point of P-256, uncompressed.
    Es256([u8; 65]),
    /// Ed25519.
    Ed25519(&'a [u8]),
    /// RS256: modulus and exponent.
    Rs256(&'a [u8], &'a [u8]),
}

/// Reads the key at the start of `bytes`; gives it and how many bytes it takes.
pub(super) fn read(bytes: &[u8]) -> Result<(Key<'_>, usize), PasskeyError> {
    const WRONG: PasskeyError = PasskeyError::Malformed("key");
    let mut cbor = Decoder::new(bytes);
    let (mut kind, mut algorithm, mut curve) = (None, None, None);
    let (mut first, mut second, mut third) = (None, None, None);
    for _ in 0..cbor.map().map_err(|_| WRONG)?.ok_or(WRONG)? {
        let label = cbor.i64().map_err(|_| WRONG)?;
        match label {
            1 => kind = Some(cbor.i64().map_err(|_| WRONG)?),
            3 => algorithm = Some(cbor.i64().map_err(|_| WRONG)?),
            // The curve of a point; of RSA, the modulus.
            -1 if kind == Some(3) => first = Some(cbor.bytes().map_err(|_| WRONG)?),
            -1 => curve = Some(cbor.i64().map_err(|_| WRONG)?),
            -2 => second = Some(cbor.bytes().map_err(|_| WRONG)?),
            -3 => third = Some(cbor.bytes().map_err(|_| WRONG)?),
            _ => cbor.skip().map_err(|_| WRONG)?,
        }
    }
    let key = match (kind, algorithm, curve) {
        (Some(2), Some(-7), Some(1)) => {
            let mut point = [4; 65];
            let (x, y) = (second.ok_or(WRONG)?, third.ok_or(WRONG)?);
            if x.len() != 32 || y.len() != 32 {
                return Err(WRONG);
            }
            for (to, from) in point.iter_mut().skip(1).zip(x.iter().chain(y)) {
                *to = *from;
            }
            Key::Es256(point)
        }
        (Some(1), Some(-8), Some(6)) => Key::Ed25519(second.filter(|x| x.len() == 32).ok_or(WRONG)?),
        (Some(3), Some(-257), None) => Key::Rs256(first.ok_or(WRONG)?, second.ok_or(WRONG)?),
        _ => return Err(PasskeyError::Algorithm),
    };
    Ok((key, cbor.position()))
}

impl Key<'_> {
    /// Whether the key signed a message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256(n, e) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}
