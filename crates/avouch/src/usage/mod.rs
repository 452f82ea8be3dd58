//! Chapter 2: use by services, for the purposes they are bound to.

pub mod bulk;
pub mod exception;
pub mod publish;
pub mod service;
