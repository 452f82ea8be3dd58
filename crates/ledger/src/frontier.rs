//! The right edge of a growing tree: all that appending needs.

use crate::hash::{Hash, empty_root, node_hash};

/// The heights of a tile: 2^8 = 256 hashes.
pub const TILE_HEIGHT: u32 = 8;

/// The perfect subtrees that make up a tree, from the largest to the smallest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// A node at a tile level that an append completed: `(level, n, hash)`, level 1 and up.
pub type Completed = (u8, u64, Hash);

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree from its size and peaks; nothing when the number of peaks cannot belong to that size.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()).ok()? == peaks.len()).then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its perfect subtrees, from the largest to the smallest, as [`Frontier::from_parts`] takes them.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf's hash; tells of each tile-level node it completes.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(Completed)) {
        let mut hash = leaf;
        let mut height = 0;
        let mut size = self.size;
        while size & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            size >>= 1;
            height += 1;
            if height % TILE_HEIGHT == 0
                && let Ok(level) = u8::try_from(height / TILE_HEIGHT)
            {
                completed((level, self.size.checked_shr(height).unwrap_or(0), hash));
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}
