//! Exponential backoff between attempts that fail.

use jiff::SignedDuration;

use crate::clock::Reading;

pub(super) struct Backoff {
    failed_at: Reading,
    delay: SignedDuration,
}

/// The delay after the first failed attempt. Each further one doubles it.
pub(super) const MIN_BACKOFF: SignedDuration = SignedDuration::from_secs(1);

const MAX_BACKOFF: SignedDuration = SignedDuration::from_secs(30);

impl Backoff {
    /// `earlier` is the backoff of the attempt before, if that failed, too.
    pub(super) fn after(earlier: Option<&Backoff>, now: Reading) -> Backoff {
        let delay = earlier.map_or(MIN_BACKOFF, |earlier| (earlier.delay * 2).min(MAX_BACKOFF));
        Backoff { failed_at: now, delay }
    }

    /// Returns the time until the next attempt; zero or less if it may begin.
    pub(super) fn remaining(&self, now: &Reading) -> SignedDuration {
        let elapsed = now.boot_since(&self.failed_at).unwrap_or(SignedDuration::MAX);
        self.delay.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn the_delay_doubles_up_to_half_a_minute() {
        let now = reading(100, 1_000);
        let mut backoff = None;
        let delays: Vec<_> = (0..8)
            .map(|_| {
                let next = Backoff::after(backoff.as_ref(), now.clone());
                backoff.insert(next).remaining(&now).as_secs()
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff.unwrap().remaining(&reading(131, 1_031)).as_secs(), -1);
    }
}
