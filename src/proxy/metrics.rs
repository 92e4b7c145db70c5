//! What has happened in a run, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of a run. Nothing in them is secret.
#[derive(Default)]
pub struct Metrics {
    arrivals: Counter,
    requests: Counter,
    issued: Counter,
    replayed: Counter,
    repeated: Counter,
    refused: Counter,
    refusals_passed: Counter,
    renewed: Counter,
    minted: Counter,
    failed_renewals: Counter,
    failed: Counter,
    /// Requests by the time until the host's answer began; the last one is
    /// for those that took longer than all [`BOUNDS`].
    by_time: [Counter; BOUNDS.len() + 1],
    microseconds: Counter,
}

type Counter = AtomicU64;

/// Upper bounds of the latency histogram, in milliseconds.
const BOUNDS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

impl Metrics {
    /// A request came from a client, of whatever kind.
    pub(crate) fn arrival(&self) {
        add(&self.arrivals, 1);
    }

    /// Returns whether no client has asked for anything.
    pub fn is_unused(&self) -> bool {
        get(&self.arrivals) == 0
    }

    /// A request was answered by a host, which took this long.
    pub(super) fn request(&self, time: Duration) {
        add(&self.requests, 1);
        let at = BOUNDS.iter().position(|bound| time <= Duration::from_millis(*bound));
        add(&self.by_time[at.unwrap_or(BOUNDS.len())], 1);
        add(&self.microseconds, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// A request for a token was answered.
    pub(super) fn issued(&self) {
        add(&self.issued, 1);
    }

    /// A request was sent again with another token.
    pub(super) fn replayed(&self) {
        add(&self.replayed, 1);
    }

    /// A request was sent again, as a connection had ended before its answer.
    pub(super) fn repeated(&self) {
        add(&self.repeated, 1);
    }

    /// The API refused a token of ours.
    pub(super) fn refused(&self) {
        add(&self.refused, 1);
    }

    /// The client saw such a refusal.
    pub(super) fn refusal_passed(&self) {
        add(&self.refusals_passed, 1);
    }

    /// Another token took the place of the current one.
    pub(super) fn renewed(&self) {
        add(&self.renewed, 1);
    }

    /// That token was made by us, and not by another process.
    pub(super) fn minted(&self) {
        add(&self.minted, 1);
    }

    /// No other token could be had.
    pub(super) fn failed_renewal(&self) {
        add(&self.failed_renewals, 1);
    }

    /// A host could not be reached, or did not answer.
    pub(super) fn failed(&self) {
        add(&self.failed, 1);
    }

    /// What was saved, in one line; `None` where the first token was enough.
    pub fn summary(&self) -> Option<String> {
        let (renewed, replayed) = (get(&self.renewed), get(&self.replayed));
        let mut said = Vec::new();
        if renewed > 0 {
            said.push(format!("{} renewed", count(renewed, "token")));
        }
        if replayed > 0 {
            said.push(format!("{} replayed", count(replayed, "refused call")));
        }
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// The text format of Prometheus, as its node exporter reads it from files
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    pub fn text(&self) -> String {
        let rows = [
            ("requests", "Requests passed on to the cloud.", &self.requests),
            ("tokens_issued", "Requests for a token answered.", &self.issued),
            ("replays", "Requests sent again with another token.", &self.replayed),
            ("repeats", "Requests sent again over another connection.", &self.repeated),
            ("refusals", "Requests whose token the API refused.", &self.refused),
            ("refusals_passed", "Refusals that the client saw.", &self.refusals_passed),
            ("renewals", "Tokens that took the place of another.", &self.renewed),
            ("mints", "Tokens made for that.", &self.minted),
            ("failed_renewals", "Attempts to get a token that failed.", &self.failed_renewals),
            ("upstream_failures", "Requests without an answer.", &self.failed),
        ];
        let counter = |(name, help, value): (&str, &str, &Counter)| {
            let name = format!("gc_token_{name}_total");
            let value = get(value);
            format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n")
        };
        rows.into_iter().map(counter).collect::<String>() + &self.histogram()
    }

    fn histogram(&self) -> String {
        let name = "gc_token_upstream_seconds";
        let mut text = format!(
            "# HELP {name} Time until the cloud began its answer.\n# TYPE {name} histogram\n"
        );
        let mut below = 0;
        for (bound, counter) in BOUNDS.iter().zip(&self.by_time) {
            below += get(counter);
            let bound = Duration::from_millis(*bound).as_secs_f64();
            text += &format!("{name}_bucket{{le=\"{bound}\"}} {below}\n");
        }
        below += get(&self.by_time[BOUNDS.len()]);
        let sum = Duration::from_micros(get(&self.microseconds)).as_secs_f64();
        text + &format!(
            "{name}_bucket{{le=\"+Inf\"}} {below}\n{name}_sum {sum}\n{name}_count {below}\n"
        )
    }
}

fn add(counter: &Counter, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn get(counter: &Counter) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_was_saved() {
        let metrics = Metrics::default();
        metrics.request(Duration::ZERO);
        assert_eq!(metrics.summary(), None);
        metrics.replayed();
        assert_eq!(metrics.summary().unwrap(), "1 refused call replayed");
        metrics.renewed();
        metrics.renewed();
        assert_eq!(metrics.summary().unwrap(), "2 tokens renewed, 1 refused call replayed");
    }

    #[test]
    fn the_histogram_adds_up() {
        let metrics = Metrics::default();
        for millis in [5, 6, 20_000] {
            metrics.request(Duration::from_millis(millis));
        }
        let text = metrics.text();
        for line in [
            "gc_token_requests_total 3",
            "gc_token_upstream_seconds_bucket{le=\"0.005\"} 1",
            "gc_token_upstream_seconds_bucket{le=\"0.01\"} 2",
            "gc_token_upstream_seconds_bucket{le=\"10\"} 2",
            "gc_token_upstream_seconds_bucket{le=\"+Inf\"} 3",
            "gc_token_upstream_seconds_sum 20.011",
            "gc_token_upstream_seconds_count 3",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
    }
}
