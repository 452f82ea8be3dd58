//! Chapter 1: what is collected, each with its purpose.

pub mod document;
pub mod external;
pub mod import;
pub mod join;
pub mod joint;
pub mod picture;
pub mod put;
pub mod quarantine;
pub mod real_name;
pub mod signal;
pub mod upload;
pub mod verifier;
pub mod video;
