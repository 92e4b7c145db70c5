use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::clock::{Measure, Offset};

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

fn any_demand() -> impl Strategy<Value = Demand> {
    let min_ttl = prop_oneof![wish().prop_map(MinTtl::Default), wish().prop_map(MinTtl::Explicit),];
    let newer_than = prop::option::weighted(0.2, any_reading());
    let idle_timeout = prop::option::of(wish().prop_map(IdleTimeout::new));
    (wish(), min_ttl, newer_than, idle_timeout).prop_map(
        |(skew, min_ttl, newer_than, idle_timeout)| Demand {
            skew,
            min_ttl,
            newer_than,
            idle_timeout,
        },
    )
}

fn any_measure() -> impl Strategy<Value = Option<Measure>> {
    let parts = (any_reading(), any_duration(), any_duration(), any::<u32>());
    prop::option::of(parts.prop_map(|(at, min, max, contacts)| {
        let offset = Offset { min, max };
        Measure { at, offset, contacts }
    }))
}

fn any_stamp() -> impl Strategy<Value = Stamp> {
    let used = prop::option::of(any_reading());
    let parts = (any_reading(), any_duration(), any_duration(), any_measure(), any_measure(), used);
    parts.prop_map(|(sent, lifetime, whole, issuer, api, used)| Stamp {
        not_before: Some(sent.wall),
        whole,
        api,
        used,
        ..Stamp::new(sent, lifetime, None, issuer)
    })
}

/// The same numbers where nothing can overflow.
fn exact(duration: SignedDuration) -> i128 {
    duration.as_nanos()
}

/// The lifetime left by the clock that is worst, or `None` where none tells.
fn exactly_remaining(stamp: &Stamp, now: &Reading) -> Option<i128> {
    if now.boot_id.is_none() || now.boot_id != stamp.sent.boot_id {
        return None;
    }
    let boot = exact(now.boot) - exact(stamp.sent.boot);
    let wall = now.wall.as_nanosecond() - stamp.sent.wall.as_nanosecond();
    (boot >= 0).then_some(exact(stamp.lifetime) - boot.max(wall))
}

proptest! {
    #[test]
    fn fresh_means_enough_life_however_far_the_numbers_go(
        demand in any_demand(), stamp in any_stamp(), now in any_reading()
    ) {
        let verdict = demand.judge(&stamp, &now);
        prop_assert!(!verdict.to_string().is_empty());
        if let Verdict::Fresh { remaining, age } = verdict {
            let left = exactly_remaining(&stamp, &now).expect("a clock tells")
                - exact(demand.skew_for(&stamp));
            let left = left - exact(age.missed());
            prop_assert!(left > 0);
            prop_assert!(left >= exact(demand.wanted(&stamp)));
            if let MinTtl::Explicit(promise) = demand.min_ttl {
                prop_assert!(left >= exact(promise));
            }
            prop_assert_eq!(remaining, stamp.lifetime - age.elapsed());
            if let Some(timeout) = demand.idle_timeout {
                let left = timeout.left(stamp.last_used(), &now);
                prop_assert!(left.expect("a clock tells").is_positive());
            }
        }
        if let Some(left) = demand.makeshift(&stamp, &now) {
            prop_assert_eq!(Some(exact(left)), exactly_remaining(&stamp, &now));
            prop_assert!(left > demand.skew);
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
        let demand = Demand { skew: secs(skew), ..demand(MinTtl::Explicit(secs(min_ttl))) };
        let stamp = token("t", lifetime).stamp;
        let mut now = after(SignedDuration::from_nanos(age));
        now.wall += secs(step);
        let left = exactly_remaining(&stamp, &now).unwrap() - exact(demand.skew);
        let left = left - age.max(age + step * 1_000_000_000) as i128 / 2_000;
        let enough = left > 0 && left >= exact(secs(min_ttl));
        let fresh = matches!(demand.judge(&stamp, &now), Verdict::Fresh { .. });
        prop_assert_eq!(fresh, enough);
    }

    /// For `cache list`, which shows headers that nothing vouches for.
    #[test]
    fn what_is_told_of_a_stamp_never_panics(
        stamp in any_stamp(), now in any_reading(), skew in wish()
    ) {
        let _ = stamp.remaining(&now);
        let _ = stamp.expires_at();
        let held = stamp.hold_back(&now, skew);
        prop_assert!(held >= SignedDuration::ZERO && held <= skew);
        for clock in [&stamp.issuer, &stamp.api].into_iter().flatten() {
            let _ = (clock.offset.to_string(), clock.shows(&now), stamp.carried_by_api(clock.clone()));
        }
        let _ = stamp.lead().map(|lead| lead.to_string());
        if let Ok(age) = Age::of(&stamp.sent, &now) {
            let _ = (age.by(), age.step(), age.to_string(), human(age.elapsed()));
        }
    }
}
