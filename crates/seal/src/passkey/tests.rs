//! What can be said of an answer without a key; whole answers are given by the authenticator of the test kit
//! (`crates/avouch/tests/passkeys.rs`).

use proptest::prelude::*;

use super::*;

const SITE: RelyingParty<'_> = RelyingParty { origin: "https://plaza.example", id: "plaza.example" };
const CHALLENGE: [u8; 32] = [7; 32];

fn client(kind: &str, challenge: &[u8], origin: &str, more: &str) -> Vec<u8> {
    let challenge = BASE64URL_NOPAD.encode(challenge);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
}

fn right() -> Vec<u8> {
    client("webauthn.get", &CHALLENGE, SITE.origin, "")
}

fn data(id: &str, flags: u8, rest: &[u8]) -> Vec<u8> {
    [digest(&SHA256, id.as_bytes()).as_ref(), &[flags], &5_u32.to_be_bytes(), rest].concat()
}

/// An Ed25519 key as COSE writes it; its bytes are no point anybody signs with.
fn key() -> Vec<u8> {
    [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &[9; 32]].concat()
}

fn attestation(data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [&[0xa2, 0x63][..], b"fmt", &[0x64], b"none", &[0x68], b"authData", &[0x58, length], data].concat()
}

fn with_key(flags: u8, key: &[u8], after: &[u8]) -> Vec<u8> {
    data(SITE.id, flags | WITH_KEY, &[&[0; 16][..], &[0, 2], b"id", key, after].concat())
}

#[test]
fn promise_2_1_an_answer_to_another_question_is_none() {
    for (client, why) in [
        (client("webauthn.create", &CHALLENGE, SITE.origin, ""), PasskeyError::Type),
        (client("webauthn.get", &[8; 32], SITE.origin, ""), PasskeyError::Challenge),
        (client("webauthn.get", &CHALLENGE, "https://www.plaza.example", ""), PasskeyError::Origin),
        (client("webauthn.get", &CHALLENGE, "http://plaza.example", ""), PasskeyError::Origin),
        (client("webauthn.get", &CHALLENGE, SITE.origin, r#","crossOrigin":true"#), PasskeyError::Origin),
        (client("webauthn.get", &CHALLENGE, SITE.origin, r#","topOrigin":"https://a.example""#), PasskeyError::Origin),
        (b"{}".to_vec(), PasskeyError::Malformed("client data")),
    ] {
        assert_eq!(shown(SITE, &CHALLENGE, &client, &data(SITE.id, 0x05, b""), b"", &key()), Err(why));
    }
}

#[test]
fn promise_2_1_nobody_is_let_in_whom_the_authenticator_did_not_check() {
    let (present, verified) = (PRESENT, VERIFIED);
    for (said, why) in [
        (data("evil.example", present | verified, b""), PasskeyError::RelyingParty),
        (data(SITE.id, present, b""), PasskeyError::Unverified),
        (data(SITE.id, verified, b""), PasskeyError::Unverified),
        (data(SITE.id, present | verified | COPIED, b""), PasskeyError::Malformed("a copy of what cannot be copied")),
        (data(SITE.id, present | verified, b"x"), PasskeyError::Malformed("bytes left over")),
        (data(SITE.id, present | verified | WITH_KEY, b""), PasskeyError::Malformed("a key where none is made")),
        (data(SITE.id, present | verified, b""), PasskeyError::Signature),
    ] {
        assert_eq!(shown(SITE, &CHALLENGE, &right(), &said, &[0; 64], &key()), Err(why));
    }
}

#[test]
fn a_new_passkey_is_read_to_its_last_byte() {
    let client = client("webauthn.create", &CHALLENGE, SITE.origin, "");
    let make = |data: &[u8]| made(SITE, &CHALLENGE, &client, &attestation(data));
    let new = make(&with_key(0x05 | MAY_BE_COPIED, &key(), b"")).unwrap();
    assert_eq!((new.id.as_slice(), new.key, new.counter, new.synced), (&b"id"[..], key(), 5, true));
    // Announced extensions are passed over, others are too much.
    assert!(make(&with_key(0x05 | WITH_EXTENSIONS, &key(), &[0xa0])).is_ok());
    assert_eq!(make(&with_key(0x05, &key(), &[0xa0])), Err(PasskeyError::Malformed("bytes left over")));
    assert_eq!(make(&data(SITE.id, 0x05, b"")), Err(PasskeyError::Malformed("no key")));
    // ES512, which nobody asked for.
    let other = [0xa3, 0x01, 0x02, 0x03, 0x38, 0x23, 0x20, 0x03];
    assert_eq!(make(&with_key(0x05, &other, b"")), Err(PasskeyError::Algorithm));
}

#[test]
fn promise_2_1_a_counter_goes_on_or_there_is_none() {
    for (last, now, on) in [(0, 0, true), (0, 1, true), (1, 2, true), (1, 1, false), (2, 1, false), (1, 0, false)] {
        assert_eq!(counts_on(last, now), on, "{last} {now}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_the_check_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..120) {
        let client = client("webauthn.create", &CHALLENGE, SITE.origin, "");
        let _whole = made(SITE, &CHALLENGE, &client, &bytes);
        let mut turned = attestation(&with_key(0x05, &key(), b""));
        for (to, from) in turned.iter_mut().skip(at).zip(&bytes) {
            *to = *from;
        }
        let _turned = made(SITE, &CHALLENGE, &client, &turned);
        let _key = cose::read(&bytes);
        prop_assert!(shown(SITE, &CHALLENGE, &right(), &bytes, &bytes, &bytes).is_err());
    }
}
