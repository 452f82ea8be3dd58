//! Proof of what was done: a Merkle log that outsiders can check.
//!
//! RFC 6962 hashing, tlog-tiles layout, signed notes and checkpoints as C2SP specifies them. Pure: the
//! store keeps the rows, this crate says what they must be. The format is told in
//! `docs/ledger-format.md`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests"))]

pub mod frontier;
pub mod hash;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod tile;
pub mod verify;
