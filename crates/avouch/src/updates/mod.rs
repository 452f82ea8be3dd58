//! Chapter 7: which words and facts hold, which held before, and how people learn of a change.

pub mod archive;
pub mod notice;
pub mod publish;
pub mod question;
