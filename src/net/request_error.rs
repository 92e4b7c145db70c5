//! The error of a request, explained to the user.

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestError {
    pub(crate) error: Error,
    /// True if the request may succeed when it is sent again later.
    pub(crate) is_transient: bool,
}
