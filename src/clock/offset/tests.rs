//! What one contact proves, and what several do.

use super::*;
use crate::clock::BootId;
use crate::clock::tests::reading;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[test]
fn date_bounds_the_remote_clock_from_both_sides() {
    let measure =
        OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(7, 1_002), at(1_010))
            .unwrap();
    // Written at the request: 10 to 11 s ahead. At the reply: 8 to 9 s.
    assert_eq!(measure.offset, Offset { min: secs(8), max: secs(11) });
    assert_eq!(measure.offset.to_string(), "9.5s ahead (+/- 1.5s)");
}

#[test]
fn a_step_of_the_wall_clock_does_not_forge_the_round_trip() {
    let measure =
        OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(6, 4_601), at(1_000))
            .unwrap();
    assert_eq!(measure.offset, Offset { min: secs(-3_601), max: secs(-3_599) });
    assert_eq!(measure.offset.to_string(), "1h behind (+/- 1.0s)");
}

#[test]
fn other_boots_and_very_long_round_trips_say_nothing() {
    let (here, mut there) = (reading(5, 1_000), reading(6, 1_001));
    assert_eq!(OffsetEstimate::from_date_header(&here, &reading(36, 1_031), at(1_000)), None);
    assert_eq!(OffsetEstimate::from_date_header(&here, &reading(4, 1_001), at(1_000)), None);
    there.boot_id = Some(BootId("b".into()));
    assert_eq!(OffsetEstimate::from_date_header(&here, &there, at(1_000)), None);
}

#[test]
fn a_second_contact_halves_the_second() {
    // The remote clock is 0.5 s ahead; its seconds turn between ours.
    let millis = |boot: i64| {
        let mut reading = reading(0, 0);
        reading.boot = SignedDuration::from_millis(boot);
        reading.wall = Timestamp::from_millisecond(1_000_000 + boot).unwrap();
        reading
    };
    let first = OffsetEstimate::from_date_header(&millis(100), &millis(100), at(1_000)).unwrap();
    let second = OffsetEstimate::from_date_header(&millis(600), &millis(600), at(1_001)).unwrap();
    let joined = second.intersect(Some(&first));
    assert_eq!(joined.contacts, 2);
    assert!(joined.offset.uncertainty() < SignedDuration::from_millis(300));
    assert!(joined.offset.min <= SignedDuration::from_millis(500));
    assert!(joined.offset.max >= SignedDuration::from_millis(500));
}

#[test]
fn measures_that_contradict_each_other_leave_the_later_one() {
    let earlier =
        OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(5, 1_000), at(1_000))
            .unwrap();
    let later = OffsetEstimate::from_date_header(&reading(9, 1_004), &reading(9, 1_004), at(2_000))
        .unwrap();
    assert_eq!(later.clone().intersect(Some(&earlier)), later);
    assert_eq!(later.clone().intersect(None), later);
}

#[test]
fn a_step_of_the_wall_clock_moves_the_offset_and_not_the_remote_clock() {
    let measure =
        OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(5, 1_000), at(1_000))
            .unwrap();
    let now = reading(15, 4_610);
    let offset = measure.offset_at(&now).unwrap();
    assert_eq!(offset.min.as_secs(), -3_600);
    let (earliest, latest) = measure.remote_time(&now).unwrap();
    assert_eq!(earliest, at(1_010) - SignedDuration::from_millis(5));
    assert_eq!(latest, at(1_011) + SignedDuration::from_millis(5));
}

#[test]
fn two_remote_clocks_compare_through_ours() {
    let issuer =
        OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(5, 1_000), at(1_000))
            .unwrap();
    let api = OffsetEstimate::from_date_header(&reading(5, 1_000), &reading(5, 1_000), at(1_002))
        .unwrap();
    let lead = api.ahead_of(&issuer).unwrap();
    assert_eq!(lead, Offset { min: secs(1), max: secs(3) });
}

#[test]
fn an_offset_is_told_no_finer_than_it_matters() {
    for (seconds, told) in [
        (0, "0.0s ahead"),
        (-119, "119.0s behind"),
        (-120, "2m behind"),
        (3_723, "1h2m3s ahead"),
        (-172_799, "47h59m59s behind"),
        (10 * 366 * 86_400, "3660 days ahead"),
        (10 * 366 * 86_400 - 1, "3660 days ahead"),
    ] {
        let (min, max) = (seconds * 1_000 - 500, seconds * 1_000 + 500);
        let [min, max] = [min, max].map(SignedDuration::from_millis);
        let offset = Offset { min, max };
        assert_eq!(offset.to_string(), format!("{told} (+/- 0.5s)"));
    }
    let forever = Offset { min: SignedDuration::MAX, max: SignedDuration::MAX };
    assert!(forever.to_string().contains(" days ahead"));
}

/// Bisection: whatever the reply says, the next interval is half as wide.
#[test]
fn a_contact_at_the_turn_of_the_second_halves_the_interval() {
    for ahead in [0, 123, 499, 500, 999, -1, -123_456_789] {
        let local = |boot: i64| {
            let mut reading = reading(0, 0);
            reading.boot = SignedDuration::from_millis(boot);
            reading.wall = Timestamp::from_millisecond(1_000_000 + boot).unwrap();
            reading
        };
        let date = |boot: i64| at((1_000_000 + boot + ahead).div_euclid(1_000));
        let mut boot = 250;
        let mut known =
            OffsetEstimate::from_date_header(&local(boot), &local(boot), date(boot)).unwrap();
        for width in [500, 250, 125] {
            let wait = known.until_next_second(&local(boot)).unwrap();
            assert!(wait <= std::time::Duration::from_secs(1), "{wait:?}");
            boot += wait.as_millis() as i64;
            let next =
                OffsetEstimate::from_date_header(&local(boot), &local(boot), date(boot)).unwrap();
            known = next.intersect(Some(&known));
            // What a millisecond is cut to, and what the clocks may drift.
            let wide = known.offset.uncertainty() * 2 - SignedDuration::from_millis(width);
            assert!(wide.abs() < SignedDuration::from_millis(5), "{ahead}: {known:?}");
        }
    }
}

proptest! {
    /// The interval always holds the truth, whatever the offsets, round trips,
    /// drifts within the bound, and steps of the wall clock in between.
    #[test]
    fn the_truth_is_in_the_interval(
        offset in -100_000_000_i64..100_000_000,
        contacts in prop::collection::vec((0_i64..20_000, 0_i64..=1_000, 1_i64..3_000_000, -1_000_000_i64..1_000_000), 1..6),
        drift in -400_i64..=400,
    ) {
        let base = 1_700_000_000_000;
        let (mut boot, mut step) = (0_i64, 0_i64);
        // Milliseconds; the remote clock drifts by parts in a million.
        let remote = |boot: i64| base + offset + boot + boot * drift / 1_000_000;
        let local = |boot: i64, step: i64| {
            let mut reading = reading(0, 0);
            reading.boot = SignedDuration::from_millis(boot);
            reading.wall = Timestamp::from_millisecond(base + boot + step).unwrap();
            reading
        };
        let mut known: Option<OffsetEstimate> = None;
        for (round_trip, written, pause, step_by) in contacts {
            let sent = local(boot, step);
            let date = remote(boot + round_trip * written / 1_000).div_euclid(1_000);
            boot += round_trip;
            let received = local(boot, step);
            let measure = OffsetEstimate::from_date_header(&sent, &received, at(date)).unwrap();
            known = Some(measure.intersect(known.as_ref()));
            boot += pause;
            step += step_by;
            let now = local(boot, step);
            let (earliest, latest) = known.as_ref().unwrap().remote_time(&now).unwrap();
            let truth = Timestamp::from_millisecond(remote(boot)).unwrap();
            // A millisecond for this test's own rounding.
            let slack = SignedDuration::from_millis(1);
            prop_assert!(earliest - slack <= truth && truth <= latest + slack);
        }
    }
}
