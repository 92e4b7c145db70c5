//! The failures of a store, by what a caller can do about them.

use crate::config::StoreSettings;
use crate::error::{Error, Kind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    pub fault: StoreFault,
    pub error: Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// No response in time, or one that says so: a later attempt may succeed.
    Unavailable,
    /// Wrong credentials, no such bucket, another region, no right to read: no attempt
    /// succeeds until somebody changes the settings.
    Misconfigured,
    /// Records can be read, but not written.
    ReadOnly,
    Full,
    /// The store replaces records whatever their version.
    Unconditional,
}

impl StoreFault {
    /// Returns whether a write may have replaced the record all the same.
    pub(crate) fn may_have_effect(self) -> bool {
        matches!(self, StoreFault::Unavailable | StoreFault::Misconfigured)
    }
}

impl StoreError {
    pub fn new(fault: StoreFault, message: impl Into<String>) -> StoreError {
        let kind = match fault {
            StoreFault::Unavailable | StoreFault::Full => Kind::Unavailable,
            StoreFault::Misconfigured | StoreFault::ReadOnly | StoreFault::Unconditional => {
                Kind::Configuration
            }
        };
        StoreError { fault, error: Error::new(kind, message) }
    }

    pub(super) fn unconditional(settings: &StoreSettings, cause: &str) -> StoreError {
        let place = &settings.location;
        let message = format!("the store {place} has no conditional writes");
        StoreError::new(StoreFault::Unconditional, message)
            .with_cause(cause)
            .with_hint("use a store that honours If-None-Match, such as S3, or Redis")
    }

    pub fn with_cause(mut self, cause: impl Into<String>) -> StoreError {
        self.error = self.error.with_cause(cause);
        self
    }

    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> StoreError {
        self.error = self.error.with_hint(hint);
        self
    }
}
