//! The proxies that a run offers its clients: a request that carries a token of this run is
//! sent with a current one of the run's pool, and sent again with another if the API answers
//! 401 or, because of that token's rate limit, 429.
//!
//! [`gateway`] and [`intercept`] decide which request goes to which host; [`ReverseProxy`]
//! forwards it.

mod access_log;
mod allowed_hosts;
mod backoff;
mod body;
mod buffer_budget;
mod client_stream;
mod client_tokens;
mod connection;
mod connection_limits;
mod error_response;
mod event_log;
mod forward;
pub mod gateway;
mod hop_by_hop;
pub mod intercept;
mod known_tokens;
mod memory;
mod metrics;
mod path;
mod permits;
mod rate_limit_response;
mod refresh_limiter;
mod replay_body;
mod reverse_proxy;
mod server;
mod stand_in;
mod status;
mod token_endpoint;
mod token_pool;
mod token_source;
mod upstream;

pub use access_log::{AccessLog, LogFormat};
pub use allowed_hosts::AllowedHosts;
pub(crate) use body::{RequestBody, ResponseBody};
pub use client_tokens::ClientTokens;
pub(crate) use connection::ClientConnection;
pub(crate) use connection_limits::{ConnectionLimits, gateway_connection_limit};
pub(crate) use error_response::{error_response, method_not_allowed};
pub use event_log::{ProxyEvent, ProxyEventKind};
pub(crate) use memory::warn_of_readable_memory;
pub use metrics::ExpositionFormat;
pub(crate) use path::{
    DOT_SEGMENTS_REFUSED, has_dot_segments, is_login_host_path, is_token_endpoint,
};
pub(crate) use permits::{ConnectionPermit, ConnectionPermits};
pub use reverse_proxy::ReverseProxy;
pub use server::DRAIN_TIMEOUT;
pub(crate) use server::{Server, ServiceResult};
pub use stand_in::StandIn;
pub use status::{PooledToken, ProxyStatus, RateWindow, RunTotals};
pub(crate) use upstream::CloudHost;
