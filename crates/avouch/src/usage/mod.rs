//! Chapter 2: use by services, for the purposes they are bound to.

pub mod bulk;
pub mod publish;
pub mod service;
