//! Offline verification: what is whole is found whole, and any changed byte is one fault, named where it is.

use avouch_ledger::hash::leaf_hash;
use avouch_ledger::note::Checkpoint;
use avouch_ledger::verify::{Changed, Check, Fault, Report};
use proptest::prelude::*;

use crate::log::{Log, leaf, signer};

/// A log with a checkpoint at the size of each number and one at its end.
fn log(size: u64, checkpoints: &[u64]) -> Log {
    let mut log = Log::default();
    for n in 0..size {
        log.append(leaf(n).encode());
        if checkpoints.contains(&(n + 1)) {
            log.sign();
        }
    }
    if !checkpoints.contains(&size) {
        log.sign();
    }
    log
}

fn faults(report: &Report) -> Vec<String> {
    report.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_log_as_written_is_whole() {
    for size in [0, 1, 255, 256, 257, 700] {
        let log = log(size, &[1, 256, 300]);
        let report = log.verify();
        assert!(report.is_whole(), "{:?}", faults(&report));
        assert_eq!((report.leaves, report.signed, report.nodes), (size, size, size / 256));
        assert_eq!(report.checkpoints, log.checkpoints.len() as u64);
    }
}

#[test]
fn a_log_of_three_tile_levels_is_whole_and_a_node_in_the_middle_is_named() {
    let mut log = log(65_536 + 300, &[65_536]);
    assert!(log.verify().is_whole());
    log.nodes.get_mut(&(1, 77)).unwrap()[3] ^= 4;
    assert_eq!(log.verify().faults, [Fault::Node { level: 1, n: 77, missing: false }]);
    log.nodes.get_mut(&(1, 77)).unwrap()[3] ^= 4;
    log.nodes.get_mut(&(2, 0)).unwrap()[31] ^= 1;
    assert_eq!(log.verify().faults, [Fault::Node { level: 2, n: 0, missing: false }]);
}

#[test]
fn missing_things_are_named_and_nothing_else_is() {
    let whole = log(700, &[300]);
    let mut without = whole.clone();
    without.nodes.remove(&(1, 1));
    assert_eq!(without.verify().faults, [Fault::Node { level: 1, n: 1, missing: true }]);

    // A leaf that is gone: the checkpoint that falls into its tile cannot be checked, the later one can.
    let verifier = signer().verifier();
    let mut check = Check::new(&verifier, whole.checkpoints.clone());
    for index in (0..700_u64).filter(|index| *index != 258) {
        let at = index as usize;
        whole.feed(&mut check, index, &whole.entries[at], &whole.hashes[at]);
    }
    let report = check.finish(700, &whole.frontier.root());
    assert_eq!(report.faults.len(), 2, "{:?}", faults(&report));
    assert_eq!(report.faults[0], Fault::MissingLeaf { index: 258 });
    assert!(faults(&report)[1].contains("checkpoint of 300 leaves: it could not be checked"));
    assert_eq!(report.signed, 700);
}

#[test]
fn a_whole_tile_that_is_gone_is_named_leaf_by_leaf() {
    let whole = log(700, &[]);
    let verifier = signer().verifier();
    let mut check = Check::new(&verifier, whole.checkpoints.clone());
    for index in (0..700_u64).filter(|index| !(200..520).contains(index)) {
        let at = index as usize;
        whole.feed(&mut check, index, &whole.entries[at], &whole.hashes[at]);
    }
    let report = check.finish(700, &whole.frontier.root());
    let missing = (200..520).map(|index| Fault::MissingLeaf { index });
    assert_eq!(report.faults[..320], missing.collect::<Vec<_>>());
    assert!(report.faults[320..].iter().all(|fault| matches!(fault, Fault::Checkpoint { size: 700, .. })));
}

#[test]
fn a_log_that_was_cut_is_found_by_its_checkpoint_and_by_its_head() {
    let mut cut = log(700, &[650]);
    cut.entries.truncate(680);
    cut.hashes.truncate(680);
    let report = cut.verify();
    assert_eq!(report.faults[..20], (680..700).map(|index| Fault::MissingLeaf { index }).collect::<Vec<_>>());
    assert!(faults(&report)[20].contains("the log was cut"));
    assert_eq!((report.faults.len(), report.signed), (21, 650));

    // The head cut back as well: only the checkpoint shows it.
    let checkpoints = cut.checkpoints.clone();
    let shorter = Log { checkpoints, ..log(680, &[650]) };
    let report = shorter.verify();
    assert_eq!(report.faults.len(), 1, "{:?}", faults(&report));
    assert!(faults(&report)[0].contains("checkpoint of 700 leaves: there are only 680"));
}

#[test]
fn leaves_that_no_checkpoint_covers_are_said_to_be_unsigned() {
    let mut open = log(300, &[]);
    for n in 300..310 {
        open.append(leaf(n).encode());
    }
    assert_eq!(open.verify().faults, [Fault::Unsigned { from: 300, size: 310 }]);
    open.checkpoints.clear();
    assert_eq!(open.verify().faults, [Fault::Unsigned { from: 0, size: 310 }]);
}

#[test]
fn a_log_rewritten_from_a_leaf_on_is_found_by_the_checkpoint_after_it() {
    let honest = log(700, &[200, 400]);
    let mut rewritten = Log::default();
    for n in 0..700 {
        rewritten.append(if n == 300 { leaf(9999).encode() } else { leaf(n).encode() });
    }
    rewritten.checkpoints = honest.checkpoints;
    let report = rewritten.verify();
    assert_eq!((report.faults.len(), report.signed), (2, 200));
    assert!(
        faults(&report)[0].contains("checkpoint of 400 leaves: its root is not that of the leaves: leaves from 200 on")
    );
    assert!(faults(&report)[1].contains("checkpoint of 700 leaves"));
}

#[test]
fn a_leaf_rewritten_together_with_its_hash_is_found_by_the_node_above() {
    let mut log = log(700, &[]);
    let entry = leaf(9999).encode();
    log.hashes[300] = leaf_hash(&entry).to_vec();
    log.entries[300] = entry;
    assert_eq!(log.verify().faults, [Fault::Rewritten { first: 256, last: 511 }]);
}

#[test]
fn an_entry_that_is_no_leaf_is_named_even_when_it_was_logged() {
    let mut log = log(5, &[]);
    log.append(b"not a leaf".to_vec());
    log.sign();
    let report = log.verify();
    assert!(matches!(report.faults.as_slice(), [Fault::Entry { index: 5, .. }]), "{:?}", faults(&report));
}

#[test]
fn a_checkpoint_of_another_log_or_size_is_refused() {
    let mut other = log(10, &[]);
    let text = Checkpoint { origin: "other.example".into(), size: 10, root: other.frontier.root() }.to_text();
    other.checkpoints = vec![(10, signer().sign(&text))];
    assert!(faults(&other.verify())[0].contains("another log"));

    let mut moved = log(10, &[4]);
    moved.checkpoints[0].0 = 5;
    let report = moved.verify();
    assert_eq!(report.faults.len(), 1);
    assert!(faults(&report)[0].contains("another size"));
}

#[test]
fn several_faults_are_all_named() {
    let mut log = log(1300, &[600, 900]);
    log.entries[3][40] ^= 1;
    log.hashes[270][0] ^= 1;
    log.nodes.get_mut(&(1, 2)).unwrap()[0] ^= 1;
    log.entries[1290][40] ^= 1;
    let place = log.checkpoints[1].1.len() - 4;
    log.checkpoints[1].1.replace_range(place..place, "A");
    let report = log.verify();
    for want in [
        Fault::Leaf { index: 3, changed: Changed::Entry },
        Fault::Leaf { index: 270, changed: Changed::Hash },
        Fault::Node { level: 1, n: 2, missing: false },
        Fault::Leaf { index: 1290, changed: Changed::Entry },
    ] {
        assert!(report.faults.contains(&want), "{want} among {:?}", faults(&report));
    }
    assert!(faults(&report).iter().any(|fault| fault.starts_with("the checkpoint of 900 leaves")));
    assert_eq!(report.faults.len(), 5, "{:?}", faults(&report));
}

#[test]
fn a_stored_hash_of_the_wrong_length_is_a_fault_and_no_panic() {
    let mut log = log(700, &[]);
    log.hashes[1].truncate(31);
    log.nodes.get_mut(&(1, 0)).unwrap().push(0);
    log.hashes[699].clear();
    assert_eq!(
        log.verify().faults,
        [
            Fault::Leaf { index: 1, changed: Changed::Hash },
            Fault::Node { level: 1, n: 0, missing: false },
            Fault::Leaf { index: 699, changed: Changed::Hash },
        ]
    );
}

#[test]
fn a_head_that_says_another_root_is_found() {
    let log = log(300, &[]);
    let verifier = signer().verifier();
    for (size, root) in [(300, [0; 32]), (299, log.frontier.root())] {
        let mut check = Check::new(&verifier, log.checkpoints.clone());
        for (index, (entry, hash)) in (0..).zip(log.entries.iter().zip(&log.hashes)) {
            log.feed(&mut check, index, entry, hash);
        }
        assert_eq!(check.finish(size, &root).faults, [Fault::Head { size }]);
    }
}

/// What the one changed thing must be named.
fn flip(log: &mut Log, at: prop::sample::Index, change: u8) -> Fault {
    let entries: usize = log.entries.iter().map(Vec::len).sum();
    let (hashes, nodes) = (log.hashes.len() * 32, log.nodes.len() * 32);
    let notes: usize = log.checkpoints.iter().map(|(_, note)| note.len()).sum();
    let mut at = at.index(entries + hashes + nodes + notes);
    for (index, entry) in (0..).zip(&mut log.entries) {
        if at < entry.len() {
            entry[at] ^= change;
            return Fault::Leaf { index, changed: Changed::Entry };
        }
        at -= entry.len();
    }
    if at < hashes {
        log.hashes[at / 32][at % 32] ^= change;
        return Fault::Leaf { index: at as u64 / 32, changed: Changed::Hash };
    }
    at -= hashes;
    if at < nodes {
        let (place, node) = log.nodes.iter_mut().nth(at / 32).unwrap();
        node[at % 32] ^= change;
        return Fault::Node { level: place.0, n: place.1, missing: false };
    }
    at -= nodes;
    for (size, note) in &mut log.checkpoints {
        if at < note.len() {
            let mut bytes = std::mem::take(note).into_bytes();
            bytes[at] ^= change;
            *note = String::from_utf8_lossy(&bytes).into_owned();
            return Fault::Checkpoint { size: *size, why: String::new() };
        }
        at -= note.len();
    }
    Fault::Head { size: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn promise_5_6_any_changed_byte_is_one_fault_named_where_it_is(
        size in 1..900_u64,
        checkpoints in prop::collection::vec(1..900_u64, 0..4),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut log = log(size, &checkpoints);
        let want = flip(&mut log, at, change);
        let report = log.verify();
        prop_assert_eq!(report.faults.len(), 1, "{:?}", faults(&report));
        match (&report.faults[0], &want) {
            (Fault::Checkpoint { size, .. }, Fault::Checkpoint { size: want, .. }) => prop_assert_eq!(size, want),
            (found, want) => prop_assert_eq!(found, want),
        }
    }

    #[test]
    fn any_two_changed_bytes_are_both_named(
        size in 1..900_u64,
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut log = log(size, &[]);
        let wants = [flip(&mut log, one, change), flip(&mut log, other, change)];
        let report = log.verify();
        let at = |fault: &Fault| match fault {
            Fault::Leaf { index, .. } => format!("leaf {index}"),
            Fault::Node { level, n, .. } => format!("node {level}/{n}"),
            other => other.to_string().split(':').next().unwrap_or_default().to_owned(),
        };
        // The same byte changed twice is as it was.
        if wants[0] != wants[1] {
            for want in &wants {
                prop_assert!(report.faults.iter().any(|fault| at(fault) == at(want)), "{:?} in {:?}", want, faults(&report));
            }
        }
    }
}
