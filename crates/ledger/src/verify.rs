//! Offline verification: every flipped byte is found and named. Keeps promise 5.6.
//!
//! The log streams by once, in memory that does not grow with it. Each stored thing is held against its neighbours:
//! an entry against its stored hash, 256 stored hashes against the node above them, the right edge against every
//! signed checkpoint. Where two disagree, what stands above them decides which of the two was changed, so that one
//! changed byte is one fault, named where it is.

mod fault;
mod level;

pub use fault::{Changed, Fault, Report};

use std::collections::{BTreeMap, VecDeque};

use crate::frontier::TILE_HEIGHT;
use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::leaf::Leaf;
use crate::note::{Checkpoint, NoteError, Verifier};
use crate::tile::WIDTH;
use level::{Child, Level, Tile, Verdict};

/// Tile levels of a log: its size is a 64-bit number.
const LEVELS: usize = 8;

/// Checks a log as it streams by: leaves in order, with its nodes and checkpoints at hand.
#[derive(Debug)]
pub struct Check<'k> {
    verifier: &'k Verifier,
    /// How many leaves have gone by, missing ones included.
    size: u64,
    levels: [Level; LEVELS],
    /// Full tiles that wait for the stored node above them, each with the level of its children.
    full: VecDeque<(u8, Tile)>,
    /// Stored nodes that have been given but not yet compared.
    answers: BTreeMap<(u8, u64), Option<Vec<u8>>>,
    /// The checkpoints still to come, the next one last.
    checkpoints: Vec<(u64, String)>,
    /// The largest size for which there is a checkpoint, right or wrong.
    newest: u64,
    report: Report,
}

impl<'k> Check<'k> {
    /// Begins. `checkpoints` are the stored notes with the sizes they are stored for.
    #[must_use]
    pub fn new(verifier: &'k Verifier, mut checkpoints: Vec<(u64, String)>) -> Self {
        checkpoints.sort();
        checkpoints.reverse();
        Self {
            verifier,
            size: 0,
            levels: Default::default(),
            full: VecDeque::new(),
            answers: BTreeMap::new(),
            newest: checkpoints.first().map_or(0, |(size, _)| *size),
            checkpoints,
            report: Report::default(),
        }
    }

    /// The next leaf as stored. Gives the nodes it completes, which must be handed to [`Check::node`] before the
    /// next leaf.
    pub fn leaf(&mut self, index: u64, entry: &[u8], stored: &[u8]) -> Vec<(u8, u64)> {
        self.settle();
        if index < self.size {
            let why = "it was given out of order, so it could not be checked".to_owned();
            self.fault(Fault::Entry { index, why });
            return Vec::new();
        }
        let mut completed = Vec::new();
        while self.size < index {
            self.fault(Fault::MissingLeaf { index: self.size });
            self.push(None, &mut completed);
            self.hold_checkpoints();
        }
        self.report.leaves += 1;
        let made = leaf_hash(entry);
        let stored = Hash::try_from(stored).unwrap_or_else(|_| {
            // Not even a hash, so nothing above is needed to tell which was changed.
            self.fault(Fault::Leaf { index, changed: Changed::Hash });
            made
        });
        if stored == made
            && let Err(e) = Leaf::decode(entry)
        {
            self.fault(Fault::Entry { index, why: e.to_string() });
        }
        self.push(Some(Child { stored, made }), &mut completed);
        completed
    }

    /// A node as stored, or nothing when it is missing.
    pub fn node(&mut self, level: u8, n: u64, stored: Option<&[u8]>) {
        self.answers.insert((level, n), stored.map(<[u8]>::to_vec));
    }

    /// Ends, with the stored head's size and root.
    #[must_use]
    pub fn finish(mut self, size: u64, root: &[u8]) -> Report {
        self.settle();
        for index in self.size..size {
            self.fault(Fault::MissingLeaf { index });
        }
        for (size, _) in std::mem::take(&mut self.checkpoints) {
            let why = format!("there are only {} leaves: the log was cut", self.size);
            self.fault(Fault::Checkpoint { size, why });
        }
        // A head that cannot be computed is not called wrong: the missing leaves are the fault.
        if size < self.size || size == self.size && !self.is_broken() && !self.leads_to(root) {
            self.fault(Fault::Head { size });
        }
        if self.newest < self.size {
            self.fault(Fault::Unsigned { from: self.newest, size: self.size });
        }
        for place in 0..LEVELS {
            self.judge(place, Verdict::Open);
        }
        self.report
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults.push(fault);
    }

    /// Adds a leaf and notes the nodes that are complete with it.
    fn push(&mut self, child: Option<Child>, completed: &mut Vec<(u8, u64)>) {
        self.size += 1;
        let mut n = self.size;
        for level in 1.. {
            if !n.is_multiple_of(WIDTH) {
                break;
            }
            n /= WIDTH;
            completed.push((level, n - 1));
        }
        self.push_at(0, child);
    }

    fn push_at(&mut self, level: u8, child: Option<Child>) {
        let tile = self.levels.get_mut(usize::from(level)).and_then(|place| place.push(child));
        // Lower levels come first: a tile is compared before the one it is part of.
        self.full.extend(tile.map(|tile| (level, tile)));
    }

    /// Compares full tiles with the nodes above them, then the right edge with the checkpoints of this size.
    fn settle(&mut self) {
        while let Some((level, tile)) = self.full.pop_front() {
            self.close(level, tile);
        }
        self.answers.clear();
        self.hold_checkpoints();
    }

    /// Holds a full tile against the node above it, and adds that node to its own level.
    fn close(&mut self, level: u8, tile: Tile) {
        let (above, n) = (level + 1, tile.n);
        let answer = self.answers.remove(&(above, n)).flatten();
        let node = answer.as_deref().map(Hash::try_from);
        if node.is_some() && !tile.broken {
            self.report.nodes += 1;
        }
        let same = |hash| Some(Child { stored: hash, made: hash });
        let (verdict, child) = match node {
            None => {
                self.fault(Fault::Node { level: above, n, missing: true });
                let child = Child { stored: tile.stored, made: tile.made };
                (Verdict::Open, (!tile.broken).then_some(child))
            }
            Some(Err(_)) => {
                // Not even a hash.
                self.fault(Fault::Node { level: above, n, missing: false });
                let child = Child { stored: tile.stored, made: tile.made };
                (Verdict::Open, (!tile.broken).then_some(child))
            }
            Some(Ok(node)) if tile.broken => (Verdict::Open, same(node)),
            Some(Ok(node)) if node == tile.stored => (Verdict::Stored, same(node)),
            Some(Ok(node)) if node == tile.made => (Verdict::Made, same(node)),
            Some(Ok(node)) => (Verdict::Open, Some(Child { stored: node, made: tile.made })),
        };
        for suspect in tile.suspects {
            self.name(level, suspect, verdict);
        }
        self.push_at(above, child);
    }

    /// Names a hash that differs from what stands below it.
    fn name(&mut self, level: u8, n: u64, verdict: Verdict) {
        let fault = match (level, verdict) {
            (0, Verdict::Stored) => Fault::Leaf { index: n, changed: Changed::Entry },
            (0, Verdict::Made) => Fault::Leaf { index: n, changed: Changed::Hash },
            (0, Verdict::Open) => Fault::Leaf { index: n, changed: Changed::Unknown },
            (_, Verdict::Made | Verdict::Open) => Fault::Node { level, n, missing: false },
            (_, Verdict::Stored) => {
                let height = u32::from(level) * TILE_HEIGHT;
                Fault::Rewritten { first: n << height, last: (n << height) + ((1 << height) - 1) }
            }
        };
        self.fault(fault);
    }

    /// Names the suspects of an open tile.
    fn judge(&mut self, place: usize, verdict: Verdict) {
        let suspects = self.levels.get_mut(place).map(|level| level.settle(verdict)).unwrap_or_default();
        for n in suspects {
            // There are eight levels.
            self.name(u8::try_from(place).unwrap_or(u8::MAX), n, verdict);
        }
    }

    fn hold_checkpoints(&mut self) {
        while let Some((size, _)) = self.checkpoints.last()
            && *size <= self.size
        {
            if let Some((size, note)) = self.checkpoints.pop() {
                self.hold(size, &note);
            }
        }
    }

    /// Holds the right edge of the tree against a checkpoint.
    fn hold(&mut self, size: u64, note: &str) {
        self.report.checkpoints += 1;
        let signed = self.report.signed;
        let outcome = self.verifier.open(note).and_then(Checkpoint::from_text).map_err(|e| e.to_string());
        let why = match outcome {
            Err(e) => e,
            Ok(told) if told.origin != self.verifier.name() => NoteError::Form("it is of another log").to_string(),
            Ok(told) if told.size != size || size != self.size => {
                NoteError::Form("it says another size than it is stored for").to_string()
            }
            Ok(_) if self.is_broken() => "it could not be checked, as leaves before it are missing".to_owned(),
            Ok(told) if self.leads_to(&told.root) => {
                self.report.signed = size;
                return;
            }
            Ok(_) => format!(
                "its root is not that of the leaves: leaves from {signed} on were changed together with their \
                 hashes, or another tree was signed"
            ),
        };
        self.fault(Fault::Checkpoint { size, why });
    }

    fn is_broken(&self) -> bool {
        !self.full.is_empty() || self.levels.iter().any(|level| level.broken)
    }

    /// Whether the leaves lead to this root. Where stored hashes and what stands below them differ, either may be
    /// right, level by level: the root says which, and the suspects are named.
    fn leads_to(&mut self, root: &[u8]) -> bool {
        let doubtful: Vec<usize> =
            (0_usize..).zip(&self.levels).filter_map(|(place, level)| level.made.is_some().then_some(place)).collect();
        // Eight levels, so at most 256 ways; without doubt there is one.
        for way in 0..1_u32 << doubtful.len() {
            let made =
                |place: usize| doubtful.iter().position(|doubt| *doubt == place).is_some_and(|bit| way >> bit & 1 == 1);
            if self.root(made) == root {
                for place in &doubtful {
                    self.judge(*place, if made(*place) { Verdict::Made } else { Verdict::Stored });
                }
                return true;
            }
        }
        false
    }

    /// The root of the leaves so far, each level taken as stored or as made from below.
    fn root(&self, made: impl Fn(usize) -> bool) -> Hash {
        let mut root: Option<Hash> = None;
        for (place, level) in self.levels.iter().enumerate() {
            let tile = level.made.as_ref().filter(|_| made(place)).unwrap_or(&level.stored);
            for peak in tile.peaks().iter().rev() {
                root = Some(root.map_or(*peak, |right| node_hash(peak, &right)));
            }
        }
        root.unwrap_or_else(empty_root)
    }
}
