//! Keeps the current token from being revoked for want of calls, where the
//! organization does that.

use std::sync::Arc;

use jiff::SignedDuration;

use super::backoff::Backoff;
use super::{Current, State, TokenSource, Why};
use crate::clock::Reading;
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{IdleTimeout, Token};

/// When the current token was used.
pub(super) struct Uses {
    /// The clocks just before the last call that the API is known to have taken.
    last: Reading,
    /// The last use that the cache knows of.
    recorded: Reading,
    /// Calls that failed since the last one that did not.
    failed: Option<Backoff>,
}

impl Uses {
    pub(super) fn of(token: &Token) -> Uses {
        let last = token.validity.last_used().clone();
        Uses { recorded: last.clone(), last, failed: None }
    }

    /// Returns the time until a call has to be made, which is not soon after one that
    /// failed.
    fn until_call(&self, timeout: IdleTimeout, now: &Reading) -> SignedDuration {
        let left = timeout.remaining(&self.last, now).unwrap_or_default();
        let wait = self.failed.as_ref().map(|backoff| backoff.left(now));
        left.max(wait.unwrap_or_default())
    }
}

impl TokenSource {
    /// Takes note that the API took this token in a request that was begun at `at`.
    pub(in super::super) fn was_used(&self, used: &Arc<Current>, at: &Reading) {
        if self.idle_timeout().is_some() {
            note(&mut self.state(), used, at);
        }
    }

    /// Returns the time until [`TokenSource::keep_in_use`] has something to do.
    pub(super) fn until_idle(&self) -> SignedDuration {
        let now = self.clock.read();
        let timeout = self.idle_timeout();
        timeout.map_or(SignedDuration::MAX, |it| self.state().uses.until_call(it, &now))
    }

    /// Makes a call with a token that nobody has used for long, and replaces one
    /// that was revoked all the same, as while the machine slept. Has the cache know
    /// of the last use.
    pub(super) async fn keep_in_use(self: &Arc<Self>) {
        let Some(timeout) = self.idle_timeout() else {
            return;
        };
        if !self.until_idle().is_positive() {
            self.call().await;
        }
        let token_source = self.clone();
        if self.is_worth_recording(timeout) {
            let _ = tokio::task::spawn_blocking(move || token_source.record_use()).await;
        }
    }

    /// Tells the cache when the token was used last. Blocks.
    pub(in super::super) fn record_use(&self) {
        let (current, last) = {
            let mut state = self.state();
            state.uses.recorded = state.uses.last.clone();
            (state.current.clone(), state.uses.last.clone())
        };
        if self.idle_timeout().is_some() {
            self.source.record_use(&current.token.access_token, &last);
        }
    }

    async fn call(self: &Arc<Self>) {
        let current = self.state().current.clone();
        let (source, token) = (self.source.clone(), current.token.access_token.clone());
        let Ok(answer) = tokio::task::spawn_blocking(move || source.call(&token)).await else {
            return;
        };
        match answer {
            Ok(TokenCheck { status: TokenStatus::Accepted, used, .. }) => {
                self.reporter.info("nobody used the token: a call keeps it alive");
                let mut state = self.state();
                state.uses.failed = None;
                if let Some(at) = used {
                    note(&mut state, &current, &at);
                }
            }
            Ok(TokenCheck { status: TokenStatus::Rejected, .. }) => {
                self.reporter.warn("the API refuses the token, which nobody used: making another");
                self.fail_call();
                self.renew(current, Why::Refused).await;
            }
            Err(error) => {
                let why = error.one_line();
                self.reporter.warn(format_args!("the unused token is not kept alive: {why}"));
                self.fail_call();
            }
        }
    }

    fn fail_call(&self) {
        let now = self.clock.read();
        let mut state = self.state();
        state.uses.failed = Some(Backoff::after(state.uses.failed.as_ref(), now));
    }

    fn is_worth_recording(&self, timeout: IdleTimeout) -> bool {
        let uses = &self.state().uses;
        timeout.is_worth_storing(&uses.last, &uses.recorded)
    }

    fn idle_timeout(&self) -> Option<IdleTimeout> {
        self.source.policy().idle_timeout
    }
}

fn note(state: &mut State, used: &Arc<Current>, at: &Reading) {
    // A use on another boot, which the cache knew of, cannot be compared.
    let is_later = at.boot_since(&state.uses.last).is_none_or(|since| since.is_positive());
    if Arc::ptr_eq(&state.current, used) && is_later {
        state.uses.last = at.clone();
    }
}
