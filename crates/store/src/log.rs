//! The ledger as rows: leaves with their hashes, nodes at tile levels, signed heads.
//!
//! One log per writing node; the head is compared before it is moved, so a second writer of the same
//! log is found at once. See ADR 0002.

use avouch_ledger::frontier::Frontier;
use avouch_ledger::hash::{Hash, leaf_hash};
use avouch_ledger::note::{Checkpoint, Signer};
use avouch_ledger::proof::{self, Nodes};
use avouch_ledger::tile::WIDTH;

use crate::engine::{Db, Val};
use crate::error::StoreError;
use crate::tx::PendingLeaf;

/// The head of the log this node writes.
pub(crate) struct LogHead {
    name: String,
    signer: Signer,
    frontier: Frontier,
    /// What is in memory may not be what was committed: read it again first.
    pub(crate) stale: bool,
}

impl LogHead {
    pub(crate) fn new(name: String, signer: Signer) -> Self {
        Self { name, signer, frontier: Frontier::new(), stale: true }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Reads the head from what is committed, or begins the log.
    pub(crate) async fn reload(&mut self, db: &mut Db<'_>) -> Result<(), StoreError> {
        let verifier = self.signer.verifier().to_string();
        db.execute(
            "INSERT INTO log (log, size, root, verifier) VALUES (?1, 0, ?2, ?3) ON CONFLICT (log) DO NOTHING",
            &[Val::Text(&self.name), Val::Blob(&avouch_ledger::hash::empty_root()), Val::Text(&verifier)],
        )
        .await?;
        let row = db
            .first("SELECT size, root, verifier FROM log WHERE log = ?1", &[Val::Text(&self.name)])
            .await?
            .ok_or_else(|| StoreError::Unreadable(format!("the log '{}' has no head", self.name)))?;
        if row.text(2)? != verifier {
            return Err(StoreError::CannotRecord(format!(
                "the log '{}' is signed by another key than this node holds; give this node its own name, or put \
                 the key store back that belongs to this data",
                self.name
            )));
        }
        let size = row.uint(0)?;
        let nodes = RightEdge::load(db, &self.name, size).await?;
        let frontier = proof::peaks(size, &nodes)
            .and_then(|peaks| Frontier::from_parts(size, peaks))
            .filter(|f| f.root() == row.blob(1).unwrap_or_default())
            .ok_or_else(|| {
                StoreError::CannotRecord(format!(
                    "the log '{}' is damaged: its leaves do not make its head. Run `avouch ledger verify` to see \
                     where, and restore from a backup",
                    self.name
                ))
            })?;
        self.frontier = frontier;
        self.stale = false;
        Ok(())
    }

    /// Writes the leaves of a commit, the nodes they complete, and the signed head. Gives the new frontier,
    /// which holds only once the commit has succeeded.
    pub(crate) async fn append(
        &self,
        db: &mut Db<'_>,
        leaves: &[PendingLeaf],
        _shared: &crate::store::Shared,
    ) -> Result<Frontier, StoreError> {
        let mut frontier = self.frontier.clone();
        let mut completed = Vec::new();
        for leaf in leaves {
            let index = frontier.size();
            let hash = leaf_hash(&leaf.entry);
            frontier.append(hash, |node| completed.push(node));
            db.execute(
                "INSERT INTO leaf (log, idx, entry, hash) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Text(&self.name), index.into(), Val::Blob(&leaf.entry), Val::Blob(&hash)],
            )
            .await?;
            for subject in &leaf.subjects {
                let place = [Val::Blob(subject.id()), leaf.at.into(), Val::Text(&self.name), index.into()];
                match &leaf.hidden {
                    None => {
                        let sql = "INSERT INTO subject_leaf (subject, at, log, idx) VALUES (?1, ?2, ?3, ?4)";
                        db.execute(sql, &place).await?;
                    }
                    Some(by) => {
                        let [subject, at, log, index] = place;
                        let sql = "INSERT INTO hidden_leaf (subject, at, log, idx, hidden) VALUES (?1, ?2, ?3, ?4, ?5)";
                        db.execute(sql, &[subject, at, log, index, Val::Blob(by)]).await?;
                    }
                }
            }
        }
        for (level, n, hash) in &completed {
            db.execute(
                "INSERT INTO node (log, level, n, hash) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Text(&self.name), Val::Int(i64::from(*level)), (*n).into(), Val::Blob(hash)],
            )
            .await?;
        }
        let root = frontier.root();
        let moved = db
            .execute(
                "UPDATE log SET size = ?2, root = ?3 WHERE log = ?1 AND size = ?4",
                &[Val::Text(&self.name), frontier.size().into(), Val::Blob(&root), self.frontier.size().into()],
            )
            .await?;
        if moved != 1 {
            return Err(StoreError::CannotRecord(format!(
                "another process writes the log '{}'; give each node its own name",
                self.name
            )));
        }
        let checkpoint = Checkpoint { origin: self.signer.name().to_owned(), size: frontier.size(), root };
        let note = self.signer.sign(&checkpoint.to_text());
        db.execute(
            "INSERT INTO checkpoint (log, block, size, note) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (log, block) DO UPDATE SET size = excluded.size, note = excluded.note",
            &[Val::Text(&self.name), (frontier.size() / WIDTH).into(), frontier.size().into(), Val::Text(&note)],
        )
        .await?;
        Ok(frontier)
    }

    pub(crate) fn advance(&mut self, frontier: Frontier) {
        self.frontier = frontier;
    }
}

/// The stored hashes that a proof over the whole tree needs: at each level the last incomplete tile, and
/// for one leaf the tiles it is in.
pub(crate) struct RightEdge {
    leaves: std::collections::BTreeMap<u64, Hash>,
    nodes: std::collections::BTreeMap<(u8, u64), Hash>,
}

impl Nodes for RightEdge {
    fn leaf(&self, index: u64) -> Option<Hash> {
        self.leaves.get(&index).copied()
    }

    fn node(&self, level: u8, n: u64) -> Option<Hash> {
        self.nodes.get(&(level, n)).copied()
    }
}

impl RightEdge {
    pub(crate) async fn load(db: &mut Db<'_>, log: &str, size: u64) -> Result<Self, StoreError> {
        Self::load_with(db, log, size, &[]).await
    }

    /// Also loads the tiles that hold the leaves named, at every level.
    pub(crate) async fn load_with(db: &mut Db<'_>, log: &str, size: u64, through: &[u64]) -> Result<Self, StoreError> {
        let mut edge = Self { leaves: Default::default(), nodes: Default::default() };
        let mut level: u8 = 0;
        let mut width = size;
        loop {
            let mut tiles: Vec<u64> =
                through.iter().map(|leaf| leaf.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0)).collect();
            tiles.push(width / WIDTH);
            tiles.sort_unstable();
            tiles.dedup();
            for tile in tiles {
                let (from, to) = (tile * WIDTH, ((tile + 1) * WIDTH).min(width));
                let rows = if level == 0 {
                    db.query(
                        "SELECT idx, hash FROM leaf WHERE log = ?1 AND idx >= ?2 AND idx < ?3",
                        &[Val::Text(log), from.into(), to.into()],
                    )
                    .await?
                } else {
                    db.query(
                        "SELECT n, hash FROM node WHERE log = ?1 AND level = ?4 AND n >= ?2 AND n < ?3",
                        &[Val::Text(log), from.into(), to.into(), Val::Int(i64::from(level))],
                    )
                    .await?
                };
                for row in rows {
                    if level == 0 {
                        edge.leaves.insert(row.uint(0)?, row.bytes(1)?);
                    } else {
                        edge.nodes.insert((level, row.uint(0)?), row.bytes(1)?);
                    }
                }
            }
            width /= WIDTH;
            level += 1;
            if width == 0 {
                return Ok(edge);
            }
        }
    }
}
