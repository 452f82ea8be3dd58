//! Chapter 2: use by services, for the purposes they are bound to.

pub mod analytics;
pub mod automated;
pub mod bulk;
pub mod marketing;
pub mod publish;
pub mod service;
