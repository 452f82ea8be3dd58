//! One-time passwords by time (RFC 6238 on RFC 4226): SHA-1, six digits, thirty seconds, as authenticators
//! expect them.
//!
//! Keeps promise 2.1 (identity verification; ASVS 6.5.1 to 6.5.5). Pure: the step is computed by the caller.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// Seconds of one step.
pub const STEP: i64 = 30;
/// Bytes of a secret: as long as the hash, as RFC 4226 recommends.
pub const SECRET: usize = 20;

/// The code of a step: six digits.
#[must_use]
pub fn totp(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let from = tag.last().map_or(0, |b| usize::from(b & 0x0f));
    let word = tag.iter().skip(from).take(4).fold(0u32, |n, b| (n << 8) | u32::from(*b)) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Which step a typed code belongs to: the one of now, the one before or the one after, and later than
/// `last`, so that no code is taken twice. Compares in constant time.
#[must_use]
pub fn accepts(secret: &[u8], typed: &str, now: u64, last: u64) -> Option<u64> {
    let mut found = None;
    for step in now.saturating_sub(1)..=now.saturating_add(1) {
        if same(totp(secret, step).as_bytes(), typed.as_bytes()) && step > last {
            found = Some(step);
        }
    }
    found
}

/// Whether two byte strings are the same, in a time that tells nothing of where they differ.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_2_1_the_codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; its eight digits cut to six.
        let secret = b"12345678901234567890";
        for (time, code) in [
            (59u64, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp(secret, time / 30), code);
        }
    }

    #[test]
    fn a_code_is_taken_once_and_only_around_its_time() {
        let secret = b"12345678901234567890";
        let code = totp(secret, 100);
        assert_eq!(accepts(secret, &code, 100, 0), Some(100));
        assert_eq!(accepts(secret, &code, 101, 0), Some(100));
        assert_eq!(accepts(secret, &code, 99, 0), Some(100));
        assert_eq!(accepts(secret, &code, 102, 0), None);
        assert_eq!(accepts(secret, &code, 101, 100), None);
        assert_eq!(accepts(secret, "", 100, 0), None);
    }
}
