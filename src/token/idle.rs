//! The time that a token may go unused before the cloud revokes it.

use jiff::SignedDuration;

use super::Age;
use crate::clock::Reading;

/// An organization's inactivity timeout: a token that made no API call for so long
/// is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleTimeout(SignedDuration);

/// The time that is left to whoever gets a token until its first call: a minute,
/// or half of a timeout that is shorter than two.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A use is written to the cache when it is this part of the timeout newer than
/// the one that stands there.
const PARTS: i32 = 8;

impl IdleTimeout {
    /// A timeout of this length, which is positive.
    pub fn new(timeout: SignedDuration) -> IdleTimeout {
        IdleTimeout(timeout)
    }

    /// The whole of it.
    pub fn duration(self) -> SignedDuration {
        self.0
    }

    /// The time that a token may be unused and still be handed out without asking.
    pub fn limit(self) -> SignedDuration {
        self.0.saturating_sub(MARGIN.min(self.0 / 2))
    }

    /// Returns what is left at `now` of the [`IdleTimeout::limit`] of a token that was
    /// known to be used at `used`; negative when it is over. Counts as an age does:
    /// by the clock that shows more, with what both may have missed.
    ///
    /// `None` where the local clocks cannot tell.
    pub fn remaining(self, used: &Reading, now: &Reading) -> Option<SignedDuration> {
        let idle = Age::of(used, now).ok()?;
        let idle_for = idle.elapsed().saturating_add(idle.drift_allowance());
        Some(self.limit().saturating_sub(idle_for))
    }

    /// Returns whether a use at `used` is worth writing to the cache, where `stored` is the
    /// one that stands there. Few writes are: each replaces a file.
    pub fn is_worth_storing(self, used: &Reading, stored: &Reading) -> bool {
        used.boot_since(stored).is_none_or(|since| since >= self.0 / PARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::clock::{BootId, drift};
    use proptest::prelude::*;

    const fn seconds(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_minute_is_left_for_the_first_call_or_half_of_a_short_timeout() {
        for (timeout, limit) in [(300, 240), (28_800, 28_740), (120, 60), (60, 30), (2, 1)] {
            assert_eq!(IdleTimeout::new(seconds(timeout)).limit(), seconds(limit));
        }
    }

    #[test]
    fn the_clock_that_shows_more_decides() {
        let timeout = IdleTimeout::new(seconds(300));
        let used = reading(100, 1_000);
        let left =
            |boot, wall| timeout.remaining(&used, &reading(boot, wall)).map(|left| left.as_secs());
        assert_eq!(left(100, 1_000), Some(240));
        // 100 s may be 50 ms more.
        assert_eq!(left(200, 1_100), Some(139));
        assert_eq!(left(200, 1_010), Some(139), "the wall clock was stepped back");
        assert_eq!(left(110, 1_100), Some(139), "the boot clock stood still");
        assert_eq!(left(99, 1_100), None, "the boot clock went back");
        let mut elsewhere = reading(200, 1_100);
        elsewhere.boot_id = Some(BootId("b".into()));
        assert_eq!(timeout.remaining(&used, &elsewhere), None);
    }

    #[test]
    fn few_uses_are_written() {
        let timeout = IdleTimeout::new(seconds(80));
        let stored = reading(100, 1_000);
        assert!(!timeout.is_worth_storing(&reading(109, 1_009), &stored));
        assert!(timeout.is_worth_storing(&reading(110, 1_010), &stored));
        assert!(!timeout.is_worth_storing(&reading(90, 990), &stored), "an earlier one");
        let mut elsewhere = stored.clone();
        elsewhere.boot_id = None;
        assert!(timeout.is_worth_storing(&reading(1, 1), &elsewhere));
    }

    proptest! {
        /// Whatever the wall clock does, and however slowly both go within the
        /// drift: a token that is handed out has not been idle for the timeout.
        #[test]
        fn a_token_that_was_idle_for_the_timeout_is_never_left_alone(
            timeout in 1..200_000_i64,
            idle_for in 0..400_000_i64,
            step in -100_000..100_000_i64,
            slow in 0..=1_i64,
        ) {
            let used = reading(1_000, 1_000_000);
            let shown = seconds(idle_for).saturating_sub(drift(seconds(idle_for)) * slow as i32);
            let now = Reading {
                boot: used.boot + shown,
                wall: used.wall + shown + seconds(step),
                ..used.clone()
            };
            let left = IdleTimeout::new(seconds(timeout)).remaining(&used, &now).unwrap();
            if idle_for >= timeout {
                prop_assert!(!left.is_positive(), "{left:?}");
            }
        }

        /// Later is never better, and a later use is never worse.
        #[test]
        fn what_is_left_only_shrinks(
            timeout in 1..200_000_i64,
            used in 0..1_000_i64,
            by in 0..1_000_i64,
            later in 0..1_000_i64,
        ) {
            let timeout = IdleTimeout::new(seconds(timeout));
            let at = |second: i64| reading(second, 1_000_000 + second);
            let now = at(used + by);
            let left = timeout.remaining(&at(used), &now).unwrap();
            prop_assert!(timeout.remaining(&at(used), &at(used + by + later)).unwrap() <= left);
            prop_assert!(timeout.remaining(&at(used + by.min(later)), &now).unwrap() >= left);
            prop_assert!(left <= timeout.limit() && timeout.limit() < timeout.duration());
        }
    }
}
