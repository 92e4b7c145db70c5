//! Counters of a run.

mod counter;
mod exposition;
pub(super) mod families;
mod gauges;
mod histogram;

use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::StatusCode;

use super::status::RunTotals;
use counter::{Counter, add, get, micros};
pub use exposition::ExpositionFormat;
use histogram::Histogram;

/// Holds nothing secret.
#[derive(Default)]
pub struct Metrics {
    client_requests: Counter,
    requests: Counter,
    /// From 1xx to 5xx.
    responses: [Counter; 5],
    tokens_issued: Counter,
    retries_after_401: Counter,
    retries_unprocessed: Counter,
    unauthorized: Counter,
    unauthorized_forwarded: Counter,
    token_refreshes: Counter,
    tokens_minted: Counter,
    /// The most tokens that the run had at once.
    tokens_at_most: Counter,
    token_refresh_failures: Counter,
    upstream_failures: Counter,
    rate_limited_resent: Counter,
    rate_limited_forwarded: Counter,
    rate_limit_waits: Counter,
    rate_limit_wait_micros: Counter,
    /// Requests that were refused unsent, after the wait.
    rate_limit_timeouts: Counter,
    response_times: Histogram,
}

/// The result of a 429 of the upstream to a request with a token of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateLimitOutcome {
    /// The request was sent once more, with another token.
    Resent,
    Forwarded,
}

impl Metrics {
    pub(crate) fn count_client_request(&self) {
        add(&self.client_requests, 1);
    }

    /// Returns whether no client has sent a request, be it one that was refused.
    pub fn is_unused(&self) -> bool {
        get(&self.client_requests) == 0
    }

    pub(super) fn count_response(&self, status: StatusCode, time: Duration) {
        add(&self.requests, 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, self.responses.len());
        add(&self.responses[class - 1], 1);
        self.response_times.observe(time);
    }

    pub(super) fn count_token_issued(&self) {
        add(&self.tokens_issued, 1);
    }

    pub(super) fn count_retry_after_401(&self) {
        add(&self.retries_after_401, 1);
    }

    pub(super) fn count_retry_unprocessed(&self) {
        add(&self.retries_unprocessed, 1);
    }

    pub(super) fn count_unauthorized(&self) {
        add(&self.unauthorized, 1);
    }

    pub(super) fn count_unauthorized_forwarded(&self) {
        add(&self.unauthorized_forwarded, 1);
    }

    pub(super) fn count_token_refresh(&self) {
        add(&self.token_refreshes, 1);
    }

    /// Counts a token that this process minted, rather than took from the cache.
    pub(super) fn count_token_minted(&self) {
        add(&self.tokens_minted, 1);
    }

    pub(super) fn note_pool_size(&self, tokens: usize) {
        let tokens = u64::try_from(tokens).unwrap_or(u64::MAX);
        self.tokens_at_most.fetch_max(tokens, Ordering::Relaxed);
    }

    pub(super) fn count_token_refresh_failure(&self) {
        add(&self.token_refresh_failures, 1);
    }

    pub(super) fn count_upstream_failure(&self) {
        add(&self.upstream_failures, 1);
    }

    pub(super) fn count_rate_limited(&self, outcome: RateLimitOutcome) {
        let counter = match outcome {
            RateLimitOutcome::Resent => &self.rate_limited_resent,
            RateLimitOutcome::Forwarded => &self.rate_limited_forwarded,
        };
        add(counter, 1);
    }

    pub(super) fn count_rate_limit_wait(&self, time: Duration) {
        add(&self.rate_limit_waits, 1);
        add(&self.rate_limit_wait_micros, micros(time));
    }

    pub(super) fn count_rate_limit_timeout(&self) {
        add(&self.rate_limit_timeouts, 1);
    }

    pub(super) fn totals(&self) -> RunTotals {
        RunTotals {
            requests: get(&self.requests),
            renewed: get(&self.token_refreshes),
            replayed: get(&self.retries_after_401),
            delayed: get(&self.rate_limit_waits),
            waited: Duration::from_micros(get(&self.rate_limit_wait_micros)),
        }
    }

    /// Describes in one line what the run saved its clients from; `None` if the first
    /// token was enough.
    pub fn summary(&self) -> Option<String> {
        let tokens = get(&self.tokens_at_most);
        let refreshed = get(&self.token_refreshes);
        let waited = get(&self.rate_limit_waits);
        let refused = get(&self.rate_limited_forwarded) + get(&self.rate_limit_timeouts);
        let retried = get(&self.retries_after_401);
        let mut parts = Vec::new();
        match (tokens, refreshed) {
            (0..=1, 0) => {}
            (0..=1, _) => parts.push(format!("{} renewed", count(refreshed, "token"))),
            (_, 0) => parts.push(count(tokens, "token")),
            (_, _) => parts.push(format!("{}, {refreshed} renewed", count(tokens, "token"))),
        }
        if waited > 0 {
            let time = Duration::from_micros(get(&self.rate_limit_wait_micros));
            let time = match time.as_secs_f64() {
                seconds if seconds < 1.0 => "less than 1 s".to_owned(),
                seconds => format!("{seconds:.0} s"),
            };
            parts.push(format!("{} waited {time} for the rate limit", count(waited, "call")));
        }
        if refused > 0 {
            parts.push(format!("{} refused by the rate limit", count(refused, "call")));
        }
        if retried > 0 {
            parts.push(format!("{} replayed", count(retried, "refused call")));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_what_the_run_saved() {
        let metrics = Metrics::default();
        metrics.count_response(StatusCode::OK, Duration::ZERO);
        assert_eq!(metrics.summary(), None);
        metrics.count_retry_after_401();
        assert_eq!(metrics.summary().unwrap(), "1 refused call replayed");
        metrics.count_token_refresh();
        metrics.count_token_refresh();
        assert_eq!(metrics.summary().unwrap(), "2 tokens renewed, 1 refused call replayed");
        metrics.note_pool_size(3);
        metrics.note_pool_size(2);
        for _ in 0..12 {
            metrics.count_rate_limit_wait(Duration::from_millis(700));
        }
        let expected = "3 tokens, 2 renewed, 12 calls waited 8 s for the rate limit, 1 refused \
                        call replayed";
        assert_eq!(metrics.summary().unwrap(), expected);
        metrics.count_rate_limited(RateLimitOutcome::Forwarded);
        metrics.count_rate_limited(RateLimitOutcome::Resent);
        metrics.count_rate_limit_timeout();
        let refused = "2 calls refused by the rate limit";
        assert!(metrics.summary().unwrap().contains(refused));
    }
}
