//! A clock that stands still until a test moves it, and never goes back.

use std::sync::Mutex;

use avouch_store::Clock;
use jiff::{SignedDuration, Timestamp};

#[derive(Debug)]
pub struct SimClock(Mutex<Timestamp>);

impl SimClock {
    /// A clock at a time such as `2026-12-01T09:00:00Z`.
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().unwrap()))
    }

    pub fn advance(&self, by: SignedDuration) {
        assert!(!by.is_negative(), "time does not go back");
        *self.0.lock().unwrap() += by;
    }

    pub fn days(&self, days: i64) {
        self.advance(SignedDuration::from_hours(24 * days));
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
