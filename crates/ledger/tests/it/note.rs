//! Signed notes and checkpoints: published vectors, another implementation, and every way to be wrong.

use avouch_ledger::note::{self, Checkpoint, NoteError, Signer, Verifier};
use proptest::prelude::*;
use signed_note::{StandardVerifier, VerifierList};

use crate::log::{ORIGIN, signer};

/// The note in the documentation of Go's sumdb/note package.
const PETER: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const PETERS_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn head() -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: 300, root: [9; 32] }
}

#[test]
fn the_published_note_opens_with_its_published_key() {
    let key: Verifier = PETERS_KEY.parse().unwrap();
    assert_eq!(key.to_string(), PETERS_KEY);
    assert_eq!(key.name(), "PeterNeumann");
    assert!(key.open(PETER).unwrap().ends_with("what your problem is.\n"));
}

#[test]
fn another_implementation_verifies_our_notes() {
    let signed = signer().sign(&head().to_text());
    let key = signer().verifier().to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&key).unwrap())]);
    let theirs = signed_note::Note::from_bytes(signed.as_bytes()).unwrap();
    let (verified, unverified) = theirs.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    assert_eq!(theirs.text(), head().to_text().as_bytes());
    assert_eq!(theirs.to_bytes(), signed.as_bytes());
}

#[test]
fn another_implementation_reads_our_checkpoints() {
    let theirs = tlog_tiles::Checkpoint::from_bytes(head().to_text().as_bytes()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ORIGIN, 300, [9; 32]));
    assert_eq!(theirs.to_bytes(), head().to_text().as_bytes());
}

#[test]
fn what_was_signed_opens_again() {
    let signed = signer().sign(&head().to_text());
    let text = signer().verifier().open(&signed).map(str::to_owned).unwrap();
    assert_eq!(Checkpoint::from_text(&text).unwrap(), head());
}

#[test]
fn signatures_by_others_are_passed_over_and_kept_for_whoever_knows_them() {
    let witness = Signer::from_seed("witness.example", &[8; 32]).unwrap();
    let text = head().to_text();
    let by_witness = witness.sign(&text);
    let both = format!("{}{}", signer().sign(&text), by_witness.rsplit_once("\n\n").unwrap().1);
    assert_eq!(signer().verifier().open(&both).unwrap(), text);
    assert_eq!(witness.verifier().open(&both).unwrap(), text);
    let parts = note::parse(both.as_bytes()).unwrap();
    assert_eq!(parts.signatures.iter().map(|s| s.name).collect::<Vec<_>>(), [ORIGIN, "witness.example"]);
    let stranger = Signer::from_seed("other.example", &[9; 32]).unwrap().verifier();
    assert_eq!(stranger.open(&both), Err(NoteError::Unsigned("other.example".into())));
}

#[test]
fn a_key_of_the_same_name_is_not_the_same_key() {
    let imitator = Signer::from_seed(ORIGIN, &[8; 32]).unwrap();
    let forged = imitator.sign(&head().to_text());
    assert_eq!(signer().verifier().open(&forged), Err(NoteError::Unsigned(ORIGIN.into())));
}

#[test]
fn a_text_may_hold_blank_lines() {
    let text = "one\n\n\ntwo\n";
    assert_eq!(signer().verifier().open(&signer().sign(text)).unwrap(), text);
}

#[test]
fn names_that_cannot_stand_in_a_note_are_refused() {
    for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb", "a\u{7f}b"] {
        assert!(Signer::from_seed(name, &[1; 32]).is_err(), "{name:?}");
    }
    assert!(Signer::from_seed("short.example", &[1; 31]).is_err());
}

#[test]
fn verifier_keys_that_do_not_fit_themselves_are_refused() {
    let right = signer().verifier().to_string();
    let (name, rest) = right.split_once('+').unwrap();
    let (id, key) = rest.split_once('+').unwrap();
    for wrong in [
        String::new(),
        name.to_owned(),
        format!("{name}+{id}"),
        format!("{name}+{}+{key}", id.to_uppercase()),
        format!("{name}+00000000+{key}"),
        format!("other.example+{id}+{key}"),
        format!("{name}+{id}+{}", &key[4..]),
        format!("{name}+{id}+A{}", &key[1..]),
    ] {
        if wrong != right {
            assert!(wrong.parse::<Verifier>().is_err(), "{wrong:?}");
        }
    }
}

#[test]
fn checkpoints_in_another_spelling_are_refused() {
    let root = data_encoding::BASE64.encode(&[9; 32]);
    for text in [
        String::new(),
        "\n".to_owned(),
        format!("{ORIGIN}\n300\n"),
        format!("{ORIGIN}\n300\n{root}"),
        format!("\n300\n{root}\n"),
        format!("{ORIGIN}\n0300\n{root}\n"),
        format!("{ORIGIN}\n+300\n{root}\n"),
        format!("{ORIGIN}\n-1\n{root}\n"),
        format!("{ORIGIN}\n99999999999999999999\n{root}\n"),
        format!("{ORIGIN}\n300\n{}\n", &root[4..]),
        format!("{ORIGIN}\n300\n{}\n", root.replace('=', "")),
        format!("{ORIGIN}\n300\n{root}\n\n"),
    ] {
        assert!(Checkpoint::from_text(&text).is_err(), "{text:?}");
        assert!(tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn notes_of_another_form_are_refused_with_a_reason() {
    let right = signer().sign(&head().to_text());
    for (wrong, why) in [
        (right.replace("\n\n", "\n"), "blank line"),
        (right.trim_end().to_owned(), "does not end"),
        (right.replace('\u{2014}', "-"), "dash"),
        (right.replace(' ', ""), "dash"),
        (format!("{right}\u{2014} x\n"), "no name"),
        (format!("{right}\u{2014} a+b AAAA\n"), "plus sign"),
        (format!("{right}\u{2014} a.example !!!!\n"), "base64"),
        (format!("{right}\u{2014} a.example AAAA\n"), "too short"),
        (format!("\t{right}"), "control"),
        (format!("{}{right}", "a".repeat(1_000_000)), "longer"),
        (format!("{right}{}", "\u{2014} a.example AAAAAAAA\n".repeat(100)), "more than"),
    ] {
        let reason = signer().verifier().open(&wrong).unwrap_err().to_string();
        assert!(reason.contains(why), "{reason} for {why}");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_of_a_signed_checkpoint_is_found(
        at in any::<prop::sample::Index>(), change in 1..=255_u8,
    ) {
        let mut bytes = signer().sign(&head().to_text()).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let found = match String::from_utf8(bytes) {
            Ok(note) => signer().verifier().open(&note).is_err(),
            Err(_) => true,
        };
        prop_assert!(found);
    }

    #[test]
    fn random_text_never_panics_and_both_readers_agree(note in "(\u{2014} |[a-z+]|AAAA|\n|\n\n|=|[0-9]{1,4}| ){0,20}") {
        let ours = note::parse(note.as_bytes());
        if let (Ok(ours), Ok(theirs)) = (&ours, signed_note::Note::from_bytes(note.as_bytes())) {
            prop_assert_eq!(ours.text.as_bytes(), theirs.text());
        }
        let _ = (Checkpoint::from_text(&note), signer().verifier().open(&note), note.parse::<Verifier>());
        if let Ok(read) = Checkpoint::from_text(&note) {
            let theirs = tlog_tiles::Checkpoint::from_bytes(note.as_bytes()).unwrap();
            prop_assert_eq!(read.size, theirs.size());
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = note::parse(&bytes);
    }
}

#[test]
fn the_worked_example_of_the_format_document_is_right() {
    let document = include_str!("../../../../docs/ledger-format.md");
    let lines: Vec<&str> = document.lines().map(str::trim).collect();
    let mut log = crate::log::Log::default();
    for n in 0..3 {
        log.append(crate::log::leaf(n).encode());
        assert!(lines.contains(&data_encoding::HEXLOWER.encode(&log.hashes[n as usize]).as_str()), "hash {n}");
    }
    log.sign();
    assert!(lines.contains(&data_encoding::HEXLOWER.encode(&log.entries[1]).as_str()));
    assert!(lines.contains(&signer().verifier().to_string().as_str()));
    for line in log.checkpoints[0].1.lines() {
        assert!(lines.contains(&line), "{line}");
    }
}
