//! Measurement: workloads and baselines.
