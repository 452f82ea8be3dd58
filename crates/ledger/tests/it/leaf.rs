//! The entry: what is written is read back, and nothing else is read. Shows promise 5.5.

use avouch_ledger::leaf::{Leaf, Outcome};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    "[a-z0-9._\u{4e00}-\u{4e20}-]{0,30}"
}

prop_compose! {
    fn any_leaf()(
        (at, act, party, actor) in (any::<i64>(), text(), text(), text()),
        outcome in prop_oneof![Just(Outcome::Done), Just(Outcome::Refused), Just(Outcome::Failed)],
        (purpose, basis, recipient, region) in (text(), text(), option::of(text()), text()),
        (items, reasons) in (vec(text(), 0..30), vec(text(), 0..5)),
        (policy, salt, subject, commitment) in
            (any::<[u8; 32]>(), any::<[u8; 16]>(), option::of(any::<[u8; 16]>()), option::of(any::<[u8; 32]>())),
        batch in option::of((any::<[u8; 32]>(), any::<u64>())),
    ) -> Leaf {
        Leaf {
            at, act, outcome, party, actor, purpose, basis, items, recipient, region, policy, reasons, salt, subject,
            commitment, batch,
        }
    }
}

fn plain() -> Leaf {
    Leaf {
        at: 1_767_225_600_000,
        act: "use".into(),
        outcome: Outcome::Done,
        party: "service".into(),
        actor: "plaza".into(),
        purpose: "delivery".into(),
        basis: "contract".into(),
        items: vec!["real_name".into(), "phone".into()],
        recipient: None,
        region: "cn".into(),
        policy: [0xaa; 32],
        reasons: Vec::new(),
        salt: [0xbb; 16],
        subject: Some([0xcc; 16]),
        commitment: None,
        batch: None,
    }
}

proptest! {
    #[test]
    fn promise_5_5_what_is_written_is_read_back(leaf in any_leaf()) {
        let entry = leaf.encode();
        prop_assert_eq!(Leaf::decode(&entry).unwrap(), leaf);
    }

    #[test]
    fn bytes_after_the_end_are_refused(leaf in any_leaf(), more in vec(any::<u8>(), 1..9)) {
        let mut entry = leaf.encode();
        entry.extend_from_slice(&more);
        prop_assert!(Leaf::decode(&entry).is_err());
    }

    #[test]
    fn a_cut_entry_is_refused(leaf in any_leaf(), keep in any::<proptest::sample::Index>()) {
        let entry = leaf.encode();
        prop_assert!(Leaf::decode(&entry[..keep.index(entry.len())]).is_err());
    }

    #[test]
    fn what_decodes_has_one_spelling(leaf in any_leaf(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut entry = leaf.encode();
        let at = at.index(entry.len());
        entry[at] = byte;
        if let Ok(read) = Leaf::decode(&entry) {
            prop_assert_eq!(read.encode(), entry);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        drop(Leaf::decode(&bytes));
    }
}

#[test]
fn the_bytes_of_a_leaf_never_change() {
    let hex = data_encoding::HEXLOWER.encode(&plain().encode());
    let (policy, salt, subject) = ("aa".repeat(32), "bb".repeat(16), "cc".repeat(16));
    let want = [
        // a map of 13; version 1; the time in milliseconds
        "ad0001011b0000019b76daa800".to_owned(),
        // act "use"; done; party "service"; actor "plaza"
        "02637573650300046773657276696365".to_owned(),
        "0565706c617a61".to_owned(),
        // purpose "delivery", basis "contract"
        "066864656c69766572790768636f6e7472616374".to_owned(),
        // two items; region "cn"
        "0882697265616c5f6e616d656570686f6e650a62636e".to_owned(),
        format!("0b5820{policy}0d50{salt}0e50{subject}"),
    ];
    assert_eq!(hex, want.concat());
}

#[test]
fn every_field_is_written_when_it_is_there() {
    let full = Leaf {
        recipient: Some("courier".into()),
        reasons: vec!["no-consent".into()],
        commitment: Some([0xdd; 32]),
        batch: Some(([0xee; 32], 1000)),
        ..plain()
    };
    let entry = full.encode();
    assert_eq!(entry[0], 0xb1, "a map of 17");
    let batch = format!("10825820{}1903e8", "ee".repeat(32));
    assert!(data_encoding::HEXLOWER.encode(&entry).ends_with(&batch));
    assert_eq!(Leaf::decode(&entry).unwrap(), full);
}

#[test]
fn another_version_is_refused_by_name() {
    let mut entry = plain().encode();
    entry[2] = 2;
    assert!(Leaf::decode(&entry).unwrap_err().to_string().contains("version"));
}

#[test]
fn another_spelling_of_the_same_leaf_is_refused() {
    let entry = plain().encode();
    let refused = |entry: &[u8]| {
        let why = Leaf::decode(entry).unwrap_err().to_string();
        assert!(why.contains("canonical") || why.contains("indefinite"), "{why}");
    };
    // The version in two bytes instead of one.
    let mut long = entry.clone();
    long.splice(2..3, [0x18, 0x01]);
    refused(&long);
    // A map without its length said at the start.
    let mut open = entry.clone();
    open[0] = 0xbf;
    open.push(0xff);
    refused(&open);
    // An empty list of reasons spelled out.
    let mut empty = entry.clone();
    empty[0] = 0xae;
    let salt = empty.windows(2).position(|pair| pair == [0x0d, 0x50]).unwrap();
    empty.splice(salt..salt, [0x0c, 0x80]);
    refused(&empty);
    // The same key twice.
    let mut twice = entry.clone();
    twice[0] = 0xae;
    twice.splice(1..1, [0x00, 0x01]);
    refused(&twice);
    // Keys in another order.
    let mut swapped = entry;
    let (head, rest) = (swapped[1..3].to_vec(), swapped[3..13].to_vec());
    swapped.splice(1..13, [rest, head].concat());
    refused(&swapped);
}

#[test]
fn a_leaf_without_a_field_it_must_have_is_refused() {
    let entry = plain().encode();
    let at = entry.windows(3).position(|part| part == [0x0a, 0x62, b'c']).unwrap();
    let mut without = entry;
    without.drain(at..at + 4);
    without[0] -= 1;
    assert!(Leaf::decode(&without).is_err());
}
