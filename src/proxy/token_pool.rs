//! The tokens that requests are sent with: one, or more of the same client where the API's
//! limit for one token does not suffice.

mod acquisition;
mod active_cap;
mod choice;
mod growth;
mod limited_paths;
mod member;
mod overdraft;
mod refusal;
mod token_quota;
mod waiting;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hyper::HeaderMap;

use super::status::PooledToken;
use super::token_source::{BearerToken, BrokerBackend, RunContext, TokenBackend, TokenSource};
use crate::clock::Reading;
use crate::config::{PoolSettings, RequestRate};
use crate::sync;
use crate::token::{AccessToken, FreshnessPolicy, Token, TokenValidity};
pub(super) use acquisition::{AcquiredToken, Acquisition, ExpiredMember};
use active_cap::ActiveCap;
use growth::GrowthState;
use limited_paths::LimitedPaths;
pub(super) use limited_paths::RequestScope;
use member::PoolMember;
pub(super) use refusal::{RateLimitCause, Rejection};

pub(super) struct TokenPool {
    settings: PoolSettings,
    backends: BackendOfSlot,
    run: RunContext,
    /// Slot 0, which other commands share.
    shared_source: Arc<TokenSource>,
    state: Mutex<PoolState>,
    /// The requests that wait, and the turn of the first of them.
    waiting: AtomicUsize,
    turn: tokio::sync::Mutex<()>,
    /// A token has joined or opened.
    changed: tokio::sync::Notify,
    /// Held while the cause of a 429 is determined.
    judging: tokio::sync::Mutex<()>,
}

type BackendOfSlot = Box<dyn Fn(u32) -> Arc<dyn TokenBackend> + Send + Sync>;

struct PoolState {
    /// Sorted by slot.
    members: Vec<PoolMember>,
    /// As configured, or as the API tells.
    base_rate: Option<u32>,
    /// Higher, if the API has shown that it takes more.
    rate: Option<u32>,
    growth: GrowthState,
    /// The slot of the store whose token the run began with.
    slot_of_first: Option<u32>,
    active_cap: ActiveCap,
    limited_paths: LimitedPaths,
}

impl TokenPool {
    /// Starts with one token, which is refreshed in the background of the current runtime.
    pub(super) fn start(
        settings: PoolSettings,
        backend: Arc<BrokerBackend>,
        token: Token,
        run: RunContext,
    ) -> Arc<TokenPool> {
        let first: Arc<dyn TokenBackend> = backend.clone();
        let backends = Box::new(move |slot| backend.for_slot(slot) as Arc<dyn TokenBackend>);
        let pool = TokenPool::new(settings, backends, first, token, run);
        tokio::spawn(growth::maintain(Arc::downgrade(&pool), pool.shared_source.clone(), 0));
        if settings.rate == RequestRate::Auto {
            tokio::spawn(pool.clone().find_rate());
        }
        pool
    }

    fn new(
        settings: PoolSettings,
        backends: BackendOfSlot,
        first: Arc<dyn TokenBackend>,
        token: Token,
        run: RunContext,
    ) -> Arc<TokenPool> {
        let now = run.clock.read();
        let source = TokenSource::new(first, BearerToken::new(token), run.clone());
        let shared_source = Arc::new(source);
        let member = PoolMember::new(0, shared_source.clone(), rate(&settings), &now);
        let state = PoolState {
            members: vec![member],
            base_rate: rate(&settings),
            rate: rate(&settings),
            growth: GrowthState::default(),
            slot_of_first: None,
            active_cap: ActiveCap::default(),
            limited_paths: LimitedPaths::default(),
        };
        run.metrics.note_pool_size(1);
        Arc::new(TokenPool {
            settings,
            backends,
            run,
            shared_source,
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
            turn: tokio::sync::Mutex::default(),
            changed: tokio::sync::Notify::new(),
            judging: tokio::sync::Mutex::default(),
        })
    }

    /// Asks the API for its limit.
    async fn find_rate(self: Arc<Self>) {
        let reason = match self.shared_source.requests_per_minute().await {
            Some(Ok(Some(rate))) => {
                self.run
                    .reporter
                    .info(format_args!("the API takes {rate} requests a minute with each token"));
                let mut state = self.state();
                state.base_rate = Some(rate);
                return state.set_rate(Some(rate));
            }
            Some(Ok(None)) => "the API does not tell it".to_owned(),
            Some(Err(error)) => error.one_line(),
            None => return,
        };
        self.run
            .reporter
            .warn(format_args!("--rate: the limit is unknown, so the default is used: {reason}"));
    }

    pub(super) fn rate_wait(&self) -> Duration {
        self.settings.rate_wait
    }

    /// Returns whether a request presents a token that this run or an earlier one handed
    /// out.
    pub(super) fn recognizes(&self, headers: &HeaderMap, now: &Reading) -> bool {
        let is_current = |value: &_| *value == self.shared_source.peek().header;
        self.run.accepted.recognizes(headers, is_current, now.wall)
    }

    pub(super) fn authenticates(&self, headers: &HeaderMap) -> bool {
        self.run.accepted.authenticates(headers, self.run.clock.read().wall)
    }

    pub(super) fn shared_source(&self) -> &Arc<TokenSource> {
        &self.shared_source
    }

    pub(super) fn token_for_clients<'a>(&'a self, current: &'a BearerToken) -> &'a AccessToken {
        self.run.accepted.for_clients(&current.token.access_token)
    }

    pub(super) fn client_token(&self) -> Token {
        let current = self.shared_source.peek();
        Token { access_token: self.token_for_clients(&current).clone(), ..current.token.clone() }
    }

    /// Reads the client secret again and replaces the tokens that the API rejects. Returns
    /// whether all are good.
    pub(super) async fn reload(&self) -> bool {
        let mut all_good = true;
        for source in self.sources() {
            all_good &= source.reload().await;
        }
        all_good
    }

    /// Records in the cache when the tokens were last used. Blocks.
    pub(super) fn record_use(&self) {
        self.sources().iter().for_each(|source| source.record_use());
    }

    pub(super) fn validity(&self) -> TokenValidity {
        self.shared_source.validity()
    }

    pub(super) fn policy(&self) -> &FreshnessPolicy {
        self.shared_source.policy()
    }

    pub(super) fn status(&self, now: &Reading) -> Vec<PooledToken> {
        self.state().members.iter().map(|member| member.status(now)).collect()
    }

    fn sources(&self) -> Vec<Arc<TokenSource>> {
        self.state().members.iter().map(|member| member.source.clone()).collect()
    }

    fn is_in_use(&self, source: &Arc<TokenSource>, now: &Reading) -> Option<bool> {
        self.state().member(source).map(|member| member.is_in_use(now))
    }

    /// Counts a request that is sent with a token that was not chosen.
    fn count_request(&self, source: &Arc<TokenSource>) -> u32 {
        let now = self.run.clock.read();
        self.state().member(source).map_or(0, |member| member.count_request(&now))
    }

    fn remove(&self, source: &Arc<TokenSource>) {
        self.state().members.retain(|member| !Arc::ptr_eq(&member.source, source));
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        sync::lock(&self.state)
    }
}

impl PoolState {
    fn set_rate(&mut self, rate: Option<u32>) {
        self.rate = rate;
        self.members.iter_mut().for_each(|member| member.quota.set_rate(rate));
    }

    fn member(&mut self, source: &Arc<TokenSource>) -> Option<&mut PoolMember> {
        self.members.iter_mut().find(|member| Arc::ptr_eq(&member.source, source))
    }
}

fn rate(settings: &PoolSettings) -> Option<u32> {
    match settings.rate {
        RequestRate::PerMinute(rate) => Some(rate),
        // Until the API has told.
        RequestRate::Auto => rate(&PoolSettings::default()),
        RequestRate::Unknown => None,
    }
}

#[cfg(test)]
mod tests;
