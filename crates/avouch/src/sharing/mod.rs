//! Chapter 4: who else gets data, and what happens when the business changes hands.

pub mod hand_over;
pub mod transfer;
