//! What is promised: the policy as facts and words, and the pure decision on every use
