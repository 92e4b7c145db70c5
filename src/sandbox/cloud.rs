//! The state that both hosts share: configuration, clocks, tokens and counters.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::Request;
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::{ConfigChange, ExpiresInField, SandboxConfig};
use super::faults::Fault;
use super::resources::Resources;
use super::token::{self, AcceptancePeriod};
use crate::context::Clock;
use crate::sync;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SandboxHost {
    Login,
    Api,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Requests of any kind to the login host.
    pub login_requests: u64,
    /// Token requests, failed ones included.
    pub token_requests: u64,
    pub mints: u64,
    /// API requests, rejected ones included.
    pub api_calls: u64,
    pub refusals: u64,
    /// Tokens revoked by `DELETE /api/v2/tokens/me`.
    pub revocations: u64,
    /// Number of times that each `X-Request-Id` of an API POST was processed.
    pub executed: BTreeMap<String, u64>,
    pub last_token_request: Option<RecordedTokenRequest>,
}

/// A token request without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordedTokenRequest {
    /// `basic`, `post`, or `None` without credentials.
    pub client_auth: Option<String>,
    /// The form without `client_secret`.
    pub form: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenRejection {
    Missing,
    /// Never minted, or revoked.
    Unknown,
    NotYetValid,
    Expired,
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

struct StoredToken {
    validity: AcceptancePeriod,
    /// Boot clock at the mint or the last use.
    last_used: SignedDuration,
}

/// The effect of an API call on its token's inactivity timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdleTimer {
    Restart,
    /// For `preserveIdleTTL=true`, and for HEAD requests, about which nothing is documented.
    Keep,
}

struct CloudState {
    config: SandboxConfig,
    faults: VecDeque<Fault>,
    api_faults: VecDeque<Fault>,
    tokens: HashMap<String, StoredToken>,
    resources: Resources,
    counters: Counters,
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
                tokens: HashMap::new(),
                resources: Resources::default(),
                counters: Counters::default(),
            }),
        }
    }

    pub(super) fn host_time(&self, host: SandboxHost) -> Timestamp {
        self.state().host_time(host, &*self.clock)
    }

    pub(super) fn latency(&self) -> Duration {
        self.state().config.latency
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

    /// Older tokens stay valid.
    pub(super) fn mint(&self) -> IssuedToken {
        let mut state = self.state();
        let now = state.host_time(SandboxHost::Login, &*self.clock);
        let (access_token, validity) = token::mint(&state.config, now, &self.signing_key);
        let stored = StoredToken { validity, last_used: self.clock.read().boot };
        state.tokens.insert(access_token.clone(), stored);
        state.counters.mints += 1;
        IssuedToken {
            access_token,
            expires_in: match &state.config.expires_in {
                ExpiresInField::Lifetime => Some(state.config.lifetime.as_secs().into()),
                ExpiresInField::Missing => None,
                ExpiresInField::Json(value) => Some(value.clone()),
            },
        }
    }

    /// Checks a token by the API's clock, without any tolerance.
    pub(super) fn check_token(
        &self,
        token: Option<&str>,
        idle_timer: IdleTimer,
    ) -> Result<(), TokenRejection> {
        let mut state = self.state();
        let now = state.host_time(SandboxHost::Api, &*self.clock);
        let token = token.ok_or(TokenRejection::Missing)?;
        let boot = self.clock.read().boot;
        let idle_timeout = state.config.idle_timeout;
        let stored = state.tokens.get_mut(token).ok_or(TokenRejection::Unknown)?;
        let idle = boot.saturating_sub(stored.last_used).unsigned_abs();
        if idle_timeout.is_some_and(|timeout| idle >= timeout) {
            state.tokens.remove(token);
            return Err(TokenRejection::Unknown);
        }
        let validity = stored.validity;
        if validity.not_before.is_some_and(|start| now < start) {
            return Err(TokenRejection::NotYetValid);
        }
        if now >= validity.expires_at {
            return Err(TokenRejection::Expired);
        }
        if idle_timer == IdleTimer::Restart {
            stored.last_used = boot;
        }
        Ok(())
    }

    pub(super) fn revoke(&self, token: &str) {
        let mut state = self.state();
        if state.tokens.remove(token).is_some() {
            state.counters.revocations += 1;
        }
    }

    pub(super) fn tokens(&self) -> Vec<String> {
        self.state().tokens.keys().cloned().collect()
    }

    pub(super) fn revoke_all(&self) {
        self.state().tokens.clear();
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

impl CloudState {
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
