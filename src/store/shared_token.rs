//! A token that another machine has minted, judged by clocks that both machines can read.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::{OffsetEstimate, Reading, encoding};
use crate::token::{AccessToken, Token, TokenValidity};

/// A token, and the store's time of its request: by that, a machine that has never seen the
/// clocks of the one that minted it knows its age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Plain", into = "Plain")]
pub struct SharedToken {
    pub token: Token,
    /// The earliest time that the store's clock may have shown when the token was requested.
    pub requested_at: Option<Timestamp>,
}

/// How far the local wall clock may differ from the store's or the issuer's before one of the
/// clocks is in doubt. More than the uncertainty of two estimates from `Date` headers.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(10);

impl SharedToken {
    /// `store_clock` was estimated on the boot on which the token was requested.
    pub fn new(token: Token, store_clock: Option<&OffsetEstimate>) -> SharedToken {
        let sent = &token.validity.sent;
        let requested_at = store_clock.and_then(|clock| clock.remote_time(sent));
        SharedToken { requested_at: requested_at.map(|(earliest, _)| earliest), token }
    }

    /// Returns the token with its validity by this machine's clocks; `None` if they are in doubt,
    /// so that a remote clock has to be asked.
    ///
    /// The store's clock tells the token's age, and the local wall clock has to confirm that: by
    /// the time of the request on the store's clock, or on the issuer's. So a store whose clock
    /// was stepped makes no expired token look valid, unless this machine's clock is wrong by
    /// the same amount.
    pub fn on_this_machine(
        &self,
        store_clock: Option<&OffsetEstimate>,
        now: &Reading,
    ) -> Option<Token> {
        let validity = &self.token.validity;
        if now.boot_since(&validity.sent).is_some() {
            return Some(self.token.clone());
        }
        let requested_at = self.requested_at?;
        let (_, latest) = store_clock?.remote_time(now)?;
        let by_store = latest.duration_since(requested_at);
        let confirmed = [Some(requested_at), issuer_time_of_request(validity)]
            .into_iter()
            .flatten()
            .map(|requested_at| now.wall.duration_since(requested_at))
            .find(|by_wall| by_wall.saturating_sub(by_store).abs() <= CLOCK_TOLERANCE)?;
        let elapsed = by_store.max(confirmed).max(SignedDuration::ZERO);
        let validity = validity.on_other_machine(now, elapsed);
        Some(Token { access_token: self.token.access_token.clone(), validity })
    }
}

impl SharedToken {
    /// Returns whether the store's clock tells about the same remaining lifetime as `measured`,
    /// which another remote clock has just shown.
    pub fn agrees_with(
        &self,
        measured: &TokenValidity,
        store_clock: Option<&OffsetEstimate>,
    ) -> bool {
        let measured_at = &measured.sent;
        let times =
            self.requested_at.zip(store_clock.and_then(|clock| clock.remote_time(measured_at)));
        times.is_some_and(|(requested_at, (_, latest))| {
            let elapsed = latest.duration_since(requested_at);
            let by_store = self.token.validity.lifetime.saturating_sub(elapsed);
            by_store.saturating_sub(measured.lifetime).abs() <= CLOCK_TOLERANCE
        })
    }
}

fn issuer_time_of_request(validity: &TokenValidity) -> Option<Timestamp> {
    validity.issuer_expiry?.checked_sub(validity.lifetime).ok()
}

#[derive(Clone, Serialize, Deserialize)]
struct Plain {
    access_token: String,
    validity: TokenValidity,
    #[serde(with = "encoding::optional_timestamp", default)]
    requested_at: Option<Timestamp>,
}

impl From<Plain> for SharedToken {
    fn from(plain: Plain) -> SharedToken {
        let Plain { access_token, validity, requested_at } = plain;
        let token = Token { access_token: AccessToken::new(access_token), validity };
        SharedToken { token, requested_at }
    }
}

impl From<SharedToken> for Plain {
    fn from(shared: SharedToken) -> Plain {
        let SharedToken { token, requested_at } = shared;
        let access_token = token.access_token.expose().to_owned();
        Plain { access_token, validity: token.validity, requested_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BootId;
    use crate::clock::tests::reading;
    use crate::token::tests::token;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    /// The estimate of a clock that is ahead of the wall clock of `now` by so many seconds.
    fn ahead(now: &Reading, seconds: i64) -> OffsetEstimate {
        let time = now.wall + SignedDuration::from_secs(seconds);
        OffsetEstimate::from_remote_time(now, now, time, SignedDuration::ZERO).unwrap()
    }

    fn elsewhere(boot: i64, wall: i64) -> Reading {
        Reading { boot_id: Some(BootId("elsewhere".into())), ..reading(boot, wall) }
    }

    /// A token of 300 s that was requested at second 1000 of the store's clock.
    fn shared() -> SharedToken {
        let token = token("t", 300);
        let sent = token.validity.sent.clone();
        let clock = ahead(&sent, 1_000 - sent.wall.as_second());
        SharedToken::new(token, Some(&clock))
    }

    fn age(now: &Reading, store_ahead: i64) -> Option<i64> {
        let token = shared().on_this_machine(Some(&ahead(now, store_ahead)), now)?;
        Some(now.boot_since(&token.validity.sent)?.as_secs())
    }

    #[test]
    fn honest_clocks_tell_the_age_on_another_machine() {
        assert_eq!(age(&elsewhere(7, 1_100), 0), Some(100));
        assert_eq!(age(&elsewhere(7, 1_100), 3), Some(103), "the store shows more");
        assert_eq!(age(&elsewhere(7, 1_100), -3), Some(100), "the wall clock shows more");
    }

    #[test]
    fn clocks_that_disagree_are_in_doubt() {
        for (wall, store_ahead) in [(1_100, 3_600), (1_100, -3_600), (4_700, -3_600), (100, 1_000)]
        {
            assert_eq!(age(&elsewhere(7, wall), store_ahead), None, "{wall} {store_ahead}");
        }
        assert_eq!(shared().on_this_machine(None, &elsewhere(7, 1_100)), None);
    }

    #[test]
    fn a_store_that_is_always_wrong_is_confirmed_by_the_issuers_clock() {
        let mut shared = shared();
        // The issuer shows an hour more than the store.
        shared.token.validity.issuer_expiry = Timestamp::from_second(4_600 + 300).ok();
        let now = elsewhere(7, 4_700);
        let token = shared.on_this_machine(Some(&ahead(&now, -3_600)), &now).unwrap();
        assert_eq!(now.boot_since(&token.validity.sent), Some(SECOND * 100));
    }

    #[test]
    fn on_the_same_boot_the_boot_clock_decides() {
        let shared = shared();
        let now = reading(100_000, 5);
        assert_eq!(shared.on_this_machine(None, &now).unwrap(), shared.token);
    }
}
