//! One token, which is refreshed before it expires and replaced when the API rejects it, by
//! one mint for all requests that wait.

mod backend;
mod keep_alive;
mod refresh;
mod state;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::SignedDuration;

use super::client_tokens::AcceptedTokens;
use super::event_log::EventLog;
use super::metrics::Metrics;
use super::refresh_limiter::RefreshLimiter;
use crate::clock::Reading;
use crate::context::{Clock, Reporter};
use crate::error::Result;
use crate::sync;
use crate::token::{FreshnessPolicy, TokenValidity};
pub(super) use backend::{BrokerBackend, TokenBackend};
pub(super) use state::{BearerToken, Outage};
use state::{LastUse, TokenState};

pub(super) struct TokenSource {
    backend: Arc<dyn TokenBackend>,
    run: RunContext,
    state: Mutex<TokenState>,
    /// Counts the tokens that were followed by another one.
    generation: AtomicU64,
    /// Held during a refresh: the other requests wait for its result.
    refresh_lock: tokio::sync::Mutex<()>,
}

/// Shared by the tokens of a run.
#[derive(Clone)]
pub(super) struct RunContext {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Arc<Reporter>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) events: Arc<EventLog>,
    pub(super) accepted: Arc<AcceptedTokens>,
}

pub(super) enum TokenForRequest {
    Usable(Arc<BearerToken>),
    /// A refresh has failed; the API decides.
    Expired(Arc<BearerToken>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RefreshReason {
    /// Requested by the background task, which has time to try again.
    Expiring,
    Expired,
    Rejected,
    Reload,
}

impl TokenSource {
    pub(super) fn new(
        backend: Arc<dyn TokenBackend>,
        token: BearerToken,
        run: RunContext,
    ) -> TokenSource {
        let state = TokenState {
            last_use: LastUse::of(&token.token),
            current: Arc::new(token),
            refresh_limiter: RefreshLimiter::FULL,
            refresh_failure: None,
            failure_count: 0,
        };
        TokenSource {
            backend,
            run,
            state: Mutex::new(state),
            generation: AtomicU64::new(0),
            refresh_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the current token. Refreshes it first if it has expired, which happens when
    /// the machine was suspended or the issuer unavailable.
    pub(super) async fn current(self: &Arc<Self>) -> TokenForRequest {
        let current = self.state().current.clone();
        if self.remaining_after_skew(&current, &self.run.clock.read()).is_positive() {
            return TokenForRequest::Usable(current);
        }
        match self.refresh(current.clone(), RefreshReason::Expired).await {
            Some(refreshed) => TokenForRequest::Usable(refreshed),
            None => TokenForRequest::Expired(current),
        }
    }

    pub(super) async fn replace_rejected(
        self: &Arc<Self>,
        rejected: Arc<BearerToken>,
    ) -> Option<Arc<BearerToken>> {
        self.refresh(rejected, RefreshReason::Rejected).await
    }

    /// Replaces a token that a client has revoked, in the background: the next request
    /// would meet a 401 for it, and the cache would still hold it.
    pub(super) fn replace_revoked(self: &Arc<Self>, revoked: Arc<BearerToken>) {
        let token_source = self.clone();
        tokio::spawn(async move {
            token_source.refresh_once(revoked, RefreshReason::Rejected).await;
        });
    }

    /// Returns the current token without a refresh.
    pub(super) fn peek(&self) -> Arc<BearerToken> {
        self.state().current.clone()
    }

    /// Returns the current token unless it has expired.
    pub(super) fn peek_usable(&self, now: &Reading) -> Option<Arc<BearerToken>> {
        let current = self.peek();
        self.remaining_after_skew(&current, now).is_positive().then_some(current)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Reads the client secret again and replaces the current token if the API rejects it,
    /// without waiting for the backoff. Returns whether the token is good.
    pub(super) async fn reload(self: &Arc<Self>) -> bool {
        self.state().refresh_failure = None;
        let current = self.state().current.clone();
        self.refresh(current, RefreshReason::Reload).await.is_some()
    }

    /// Returns the API's limit for one token, if it tells.
    pub(super) async fn requests_per_minute(&self) -> Option<Result<Option<u32>>> {
        let (backend, current) = (self.backend.clone(), self.peek());
        let work = move || backend.requests_per_minute(&current.token.access_token);
        tokio::task::spawn_blocking(work).await.ok()
    }

    pub(super) fn validity(&self) -> TokenValidity {
        self.state().current.token.validity.clone()
    }

    pub(super) fn policy(&self) -> &FreshnessPolicy {
        self.backend.policy()
    }

    pub(super) fn remaining_lifetime(&self, current: &BearerToken) -> SignedDuration {
        let remaining = current.token.validity.remaining(&self.run.clock.read());
        remaining.unwrap_or_default().max(SignedDuration::ZERO)
    }

    pub(super) fn remaining_after_skew(
        &self,
        current: &BearerToken,
        now: &Reading,
    ) -> SignedDuration {
        let remaining = self.policy().remaining_after_skew(&current.token.validity, now);
        remaining.unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, TokenState> {
        sync::lock(&self.state)
    }
}

#[cfg(test)]
pub(super) mod tests;
