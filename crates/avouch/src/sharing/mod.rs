//! Chapter 4: who else gets data, on what terms, and what they are told afterwards.

pub mod notices;
pub mod recipients;
