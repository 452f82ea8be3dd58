//! How a use case can fail, in words for the person who reads them. Faces translate by the code.

use avouch_policy::Refusal;
use avouch_store::{Denied, Flow, NotApproved, StoreError};

use crate::messages::Undelivered;

/// What is wrong with one field of a form or body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldFault {
    /// The field: an item's name.
    pub field: String,
    /// What is wrong, as a message key: `required`, `too-short`, `not-an-email` …
    pub code: &'static str,
    /// What is wrong, in English.
    pub text: String,
}

impl FieldFault {
    pub(crate) fn new(field: &str, code: &'static str, text: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, text: text.into() }
    }
}

/// Why a use case did not do what was asked. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The gate refused; the refusal is recorded.
    #[error("refused: {}", codes(&.0.refusal))]
    Refused(Box<Denied>),
    /// What was sent is not right.
    #[error("not accepted: {}", .0.iter().map(|f| format!("{}: {}", f.field, f.text)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldFault>),
    /// Somebody has this already.
    #[error("these details cannot be used; log in if they are yours, or use others")]
    Taken(String),
    /// Wrong name or password; which, nobody is told.
    #[error("the name or the password is not right")]
    WrongLogin,
    /// Too many tries.
    #[error("too many tries; wait {0} minutes")]
    TooMany(u64),
    /// The password must be shown once more.
    #[error("show your password once more for this")]
    NeedsProof,
    /// A code is wrong, was used, is over, or never was; which, nobody is told.
    #[error("the code is not right, or is over; ask for a new one")]
    WrongCode,
    /// The first factor was right; the second is asked for in this flow.
    #[error("a code of the second factor is needed")]
    NeedsFactor(Flow),
    /// A passkey's answer is wrong, was used, is over, or is nobody's here; which, nobody is told.
    #[error("the passkey could not be checked; try again, or use another way")]
    WrongPasskey,
    /// A passkey's counter went back: there may be a copy of it.
    #[error("this passkey may have been copied; log in another way, remove it and make a new one")]
    CopiedPasskey,
    /// Without it its person could not get in any more.
    #[error("this is the last way into the account; set a password or verify a contact first")]
    LastWayIn,
    /// A contact is changed by a code that goes to the new one.
    #[error("a code is sent to the new contact first")]
    NeedsCode,
    /// A phone's code alone is not enough here: the number may be somebody else's by now.
    #[error("a code to this number alone is not enough; use another way, or contact us")]
    NumberAlone,
    /// A message could not be sent.
    #[error(transparent)]
    Undelivered(Undelivered),
    /// A child needs a guardian's consent first (PIPL 31).
    #[error("a guardian must agree first")]
    NeedsGuardian,
    /// An upload stands at another byte than the one it was gone on with.
    #[error("the upload stands at byte {0}; go on from there")]
    Offset(u64),
    /// There is no such thing, or it is not yours.
    #[error("there is no such thing here")]
    NotFound,
    /// A second person has not allowed it, or not exactly it.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// It cannot be done in this state.
    #[error("{0}")]
    NotNow(String),
    /// The store cannot.
    #[error(transparent)]
    Store(StoreError),
}

fn codes(refusal: &Refusal) -> String {
    refusal.reasons.iter().map(|r| r.code.name()).collect::<Vec<_>>().join(", ")
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Gone | StoreError::NoRecord => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        Self::Refused(Box::new(denied))
    }
}
