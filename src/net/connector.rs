//! Opens a connection to one host: name look-up, TCP, a proxy's tunnel, TLS.
//!
//! Every connection of the program is opened here: for the token request and the API's
//! verdict, for `doctor`, for the requests of the gateway and of interception, and for the
//! tunnels to other hosts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Intercept;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;
use url::Url;

use super::CONNECT_TIMEOUT;
use super::connect_error::{ConnectError, Phase};
use super::http_connect::http_connect;
use super::proxy_env::Route;
use super::resolve::{Addresses, resolve};
use super::tls::{Alpn, Tls};
use super::transport::Transport;
use crate::box_error::BoxError;
use crate::context::timer_clock;
use crate::error::{Error, Kind, Result};
use crate::platform::set_tcp_user_timeout;

pub(crate) struct Connector {
    destination: Endpoint,
    proxy: Option<HttpProxy>,
    tls: Option<ServerTls>,
    options: ConnectOptions,
}

/// Time limits, and TCP options against a peer that has vanished without closing.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectOptions {
    pub(super) total: Option<Duration>,
    /// For the TCP handshake; the addresses of a host share it.
    pub(super) tcp: Option<Duration>,
    pub(super) keepalive: Option<Duration>,
    /// The limit on unacknowledged data (RFC 5482 section 2).
    pub(super) user_timeout: Option<Duration>,
}

/// The time that each phase took; `None` for one that was not needed or not reached.
/// With a proxy, the first three are the proxy's.
#[derive(Debug, Clone, Default)]
pub(crate) struct PhaseTimes {
    pub(crate) dns: Option<Duration>,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) connect: Option<Duration>,
    pub(crate) proxy_tls: Option<Duration>,
    /// The proxy's response to `CONNECT`.
    pub(crate) tunnel: Option<Duration>,
    pub(crate) tls: Option<Duration>,
    /// From the request to the head of the response.
    pub(crate) first_byte: Option<Duration>,
}

/// The limit for hosts behind a proxy, which may need as long to connect as gc-token
/// needed to connect to the proxy.
pub(super) const TOTAL_CONNECT_TIMEOUT: Duration = CONNECT_TIMEOUT.saturating_mul(3);

struct Endpoint {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

struct HttpProxy {
    endpoint: Endpoint,
    tls: Option<ServerTls>,
    credentials: Option<HeaderValue>,
}

struct ServerTls {
    host: String,
    config: Arc<ClientConfig>,
}

impl Connector {
    /// Prepares connections to the host and port of `url`. With `alpn` they speak TLS to
    /// the host; `tls` is called where the host or the proxy needs any.
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates are unusable, or for a URL without a
    /// host.
    pub(super) fn new(
        url: &Url,
        route: &Route,
        alpn: Option<Alpn>,
        tls: &dyn Fn() -> Result<Tls>,
        options: ConnectOptions,
    ) -> Result<Connector> {
        let destination = Endpoint::of(url.host_str(), url.port_or_known_default())?;
        let proxy = match route {
            Route::Direct => None,
            Route::Proxy(proxy) => Some(HttpProxy::new(proxy, tls)?),
        };
        let tls = match alpn {
            Some(alpn) => Some(ServerTls::new(&destination, tls()?.client_config(alpn))),
            None => None,
        };
        Ok(Connector { destination, proxy, tls, options })
    }

    /// Opens a connection, and records in `times` how far it got, also when it fails or is
    /// cancelled.
    pub(super) async fn connect(&self, times: &mut PhaseTimes) -> Result<Transport, ConnectError> {
        let Some(limit) = self.options.total else {
            return self.connect_without_limit(times).await;
        };
        match timeout(limit, self.connect_without_limit(times)).await {
            Ok(connected) => connected,
            Err(elapsed) => Err(ConnectError::new(self.phase_after(times), elapsed)),
        }
    }

    fn phase_after(&self, times: &PhaseTimes) -> Phase {
        let proxy = self.proxy.as_ref();
        let proxy_tls = proxy.is_some_and(|proxy| proxy.tls.is_some());
        if times.connect.is_none() {
            Phase::Connect
        } else if proxy_tls && times.proxy_tls.is_none() {
            Phase::ProxyTls
        } else if proxy.is_some() && times.tunnel.is_none() {
            Phase::Tunnel
        } else {
            Phase::Tls
        }
    }

    async fn connect_without_limit(
        &self,
        times: &mut PhaseTimes,
    ) -> Result<Transport, ConnectError> {
        let first_hop = self.proxy.as_ref().map_or(&self.destination, |proxy| &proxy.endpoint);
        let mut transport = self.connect_tcp(first_hop, times).await?;
        if let Some(proxy) = &self.proxy {
            if let Some(tls) = &proxy.tls {
                let start = timer_clock();
                let handshake = tls.handshake(transport).await;
                transport = handshake.map_err(|error| ConnectError::new(Phase::ProxyTls, error))?;
                times.proxy_tls = Some(start.elapsed());
            }
            let start = timer_clock();
            let target = self.destination.authority();
            let tunnel = http_connect(transport, &target, proxy.credentials.as_ref()).await;
            transport = tunnel.map_err(|error| ConnectError::new(Phase::Tunnel, error))?;
            times.tunnel = Some(start.elapsed());
        }
        if let Some(tls) = &self.tls {
            let start = timer_clock();
            let handshake = tls.handshake(transport).await;
            transport = handshake.map_err(|error| ConnectError::new(Phase::Tls, error))?;
            times.tls = Some(start.elapsed());
        }
        Ok(transport)
    }

    /// Connects to the first address that takes the connection: those of the other family
    /// are tried as well after 300 ms (RFC 8305, "happy eyeballs").
    async fn connect_tcp(
        &self,
        endpoint: &Endpoint,
        times: &mut PhaseTimes,
    ) -> Result<Transport, ConnectError> {
        let start = timer_clock();
        let found = resolve(&endpoint.host).await;
        let addresses = found.map_err(|error| ConnectError::new(Phase::Resolve, error))?;
        if !endpoint.is_address() {
            times.dns = Some(start.elapsed());
        }
        let start = timer_clock();
        let mut connector = HttpConnector::new_with_resolver(Addresses(addresses));
        connector.set_nodelay(true);
        connector.set_connect_timeout(self.options.tcp);
        connector.set_keepalive(self.options.keepalive);
        if let Some(timeout) = self.options.user_timeout {
            set_tcp_user_timeout(&mut connector, timeout);
        }
        let connect = async {
            // The name stands for the addresses that were found.
            let uri = format!("http://host:{}", endpoint.port).parse()?;
            let tcp = connector.call(uri).await?.into_inner();
            let address = tcp.peer_addr().ok();
            Ok::<_, BoxError>((tcp, address))
        };
        let connected = connect.await.map_err(|error| ConnectError::new(Phase::Connect, error));
        let (tcp, address) = connected?;
        (times.address, times.connect) = (address, Some(start.elapsed()));
        Ok(Transport::Tcp(tcp))
    }
}

impl Endpoint {
    fn of(host: Option<&str>, port: Option<u16>) -> Result<Endpoint> {
        let (Some(host), Some(port)) = (host, port) else {
            return Err(Error::new(Kind::Configuration, "the URL names no host and port"));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Endpoint { host, port })
    }

    fn is_address(&self) -> bool {
        self.host.parse::<std::net::IpAddr>().is_ok()
    }

    fn authority(&self) -> String {
        let Endpoint { host, port } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl HttpProxy {
    fn new(proxy: &Intercept, tls: &dyn Fn() -> Result<Tls>) -> Result<HttpProxy> {
        let uri = proxy.uri();
        let is_https = uri.scheme_str() == Some("https");
        let default_port = if is_https { 443 } else { 80 };
        let endpoint = Endpoint::of(uri.host(), uri.port_u16().or(Some(default_port)))?;
        let tls = if is_https {
            Some(ServerTls::new(&endpoint, tls()?.client_config(Alpn::Http1)))
        } else {
            None
        };
        Ok(HttpProxy { endpoint, tls, credentials: proxy.basic_auth().cloned() })
    }
}

impl ServerTls {
    fn new(endpoint: &Endpoint, config: ClientConfig) -> ServerTls {
        ServerTls { host: endpoint.host.clone(), config: config.into() }
    }

    async fn handshake(&self, transport: Transport) -> std::io::Result<Transport> {
        let name = ServerName::try_from(self.host.clone()).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(self.config.clone());
        let tls = connector.connect(name, transport).await?;
        Ok(Transport::Tls(Box::new(tls)))
    }
}
