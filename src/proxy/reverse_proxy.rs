//! The core of both proxies: what requests are forwarded with.

use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, StatusCode};

use super::access_log::AccessLog;
use super::buffer_budget::BufferBudget;
use super::client_tokens::{AcceptedTokens, ClientTokens};
use super::event_log::EventLog;
use super::metrics::{ExpositionFormat, Metrics, families};
use super::status::ProxyStatus;
use super::token_pool::TokenPool;
use super::token_source::{BrokerBackend, RunContext};
use super::upstream::{CloudHost, Upstreams};
use crate::clock::Reading;
use crate::config::{PoolSettings, Settings};
use crate::context::{Clock, Context};
use crate::error::Result;
use crate::token::{Token, TokenValidity};

pub struct ReverseProxy {
    pub(super) token_pool: Arc<TokenPool>,
    pub(super) upstreams: Upstreams,
    pub(super) client_id: String,
    pub(super) budget: Arc<BufferBudget>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) events: Arc<EventLog>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: AccessLog,
    started: Reading,
}

/// The time an upstream has to begin its response once it has the whole request.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(120);

impl ReverseProxy {
    /// Starts with a token, which is refreshed in the background of the current runtime.
    ///
    /// # Errors
    /// `Configuration` if no API is configured, or if the network settings cannot be used.
    pub fn start(
        settings: Settings,
        pool: PoolSettings,
        tokens: ClientTokens,
        log: AccessLog,
        context: &Context,
    ) -> Result<Arc<ReverseProxy>> {
        let upstreams = Upstreams::new(&settings, context)?;
        let client_id = settings.client.id.clone();
        let metrics = Arc::new(Metrics::default());
        let events = Arc::<EventLog>::default();
        let ClientTokens { token, stand_in, issued, minted } = tokens;
        let (clock, reporter) = (context.clock.clone(), context.reporter.clone());
        let started = clock.read();
        let accepted =
            AcceptedTokens::new(&token.access_token, stand_in, issued, started.wall, &reporter);
        let run = RunContext {
            clock,
            reporter,
            metrics: metrics.clone(),
            events: events.clone(),
            accepted: Arc::new(accepted),
        };
        let backend = BrokerBackend::new(settings, minted, context);
        let token_pool = TokenPool::start(pool, backend, token, run);
        Ok(Arc::new(ReverseProxy {
            token_pool,
            upstreams,
            client_id,
            budget: Arc::default(),
            metrics,
            events,
            clock: context.clock.clone(),
            log,
            started,
        }))
    }

    /// Returns the token that clients of this run get: the stand-in, or else the current
    /// token.
    pub fn client_token(&self) -> Token {
        self.token_pool.client_token()
    }

    /// Reads the client secret again, and replaces the token if the API rejects it. Returns
    /// whether the token is good.
    pub async fn reload(&self) -> bool {
        self.token_pool.reload().await
    }

    /// Records in the cache when the current token was last used. Blocks.
    pub fn record_use(&self) {
        self.token_pool.record_use();
    }

    pub fn validity(&self) -> TokenValidity {
        self.token_pool.validity()
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub fn render_metrics(&self, format: ExpositionFormat) -> String {
        families::render(&self.metrics, &self.status(), format)
    }

    /// Returns a snapshot for metrics and for people.
    pub fn status(&self) -> ProxyStatus {
        let at = self.clock.read();
        let validity = self.validity();
        let policy = self.token_pool.policy();
        ProxyStatus {
            skew: policy.skew,
            effective_skew: policy.effective_skew(&validity),
            issuer_clock: validity.issuer_clock,
            api_clock: validity.api_clock,
            tokens: self.token_pool.status(&at),
            events: self.events.events(),
            totals: self.metrics.totals(),
            outage: self.token_pool.shared_source().outage().map(|outage| outage.reason),
            started: self.started.clone(),
            at,
        }
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
        self.token_pool.authenticates(headers)
    }

    pub(crate) fn log_unreadable(&self, status: StatusCode, error: &hyper::Error) {
        self.log.write_unreadable(status, error, &*self.clock);
    }
}
