//! Chapter 7: which words and facts hold, and which held before.

pub mod archive;
