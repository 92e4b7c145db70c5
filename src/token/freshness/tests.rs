//! Each bound of a verdict from both sides, and what holds for any readings.

mod properties;

use super::*;
use crate::clock::BootId;
use crate::clock::tests::reading;
use crate::token::LocalClock;
use crate::token::tests::token;

const NANO: SignedDuration = SignedDuration::from_nanos(1);
const SKEW: SignedDuration = SignedDuration::from_secs(5);

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// What the clocks show `age` after a token of [`token`] was asked for.
fn after(age: SignedDuration) -> Reading {
    let mut now = reading(100, 1_000);
    now.boot += age;
    now.wall += age;
    now
}

fn policy(min_ttl: MinTtl) -> FreshnessPolicy {
    FreshnessPolicy { skew: SKEW, min_ttl, newer_than: None, idle_timeout: None }
}

fn is_fresh(policy: &FreshnessPolicy, lifetime: i64, age: SignedDuration) -> bool {
    let verdict = policy.judge(&token("t", lifetime).validity, &after(age));
    matches!(verdict, Verdict::Fresh { .. })
}

#[test]
fn the_larger_age_counts_and_only_a_step_makes_the_wall_clock_decide() {
    let second = secs(1);
    for (boot, wall, elapsed, by, step) in [
        (secs(60), secs(60), secs(60), LocalClock::Boot, None),
        (secs(60), secs(61), secs(61), LocalClock::Boot, None),
        (secs(60), secs(61) + NANO, secs(61) + NANO, LocalClock::Wall, Some(second + NANO)),
        (secs(60), secs(59), secs(60), LocalClock::Boot, None),
        (secs(60), secs(59) - NANO, secs(60), LocalClock::Boot, Some(-second - NANO)),
        (secs(0), secs(-3_600), secs(0), LocalClock::Boot, Some(secs(-3_600))),
    ] {
        let age = Age { boot, wall };
        assert_eq!(age.elapsed(), elapsed, "{age:?}");
        assert_eq!(age.drift_allowance(), elapsed / 2_000, "{age:?}");
        assert_eq!(age.deciding_clock(), by, "{age:?}");
        assert_eq!(age.wall_step(), step, "{age:?}");
    }
}

#[test]
fn an_age_needs_one_boot_whose_clock_goes_forward() {
    let sent = reading(100, 1_000);
    let age = |boot: i64, wall: i64| Age::of(&sent, &reading(boot, wall));
    let (boot, wall) = (secs(5), secs(-500));
    assert_eq!(age(105, 500), Ok(Age { boot, wall }));
    assert!(age(100, 1_000).is_ok());
    assert_eq!(age(99, 2_000), Err(StaleReason::BootClockWentBack(secs(1))));
    let mut now = reading(105, 1_005);
    for boot_id in [None, Some(BootId("another".into()))] {
        now.boot_id = boot_id;
        assert_eq!(Age::of(&sent, &now), Err(StaleReason::OtherBoot));
        assert_eq!(Age::of(&now, &sent), Err(StaleReason::OtherBoot));
    }
}

#[test]
fn what_is_wanted_by_default_is_at_most_half_of_what_a_new_token_offers() {
    let default = policy(MinTtl::Default(secs(600)));
    for (lifetime, wanted) in [
        (86_400, secs(600)),
        (1_205, secs(600)),
        (1_204, secs(599) + secs(1) / 2),
        (300, secs(147) + secs(1) / 2),
        (7, secs(1)),
        (5, secs(0)),
        (3, secs(0)),
        (0, secs(0)),
    ] {
        assert_eq!(default.required_ttl(&token("t", lifetime).validity), wanted, "{lifetime}");
        let explicit = policy(MinTtl::Explicit(secs(600)));
        assert_eq!(explicit.required_ttl(&token("t", lifetime).validity), secs(600), "{lifetime}");
    }
}

#[test]
fn fresh_ends_where_the_skew_and_the_wanted_time_begin() {
    for (min_ttl, wanted, lifetime, last) in [
        (MinTtl::Explicit as fn(_) -> _, 100, 300, 195),
        (MinTtl::Explicit, 295, 300, 0),
        (MinTtl::Default, 600, 86_400, 85_795),
        (MinTtl::Default, 60, 300, 235),
        (MinTtl::Default, 150, 305, 150),
    ] {
        // The local clocks may have missed so much in that time.
        let policy = policy(min_ttl(secs(wanted) - secs(last) / 2_000));
        let min_ttl = policy.min_ttl;
        assert!(is_fresh(&policy, lifetime, secs(last)), "{min_ttl:?}");
        assert!(!is_fresh(&policy, lifetime, secs(last) + NANO), "{min_ttl:?}");
    }
    assert!(!is_fresh(&policy(MinTtl::Explicit(secs(296))), 300, secs(0)));
}

/// Wanting nothing is no reason to hand out a token that issuer and API may
/// disagree about.
#[test]
fn a_token_has_to_outlive_the_skew_even_when_nothing_is_wanted() {
    for min_ttl in [MinTtl::Explicit(secs(0)), MinTtl::Default(secs(0))] {
        let policy = policy(min_ttl);
        // Of 290 s, the local clocks may have missed 0.145 s.
        let last = secs(290) + SignedDuration::from_millis(4_852);
        let milli = SignedDuration::from_millis(1);
        assert!(is_fresh(&policy, 300, last), "{min_ttl:?}");
        assert!(!is_fresh(&policy, 300, last + milli), "{min_ttl:?}");
    }
    // The half of no more than the skew is nothing.
    assert!(!is_fresh(&policy(MinTtl::Default(secs(600))), 5, secs(0)));
    assert!(is_fresh(&policy(MinTtl::Default(secs(600))), 6, secs(0)));
}

#[test]
fn a_verdict_tells_its_numbers() {
    let mut policy = policy(MinTtl::Explicit(secs(100)));
    let validity = token("t", 300).validity;
    let mut told = |now: Reading, newer_than: Option<Reading>| {
        policy.newer_than = newer_than;
        policy.judge(&validity, &now).to_string()
    };
    assert_eq!(told(after(secs(60)), None), "fresh: 4m left by the boot clock");
    assert_eq!(
        told(reading(160, 1_100), None),
        "fresh: 3m20s left by the wall clock (the wall clock was stepped by +40.0s)"
    );
    assert_eq!(
        told(reading(310, 500), None),
        "stale: 1m30s left by the boot clock (the wall clock was stepped by -710.0s), minus 5s of \
         skew, is less than the required 1m40s"
    );
    assert_eq!(
        told(reading(90, 1_100), None),
        "stale: the boot clock shows 10s less than at the mint: a restored snapshot"
    );
    assert_eq!(
        told(after(secs(60)), Some(after(NANO))),
        "stale: minted before the forced refresh began"
    );
}

#[test]
fn a_forced_refresh_takes_what_was_asked_for_after_it_began() {
    let mut policy = policy(MinTtl::Default(secs(600)));
    let validity = token("t", 300).validity;
    let mut judge = |start: Reading| {
        policy.newer_than = Some(start);
        policy.judge(&validity, &after(secs(1)))
    };
    let forced = Verdict::Stale(StaleReason::NotForced);
    assert!(matches!(judge(after(secs(0))), Verdict::Fresh { .. }));
    assert!(matches!(judge(after(-NANO)), Verdict::Fresh { .. }));
    assert_eq!(judge(after(NANO)), forced);
    // By the boot clock: a wall clock can be stepped.
    assert!(matches!(judge(reading(99, 9_999)), Verdict::Fresh { .. }));
    let mut elsewhere = after(secs(0));
    elsewhere.boot_id = None;
    assert_eq!(judge(elsewhere), forced);
}

#[test]
fn a_stale_token_outlives_the_skew_and_breaks_no_promise() {
    let default = policy(MinTtl::Default(secs(600)));
    let validity = token("t", 300).validity;
    let at = |age| default.stale_if_error(&validity, &after(age));
    assert_eq!(at(secs(200)), Some(secs(100)));
    // The local clocks may have missed nearly 0.15 s.
    let last = secs(294) + SignedDuration::from_millis(852);
    assert_eq!(at(last), Some(secs(300) - last));
    assert_eq!(at(last + SignedDuration::from_millis(1)), None);
    assert_eq!(at(secs(400)), None);
    assert_eq!(at(secs(-1)), None, "a clock that went back");
    let explicit = policy(MinTtl::Explicit(secs(0)));
    assert_eq!(explicit.stale_if_error(&validity, &after(secs(1))), None);
    let forced = FreshnessPolicy { newer_than: Some(after(secs(0))), ..default.clone() };
    assert_eq!(forced.stale_if_error(&validity, &after(secs(1))), None);
}
