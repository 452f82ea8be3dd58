//! Whether acts can be recorded. When they cannot, nothing personal is served: fail closed, and say so.

use std::sync::{PoisonError, RwLock};

use crate::error::StoreError;

/// What keeps the store from recording, told to health checks, metrics and answers alike.
#[derive(Debug, Default)]
pub struct Health {
    fault: RwLock<Option<String>>,
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
        if now.as_deref() != Some(told.as_str()) {
            tracing::error!(fault = %told, "acts cannot be recorded; nothing personal is served");
        }
        *now = Some(told);
    }

    /// What is wrong, or nothing.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
