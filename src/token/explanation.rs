//! The numbers behind a verdict, clock by clock, for `status`.

use jiff::SignedDuration;

use super::{Age, FreshnessPolicy, LocalClock, StaleReason, TokenValidity};
use crate::clock::{OffsetEstimate, Reading};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub rows: Vec<ClockRow>,
    /// Set if the local clocks cannot tell.
    pub unusable: Option<StaleReason>,
    /// The configured skew. The larger of `skew` and `lead` is deducted.
    pub skew: SignedDuration,
    /// Upper bound of the API's clock minus the issuer's, if both were measured.
    pub lead: Option<SignedDuration>,
    pub required_ttl: SignedDuration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    pub clock: ClockName,
    /// Lower bound; negative once the token has expired.
    pub remaining: SignedDuration,
    /// Effective skew, and the drift allowance of a local clock.
    pub deducted: SignedDuration,
    pub after_skew: SignedDuration,
    pub decides: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockName {
    Boot,
    Wall,
    /// Equals the boot clock less the uncertainty of the measurement, so it never decides.
    Issuer,
    /// Judges the token itself, so no skew is deducted.
    Api,
}

impl Explanation {
    pub fn of(policy: &FreshnessPolicy, validity: &TokenValidity, now: &Reading) -> Explanation {
        let skew = policy.effective_skew(validity);
        let row = |clock, remaining: SignedDuration, deducted, decides| ClockRow {
            clock,
            remaining,
            deducted,
            after_skew: remaining.saturating_sub(deducted),
            decides,
        };
        let mut rows = Vec::new();
        let age = Age::of(&validity.sent, now);
        if let Ok(age) = &age {
            for (name, local, elapsed) in [
                (ClockName::Boot, LocalClock::Boot, age.boot),
                (ClockName::Wall, LocalClock::Wall, age.wall),
            ] {
                let remaining = validity.lifetime.saturating_sub(elapsed);
                let deducted = skew.saturating_add(age.drift_allowance());
                rows.push(row(name, remaining, deducted, age.deciding_clock() == local));
            }
        }
        let remaining_by = |clock: &Option<OffsetEstimate>| {
            let (_, latest) = clock.as_ref()?.remote_time(now)?;
            Some(validity.issuer_expiry?.duration_since(latest))
        };
        let no_skew = SignedDuration::ZERO;
        let issuer = remaining_by(&validity.issuer_clock)
            .map(|remaining| row(ClockName::Issuer, remaining, skew, false));
        let api = remaining_by(&validity.api_clock)
            .map(|remaining| row(ClockName::Api, remaining, no_skew, false));
        rows.extend(issuer.into_iter().chain(api));
        Explanation {
            rows,
            unusable: age.err(),
            skew: policy.skew,
            lead: validity.lead().map(|lead| lead.max),
            required_ttl: policy.required_ttl(validity),
        }
    }
}

impl ClockName {
    pub fn label(self) -> &'static str {
        match self {
            ClockName::Boot => "boot clock",
            ClockName::Wall => "wall clock",
            ClockName::Issuer => "issuer's clock",
            ClockName::Api => "API's clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::token::tests::token;
    use crate::token::{MinTtl, Verdict};
    use jiff::Timestamp;

    const SKEW: SignedDuration = SignedDuration::from_secs(5);

    fn policy() -> FreshnessPolicy {
        FreshnessPolicy {
            skew: SKEW,
            min_ttl: MinTtl::Explicit(SignedDuration::from_secs(60)),
            newer_than: None,
            idle_timeout: None,
        }
    }

    /// The remote clock showed `date` at boot 101.
    fn shown(date: i64) -> Option<OffsetEstimate> {
        let date = Timestamp::from_second(date).unwrap();
        OffsetEstimate::from_date_header(&reading(101, 1_001), &reading(101, 1_001), date)
    }

    fn remaining(explanation: &Explanation) -> Vec<(ClockName, i64, i64, bool)> {
        let rows = explanation.rows.iter();
        rows.map(|row| {
            let (remaining, rest) = (row.remaining.as_secs(), row.after_skew.as_secs());
            (row.clock, remaining, rest, row.decides)
        })
        .collect()
    }

    #[test]
    fn each_clock_that_knows_something_has_a_row() {
        let mut validity = token("t", 300).validity;
        let now = reading(150, 1_050);
        let (boot, wall) = (ClockName::Boot, ClockName::Wall);
        // In 50 s, the local clocks may have missed 25 ms.
        let local = [(boot, 250, 244, true), (wall, 250, 244, false)];
        let explanation = Explanation::of(&policy(), &validity, &now);
        assert_eq!(remaining(&explanation), local);
        assert_eq!((explanation.lead, explanation.unusable), (None, None));

        // The issuer is 1000 s ahead, the API 20 s more, each give or take.
        (validity.issuer_clock, validity.api_clock) = (shown(2_001), shown(2_021));
        validity.issuer_expiry = Some(Timestamp::from_second(2_300).unwrap());
        let explanation = Explanation::of(&policy(), &validity, &now);
        let lead = explanation.lead.expect("both were measured");
        assert_eq!(lead.as_secs(), 21, "a second each is uncertain");
        let remote = [(ClockName::Issuer, 248, 227, false), (ClockName::Api, 228, 228, false)];
        assert_eq!(remaining(&explanation)[2..], remote);
        assert_eq!(remaining(&explanation)[0], (boot, 250, 228, true));
    }

    #[test]
    fn the_clock_that_decides_is_the_verdicts() {
        let validity = token("t", 300).validity;
        for (now, clock) in [
            (reading(150, 1_050), ClockName::Boot),
            (reading(150, 1_010), ClockName::Boot),
            (reading(150, 1_100), ClockName::Wall),
            (reading(150, 1_295), ClockName::Wall),
        ] {
            let explanation = Explanation::of(&policy(), &validity, &now);
            let decides: Vec<_> = explanation.rows.iter().filter(|row| row.decides).collect();
            assert_eq!(decides.len(), 1);
            assert_eq!(decides[0].clock, clock);
            let is_enough = decides[0].after_skew >= explanation.required_ttl;
            let verdict = policy().judge(&validity, &now);
            assert_eq!(matches!(verdict, Verdict::Fresh { .. }), is_enough);
        }
    }

    #[test]
    fn clocks_of_another_boot_say_nothing() {
        let mut now = reading(150, 1_050);
        now.boot_id = None;
        let mut validity = token("t", 300).validity;
        (validity.issuer_clock, validity.api_clock) = (shown(2_001), shown(2_001));
        let explanation = Explanation::of(&policy(), &validity, &now);
        assert_eq!(explanation.rows, []);
        assert_eq!(explanation.unusable, Some(StaleReason::OtherBoot));
    }
}
