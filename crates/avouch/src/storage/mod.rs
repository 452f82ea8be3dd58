//! Chapter 5: how long things are kept, and how they go.

pub mod backup;
pub mod erase;
pub mod retention;
