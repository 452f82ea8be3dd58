//! What can go wrong where data rests, told to the person who must mend it.

/// An error of the store. None of them carries personal data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database or a key could not be opened.
    #[error("{0}")]
    Unopened(String),
    /// The data was written by a newer Avouch.
    #[error(
        "the {what} database is at schema {found}, this Avouch knows up to {known}: run the newer version, \
         or restore the backup taken before the upgrade"
    )]
    Newer {
        /// Which database: `data` or `keys`.
        what: &'static str,
        /// The newest migration found in it.
        found: i64,
        /// The newest migration this build knows.
        known: i64,
    },
    /// Somebody else holds what is needed; trying again may succeed.
    #[error("busy: {0}; try again")]
    Busy(String),
    /// A row with that key is there already.
    #[error("already there: {0}")]
    Conflict(String),
    /// Leaves cannot be written, so nothing personal is served: fail closed.
    #[error("cannot record: {0}. Nothing personal is served until this is mended")]
    CannotRecord(String),
    /// The connection broke; whether the last transaction was committed is not known.
    #[error("the database connection broke: {0}. Look before you repeat: the change may have been made")]
    Lost(String),
    /// What is stored cannot be read as what it should be.
    #[error("cannot read what is stored: {0}")]
    Unreadable(String),
    /// A sealed value did not open.
    #[error("cannot open a sealed value: {0}")]
    Sealed(String),
    /// No such person here: never joined, or erased.
    #[error("no such subject: never joined here, or erased")]
    Gone,
    /// No such record, or it is past its end.
    #[error("no such record")]
    NoRecord,
    /// A statement failed for another reason: a defect.
    #[error("the statement '{sql} …' failed: {why}")]
    Statement {
        /// The first words of the statement.
        sql: String,
        /// What the engine said.
        why: String,
    },
    /// A transaction did something it must not: a defect in the use case.
    #[error("the transaction '{name}' is wrong: {why}")]
    Misused {
        /// The transaction's name.
        name: &'static str,
        /// What it did.
        why: String,
    },
    /// The store is closing.
    #[error("the store is closing; try again on another node or after the restart")]
    Closing,
}

impl StoreError {
    /// Whether the same call may succeed later without anybody mending anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Lost(_) | Self::Closing)
    }
}
