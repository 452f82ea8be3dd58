//! The promises kept: the gate and one folder a chapter of the policy
