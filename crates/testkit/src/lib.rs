//! For tests only: a clock that tests set, randomness that repeats, values that a byte scan finds, a
//! PostgreSQL of the tests' own, and Avouch itself over either engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "test support: a failed step is a failed test"
)]

/// Each named test, a function that is given a fresh [`Home`], run on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::Home::new($crate::Engine::Sqlite).await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::Home::new($crate::Engine::Postgres).await).await; })*
        }
    };
}

pub mod authenticator;
pub mod canary;
pub mod child;
pub mod clock;
pub mod entropy;
pub mod home;
pub mod media;
pub mod openbao;
pub mod outbox;
pub mod postgres;
pub mod staff;
pub mod updates;

pub use authenticator::{Algorithm, Authenticator};
pub use clock::SimClock;
pub use entropy::SeededEntropy;
pub use home::{Engine, Home, policy};
pub use outbox::Outbox;
