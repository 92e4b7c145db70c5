//! The proxies that a run offers its clients: a request that carries a token of this run is
//! sent with the current one, and retried with another if the API answers 401.
//!
//! [`gateway`] and [`intercept`] decide which request goes to which host; [`ReverseProxy`]
//! forwards it.

mod access_log;
mod body;
mod buffer_budget;
mod client_stream;
mod connection;
mod connection_limits;
mod error_response;
mod forward;
pub mod gateway;
mod hop_by_hop;
pub mod intercept;
mod known_tokens;
mod metrics;
mod path;
mod permits;
mod rate_limit;
mod replay_body;
mod server;
mod stand_in;
mod token_endpoint;
mod token_source;
mod upstream;

use std::sync::Arc;

use hyper::{HeaderMap, StatusCode};

use crate::cache::IssuedTokens;
use crate::config::Settings;
use crate::context::{Clock, Context};
use crate::error::Result;
use crate::net::TimeoutPool;
use crate::token::{Token, TokenValidity};

pub use access_log::{AccessLog, LogFormat};
pub(crate) use body::{RequestBody, ResponseBody};
pub(crate) use connection::ClientConnection;
pub(crate) use connection_limits::{ConnectionLimits, gateway_connection_limit};
pub(crate) use error_response::{error_response, method_not_allowed};
pub use metrics::Metrics;
pub(crate) use path::{
    DOT_SEGMENTS_REFUSED, has_dot_segments, is_login_host_path, is_token_endpoint,
};
pub(crate) use permits::{ConnectionPermit, ConnectionPermits};
pub use server::DRAIN_TIMEOUT;
pub(crate) use server::{Server, ServiceResult};
pub use stand_in::StandIn;
pub(crate) use upstream::CloudHost;

use buffer_budget::BufferBudget;
use token_source::{BrokerBackend, TokenSource};
use upstream::Upstreams;

pub struct ReverseProxy {
    token_source: Arc<TokenSource>,
    upstreams: Upstreams,
    client_id: String,
    budget: Arc<BufferBudget>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    log: AccessLog,
    response_timeout: TimeoutPool,
}

impl ReverseProxy {
    /// Starts with `token`, which is refreshed in the background of the current runtime.
    /// Clients get `stand_in` in its place. `issued` lets later processes recognize the
    /// tokens that clients got.
    ///
    /// # Errors
    /// `Configuration` if no API is configured, or if the network settings cannot be used.
    pub fn start(
        settings: Settings,
        token: Token,
        stand_in: Option<StandIn>,
        issued: Option<IssuedTokens>,
        log: AccessLog,
        context: &Context,
    ) -> Result<Arc<ReverseProxy>> {
        let upstreams = Upstreams::new(&settings, context)?;
        let client_id = settings.client.id.clone();
        let metrics = Arc::new(Metrics::default());
        let backend = BrokerBackend::new(settings, context);
        let token_source =
            TokenSource::new(backend, token, stand_in, issued, context, metrics.clone());
        let token_source = Arc::new(token_source);
        tokio::spawn(token_source.clone().refresh_loop());
        Ok(Arc::new(ReverseProxy {
            token_source,
            upstreams,
            client_id,
            budget: Arc::default(),
            metrics,
            clock: context.clock.clone(),
            log,
            response_timeout: TimeoutPool::new(forward::RESPONSE_TIMEOUT),
        }))
    }

    /// Returns the token that clients of this run get: the stand-in, or else the current
    /// token.
    pub fn client_token(&self) -> Token {
        self.token_source.client_token()
    }

    /// Reads the client secret again, and replaces the token if the API rejects it. Returns
    /// whether the token is good.
    pub async fn reload(&self) -> bool {
        self.token_source.reload().await
    }

    /// Records in the cache when the current token was last used. Blocks.
    pub fn record_use(&self) {
        self.token_source.record_use();
    }

    pub fn validity(&self) -> TokenValidity {
        self.token_source.validity()
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the path that a URL reference in a response of `from` has at `host`, below
    /// the base URL. `None` for other hosts, and for references relative to the request.
    pub(crate) fn path_at(
        &self,
        host: CloudHost,
        reference: &str,
        from: CloudHost,
    ) -> Option<String> {
        self.upstreams.get(host)?.path_of(reference, host == from)
    }

    /// Returns whether a request carries a token of this run, which authenticates the
    /// client.
    pub(crate) fn authenticates(&self, headers: &HeaderMap) -> bool {
        self.token_source.authenticates(headers)
    }

    pub(crate) fn log_unreadable(&self, status: StatusCode, error: &hyper::Error) {
        self.log.write_unreadable(status, error, &*self.clock);
    }
}
