//! Chapter 5.5 and 5.6: passwords, sessions, operators.

pub mod operator;
pub mod password;
pub mod session;
