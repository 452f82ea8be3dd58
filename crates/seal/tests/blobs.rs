//! What the sealing of blobs holds to: every chunk in its place, none left out, and the layout.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use avouch_seal::{
    BlobKey, CHUNK, CHUNK_OVERHEAD, Entropy, KeyFile, Region, RegionKey, SubjectId, SubjectKey, Suite, chunks,
};
use proptest::prelude::*;

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

fn keys() -> (SubjectId, SubjectKey) {
    let dir = tempfile::tempdir().unwrap();
    let region = Region::new("cn").unwrap();
    let kms = KeyFile::create(&dir.path().join("root.key"), &counting()).unwrap();
    let (region_key, _) = RegionKey::generate(region, 1, Suite::default(), &kms, &counting()).unwrap();
    let subject = SubjectId::new(region, [7; 16]);
    let (key, _) = region_key.new_subject(&subject, &counting()).unwrap();
    (subject, key)
}

fn blob(id: u8, size: u64) -> BlobKey {
    let (subject, key) = keys();
    key.blob("picture", &[id; 16], size, &subject)
}

fn sealed(key: &BlobKey, plain: &[u8]) -> Vec<Vec<u8>> {
    let entropy = counting();
    (0..chunks(key.size()))
        .map(|at| {
            let from = usize::try_from(at * CHUNK).unwrap();
            let to = plain.len().min(from + usize::try_from(CHUNK).unwrap());
            key.seal(at, &plain[from..to], &entropy).unwrap()
        })
        .collect()
}

#[test]
fn promise_5_5_chunks_left_out_doubled_swapped_or_cut_off_are_found() {
    let size = 3 * CHUNK + 10;
    let plain: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let key = blob(1, size);
    let parts = sealed(&key, &plain);
    assert_eq!(parts.len(), 4);
    for (at, part) in (0_u64..).zip(&parts) {
        for (put, _) in (0_u64..).zip(&parts).filter(|(put, _)| *put != at) {
            assert!(key.open(put, part).is_err(), "chunk {at} at {put}");
        }
        assert!(key.open(4, part).is_err(), "past the end");
    }
    // A shorter size makes another chunk the last one: it was not sealed as such. A longer one fails too.
    for other in [3 * CHUNK, 2 * CHUNK + 10, 3 * CHUNK + 9, 4 * CHUNK + 10] {
        let cut = blob(1, other);
        for at in 0..chunks(other).min(4) {
            assert!(cut.open(at, &parts[usize::try_from(at).unwrap()]).is_err(), "size {other}, chunk {at}");
        }
    }
    let another = blob(2, size);
    assert!(another.open(0, &parts[0]).is_err(), "another blob of the same person and size");
}

#[test]
fn a_chunk_must_have_the_length_of_its_place() {
    let key = blob(1, CHUNK + 5);
    let entropy = counting();
    assert!(key.seal(0, &[0; 5], &entropy).is_err());
    assert!(key.seal(1, &[0; 6], &entropy).is_err());
    assert!(key.seal(2, &[], &entropy).is_err());
    assert_eq!(chunks(0), 1);
    assert_eq!(chunks(CHUNK), 1);
    assert_eq!(chunks(CHUNK + 1), 2);
    let empty = blob(1, 0);
    let part = empty.seal(0, &[], &entropy).unwrap();
    assert_eq!(empty.open(0, &part).unwrap(), b"");
}

/// The layout of a chunk of format 1, suite 1: a change of it must be a new format.
#[test]
fn the_layout_of_a_chunk_is_pinned() {
    let key = blob(1, CHUNK + 6);
    let part = key.seal(1, b"pinned", &counting()).unwrap();
    assert_eq!(part.len() as u64, 6 + CHUNK_OVERHEAD);
    assert_eq!(part[..14], [1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(data_encoding::HEXLOWER.encode(&part[14..]), PINNED);
}

/// Computed by another implementation from the description in `docs/sealing.md`.
const PINNED: &str = "6fffb00d4d70dd4803694ede0a254a44b8e31d56fa73";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_is_sealed_opens_and_no_flipped_byte_does(size in 0_u64..200_000, at in any::<prop::sample::Index>()) {
        let plain: Vec<u8> = (0..size).map(|n| u8::try_from(n * 7 % 253).unwrap()).collect();
        let key = blob(1, size);
        let mut parts = sealed(&key, &plain);
        let mut opened = Vec::new();
        for (n, part) in (0_u64..).zip(&parts) {
            opened.extend(key.open(n, part).unwrap());
        }
        prop_assert_eq!(opened, plain);
        let which = at.index(parts.len());
        let byte = at.index(parts[which].len());
        parts[which][byte] ^= 1;
        prop_assert!(key.open(u64::try_from(which).unwrap(), &parts[which]).is_err());
    }
}
