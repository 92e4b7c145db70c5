//! Failures on the way to a host, told apart and explained: what `get`, `doctor` and the
//! gateway say of them.

mod tls;

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use rustls::AlertDescription;
use url::Url;

use super::MAX_RESPONSE_BYTES;
use super::connect_error::{ConnectError, ExchangeError, Phase, TunnelRefused};
use super::request_error::RequestError;
use super::service::Service;
use super::validity::{PeerClock, ValidityError};
use crate::error::{Error, Kind};
use crate::host::is_loopback;
use crate::platform::is_resource_exhaustion;

/// Ends the cause of a host without an address.
pub(crate) const NO_ADDRESS: &str = "cannot be resolved (DNS)";

/// The host of a request, and the limits on it.
#[derive(Clone)]
pub(super) struct Target {
    /// Begins every message: "no token from host".
    pub(super) message: String,
    /// The host, and its port unless that is the scheme's own.
    pub(super) host: String,
    pub(super) service: Service,
    /// The proxy in between, as messages name it.
    pub(super) proxy: Option<String>,
    pub(super) connect: Duration,
    pub(super) attempt: Duration,
}

enum ConnectFault<'a> {
    Tls {
        fault: &'a rustls::Error,
        with_proxy: bool,
    },
    ProxyWantsCredentials,
    ProxyRefused(StatusCode),
    Dns,
    ConnectTimeout(Phase),
    Timeout,
    Refused,
    NotHttp {
        proxy: bool,
    },
    HeadTooLarge {
        proxy: bool,
    },
    Closed,
    /// This machine refused a socket.
    NoResources(String),
    NotConnected(String),
    Other(String),
}

struct Diagnosis {
    cause: String,
    hint: String,
    is_transient: bool,
}

impl Target {
    /// Explains a request without a complete response. `now` is the local wall clock, by
    /// which certificates are judged, and `peer_clock` what the host's own shows.
    pub(super) fn failure(
        &self,
        error: &ExchangeError,
        now: Timestamp,
        peer_clock: Option<PeerClock>,
    ) -> RequestError {
        self.explain(ConnectFault::of(error), (now, peer_clock))
    }

    pub(super) fn connect_failure(&self, error: &ConnectError, now: Timestamp) -> RequestError {
        self.explain(ConnectFault::of_connect(error), (now, None))
    }

    /// Explains why a response was not read to its end.
    pub(super) fn too_large(&self, status: StatusCode) -> RequestError {
        let cause = format!(
            "{} answered HTTP {} with more than {} KiB, too much for a token response",
            self.host,
            status.as_u16(),
            MAX_RESPONSE_BYTES / 1024
        );
        let error = self
            .error()
            .with_cause(cause)
            .with_hint("check that --token-url, --login-url or --region names the token endpoint");
        RequestError { error, is_transient: false }
    }

    pub(super) fn no_response_within(&self, limit: Duration) -> Error {
        self.error()
            .with_cause(format!("no complete response within {limit:?}"))
            .with_hint(self.network_hint())
    }

    pub(super) fn too_slow(&self) -> RequestError {
        self.explain(ConnectFault::Timeout, (Timestamp::UNIX_EPOCH, None))
    }

    fn explain(
        &self,
        fault: ConnectFault<'_>,
        time: (Timestamp, Option<PeerClock>),
    ) -> RequestError {
        let kind = match fault {
            ConnectFault::NoResources(_) => Kind::System,
            _ => Kind::Unavailable,
        };
        let diagnosis = self.diagnose(fault, time);
        let error =
            Error { kind, ..self.error() }.with_cause(diagnosis.cause).with_hint(diagnosis.hint);
        RequestError { error, is_transient: diagnosis.is_transient }
    }

    fn error(&self) -> Error {
        Error::new(Kind::Unavailable, self.message.as_str())
    }

    /// The peer of the TCP connection: the proxy if there is one.
    fn peer(&self) -> &str {
        self.proxy.as_deref().unwrap_or(&self.host)
    }

    fn diagnose(&self, fault: ConnectFault<'_>, time: (Timestamp, Option<PeerClock>)) -> Diagnosis {
        let (host, peer) = (&*self.host, self.peer());
        let is_transient = !matches!(
            fault,
            ConnectFault::ProxyWantsCredentials
                | ConnectFault::NotHttp { .. }
                | ConnectFault::HeadTooLarge { .. }
        );
        let is_refused = matches!(fault, ConnectFault::Refused);
        let lacks_resources = matches!(fault, ConnectFault::NoResources(_));
        let cause = match fault {
            ConnectFault::Tls { fault, with_proxy } => {
                let service = if with_proxy { Service::Issuer } else { self.service };
                return tls::diagnose(if with_proxy { peer } else { host }, service, fault, time);
            }
            ConnectFault::ProxyWantsCredentials => format!("{peer} requires credentials"),
            ConnectFault::ProxyRefused(status) => {
                format!("{peer} refused to connect to {host}: HTTP {}", status.as_u16())
            }
            ConnectFault::Dns => format!("the name of {peer} cannot be resolved (DNS)"),
            ConnectFault::ConnectTimeout(phase) => {
                let to = match (phase, &self.proxy) {
                    (Phase::Tunnel | Phase::Tls, Some(proxy)) => format!("{host} through {proxy}"),
                    _ => peer.to_owned(),
                };
                format!("connecting to {to} took longer than {:?}", to_tenths(self.connect))
            }
            ConnectFault::Timeout => format!("no complete response within {:?}", self.attempt),
            ConnectFault::Refused => {
                format!("{peer} refused the connection: nothing listens there")
            }
            ConnectFault::NotHttp { proxy } => {
                format!("{} does not speak HTTP/1.1", if proxy { peer } else { host })
            }
            ConnectFault::HeadTooLarge { proxy } => format!(
                "{} answered with a head that is too large, or has too many fields",
                if proxy { peer } else { host }
            ),
            ConnectFault::Closed => {
                "the connection was closed before a complete response".to_owned()
            }
            ConnectFault::NoResources(cause) | ConnectFault::NotConnected(cause) => {
                format!("connecting to {peer}: {cause}")
            }
            ConnectFault::Other(cause) => format!("the exchange with {host} failed: {cause}"),
        };
        let hint = if is_refused && self.is_on_this_machine() {
            match self.service {
                Service::Issuer => format!(
                    "start the server on {host}; if it was a sandbox that has ended, unset its \
                     URLs: GC_TOKEN_LOGIN_URL, GC_TOKEN_API_URL"
                ),
                Service::Redis => format!("start the server on {host}"),
            }
        } else if lacks_resources {
            "check the limit on open files (ulimit -n), and how many this machine has left"
                .to_owned()
        } else {
            self.network_hint()
        };
        Diagnosis { cause, hint, is_transient }
    }

    /// Returns whether the request goes to this machine, and not through a proxy.
    fn is_on_this_machine(&self) -> bool {
        let url = Url::parse(&format!("http://{}", self.host));
        self.proxy.is_none() && url.is_ok_and(|url| is_loopback(&url))
    }

    fn network_hint(&self) -> String {
        match (&self.proxy, self.service) {
            (Some(_), _) => "check HTTPS_PROXY (its credentials, too) and NO_PROXY".to_owned(),
            (None, Service::Issuer) => format!(
                "check that {} is right and can be reached from here; if only a proxy can reach it, set HTTPS_PROXY",
                self.host
            ),
            (None, Service::Redis) => {
                format!("check that {} is right and can be reached from here", self.host)
            }
        }
    }
}

impl<'a> ConnectFault<'a> {
    fn of(error: &'a ExchangeError) -> ConnectFault<'a> {
        match error {
            ExchangeError::Connect(error) => ConnectFault::of_connect(error),
            ExchangeError::Http(error) => match find_fault(error) {
                Ok(fault) => fault,
                Err(deepest) => ConnectFault::Other(deepest),
            },
        }
    }

    fn of_connect(error: &'a ConnectError) -> ConnectFault<'a> {
        match find_fault(&*error.source) {
            Ok(fault @ ConnectFault::NoResources(_)) => fault,
            _ if error.phase == Phase::Resolve => ConnectFault::Dns,
            Ok(ConnectFault::Tls { fault, .. }) => {
                ConnectFault::Tls { fault, with_proxy: error.phase == Phase::ProxyTls }
            }
            Ok(ConnectFault::NotHttp { .. }) => {
                ConnectFault::NotHttp { proxy: error.phase == Phase::Tunnel }
            }
            Ok(ConnectFault::HeadTooLarge { .. }) => {
                ConnectFault::HeadTooLarge { proxy: error.phase == Phase::Tunnel }
            }
            Ok(ConnectFault::Timeout) => ConnectFault::ConnectTimeout(error.phase),
            Ok(fault) => fault,
            Err(deepest) => ConnectFault::NotConnected(deepest),
        }
    }

    /// Classifies one link of a chain of errors; `None` if the link does not say enough.
    fn of_link(error: &'a (dyn StdError + 'static)) -> Option<ConnectFault<'a>> {
        if let Some(fault) = error.downcast_ref() {
            return Some(ConnectFault::Tls { fault, with_proxy: false });
        }
        if let Some(TunnelRefused(status)) = error.downcast_ref() {
            return Some(match *status {
                StatusCode::PROXY_AUTHENTICATION_REQUIRED => ConnectFault::ProxyWantsCredentials,
                status => ConnectFault::ProxyRefused(status),
            });
        }
        if error.is::<tokio::time::error::Elapsed>() {
            return Some(ConnectFault::Timeout);
        }
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            if http.is_parse_too_large() {
                return Some(ConnectFault::HeadTooLarge { proxy: false });
            }
            if http.is_parse() {
                return Some(ConnectFault::NotHttp { proxy: false });
            }
            if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
                return Some(ConnectFault::Closed);
            }
        }
        let error = error.downcast_ref::<io::Error>()?;
        if is_resource_exhaustion(error) {
            return Some(ConnectFault::NoResources(error.to_string()));
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(ConnectFault::Refused),
            io::ErrorKind::TimedOut => Some(ConnectFault::Timeout),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Some(ConnectFault::Closed),
            _ => None,
        }
    }
}

/// Returns the first fault that is found in a chain of errors, else the text of its last
/// link.
fn find_fault<'a>(error: &'a (dyn StdError + 'static)) -> Result<ConnectFault<'a>, String> {
    let mut link = error;
    loop {
        if let Some(fault) = ConnectFault::of_link(link) {
            return Ok(fault);
        }
        match inner(link) {
            Some(next) => link = next,
            None => return Err(link.to_string()),
        }
    }
}

/// Returns whether the host ended the TLS handshake because it speaks none of the protocols
/// that were offered (RFC 7301 section 3.2).
pub(super) fn is_alpn_refused(error: &ConnectError) -> bool {
    let refused = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    matches!(ConnectFault::of_connect(error), ConnectFault::Tls { fault, with_proxy: false } if *fault == refused)
}

/// Returns how the host's certificate is out of date by this machine's clock. An HTTPS
/// proxy's does not count.
pub(super) fn validity_error(error: &ExchangeError) -> Option<ValidityError> {
    match ConnectFault::of(error) {
        ConnectFault::Tls {
            fault: rustls::Error::InvalidCertificate(fault),
            with_proxy: false,
        } => ValidityError::of(fault),
        _ => None,
    }
}

/// Returns whether the certificate of the host or of an HTTPS proxy is not trusted here,
/// whatever the time.
pub(super) fn is_certificate_refused(error: &ExchangeError) -> bool {
    match ConnectFault::of(error) {
        ConnectFault::Tls { fault: rustls::Error::InvalidCertificate(fault), .. } => {
            ValidityError::of(fault).is_none()
        }
        _ => false,
    }
}

/// Returns the next link. `source` of an I/O error skips the error that it wraps.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Cuts a time limit of more than a second to tenths of a second.
fn to_tenths(limit: Duration) -> Duration {
    let tenths = u64::try_from(limit.as_millis() / 100).unwrap_or(u64::MAX);
    if limit < Duration::from_secs(1) { limit } else { Duration::from_millis(tenths * 100) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    fn direct_target() -> Target {
        Target {
            message: "no token from issuer.example".to_owned(),
            host: "issuer.example".to_owned(),
            service: Service::Issuer,
            proxy: None,
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_lack_of_file_descriptors_is_not_the_networks_fault() {
        let failure = |phase, errno: Errno| {
            let failure = ConnectError::new(phase, io::Error::from(errno));
            direct_target().connect_failure(&failure, Timestamp::UNIX_EPOCH).error
        };
        for phase in [Phase::Resolve, Phase::Connect] {
            let error = failure(phase, Errno::MFILE);
            assert_eq!(error.kind, Kind::System);
            let cause = "connecting to issuer.example: Too many open files (os error 24)";
            assert_eq!(error.cause.as_deref(), Some(cause));
            assert!(error.hint.unwrap().contains("ulimit -n"));
        }
        assert_eq!(failure(Phase::Connect, Errno::HOSTUNREACH).kind, Kind::Unavailable);
    }

    #[test]
    fn a_phase_that_takes_too_long_names_the_proxy_on_the_way() {
        let direct = direct_target();
        let proxied = Target { proxy: Some("the proxy squid:3128".to_owned()), ..direct.clone() };
        let through = "issuer.example through the proxy squid:3128";
        for (target, phase, to) in [
            (&direct, Phase::Connect, "issuer.example"),
            (&direct, Phase::Tls, "issuer.example"),
            (&proxied, Phase::Connect, "the proxy squid:3128"),
            (&proxied, Phase::ProxyTls, "the proxy squid:3128"),
            (&proxied, Phase::Tunnel, through),
            (&proxied, Phase::Tls, through),
        ] {
            let late = ConnectError::new(phase, io::Error::from(io::ErrorKind::TimedOut));
            let cause = target.connect_failure(&late, Timestamp::UNIX_EPOCH).error.cause.unwrap();
            assert_eq!(cause, format!("connecting to {to} took longer than 10s"));
        }
    }
}
