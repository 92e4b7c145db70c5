//! The network: one connector for all connections, a client of single requests, and a pool
//! for many of them.

mod client;
mod connect_error;
mod connector;
mod diagnosis;
mod headers;
mod http_connect;
mod network;
pub(crate) mod no_proxy;
mod peer_clock;
mod pinned;
mod pool;
mod probe;
mod proxy_env;
mod request;
mod request_error;
mod resolve;
pub(crate) mod roots;
mod service;
mod session;
mod stream;
mod tls;
mod transport;
mod tunnel;
mod validity;

use std::time::Duration;

pub(crate) use client::{HttpClient, HttpResponse, RoundTrip};
pub(crate) use diagnosis::NO_ADDRESS;
pub(crate) use headers::{date_header, display_host, is_page, retry_after};
pub use network::NetworkSettings;
pub(crate) use pool::{Pool, PooledBody, SendError};
pub(crate) use probe::{DateHeader, Probe};
pub(crate) use proxy_env::is_proxy_configured;
pub(crate) use request::HttpRequest;
pub(crate) use request_error::RequestError;
pub use session::Session;
pub(crate) use stream::StreamConnector;
pub(crate) use transport::Transport;
pub(crate) use tunnel::TunnelConnector;

const USER_AGENT_VALUE: &str = concat!("gc-token/", env!("CARGO_PKG_VERSION"));

/// No working network takes longer to connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const MAX_RESPONSE_BYTES: usize = 1024 * 1024;
