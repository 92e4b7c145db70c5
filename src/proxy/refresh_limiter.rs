//! Limits the token refreshes that rejected requests cause.

use jiff::SignedDuration;

use crate::clock::Reading;

/// A token bucket. An API that answers 401 for reasons of its own would otherwise cost a
/// mint for each request, and issuers limit their rate.
pub(super) struct RefreshLimiter {
    available: u32,
    refilled: Option<Reading>,
}

const CAPACITY: u32 = 10;

const REFILL_INTERVAL: SignedDuration = SignedDuration::from_secs(6);

impl RefreshLimiter {
    pub(super) const FULL: RefreshLimiter = RefreshLimiter { available: CAPACITY, refilled: None };

    pub(super) fn try_acquire(&mut self, now: &Reading) -> bool {
        self.refill(now);
        let is_available = self.available > 0;
        self.available = self.available.saturating_sub(1);
        is_available
    }

    /// Counts on the boot clock: the wall clock may be stepped.
    fn refill(&mut self, now: &Reading) {
        let refilled = self.refilled.get_or_insert_with(|| now.clone());
        let elapsed = now.boot_since(refilled).unwrap_or(SignedDuration::MAX);
        let added = elapsed.as_nanos() / REFILL_INTERVAL.as_nanos();
        if added > 0 {
            let added = u32::try_from(added).unwrap_or(CAPACITY);
            self.available = self.available.saturating_add(added).min(CAPACITY);
            self.refilled = Some(now.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let mut limiter = RefreshLimiter::FULL;
        let allowed = |limiter: &mut RefreshLimiter, at| {
            (0..100).filter(|_| limiter.try_acquire(&reading(at, at))).count()
        };
        assert_eq!(allowed(&mut limiter, 0), 10);
        assert_eq!(allowed(&mut limiter, 5), 0);
        assert_eq!(allowed(&mut limiter, 6), 1);
        assert_eq!(allowed(&mut limiter, 18), 2);
        assert_eq!(allowed(&mut limiter, 100_000), 10);
    }
}
