//! Where data rests: standing, permits, sealed records, ledger leaves, on SQLite and PostgreSQL
