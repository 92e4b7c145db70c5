//! How often a refused call may cost a new token.

use jiff::SignedDuration;

use crate::clock::Reading;

/// Leave to make a new token for a refused one: some at once, then one every
/// while. An API that answers 401 for reasons of its own would otherwise cost
/// a token at each call, and issuers limit the rate of making them.
pub(super) struct RateLimit {
    left: u32,
    since: Option<Reading>,
}

/// As many as this at once.
const BURST: u32 = 10;

/// And one more after each of these.
const REFILL: SignedDuration = SignedDuration::from_secs(6);

impl RateLimit {
    pub(super) const FULL: RateLimit = RateLimit { left: BURST, since: None };

    /// Takes one, if there is one at `now`.
    pub(super) fn take(&mut self, now: &Reading) -> bool {
        self.refill(now);
        let granted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        granted
    }

    /// Counts on the boot clock: the wall clock may be stepped.
    fn refill(&mut self, now: &Reading) {
        let since = self.since.get_or_insert_with(|| now.clone());
        let waited = now.boot_since(since).unwrap_or(SignedDuration::MAX);
        let more = waited.as_nanos() / REFILL.as_nanos();
        if more > 0 {
            self.left = self.left.saturating_add(u32::try_from(more).unwrap_or(BURST)).min(BURST);
            self.since = Some(now.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn a_burst_is_granted_then_one_every_while() {
        let mut rate_limit = RateLimit::FULL;
        let granted = |rate_limit: &mut RateLimit, at| {
            (0..100).filter(|_| rate_limit.take(&reading(at, at))).count()
        };
        assert_eq!(granted(&mut rate_limit, 0), 10);
        assert_eq!(granted(&mut rate_limit, 5), 0);
        assert_eq!(granted(&mut rate_limit, 6), 1);
        assert_eq!(granted(&mut rate_limit, 18), 2);
        assert_eq!(granted(&mut rate_limit, 100_000), 10);
    }
}
