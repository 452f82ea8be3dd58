//! The service API: `/v1`, JSON, credentials bound to purposes.

pub mod problem;
