//! Gauges of a run's status.

use std::time::Duration;

use jiff::SignedDuration;

use super::exposition::{MetricFamily, MetricType, Sample};
use crate::clock::Offset;
use crate::proxy::status::{PooledToken, ProxyStatus};

pub(super) fn token_gauges(status: &ProxyStatus) -> [MetricFamily; 7] {
    let per_slot = |value: fn(&PooledToken) -> Option<f64>| {
        let sample = |token: &PooledToken| {
            value(token).map(|value| Sample::new(value).with_label("slot", token.slot))
        };
        status.tokens.iter().filter_map(sample).collect()
    };
    let is_ready = f64::from(u8::from(status.is_ready()));
    [
        gauge(
            "gc_token_ready",
            "1 if a token can be used now, otherwise 0.",
            vec![Sample::new(is_ready)],
        ),
        gauge(
            "gc_token_tokens",
            "Tokens in the pool.",
            vec![Sample::new(status.tokens.len() as f64)],
        ),
        gauge(
            "gc_token_token_remaining_seconds",
            "Remaining lifetime of each token, after the skew is subtracted.",
            per_slot(|token| Some(token.remaining.as_secs_f64())),
        ),
        gauge(
            "gc_token_token_lifetime_seconds",
            "Lifetime of each token when it was minted.",
            per_slot(|token| Some(token.lifetime.as_secs_f64())),
        ),
        gauge(
            "gc_token_rate_window_requests",
            "Requests with each token in the current window of the rate limit.",
            per_slot(|token| Some(token.window.map_or(0.0, |window| f64::from(window.requests)))),
        ),
        gauge(
            "gc_token_rate_window_limit",
            "Requests that the window takes.",
            per_slot(|token| token.window.map(|window| f64::from(window.limit))),
        ),
        gauge(
            "gc_token_rate_limit_closed_seconds",
            "Time until the API takes requests with the token again, after a 429.",
            per_slot(|token| Some(token.closed_for.unwrap_or(Duration::ZERO).as_secs_f64())),
        ),
    ]
}

/// A clock that has not been read yet has no samples.
pub(super) fn clock_gauges(status: &ProxyStatus) -> [MetricFamily; 3] {
    let ProxyStatus { issuer_clock, api_clock, skew, at, .. } = status;
    let mut offsets = Vec::new();
    for (clock, estimate) in [("issuer", issuer_clock), ("api", api_clock)] {
        let offset = estimate.as_ref().and_then(|estimate| estimate.offset_at(at));
        let samples = offset.map(bounds).into_iter().flatten();
        offsets.extend(samples.map(|sample| sample.with_label("clock", clock)));
    }
    let lead = api_clock.as_ref().zip(issuer_clock.as_ref());
    let lead = lead.and_then(|(api, issuer)| api.ahead_of(issuer));
    [
        gauge(
            "gc_token_clock_offset_seconds",
            "Bounds on a remote clock, relative to the local one.",
            offsets,
        ),
        gauge(
            "gc_token_clock_lead_seconds",
            "Bounds on how far the API's clock is ahead of the issuer's.",
            lead.map(bounds).into_iter().flatten().collect(),
        ),
        gauge(
            "gc_token_skew_seconds",
            "The skew that is configured.",
            vec![Sample::new(skew.as_secs_f64())],
        ),
    ]
}

fn bounds(offset: Offset) -> [Sample; 2] {
    let bound = |name: &str, value: SignedDuration| {
        Sample::new(value.as_secs_f64()).with_label("bound", name)
    };
    [bound("min", offset.min), bound("max", offset.max)]
}

pub(super) fn gauge(name: &'static str, help: &'static str, samples: Vec<Sample>) -> MetricFamily {
    MetricFamily { name, metric_type: MetricType::Gauge, help, samples }
}
