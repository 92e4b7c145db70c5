//! The time between attempts that fail.

use jiff::SignedDuration;

use crate::clock::Reading;

/// A failed attempt, and how long the next one waits.
pub(super) struct Backoff {
    last: Reading,
    wait: SignedDuration,
}

/// The wait after the first failed attempt. Each further one doubles it.
pub(super) const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);

/// The longest wait between attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);

impl Backoff {
    /// Makes the back-off for an attempt that failed at `now`; `earlier` is that of the
    /// failed attempt before, if there was one.
    pub(super) fn after(earlier: Option<&Backoff>, now: Reading) -> Backoff {
        let wait = earlier.map_or(FIRST_WAIT, |earlier| (earlier.wait * 2).min(LONGEST_WAIT));
        Backoff { last: now, wait }
    }

    /// Returns the time that the next attempt still has to wait; zero or less when it may
    /// begin.
    pub(super) fn left(&self, now: &Reading) -> SignedDuration {
        let since = now.boot_since(&self.last).unwrap_or(SignedDuration::MAX);
        self.wait.saturating_sub(since)
    }
}
