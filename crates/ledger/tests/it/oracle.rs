//! Roots and proofs held against two other implementations: `ct-merkle` (RFC 6962 in memory) and `tlog_tiles` (which
//! reads our hashes as tiles and checks each tile against the root before it trusts it).

use std::cell::RefCell;
use std::collections::BTreeSet;

use avouch_ledger::proof::{Nodes, consistency, inclusion};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::{Tile, TileHashReader, TileReader};

use crate::log::Log;

/// Serves our stored hashes as tiles of height 8, as a web server would.
struct Served<'l>(&'l Log, RefCell<BTreeSet<String>>);

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            self.1.borrow_mut().insert(tile.path());
            let first = tile.level_index() * 256;
            let hash =
                |n| if tile.level() == 0 { self.0.leaf(n).unwrap() } else { self.0.node(tile.level(), n).unwrap() };
            (first..first + u64::from(tile.width())).flat_map(hash).collect()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn concat(hashes: &[avouch_ledger::hash::Hash]) -> Vec<u8> {
    hashes.concat()
}

#[test]
fn roots_and_proofs_of_every_small_tree_are_those_of_ct_merkle() {
    let mut log = Log::default();
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=70_u64 {
        let entry = crate::log::leaf(size).encode();
        log.append(entry.clone());
        tree.push(entry);
        assert_eq!(log.frontier.root().as_slice(), tree.root().as_bytes().as_slice());
        for index in 0..size {
            let ours = inclusion(size, index, &log).unwrap();
            assert_eq!(concat(&ours), tree.prove_inclusion(index as usize).as_bytes(), "{index} of {size}");
            let grown = index + 1;
            let ours = consistency(grown, size, &log).unwrap();
            let theirs = tree.prove_consistency((size - grown) as usize);
            assert_eq!(concat(&ours), theirs.as_bytes(), "{grown} to {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn roots_and_proofs_over_many_tiles_are_those_of_both_others(
        size in prop_oneof![1..3000_u64, 65_530..65_800_u64],
        pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
    ) {
        let mut log = Log::default();
        let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for n in 0..size {
            let entry = n.to_be_bytes().to_vec();
            log.append(entry.clone());
            tree.push(entry);
        }
        let root = log.frontier.root();
        prop_assert_eq!(root.to_vec(), tree.root().as_bytes().to_vec());
        let served = Served(&log, RefCell::default());
        let reader = TileHashReader::new(size, tlog_tiles::Hash(root), &served);
        for (index, old) in pairs {
            let index = index.index(size as usize) as u64;
            let ours = inclusion(size, index, &log).unwrap();
            let theirs = tree.prove_inclusion(index as usize);
            prop_assert_eq!(concat(&ours), theirs.as_bytes());
            let tiled = tlog_tiles::prove_record(size, index, &reader).unwrap();
            prop_assert_eq!(&ours, &tiled.iter().map(|hash| hash.0).collect::<Vec<_>>());

            let old = 1 + old.index(size as usize) as u64;
            let ours = consistency(old, size, &log).unwrap();
            let theirs = tree.prove_consistency((size - old) as usize);
            prop_assert_eq!(concat(&ours), theirs.as_bytes());
            let tiled = tlog_tiles::prove_tree(size, old, &reader).unwrap();
            prop_assert_eq!(&ours, &tiled.iter().map(|hash| hash.0).collect::<Vec<_>>());
        }
        // Every tile they asked for has a path that we would serve.
        for path in served.1.borrow().iter() {
            prop_assert!(avouch_ledger::tile::parse(&path.replacen("tile/8/", "tile/", 1)).is_some(), "{}", path);
        }
    }
}
