//! The published test vectors of RFC 6962 hashing and proofs: certificate-transparency's reference tree of eight
//! leaves.

use avouch_ledger::frontier::Frontier;
use avouch_ledger::hash::{Hash, empty_root, leaf_hash, sha256};
use avouch_ledger::proof::{consistency, inclusion, verify_consistency, verify_inclusion};

use crate::log::Log;

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn show(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| data_encoding::HEXLOWER.encode(hash)).collect()
}

fn tree() -> (Log, Vec<Hash>) {
    let mut log = Log::default();
    let roots = LEAVES.iter().map(|leaf| {
        log.append(hex(leaf));
        log.frontier.root()
    });
    let roots = roots.collect();
    (log, roots)
}

#[test]
fn the_empty_tree_has_the_hash_of_nothing() {
    assert_eq!(Frontier::new().root(), empty_root());
    assert_eq!(show(&[empty_root()]), ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]);
}

#[test]
fn roots_of_one_to_eight_leaves_are_the_published_ones() {
    assert_eq!(show(&tree().1), ROOTS);
}

#[test]
fn inclusion_proofs_are_the_published_ones() {
    let (log, roots) = tree();
    let vectors: [(u64, u64, &[&str]); 4] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ];
    for (index, size, want) in vectors {
        let proof = inclusion(size, index, &log).unwrap();
        assert_eq!(show(&proof), want);
        let leaf = leaf_hash(&hex(LEAVES[index as usize]));
        let root = roots[size as usize - 1];
        assert!(verify_inclusion(size, index, leaf, &proof, &root));
    }
}

#[test]
fn consistency_proofs_are_the_published_ones() {
    let (log, roots) = tree();
    let vectors: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, want) in vectors {
        let proof = consistency(old, new, &log).unwrap();
        assert_eq!(show(&proof), want);
        let root = |size: u64| roots[size as usize - 1];
        assert!(verify_consistency(old, new, &root(old), &root(new), &proof));
    }
}

#[test]
fn a_leaf_longer_than_the_stack_buffer_hashes_the_same_way() {
    for length in [0, 1, 1022, 1023, 1024, 5000] {
        let entry = vec![7_u8; length];
        let prefixed = [&[0], entry.as_slice()].concat();
        assert_eq!(leaf_hash(&entry), sha256(&prefixed));
    }
}
