//! A histogram of times.

use std::time::Duration;

use super::counter::{Counter, add, get, micros, seconds};
use super::exposition::Sample;

#[derive(Default)]
pub(super) struct Histogram {
    /// Has one more bucket than [`BOUNDS_MS`], for longer times.
    buckets: [Counter; BOUNDS_MS.len() + 1],
    sum_micros: Counter,
}

const BOUNDS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

impl Histogram {
    pub(super) fn observe(&self, time: Duration) {
        let bucket = BOUNDS_MS.iter().position(|bound| time <= Duration::from_millis(*bound));
        add(&self.buckets[bucket.unwrap_or(BOUNDS_MS.len())], 1);
        add(&self.sum_micros, micros(time));
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        let bounds = BOUNDS_MS.map(|bound| Duration::from_millis(bound).as_secs_f64().to_string());
        let bounds = bounds.into_iter().chain(["+Inf".to_owned()]);
        let mut cumulative = 0;
        let mut samples: Vec<_> = bounds
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                cumulative += get(bucket);
                Sample::new(cumulative as f64).with_suffix("_bucket").with_label("le", bound)
            })
            .collect();
        samples.push(Sample::new(seconds(&self.sum_micros)).with_suffix("_sum"));
        samples.push(Sample::new(cumulative as f64).with_suffix("_count"));
        samples
    }
}
