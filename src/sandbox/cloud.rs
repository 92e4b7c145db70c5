//! What both hosts share: the plan, the clocks, the tokens, and the counters.

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
use super::mint::{self, Validity};
use super::routing::Resources;
use crate::context::Clock;
use crate::sync;

/// One of the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Login,
    Api,
}

/// What has happened so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Requests of any kind to the login host.
    pub login_requests: u64,
    /// Requests for a token, those among them that failed included.
    pub token_requests: u64,
    /// Tokens made.
    pub mints: u64,
    /// Requests to the API, the refused ones included.
    pub api_calls: u64,
    /// API calls refused with a 401.
    pub refusals: u64,
    /// Tokens revoked by `DELETE /api/v2/tokens/me`.
    pub revocations: u64,
    /// How often each `X-Request-Id` of an API POST was carried out.
    pub executed: BTreeMap<String, u64>,
    /// The last request for a token.
    pub last_token_request: Option<TokenRequestSeen>,
}

/// What a token request looked like; nothing secret is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenRequestSeen {
    /// How the client presented itself: `basic`, `post`, or not at all.
    pub client_auth: Option<String>,
    /// The fields of its form, without the client's secret.
    pub form: BTreeMap<String, String>,
}

/// Why the API does not accept a request's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is none.
    Missing,
    /// It was never minted, or is revoked.
    Unknown,
    /// The API's clock is behind its start.
    NotYetValid,
    /// The API's clock has reached its end.
    Expired,
}

/// Why the login host makes no token for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    UnknownId,
    WrongSecret,
}

/// A minted token and what the reply says of its life.
pub(super) struct Minted {
    pub(super) access_token: String,
    pub(super) expires_in: Option<Value>,
}

/// The state behind both hosts.
pub(super) struct Cloud {
    clock: Arc<dyn Clock>,
    signing_key: hmac::Key,
    state: Mutex<State>,
}

/// A token, and when it was used last.
struct MintedToken {
    validity: Validity,
    /// When it was made or used last, on the boot clock.
    used: SignedDuration,
}

/// Whether an API call restarts its token's inactivity timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    /// A call that restarts the timer.
    Use,
    /// A call that does not: one with `preserveIdleTTL=true`, or a HEAD request, of which
    /// nothing is documented.
    Look,
}

struct State {
    plan: SandboxConfig,
    faults: VecDeque<Fault>,
    api_faults: VecDeque<Fault>,
    tokens: HashMap<String, MintedToken>,
    resources: Resources,
    counters: Counters,
}

impl Cloud {
    pub(super) fn new(mut plan: SandboxConfig, clock: Arc<dyn Clock>) -> Cloud {
        let faults = std::mem::take(&mut plan.faults).into();
        let api_faults = std::mem::take(&mut plan.api_faults).into();
        Cloud {
            clock,
            signing_key: mint::signing_key(),
            state: Mutex::new(State {
                plan,
                faults,
                api_faults,
                tokens: HashMap::new(),
                resources: Resources::default(),
                counters: Counters::default(),
            }),
        }
    }

    /// What a host's own clock shows.
    pub(super) fn now(&self, host: Host) -> Timestamp {
        self.state().now(host, &*self.clock)
    }

    pub(super) fn latency(&self) -> Duration {
        self.state().plan.latency
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
        state.plan.change(change);
    }

    /// Counts a request, and takes the fault that it meets. Only requests for
    /// a token and API calls meet any.
    pub(super) fn next_fault(&self, host: Host, request: &Request) -> Fault {
        let path = request.uri().path();
        let mut state = self.state();
        let faults = match host {
            Host::Login if path == "/oauth/token" && request.method() == Method::POST => {
                state.counters.token_requests += 1;
                &mut state.faults
            }
            Host::Api if path.starts_with("/api/") => {
                state.counters.api_calls += 1;
                &mut state.api_faults
            }
            _ => return Fault::Nothing,
        };
        faults.pop_front().unwrap_or(Fault::Nothing)
    }

    /// Whether the client is who it claims to be.
    pub(super) fn authenticate(&self, id: &str, secret: &str) -> Result<(), Stranger> {
        let plan = &self.state().plan;
        if id != plan.client_id {
            Err(Stranger::UnknownId)
        } else if secret != plan.client_secret.expose_secret() {
            Err(Stranger::WrongSecret)
        } else {
            Ok(())
        }
    }

    /// Makes a token; older ones stay as good as they are.
    pub(super) fn mint(&self) -> Minted {
        let mut state = self.state();
        let now = state.now(Host::Login, &*self.clock);
        let (access_token, validity) = mint::mint(&state.plan, now, &self.signing_key);
        let issued = MintedToken { validity, used: self.clock.read().boot };
        state.tokens.insert(access_token.clone(), issued);
        state.counters.mints += 1;
        Minted {
            access_token,
            expires_in: match &state.plan.expires_in {
                ExpiresInField::Lifetime => Some(state.plan.lifetime.as_secs().into()),
                ExpiresInField::Missing => None,
                ExpiresInField::Json(value) => Some(value.clone()),
            },
        }
    }

    /// Judges a token on the API's clock, to the nanosecond: whoever wants a
    /// tolerance has to bring it along.
    pub(super) fn judge(&self, token: Option<&str>, contact: Contact) -> Result<(), Refusal> {
        let mut state = self.state();
        let now = state.now(Host::Api, &*self.clock);
        let token = token.ok_or(Refusal::Missing)?;
        let boot = self.clock.read().boot;
        let idle_timeout = state.plan.idle_timeout;
        let issued = state.tokens.get_mut(token).ok_or(Refusal::Unknown)?;
        let idle = boot.saturating_sub(issued.used).unsigned_abs();
        if idle_timeout.is_some_and(|timeout| idle >= timeout) {
            state.tokens.remove(token);
            return Err(Refusal::Unknown);
        }
        let validity = issued.validity;
        if validity.not_before.is_some_and(|start| now < start) {
            return Err(Refusal::NotYetValid);
        }
        if now >= validity.expires_at {
            return Err(Refusal::Expired);
        }
        if contact == Contact::Use {
            issued.used = boot;
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

    /// The client that all tokens belong to.
    pub(super) fn client_id(&self) -> String {
        self.state().plan.client_id.clone()
    }

    pub(super) fn resources<T>(&self, work: impl FnOnce(&mut Resources) -> T) -> T {
        work(&mut self.state().resources)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl State {
    fn now(&self, host: Host, clock: &dyn Clock) -> Timestamp {
        let offset = match host {
            Host::Login => self.plan.issuer_offset,
            Host::Api => self.plan.api_offset,
        };
        let wall = clock.read().wall;
        // Only an offset beyond the calendar does not fit.
        wall.saturating_add(offset).unwrap_or(wall)
    }
}
