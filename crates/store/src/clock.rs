//! Time as a parameter: the store asks its clock and no other.

use jiff::Timestamp;

/// Tells the time. The server gives the system's, tests a simulated one.
pub trait Clock: Send + Sync {
    /// The time now, to the millisecond at least.
    fn now(&self) -> Timestamp;
}
