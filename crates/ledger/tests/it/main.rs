//! The ledger held against published vectors, other implementations and itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::string_slice,
    reason = "a test may fail loudly, also in its helpers"
)]

mod leaf;
mod log;
mod note;
mod oracle;
mod rfc6962;
mod tile;
mod tree;
mod verify;
