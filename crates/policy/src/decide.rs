//! The pure decision on every use.
