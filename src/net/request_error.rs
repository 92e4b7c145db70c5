//! The error of a request, explained to the user.

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestError {
    pub(crate) error: Error,
    /// The same request may succeed later.
    pub(crate) is_transient: bool,
}
