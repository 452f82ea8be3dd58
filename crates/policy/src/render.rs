//! The words of the policy, filled from its facts.
