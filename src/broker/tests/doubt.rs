//! Reboots, snapshots and steps: what is handed out when they do not.

use super::*;

/// Disturbs what the clocks show; an hour has passed in truth.
const DISTURBANCES: [fn(&FakeClock); 3] =
    [|clock| clock.reboot(), |clock| clock.step(-3_601, 0), |clock| clock.step(0, 86_400)];

#[test]
fn clocks_in_doubt_cost_one_look_at_the_issuers_clock() {
    for disturb in DISTURBANCES {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, 86_400);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        disturb(&clock);
        assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
        assert_eq!((scene.cloud.mints.get(), scene.cloud.looked.get()), (1, 1));
        // From now on it is an entry of this boot, whose age is known.
        assert_eq!(scene.got().1, TokenOrigin::Cached);
        assert_eq!(scene.cloud.looked.get(), 1);
        // A second of the 86400 is lost to the resolution of Date.
        clock.advance(86_400 - 1 - 3_600 - 600 - 4);
        assert_eq!(scene.got().1, TokenOrigin::Minted);
    }
}

#[test]
fn clocks_in_doubt_do_not_save_a_token_that_is_too_old() {
    for disturb in DISTURBANCES {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, 4_000);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        disturb(&clock);
        assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    }
}

#[test]
fn an_api_vouches_for_a_token_of_another_boot_with_its_own_clock() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 86_400);
    scene.settings.issuer.api_url = Some("http://127.0.0.1:2".into());
    assert_eq!(scene.got(), first());
    clock.reboot();
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!((scene.cloud.looked.get(), scene.cloud.asked.get()), (0, 2));
    // Refused there, it is not good, whatever its age.
    clock.step(-5_000, 0);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
}

/// The boot id is the same, the boot clock stood still, and the host has put
/// the wall clock right: the token is as old as the wall clock says.
#[test]
fn in_a_restored_snapshot_the_wall_clock_tells_the_age() {
    for (lifetime, mints, looked) in [(86_400, 1, 0), (4_000, 2, 1), (3_000, 2, 1)] {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, lifetime);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        clock.step(-3_600, 0);
        scene.got();
        let (made, looks) = (scene.cloud.mints.get(), scene.cloud.looked.get());
        assert_eq!((made, looks), (mints, looked), "{lifetime}");
    }
}

/// No local clock shows it, and only whoever asks the API learns of it.
#[test]
fn a_snapshot_with_both_clocks_standing_still_is_noticed_by_asking_the_api() {
    for (verify, given) in [(Verify::Auto, "token-1"), (Verify::Always, "token-2")] {
        let clock = FakeClock::new();
        let scene = with_api(&clock, 4_000, verify);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        clock.step(-3_600, -3_600);
        assert_eq!(scene.got().0, given, "{verify:?}");
    }
    // The token lives long enough: nothing is made anew.
    let clock = FakeClock::new();
    let scene = with_api(&clock, 86_400, Verify::Always);
    assert_eq!(scene.got(), first());
    clock.advance(3_600);
    clock.step(-3_600, -3_600);
    assert_eq!(scene.got(), ("token-1".into(), TokenOrigin::Cached));
    assert_eq!(scene.said(), "");
}

/// What was measured of both remote clocks holds on every boot.
#[test]
fn a_learned_lead_outlives_a_reboot() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.lead.set(60);
    assert_eq!(scene.got(), first());
    clock.advance(3_600 - 600 - 30);
    clock.reboot();
    *scene.cloud.api_error.borrow_mut() = Some(Error::new(Kind::Unavailable, "no word"));
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
}
