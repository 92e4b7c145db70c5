//! The requests that the API takes with one token: so many in each minute, which begins with
//! the first of them.

use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::Reading;
use crate::proxy::status::RateWindow;

/// Readings are of one boot: those of the process itself.
pub(super) struct TokenQuota {
    /// Requests in a window; `None` if only the API's responses tell.
    rate: Option<u32>,
    window: Option<RequestWindow>,
    closed_until: Option<SignedDuration>,
    /// A request beyond the rate is under way, which finds out whether the API takes it.
    is_overdrawn: bool,
}

struct RequestWindow {
    begun: SignedDuration,
    requests: u32,
}

/// The API's window begins when it receives the first request: a little later than ours.
const WINDOW: SignedDuration = SignedDuration::from_millis(60_500);

impl TokenQuota {
    /// For a token that the API has been asked about just now, which is its first request.
    pub(super) fn of_new_token(rate: Option<u32>, now: &Reading) -> TokenQuota {
        let window = RequestWindow { begun: now.boot, requests: 1 };
        TokenQuota { rate, window: Some(window), closed_until: None, is_overdrawn: false }
    }

    /// Returns the time until a request may be sent; zero if it may be sent now.
    pub(super) fn wait(&self, now: &Reading) -> SignedDuration {
        let closed = self.closed_for(now);
        let full = match (self.rate, self.window(now)) {
            (Some(rate), Some(window)) if window.requests >= rate => window.remaining(now),
            _ => SignedDuration::ZERO,
        };
        closed.max(full)
    }

    /// Returns whether the token is at its rate, which the API has not confirmed.
    pub(super) fn can_overdraw(&self, now: &Reading) -> bool {
        let is_full = self.closed_for(now).is_zero() && !self.wait(now).is_zero();
        is_full && !self.is_overdrawn
    }

    pub(super) fn set_overdrawn(&mut self, is_overdrawn: bool) {
        self.is_overdrawn = is_overdrawn;
    }

    pub(super) fn rate(&self) -> Option<u32> {
        self.rate
    }

    pub(super) fn set_rate(&mut self, rate: Option<u32>) {
        self.rate = rate;
    }

    /// Returns the number of the request in its window.
    pub(super) fn count_request(&mut self, now: &Reading) -> u32 {
        if self.window(now).is_none() {
            self.window = Some(RequestWindow { begun: now.boot, requests: 0 });
        }
        let window = self.window.as_mut().expect("it was set above");
        window.requests = window.requests.saturating_add(1);
        window.requests
    }

    pub(super) fn close(&mut self, time: Duration, now: &Reading) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.closed_until = Some(now.boot.saturating_add(time));
    }

    pub(super) fn reopen(&mut self) {
        self.closed_until = None;
    }

    pub(super) fn closed_for(&self, now: &Reading) -> SignedDuration {
        let until = self.closed_until.unwrap_or(SignedDuration::MIN);
        until.saturating_sub(now.boot).max(SignedDuration::ZERO)
    }

    /// Returns whether the token is closed, or at 90 % of its rate.
    pub(super) fn is_running_out(&self, now: &Reading) -> bool {
        let requests = self.window(now).map_or(0, |window| window.requests);
        !self.closed_for(now).is_zero() || self.is_near_limit(requests)
    }

    /// Returns whether a request with this number in its window is one of the last.
    pub(super) fn is_near_limit(&self, request: u32) -> bool {
        self.rate.is_some_and(|rate| u64::from(request) * 10 >= u64::from(rate) * 9)
    }

    pub(super) fn status(&self, now: &Reading) -> Option<RateWindow> {
        let window = self.window(now)?;
        Some(RateWindow {
            requests: window.requests,
            limit: self.rate?,
            remaining: window.remaining(now).unsigned_abs(),
        })
    }

    /// Returns the current window. A token that opens again after a 429 is in another one.
    fn window(&self, now: &Reading) -> Option<&RequestWindow> {
        let opened = self.closed_until.filter(|until| *until <= now.boot);
        let is_current = |window: &&RequestWindow| {
            window.remaining(now).is_positive() && opened.is_none_or(|at| window.begun >= at)
        };
        self.window.as_ref().filter(is_current)
    }
}

impl RequestWindow {
    fn remaining(&self, now: &Reading) -> SignedDuration {
        WINDOW.saturating_sub(now.boot.saturating_sub(self.begun))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::tests::reading;

    fn at(boot: i64) -> Reading {
        reading(boot, 1_000)
    }

    #[test]
    fn a_window_begins_with_its_first_request() {
        let mut quota = TokenQuota::of_new_token(Some(3), &at(0));
        assert_eq!(quota.count_request(&at(10)), 2);
        assert!(quota.wait(&at(10)).is_zero());
        assert_eq!(quota.count_request(&at(20)), 3);
        assert_eq!(quota.wait(&at(20)), SignedDuration::from_millis(40_500));
        assert!(quota.wait(&at(61)).is_zero());
        assert_eq!(quota.status(&at(61)), None);
        assert_eq!(quota.count_request(&at(100)), 1);
        let expected =
            RateWindow { requests: 1, limit: 3, remaining: Duration::from_millis(50_500) };
        assert_eq!(quota.status(&at(110)), Some(expected));
    }

    #[test]
    fn a_closed_token_opens_in_another_window_unless_it_was_closed_wrongly() {
        let mut quota = TokenQuota::of_new_token(Some(3), &at(0));
        quota.count_request(&at(1));
        quota.close(Duration::from_secs(5), &at(1));
        assert_eq!(quota.wait(&at(2)), SignedDuration::from_secs(4));
        assert!(quota.is_running_out(&at(2)));
        assert!(quota.wait(&at(6)).is_zero() && !quota.is_running_out(&at(6)));
        assert_eq!(quota.count_request(&at(6)), 1);
        quota.count_request(&at(7));
        quota.close(Duration::from_secs(5), &at(7));
        quota.reopen();
        assert_eq!(quota.count_request(&at(8)), 3);
    }

    #[test]
    fn a_full_token_takes_one_more_request_unless_the_api_has_closed_it() {
        let mut quota = TokenQuota::of_new_token(Some(2), &at(0));
        assert!(!quota.can_overdraw(&at(0)));
        quota.count_request(&at(0));
        assert!(quota.can_overdraw(&at(1)));
        quota.set_overdrawn(true);
        assert!(!quota.can_overdraw(&at(1)));
        quota.set_overdrawn(false);
        quota.close(Duration::from_secs(5), &at(1));
        assert!(!quota.can_overdraw(&at(1)));
        quota.reopen();
        quota.set_rate(Some(3));
        assert!(quota.wait(&at(1)).is_zero());
    }

    #[test]
    fn a_token_without_a_known_rate_is_open_until_it_is_closed() {
        let mut quota = TokenQuota::of_new_token(None, &at(0));
        for _ in 0..1_000 {
            quota.count_request(&at(1));
        }
        assert!(quota.wait(&at(1)).is_zero() && !quota.is_running_out(&at(1)));
        assert_eq!(quota.status(&at(1)), None);
        quota.close(Duration::MAX, &at(1));
        assert!(quota.wait(&at(1)).is_positive());
    }

    #[test]
    fn the_last_tenth_of_a_window_is_running_out() {
        let mut quota = TokenQuota::of_new_token(Some(300), &at(0));
        let running_out = (2..=300).find(|_| {
            quota.count_request(&at(1));
            quota.is_running_out(&at(1))
        });
        assert_eq!(running_out, Some(270));
        assert!(!TokenQuota::of_new_token(Some(300), &at(0)).is_running_out(&at(0)));
    }

    /// What happens to a token after so many seconds.
    #[derive(Debug, Clone)]
    enum Step {
        Request(i64),
        Close(i64, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            9 => (0..20_i64).prop_map(Step::Request),
            1 => (0..20_i64, 1..90_u64).prop_map(|(later, time)| Step::Close(later, time)),
        ]
    }

    proptest! {
        #[test]
        fn no_window_takes_more_than_its_rate_and_each_wait_ends(
            rate in 1..6_u32,
            steps in proptest::collection::vec(step(), 1..100),
        ) {
            let mut now = 0;
            let mut quota = TokenQuota::of_new_token(Some(rate), &at(0));
            for step in steps {
                match step {
                    Step::Request(later) => {
                        now += later;
                        if quota.wait(&at(now)).is_zero() {
                            let request = quota.count_request(&at(now));
                            prop_assert!((1..=rate).contains(&request));
                        }
                    }
                    Step::Close(later, time) => {
                        now += later;
                        quota.close(Duration::from_secs(time), &at(now));
                    }
                }
                let wait = quota.wait(&at(now));
                prop_assert!(wait <= SignedDuration::from_secs(90));
                let mut later = at(now);
                later.boot += wait;
                prop_assert!(quota.wait(&later).is_zero());
            }
        }
    }
}
