use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::clock::{Offset, OffsetEstimate};

/// Any duration at all, and often one near an end of the range or near zero.
fn any_duration() -> impl Strategy<Value = SignedDuration> {
    let near = prop_oneof![
        Just(SignedDuration::MIN),
        Just(SignedDuration::MAX),
        Just(SignedDuration::ZERO),
        any::<i64>().prop_map(SignedDuration::from_secs),
        any::<i64>().prop_map(SignedDuration::from_nanos),
        (-1_000i64..1_000_000).prop_map(SignedDuration::from_secs),
    ];
    let nudge = -2_000_000_000i64..2_000_000_000;
    (near, nudge).prop_map(|(near, by)| near.saturating_add(SignedDuration::from_nanos(by)))
}

/// What a person can ask for: durations are never negative.
fn wish() -> impl Strategy<Value = SignedDuration> {
    any_duration().prop_map(|wish| wish.max(SignedDuration::ZERO))
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let wall = prop_oneof![
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
        seconds.prop_map(|second| Timestamp::from_second(second).unwrap()),
        (0i64..1_000_000).prop_map(|milli| Timestamp::from_millisecond(milli).unwrap()),
    ];
    let boot_id = prop_oneof![
        6 => Just(Some("test")),
        1 => Just(Some("another")),
        1 => Just(None),
    ];
    (any_duration(), boot_id, wall).prop_map(|(boot, boot_id, wall)| Reading {
        boot,
        boot_id: boot_id.map(|id| BootId(id.into())),
        wall,
    })
}

fn any_demand() -> impl Strategy<Value = FreshnessPolicy> {
    let min_ttl = prop_oneof![wish().prop_map(MinTtl::Default), wish().prop_map(MinTtl::Explicit),];
    let newer_than = prop::option::weighted(0.2, any_reading());
    let idle_timeout = prop::option::of(wish().prop_map(IdleTimeout::new));
    (wish(), min_ttl, newer_than, idle_timeout).prop_map(
        |(skew, min_ttl, newer_than, idle_timeout)| FreshnessPolicy {
            skew,
            min_ttl,
            newer_than,
            idle_timeout,
        },
    )
}

fn any_measure() -> impl Strategy<Value = Option<OffsetEstimate>> {
    let parts = (any_reading(), any_duration(), any_duration(), any::<u32>());
    prop::option::of(parts.prop_map(|(at, min, max, contacts)| {
        let offset = Offset { min, max };
        OffsetEstimate { at, offset, contacts }
    }))
}

fn any_stamp() -> impl Strategy<Value = TokenValidity> {
    let used = prop::option::of(any_reading());
    let parts = (any_reading(), any_duration(), any_duration(), any_measure(), any_measure(), used);
    parts.prop_map(|(sent, lifetime, whole, issuer, api, used)| TokenValidity {
        not_before: Some(sent.wall),
        initial_lifetime: whole,
        api_clock: api,
        last_use: used,
        ..TokenValidity::new(sent, lifetime, None, issuer)
    })
}

/// The same numbers where nothing can overflow.
fn exact(duration: SignedDuration) -> i128 {
    duration.as_nanos()
}

/// The lifetime left by the clock that is worst, or `None` where none tells.
fn exactly_remaining(validity: &TokenValidity, now: &Reading) -> Option<i128> {
    if now.boot_id.is_none() || now.boot_id != validity.sent.boot_id {
        return None;
    }
    let boot = exact(now.boot) - exact(validity.sent.boot);
    let wall = now.wall.as_nanosecond() - validity.sent.wall.as_nanosecond();
    (boot >= 0).then_some(exact(validity.lifetime) - boot.max(wall))
}

proptest! {
    #[test]
    fn fresh_means_enough_life_however_far_the_numbers_go(
        policy in any_demand(), validity in any_stamp(), now in any_reading()
    ) {
        let verdict = policy.judge(&validity, &now);
        prop_assert!(!verdict.to_string().is_empty());
        if let Verdict::Fresh { remaining, age } = verdict {
            let left = exactly_remaining(&validity, &now).expect("a clock tells")
                - exact(policy.effective_skew(&validity));
            let left = left - exact(age.drift_allowance());
            prop_assert!(left > 0);
            prop_assert!(left >= exact(policy.required_ttl(&validity)));
            if let MinTtl::Explicit(promise) = policy.min_ttl {
                prop_assert!(left >= exact(promise));
            }
            prop_assert_eq!(remaining, validity.lifetime - age.elapsed());
            if let Some(timeout) = policy.idle_timeout {
                let left = timeout.remaining(validity.last_used(), &now);
                prop_assert!(left.expect("a clock tells").is_positive());
            }
        }
        if let Some(left) = policy.stale_if_error(&validity, &now) {
            prop_assert_eq!(Some(exact(left)), exactly_remaining(&validity, &now));
            prop_assert!(left > policy.skew);
        }
    }

    /// The other direction: what lives long enough is not minted anew.
    #[test]
    fn enough_life_means_fresh(
        lifetime in 1i64..200_000,
        age in 0i64..200_000_000_000_000,
        step in -10_000i64..10_000,
        skew in 0i64..100,
        min_ttl in 0i64..1_000,
    ) {
        let policy = FreshnessPolicy { skew: secs(skew), ..policy(MinTtl::Explicit(secs(min_ttl))) };
        let validity = token("t", lifetime).validity;
        let mut now = after(SignedDuration::from_nanos(age));
        now.wall += secs(step);
        let left = exactly_remaining(&validity, &now).unwrap() - exact(policy.skew);
        let left = left - age.max(age + step * 1_000_000_000) as i128 / 2_000;
        let enough = left > 0 && left >= exact(secs(min_ttl));
        let fresh = matches!(policy.judge(&validity, &now), Verdict::Fresh { .. });
        prop_assert_eq!(fresh, enough);
    }

    /// A policy refuses a new token exactly if it refuses one at the moment of its request, and
    /// then it refuses it at any later moment.
    #[test]
    fn who_does_not_accept_a_new_token_never_does(
        policy in any_demand(), validity in any_stamp(), now in any_reading()
    ) {
        let policy = FreshnessPolicy { newer_than: None, idle_timeout: None, ..policy };
        let mut validity = validity;
        validity.initial_lifetime = validity.lifetime;
        let is_fresh = |now: &Reading| matches!(policy.judge(&validity, now), Verdict::Fresh { .. });
        let accepts = policy.accepts_new(&validity);
        prop_assert!(accepts || !is_fresh(&now));
        if Age::of(&validity.sent, &validity.sent).is_ok_and(|age| age.elapsed().is_zero()) {
            prop_assert_eq!(accepts, is_fresh(&validity.sent));
        }
    }

    /// For `cache list`, which shows headers that nothing vouches for.
    #[test]
    fn what_is_told_of_a_stamp_never_panics(
        validity in any_stamp(), now in any_reading(), skew in wish()
    ) {
        let _ = validity.remaining(&now);
        let _ = validity.expires_at();
        let held = validity.wait_before_use(&now, skew);
        prop_assert!(held >= SignedDuration::ZERO && held <= skew);
        for clock in [&validity.issuer_clock, &validity.api_clock].into_iter().flatten() {
            let _ = (clock.offset.to_string(), clock.remote_time(&now), validity.rebased_on_api(clock.clone()));
        }
        let _ = validity.lead().map(|lead| lead.to_string());
        if let Ok(age) = Age::of(&validity.sent, &now) {
            let _ = (age.deciding_clock(), age.wall_step(), age.to_string(), human(age.elapsed()));
        }
    }
}
