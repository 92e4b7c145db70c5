//! One token of a pool: its source, and its quota at the API.

use std::sync::Arc;

use jiff::SignedDuration;

use super::choice::MemberState;
use super::token_quota::TokenQuota;
use crate::clock::Reading;
use crate::proxy::status::PooledToken;
use crate::proxy::token_source::{BearerToken, TokenSource};

pub(super) struct PoolMember {
    pub(super) slot: u32,
    pub(super) source: Arc<TokenSource>,
    pub(super) quota: TokenQuota,
    pub(super) last_use: SignedDuration,
    /// The generation of the token that `quota` is about.
    generation: u64,
}

/// A pool that was larger than needed for so long gives back what it has too many.
const IDLE_TIME: SignedDuration = SignedDuration::from_mins(5);

impl PoolMember {
    pub(super) fn new(
        slot: u32,
        source: Arc<TokenSource>,
        rate: Option<u32>,
        now: &Reading,
    ) -> PoolMember {
        let (quota, generation) = (TokenQuota::of_new_token(rate, now), source.generation());
        PoolMember { slot, source, quota, last_use: now.boot, generation }
    }

    /// Returns the state, and the token if it can be used.
    pub(super) fn state(&mut self, now: &Reading) -> (MemberState, Option<Arc<BearerToken>>) {
        self.follow_renewal(now);
        let wait = self.quota.wait(now);
        if self.quota.can_overdraw(now) {
            return (MemberState::Full(wait), None);
        }
        if wait.is_positive() {
            return (MemberState::Busy(wait), None);
        }
        match self.source.peek_usable(now) {
            Some(token) => (MemberState::Open, Some(token)),
            None => (MemberState::Expired, None),
        }
    }

    /// Returns the number of the request in the token's window.
    pub(super) fn count_request(&mut self, now: &Reading) -> u32 {
        self.last_use = now.boot;
        self.quota.count_request(now)
    }

    /// Returns whether the token is worth a renewal. Slot 0 is shared with every other
    /// command.
    pub(super) fn is_in_use(&self, now: &Reading) -> bool {
        self.slot == 0 || now.boot.saturating_sub(self.last_use) < IDLE_TIME
    }

    pub(super) fn status(&self, now: &Reading) -> PooledToken {
        let current = self.source.peek();
        let closed_for = self.quota.closed_for(now);
        PooledToken {
            slot: self.slot,
            remaining: self.source.remaining_after_skew(&current, now),
            lifetime: current.token.validity.initial_lifetime,
            window: self.quota.status(now),
            closed_for: closed_for.is_positive().then(|| closed_for.unsigned_abs()),
        }
    }

    /// A token that was renewed has a quota of its own.
    fn follow_renewal(&mut self, now: &Reading) {
        let generation = self.source.generation();
        if generation != self.generation {
            self.generation = generation;
            self.quota = TokenQuota::of_new_token(self.quota.rate(), now);
        }
    }
}
