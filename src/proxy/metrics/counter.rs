//! Counters that any thread may add to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) type Counter = AtomicU64;

pub(super) fn add(counter: &Counter, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

pub(super) fn get(counter: &Counter) -> u64 {
    counter.load(Ordering::Relaxed)
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Reads a counter of microseconds.
pub(super) fn seconds(counter: &Counter) -> f64 {
    Duration::from_micros(get(counter)).as_secs_f64()
}
