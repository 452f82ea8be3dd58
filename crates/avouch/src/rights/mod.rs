//! Chapter 6: what people can do with what is held of them.

pub mod cancel;
pub mod consent;
pub mod correct;
pub mod delete;
pub mod export;
pub mod guardian;
pub mod identity;
pub mod port;
pub mod request;
pub mod restrict;
pub mod see;

/// The purpose people exercise their rights under.
pub const PURPOSE: &str = "rights";
