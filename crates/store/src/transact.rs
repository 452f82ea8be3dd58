//! A use case's transaction: named, repeatable, all or nothing, with its leaves in the same commit.

use std::future::Future;

use avouch_seal::SubjectId;

use crate::engine::Hold;
use crate::error::StoreError;
use crate::tx::Tx;

/// One named transaction. Its struct holds what it needs, [`Transact::run`] says what it does.
///
/// The engine groups many of them into one durable commit, each in its savepoint, and may run one
/// again when the database asks for it: `run` must do the same thing each time and await nothing
/// but the transaction it is given.
pub trait Transact: Send + 'static {
    /// Its name, in errors and metrics.
    const NAME: &'static str;
    /// What it gives once it is durable.
    type Out: Send + 'static;
    /// How it can fail. A failed transaction leaves nothing behind, no leaf either.
    type Fault: From<StoreError> + Send + 'static;

    /// The subjects it touches, and how. Asking for another in `run` is refused.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>);

    /// What it does.
    ///
    /// # Errors
    /// Whatever the use case refuses or the store cannot do; everything is undone.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Out, Self::Fault>> + Send;
}
