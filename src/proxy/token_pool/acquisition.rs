//! Acquires the token of one request.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use super::TokenPool;
use super::choice::{Choice, choose};
use super::member::PoolMember;
use super::overdraft::Overdraft;
use crate::clock::Reading;
use crate::proxy::token_source::{BearerToken, TokenForRequest, TokenSource};

/// A token for one request, which is counted.
pub(in super::super) struct AcquiredToken {
    pub(in super::super) source: Arc<TokenSource>,
    pub(in super::super) token: Arc<BearerToken>,
    /// A refresh has failed; the API decides.
    pub(in super::super) is_expired: bool,
    /// The number of the request in the token's window.
    pub(super) request: u32,
    /// The request is beyond the rate.
    pub(super) overdraft: Option<Overdraft>,
}

pub(in super::super) enum Acquisition {
    Acquired(AcquiredToken),
    Expired(ExpiredMember),
    /// Every token is busy for so long.
    Busy(SignedDuration),
}

pub(in super::super) struct ExpiredMember(Arc<TokenSource>);

impl TokenPool {
    /// Returns a token for a request that comes at `now`; `None` if it has to wait for one.
    pub(in super::super) fn acquire_now(self: &Arc<Self>, now: &Reading) -> Option<Acquisition> {
        // Nobody overtakes those that wait.
        if self.waiting.load(Ordering::Acquire) > 0 {
            return None;
        }
        match self.try_acquire(now) {
            Acquisition::Busy(_) => None,
            acquisition => Some(acquisition),
        }
    }

    /// Refreshes an expired token, which happens when the machine was suspended or the issuer
    /// unavailable.
    pub(in super::super) async fn refreshed(&self, member: ExpiredMember) -> AcquiredToken {
        let ExpiredMember(source) = member;
        let (token, is_expired) = match source.current().await {
            TokenForRequest::Usable(token) => (token, false),
            TokenForRequest::Expired(token) => (token, true),
        };
        let request = self.count_request(&source);
        AcquiredToken { is_expired, ..AcquiredToken::new(source, token, request) }
    }

    /// Notes that the API took a request. Doubles the rate if it was beyond that.
    pub(in super::super) fn note_accepted(&self, acquired: &mut AcquiredToken) {
        let Some(_ended) = acquired.overdraft.take() else {
            return;
        };
        let raised = {
            let mut state = self.state();
            let rate = state.rate.unwrap_or(u32::MAX).saturating_mul(2);
            state.set_rate(Some(rate));
            rate
        };
        self.run.reporter.debug(format_args!(
            "the API takes more requests with a token than --rate says: trying {raised}"
        ));
    }

    pub(super) fn try_acquire(self: &Arc<Self>, now: &Reading) -> Acquisition {
        let mut state = self.state();
        let mut usable = None;
        let choice = choose(state.members.iter_mut().map(|member| {
            let (member_state, token) = member.state(now);
            usable = token;
            member_state
        }));
        let acquisition = match (choice, usable) {
            (Choice::Use(index), Some(token)) => {
                let member = &mut state.members[index];
                let acquired = AcquiredToken::of(member, token, now);
                let has_room = !member.quota.is_near_limit(acquired.request);
                let acquisition = Acquisition::Acquired(acquired);
                if has_room {
                    return acquisition;
                }
                acquisition
            }
            (Choice::Use(index) | Choice::Refresh(index), _) => {
                return Acquisition::Expired(ExpiredMember(state.members[index].source.clone()));
            }
            (Choice::Wait(wait, _), _) => Acquisition::Busy(wait),
        };
        if let Some(slot) = state.try_begin_growth(self.settings.tokens, now) {
            self.grow_in_background(slot);
        }
        match choice {
            Choice::Wait(_, Some(index)) if !state.growth.ends_soon(now) => {
                self.overdraw(&mut state.members[index], now).unwrap_or(acquisition)
            }
            _ => acquisition,
        }
    }

    fn overdraw(self: &Arc<Self>, member: &mut PoolMember, now: &Reading) -> Option<Acquisition> {
        let token = member.source.peek_usable(now)?;
        member.quota.set_overdrawn(true);
        let overdraft = Some(Overdraft::new(self, &member.source));
        let acquired = AcquiredToken::of(member, token, now);
        Some(Acquisition::Acquired(AcquiredToken { overdraft, ..acquired }))
    }
}

impl AcquiredToken {
    pub(super) fn of(
        member: &mut PoolMember,
        token: Arc<BearerToken>,
        now: &Reading,
    ) -> AcquiredToken {
        let request = member.count_request(now);
        AcquiredToken::new(member.source.clone(), token, request)
    }

    pub(super) fn new(
        source: Arc<TokenSource>,
        token: Arc<BearerToken>,
        request: u32,
    ) -> AcquiredToken {
        AcquiredToken { source, token, is_expired: false, request, overdraft: None }
    }
}
