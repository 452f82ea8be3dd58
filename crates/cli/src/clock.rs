//! The system's time: the one place that asks for it.

use avouch_store::Clock;
use jiff::Timestamp;

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the server's clock; everything else is given a time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
