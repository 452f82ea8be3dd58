//! Sealing: subject keys, key wrapping, authenticated encryption, blind indexes
