//! Refreshes the token: in the background before it expires, and for requests that find
//! it expired or rejected. One refresh at a time; requests that wait share its result.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;

use super::state::{BearerToken, LastUse, Outage, RefreshFailure};
use super::{RefreshReason, TokenSource};
use crate::broker::{ProvidedToken, TokenOrigin};
use crate::error::Result;
use crate::proxy::backoff::{Backoff, MIN_BACKOFF};
use crate::proxy::event_log::ProxyEventKind;

/// The longest sleep of the background task: its timer stands still while the machine is
/// suspended.
const MAX_SLEEP: SignedDuration = SignedDuration::from_secs(30);

const MIN_SLEEP: SignedDuration = SignedDuration::from_millis(250);

impl TokenSource {
    /// Refreshes the token before it expires, and keeps it in use.
    pub(in super::super) async fn maintain(self: &Arc<Self>) {
        let current = self.peek();
        if !self.slack(&current).is_positive() {
            self.refresh(current, RefreshReason::Expiring).await;
        }
        self.keep_alive().await;
    }

    /// Returns the time until [`TokenSource::maintain`] has something to do.
    pub(in super::super) fn until_due(&self) -> Duration {
        let backoff = self.state().refresh_backoff(&self.run.clock.read());
        sleep_time(self.slack(&self.peek()), backoff, self.until_idle())
    }

    /// Replaces `old`, unless that was done already. Runs in a task of its own: a client
    /// that disconnects does not cancel the mint.
    pub(super) async fn refresh(
        self: &Arc<Self>,
        old: Arc<BearerToken>,
        reason: RefreshReason,
    ) -> Option<Arc<BearerToken>> {
        let token_source = self.clone();
        tokio::spawn(async move { token_source.refresh_once(old, reason).await }).await.ok()?
    }

    pub(super) async fn refresh_once(
        &self,
        old: Arc<BearerToken>,
        reason: RefreshReason,
    ) -> Option<Arc<BearerToken>> {
        let failure_count = self.state().failure_count;
        let _lock = self.refresh_lock.lock().await;
        {
            let now = self.run.clock.read();
            let mut state = self.state();
            if !Arc::ptr_eq(&state.current, &old) {
                return Some(state.current.clone());
            }
            if state.failure_count != failure_count {
                // The refresh that this one waited for has failed.
                return None;
            }
            let is_allowed = match reason {
                RefreshReason::Expiring => !state.refresh_backoff(&now).is_positive(),
                // No backoff: the issuer may be back, and a client waits.
                RefreshReason::Expired | RefreshReason::Rejected => {
                    state.refresh_limiter.try_acquire(&now)
                }
                RefreshReason::Reload => true,
            };
            if !is_allowed {
                return None;
            }
        }
        match self.get_token(&old, reason).await? {
            Ok(provided) if provided.origin != TokenOrigin::Stale => {
                if provided.origin == TokenOrigin::Minted {
                    self.run.metrics.count_token_minted();
                }
                if provided.token.access_token != old.token.access_token {
                    self.run.metrics.count_token_refresh();
                    self.run.events.record(ProxyEventKind::TokenRenewed, self.run.clock.read());
                }
                Some(self.set_current(provided))
            }
            // The broker has reported the cause.
            Ok(_stale) => {
                self.set_failed(Some(
                    "no new token yet: the warnings of gc-token tell why".to_owned(),
                ));
                None
            }
            Err(error) => {
                let message = error.one_line();
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.run
                    .reporter
                    .warn(format_args!("the token could not be renewed: {message}{hint}"));
                self.set_failed(error.kind.is_transient().then_some(message));
                None
            }
        }
    }

    /// Gets a token and makes it known to later processes before any client sees it.
    async fn get_token(
        &self,
        old: &BearerToken,
        reason: RefreshReason,
    ) -> Option<Result<ProvidedToken>> {
        let backend = self.backend.clone();
        let is_rejected = reason == RefreshReason::Rejected;
        let rejected = is_rejected.then(|| old.token.access_token.clone());
        let (accepted, now) = (self.run.accepted.clone(), self.run.clock.read().wall);
        let work = move || {
            let provided = match reason {
                RefreshReason::Reload => backend.get_verified_token(),
                _ => backend.get_token(rejected.as_ref()),
            }?;
            accepted.remember(&provided.token.access_token, now);
            Ok(provided)
        };
        tokio::task::spawn_blocking(work).await.ok()
    }

    fn set_current(&self, provided: ProvidedToken) -> Arc<BearerToken> {
        let now = self.run.clock.read().wall;
        self.run.accepted.insert(&provided.token.access_token, now);
        let mut state = self.state();
        if provided.token.access_token != state.current.token.access_token {
            self.generation.fetch_add(1, Ordering::Release);
        }
        state.last_use = LastUse::of(&provided.token);
        state.current = Arc::new(BearerToken::from(provided));
        state.refresh_failure = None;
        state.current.clone()
    }

    fn set_failed(&self, transient_reason: Option<String>) {
        self.run.metrics.count_token_refresh_failure();
        let now = self.run.clock.read();
        self.run.events.record(ProxyEventKind::RefreshFailed, now.clone());
        let mut state = self.state();
        state.failure_count += 1;
        let earlier = state.refresh_failure.as_ref().map(|failure| &failure.backoff);
        let backoff = Backoff::after(earlier, now);
        state.refresh_failure = Some(RefreshFailure { backoff, transient_reason });
    }

    /// Returns why the last refresh failed, if another attempt may succeed: credentials
    /// that the issuer rejects stay wrong.
    pub(in super::super) fn outage(&self) -> Option<Outage> {
        let now = self.run.clock.read();
        let state = self.state();
        let reason = state.refresh_failure.as_ref()?.transient_reason.clone()?;
        let backoff = state.refresh_backoff(&now).max(MIN_BACKOFF);
        Some(Outage { reason, retry_after: backoff.unsigned_abs() })
    }

    /// Returns the time until the token has to be refreshed.
    fn slack(&self, current: &BearerToken) -> SignedDuration {
        let required = self.backend.policy().required_ttl(&current.token.validity);
        self.remaining_after_skew(current, &self.run.clock.read()).saturating_sub(required)
    }
}

/// Returns the time until the token has to be refreshed, which waits for the backoff, or
/// kept in use.
fn sleep_time(
    slack: SignedDuration,
    backoff: SignedDuration,
    until_idle: SignedDuration,
) -> Duration {
    slack.max(backoff).min(until_idle).clamp(MIN_SLEEP, MAX_SLEEP).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_task_sleeps_until_something_is_due_but_not_for_long() {
        let sleep = |slack, backoff, until_idle| {
            let [slack, backoff, until_idle] =
                [slack, backoff, until_idle].map(SignedDuration::from_secs);
            sleep_time(slack, backoff, until_idle).as_millis()
        };
        assert_eq!(sleep(20, 0, 3_600), 20_000);
        assert_eq!(sleep(-5, 8, 3_600), 8_000);
        assert_eq!(sleep(20, 8, 10), 10_000);
        assert_eq!(sleep(-5, 0, 3_600), 250);
        assert_eq!(sleep(20, 0, -1), 250);
        assert_eq!(sleep(3_600, 0, 3_600), 30_000);
        assert_eq!(sleep(-5, 3_600, i64::MAX), 30_000);
    }
}
