use super::*;
use crate::clock::tests::reading;
use crate::error::Kind;
use crate::store::SharedToken;
use crate::token::MinTtl;
use crate::token::tests::token;

fn policy() -> FreshnessPolicy {
    FreshnessPolicy {
        skew: SignedDuration::from_secs(5),
        min_ttl: MinTtl::Default(SignedDuration::from_secs(600)),
        newer_than: None,
        idle_timeout: None,
    }
}

fn flight(policy: &FreshnessPolicy, start: i64) -> SingleFlight<'_> {
    let first_wait = Duration::from_millis(400);
    SingleFlight::new(policy, reading(start, 900 + start), None, first_wait)
}

fn turn(number: &str) -> Record {
    Record { turn: Some(number.to_owned()), ..Record::default() }
}

/// A record that has stood for `age` seconds, seen at second `at` of the boot clock.
fn decide(
    flight: &mut SingleFlight<'_>,
    record: Option<&Record>,
    age: Option<i64>,
    at: i64,
) -> Decision {
    let age = age.map(SignedDuration::from_secs);
    flight.decide(
        RecordView { record, has_own_turn: false, age, clock: None },
        &reading(at, 900 + at),
        0.0,
    )
}

#[test]
fn who_finds_nothing_takes_the_turn() {
    let policy = policy();
    assert_eq!(decide(&mut flight(&policy, 100), None, None, 100), Decision::TakeTurn);
}

#[test]
fn a_turn_ends_by_the_stores_clock_or_by_the_own_boot_clock() {
    let policy = policy();
    let mut flight = flight(&policy, 100);
    let wait = |decision| matches!(decision, Decision::Wait(_));
    assert!(wait(decide(&mut flight, Some(&turn("a")), Some(9), 100)));
    assert_eq!(decide(&mut flight, Some(&turn("a")), Some(10), 101), Decision::TakeTurn);
    // The store's clock was stepped back, or tells nothing.
    for age in [Some(-3_600), None] {
        let number = format!("{age:?}");
        assert!(wait(decide(&mut flight, Some(&turn(&number)), age, 200)));
        assert!(wait(decide(&mut flight, Some(&turn(&number)), age, 209)));
        assert_eq!(decide(&mut flight, Some(&turn(&number)), age, 210), Decision::TakeTurn);
    }
    // Its holder has renewed it.
    assert!(wait(decide(&mut flight, Some(&turn("b")), Some(0), 220)));
    assert!(wait(decide(&mut flight, Some(&turn("c")), Some(0), 231)));
}

#[test]
fn a_machine_does_not_wait_for_its_own_turn() {
    let policy = policy();
    let record = turn("own");
    let view = RecordView {
        record: Some(&record),
        has_own_turn: true,
        age: Some(SignedDuration::ZERO),
        clock: None,
    };
    let decision = flight(&policy, 100).decide(view, &reading(100, 1_000), 0.0);
    assert_eq!(decision, Decision::TakeTurn);
}

#[test]
fn waits_grow_and_end_when_the_turn_does() {
    let policy = policy();
    let mut flight = flight(&policy, 100);
    let waits = [0, 1, 2, 9].map(|age| decide(&mut flight, Some(&turn("a")), Some(age), 100 + age));
    let expected = [200, 300, 450, 500].map(|wait| Decision::Wait(Duration::from_millis(wait)));
    assert_eq!(waits, expected);
    let view = RecordView {
        record: Some(&turn("a")),
        has_own_turn: false,
        age: Some(SignedDuration::from_millis(9_900)),
        clock: None,
    };
    let last = flight.decide(view, &reading(109, 1_009), 0.0);
    assert_eq!(last, Decision::Wait(Duration::from_millis(100)));
}

#[test]
fn a_failure_counts_for_those_who_waited_and_a_rate_limit_for_all() {
    let policy = policy();
    let error = Error::new(Kind::RateLimited, "no");
    let failed = |closed_for| Record {
        failure: Some(SharedFailure { error: error.clone(), closed_for, is_unconfirmed: false }),
        ..Record::default()
    };
    let fail = Decision::Fail(failed(0).failure.unwrap().for_others());
    let mut waited = flight(&policy, 100);
    assert_eq!(decide(&mut waited, Some(&failed(0)), Some(3), 104), fail);
    assert_eq!(decide(&mut waited, Some(&failed(0)), Some(5), 104), Decision::TakeTurn);
    assert_eq!(decide(&mut waited, Some(&failed(60)), Some(59), 104), fail);
    assert_eq!(decide(&mut waited, Some(&failed(60)), Some(60), 104), Decision::TakeTurn);
    // Without the store's clock, to those who have waited.
    assert_eq!(decide(&mut waited, Some(&failed(60)), None, 104), Decision::TakeTurn);
    waited.next_wait(0.0);
    assert_eq!(decide(&mut waited, Some(&failed(0)), None, 104), fail);
}

#[test]
fn a_token_is_used_refreshed_early_or_replaced_by_what_it_has_left() {
    let policy = policy();
    let token = token("t", 3_600);
    let shared = Record { token: Some(SharedToken::new(token.clone(), None)), ..turn("a") };
    let idle = Record { turn: None, ..shared.clone() };
    let at = |left: i64| 100 + 3_600 - left;
    let mut flight = flight(&policy, 100);
    let used = Decision::Use(token.clone().into());
    assert_eq!(decide(&mut flight, Some(&idle), None, at(800)), used);
    let early = Decision::RefreshEarly(token.clone().into());
    assert_eq!(decide(&mut flight, Some(&idle), None, at(700)), early);
    assert_eq!(decide(&mut flight, Some(&shared), Some(1), at(700)), used, "another refreshes");
    assert_eq!(decide(&mut flight, Some(&idle), None, at(590)), Decision::TakeTurn);
    flight.reject(token.access_token);
    assert_eq!(decide(&mut flight, Some(&idle), None, at(800)), Decision::TakeTurn);
}

#[test]
fn a_token_as_good_as_a_new_one_is_not_refreshed_early() {
    let hour = SignedDuration::from_hours(1);
    let policy = FreshnessPolicy { min_ttl: MinTtl::Explicit(hour * 20), ..policy() };
    let token = token("t", 24 * 3_600);
    let record = Record { token: Some(SharedToken::new(token.clone(), None)), ..Record::default() };
    let mut flight = flight(&policy, 100);
    let used = Decision::Use(token.clone().into());
    assert_eq!(decide(&mut flight, Some(&record), None, 100 + 60), used);
    let early = Decision::RefreshEarly(token.into());
    assert_eq!(decide(&mut flight, Some(&record), None, 100 + 3 * 3_600), early);
}

#[test]
fn a_token_of_another_machine_is_checked_where_clocks_are_in_doubt() {
    let policy = policy();
    let mut token = token("t", 3_600);
    token.validity.sent.boot_id = None;
    let record = Record { token: Some(SharedToken::new(token.clone(), None)), ..Record::default() };
    let mut flight = flight(&policy, 100);
    assert_eq!(decide(&mut flight, Some(&record), None, 100), Decision::Check(token.into()));
}

fn of_two_hours() -> FreshnessPolicy {
    FreshnessPolicy { min_ttl: MinTtl::Explicit(SignedDuration::from_hours(2)), ..policy() }
}

/// Requested at second 100 of the boot clock.
fn with_token(name: &str, seconds: i64) -> Record {
    let token = Some(SharedToken::new(token(name, seconds), None));
    Record { token, ..Record::default() }
}

fn is_too_short(decision: &Decision) -> bool {
    matches!(decision, Decision::TooShort(_))
}

#[test]
fn a_token_that_was_too_short_when_it_was_new_is_a_failure_for_those_who_started_before() {
    let (policy, record) = (of_two_hours(), with_token("t", 3_600));
    for start in [90, 100] {
        assert!(is_too_short(&decide(&mut flight(&policy, start), Some(&record), None, 102)));
    }
    // Who starts later mints: the lifetime may have been raised since.
    let mut later = flight(&policy, 101);
    assert_eq!(decide(&mut later, Some(&record), None, 102), Decision::TakeTurn);
    // One that appeared meanwhile counts, whenever it was requested, and on any machine.
    let mut elsewhere = with_token("new", 3_600);
    elsewhere.token.as_mut().unwrap().token.validity.sent.boot_id = None;
    for new in [with_token("new", 3_600), elsewhere] {
        let mut waited = flight(&policy, 101);
        decide(&mut waited, Some(&Record { turn: Some("a".into()), ..record.clone() }), None, 102);
        assert!(is_too_short(&decide(&mut waited, Some(&new), None, 103)));
    }
}

#[test]
fn a_longer_token_and_one_that_is_merely_old_exclude_nobody() {
    let policy = of_two_hours();
    let mut waited = flight(&policy, 90);
    decide(&mut waited, Some(&turn("a")), None, 91);
    let used = decide(&mut waited, Some(&with_token("t", 3 * 3_600)), None, 102);
    assert!(matches!(used, Decision::Use(_)));
    let old = decide(&mut waited, Some(&with_token("t", 3 * 3_600)), None, 100 + 3_601);
    assert_eq!(old, Decision::TakeTurn);
}

#[test]
fn a_failure_that_may_be_one_machines_own_is_no_others() {
    let policy = policy();
    let error = Error::new(Kind::ApiRefused, "no");
    let failed =
        |earlier| Record { failure: SharedFailure::of(&error, earlier), ..Record::default() };
    let first = failed(None);
    let view = |record, age| RecordView {
        record: Some(record),
        has_own_turn: false,
        age: Some(SignedDuration::from_secs(age)),
        clock: None,
    };
    let (mut flight, now) = (flight(&policy, 100), reading(104, 1_004));
    assert_eq!(flight.decide(view(&first, 3), &now, 0.0), Decision::TakeTurn);
    let met = flight.unconfirmed_failure(view(&first, 3), &now);
    assert_eq!(met, first.failure.as_ref());
    assert_eq!(flight.unconfirmed_failure(view(&first, 5), &now), None, "before this call");
    let second = failed(met);
    let fail = Decision::Fail(second.failure.as_ref().unwrap().for_others());
    assert_eq!(flight.decide(view(&second, 3), &now, 0.0), fail);
    assert_eq!(flight.unconfirmed_failure(view(&second, 3), &now), None);
}
