//! Any bytes: a note that can be taken apart has the text and the lines it was made of; none opens with a key that
//! did not sign it.
#![no_main]

use avouch_ledger::note::{self, Signer, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(parts) = note::parse(bytes) {
        assert!(parts.text.ends_with('\n'));
        assert!(!parts.signatures.is_empty());
        assert!(bytes.starts_with(parts.text.as_bytes()));
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = text.parse::<Verifier>();
    let Ok(signer) = Signer::from_seed("fuzz.example", &[7; 32]) else { return };
    let verifier = signer.verifier();
    if let Ok(opened) = verifier.open(text) {
        assert_eq!(
            signer.sign(opened).rsplit_once("\n\n").map(|(text, _)| text),
            text.rsplit_once("\n\n").map(|(text, _)| text)
        );
    }
    // What can be signed can be opened.
    if text.ends_with('\n') && !text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        assert_eq!(verifier.open(&signer.sign(text)).ok(), Some(text).filter(|text| text.len() < 900_000));
    }
});
