//! The facts interned to dense numbers and bitsets.
