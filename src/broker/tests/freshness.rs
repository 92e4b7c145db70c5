//! Fresh, too short, forced, shared: what is handed out while the clocks agree.

use super::*;

#[test]
fn mints_once_and_reuses_until_half_of_the_usable_life_is_left() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 305);
    assert_eq!(scene.got(), first());
    // The rest of the 150 s may be missing from the clock.
    clock.advance(149);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    clock.advance(1);
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
}

#[test]
fn an_explicit_wish_is_kept_or_refused() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 305);
    scene.settings.freshness.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(300));
    assert_eq!(scene.got(), first());
    clock.advance(1);
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    scene.settings.freshness.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(301));
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::Lifetime);
    assert_eq!(
        error.message,
        "cannot provide a token valid for 5m1s: new tokens live 5m5s (minus 5s skew)"
    );
}

#[test]
fn a_token_that_does_not_outlive_the_skew_is_never_handed_out() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 5);
    assert_eq!(scene.get().unwrap_err().kind, Kind::Lifetime);
    scene.cloud.lifetime.set(6);
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
}

#[test]
fn while_the_issuer_is_out_of_reach_a_token_that_lives_will_do() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(3_593);
    scene.fail_with(Kind::Unavailable);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Stale));
    assert_eq!(
        scene.said(),
        "gc-token: warning: using the cached token, valid for another 7s, because the mint failed\n"
    );
    clock.advance(1);
    assert_eq!(scene.get().unwrap_err().kind, Kind::Unavailable, "within the skew");
}

#[test]
fn refused_credentials_and_explicit_wishes_have_no_soft_window() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(3_200);
    scene.fail_with(Kind::CredentialsRefused);
    assert_eq!(scene.get().unwrap_err().kind, Kind::CredentialsRefused);
    clock.advance(1);
    scene.fail_with(Kind::RateLimited);
    assert_eq!(scene.got().1, TokenOrigin::Stale);
    scene.settings.freshness.min_ttl = MinTtl::Explicit(SignedDuration::from_mins(10));
    assert_eq!(scene.get().unwrap_err().kind, Kind::RateLimited);
    scene.settings.freshness.min_ttl = MinTtl::Default(SignedDuration::from_mins(10));
    scene.settings.freshness.newer_than = Some(clock.read());
    assert_eq!(scene.get().unwrap_err().kind, Kind::RateLimited);
}

#[test]
fn a_forced_refresh_takes_a_token_that_was_asked_for_after_it_began() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(1);
    scene.settings.freshness.newer_than = Some(clock.read());
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    // Another process that was forced at the same moment.
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Cached));
    clock.advance(1);
    scene.settings.freshness.newer_than = Some(clock.read());
    assert_eq!(scene.got(), ("token-3".into(), TokenOrigin::Minted));
}

#[test]
fn a_waiter_shares_the_failure_of_the_mint_that_it_waited_for() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let entry = Entry::of(&scene.settings).unwrap();
    let lock = entry.try_lock().unwrap().unwrap();
    lock.record_failure(&Error::new(Kind::RateLimited, "the other's"), clock.read());
    // It began before the failure: no mint of its own.
    assert_eq!(scene.get().unwrap_err().message, "the other's");
    assert_eq!(scene.cloud.mints.get(), 0);
    drop(lock);
    // It begins after the failure: its own mint.
    clock.advance(1);
    assert_eq!(scene.got(), first());
    assert!(!scene.file("failure").exists());
}

#[test]
fn a_lock_that_is_never_freed_ends_in_an_error_that_names_its_holder() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let entry = Entry::of(&scene.settings).unwrap();
    let _lock = entry.try_lock().unwrap().unwrap();
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::Cache);
    let me = std::process::id();
    assert_eq!(error.message, format!("waited 1s for process {me}, which is minting"));
}

#[test]
fn a_token_valid_only_in_a_moment_is_held_back() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    scene.cloud.not_before.set(Some(3));
    assert_eq!(scene.got(), first());
    assert_eq!(clock.since_start().as_secs(), 3);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_eq!(clock.since_start().as_secs(), 3);
}

#[test]
fn the_time_that_a_token_is_held_back_is_time_that_it_does_not_live() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 305);
    scene.settings.freshness.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(296));
    scene.cloud.not_before.set(Some(5));
    // Another process has just made and stored it. After 5 s, and less the skew, 295 s
    // are left.
    scene.store(&scene.cloud.mint(None).unwrap());
    scene.cloud.not_before.set(None);
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(clock.since_start(), SignedDuration::from_secs(5));
}
