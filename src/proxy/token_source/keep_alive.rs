//! Calls the API with an unused token where the organization revokes idle tokens.

use std::sync::Arc;

use jiff::SignedDuration;

use super::state::BearerToken;
use super::{RefreshReason, TokenSource};
use crate::clock::Reading;
use crate::error::{Kind, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::proxy::backoff::Backoff;
use crate::token::IdleTimeout;

impl TokenSource {
    /// Notes that the API accepted `token` in a request that began at `at`.
    pub(in super::super) fn note_use(&self, token: &Arc<BearerToken>, at: &Reading) {
        if self.idle_timeout().is_some() {
            self.state().note_use(token, at);
        }
    }

    /// Returns the time until [`TokenSource::keep_alive`] has something to do.
    pub(super) fn until_idle(&self) -> SignedDuration {
        let now = self.run.clock.read();
        let timeout = self.idle_timeout();
        timeout
            .map_or(SignedDuration::MAX, |timeout| self.state().last_use.until_call(timeout, &now))
    }

    /// Calls the API if the token has been unused for long, replaces the token if it was
    /// revoked all the same (the machine was suspended), and records the last use in the
    /// cache.
    pub(super) async fn keep_alive(self: &Arc<Self>) {
        let Some(timeout) = self.idle_timeout() else {
            return;
        };
        if !self.until_idle().is_positive() {
            self.call_api().await;
        }
        if self.is_worth_recording(timeout) {
            let token_source = self.clone();
            let _ = tokio::task::spawn_blocking(move || token_source.record_use()).await;
        }
    }

    /// Records the last use of the current token in the cache. Blocks.
    pub(in super::super) fn record_use(&self) {
        let (current, last) = {
            let mut state = self.state();
            state.last_use.recorded = state.last_use.at.clone();
            (state.current.clone(), state.last_use.at.clone())
        };
        if self.idle_timeout().is_some() {
            self.backend.record_use(&current.token.access_token, &last);
        }
    }

    async fn call_api(self: &Arc<Self>) {
        let current = self.state().current.clone();
        let Some(result) = self.check(&current).await else {
            return;
        };
        match result {
            Ok(TokenCheck { status: TokenStatus::Accepted, used, .. }) => {
                let message = "called the API with the unused token, to keep it from being revoked";
                self.run.reporter.info(message);
                let mut state = self.state();
                state.last_use.backoff = None;
                if let Some(at) = used {
                    state.note_use(&current, &at);
                }
            }
            Ok(TokenCheck { status: TokenStatus::Rejected, .. }) => {
                self.run
                    .reporter
                    .warn("the API rejects the token after a period without use: replacing it");
                self.back_off_calls();
                self.refresh(current, RefreshReason::Rejected).await;
            }
            Err(error) => {
                let reason = error.one_line();
                self.run.reporter.warn(format_args!(
                    "could not call the API to keep the unused token from being revoked: {reason}"
                ));
                self.back_off_calls();
            }
        }
    }

    /// Returns whether the API refuses any request with this token because of its rate. `None`
    /// if it cannot be asked.
    pub(in super::super) async fn is_rate_limited(&self, token: &Arc<BearerToken>) -> Option<bool> {
        match self.check(token).await? {
            Ok(_) => Some(false),
            Err(error) if error.kind == Kind::RateLimited => Some(true),
            Err(_) => None,
        }
    }

    /// Returns whether the API rejects the current token.
    pub(in super::super) async fn is_rejected(&self) -> bool {
        // A replacement may be under way, whose token counts.
        let _lock = self.refresh_lock.lock().await;
        let check = self.check(&self.peek()).await;
        check.is_some_and(|check| check.is_ok_and(|check| check.status == TokenStatus::Rejected))
    }

    async fn check(&self, token: &BearerToken) -> Option<Result<TokenCheck>> {
        let (backend, token) = (self.backend.clone(), token.token.access_token.clone());
        tokio::task::spawn_blocking(move || backend.call_api(&token)).await.ok()
    }

    fn back_off_calls(&self) {
        let now = self.run.clock.read();
        let mut state = self.state();
        state.last_use.backoff = Some(Backoff::after(state.last_use.backoff.as_ref(), now));
    }

    fn is_worth_recording(&self, timeout: IdleTimeout) -> bool {
        let last_use = &self.state().last_use;
        timeout.should_record(&last_use.at, &last_use.recorded)
    }

    fn idle_timeout(&self) -> Option<IdleTimeout> {
        self.backend.policy().idle_timeout
    }
}
