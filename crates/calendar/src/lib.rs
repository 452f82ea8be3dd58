//! Statutory working days and deadlines, pure
