//! SM4-GCM, HKDF and HMAC over SM3, by the RustCrypto crates: our cryptographic library has none of them.
//!
//! The implementations are not certified by anyone; `docs/sealing.md` says what that means.

use aes_gcm::aead::{AeadInOut, KeyInit, consts::U12};
use aes_gcm::{AesGcm, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sm3::Sm3;
use sm4::Sm4;

use crate::aead::SealError;

/// GCM (NIST SP 800-38D) over SM4 as RFC 8998 has it: nonce of 12 bytes, tag of 16.
type Sm4Gcm = AesGcm<Sm4, U12>;

const TAG: usize = 16;

pub(crate) fn derive(salt: &[u8], key: &[u8], label: &[&[u8]], out: &mut [u8; 32]) {
    // 32 bytes are far below what HKDF can give.
    let filled = Hkdf::<Sm3>::new(Some(salt), key).expand_multi_info(label, out);
    debug_assert!(filled.is_ok(), "HKDF gives 32 bytes");
}

pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = <Hmac<Sm3> as KeyInit>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SM4 has keys of 16 bytes: the first half of the derived 32.
fn cipher(key: &[u8; 32]) -> Result<Sm4Gcm, SealError> {
    let (half, _) = key.split_at(16);
    Sm4Gcm::new_from_slice(half).map_err(|_| SealError::Broken)
}

/// Seals `body` where it stands; gives the tag.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], body: &mut [u8]) -> Result<[u8; TAG], SealError> {
    let tag = cipher(key)?.encrypt_inout_detached(nonce.into(), aad, body.into()).map_err(|_| SealError::Broken)?;
    Ok(tag.into())
}

/// Opens `body`, which ends with its tag, where it stands; gives the length of the plaintext.
pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], body: &mut [u8]) -> Result<usize, SealError> {
    let length = body.len().checked_sub(TAG).ok_or(SealError::Broken)?;
    let (text, tag) = body.split_at_mut(length);
    let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| SealError::Broken)?;
    cipher(key)?
        .decrypt_inout_detached(nonce.into(), aad, text.into(), &Tag::from(tag))
        .map_err(|_| SealError::Broken)?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;
    use sm3::Digest as _;
    use sm4::cipher::BlockCipherEncrypt as _;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        HEX.decode(text.replace(' ', "").as_bytes()).unwrap()
    }

    /// GB/T 32905-2016, appendix A.
    #[test]
    fn sm3_gives_the_digests_of_its_standard() {
        assert_eq!(
            Sm3::digest(b"abc").to_vec(),
            hex("66c7f0f4 62eeedd9 d1f2d46b dc10e4e2 4167c487 5cf2f7a2 297da02b 8f4ba8e0")
        );
        assert_eq!(
            Sm3::digest(b"abcd".repeat(16)).to_vec(),
            hex("debe9ff9 2275b8a1 38604889 c18e5a4d 6fdb70e5 387e5765 293dcba3 9c0c5732")
        );
    }

    /// GB/T 32907-2016, appendix A: once, and a million times.
    #[test]
    fn sm4_gives_the_blocks_of_its_standard() {
        let key = hex("0123456789abcdeffedcba9876543210");
        let cipher = Sm4::new_from_slice(&key).unwrap();
        let block: [u8; 16] = key.try_into().unwrap();
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        assert_eq!(block.to_vec(), hex("681edf34d206965e86b3e94f536e4246"));
        for _ in 1..1_000_000 {
            cipher.encrypt_block(&mut block);
        }
        assert_eq!(block.to_vec(), hex("595298c7c6fd271f0402f804c33d3f66"));
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_gives_the_vector_of_rfc_8998() {
        let mut key = [0; 32];
        key[..16].copy_from_slice(&hex("0123456789ABCDEFFEDCBA9876543210".to_lowercase().as_str()));
        let nonce: [u8; 12] = hex("00001234567800000000abcd").try_into().unwrap();
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa");
        let mut body = plain.clone();
        let tag = seal(&key, &nonce, &aad, &mut body).unwrap();
        assert_eq!(
            body,
            hex("17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
                 d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d")
        );
        assert_eq!(tag.to_vec(), hex("83de3541e4c2b58177e065a9bf7b62ec"));
        body.extend_from_slice(&tag);
        assert_eq!(open(&key, &nonce, &aad, &mut body).unwrap(), plain.len());
        assert_eq!(body[..plain.len()], plain);
    }

    /// HKDF is HMAC twice (RFC 5869): computed here from SM3's HMAC alone.
    #[test]
    fn hkdf_over_sm3_is_that_of_rfc_5869() {
        let raw = |key: &[u8], message: &[u8]| -> Vec<u8> {
            let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(key).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        let prk = raw(b"salt", b"key");
        let mut out = [0; 32];
        derive(b"salt", b"key", &[b"one", b"two"], &mut out);
        assert_eq!(out.to_vec(), raw(&prk, b"onetwo\x01"));
    }
}
