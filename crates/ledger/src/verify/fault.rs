//! What a verification finds, in words for the person who reads it.

use std::fmt;

/// Which of two things that disagree was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// The entry; its stored hash is the one that was signed.
    Entry,
    /// The stored hash; the entry is the one that was signed.
    Hash,
    /// One or both: nothing intact above them says which.
    Unknown,
}

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
        /// Which of the two was changed.
        changed: Changed,
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
    /// Leaves were changed together with their hashes: the node above them is right and they do not make it.
    Rewritten {
        /// The first leaf below the node.
        first: u64,
        /// The last leaf below the node.
        last: u64,
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
    /// No checkpoint covers the last leaves, so nothing shows that they are genuine.
    Unsigned {
        /// The first leaf that is not covered.
        from: u64,
        /// The size of the log.
        size: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLeaf { index } => write!(f, "leaf {index} is missing"),
            Self::Leaf { index, changed: Changed::Entry } => {
                write!(f, "leaf {index}: its entry was changed after it was logged")
            }
            Self::Leaf { index, changed: Changed::Hash } => {
                write!(f, "leaf {index}: its stored hash was changed; its entry is as it was logged")
            }
            Self::Leaf { index, changed: Changed::Unknown } => {
                write!(f, "leaf {index}: its entry and its stored hash disagree; one or both were changed")
            }
            Self::Entry { index, why } => write!(f, "leaf {index}: {why}"),
            Self::Node { level, n, missing: true } => write!(f, "node {n} of tile level {level} is missing"),
            Self::Node { level, n, missing: false } => {
                write!(f, "node {n} of tile level {level} is not what its leaves make it")
            }
            Self::Rewritten { first, last } => {
                write!(f, "leaves {first} to {last}: some were changed together with their hashes")
            }
            Self::Checkpoint { size, why } => write!(f, "the checkpoint of {size} leaves: {why}"),
            Self::Head { size } => write!(f, "the head says {size} leaves with another root than the leaves make"),
            Self::Unsigned { from, size } => write!(
                f,
                "leaves {from} to {} are covered by no checkpoint, so nothing shows that they are genuine",
                size.saturating_sub(1)
            ),
        }
    }
}

/// What verification found.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Report {
    /// Leaves read.
    pub leaves: u64,
    /// Stored nodes compared.
    pub nodes: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// How many leaves, from the first, the last right checkpoint covers.
    pub signed: u64,
    /// Everything that is wrong; empty when the log is whole.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }
}
