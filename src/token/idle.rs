//! The inactivity timeout of an organization.

use jiff::SignedDuration;

use super::Age;
use crate::clock::Reading;

/// Genesys Cloud revokes a token that made no API call for this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleTimeout(SignedDuration);

/// The time that the caller has for the first call with a token; at most half of the timeout.
const FIRST_CALL_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A token's use is recorded if it is newer than the recorded use by the timeout divided by
/// this.
const RECORDING_DIVISOR: i32 = 8;

impl IdleTimeout {
    pub fn new(timeout: SignedDuration) -> IdleTimeout {
        IdleTimeout(timeout)
    }

    pub fn duration(self) -> SignedDuration {
        self.0
    }

    /// The longest time without a use after which a token is handed out without a check.
    pub fn limit(self) -> SignedDuration {
        self.0.saturating_sub(FIRST_CALL_MARGIN.min(self.0 / 2))
    }

    /// The time from `now` until [`IdleTimeout::limit`] is reached by a token that was last
    /// used at `used`; negative if it is exceeded. Like a token's age, by the clock that shows
    /// more, and with the drift allowance. `None` if the local clocks cannot tell.
    pub fn remaining(self, used: &Reading, now: &Reading) -> Option<SignedDuration> {
        let age = Age::of(used, now).ok()?;
        let idle_time = age.elapsed().saturating_add(age.drift_allowance());
        Some(self.limit().saturating_sub(idle_time))
    }

    /// Returns whether a use is worth recording. Each record replaces a file.
    pub fn should_record(self, used: &Reading, recorded: &Reading) -> bool {
        used.boot_since(recorded).is_none_or(|since| since >= self.0 / RECORDING_DIVISOR)
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
        assert!(!timeout.should_record(&reading(109, 1_009), &stored));
        assert!(timeout.should_record(&reading(110, 1_010), &stored));
        assert!(!timeout.should_record(&reading(90, 990), &stored), "an earlier one");
        let mut elsewhere = stored.clone();
        elsewhere.boot_id = None;
        assert!(timeout.should_record(&reading(1, 1), &elsewhere));
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
