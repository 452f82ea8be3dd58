//! Chapter 4: who else gets data and on what terms, what they are told afterwards, and what happens when the business
//! changes hands.

pub mod deliver;
pub mod egress;
pub mod hand_over;
pub mod notices;
pub mod outlet;
pub mod recipients;
pub mod redact;
pub mod template;
pub mod tokens;
pub mod transfer;
