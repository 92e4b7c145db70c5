//! Failures to open a connection, with the phase in which they happened.

use std::error::Error as StdError;
use std::fmt;

use hyper::StatusCode;

use crate::box_error::BoxError;

#[derive(Debug)]
pub(crate) struct ConnectError {
    pub(super) phase: Phase,
    pub(super) source: BoxError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Resolve,
    Connect,
    ProxyTls,
    Tunnel,
    Tls,
}

/// A proxy's unsuccessful response to `CONNECT`.
#[derive(Debug)]
pub(super) struct TunnelRefused(pub(super) StatusCode);

impl ConnectError {
    pub(super) fn new(phase: Phase, source: impl Into<BoxError>) -> ConnectError {
        ConnectError { phase, source: source.into() }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.phase {
            Phase::Resolve => "name look-up",
            Phase::Connect => "connect",
            Phase::ProxyTls => "TLS with the proxy",
            Phase::Tunnel => "CONNECT through the proxy",
            Phase::Tls => "TLS",
        })
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Display for TunnelRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy responds with {}", self.0)
    }
}

impl StdError for TunnelRefused {}

/// A request without a complete response.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    Connect(ConnectError),
    Http(hyper::Error),
}

impl From<ConnectError> for ExchangeError {
    fn from(error: ConnectError) -> ExchangeError {
        ExchangeError::Connect(error)
    }
}

impl From<hyper::Error> for ExchangeError {
    fn from(error: hyper::Error) -> ExchangeError {
        ExchangeError::Http(error)
    }
}
