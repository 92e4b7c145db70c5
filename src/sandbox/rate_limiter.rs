//! Counts requests per token, per path and of the token endpoint, in windows of the boot clock.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::Method;
use jiff::SignedDuration;

use super::quota::{PathQuota, RequestQuota};

#[derive(Default)]
pub(super) struct RateLimiter {
    tokens: HashMap<String, QuotaWindow>,
    paths: HashMap<(Method, String), QuotaWindow>,
    mints: QuotaWindow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitScope {
    Token,
    Path,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExceededLimit {
    pub(super) scope: LimitScope,
    pub(super) limit: u32,
    pub(super) retry_after: Duration,
}

impl RateLimiter {
    pub(super) fn count_token_call(
        &mut self,
        token: &str,
        quota: RequestQuota,
        now: SignedDuration,
    ) -> Result<(), ExceededLimit> {
        // `entry` would copy the token for each call.
        if !self.tokens.contains_key(token) {
            self.tokens.insert(token.to_owned(), QuotaWindow::default());
        }
        let window = self.tokens.get_mut(token).map_or(Ok(()), |window| window.admit(quota, now));
        window.map_err(|retry_after| ExceededLimit {
            scope: LimitScope::Token,
            limit: quota.requests,
            retry_after,
        })
    }

    /// Counts the call for the first of the quotas that applies.
    pub(super) fn count_path_call(
        &mut self,
        quotas: &[PathQuota],
        method: &Method,
        path: &str,
        now: SignedDuration,
    ) -> Result<(), ExceededLimit> {
        let Some(rule) = quotas.iter().find(|quota| quota.applies_to(method, path)) else {
            return Ok(());
        };
        let window = self.paths.entry((rule.method.clone(), rule.path.clone())).or_default();
        window.admit(rule.quota, now).map_err(|retry_after| ExceededLimit {
            scope: LimitScope::Path,
            limit: rule.quota.requests,
            retry_after,
        })
    }

    pub(super) fn count_mint(&mut self, quota: RequestQuota, now: SignedDuration) -> bool {
        self.mints.admit(quota, now).is_ok()
    }
}

#[derive(Default)]
struct QuotaWindow {
    /// Boot clock at the first request.
    started: Option<SignedDuration>,
    requests: u32,
}

impl QuotaWindow {
    /// # Errors
    /// The time until the window ends, if it is full.
    fn admit(&mut self, quota: RequestQuota, now: SignedDuration) -> Result<(), Duration> {
        let elapsed = self.started.map(|started| now.saturating_sub(started).unsigned_abs());
        match elapsed.and_then(|elapsed| quota.window.checked_sub(elapsed)) {
            None | Some(Duration::ZERO) => {
                *self = QuotaWindow { started: Some(now), requests: 1 };
                Ok(())
            }
            Some(remaining) if self.requests >= quota.requests => Err(remaining),
            Some(_) => {
                self.requests += 1;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_A_MINUTE: RequestQuota =
        RequestQuota { requests: 2, window: Duration::from_secs(60) };

    fn at(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn exceeded(scope: LimitScope, limit: u32, seconds: u64) -> Result<(), ExceededLimit> {
        Err(ExceededLimit { scope, limit, retry_after: Duration::from_secs(seconds) })
    }

    #[test]
    fn a_window_begins_with_its_first_request() {
        let mut limiter = RateLimiter::default();
        let mut call = |token, now| limiter.count_token_call(token, TWO_A_MINUTE, at(now));
        assert_eq!(call("a", 1_000), Ok(()));
        assert_eq!(call("a", 1_050), Ok(()));
        assert_eq!(call("a", 1_050), exceeded(LimitScope::Token, 2, 10));
        assert_eq!(call("b", 1_050), Ok(()), "each token has a window of its own");
        assert_eq!(call("a", 1_059), exceeded(LimitScope::Token, 2, 1));
        assert_eq!(call("a", 1_060), Ok(()));
        assert_eq!(call("a", 1_119), Ok(()));
        assert_eq!(call("a", 1_119), exceeded(LimitScope::Token, 2, 1));
    }

    #[test]
    fn tokens_share_the_window_of_a_path() {
        let quotas = ["PUT /api/v2/x=1/10s".parse().unwrap()];
        let mut limiter = RateLimiter::default();
        let mut call =
            |method: Method, path, now| limiter.count_path_call(&quotas, &method, path, at(now));
        assert_eq!(call(Method::PUT, "/api/v2/x/1", 5), Ok(()));
        assert_eq!(call(Method::PUT, "/api/v2/x/2", 6), exceeded(LimitScope::Path, 1, 9));
        assert_eq!(call(Method::GET, "/api/v2/x/2", 6), Ok(()));
        assert_eq!(call(Method::PUT, "/api/v2/x/2", 15), Ok(()));
    }

    #[test]
    fn a_quota_that_changes_applies_to_the_window_under_way() {
        let mut limiter = RateLimiter::default();
        let three = RequestQuota { requests: 3, ..TWO_A_MINUTE };
        assert!(limiter.count_mint(TWO_A_MINUTE, at(1)));
        assert!(limiter.count_mint(TWO_A_MINUTE, at(1)));
        assert!(!limiter.count_mint(TWO_A_MINUTE, at(1)));
        assert!(limiter.count_mint(three, at(1)));
        assert!(!limiter.count_mint(three, at(1)));
    }
}
