//! What the programs of `src/bin` share: the clock, figures over repetitions, the disk probe, and how a run is
//! told. Each program measures one thing beside its rivals, interleaved, and is void when an answer is wrong.

pub mod figures;
pub mod probe;
pub mod world;
