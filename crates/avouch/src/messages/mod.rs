//! Messages to people: queued with what causes them, opened at sending by a permit, sent by a port.
//!
//! Keeps promises 1.1, 2.1 and 5.5 (ASVS 6.6). A message is a job: it names whom and what, never an address
//! or a code. At sending the gate opens the address, a leaf says so, and a code, where the message carries
//! one, is made then and kept only as its hash. A message sent again carries a new code; the older is void.

pub(crate) mod case;
pub mod file;
pub mod http;
pub mod port;
pub(crate) mod send;
pub mod smtp;
pub(crate) mod words;

pub use port::{Letter, Mailer, Messengers, Sending, SmsGateway, Undelivered};
