//! What went wrong on the way to the issuer, told apart.

mod tls;

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustls::AlertDescription;
use url::Url;

use super::validity::{PeerClock, ValidityError};
use super::{MAX_RESPONSE_BYTES, RequestError};
use crate::error::{Error, Kind};
use crate::host::is_loopback;

/// Who was to be reached, and with how much patience.
pub(super) struct Target {
    /// Begins every message, followed by the host: "no token from".
    pub(super) purpose: &'static str,
    /// The issuer's host.
    pub(super) host: String,
    /// The proxy on the way, as messages name it.
    pub(super) proxy: Option<String>,
    /// The limit on connecting.
    pub(super) connect: Duration,
    /// The limit on one attempt.
    pub(super) attempt: Duration,
}

/// What a chain of library errors comes down to.
enum Fault<'a> {
    Tls {
        fault: &'a rustls::Error,
        /// Whether it was with an HTTPS proxy, not with the issuer.
        with_proxy: bool,
    },
    ProxyWantsCredentials,
    ProxyRefused,
    Dns,
    Timeout,
    Refused,
    NotHttp,
    HeadTooLarge,
    Closed,
    Other(String),
}

/// What a person can do about it, and whether trying again may help.
struct Diagnosis {
    cause: String,
    hint: String,
    is_transient: bool,
}

impl Target {
    /// A request that got no whole reply. `now` is the local wall clock, by
    /// which certificates are judged, and `peer_clock` what the peer thinks of it.
    pub(super) fn failure(
        &self,
        error: reqwest::Error,
        now: Timestamp,
        peer_clock: Option<PeerClock>,
    ) -> RequestError {
        let connecting = error.is_connect();
        let diagnosis = self.diagnose(Fault::of(&error), connecting, (now, peer_clock));
        let error = self.error().with_cause(diagnosis.cause).with_hint(diagnosis.hint);
        RequestError { error, is_transient: diagnosis.is_transient }
    }

    /// A reply that is not read to its end.
    pub(super) fn too_large(&self, status: u16) -> RequestError {
        let cause = format!(
            "{} answered HTTP {status} with more than {} KiB, which no token reply has",
            self.host,
            MAX_RESPONSE_BYTES / 1024
        );
        let error = self
            .error()
            .with_cause(cause)
            .with_hint("check that --token-url, --login-url or --region names the token endpoint");
        RequestError { error, is_transient: false }
    }

    /// A request that was cut off after this time.
    pub(super) fn no_answer_within(&self, limit: Duration) -> Error {
        self.error()
            .with_cause(format!("no complete reply within {limit:?}"))
            .with_hint(self.network_hint())
    }

    /// A request that was cut off.
    pub(super) fn too_slow(&self) -> RequestError {
        let diagnosis = self.diagnose(Fault::Timeout, false, (Timestamp::UNIX_EPOCH, None));
        let error = self.error().with_cause(diagnosis.cause).with_hint(diagnosis.hint);
        RequestError { error, is_transient: true }
    }

    fn error(&self) -> Error {
        Error::new(Kind::Unavailable, format!("{} {}", self.purpose, self.host))
    }

    /// Whoever answers the phone: the proxy, where there is one.
    fn peer(&self) -> &str {
        self.proxy.as_deref().unwrap_or(&self.host)
    }

    fn diagnose(
        &self,
        fault: Fault<'_>,
        connecting: bool,
        time: (Timestamp, Option<PeerClock>),
    ) -> Diagnosis {
        let peer = self.peer();
        let is_transient =
            !matches!(fault, Fault::ProxyWantsCredentials | Fault::NotHttp | Fault::HeadTooLarge);
        let is_refused = matches!(fault, Fault::Refused);
        let cause = match fault {
            Fault::Tls { fault, with_proxy } => {
                let peer = if with_proxy { peer } else { &self.host };
                return tls::diagnose(peer, fault, time);
            }
            Fault::ProxyWantsCredentials => format!("{peer} wants credentials"),
            Fault::ProxyRefused => format!("{peer} refused to connect to {}", self.host),
            Fault::Dns => format!("the name of {peer} cannot be resolved (DNS)"),
            Fault::Timeout if connecting => {
                format!("connecting to {peer} took longer than {:?}", self.connect)
            }
            Fault::Timeout => format!("no complete reply within {:?}", self.attempt),
            Fault::Refused => format!("{peer} refused the connection: nothing listens there"),
            Fault::NotHttp => format!("{} does not speak HTTP/1.1", self.host),
            Fault::HeadTooLarge => {
                format!(
                    "{} answered with a head that is too large, or has too many fields",
                    self.host
                )
            }
            Fault::Closed => "the connection was closed before a complete reply".to_owned(),
            Fault::Other(cause) if connecting => format!("connecting to {peer}: {cause}"),
            Fault::Other(cause) => format!("the exchange with {} failed: {cause}", self.host),
        };
        let hint = match is_refused && self.is_on_this_machine() {
            true => format!(
                "start the server on {}; if it was a sandbox that has ended, unset its URLs: \
                 GC_TOKEN_LOGIN_URL, GC_TOKEN_API_URL",
                self.host
            ),
            false => self.network_hint(),
        };
        Diagnosis { cause, hint, is_transient }
    }

    /// Returns whether the request goes to this machine, and not through a proxy.
    fn is_on_this_machine(&self) -> bool {
        let url = Url::parse(&format!("http://{}", self.host));
        self.proxy.is_none() && url.is_ok_and(|url| is_loopback(&url))
    }

    fn network_hint(&self) -> String {
        match &self.proxy {
            Some(_) => "check HTTPS_PROXY (its credentials, too) and NO_PROXY".to_owned(),
            None => format!(
                "check that {} is right and can be reached from here; a proxy is named with HTTPS_PROXY",
                self.host
            ),
        }
    }
}

impl<'a> Fault<'a> {
    fn of(error: &'a reqwest::Error) -> Fault<'a> {
        let mut with_proxy = false;
        let mut deepest = String::new();
        let mut next = error.source();
        while let Some(link) = next {
            if let Some(fault) = link.downcast_ref() {
                return Fault::Tls { fault, with_proxy };
            }
            if let Some(fault) = Fault::of_link(link) {
                return fault;
            }
            deepest = link.to_string();
            with_proxy |= deepest == "tunnel error: failed to create underlying connection";
            next = inner(link);
        }
        if error.is_dns() {
            Fault::Dns
        } else if error.is_timeout() {
            Fault::Timeout
        } else {
            Fault::Other(deepest)
        }
    }

    /// One link of a chain, if it tells all.
    fn of_link(error: &'a (dyn StdError + 'static)) -> Option<Fault<'a>> {
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            if http.is_parse_too_large() {
                return Some(Fault::HeadTooLarge);
            }
            if http.is_parse() {
                return Some(Fault::NotHttp);
            }
            if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
                return Some(Fault::Closed);
            }
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionRefused => Some(Fault::Refused),
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Some(Fault::Closed),
                _ => None,
            };
        }
        // The type is not public.
        match error.to_string().strip_prefix("tunnel error: ")? {
            "proxy authorization required" => Some(Fault::ProxyWantsCredentials),
            "unsuccessful" | "proxy response headers too long" => Some(Fault::ProxyRefused),
            "unexpected end of file" => Some(Fault::Closed),
            _ => None,
        }
    }
}

/// Returns whether the peer refused to go on in TLS because it speaks none of the protocols
/// that were offered (RFC 7301 section 3.2).
pub(super) fn wants_another_protocol(error: &reqwest::Error) -> bool {
    let refused = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    matches!(Fault::of(error), Fault::Tls { fault, with_proxy: false } if *fault == refused)
}

/// Whether the peer's certificate was out of date, by this machine's clock. An
/// HTTPS proxy's does not count: it is not the peer.
pub(super) fn validity_error(error: &reqwest::Error) -> Option<ValidityError> {
    match Fault::of(error) {
        Fault::Tls { fault: rustls::Error::InvalidCertificate(fault), with_proxy: false } => {
            ValidityError::of(fault)
        }
        _ => None,
    }
}

/// The next link. What an I/O error wraps is not its source, but its source's
/// parent.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
