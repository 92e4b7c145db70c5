//! The swapping core: requests that carry a token which was handed out in this
//! run get the one that is current now, and a 401 is caught before the client
//! sees it.
//!
//! [`crate::proxy::gateway`] and [`crate::proxy::intercept`] decide which request goes to
//! which host; what happens on the way is decided here.

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
mod source;
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
pub(crate) use body::Body;
pub(crate) use connection::ClientConnection;
pub(crate) use connection_limits::{ConnectionLimits, gateway_limit};
pub(crate) use error_response::{refuse, refuse_method};
pub use metrics::Metrics;
pub(crate) use path::{LEADS_ELSEWHERE, has_dot_segments, is_of_login_host, is_of_token_endpoint};
pub(crate) use permits::{ConnectionPermit, ConnectionPermits};
pub(crate) use server::Answer;
pub use server::{DRAIN_TIMEOUT, Server};
pub use stand_in::StandIn;
pub use upstream::CloudHost;

use buffer_budget::BufferBudget;
use source::BrokerBackend;
use token_source::TokenSource;
use upstream::Upstreams;

/// Everything between a front and the cloud.
pub struct ReverseProxy {
    token_source: Arc<TokenSource>,
    upstreams: Upstreams,
    client_id: String,
    budget: Arc<BufferBudget>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    log: AccessLog,
    answers: TimeoutPool,
}

impl ReverseProxy {
    /// Starts a relay with `token`, which gives clients `stand_in` in its place where
    /// there is one. `issued` remembers what clients were given for later processes. Has
    /// to be called within a runtime, in whose background the token is renewed.
    ///
    /// # Errors
    /// `Configuration` when there is no API to stand before, or when it cannot
    /// be reached for want of a usable proxy or trusted certificates.
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
        let source = BrokerBackend::new(settings, context);
        let token_source =
            Arc::new(TokenSource::new(source, token, stand_in, issued, context, metrics.clone()));
        tokio::spawn(token_source.clone().keep_fresh());
        let clock = context.clock.clone();
        let (budget, answers) = (Arc::default(), TimeoutPool::new(forward::ANSWER));
        Ok(Arc::new(ReverseProxy {
            token_source,
            upstreams,
            client_id,
            budget,
            metrics,
            clock,
            log,
            answers,
        }))
    }

    /// The token that clients of this run are given: a stand-in, or the one that
    /// is current now.
    pub fn client_token(&self) -> Token {
        self.token_source.client_token()
    }

    /// Reads the client secret again, and has another token take the place of the
    /// current one where the API refuses that. Returns whether there is a good
    /// one.
    pub async fn reload(&self) -> bool {
        self.token_source.reload().await
    }

    /// Has the cache know when the current token was used last. For the end of a run;
    /// blocks.
    pub fn record_use(&self) {
        self.token_source.record_use();
    }

    /// What is known of the current token, and so of the cloud's clocks.
    pub fn validity(&self) -> TokenValidity {
        self.token_source.validity()
    }

    /// The path at `host` that a reference in an answer of `from` points to, without
    /// the path that the host's base URL has. `None` when it points elsewhere, or
    /// counts from the path of the request.
    pub(crate) fn path_at(
        &self,
        host: CloudHost,
        reference: &str,
        from: CloudHost,
    ) -> Option<String> {
        self.upstreams.of(host)?.path_of(reference, host == from)
    }

    /// Returns whether a request carries a token of this run.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        self.token_source.admits(headers)
    }

    /// Tells of a request that could not be read, and so is no request.
    pub(crate) fn unreadable(&self, status: StatusCode, why: &hyper::Error) {
        self.log.unreadable(status, why, &*self.clock);
    }

    /// What has happened so far.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
