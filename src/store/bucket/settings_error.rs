//! Settings with which there is no client.

use std::fmt;

/// A mistake in the settings, or a lack of credentials. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingsError {
    pub(super) lacks_credentials: bool,
    /// A later attempt may succeed.
    pub(super) is_transient: bool,
    pub(super) cause: String,
    pub(super) hint: Option<String>,
}

impl SettingsError {
    pub(super) fn new(cause: impl Into<String>, hint: impl Into<String>) -> SettingsError {
        let (cause, hint) = (cause.into(), Some(hint.into()));
        SettingsError { lacks_credentials: false, is_transient: false, cause, hint }
    }

    /// Puts another mistake first, whose hint counts.
    pub(super) fn after(mut self, first: Option<SettingsError>) -> SettingsError {
        if let Some(first) = first {
            self.cause = format!("{}; {}", first.cause, self.cause);
            self.hint = first.hint.or(self.hint);
        }
        self
    }

    /// The provider's own hint says what to do.
    pub(super) fn without_credentials(cause: impl Into<String>) -> SettingsError {
        let cause = cause.into();
        SettingsError { lacks_credentials: true, is_transient: false, cause, hint: None }
    }

    pub(super) fn of(error: &object_store::Error) -> Option<&SettingsError> {
        match error {
            object_store::Error::Generic { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

impl From<SettingsError> for object_store::Error {
    fn from(error: SettingsError) -> object_store::Error {
        object_store::Error::Generic { store: "", source: Box::new(error) }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for SettingsError {}
