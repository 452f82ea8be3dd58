//! Chapter 1: what is collected, each with its purpose.

pub mod join;
pub mod picture;
pub mod put;
pub mod upload;
pub mod video;
