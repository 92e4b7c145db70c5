//! Counters of a run, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::StatusCode;

/// Holds nothing secret.
#[derive(Default)]
pub struct Metrics {
    client_requests: Counter,
    requests: Counter,
    /// Of the classes in [`RESPONSE_CLASSES`].
    responses: [Counter; RESPONSE_CLASSES.len()],
    tokens_issued: Counter,
    retries_after_401: Counter,
    retries_unprocessed: Counter,
    unauthorized: Counter,
    unauthorized_forwarded: Counter,
    token_refreshes: Counter,
    tokens_minted: Counter,
    token_refresh_failures: Counter,
    upstream_failures: Counter,
    rate_limited_resent: Counter,
    rate_limited_forwarded: Counter,
    rate_limit_waits: Counter,
    rate_limit_wait_micros: Counter,
    /// Has one more bucket than [`BUCKETS_MS`], for longer response times.
    response_time_buckets: [Counter; BUCKETS_MS.len() + 1],
    response_time_micros: Counter,
}

/// The result of a 429 of the upstream to a request with a token of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateLimitOutcome {
    /// The request was sent once more, with another token.
    Resent,
    Forwarded,
}

type Counter = AtomicU64;

const RESPONSE_CLASSES: [&str; 5] =
    ["{class=\"1xx\"}", "{class=\"2xx\"}", "{class=\"3xx\"}", "{class=\"4xx\"}", "{class=\"5xx\"}"];

/// Upper bounds of the response time histogram, in milliseconds.
const BUCKETS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

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
        let class = usize::from(status.as_u16() / 100).clamp(1, RESPONSE_CLASSES.len());
        add(&self.responses[class - 1], 1);
        let bucket = BUCKETS_MS.iter().position(|bound| time <= Duration::from_millis(*bound));
        add(&self.response_time_buckets[bucket.unwrap_or(BUCKETS_MS.len())], 1);
        add(&self.response_time_micros, micros(time));
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

    /// Describes in one line what the run saved its clients from; `None` if the first
    /// token was enough.
    pub fn summary(&self) -> Option<String> {
        let refreshed = get(&self.token_refreshes);
        let retried = get(&self.retries_after_401);
        let mut parts = Vec::new();
        if refreshed > 0 {
            parts.push(format!("{} renewed", count(refreshed, "token")));
        }
        if retried > 0 {
            parts.push(format!("{} replayed", count(retried, "refused call")));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Renders the counters for the `textfile` collector of Prometheus' node exporter
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        let responses: [_; RESPONSE_CLASSES.len()] =
            std::array::from_fn(|class| (RESPONSE_CLASSES[class], &self.responses[class]));
        for (name, help, samples) in [
            ("requests", "Requests forwarded upstream.", &[("", &self.requests)][..]),
            (
                "responses",
                "Responses to forwarded requests, by the class of their status.",
                &responses,
            ),
            (
                "tokens_issued",
                "Token requests that the proxy responded to.",
                &[("", &self.tokens_issued)],
            ),
            (
                "retries",
                "Requests sent upstream again, after a 401 or because they were not processed.",
                &[
                    ("{reason=\"unauthorized\"}", &self.retries_after_401),
                    ("{reason=\"unprocessed\"}", &self.retries_unprocessed),
                ],
            ),
            (
                "unauthorized",
                "Requests with a token of this run that the upstream rejected with 401.",
                &[("", &self.unauthorized)],
            ),
            (
                "unauthorized_forwarded",
                "Responses with 401 to such requests that were forwarded to the client.",
                &[("", &self.unauthorized_forwarded)],
            ),
            (
                "token_refreshes",
                "Tokens that replaced the current one.",
                &[("", &self.token_refreshes)],
            ),
            (
                "tokens_minted",
                "Tokens minted to replace the current one.",
                &[("", &self.tokens_minted)],
            ),
            (
                "token_refresh_failures",
                "Failed attempts to get another token.",
                &[("", &self.token_refresh_failures)],
            ),
            (
                "upstream_failures",
                "Requests without a response from the upstream.",
                &[("", &self.upstream_failures)],
            ),
            (
                "rate_limited",
                "Responses with 429 to requests with a token of this run.",
                &[
                    ("{outcome=\"resent\"}", &self.rate_limited_resent),
                    ("{outcome=\"forwarded\"}", &self.rate_limited_forwarded),
                ],
            ),
            (
                "rate_limit_waits",
                "Requests that waited for the rate limit.",
                &[("", &self.rate_limit_waits)],
            ),
        ] {
            let name = format!("gc_token_{name}_total");
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (labels, counter) in samples {
                let _ = writeln!(text, "{name}{labels} {}", get(counter));
            }
        }
        let name = "gc_token_rate_limit_wait_seconds_total";
        let help = "Time that requests waited for the rate limit.";
        let seconds = Duration::from_micros(get(&self.rate_limit_wait_micros)).as_secs_f64();
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {seconds}");
        text + &self.response_time_histogram()
    }

    fn response_time_histogram(&self) -> String {
        let name = "gc_token_upstream_response_seconds";
        let mut text = format!(
            "# HELP {name} Time until the upstream began its response.\n# TYPE {name} histogram\n"
        );
        let mut cumulative = 0;
        for (bound, bucket) in BUCKETS_MS.iter().zip(&self.response_time_buckets) {
            cumulative += get(bucket);
            let bound = Duration::from_millis(*bound).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {cumulative}");
        }
        cumulative += get(&self.response_time_buckets[BUCKETS_MS.len()]);
        let sum = Duration::from_micros(get(&self.response_time_micros)).as_secs_f64();
        text + &format!(
            "{name}_bucket{{le=\"+Inf\"}} {cumulative}\n{name}_sum {sum}\n{name}_count {cumulative}\n"
        )
    }
}

fn add(counter: &Counter, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn get(counter: &Counter) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
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
    }

    #[test]
    fn buckets_are_cumulative_and_retries_have_a_reason() {
        let metrics = Metrics::default();
        for millis in [5, 6, 20_000] {
            metrics.count_response(StatusCode::NOT_FOUND, Duration::from_millis(millis));
        }
        metrics.count_retry_unprocessed();
        metrics.count_rate_limited(RateLimitOutcome::Resent);
        metrics.count_rate_limit_wait(Duration::from_millis(1_500));
        let text = metrics.to_prometheus();
        for line in [
            "gc_token_requests_total 3",
            "gc_token_responses_total{class=\"4xx\"} 3",
            "gc_token_retries_total{reason=\"unauthorized\"} 0",
            "gc_token_retries_total{reason=\"unprocessed\"} 1",
            "gc_token_rate_limited_total{outcome=\"resent\"} 1",
            "gc_token_rate_limited_total{outcome=\"forwarded\"} 0",
            "gc_token_rate_limit_waits_total 1",
            "gc_token_rate_limit_wait_seconds_total 1.5",
            "gc_token_upstream_response_seconds_bucket{le=\"0.005\"} 1",
            "gc_token_upstream_response_seconds_bucket{le=\"0.01\"} 2",
            "gc_token_upstream_response_seconds_bucket{le=\"10\"} 2",
            "gc_token_upstream_response_seconds_bucket{le=\"+Inf\"} 3",
            "gc_token_upstream_response_seconds_sum 20.011",
            "gc_token_upstream_response_seconds_count 3",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
        let types = text.lines().filter(|line| line.starts_with("# TYPE gc_token_retries_total "));
        assert_eq!(types.count(), 1, "{text}");
    }
}
