//! An issuer and an API that limit as the platform does, in the runtime's time.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::broker::{ProvidedToken, TokenOrigin};
use crate::clock::Reading;
use crate::clock::tests::reading;
use crate::context::{Clock, timer_clock};
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::proxy::token_source::TokenBackend;
use crate::token::tests::token;
use crate::token::{AccessToken, FreshnessPolicy, MinTtl, Token};

pub(super) struct Limits {
    pub(super) calls: u32,
    pub(super) mints: u32,
    pub(super) active_tokens: usize,
    /// The calls of a path that has a limit of its own.
    pub(super) path: u32,
    /// The calls with all tokens.
    pub(super) organization: u32,
}

pub(super) struct FakeCloud {
    pub(super) clock: Arc<RuntimeClock>,
    pub(super) is_issuer_down: AtomicBool,
    pub(super) repeats_tokens: AtomicBool,
    pub(super) is_api_hanging: AtomicBool,
    pub(super) has_store: AtomicBool,
    limits: Limits,
    state: Mutex<CloudState>,
}

#[derive(Default)]
struct CloudState {
    by_token: HashMap<String, Minute>,
    by_path: HashMap<&'static str, Minute>,
    by_organization: Option<Minute>,
    minting: Option<Minute>,
    /// The oldest comes first.
    active: VecDeque<String>,
    /// By slot.
    cached: HashMap<u32, Token>,
    mints: u32,
    calls: u32,
    refused_calls: u32,
}

/// A window that begins with the first call.
#[derive(Clone, Copy)]
struct Minute {
    begun: Instant,
    calls: u32,
}

/// Answers 401 to any token.
pub(super) const FORBIDDEN_PATH: &str = "/api/v2/forbidden";

pub(super) const LIMITED_PATH: &str = "/api/v2/limited/things";

const MINUTE: Duration = Duration::from_secs(60);

const LIFETIME: i64 = 86_400;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            calls: 300,
            mints: u32::MAX,
            active_tokens: usize::MAX,
            path: u32::MAX,
            organization: u32::MAX,
        }
    }
}

impl FakeCloud {
    pub(super) fn new(limits: Limits) -> Arc<FakeCloud> {
        let clock = Arc::new(RuntimeClock(timer_clock()));
        Arc::new(FakeCloud {
            clock,
            is_issuer_down: AtomicBool::new(false),
            repeats_tokens: AtomicBool::new(false),
            is_api_hanging: AtomicBool::new(false),
            has_store: AtomicBool::new(false),
            limits,
            state: Mutex::default(),
        })
    }

    /// Returns the status, and the time until the limit is reset.
    pub(super) fn call(&self, path: &'static str, token: &str) -> (u16, Duration) {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        if path == FORBIDDEN_PATH || !state.active.iter().any(|active| active == token) {
            return (401, Duration::ZERO);
        }
        let by_token = state.by_token.entry(token.to_owned()).or_insert_with(Minute::new);
        let mut refused = by_token.count(self.limits.calls);
        if refused.is_none() && path == LIMITED_PATH {
            refused = state.by_path.entry(path).or_insert_with(Minute::new).count(self.limits.path);
        }
        let by_organization = state.by_organization.get_or_insert_with(Minute::new);
        refused = by_organization.count(self.limits.organization).or(refused);
        match refused {
            None => (200, Duration::ZERO),
            Some(reset) => {
                state.refused_calls += 1;
                (429, Duration::from_secs(reset.as_secs() + 1))
            }
        }
    }

    pub(super) fn mint(&self, slot: u32) -> Result<Token> {
        if self.is_issuer_down.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Unavailable, "the issuer is down"));
        }
        let mut state = self.state.lock().unwrap();
        if state.minting.get_or_insert_with(Minute::new).count(self.limits.mints).is_some() {
            return Err(Error::new(Kind::RateLimited, "too many mints"));
        }
        state.mints += 1;
        let number = if self.repeats_tokens.load(Ordering::Relaxed) { 1 } else { state.mints };
        let text = format!("token{number}");
        if state.active.len() == self.limits.active_tokens {
            state.active.pop_front();
        }
        let mut token = token(&text, LIFETIME);
        token.validity.sent = self.clock.read();
        state.active.push_back(text);
        state.cached.insert(slot, token.clone());
        Ok(token)
    }

    pub(super) fn mints(&self) -> u32 {
        self.state.lock().unwrap().mints
    }

    pub(super) fn calls(&self) -> u32 {
        self.state.lock().unwrap().calls
    }

    pub(super) fn refused_calls(&self) -> u32 {
        self.state.lock().unwrap().refused_calls
    }
}

impl Minute {
    fn new() -> Minute {
        Minute { begun: timer_clock(), calls: 0 }
    }

    /// Returns the time until the window ends if it is full.
    fn count(&mut self, limit: u32) -> Option<Duration> {
        if self.begun.elapsed() >= MINUTE {
            *self = Minute::new();
        }
        self.calls = self.calls.saturating_add(1);
        (self.calls > limit).then(|| MINUTE.saturating_sub(self.begun.elapsed()))
    }
}

/// A process's access to one slot of the cache.
pub(super) struct CloudBackend {
    cloud: Arc<FakeCloud>,
    slot: u32,
    policy: FreshnessPolicy,
}

impl CloudBackend {
    pub(super) fn new(cloud: &Arc<FakeCloud>, slot: u32) -> CloudBackend {
        let policy = FreshnessPolicy {
            skew: SignedDuration::from_secs(5),
            min_ttl: MinTtl::Explicit(SignedDuration::from_secs(60)),
            newer_than: None,
            idle_timeout: None,
        };
        CloudBackend { cloud: cloud.clone(), slot, policy }
    }
}

impl TokenBackend for CloudBackend {
    fn get_token(&self, rejected: Option<&AccessToken>) -> Result<ProvidedToken> {
        let now = self.cloud.clock.read();
        let is_fresh = |token: &Token| {
            let remaining = token.validity.remaining(&now).unwrap();
            remaining > SignedDuration::from_mins(2) && Some(&token.access_token) != rejected
        };
        let cached = self.cloud.state.lock().unwrap().cached.get(&self.slot).cloned();
        if let Some(token) = cached.filter(is_fresh) {
            return Ok(ProvidedToken { token, origin: TokenOrigin::Cached });
        }
        let token = self.cloud.mint(self.slot)?;
        // The broker verifies a new token.
        self.cloud.call("/api/v2/tokens/me", token.access_token.expose());
        Ok(ProvidedToken { token, origin: TokenOrigin::Minted })
    }

    fn get_verified_token(&self) -> Result<ProvidedToken> {
        self.get_token(None)
    }

    fn call_api(&self, token: &AccessToken) -> Result<TokenCheck> {
        while self.cloud.is_api_hanging.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        let status = match self.cloud.call("/api/v2/tokens/me", token.expose()).0 {
            401 => TokenStatus::Rejected,
            429 => return Err(Error::new(Kind::RateLimited, "too many calls")),
            _ => TokenStatus::Accepted,
        };
        Ok(TokenCheck { status, clock: None, used: None })
    }

    fn requests_per_minute(&self, _: &AccessToken) -> Result<Option<u32>> {
        Ok(Some(self.cloud.limits.calls))
    }

    fn record_use(&self, _: &AccessToken, _: &Reading) {}

    fn policy(&self) -> &FreshnessPolicy {
        &self.policy
    }

    fn has_store(&self) -> bool {
        self.cloud.has_store.load(Ordering::Relaxed)
    }
}

/// Shows the runtime's time.
pub(super) struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn read(&self) -> Reading {
        let mut reading = reading(101, 1_001);
        let elapsed = SignedDuration::try_from(self.0.elapsed()).unwrap();
        reading.boot += elapsed;
        reading.wall += elapsed;
        reading
    }

    fn sleep(&self, _: Duration) {
        panic!("the pool sleeps on the runtime")
    }
}
