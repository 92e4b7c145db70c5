//! Adds tokens to a pool in the background, so that no request waits for a mint that another
//! token can serve.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::SignedDuration;

use super::member::PoolMember;
use super::{PoolState, TokenPool};
use crate::broker::{ProvidedToken, TokenOrigin};
use crate::clock::Reading;
use crate::error::Result;
use crate::proxy::backoff::Backoff;
use crate::proxy::token_source::{BearerToken, TokenSource};
use crate::token::AccessToken;

#[derive(Default)]
pub(super) struct GrowthState {
    begun: Option<SignedDuration>,
    backoff: Option<Backoff>,
}

/// The time between two looks at a token that is not used.
const UNUSED_INTERVAL: Duration = Duration::from_secs(30);

/// An issuer that takes longer has a problem, which is not that of the API.
const USUAL_TIME: SignedDuration = SignedDuration::from_secs(1);

impl GrowthState {
    /// Returns whether a token is expected to join any moment.
    pub(super) fn ends_soon(&self, now: &Reading) -> bool {
        self.begun.is_some_and(|begun| now.boot.saturating_sub(begun) < USUAL_TIME)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.begun.is_some()
    }

    fn try_begin(&mut self, now: &Reading) -> bool {
        let is_backed_off =
            self.backoff.as_ref().is_some_and(|backoff| backoff.remaining(now).is_positive());
        let begins = self.begun.is_none() && !is_backed_off;
        if begins {
            self.begun = Some(now.boot);
        }
        begins
    }

    fn end(&mut self, has_failed: bool, now: &Reading) {
        self.begun = None;
        let backoff = || Backoff::after(self.backoff.as_ref(), now.clone());
        self.backoff = has_failed.then(backoff);
    }
}

impl PoolState {
    /// Begins a growth if all tokens are running out, unless the pool is as large as it may
    /// become. Returns the slot of the next token.
    pub(super) fn try_begin_growth(&mut self, max: u32, now: &Reading) -> Option<u32> {
        let max = self.active_cap.get(now).map_or(max, |cap| cap.min(max));
        let is_full = self.members.len() >= max as usize || self.active_cap.is_being_counted();
        if is_full || !self.members.iter().all(|member| member.quota.is_running_out(now)) {
            return None;
        }
        // Machines that share a store have as many slots together.
        let slot = Some(self.lowest_free_slot()).filter(|slot| *slot < max)?;
        self.growth.try_begin(now).then_some(slot)
    }

    fn lowest_free_slot(&self) -> u32 {
        let is_free = |slot: &u32| {
            self.slot_of_first != Some(*slot)
                && self.members.iter().all(|member| member.slot != *slot)
        };
        (0..).find(is_free).expect("there are fewer members than numbers")
    }
}

impl TokenPool {
    pub(super) fn grow_in_background(self: &Arc<Self>, slot: u32) {
        let pool = self.clone();
        tokio::spawn(async move { pool.grow(slot).await });
    }

    async fn grow(self: Arc<Self>, slot: u32) {
        let backend = (self.backends)(slot);
        let (accepted, now) = (self.run.accepted.clone(), self.run.clock.read());
        let work = {
            let backend = backend.clone();
            move || {
                let provided = backend.get_token(None)?;
                accepted.remember(&provided.token.access_token, now.wall);
                Ok(provided)
            }
        };
        let provided = tokio::task::spawn_blocking(work).await;
        let now = self.run.clock.read();
        if let Ok(Ok(provided)) = &provided
            && backend.has_store()
            && self.is_first_of_store(slot, &provided.token.access_token)
        {
            return self.state().growth.end(false, &now);
        }
        let grown = match provided {
            Ok(provided) => self.check_provided(provided),
            Err(_) => None,
        };
        let is_minted = grown.as_ref().is_some_and(|token| token.is_minted);
        let source = grown.map(|token| {
            self.run.accepted.insert(&token.token.access_token, now.wall);
            Arc::new(TokenSource::new(backend, token, self.run.clone()))
        });
        if is_minted {
            self.run.metrics.count_token_minted();
        }
        let size = {
            let mut state = self.state();
            state.growth.end(source.is_none(), &now);
            if let Some(source) = &source {
                if is_minted {
                    state.active_cap.note_growth(&now);
                }
                let member = PoolMember::new(slot, source.clone(), state.rate, &now);
                let at = state.members.partition_point(|member| member.slot < slot);
                state.members.insert(at, member);
            }
            state.members.len()
        };
        if let Some(source) = source {
            self.run.reporter.info(format_args!(
                "{size} tokens in the pool: the others are near the API's rate limit"
            ));
            self.run.metrics.note_pool_size(size);
            tokio::spawn(maintain(Arc::downgrade(&self), source, slot));
        }
        self.changed.notify_one();
    }

    /// Returns whether a slot holds the token that the run began with, because that came from this
    /// slot of the store. Then the next growth skips the slot.
    fn is_first_of_store(&self, slot: u32, token: &AccessToken) -> bool {
        let is_first = self.shared_source.peek().token.access_token == *token;
        let mut state = self.state();
        let is_new = is_first && state.slot_of_first.is_none();
        if is_new {
            state.slot_of_first = Some(slot);
        }
        is_new
    }

    fn holds(&self, token: &AccessToken) -> bool {
        self.sources().iter().any(|source| source.peek().token.access_token == *token)
    }

    /// Returns the token unless the attempt failed, which is no error: the other tokens go
    /// on.
    fn check_provided(&self, provided: Result<ProvidedToken>) -> Option<BearerToken> {
        let reason = match provided {
            Ok(provided) if self.holds(&provided.token.access_token) => {
                "the issuer provides the same one again".to_owned()
            }
            Ok(provided) if provided.origin != TokenOrigin::Stale => {
                return Some(BearerToken::from(provided));
            }
            Ok(_stale) => "the issuer provides none that lives longer".to_owned(),
            Err(error) => error.one_line(),
        };
        self.run.reporter.info(format_args!("the pool gets no further token now: {reason}"));
        None
    }
}

/// Keeps a token fresh for as long as it is used and the pool exists. A token that is not
/// used leaves the pool when it expires.
pub(super) async fn maintain(pool: Weak<TokenPool>, source: Arc<TokenSource>, slot: u32) {
    loop {
        let sleep = {
            let Some(pool) = pool.upgrade() else {
                return;
            };
            let now = pool.run.clock.read();
            match pool.is_in_use(&source, &now) {
                Some(true) => {
                    source.maintain().await;
                    source.until_due()
                }
                Some(false) if source.peek_usable(&now).is_some() => UNUSED_INTERVAL,
                Some(false) => {
                    pool.remove(&source);
                    pool.run.reporter.debug(format_args!("token {slot} was unused, and expired"));
                    return;
                }
                None => return,
            }
        };
        tokio::time::sleep(sleep).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn one_growth_at_a_time_and_none_soon_after_a_failure() {
        let mut growth = GrowthState::default();
        let at = |boot| reading(boot, 1_000);
        assert!(growth.try_begin(&at(0)) && !growth.try_begin(&at(0)));
        growth.end(true, &at(0));
        assert!(!growth.try_begin(&at(0)) && growth.try_begin(&at(1)));
        growth.end(true, &at(1));
        assert!(!growth.try_begin(&at(2)), "the backoff doubles");
        assert!(growth.try_begin(&at(3)));
        growth.end(false, &at(3));
        assert!(growth.try_begin(&at(3)));
    }

    #[test]
    fn a_growth_that_takes_long_holds_nothing_up() {
        let mut growth = GrowthState::default();
        let at = |boot| reading(boot, 1_000);
        assert!(!growth.ends_soon(&at(0)) && growth.try_begin(&at(0)));
        assert!(growth.ends_soon(&at(0)) && !growth.ends_soon(&at(1)));
        growth.end(false, &at(1));
        assert!(growth.try_begin(&at(9)) && growth.ends_soon(&at(9)));
    }
}
