//! The state that both hosts share: configuration, clocks, tokens and counters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::Request;
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::config::{ConfigChange, ExpiresInField, SandboxConfig};
use super::counters::Counters;
use super::faults::Fault;
use super::quota::RequestQuota;
use super::rate_limiter::{ExceededLimit, LimitScope, RateLimiter};
use super::resources::Resources;
use super::token;
use super::token_store::{IdleTimer, TokenRejection, TokenStore};
use crate::context::Clock;
use crate::sync;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SandboxHost {
    Login,
    Api,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientRejection {
    UnknownId,
    WrongSecret,
}

pub(super) struct IssuedToken {
    pub(super) access_token: String,
    pub(super) expires_in: Option<Value>,
}

pub(super) struct Cloud {
    clock: Arc<dyn Clock>,
    signing_key: hmac::Key,
    state: Mutex<CloudState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MintRateExceeded;

struct CloudState {
    config: SandboxConfig,
    faults: VecDeque<Fault>,
    api_faults: VecDeque<Fault>,
    tokens: TokenStore,
    resources: Resources,
    counters: Counters,
    rate_limiter: RateLimiter,
    calls_in_progress: u64,
}

impl Cloud {
    pub(super) fn new(mut config: SandboxConfig, clock: Arc<dyn Clock>) -> Cloud {
        let faults = std::mem::take(&mut config.faults).into();
        let api_faults = std::mem::take(&mut config.api_faults).into();
        Cloud {
            clock,
            signing_key: token::signing_key(),
            state: Mutex::new(CloudState {
                config,
                faults,
                api_faults,
                tokens: TokenStore::default(),
                resources: Resources::default(),
                counters: Counters::default(),
                rate_limiter: RateLimiter::default(),
                calls_in_progress: 0,
            }),
        }
    }

    pub(super) fn host_time(&self, host: SandboxHost) -> Timestamp {
        self.state().host_time(host, &*self.clock)
    }

    pub(super) fn latency(&self, host: SandboxHost) -> Duration {
        let config = &self.state().config;
        match host {
            SandboxHost::Login => config.latency,
            SandboxHost::Api => config.api_latency,
        }
    }

    pub(super) fn counters(&self) -> Counters {
        self.state().counters.clone()
    }

    pub(super) fn count(&self, event: impl FnOnce(&mut Counters)) {
        event(&mut self.state().counters);
    }

    pub(super) fn change(&self, mut change: ConfigChange) {
        let mut state = self.state();
        if let Some(faults) = change.faults.take() {
            state.faults = faults.into();
        }
        if let Some(faults) = change.api_faults.take() {
            state.api_faults = faults.into();
        }
        state.config.apply(change);
    }

    /// Counts a request and returns its fault. Only token requests and API calls have any.
    pub(super) fn next_fault(&self, host: SandboxHost, request: &Request) -> Fault {
        let path = request.uri().path();
        let mut state = self.state();
        let faults = match host {
            SandboxHost::Login if path == "/oauth/token" && request.method() == Method::POST => {
                state.counters.token_requests += 1;
                &mut state.faults
            }
            SandboxHost::Api if path.starts_with("/api/") => {
                state.counters.api_calls += 1;
                &mut state.api_faults
            }
            _ => return Fault::None,
        };
        faults.pop_front().unwrap_or(Fault::None)
    }

    pub(super) fn authenticate(&self, id: &str, secret: &str) -> Result<(), ClientRejection> {
        let config = &self.state().config;
        if id != config.client_id {
            Err(ClientRejection::UnknownId)
        } else if secret != config.client_secret.expose_secret() {
            Err(ClientRejection::WrongSecret)
        } else {
            Ok(())
        }
    }

    /// Older tokens stay valid, as long as there are not more than `max_tokens`.
    pub(super) fn mint(&self) -> Result<IssuedToken, MintRateExceeded> {
        let mut state = self.state();
        let boot = self.clock.read().boot;
        if !state.count_mint(boot) {
            state.counters.refused_mints += 1;
            return Err(MintRateExceeded);
        }
        let now = state.host_time(SandboxHost::Login, &*self.clock);
        let (access_token, validity) = token::mint(&state.config, now, &self.signing_key);
        state.counters.mints += 1;
        state.tokens.insert(access_token.clone(), validity, boot);
        if let Some(limit) = state.config.max_tokens {
            state.counters.evicted_tokens += state.tokens.evict_oldest(limit, now) as u64;
        }
        Ok(IssuedToken {
            access_token,
            expires_in: match &state.config.expires_in {
                ExpiresInField::Lifetime => Some(state.config.lifetime.as_secs().into()),
                ExpiresInField::Missing => None,
                ExpiresInField::Json(value) => Some(value.clone()),
            },
        })
    }

    /// Checks a token by the API's clock, without any tolerance.
    pub(super) fn check_token(
        &self,
        token: Option<&str>,
        idle_timer: IdleTimer,
    ) -> Result<(), TokenRejection> {
        let mut state = self.state();
        let token = token.ok_or(TokenRejection::Missing)?;
        let now = state.host_time(SandboxHost::Api, &*self.clock);
        let boot = self.clock.read().boot;
        let idle_timeout = state.config.idle_timeout;
        state.tokens.check(token, now, boot, idle_timeout, idle_timer)
    }

    /// Counts a call with a valid token against the limits of the token and of the path.
    pub(super) fn admit_call(
        &self,
        token: &str,
        method: &Method,
        path: &str,
    ) -> Result<(), ExceededLimit> {
        let now = self.clock.read().boot;
        let state = &mut *self.state();
        let (config, limiter) = (&state.config, &mut state.rate_limiter);
        let by_token = match config.rate {
            Some(quota) => limiter.count_token_call(token, quota, now),
            None => Ok(()),
        };
        let admission =
            by_token.and_then(|()| limiter.count_path_call(&config.path_rates, method, path, now));
        match admission.as_ref().err().map(|exceeded| exceeded.scope) {
            Some(LimitScope::Token) => state.counters.calls_over_token_limit += 1,
            Some(LimitScope::Path) => state.counters.calls_over_path_limit += 1,
            None => {}
        }
        admission
    }

    pub(super) fn token_rate(&self) -> Option<RequestQuota> {
        self.state().config.rate
    }

    pub(super) fn limit_in_body(&self) -> bool {
        self.state().config.limit_in_body
    }

    pub(super) fn begin_call(&self) -> CallInProgress<'_> {
        let mut state = self.state();
        state.calls_in_progress += 1;
        let calls = state.calls_in_progress;
        state.counters.max_concurrent_calls = calls.max(state.counters.max_concurrent_calls);
        CallInProgress(self)
    }

    pub(super) fn revoke(&self, token: &str) {
        let mut state = self.state();
        if state.tokens.remove(token) {
            state.counters.revocations += 1;
        }
    }

    pub(super) fn tokens(&self) -> Vec<String> {
        self.state().tokens.texts()
    }

    pub(super) fn revoke_all(&self) {
        self.state().tokens.remove_all();
    }

    pub(super) fn client_id(&self) -> String {
        self.state().config.client_id.clone()
    }

    pub(super) fn with_resources<T>(&self, work: impl FnOnce(&mut Resources) -> T) -> T {
        work(&mut self.state().resources)
    }

    fn state(&self) -> MutexGuard<'_, CloudState> {
        sync::lock(&self.state)
    }
}

pub(super) struct CallInProgress<'a>(&'a Cloud);

impl Drop for CallInProgress<'_> {
    fn drop(&mut self) {
        self.0.state().calls_in_progress -= 1;
    }
}

impl CloudState {
    fn count_mint(&mut self, now: SignedDuration) -> bool {
        self.config.mint_rate.is_none_or(|quota| self.rate_limiter.count_mint(quota, now))
    }

    fn host_time(&self, host: SandboxHost, clock: &dyn Clock) -> Timestamp {
        let offset = match host {
            SandboxHost::Login => self.config.issuer_offset,
            SandboxHost::Api => self.config.api_offset,
        };
        let wall = clock.read().wall;
        // Only an offset beyond the calendar does not fit.
        wall.saturating_add(offset).unwrap_or(wall)
    }
}
