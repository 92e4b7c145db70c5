//! A token that nobody has used for long: the cloud may have revoked it.

use super::*;
use crate::token::IdleTimeout;

/// A scene with an API to ask, at which tokens live for a day and are revoked when
/// they are not used for half an hour.
fn idle(clock: &FakeClock, verify: Verify) -> Scene<'_> {
    let mut scene = with_api(clock, 86_400, verify);
    let timeout = SignedDuration::from_mins(30);
    scene.settings.freshness.idle_timeout = Some(IdleTimeout::new(timeout));
    scene
}

/// Within the half hour less a minute.
const SHORT: i64 = 28 * 60;
/// Past it.
const LONG: i64 = 30 * 60;

#[test]
fn a_token_that_may_have_been_idle_for_too_long_is_asked_about() {
    let clock = FakeClock::new();
    let scene = idle(&clock, Verify::Auto);
    assert_eq!(scene.got(), first());
    assert_eq!(scene.cloud.asked.get(), 1, "it is new");
    clock.advance(SHORT);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.asked.get(), 1);
    clock.advance(LONG - SHORT);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.asked.get(), 2, "it was idle since it was made");
    // Asking was a use, which the cache remembers.
    clock.advance(SHORT);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!((scene.cloud.asked.get(), scene.cloud.mints.get()), (2, 1));
}

#[test]
fn an_idle_token_that_the_api_refuses_is_replaced() {
    let clock = FakeClock::new();
    let scene = idle(&clock, Verify::Auto);
    assert_eq!(scene.got(), first());
    clock.advance(LONG);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Cached));
}

#[test]
fn an_idle_token_that_nobody_can_be_asked_about_is_replaced() {
    for verify in [Verify::Auto, Verify::Never] {
        let clock = FakeClock::new();
        let scene = idle(&clock, verify);
        assert_eq!(scene.got(), first());
        clock.advance(LONG);
        *scene.cloud.api_error.borrow_mut() = Some(Error::new(Kind::Unavailable, "down"));
        assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted), "{verify:?}");
    }
}

#[test]
fn an_idle_token_is_not_served_stale() {
    let clock = FakeClock::new();
    let scene = idle(&clock, Verify::Never);
    assert_eq!(scene.got(), first());
    clock.advance(LONG);
    scene.fail_with(Kind::Unavailable);
    assert_eq!(scene.get().unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn a_rejected_token_is_not_served_stale() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    assert_eq!(scene.got(), first());
    // The wall clock jumps to where the token is too short, but lives.
    clock.step(0, 3_300);
    scene.cloud.refuses.borrow_mut().push("token-1");
    scene.fail_with(Kind::Unavailable);
    assert_eq!(scene.get().unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn without_a_timeout_nobody_asks() {
    let clock = FakeClock::new();
    let mut scene = idle(&clock, Verify::Auto);
    scene.settings.freshness.idle_timeout = None;
    assert_eq!(scene.got(), first());
    clock.advance(20 * LONG);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.asked.get(), 1);
}

#[test]
fn on_another_boot_one_request_settles_both_doubts() {
    let clock = FakeClock::new();
    let scene = idle(&clock, Verify::Auto);
    assert_eq!(scene.got(), first());
    clock.advance(LONG);
    clock.reboot();
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!((scene.cloud.asked.get(), scene.cloud.looked.get()), (2, 0));
    clock.advance(SHORT);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.asked.get(), 2);
}

/// The issuer's clock tells that the token is young, and not that it was used.
#[test]
fn on_another_boot_the_issuers_clock_alone_does_not_vouch_for_use() {
    let clock = FakeClock::new();
    let scene = idle(&clock, Verify::Never);
    assert_eq!(scene.got(), first());
    clock.reboot();
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
}

#[test]
fn asking_each_time_keeps_the_token_in_use_and_writes_it_down_now_and_then() {
    let clock = FakeClock::new();
    let mut scene = idle(&clock, Verify::Always);
    assert_eq!(scene.got(), first());
    let written = || std::fs::metadata(scene.file("token")).unwrap().modified().unwrap();
    let at_first = written();
    clock.advance(60);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_eq!(written(), at_first, "a minute is not worth a write");
    clock.advance(SHORT - 120);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_ne!(written(), at_first);
    clock.advance(SHORT);
    let asked = scene.cloud.asked.get();
    scene.settings.verify = Verify::Auto;
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_eq!(scene.cloud.asked.get(), asked, "the cache knows of the last use");
}
