//! Chapter 8: by when what is written to us is answered.
//!
//! Keeps promise 8.2 as far as the due date: working days by the calendar the policy names.

pub mod calendar;
pub mod clock;
