//! Chapter 2: use by services, for the purposes they are bound to.

pub mod analytics;
pub mod authority;
pub mod automated;
pub mod bulk;
pub mod exception;
pub mod marketing;
pub mod publish;
pub mod relation;
pub mod service;
