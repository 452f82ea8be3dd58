//! Chapter 4: who else gets data, on what terms, and what they are told afterwards.

pub mod deliver;
pub mod egress;
pub mod notices;
pub mod outlet;
pub mod recipients;
pub mod redact;
pub mod template;
pub mod tokens;
