//! What the programs of `src/bin` share: the clock, figures over repetitions, the disk probe, the workloads and
//! who is measured. Each program measures one thing beside its rivals, interleaved, and is void when one answer
//! is wrong.

pub mod figures;
pub mod gate;
pub mod load;
pub mod probe;
pub mod server;
pub mod sql;
pub mod twin;
pub mod world;
