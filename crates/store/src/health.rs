//! Whether acts can be recorded. When they cannot, nothing personal is served: fail closed, and say so.

use std::sync::{PoisonError, RwLock};

use crate::error::StoreError;

/// Which part is ill, without a word of the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// Leaves cannot be written: a full disk, a damaged log.
    Recording,
    /// The database cannot be reached.
    Connection,
    /// What is stored cannot be read or opened.
    Data,
    /// Something failed that should not.
    Defect,
    /// The store is closing.
    Closing,
}

impl Ill {
    const fn of(fault: &StoreError) -> Self {
        match fault {
            StoreError::CannotRecord(_) => Self::Recording,
            StoreError::Unopened(_) | StoreError::Lost(_) | StoreError::Busy(_) => Self::Connection,
            StoreError::Unreadable(_) | StoreError::Sealed(_) | StoreError::Newer { .. } => Self::Data,
            StoreError::Closing => Self::Closing,
            StoreError::Conflict(_)
            | StoreError::Gone
            | StoreError::NoRecord
            | StoreError::Statement { .. }
            | StoreError::Misused { .. } => Self::Defect,
        }
    }
}

/// What keeps the store from recording, told to health checks, metrics and answers alike.
#[derive(Debug, Default)]
pub struct Health {
    fault: RwLock<Option<(Ill, String)>>,
}

impl Health {
    pub(crate) fn well(&self) {
        let failing = self.fault.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if failing {
            *self.fault.write().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::info!("acts are recorded again");
        }
    }

    pub(crate) fn failing(&self, fault: &StoreError) {
        // A lock held elsewhere is not an illness.
        if matches!(fault, StoreError::Busy(_)) {
            return;
        }
        let told = fault.to_string();
        let mut now = self.fault.write().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref().is_none_or(|(_, before)| *before != told) {
            tracing::error!(fault = %told, "acts cannot be recorded; nothing personal is served");
        }
        *now = Some((Ill::of(fault), told));
    }

    /// What is wrong, or nothing; for the one who mends it.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, told)| told.clone())
    }

    /// Which part is ill, or nothing; for whoever may ask.
    #[must_use]
    pub fn kind(&self) -> Option<Ill> {
        self.fault.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(ill, _)| *ill)
    }
}
