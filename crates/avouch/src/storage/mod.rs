//! Chapter 5: how long things are kept, how they go, and what leaves the country.

pub mod backup;
pub mod border;
pub mod erase;
pub mod hold;
pub mod retention;
