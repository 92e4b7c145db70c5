//! The metrics by name: the counters of a run, and gauges of its status.

use jiff::Timestamp;

use super::Metrics;
use super::counter::{Counter, get, seconds};
use super::exposition::{ExpositionFormat, MetricFamily, MetricType, Sample};
use super::gauges::{clock_gauges, gauge, token_gauges};
use crate::proxy::status::ProxyStatus;

pub(in crate::proxy) fn render(
    metrics: &Metrics,
    status: &ProxyStatus,
    format: ExpositionFormat,
) -> String {
    let mut families = counters(metrics);
    families.push(MetricFamily {
        name: "gc_token_upstream_response_seconds",
        metric_type: MetricType::Histogram,
        help: "Time until the upstream began its response.",
        samples: metrics.response_times.samples(),
    });
    families.extend(token_gauges(status));
    families.extend(clock_gauges(status));
    families.push(MetricFamily {
        name: "gc_token_build",
        metric_type: MetricType::Info,
        help: "The version of gc-token.",
        samples: vec![
            Sample::new(1.0).with_suffix("_info").with_label("version", env!("CARGO_PKG_VERSION")),
        ],
    });
    let started = status.started.wall.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
    families.push(gauge(
        "process_start_time_seconds",
        "Start of the run, in seconds since 1970.",
        vec![Sample::new(started)],
    ));
    format.render(&families)
}

fn counters(metrics: &Metrics) -> Vec<MetricFamily> {
    let one = |counter: &Counter| vec![total(get(counter) as f64)];
    let labelled = |name: &'static str, values: &[(&str, &Counter)]| {
        let sample = |(value, counter): &(&str, &Counter)| {
            total(get(counter) as f64).with_label(name, value)
        };
        values.iter().map(sample).collect()
    };
    let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    let responses: Vec<_> = classes.into_iter().zip(&metrics.responses).collect();
    [
        (
            "gc_token_client_requests",
            "Requests that came from clients, refused ones included.",
            one(&metrics.client_requests),
        ),
        ("gc_token_requests", "Requests forwarded upstream.", one(&metrics.requests)),
        (
            "gc_token_responses",
            "Responses to these requests, by the class of their status.",
            labelled("class", &responses),
        ),
        (
            "gc_token_tokens_issued",
            "Token requests that the proxy responded to.",
            one(&metrics.tokens_issued),
        ),
        (
            "gc_token_retries",
            "Requests sent upstream again, after a 401 or because they were not processed.",
            labelled(
                "reason",
                &[
                    ("unauthorized", &metrics.retries_after_401),
                    ("unprocessed", &metrics.retries_unprocessed),
                ],
            ),
        ),
        (
            "gc_token_unauthorized",
            "Requests with a token of this run that the upstream rejected with 401.",
            one(&metrics.unauthorized),
        ),
        (
            "gc_token_unauthorized_forwarded",
            "Responses with 401 to such requests that were forwarded to the client.",
            one(&metrics.unauthorized_forwarded),
        ),
        (
            "gc_token_rate_limited",
            "Requests that met a rate limit: sent again with another token after a 429 (resent), \
             or the API's 429 went to the client (forwarded), or one of the proxy, as no token \
             was open in time (rejected).",
            labelled(
                "outcome",
                &[
                    ("resent", &metrics.rate_limited_resent),
                    ("forwarded", &metrics.rate_limited_forwarded),
                    ("rejected", &metrics.rate_limit_timeouts),
                ],
            ),
        ),
        (
            "gc_token_rate_limit_waits",
            "Requests that waited for the rate limit.",
            one(&metrics.rate_limit_waits),
        ),
        (
            "gc_token_rate_limit_wait_seconds",
            "Time that requests waited for the rate limit.",
            vec![total(seconds(&metrics.rate_limit_wait_micros))],
        ),
        (
            "gc_token_token_refreshes",
            "Tokens that replaced the current one.",
            one(&metrics.token_refreshes),
        ),
        (
            "gc_token_tokens_minted",
            "Tokens minted during the run, besides its first.",
            one(&metrics.tokens_minted),
        ),
        (
            "gc_token_token_refresh_failures",
            "Failed attempts to get another token.",
            one(&metrics.token_refresh_failures),
        ),
        (
            "gc_token_upstream_failures",
            "Requests without a response from the upstream.",
            one(&metrics.upstream_failures),
        ),
    ]
    .map(|(name, help, samples)| MetricFamily {
        name,
        metric_type: MetricType::Counter,
        help,
        samples,
    })
    .into()
}

fn total(value: f64) -> Sample {
    Sample::new(value).with_suffix("_total")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;
    use jiff::SignedDuration;

    use super::super::RateLimitOutcome;
    use super::*;
    use crate::clock::tests::reading;
    use crate::clock::{Offset, OffsetEstimate};
    use crate::proxy::status::{PooledToken, RateWindow, RunTotals};

    fn status() -> ProxyStatus {
        let seconds = SignedDuration::from_secs;
        let clock = |min, max| {
            let offset = Offset { min: seconds(min), max: seconds(max) };
            Some(OffsetEstimate { at: reading(0, 0), offset, contacts: 1 })
        };
        let token = PooledToken {
            slot: 0,
            remaining: seconds(-3),
            lifetime: seconds(300),
            window: None,
            closed_for: None,
        };
        let window = RateWindow { requests: 7, limit: 300, remaining: Duration::from_secs(9) };
        let closed_for = Some(Duration::from_millis(1_500));
        let second = PooledToken { slot: 1, window: Some(window), closed_for, ..token.clone() };
        ProxyStatus {
            started: reading(0, 0),
            totals: RunTotals::default(),
            outage: None,
            at: reading(0, 0),
            skew: seconds(5),
            effective_skew: seconds(5),
            issuer_clock: clock(-1, 0),
            api_clock: clock(2, 3),
            tokens: vec![token, second],
            events: Vec::new(),
        }
    }

    fn metrics() -> Metrics {
        let metrics = Metrics::default();
        for millis in [5, 6, 20_000] {
            metrics.count_response(StatusCode::NOT_FOUND, Duration::from_millis(millis));
        }
        metrics.count_retry_unprocessed();
        metrics.count_rate_limited(RateLimitOutcome::Resent);
        metrics.count_rate_limit_wait(Duration::from_millis(1_500));
        metrics
    }

    fn assert_lines(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|one| one == *line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn counters_and_gauges_have_their_labels() {
        let text = render(&metrics(), &status(), ExpositionFormat::Prometheus);
        assert_lines(
            &text,
            &[
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
                "gc_token_ready 0",
                "gc_token_tokens 2",
                "gc_token_token_remaining_seconds{slot=\"0\"} -3",
                "gc_token_rate_window_requests{slot=\"1\"} 7",
                "gc_token_rate_limit_closed_seconds{slot=\"0\"} 0",
                "gc_token_rate_limit_closed_seconds{slot=\"1\"} 1.5",
                "gc_token_clock_offset_seconds{bound=\"min\",clock=\"issuer\"} -1",
                "gc_token_clock_offset_seconds{bound=\"max\",clock=\"api\"} 3",
                "gc_token_clock_lead_seconds{bound=\"min\"} 2",
                "gc_token_clock_lead_seconds{bound=\"max\"} 4",
                "gc_token_skew_seconds 5",
                "# TYPE gc_token_build_info gauge",
                &format!("process_start_time_seconds {}", reading(0, 0).wall.as_second()),
            ],
        );
        let types = text.lines().filter(|line| line.starts_with("# TYPE gc_token_retries_total "));
        assert_eq!(types.count(), 1, "{text}");
    }

    #[test]
    fn open_metrics_names_families_without_suffixes_and_has_an_end() {
        let text = render(&metrics(), &status(), ExpositionFormat::OpenMetrics);
        assert_lines(
            &text,
            &[
                "# TYPE gc_token_requests counter",
                "gc_token_requests_total 3",
                "# UNIT gc_token_rate_limit_wait_seconds seconds",
                "gc_token_rate_limit_wait_seconds_total 1.5",
                "gc_token_upstream_response_seconds_bucket{le=\"10.0\"} 2",
                "# TYPE gc_token_build info",
            ],
        );
        assert!(text.ends_with("\n# EOF\n"), "{text}");
    }
}
