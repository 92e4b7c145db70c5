//! Whether and when to try again: a pure decision.

use std::time::Duration;

use crate::error::Error;

/// A token request that failed, and whether another one may succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What to tell the user, should this be the last attempt.
    pub(super) error: Error,
    /// Whether the same request is worth sending again.
    pub(super) again: Again,
}

impl From<crate::net::RequestError> for Failure {
    fn from(failure: crate::net::RequestError) -> Failure {
        let again = match failure.is_transient {
            true => Again::After(Duration::ZERO),
            false => Again::Never,
        };
        Failure { error: failure.error, again }
    }
}

/// Whether the same request is worth sending again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// The answer would be the same.
    Never,
    /// It may pass. The issuer asked for at least this much patience
    /// (`Retry-After`); zero when it did not ask.
    After(Duration),
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait this long, then try again.
    Retry(Duration),
    /// Stop here.
    GiveUp(GiveUp),
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    /// It would not help.
    Final,
    /// [`ATTEMPTS`] were made.
    Attempts,
    /// The wait would end past the time limit, so it is not begun.
    NoTime(Duration),
}

/// More attempts than this say only that the issuer is down.
pub(super) const ATTEMPTS: u32 = 6;

/// The longest wait before the second attempt; it doubles with each further one.
const BASE: Duration = Duration::from_millis(250);

/// No wait of our own choice is longer.
const CAP: Duration = Duration::from_secs(8);

/// Decides after attempt number `attempt` (counted from 1), `elapsed` after
/// the start of the first one, with `budget` for all of them.
///
/// Exponential backoff with full jitter: `jitter`, in 0..1, picks the wait
/// evenly between zero and the backoff, so that many runners that failed
/// together do not come back together. A `Retry-After` is a minimum, and the
/// jitter comes on top of it, for the same reason.
pub(super) fn next(
    attempt: u32,
    again: Again,
    elapsed: Duration,
    budget: Duration,
    jitter: f64,
) -> Next {
    let Again::After(at_least) = again else {
        return Next::GiveUp(GiveUp::Final);
    };
    if attempt >= ATTEMPTS {
        return Next::GiveUp(GiveUp::Attempts);
    }
    let doublings = attempt.saturating_sub(1).min(16);
    let backoff = BASE.saturating_mul(1 << doublings).min(CAP);
    let wait = at_least.saturating_add(backoff.mul_f64(jitter.clamp(0.0, 1.0)));
    if elapsed.saturating_add(wait) >= budget {
        return Next::GiveUp(GiveUp::NoTime(wait));
    }
    Next::Retry(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1_000);
    const NOW: Again = Again::After(Duration::ZERO);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let longest = |attempt| next(attempt, NOW, ms(0), LONG, 1.0);
        let waits: Vec<_> = (1..=5).map(longest).collect();
        let expected = [250, 500, 1_000, 2_000, 4_000].map(|wait| Next::Retry(ms(wait)));
        assert_eq!(waits, expected);
    }

    #[test]
    fn jitter_picks_from_all_of_the_wait() {
        for (jitter, wait) in [(0.0, 0), (0.5, 500), (1.0, 1_000), (-7.0, 0), (7.0, 1_000)] {
            assert_eq!(next(3, NOW, ms(0), LONG, jitter), Next::Retry(ms(wait)), "{jitter}");
        }
    }

    #[test]
    fn the_issuers_wish_is_a_minimum_with_jitter_on_top() {
        let again = Again::After(ms(3_000));
        assert_eq!(next(1, again, ms(0), LONG, 0.0), Next::Retry(ms(3_000)));
        assert_eq!(next(1, again, ms(0), LONG, 1.0), Next::Retry(ms(3_250)));
    }

    #[test]
    fn a_wait_past_the_limit_is_not_begun() {
        let budget = ms(1_000);
        assert_eq!(next(1, Again::After(ms(900)), ms(99), budget, 0.0), Next::Retry(ms(900)));
        assert_eq!(
            next(1, Again::After(ms(900)), ms(100), budget, 0.0),
            Next::GiveUp(GiveUp::NoTime(ms(900)))
        );
        assert_eq!(
            next(1, Again::After(Duration::MAX), ms(1), LONG, 1.0),
            Next::GiveUp(GiveUp::NoTime(Duration::MAX))
        );
    }

    #[test]
    fn there_are_at_most_six_attempts_and_one_when_it_is_final() {
        assert!(matches!(next(5, NOW, ms(0), LONG, 0.0), Next::Retry(_)));
        assert_eq!(next(6, NOW, ms(0), LONG, 0.0), Next::GiveUp(GiveUp::Attempts));
        assert_eq!(next(1, Again::Never, ms(0), LONG, 0.0), Next::GiveUp(GiveUp::Final));
        assert_eq!(next(u32::MAX, NOW, ms(0), LONG, f64::NAN), Next::GiveUp(GiveUp::Attempts));
    }
}
