//! Chapter 1: what is collected, each with its purpose.

pub mod document;
pub mod egress;
pub mod join;
pub mod put;
pub mod real_name;
pub mod verifier;
