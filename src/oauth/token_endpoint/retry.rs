//! The decision whether and when to retry a token request.

use std::time::Duration;

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttemptError {
    pub(super) error: Error,
    pub(super) retry: Retryable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retryable {
    Never,
    /// After at least this long: the issuer's `Retry-After`, or zero.
    After(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDecision {
    Retry(Duration),
    GiveUp(GiveUpReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUpReason {
    Permanent,
    TooManyAttempts,
    /// A wait of this length would end beyond the time limit.
    Timeout(Duration),
}

/// Further attempts would only prove that the issuer is down.
const MAX_ATTEMPTS: u32 = 6;

/// The longest wait before the second attempt. It doubles with each further attempt, up to
/// 4 s before the last one.
const BASE_BACKOFF: Duration = Duration::from_millis(250);

/// Decides after attempt number `attempt`, counted from 1, has failed `elapsed` after the
/// first one began. `budget` is for all attempts.
///
/// Exponential backoff with full jitter: `jitter`, in 0..1, picks a wait between zero and the
/// backoff, so that many runners that failed together do not come back together. For the same
/// reason it comes on top of a `Retry-After`.
pub(super) fn decide(
    attempt: u32,
    retry: Retryable,
    elapsed: Duration,
    budget: Duration,
    jitter: f64,
) -> RetryDecision {
    let Retryable::After(min_wait) = retry else {
        return RetryDecision::GiveUp(GiveUpReason::Permanent);
    };
    if attempt >= MAX_ATTEMPTS {
        return RetryDecision::GiveUp(GiveUpReason::TooManyAttempts);
    }
    let backoff = BASE_BACKOFF * 2_u32.pow(attempt.saturating_sub(1));
    let wait = min_wait.saturating_add(backoff.mul_f64(jitter.clamp(0.0, 1.0)));
    if elapsed.saturating_add(wait) >= budget {
        return RetryDecision::GiveUp(GiveUpReason::Timeout(wait));
    }
    RetryDecision::Retry(wait)
}

impl From<crate::net::RequestError> for AttemptError {
    fn from(failed: crate::net::RequestError) -> AttemptError {
        let retry =
            if failed.is_transient { Retryable::After(Duration::ZERO) } else { Retryable::Never };
        AttemptError { error: failed.error, retry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1_000);
    const NOW: Retryable = Retryable::After(Duration::ZERO);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_backoff_doubles_with_each_attempt() {
        let backoff = |attempt| decide(attempt, NOW, ms(0), LONG, 1.0);
        let waits: Vec<_> = (1..=5).map(backoff).collect();
        let expected = [250, 500, 1_000, 2_000, 4_000].map(|wait| RetryDecision::Retry(ms(wait)));
        assert_eq!(waits, expected);
    }

    #[test]
    fn jitter_scales_the_whole_backoff() {
        for (jitter, wait) in [(0.0, 0), (0.5, 500), (1.0, 1_000), (-7.0, 0), (7.0, 1_000)] {
            assert_eq!(
                decide(3, NOW, ms(0), LONG, jitter),
                RetryDecision::Retry(ms(wait)),
                "{jitter}"
            );
        }
    }

    #[test]
    fn retry_after_is_a_minimum_with_jitter_on_top() {
        let retry = Retryable::After(ms(3_000));
        assert_eq!(decide(1, retry, ms(0), LONG, 0.0), RetryDecision::Retry(ms(3_000)));
        assert_eq!(decide(1, retry, ms(0), LONG, 1.0), RetryDecision::Retry(ms(3_250)));
    }

    #[test]
    fn a_wait_beyond_the_time_limit_is_not_begun() {
        let budget = ms(1_000);
        assert_eq!(
            decide(1, Retryable::After(ms(900)), ms(99), budget, 0.0),
            RetryDecision::Retry(ms(900))
        );
        assert_eq!(
            decide(1, Retryable::After(ms(900)), ms(100), budget, 0.0),
            RetryDecision::GiveUp(GiveUpReason::Timeout(ms(900)))
        );
        assert_eq!(
            decide(1, Retryable::After(Duration::MAX), ms(1), LONG, 1.0),
            RetryDecision::GiveUp(GiveUpReason::Timeout(Duration::MAX))
        );
    }

    #[test]
    fn there_are_at_most_six_attempts_and_one_after_a_permanent_error() {
        assert!(matches!(decide(5, NOW, ms(0), LONG, 0.0), RetryDecision::Retry(_)));
        assert_eq!(
            decide(6, NOW, ms(0), LONG, 0.0),
            RetryDecision::GiveUp(GiveUpReason::TooManyAttempts)
        );
        assert_eq!(
            decide(1, Retryable::Never, ms(0), LONG, 0.0),
            RetryDecision::GiveUp(GiveUpReason::Permanent)
        );
        assert_eq!(
            decide(u32::MAX, NOW, ms(0), LONG, f64::NAN),
            RetryDecision::GiveUp(GiveUpReason::TooManyAttempts)
        );
    }
}
