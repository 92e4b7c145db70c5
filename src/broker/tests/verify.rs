//! What the API says of a token.

use super::*;

#[test]
fn the_api_is_asked_when_it_is_to_be_asked() {
    for (verify, after_mint, after_reuse) in
        [(Verify::Auto, 1, 1), (Verify::Always, 1, 2), (Verify::Never, 0, 0)]
    {
        let clock = FakeClock::new();
        let scene = with_api(&clock, 3_600, verify);
        assert_eq!(scene.got(), first());
        assert_eq!(scene.cloud.asked.get(), after_mint);
        assert_eq!(scene.got().1, TokenOrigin::Cached);
        assert_eq!(scene.cloud.asked.get(), after_reuse);
    }
}

#[test]
fn a_new_token_that_the_api_refuses_is_made_once_more_and_never_stored() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Cached));
}

#[test]
fn an_api_that_refuses_every_token_ends_in_a_diagnosis_of_the_clocks() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 10, Verify::Auto);
    scene.cloud.refuses.borrow_mut().extend(["token-1", "token-2"]);
    scene.cloud.lead.set(20);
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::ApiRefused);
    assert_eq!(
        error.cause.as_deref(),
        Some(
            "the API's clock is 20.0s ahead (+/- 1.0s) of the issuer's, and tokens live 10s: they \
             arrive expired"
        )
    );
    assert!(!scene.file("token").exists());
    assert_eq!(scene.cloud.mints.get(), 2);
}

#[test]
fn a_cached_token_that_the_api_refuses_is_evicted_and_replaced() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Always);
    assert_eq!(scene.got(), first());
    clock.advance(1);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Cached));
}

#[test]
fn an_api_out_of_reach_is_a_warning_unless_it_is_always_to_be_asked() {
    let clock = FakeClock::new();
    let mut scene = with_api(&clock, 3_600, Verify::Auto);
    let error = Error::new(Kind::Unavailable, "no word").with_cause("connection refused");
    *scene.cloud.api_error.borrow_mut() = Some(error);
    assert_eq!(scene.got(), first());
    assert_eq!(
        scene.said(),
        "gc-token: warning: could not verify the token with the API: connection refused\n"
    );
    scene.settings.verify = Verify::Always;
    assert_eq!(scene.get().unwrap_err().kind, Kind::Unavailable);
}

/// The wall clock was stepped ahead, so the token gets too short by it during the request.
#[test]
fn a_token_in_doubt_after_the_api_was_asked_is_judged_by_the_apis_clock() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Always);
    assert_eq!(scene.got(), first());
    clock.step(0, 2_990);
    scene.cloud.api_delay.set(9);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.mints.get(), 1);
}

#[test]
fn a_stale_token_that_expires_while_the_api_is_asked_is_not_handed_out() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Always);
    assert_eq!(scene.got(), first());
    // Ten seconds are left: one of the issuer's clock, five of skew, two that may be missed.
    clock.advance(3_590);
    scene.fail_with(Kind::Unavailable);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Stale));
    scene.cloud.api_delay.set(9);
    assert_eq!(scene.get().unwrap_err().message, "the mint failed");
}

/// Another attempt asks about the token that there is, instead of making one more.
#[test]
fn a_new_token_without_a_verdict_is_kept_and_not_handed_out() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Always);
    for kind in [Kind::Unavailable, Kind::RateLimited] {
        *scene.cloud.api_error.borrow_mut() = Some(Error::new(kind, "no verdict"));
        assert_eq!(scene.get().unwrap_err().kind, kind);
    }
    scene.cloud.api_error.take();
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.cloud.mints.get(), 1);
}

#[test]
fn without_a_cache_a_token_without_a_verdict_is_not_handed_out() {
    let clock = FakeClock::new();
    let mut scene = with_api(&clock, 3_600, Verify::Always);
    scene.settings.cache.dir = None;
    *scene.cloud.api_error.borrow_mut() = Some(Error::new(Kind::Unavailable, "no verdict"));
    assert_eq!(scene.get().unwrap_err().message, "no verdict");
}

#[test]
fn a_lead_of_the_api_beyond_the_skew_is_learned_and_taken_off() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.lead.set(60);
    assert_eq!(scene.got(), first());
    assert_eq!(
        scene.said(),
        "gc-token: warning: the API's clock is 60.0s ahead (+/- 1.0s) of the issuer's, more than \
         the skew of 5s: 1m1s are deducted from every token's lifetime\n"
    );
    // 1.5 s of that time the clock may have missed.
    clock.advance(3_600 - 61 - 600 - 2);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    clock.advance(1);
    assert_eq!(scene.got().1, TokenOrigin::Minted);
}

#[test]
fn a_token_that_the_api_does_not_take_yet_gets_a_second_chance() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.not_before.set(Some(0));
    scene.cloud.lead.set(-3);
    scene.cloud.refuses.borrow_mut().push("token-1");
    let start = clock.since_start();
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(clock.since_start() - start, SignedDuration::from_secs(6));
    assert_eq!(scene.cloud.asked.get(), 3);
}

/// Without an API, or one that gives a verdict, the issuer's own clock is believed.
#[test]
fn a_token_that_is_valid_only_later_by_the_issuers_clock_is_not_handed_out() {
    let cause = "a new token is valid only in 59s (nbf or iat)";
    for verify in [Verify::Auto, Verify::Never] {
        let clock = FakeClock::new();
        let mut scene = with_api(&clock, 3_600, verify);
        if verify == Verify::Auto {
            scene.settings.issuer.api_url = None;
        }
        scene.cloud.not_before.set(Some(60));
        for mints in 1..=2 {
            let error = scene.get().unwrap_err();
            assert_eq!((error.kind, error.cause.as_deref()), (Kind::ApiRefused, Some(cause)));
            assert_eq!(scene.cloud.mints.get(), mints);
            assert_eq!(clock.since_start(), SignedDuration::from_secs(i64::from(mints) - 1));
            clock.advance(1);
        }
    }
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.not_before.set(Some(60));
    *scene.cloud.api_error.borrow_mut() = Some(Error::new(Kind::Unavailable, "no word"));
    assert_eq!(scene.get().unwrap_err().cause.as_deref(), Some(cause));
}

/// An entry of another version, which stored what it handed out.
#[test]
fn a_cached_token_that_is_valid_only_later_is_made_anew() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    scene.cloud.not_before.set(Some(60));
    let token = scene.cloud.mint(None).unwrap();
    scene.cloud.not_before.set(None);
    scene.store(&token);
    let given = scene.get().unwrap();
    assert_eq!(given.origin, TokenOrigin::Minted);
    assert_ne!(given.token.access_token, token.access_token);
}

/// Nobody knows the time: the token may be good, and whoever gets it is told.
#[test]
fn a_token_that_may_be_valid_only_later_is_a_warning_each_time() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    scene.cloud.not_before.set(Some(60));
    scene.cloud.is_silent.set(true);
    let warning = "gc-token: warning: by the local clock the token is valid only in 1m (nbf or \
                   iat), and neither the issuer's clock nor the API's is known: the API may \
                   reject it until then\n";
    assert_eq!(scene.got(), first());
    assert_eq!(scene.said(), warning);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_eq!(scene.said(), warning.repeat(2));
    scene.settings.freshness.skew = SignedDuration::from_secs(60);
    assert_eq!(scene.got().1, TokenOrigin::Cached);
    assert_eq!(scene.said(), warning.repeat(2));
}

#[test]
fn a_token_that_the_api_takes_only_much_later_is_not_waited_for_nor_made_again() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.not_before.set(Some(0));
    scene.cloud.lead.set(-120);
    scene.cloud.refuses.borrow_mut().push("token-1");
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::ApiRefused);
    assert_eq!(
        error.cause.as_deref(),
        Some(
            "the API's clock is 2m behind (+/- 1.0s) of the issuer's: there, a new token is valid \
             only in 1m59s (nbf or iat)"
        )
    );
    assert_eq!((scene.cloud.mints.get(), clock.since_start()), (1, SignedDuration::ZERO));
}
