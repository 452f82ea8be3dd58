//! Inclusion and consistency proofs (RFC 9162 section 2.1), from stored hashes.

use crate::frontier::TILE_HEIGHT;
use crate::hash::{Hash, empty_root, node_hash};

/// Where a tree's hashes are kept: leaves, and nodes at tile levels only.
pub trait Nodes {
    /// The hash of a leaf.
    fn leaf(&self, index: u64) -> Option<Hash>;
    /// The node at a tile level (1 and up) that covers leaves `[n·256^level, (n+1)·256^level)`.
    fn node(&self, level: u8, n: u64) -> Option<Hash>;
}

/// The largest power of two below `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The root of the leaves `[from, to)`, `to > from`; `from` aligned as RFC 9162 subtrees are.
fn range(nodes: &impl Nodes, from: u64, to: u64) -> Option<Hash> {
    let width = to.checked_sub(from).filter(|width| *width > 0)?;
    if width == 1 {
        return nodes.leaf(from);
    }
    let height = width.trailing_zeros();
    if width.is_power_of_two()
        && height.is_multiple_of(TILE_HEIGHT)
        && let Ok(level) = u8::try_from(height / TILE_HEIGHT)
        && from.is_multiple_of(width)
        && let Some(hash) = nodes.node(level, from >> height)
    {
        return Some(hash);
    }
    let middle = from + split(width);
    Some(node_hash(&range(nodes, from, middle)?, &range(nodes, middle, to)?))
}

/// The root of the first `size` leaves; nothing when a hash is missing or the tree is empty.
#[must_use]
pub fn root(size: u64, nodes: &impl Nodes) -> Option<Hash> {
    range(nodes, 0, size)
}

/// The perfect subtrees of a tree of `size` leaves, for [`crate::frontier::Frontier::from_parts`].
#[must_use]
pub fn peaks(size: u64, nodes: &impl Nodes) -> Option<Vec<Hash>> {
    let mut out = Vec::new();
    let mut from = 0;
    for bit in (0..64).rev() {
        let width = 1_u64 << bit;
        if size & width != 0 {
            out.push(range(nodes, from, from + width)?);
            from += width;
        }
    }
    Some(out)
}

/// The proof that leaf `index` is in the tree of `size` leaves; nothing when it is not, or a hash is missing.
#[must_use]
pub fn inclusion(size: u64, index: u64, nodes: &impl Nodes) -> Option<Vec<Hash>> {
    fn path(nodes: &impl Nodes, index: u64, from: u64, to: u64, out: &mut Vec<Hash>) -> Option<()> {
        if to - from == 1 {
            return Some(());
        }
        let middle = from + split(to - from);
        if index < middle {
            path(nodes, index, from, middle, out)?;
            out.push(range(nodes, middle, to)?);
        } else {
            path(nodes, index, middle, to, out)?;
            out.push(range(nodes, from, middle)?);
        }
        Some(())
    }
    if index >= size {
        return None;
    }
    let mut out = Vec::new();
    path(nodes, index, 0, size, &mut out)?;
    Some(out)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves.
#[must_use]
pub fn consistency(old: u64, new: u64, nodes: &impl Nodes) -> Option<Vec<Hash>> {
    fn path(nodes: &impl Nodes, old: u64, from: u64, to: u64, whole: bool, out: &mut Vec<Hash>) -> Option<()> {
        if old == to - from {
            if !whole {
                out.push(range(nodes, from, to)?);
            }
            return Some(());
        }
        let k = split(to - from);
        if old <= k {
            path(nodes, old, from, from + k, whole, out)?;
            out.push(range(nodes, from + k, to)?);
        } else {
            path(nodes, old - k, from + k, to, false, out)?;
            out.push(range(nodes, from, from + k)?);
        }
        Some(())
    }
    if old > new {
        return None;
    }
    let mut out = Vec::new();
    if old > 0 && old < new {
        path(nodes, old, 0, new, true, &mut out)?;
    }
    Some(out)
}

/// Whether a proof shows that a leaf is at `index` of the tree with this root.
#[must_use]
pub fn verify_inclusion(size: u64, index: u64, leaf: Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether a proof shows that the old tree is the beginning of the new one.
#[must_use]
pub fn verify_consistency(old: u64, new: u64, old_root: &Hash, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    let mut steps = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            from_old = node_hash(step, &from_old);
            from_new = node_hash(step, &from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == *old_root && from_new == *new_root
}
