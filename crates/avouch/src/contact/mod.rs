//! Chapter 8: what is written to us, by when it is answered, and how the answer is given.
//!
//! Keeps promises 8.1 to 8.3.

pub mod attachment;
pub mod calendar;
pub mod case;
pub mod clock;
pub mod desk;
pub mod triage;
