//! Requests without a response, and the ones that may be sent again.

use std::error::Error as _;

use hyper::Method;

use crate::net::connect_error::ExchangeError;
use crate::net::diagnosis::is_certificate_refused;

#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) source: ExchangeError,
    /// Why retries of the request have ended.
    pub(crate) not_retried: Option<String>,
    /// Sending the request again cannot do harm.
    pub(crate) is_retryable: bool,
    /// The request may be sent again if its body was not begun: the HTTP library dropped it,
    /// and does not tell how much of its head was sent.
    pub(crate) is_dropped: bool,
}

impl SendError {
    /// For a request that was sent over a reused (`was_kept`) or a new connection.
    pub(super) fn sent(error: hyper::Error, method: &Method, was_kept: bool) -> SendError {
        let is_dropped = is_dropped(&error);
        let makes_no_difference = is_dropped || was_kept && is_connection_closed(&error);
        let is_retryable = is_unprocessed(&error) || method.is_safe() && makes_no_difference;
        SendError { source: error.into(), not_retried: None, is_retryable, is_dropped }
    }

    pub(super) fn unsent(source: ExchangeError) -> SendError {
        SendError { source, not_retried: None, is_retryable: false, is_dropped: false }
    }

    /// For a response whose body was not read to its end.
    pub(crate) fn incomplete(error: hyper::Error) -> SendError {
        SendError::unsent(error.into())
    }

    /// Returns whether the host's certificate is not trusted here, whatever the time.
    pub(crate) fn is_certificate_refused(&self) -> bool {
        is_certificate_refused(&self.source)
    }
}

/// A host that closes an HTTP/2 connection says with which request it has begun
/// last, and one that refuses a stream has not begun with it at all (RFC 9113
/// sections 6.8 and 8.7). Balancers do the former after a fixed number of requests.
fn is_unprocessed(error: &hyper::Error) -> bool {
    let Some(error) = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>()) else {
        return false;
    };
    let reason = error.reason();
    error.is_remote()
        && (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)
            || error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
}

/// A host may close an HTTP/2 connection while a request waits for its stream to be
/// opened. The library then drops the request, without a word of the host's. It calls
/// that an error of its user, as it calls a body that breaks off, which was begun.
fn is_dropped(error: &hyper::Error) -> bool {
    error.is_user()
}

/// A kept connection may end just when a request goes out. Whether that was read
/// is not known, and of a safe method it does not matter (RFC 9110 section 9.2.2).
fn is_connection_closed(error: &hyper::Error) -> bool {
    let cause = error.source();
    let by_http2 = cause.and_then(|cause| cause.downcast_ref::<h2::Error>());
    error.is_incomplete_message()
        || error.is_timeout()
        || error.is_canceled()
        || cause.is_some_and(|cause| cause.is::<std::io::Error>())
        || by_http2.is_some_and(h2::Error::is_io)
}
