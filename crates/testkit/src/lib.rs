//! For tests only: simulated clock, faulty store, builders, a PostgreSQL of its own
