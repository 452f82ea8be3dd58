//! What sealing holds to: place, key and bytes; the layout; the key file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use avouch_seal::{Aad, Entropy, KeyFile, Kms, KmsError, Region, RegionKey, SubjectId, SubjectKey, Suite};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;

/// Bytes that count up: the layout can be pinned with them.
struct Counting(std::sync::Mutex<u8>);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        for byte in out {
            *byte = *next;
            *next = next.wrapping_add(1);
        }
    }
}

fn counting() -> Counting {
    Counting(std::sync::Mutex::new(0))
}

fn region() -> Region {
    Region::new("cn").unwrap()
}

fn key_file(dir: &tempfile::TempDir) -> KeyFile {
    KeyFile::create(&dir.path().join("keys/root.key"), &counting()).unwrap()
}

fn subject_key(dir: &tempfile::TempDir) -> (SubjectId, SubjectKey) {
    let (region_key, _) = RegionKey::generate(region(), 1, Suite::default(), &key_file(dir), &counting()).unwrap();
    let subject = SubjectId::new(region(), [7; 16]);
    let (key, _) = region_key.new_subject(&subject, &counting()).unwrap();
    (subject, key)
}

fn place(subject: &SubjectId) -> Aad<'_> {
    Aad { region: "cn", subject: subject.id(), item: "phone", record: &[1; 16], version: 3 }
}

#[test]
fn promise_5_5_a_sealed_value_opens_in_its_place_only() {
    let dir = tempfile::tempdir().unwrap();
    let (subject, key) = subject_key(&dir);
    let other = SubjectId::new(region(), [8; 16]);
    let aad = place(&subject);
    let sealed = key.seal(&aad, b"+8619900000001", &counting()).unwrap();
    assert_eq!(key.open(&aad, &sealed).unwrap(), b"+8619900000001");
    for moved in [
        Aad { region: "eu", ..aad },
        Aad { subject: other.id(), ..aad },
        Aad { item: "email", ..aad },
        Aad { record: &[2; 16], ..aad },
        Aad { version: 4, ..aad },
        // Parts are told apart by their lengths, not by where one ends.
        Aad { item: "phon", record: b"e\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", ..aad },
    ] {
        assert!(key.open(&moved, &sealed).is_err(), "{moved:?}");
    }
    assert!(subject_key(&dir_of_its_own()).1.open(&aad, &sealed).is_ok(), "the same seed gives the same key");
}

fn dir_of_its_own() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn promise_5_5_any_flipped_bit_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (subject, key) = subject_key(&dir);
    let sealed = key.seal(&place(&subject), b"value", &counting()).unwrap();
    for at in 0..sealed.len() * 8 {
        let mut bytes = sealed.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        assert!(key.open(&place(&subject), &bytes).is_err(), "bit {at}");
    }
    for length in 0..sealed.len() {
        assert!(key.open(&place(&subject), &sealed[..length]).is_err());
    }
}

#[test]
fn a_wrapped_subject_key_is_bound_to_subject_and_region_key() {
    let dir = tempfile::tempdir().unwrap();
    let kms = key_file(&dir);
    let (first, wrapped_region) = RegionKey::generate(region(), 1, Suite::default(), &kms, &counting()).unwrap();
    let (second, _) = RegionKey::generate(region(), 2, Suite::default(), &kms, &counting()).unwrap();
    let subject = SubjectId::new(region(), [7; 16]);
    let (_, wrapped) = first.new_subject(&subject, &counting()).unwrap();
    assert!(first.subject(&subject, &wrapped).is_ok());
    assert!(first.subject(&SubjectId::new(region(), [9; 16]), &wrapped).is_err());
    assert!(second.subject(&subject, &wrapped).is_err());
    assert!(RegionKey::from_wrapped(region(), 1, Suite::default(), &wrapped_region, &kms).is_ok());
    assert!(
        RegionKey::from_wrapped(region(), 2, Suite::default(), &wrapped_region, &kms).is_err(),
        "a version is bound in too"
    );
}

#[test]
fn blind_indexes_are_keyed_and_tell_items_apart() {
    let dir = tempfile::tempdir().unwrap();
    let kms = key_file(&dir);
    let (one, _) = RegionKey::generate(region(), 1, Suite::default(), &kms, &counting()).unwrap();
    let (other, _) = RegionKey::generate(Region::new("eu").unwrap(), 1, Suite::default(), &kms, &counting()).unwrap();
    assert_eq!(one.lookup().blind_index("email", "a@b.example"), one.lookup().blind_index("email", "a@b.example"));
    assert_ne!(one.lookup().blind_index("email", "a@b.example"), one.lookup().blind_index("phone", "a@b.example"));
    assert_ne!(one.lookup().blind_index("email", "a@b.example"), other.lookup().blind_index("email", "a@b.example"));
    assert_ne!(one.lookup().blind_index("ab", "c"), one.lookup().blind_index("a", "bc"));
}

#[test]
fn tags_differ_in_every_leaf_and_belong_to_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let (_, key) = subject_key(&dir);
    assert_eq!(key.tag(&[1; 16]), key.tag(&[1; 16]));
    assert_ne!(key.tag(&[1; 16]), key.tag(&[2; 16]));
    assert_ne!(
        key.commitment(&[1; 16], [b"ab".as_slice(), b"c"].into_iter()),
        key.commitment(&[1; 16], [b"a".as_slice(), b"bc"].into_iter())
    );
}

#[test]
fn secrets_do_not_print() {
    let dir = tempfile::tempdir().unwrap();
    let (_, key) = subject_key(&dir);
    assert_eq!(format!("{key:?}"), "SubjectKey(…)");
    assert!(!format!("{:?}", key_file(&dir_of_its_own())).contains("key: ["));
}

#[test]
fn the_key_file_is_made_once_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys/root.key");
    let made = KeyFile::create(&path, &counting()).unwrap();
    let wrapped = made.wrap("region:cn:1", b"secret", &counting()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let before = std::fs::read(&path).unwrap();
    assert!(KeyFile::create(&path, &counting()).is_err(), "an existing key is never replaced");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let again = KeyFile::open(&path).unwrap();
    assert_eq!(again.unwrap("region:cn:1", &wrapped).unwrap().as_slice(), b"secret");
    assert!(matches!(again.unwrap("region:eu:1", &wrapped), Err(KmsError::Wrong(_))));
}

#[test]
fn a_lost_loose_or_damaged_key_file_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.key");
    let lost = KeyFile::open(&path).unwrap_err();
    assert!(matches!(lost, KmsError::Missing(_)) && lost.to_string().contains("backup"), "{lost}");
    assert!(!path.exists(), "no new key was made");
    KeyFile::create(&path, &counting()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let loose = KeyFile::open(&path).unwrap_err();
    assert!(loose.to_string().contains("chmod 600"), "{loose}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(KeyFile::open(&path), Err(KmsError::Wrong(_))), "byte {at}");
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(KeyFile::open(&path).is_err());
}

/// The layout of format 1, suite 1: a change of it must be a new format.
#[test]
fn the_layout_is_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let (subject, key) = subject_key(&dir);
    let sealed = key.seal(&place(&subject), b"pinned", &counting()).unwrap();
    assert_eq!(sealed[..14], [1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(sealed.len(), 2 + 12 + 6 + 16);
    assert_eq!(data_encoding::HEXLOWER.encode(&sealed[14..]), PINNED);
}

/// Computed by another implementation from the description in `docs/sealing.md`.
const PINNED: &str = "cdfb75304f042209856bc1db84aeef34698d492d4d99";

proptest! {
    #[test]
    fn anything_sealed_opens_and_anything_else_is_an_error(value in any::<Vec<u8>>(), noise in any::<Vec<u8>>()) {
        let dir = tempfile::tempdir().unwrap();
        let (subject, key) = subject_key(&dir);
        let sealed = key.seal(&place(&subject), &value, &counting()).unwrap();
        prop_assert_eq!(key.open(&place(&subject), &sealed).unwrap(), value);
        prop_assert!(key.open(&place(&subject), &noise).is_err());
    }
}
