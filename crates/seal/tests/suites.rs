//! What suites, versions of keys and sealed streams hold to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use avouch_seal::{
    Aad, CHUNK, KeyFile, Kms, KmsError, LookupKey, Region, RegionKey, STREAM_CHUNK, StreamKey, StreamOpener,
    StreamSealer, SubjectId, Suite, SystemEntropy,
};

fn region() -> Region {
    Region::new("cn").unwrap()
}

fn home() -> (tempfile::TempDir, KeyFile) {
    let dir = tempfile::tempdir().unwrap();
    let kms = KeyFile::create(&dir.path().join("root.key"), &SystemEntropy).unwrap();
    (dir, kms)
}

#[test]
fn promise_5_5_each_suite_opens_what_the_other_sealed_and_seals_its_own() {
    let (_dir, kms) = home();
    let (aes, wrapped) = RegionKey::generate(region(), 1, Suite::Aes256Gcm, &kms, &SystemEntropy).unwrap();
    let sm = RegionKey::from_wrapped(region(), 1, Suite::Sm4Gcm, &wrapped, &kms).unwrap();
    let subject = SubjectId::new(region(), [7; 16]);
    let aad = Aad { region: "cn", subject: subject.id(), item: "phone", record: &[1; 16], version: 1 };
    let (old, key) = aes.new_subject(&subject, &SystemEntropy).unwrap();
    let new = sm.subject(&subject, &key).unwrap();
    for (from, to, suite) in [(&old, &new, Suite::Aes256Gcm), (&new, &old, Suite::Sm4Gcm)] {
        let sealed = from.seal(&aad, b"+8619900000001", &SystemEntropy).unwrap();
        assert_eq!(Suite::of(&sealed).unwrap(), suite);
        assert_eq!(to.open(&aad, &sealed).unwrap(), b"+8619900000001");
        let mut other = sealed.clone();
        other[1] ^= 3;
        assert!(to.open(&aad, &other).is_err(), "the suite is bound in");
        assert!(to.open(&Aad { version: 2, ..aad }, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone();
            bytes[at] ^= 0x10;
            assert!(to.open(&aad, &bytes).is_err(), "byte {at}");
        }
        let chunk = from.blob("picture", &[1; 16], CHUNK, &subject).seal(0, &vec![5; 65_536], &SystemEntropy).unwrap();
        assert_eq!(Suite::of(&chunk).unwrap(), suite);
        assert_eq!(to.blob("picture", &[1; 16], CHUNK, &subject).open(0, &chunk).unwrap(), vec![5; 65_536]);
    }
    let (_, wrapped) = sm.new_subject(&subject, &SystemEntropy).unwrap();
    assert_eq!(Suite::of(&wrapped).unwrap(), Suite::Sm4Gcm);
    assert!(aes.subject(&subject, &wrapped).is_ok());
    assert_ne!(aes.lookup().blind_index("email", "a"), sm.lookup().blind_index("email", "a"));
}

#[test]
fn a_lookup_key_kept_by_itself_finds_what_it_found_before() {
    let (_dir, kms) = home();
    for suite in Suite::ALL {
        let (key, _) = RegionKey::generate(region(), 1, suite, &kms, &SystemEntropy).unwrap();
        let lookup = key.lookup();
        let kept = LookupKey::from_wrapped(region(), &lookup.wrapped(&kms, &SystemEntropy).unwrap(), &kms).unwrap();
        assert_eq!(kept.suite(), suite);
        assert_eq!(kept.blind_index("email", "a@b.example"), lookup.blind_index("email", "a@b.example"));
        let aad = Aad { region: "cn", subject: &[], item: "id_number", record: &[1; 16], version: 1 };
        for with in Suite::ALL {
            let held = lookup.holding(with).seal(&aad, b"kept", &SystemEntropy).unwrap();
            assert_eq!(Suite::of(&held), Ok(with));
            for other in Suite::ALL {
                assert_eq!(kept.holding(other).open(&aad, &held).unwrap(), b"kept", "sealed by {with:?}");
            }
        }
    }
}

#[test]
fn a_rewrapped_subject_key_opens_the_same_records() {
    let (_dir, kms) = home();
    let (first, _) = RegionKey::generate(region(), 1, Suite::Aes256Gcm, &kms, &SystemEntropy).unwrap();
    let (second, _) = RegionKey::generate(region(), 2, Suite::Aes256Gcm, &kms, &SystemEntropy).unwrap();
    let subject = SubjectId::new(region(), [7; 16]);
    let (key, wrapped) = first.new_subject(&subject, &SystemEntropy).unwrap();
    let aad = Aad { region: "cn", subject: subject.id(), item: "phone", record: &[1; 16], version: 1 };
    let sealed = key.seal(&aad, b"value", &SystemEntropy).unwrap();
    let again = first.rewrap(&subject, &wrapped, &second, &SystemEntropy).unwrap();
    assert!(first.subject(&subject, &again).is_err());
    assert_eq!(second.subject(&subject, &again).unwrap().open(&aad, &sealed).unwrap(), b"value");
    assert!(first.rewrap(&SubjectId::new(region(), [8; 16]), &wrapped, &second, &SystemEntropy).is_err());
}

#[test]
fn promise_5_5_a_rotated_key_file_opens_the_old_until_it_is_retired() {
    let (dir, kms) = home();
    let running = KeyFile::open(&dir.path().join("root.key")).unwrap();
    let (first, old) = (kms.version().unwrap(), kms.wrap("region:cn:1", b"secret", &SystemEntropy).unwrap());
    kms.rotate(&SystemEntropy).unwrap();
    let second = kms.version().unwrap();
    assert_ne!(first, second);
    let new = kms.wrap("region:cn:1", b"secret", &SystemEntropy).unwrap();
    assert_eq!(kms.wrapped_by("region:cn:1", &old).unwrap(), first);
    assert_eq!(kms.wrapped_by("region:cn:1", &new).unwrap(), second);
    // A process that opened the file before the rotation reads it again, and wraps with the new key too.
    assert_eq!(running.unwrap("region:cn:1", &new).unwrap().as_slice(), b"secret");
    assert_eq!(running.version().unwrap(), second);
    kms.retire().unwrap();
    let opened = KeyFile::open(&dir.path().join("root.key")).unwrap();
    assert_eq!(opened.unwrap("region:cn:1", &new).unwrap().as_slice(), b"secret");
    assert!(matches!(opened.unwrap("region:cn:1", &old), Err(KmsError::Wrong(_))));
    let again = running.wrap("log:a", b"seed", &SystemEntropy).unwrap();
    assert_eq!(opened.unwrap("log:a", &again).unwrap().as_slice(), b"seed");
}

#[test]
fn a_key_file_is_made_again_from_its_shares_and_never_over_another() {
    let (dir, kms) = home();
    let wrapped = kms.wrap("region:cn:1", b"secret", &SystemEntropy).unwrap();
    let shares: Vec<String> = kms.split(5, 3, &SystemEntropy).unwrap().iter().map(|s| s.to_string()).collect();
    assert!(KeyFile::recover(&dir.path().join("root.key"), &shares).is_err(), "a key is there");
    let place = dir.path().join("recovered/root.key");
    assert!(KeyFile::recover(&place, &shares[..2]).is_err());
    assert!(!place.exists(), "nothing is made of too few");
    let again = KeyFile::recover(&place, &shares[2..]).unwrap();
    assert_eq!(again.unwrap("region:cn:1", &wrapped).unwrap().as_slice(), b"secret");
}

#[test]
fn promise_5_5_a_stream_cut_off_swapped_or_of_another_head_does_not_open() {
    for suite in Suite::ALL {
        let key = StreamKey::generate(&SystemEntropy);
        let bytes = key.expose_bytes().to_vec();
        let mut sealer = StreamSealer::new(key, suite, b"head");
        assert!(sealer.seal(b"short", false, &SystemEntropy).is_err(), "only the last may be short");
        let one = sealer.seal(&vec![1; STREAM_CHUNK], false, &SystemEntropy).unwrap();
        let two = sealer.seal(b"end", true, &SystemEntropy).unwrap();
        let opener = |head: &[u8]| StreamOpener::new(StreamKey::from_bytes(&bytes).unwrap(), head);
        let mut whole = opener(b"head");
        assert_eq!(whole.open(&one, false).unwrap(), vec![1; STREAM_CHUNK]);
        assert_eq!(whole.open(&two, true).unwrap(), b"end");
        assert!(opener(b"head").open(&one, true).is_err(), "cut off after the first chunk");
        assert!(opener(b"head").open(&two, true).is_err(), "the first chunk left out");
        assert!(opener(b"other").open(&one, false).is_err());
    }
}
