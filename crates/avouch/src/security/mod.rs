//! Chapter 5.5 and 5.6: passwords, passkeys, codes, second factors, limits, sessions, operators.

pub mod approval;
pub mod code;
pub mod factor;
pub mod keys;
pub mod limits;
pub(crate) mod old_hash;
pub mod openbao;
pub mod operator;
pub mod passkey;
pub mod password;
pub mod proxy;
pub mod retrieve;
pub mod session;
pub mod staff;
pub(crate) mod ways_in;
