//! Chapter 5: how long things are kept, how they go, and what leaves the country.

pub mod anonymous;
pub mod backup;
pub mod border;
pub mod certificate;
pub mod erase;
pub mod forecast;
pub mod inactive;
pub mod reckon;
pub mod retention;
