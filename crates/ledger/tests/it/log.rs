//! A log in memory, as a store would keep it.

use std::collections::BTreeMap;

use avouch_ledger::frontier::Frontier;
use avouch_ledger::hash::{Hash, leaf_hash};
use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_ledger::note::{Checkpoint, Signer};
use avouch_ledger::proof::Nodes;
use avouch_ledger::verify::{Check, Report};

pub(crate) const ORIGIN: &str = "log.example/2026";

pub(crate) fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[7; 32]).unwrap()
}

/// A small leaf that differs by its number.
pub(crate) fn leaf(n: u64) -> Leaf {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&n.to_be_bytes());
    Leaf {
        at: 1_767_225_600_000 + n as i64,
        act: "use".into(),
        outcome: Outcome::Done,
        party: "service".into(),
        actor: "plaza".into(),
        purpose: "delivery".into(),
        basis: "contract".into(),
        items: vec!["phone".into()],
        recipient: None,
        region: "cn".into(),
        policy: [0xaa; 32],
        reasons: Vec::new(),
        salt,
        subject: Some([0xcc; 16]),
        commitment: None,
        batch: None,
    }
}

#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) hashes: Vec<Vec<u8>>,
    pub(crate) nodes: BTreeMap<(u8, u64), Vec<u8>>,
    pub(crate) checkpoints: Vec<(u64, String)>,
    pub(crate) frontier: Frontier,
}

impl Log {
    pub(crate) fn append(&mut self, entry: Vec<u8>) {
        let hash = leaf_hash(&entry);
        self.entries.push(entry);
        self.hashes.push(hash.to_vec());
        let nodes = &mut self.nodes;
        self.frontier.append(hash, |(level, n, hash)| {
            nodes.insert((level, n), hash.to_vec());
        });
    }

    pub(crate) fn sign(&mut self) {
        let head = Checkpoint { origin: ORIGIN.into(), size: self.frontier.size(), root: self.frontier.root() };
        self.checkpoints.push((head.size, signer().sign(&head.to_text())));
    }

    /// Verifies the log with the head it was appended to.
    pub(crate) fn verify(&self) -> Report {
        let verifier = signer().verifier();
        let mut check = Check::new(&verifier, self.checkpoints.clone());
        for (index, (entry, hash)) in (0..).zip(self.entries.iter().zip(&self.hashes)) {
            self.feed(&mut check, index, entry, hash);
        }
        check.finish(self.frontier.size(), &self.frontier.root())
    }

    pub(crate) fn feed(&self, check: &mut Check<'_>, index: u64, entry: &[u8], hash: &[u8]) {
        for (level, n) in check.leaf(index, entry, hash) {
            check.node(level, n, self.nodes.get(&(level, n)).map(Vec::as_slice));
        }
    }
}

impl Nodes for Log {
    fn leaf(&self, index: u64) -> Option<Hash> {
        self.hashes.get(index as usize).map(|hash| hash.as_slice().try_into().unwrap())
    }

    fn node(&self, level: u8, n: u64) -> Option<Hash> {
        self.nodes.get(&(level, n)).map(|hash| hash.as_slice().try_into().unwrap())
    }
}
