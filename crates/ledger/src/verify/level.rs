//! One tile level of the tree while its current tile fills up.

use crate::frontier::Frontier;
use crate::hash::Hash;
use crate::tile::WIDTH;

/// A hash as it is stored, and as what stands below it makes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub(super) stored: Hash,
    pub(super) made: Hash,
}

/// Who is right where what is stored and what stands below it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The stored hashes.
    Stored,
    /// What stands below them.
    Made,
    /// Nobody can say.
    Open,
}

/// The open tile of a level.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// How many children it has, missing ones included.
    width: u64,
    /// The number of its first child within the level.
    start: u64,
    /// The tile from the stored hashes.
    pub(super) stored: Frontier,
    /// The tile from what stands below, once the two differ.
    pub(super) made: Option<Frontier>,
    /// The children for which they differ.
    pub(super) suspects: Vec<u64>,
    /// A child is missing, so the tile cannot be hashed.
    pub(super) broken: bool,
}

/// A full tile, to be held against the node above it.
#[derive(Debug)]
pub(super) struct Tile {
    /// The number of the tile within its level, which is that of the node above it.
    pub(super) n: u64,
    /// Its root from the stored hashes.
    pub(super) stored: Hash,
    /// Its root from what stands below them.
    pub(super) made: Hash,
    pub(super) suspects: Vec<u64>,
    pub(super) broken: bool,
}

impl Level {
    /// Adds a child, or a gap where one is missing; gives the tile when it is full.
    pub(super) fn push(&mut self, child: Option<Child>) -> Option<Tile> {
        match child {
            None => self.broken = true,
            Some(Child { stored, made }) => {
                if stored != made {
                    self.suspects.push(self.start + self.width);
                    self.made.get_or_insert_with(|| self.stored.clone());
                }
                self.stored.append(stored, |_| {});
                if let Some(tile) = &mut self.made {
                    tile.append(made, |_| {});
                }
            }
        }
        self.width += 1;
        if self.width < WIDTH {
            return None;
        }
        let full = std::mem::take(self);
        self.start = full.start + WIDTH;
        let stored = full.stored.root();
        Some(Tile {
            n: full.start / WIDTH,
            stored,
            made: full.made.map_or(stored, |tile| tile.root()),
            suspects: full.suspects,
            broken: full.broken,
        })
    }

    /// Takes the suspects away once it is known who is right, and goes on with what is.
    pub(super) fn settle(&mut self, verdict: Verdict) -> Vec<u64> {
        if let Some(made) = self.made.take()
            && verdict == Verdict::Made
        {
            self.stored = made;
        }
        std::mem::take(&mut self.suspects)
    }
}
