//! The tokens that were minted, and which of them the API accepts.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::token::AcceptancePeriod;

#[derive(Default)]
pub(super) struct TokenStore {
    tokens: HashMap<String, StoredToken>,
    minted: u64,
}

struct StoredToken {
    serial_number: u64,
    validity: AcceptancePeriod,
    /// Boot clock at the mint or the last use.
    last_used: SignedDuration,
    /// Kept, so that tests can search outputs for it.
    is_evicted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenRejection {
    Missing,
    /// Never minted, revoked, or evicted by a newer token.
    Unknown,
    NotYetValid,
    Expired,
}

/// The effect of an API call on its token's inactivity timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdleTimer {
    Restart,
    /// For `preserveIdleTTL=true`, and for HEAD requests, about which nothing is documented.
    Keep,
}

impl TokenStore {
    pub(super) fn insert(
        &mut self,
        token: String,
        validity: AcceptancePeriod,
        boot: SignedDuration,
    ) {
        self.minted += 1;
        let stored = StoredToken {
            serial_number: self.minted,
            validity,
            last_used: boot,
            is_evicted: false,
        };
        self.tokens.insert(token, stored);
    }

    /// Invalidates the oldest of the tokens that have not expired at `now`, a time of the
    /// issuer's clock, until `limit` are left. Returns their number.
    pub(super) fn evict_oldest(&mut self, limit: usize, now: Timestamp) -> usize {
        let is_active =
            |token: &&mut StoredToken| !token.is_evicted && now < token.validity.expires_at;
        let mut active: Vec<_> = self.tokens.values_mut().filter(is_active).collect();
        active.sort_by_key(|token| token.serial_number);
        let excess = active.len().saturating_sub(limit);
        for token in &mut active[..excess] {
            token.is_evicted = true;
        }
        excess
    }

    /// Checks a token at `now`, a time of the API's clock, without any tolerance.
    pub(super) fn check(
        &mut self,
        token: &str,
        now: Timestamp,
        boot: SignedDuration,
        idle_timeout: Option<Duration>,
        idle_timer: IdleTimer,
    ) -> Result<(), TokenRejection> {
        let stored = self.tokens.get_mut(token).ok_or(TokenRejection::Unknown)?;
        if stored.is_evicted {
            return Err(TokenRejection::Unknown);
        }
        let idle = boot.saturating_sub(stored.last_used).unsigned_abs();
        if idle_timeout.is_some_and(|timeout| idle >= timeout) {
            self.tokens.remove(token);
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

    pub(super) fn remove(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    pub(super) fn remove_all(&mut self) {
        self.tokens.clear();
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.tokens.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_oldest_token_that_has_not_expired_is_evicted() {
        let mut store = TokenStore::default();
        for (name, expires_at) in [("expired", 10), ("old", 100), ("middle", 100), ("new", 100)] {
            let validity = AcceptancePeriod { not_before: None, expires_at: at(expires_at) };
            store.insert(name.to_owned(), validity, SignedDuration::ZERO);
        }
        assert_eq!(store.evict_oldest(2, at(50)), 1);
        assert_eq!(store.evict_oldest(2, at(50)), 0);
        let mut check =
            |name| store.check(name, at(50), SignedDuration::ZERO, None, IdleTimer::Keep);
        assert_eq!(check("expired"), Err(TokenRejection::Expired));
        assert_eq!(check("old"), Err(TokenRejection::Unknown));
        assert_eq!(check("middle"), Ok(()));
        assert_eq!(check("new"), Ok(()));
        assert_eq!(store.texts().len(), 4);
    }
}
