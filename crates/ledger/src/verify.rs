//! Offline verification: every flipped byte is found and named.

use std::fmt;

use crate::frontier::Frontier;
use crate::hash::{Hash, leaf_hash};
use crate::leaf::Leaf;
use crate::note::{Checkpoint, NoteError, Verifier};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// A leaf is missing.
    MissingLeaf {
        /// Its place.
        index: u64,
    },
    /// A leaf's entry and its stored hash disagree.
    Leaf {
        /// Its place.
        index: u64,
    },
    /// A leaf's entry cannot be read as one.
    Entry {
        /// Its place.
        index: u64,
        /// Why.
        why: String,
    },
    /// A stored node is missing or not what its leaves make it.
    Node {
        /// Its tile level.
        level: u8,
        /// Its place in that level.
        n: u64,
        /// Whether it is missing.
        missing: bool,
    },
    /// A checkpoint does not verify.
    Checkpoint {
        /// The size it is stored for.
        size: u64,
        /// Why.
        why: String,
    },
    /// The head says another size or root than the leaves make.
    Head {
        /// The size it says.
        size: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLeaf { index } => write!(f, "leaf {index} is missing"),
            Self::Leaf { index } => write!(f, "leaf {index}: its entry and its stored hash disagree; one was changed"),
            Self::Entry { index, why } => write!(f, "leaf {index}: {why}"),
            Self::Node { level, n, missing: true } => write!(f, "node {n} of tile level {level} is missing"),
            Self::Node { level, n, missing: false } => {
                write!(f, "node {n} of tile level {level} is not what its leaves make it")
            }
            Self::Checkpoint { size, why } => write!(f, "the checkpoint of {size} leaves: {why}"),
            Self::Head { size } => write!(f, "the head says {size} leaves with another root than the leaves make"),
        }
    }
}

/// What verification found.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Report {
    /// Leaves read.
    pub leaves: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// Everything that is wrong; empty when the log is whole.
    pub faults: Vec<Fault>,
}

/// Checks a log as it streams by: leaves in order, with its nodes and checkpoints at hand.
#[derive(Debug)]
pub struct Check<'k> {
    verifier: &'k Verifier,
    frontier: Frontier,
    report: Report,
    /// Nodes that the leaves so far complete, waiting to be compared.
    expected: Vec<(u8, u64, Hash)>,
    checkpoints: Vec<(u64, String)>,
}

impl<'k> Check<'k> {
    /// Begins. `checkpoints` are the stored notes with the sizes they are stored for, by ascending size.
    #[must_use]
    pub fn new(verifier: &'k Verifier, mut checkpoints: Vec<(u64, String)>) -> Self {
        checkpoints.sort();
        checkpoints.reverse();
        Self { verifier, frontier: Frontier::new(), report: Report::default(), expected: Vec::new(), checkpoints }
    }

    /// The next leaf as stored. Gives the nodes it completes, which must be compared with [`Check::node`].
    pub fn leaf(&mut self, index: u64, entry: &[u8], stored: &[u8]) -> Vec<(u8, u64)> {
        while self.frontier.size() < index {
            // A hole: everything after it would be named wrong too, so fill it and go on.
            self.report.faults.push(Fault::MissingLeaf { index: self.frontier.size() });
            self.push([0; 32]);
        }
        let hash = leaf_hash(entry);
        if stored != hash {
            self.report.faults.push(Fault::Leaf { index });
        }
        if let Err(e) = Leaf::decode(entry) {
            self.report.faults.push(Fault::Entry { index, why: e.to_string() });
        }
        self.report.leaves += 1;
        self.push(hash);
        self.expected.iter().map(|(level, n, _)| (*level, *n)).collect()
    }

    fn push(&mut self, hash: Hash) {
        let expected = &mut self.expected;
        self.frontier.append(hash, |node| expected.push(node));
        while let Some((size, _)) = self.checkpoints.last()
            && *size <= self.frontier.size()
        {
            if let Some((size, note)) = self.checkpoints.pop() {
                self.checkpoint(size, &note);
            }
        }
    }

    /// A node as stored, or nothing when it is missing.
    pub fn node(&mut self, level: u8, n: u64, stored: Option<&[u8]>) {
        let Some(at) = self.expected.iter().position(|(l, i, _)| (*l, *i) == (level, n)) else {
            return;
        };
        let (_, _, hash) = self.expected.swap_remove(at);
        if stored != Some(&hash) {
            self.report.faults.push(Fault::Node { level, n, missing: stored.is_none() });
        }
    }

    fn checkpoint(&mut self, size: u64, note: &str) {
        self.report.checkpoints += 1;
        let outcome = self.verifier.open(note).and_then(Checkpoint::from_text).and_then(|told| {
            if told.origin != self.verifier.name() {
                Err(NoteError::Form("it is of another log"))
            } else if told.size != size || self.frontier.size() != size {
                Err(NoteError::Form("it says another size than it is stored for"))
            } else if told.root != self.frontier.root() {
                Err(NoteError::Form("its root is not that of the leaves"))
            } else {
                Ok(())
            }
        });
        if let Err(e) = outcome {
            self.report.faults.push(Fault::Checkpoint { size, why: e.to_string() });
        }
    }

    /// Ends, with the stored head's size and root.
    #[must_use]
    pub fn finish(mut self, size: u64, root: &[u8]) -> Report {
        while self.frontier.size() < size {
            self.report.faults.push(Fault::MissingLeaf { index: self.frontier.size() });
            self.push([0; 32]);
        }
        for (level, n, _) in std::mem::take(&mut self.expected) {
            self.report.faults.push(Fault::Node { level, n, missing: true });
        }
        for (size, _) in std::mem::take(&mut self.checkpoints) {
            self.report.faults.push(Fault::Checkpoint { size, why: "the log has fewer leaves than it says".into() });
        }
        if self.frontier.size() != size || self.frontier.root() != root {
            self.report.faults.push(Fault::Head { size });
        }
        self.report
    }
}
