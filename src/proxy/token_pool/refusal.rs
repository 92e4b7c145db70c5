//! Decides what a 429 or a 401 says about the tokens of the pool.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::limited_paths::RequestScope;
use super::{AcquiredToken, PoolState, TokenPool};
use crate::clock::Reading;
use crate::proxy::event_log::ProxyEventKind;
use crate::proxy::token_source::TokenSource;

/// A request that the API refused with 429, before it carried anything out.
pub(in super::super) struct Rejection<'a> {
    pub(in super::super) token: &'a AcquiredToken,
    pub(in super::super) scope: &'a RequestScope,
    /// The limit that the response names, if it does.
    pub(in super::super) named_cause: Option<RateLimitCause>,
    /// The time until the limit is reset.
    pub(in super::super) reset: Duration,
    /// The token that the same request was refused with before.
    pub(in super::super) before: Option<&'a AcquiredToken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum RateLimitCause {
    /// Another token helps.
    Token,
    /// The limit of a service of the API, or of the organization.
    Shared,
}

/// The time for asking the API, in which a request is held.
const ASKING_TIMEOUT: Duration = Duration::from_secs(3);

/// An issuer that is down replaces no token.
const MAX_PASSES: u32 = 5;

const GROWTH_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The requests that a new token takes before another process can have used it.
const FRESH_REQUESTS: u32 = 10;

impl TokenPool {
    /// Determines which limit was met, and closes the token if it is the token's.
    pub(in super::super) async fn judge(&self, rejection: &Rejection<'_>) -> RateLimitCause {
        self.run.events.record(ProxyEventKind::RateLimited, self.run.clock.read());
        let cause = timeout(ASKING_TIMEOUT, self.find_cause(rejection)).await;
        cause.unwrap_or_else(|_| {
            self.draw_conclusions(rejection, RateLimitCause::Shared);
            RateLimitCause::Shared
        })
    }

    async fn find_cause(&self, rejection: &Rejection<'_>) -> RateLimitCause {
        // Requests that were refused at once share what the first of them finds out.
        let _lock = self.judging.lock().await;
        let known = self.state().known_cause(rejection, &self.run.clock.read());
        let cause = match known {
            Some(cause) => cause,
            // The limit of a token applies to every request.
            None => match rejection.token.source.is_rate_limited(&rejection.token.token).await {
                Some(true) => RateLimitCause::Token,
                Some(false) | None => RateLimitCause::Shared,
            },
        };
        self.draw_conclusions(rejection, cause);
        cause
    }

    fn draw_conclusions(&self, rejection: &Rejection<'_>, cause: RateLimitCause) {
        let now = self.run.clock.read();
        let mut state = self.state();
        match cause {
            RateLimitCause::Token => {
                // A rate that was found by requests beyond the configured one was a mistake.
                let rate = state.base_rate;
                state.set_rate(rate);
                state.close(rejection, &now);
            }
            RateLimitCause::Shared => state.remember_shared_limit(rejection, &now),
        }
    }

    /// Returns whether to replace a token that the API rejected. Removes it from the pool
    /// instead if the client has more tokens than the API allows.
    pub(in super::super) async fn is_worth_replacing(
        self: &Arc<Self>,
        rejected: &AcquiredToken,
    ) -> bool {
        let is_unexpected = self.state().active_cap.is_suspected(&self.run.clock.read())
            && Arc::ptr_eq(&rejected.source.peek(), &rejected.token)
            && !rejected.is_expired;
        // Some paths of an API answer 401 to any token.
        let is_refusal = is_unexpected && rejected.source.is_rejected().await;
        let now = self.run.clock.read();
        let mut state = self.state();
        let Some(slot) = state.member(&rejected.source).map(|member| member.slot) else {
            return false;
        };
        if !is_refusal || !state.active_cap.note_refusal(&rejected.token, &now) {
            return true;
        }
        let is_shared = slot == 0;
        if !is_shared {
            state.members.retain(|member| member.slot != slot);
        }
        if state.active_cap.try_begin_count() {
            tokio::spawn(self.clone().shrink_to_living());
        }
        is_shared
    }

    /// Removes the tokens that newer ones have invalidated.
    async fn shrink_to_living(self: Arc<Self>) {
        // A growth that began before the count may invalidate one more.
        while self.state().growth.is_under_way() {
            tokio::time::sleep(GROWTH_POLL_INTERVAL).await;
        }
        for _ in 0..MAX_PASSES {
            if !self.remove_invalid().await {
                break;
            }
        }
        let now = self.run.clock.read();
        let (size, is_new) = {
            let mut state = self.state();
            let size = u32::try_from(state.members.len()).unwrap_or(u32::MAX);
            (size, state.active_cap.set(size, &now))
        };
        if is_new {
            self.run.reporter.warn(format_args!(
                "the API allows this client {size} active {}: it refused older ones once newer \
                 ones were minted; the run goes on with {size}, so set --tokens {size}",
                if size == 1 { "token" } else { "tokens" }
            ));
        }
    }

    /// Returns whether there was one: its replacement may have invalidated another.
    async fn remove_invalid(&self) -> bool {
        let mut found = false;
        for source in self.sources() {
            if !source.is_rejected().await {
                continue;
            }
            found = true;
            if Arc::ptr_eq(&source, &self.shared_source) {
                source.replace_rejected(source.peek()).await;
            } else {
                self.remove(&source);
            }
        }
        found
    }

    /// Returns another token than a rejected one that the issuer does not replace.
    pub(in super::super) fn other_than(
        &self,
        rejected: &Arc<TokenSource>,
    ) -> Option<AcquiredToken> {
        let now = self.run.clock.read();
        let mut state = self.state();
        let others = state.members.iter_mut();
        others.filter(|member| !Arc::ptr_eq(&member.source, rejected)).find_map(|member| {
            let token = member.state(&now).1?;
            Some(AcquiredToken::of(member, token, &now))
        })
    }

    /// Replaces a token that the API rejected; `None` if the issuer provides no other.
    pub(in super::super) async fn replace_rejected(
        &self,
        rejected: &AcquiredToken,
    ) -> Option<AcquiredToken> {
        let source = rejected.source.clone();
        let token = source.replace_rejected(rejected.token.clone()).await?;
        let request = self.count_request(&source);
        Some(AcquiredToken::new(source, token, request))
    }
}

impl PoolState {
    /// Returns `None` if the API has to be asked.
    fn known_cause(&mut self, rejection: &Rejection<'_>, now: &Reading) -> Option<RateLimitCause> {
        let Rejection { token, scope, named_cause, before, .. } = rejection;
        if self.limited_paths.contains(scope, now) {
            return Some(RateLimitCause::Shared);
        }
        if named_cause.is_some() {
            return *named_cause;
        }
        let Some(member) = self.member(&token.source) else {
            return Some(RateLimitCause::Token);
        };
        let is_closed = member.quota.closed_for(now).is_positive();
        if is_closed || member.quota.is_near_limit(token.request) {
            return Some(RateLimitCause::Token);
        }
        let is_fresh = token.token.is_minted && token.request <= FRESH_REQUESTS;
        (before.is_some() && is_fresh).then_some(RateLimitCause::Shared)
    }

    fn close(&mut self, rejection: &Rejection<'_>, now: &Reading) {
        let Rejection { token, reset, .. } = rejection;
        if let Some(member) = self.member(&token.source)
            && Arc::ptr_eq(&member.source.peek(), &token.token)
        {
            member.quota.close(*reset, now);
        }
    }

    fn remember_shared_limit(&mut self, rejection: &Rejection<'_>, now: &Reading) {
        let Rejection { token, scope, reset, before, .. } = rejection;
        let mut limited = (*scope).clone();
        // A token that was closed before its last requests was closed for another limit.
        if let Some(before) = before
            && let Some(member) = self.member(&before.source)
            && !member.quota.is_near_limit(before.request)
        {
            member.quota.reopen();
            if token.token.is_minted && token.request <= FRESH_REQUESTS {
                // The API refused every request with that token, and refuses a new token.
                limited = RequestScope::Organization;
            }
        }
        if !self.limited_paths.contains(scope, now) {
            self.limited_paths.insert(limited, *reset, now);
        }
    }
}
