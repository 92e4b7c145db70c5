//! Gets the next token: in the background before the current one gets short, and for
//! requests that find it dead or refused. One attempt at a time, for all that wait.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::backoff::{Backoff, FIRST_WAIT};
use super::idle::Uses;
use super::{Current, State, TokenSource, remember};
use crate::broker::{ProvidedToken, TokenOrigin};
use crate::clock::Reading;
use crate::error::Result;
use crate::token::Token;

/// Why another token is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It gets short. There is time to try again.
    Short,
    /// It is dead, and a request waits.
    Dead,
    /// The API refuses it, and a request waits.
    Refused,
    /// A person asks for it.
    Reload,
}

/// Attempts have failed, and the next one has to wait.
pub(super) struct Failing {
    backoff: Backoff,
    /// The reason as clients are told it, where another attempt may succeed.
    outage: Option<String>,
}

/// No other token can be had at the moment.
pub(in super::super) struct Outage {
    pub(in super::super) reason: String,
    /// The time after which it is worthwhile to ask again.
    pub(in super::super) retry_after: Duration,
}

/// The longest sleep of the background task: the clock that it sleeps by stands still
/// while the machine is suspended.
const LOOK: SignedDuration = SignedDuration::from_secs(30);

/// The shortest sleep of the background task.
const REST: SignedDuration = SignedDuration::from_millis(250);

impl TokenSource {
    /// Renews the token whenever it gets short, and keeps it in use. Never returns.
    pub(in super::super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            let current = self.state().current.clone();
            let spare = self.spare(&current);
            if !spare.is_positive() {
                self.renew(current, Why::Short).await;
            }
            self.keep_in_use().await;
            let current = self.state().current.clone();
            let rest = self.spare(&current).max(self.must_wait()).min(self.until_idle());
            let rest = rest.clamp(REST, LOOK);
            tokio::time::sleep(rest.unsigned_abs()).await;
        }
    }

    /// Gets another token in place of `old`, unless there is one already. Runs in a
    /// task of its own, so that a client that goes away does not cancel the mint.
    pub(super) async fn renew(
        self: &Arc<Self>,
        old: Arc<Current>,
        why: Why,
    ) -> Option<Arc<Current>> {
        let token_source = self.clone();
        tokio::spawn(async move { token_source.take_turn(old, why).await }).await.ok()?
    }

    pub(super) async fn take_turn(&self, old: Arc<Current>, why: Why) -> Option<Arc<Current>> {
        let failures = self.state().failures;
        let _turn = self.turn.lock().await;
        {
            let now = self.clock.read();
            let mut state = self.state();
            if !Arc::ptr_eq(&state.current, &old) {
                return Some(state.current.clone());
            }
            if state.failures != failures {
                // The one before us has failed: we would fail as well.
                return None;
            }
            let may_try = match why {
                Why::Short => !state.must_wait(&now).is_positive(),
                // A request had better wait for an issuer that comes back.
                Why::Dead | Why::Refused => state.rate_limit.take(&now),
                Why::Reload => true,
            };
            if !may_try {
                return None;
            }
        }
        let source = self.source.clone();
        let not_this = (why == Why::Refused).then(|| old.token.access_token.clone());
        let lasting = self.stand_in.as_ref().filter(|stand_in| stand_in.outlives_run);
        let handed_out = lasting.map(|stand_in| stand_in.token.clone());
        let (issued, now) = (self.issued.clone(), self.clock.read().wall);
        let work = move || -> Result<ProvidedToken> {
            let given = match why {
                Why::Reload => source.reload(),
                Why::Short | Why::Dead | Why::Refused => source.next(not_this.as_ref()),
            }?;
            // Before anybody gets it. What is in the way was said at the start.
            for token in
                [Some(&given.token.access_token), handed_out.as_ref()].into_iter().flatten()
            {
                let _ = remember(issued.as_deref(), token, now);
            }
            Ok(given)
        };
        match tokio::task::spawn_blocking(work).await.ok()? {
            Ok(given) if given.origin != TokenOrigin::Stale => {
                if given.origin == TokenOrigin::Minted {
                    self.metrics.count_token_minted();
                }
                if given.token.access_token != old.token.access_token {
                    self.metrics.count_token_refresh();
                }
                Some(self.adopt(given.token))
            }
            // The broker has said why.
            Ok(_makeshift) => self.fail(Some("the issuer gives no longer-lived token".to_owned())),
            Err(error) => {
                let why = error.one_line();
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.reporter.warn(format_args!("the token could not be renewed: {why}{hint}"));
                self.fail(error.kind.is_transient().then_some(why))
            }
        }
    }

    fn adopt(&self, token: Token) -> Arc<Current> {
        let now = self.clock.read().wall;
        let mut state = self.state();
        state.known.insert(&token.access_token, now);
        state.uses = Uses::of(&token);
        state.current = Arc::new(Current::new(token));
        state.failing = None;
        state.current.clone()
    }

    fn fail(&self, outage: Option<String>) -> Option<Arc<Current>> {
        self.metrics.count_token_refresh_failure();
        let now = self.clock.read();
        let mut state = self.state();
        state.failures += 1;
        let backoff = Backoff::after(state.failing.as_ref().map(|failing| &failing.backoff), now);
        state.failing = Some(Failing { backoff, outage });
        None
    }

    /// Returns why no other token can be had, where that will pass. Credentials that
    /// the issuer refuses are no such case: they stay wrong.
    pub(in super::super) fn outage(&self) -> Option<Outage> {
        let now = self.clock.read();
        let state = self.state();
        let reason = state.failing.as_ref()?.outage.clone()?;
        let wait = state.must_wait(&now).max(FIRST_WAIT);
        Some(Outage { reason, retry_after: wait.unsigned_abs() })
    }

    /// How long the token stays fresh.
    fn spare(&self, current: &Current) -> SignedDuration {
        let wanted = self.source.policy().required_ttl(&current.token.validity);
        self.left(current).saturating_sub(wanted)
    }

    fn must_wait(&self) -> SignedDuration {
        self.state().must_wait(&self.clock.read())
    }
}

impl State {
    /// How long the next attempt has to wait.
    fn must_wait(&self, now: &Reading) -> SignedDuration {
        self.failing.as_ref().map_or(SignedDuration::ZERO, |failing| failing.backoff.left(now))
    }
}
