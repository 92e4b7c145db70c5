//! The token that requests are sent with. It is refreshed before it expires and replaced
//! when the API rejects it, by one mint for all requests that wait.

mod backend;
mod backoff;
mod keep_alive;
mod refresh;
mod state;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::header::{AUTHORIZATION, HeaderMap};
use jiff::{SignedDuration, Timestamp};

use super::event_log::EventLog;
use super::known_tokens::KnownTokens;
use super::metrics::Metrics;
use super::rate_limit::RateLimit;
use super::stand_in::StandIn;
use super::status::PooledToken;
use crate::cache::IssuedTokens;
use crate::context::{Clock, Context, Reporter};
use crate::http_auth::bearer_token;
use crate::oauth::MintedTokens;
use crate::random::sha256;
use crate::sync;
use crate::token::{AccessToken, Token, TokenValidity};
pub(super) use backend::BrokerBackend;
use backend::TokenBackend;
pub(super) use state::{BearerToken, Outage};
use state::{LastUse, TokenState};

pub struct ClientTokens {
    pub token: Token,
    /// Handed out in place of every token.
    pub stand_in: Option<StandIn>,
    /// Lets later processes recognize the tokens that clients got.
    pub issued: Option<IssuedTokens>,
    /// Records the tokens that the run mints, to revoke them at its end.
    pub minted: Option<Arc<MintedTokens>>,
}

impl ClientTokens {
    pub fn new(token: Token, stand_in: Option<StandIn>) -> ClientTokens {
        ClientTokens { token, stand_in, issued: None, minted: None }
    }
}

pub(super) struct TokenSource {
    backend: Arc<dyn TokenBackend>,
    clock: Arc<dyn Clock>,
    reporter: Arc<Reporter>,
    metrics: Arc<Metrics>,
    events: Arc<EventLog>,
    stand_in: Option<StandIn>,
    issued: Option<Arc<IssuedTokens>>,
    state: Mutex<TokenState>,
    /// Held during a refresh: the other requests wait for its result.
    refresh_lock: tokio::sync::Mutex<()>,
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
        tokens: ClientTokens,
        context: &Context,
        metrics: Arc<Metrics>,
        events: Arc<EventLog>,
    ) -> TokenSource {
        let ClientTokens { token, stand_in, issued, .. } = tokens;
        let issued = issued.map(Arc::new);
        let mut known = KnownTokens::new(issued.clone());
        let now = context.clock.read().wall;
        let stand_in_token =
            stand_in.as_ref().map(|stand_in| (&stand_in.token, stand_in.outlives_run));
        let handed_out = [Some((&token.access_token, true)), stand_in_token];
        for (token, outlives_run) in handed_out.into_iter().flatten() {
            known.insert(token, now);
            if outlives_run && let Err(error) = remember(issued.as_deref(), token, now) {
                context.reporter.warn(format_args!(
                    "a restarted proxy will not recognize the tokens that its clients keep: {error}"
                ));
            }
        }
        let state = TokenState {
            last_use: LastUse::of(&token),
            current: Arc::new(BearerToken::new(token)),
            known,
            rate_limit: RateLimit::FULL,
            refresh_failure: None,
            failure_count: 0,
        };
        TokenSource {
            backend,
            clock: context.clock.clone(),
            reporter: context.reporter.clone(),
            metrics,
            events,
            stand_in,
            issued,
            state: Mutex::new(state),
            refresh_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Returns whether a request presents a token that this run or an earlier one handed
    /// out.
    pub(super) fn recognizes(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return false;
        };
        let mut state = self.state();
        // Most clients present the stand-in, or else the current token.
        let usual =
            self.stand_in.as_ref().map_or(&state.current.header, |stand_in| &stand_in.header);
        if value == usual {
            return true;
        }
        let now = self.clock.read().wall;
        bearer_token(value).is_some_and(|token| state.known.contains(token, now))
    }

    /// Like [`TokenSource::recognizes`], for a client that has not authenticated yet: only
    /// hashes are compared, so that the time it takes tells nothing about the tokens.
    pub(super) fn authenticates(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let token = values.next().and_then(bearer_token);
        let now = self.clock.read().wall;
        let is_known = token.is_some_and(|token| self.state().known.contains(token, now));
        is_known && values.next().is_none()
    }

    /// Returns the current token. Refreshes it first if it has expired, which happens when
    /// the machine was suspended or the issuer unavailable.
    pub(super) async fn current(self: &Arc<Self>) -> TokenForRequest {
        let current = self.state().current.clone();
        if self.remaining_after_skew(&current).is_positive() {
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

    /// Returns the token that clients are given for this one: the stand-in if there is one.
    pub(super) fn token_for_clients<'a>(&'a self, current: &'a BearerToken) -> &'a AccessToken {
        self.stand_in.as_ref().map_or(&current.token.access_token, |stand_in| &stand_in.token)
    }

    pub(super) fn client_token(&self) -> Token {
        let current = self.state().current.clone();
        Token { access_token: self.token_for_clients(&current).clone(), ..current.token.clone() }
    }

    /// Reads the client secret again and replaces the current token if the API rejects it,
    /// without waiting for the backoff. Returns whether the token is good.
    pub(super) async fn reload(self: &Arc<Self>) -> bool {
        self.state().refresh_failure = None;
        let current = self.state().current.clone();
        self.refresh(current, RefreshReason::Reload).await.is_some()
    }

    pub(super) fn validity(&self) -> TokenValidity {
        self.state().current.token.validity.clone()
    }

    pub(super) fn skew(&self) -> SignedDuration {
        self.backend.policy().skew
    }

    pub(super) fn pooled_token(&self) -> PooledToken {
        let current = self.state().current.clone();
        PooledToken {
            slot: 0,
            remaining: self.remaining_after_skew(&current),
            lifetime: current.token.validity.initial_lifetime,
            window: None,
            closed_for: None,
        }
    }

    pub(super) fn remaining_lifetime(&self, current: &BearerToken) -> SignedDuration {
        let remaining = current.token.validity.remaining(&self.clock.read());
        remaining.unwrap_or_default().max(SignedDuration::ZERO)
    }

    fn remaining_after_skew(&self, current: &BearerToken) -> SignedDuration {
        let policy = self.backend.policy();
        let remaining = policy.remaining_after_skew(&current.token.validity, &self.clock.read());
        remaining.unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, TokenState> {
        sync::lock(&self.state)
    }
}

fn remember(issued: Option<&IssuedTokens>, token: &AccessToken, now: Timestamp) -> io::Result<()> {
    issued.map_or(Ok(()), |issued| issued.add(&sha256(token.expose().as_bytes()), now))
}

#[cfg(test)]
mod tests;
