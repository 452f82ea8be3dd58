//! What holds of every tree: it only grows, and each leaf can be shown to be in it. Shows promise 5.5.

use avouch_ledger::frontier::Frontier;
use avouch_ledger::hash::{empty_root, leaf_hash};
use avouch_ledger::proof::{self, consistency, inclusion, verify_consistency, verify_inclusion};
use proptest::prelude::*;

use crate::log::Log;

fn log(size: u64) -> Log {
    let mut log = Log::default();
    for n in 0..size {
        log.append(n.to_be_bytes().to_vec());
    }
    log
}

fn root(size: u64) -> [u8; 32] {
    log(size).frontier.root()
}

#[test]
fn an_empty_tree_has_no_root_to_look_up_and_no_leaf_to_prove() {
    let log = log(0);
    assert_eq!(proof::root(0, &log), None);
    assert_eq!(proof::peaks(0, &log), Some(Vec::new()));
    assert_eq!(inclusion(0, 0, &log), None);
    assert_eq!(consistency(0, 0, &log), Some(Vec::new()));
}

#[test]
fn every_tree_begins_with_the_empty_one_and_nothing_else_of_size_zero() {
    let new = root(5);
    assert!(verify_consistency(0, 5, &empty_root(), &new, &[]));
    assert!(!verify_consistency(0, 5, &[1; 32], &new, &[]));
    assert!(!verify_consistency(0, 5, &empty_root(), &new, &[[1; 32]]));
}

#[test]
fn what_is_outside_cannot_be_proven() {
    let log = log(5);
    assert_eq!(inclusion(5, 5, &log), None);
    assert_eq!(inclusion(6, 0, &log), None, "a leaf of the sixth is missing");
    assert_eq!(consistency(5, 4, &log), None);
    assert!(!verify_inclusion(5, 5, [0; 32], &[], &[0; 32]));
    assert!(!verify_consistency(5, 4, &[0; 32], &[0; 32], &[]));
}

#[test]
fn peaks_that_cannot_belong_to_a_size_are_refused() {
    assert_eq!(Frontier::from_parts(3, vec![[0; 32]]), None);
    assert_eq!(Frontier::from_parts(0, vec![[0; 32]]), None);
    assert!(Frontier::from_parts(0, Vec::new()).is_some());
}

#[test]
fn the_largest_size_does_not_panic() {
    let mut frontier = Frontier::from_parts(u64::MAX, vec![[0; 32]; 64]).unwrap();
    frontier.append([0; 32], |_| {});
    assert!(!verify_inclusion(u64::MAX, u64::MAX - 1, [0; 32], &[[0; 32]; 64], &[0; 32]));
    assert!(!verify_consistency(u64::MAX - 1, u64::MAX, &[0; 32], &[0; 32], &[[0; 32]; 64]));
}

#[test]
fn appending_tells_of_each_node_at_a_tile_level_once() {
    let log = log(65_536 + 256);
    let ones = (0..257).map(|n| (1, n));
    assert_eq!(log.nodes.keys().copied().collect::<Vec<_>>(), ones.chain([(2, 0)]).collect::<Vec<_>>());
    for ((level, n), hash) in &log.nodes {
        let width = 256_u64.pow(u32::from(*level));
        let mut alone = Frontier::new();
        for index in n * width..(n + 1) * width {
            alone.append(leaf_hash(&index.to_be_bytes()), |_| {});
        }
        assert_eq!(alone.root().as_slice(), hash);
    }
}

proptest! {
    #[test]
    fn any_two_sizes_are_consistent_and_no_other_root_is(
        old in 1..1500_u64, more in 0..1500_u64, bit in 0..256_usize, which in any::<prop::sample::Index>(),
    ) {
        let new = old + more;
        let (old_root, new_root) = (root(old), root(new));
        let proof = consistency(old, new, &log(new)).unwrap();
        prop_assert!(verify_consistency(old, new, &old_root, &new_root, &proof));
        let mut other = old_root;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify_consistency(old, new, &other, &new_root, &proof));
        let mut other = new_root;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify_consistency(old, new, &old_root, &other, &proof));
        if !proof.is_empty() {
            let mut other = proof.clone();
            let which = which.index(proof.len());
            other[which][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_consistency(old, new, &old_root, &new_root, &other));
            prop_assert!(!verify_consistency(old, new, &old_root, &new_root, &proof[1..]));
        }
        let longer = [proof.as_slice(), &[[0; 32]]].concat();
        prop_assert!(!verify_consistency(old, new, &old_root, &new_root, &longer));
    }

    #[test]
    fn every_leaf_is_in_its_tree_and_nowhere_else(
        size in 1..1500_u64, index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        let log = log(size);
        let root = log.frontier.root();
        let index = index.index(size as usize) as u64;
        let leaf = leaf_hash(&log.entries[index as usize]);
        let proof = inclusion(size, index, &log).unwrap();
        prop_assert!(verify_inclusion(size, index, leaf, &proof, &root));
        prop_assert!(!verify_inclusion(size, index, leaf, &proof, &[0; 32]));
        prop_assert!(!verify_inclusion(size, index, leaf_hash(b"another"), &proof, &root));
        let longer = [proof.as_slice(), &[[0; 32]]].concat();
        prop_assert!(!verify_inclusion(size, index, leaf, &longer, &root));
        let other = other.index(size as usize) as u64;
        if other != index {
            prop_assert!(!verify_inclusion(size, other, leaf, &proof, &root));
        }
    }

    #[test]
    fn a_frontier_rebuilt_from_stored_nodes_is_the_one_appended_to(size in 0..3000_u64) {
        let log = log(size);
        let rebuilt = Frontier::from_parts(size, proof::peaks(size, &log).unwrap()).unwrap();
        prop_assert_eq!(&rebuilt, &log.frontier);
        if size > 0 {
            prop_assert_eq!(proof::root(size, &log), Some(log.frontier.root()));
        }
    }

    #[test]
    fn random_proofs_never_panic(
        size in any::<u64>(), small in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        prop_assert!(!verify_inclusion(size, small, [1; 32], &proof, &[2; 32]));
        prop_assert!(!verify_consistency(small, size, &[1; 32], &[2; 32], &proof));
    }
}
