//! Proof of what was done: a Merkle log with signed checkpoints and an offline verifier
