//! Readings of clocks, and what two of them say about a third clock.
//!
//! Pure: nothing here reads a clock. [`crate::world`] does, and hands the
//! readings in.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which run of which kernel a boot clock belongs to. Readings of the boot
/// clock compare only within one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootId(pub String);

/// What the local clocks showed at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// `CLOCK_BOOTTIME`: time since boot. Goes on during suspend, is never
    /// stepped.
    pub boot: SignedDuration,
    /// Which boot that clock counts from; `None` where the system does not say.
    pub boot_id: Option<BootId>,
    /// The wall clock: may be wrong by any amount, and may be stepped.
    pub wall: Timestamp,
}

impl Reading {
    /// Time on the boot clock from `earlier` to `self`; `None` unless both are
    /// known to be of the same boot.
    pub fn boot_since(&self, earlier: &Reading) -> Option<SignedDuration> {
        match (&self.boot_id, &earlier.boot_id) {
            (Some(now), Some(then)) if now == then => Some(self.boot.saturating_sub(earlier.boot)),
            _ => None,
        }
    }

    /// Time on the wall clock from `earlier` to `self`; steps are in it.
    pub fn wall_since(&self, earlier: &Reading) -> SignedDuration {
        self.wall.duration_since(earlier.wall)
    }
}

/// A remote clock minus the local wall clock, known to lie in an interval
/// (ends included). Signed: positive means that the remote clock is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The remote clock is ahead by at least this much.
    pub min: SignedDuration,
    /// The remote clock is ahead by at most this much.
    pub max: SignedDuration,
}

/// The `Date` header counts whole seconds (RFC 9110 section 5.6.7): the
/// remote clock showed up to this much more.
const DATE_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// A longer round trip makes an interval so wide that it says nothing.
const LONGEST_ROUND_TRIP: SignedDuration = SignedDuration::from_secs(30);

impl Offset {
    /// The interval that a reply's `Date` proves, relative to the wall clock
    /// as it stands at `received`.
    ///
    /// The header was written somewhere between request and reply. The round
    /// trip is taken from the boot clock, so that a step of the wall clock in
    /// between cannot forge it. `None` when the two readings are of different
    /// boots or the round trip was too long to say anything.
    pub fn measure(sent: &Reading, received: &Reading, date: Timestamp) -> Option<Offset> {
        let round_trip = received.boot_since(sent)?;
        if round_trip.is_negative() || round_trip > LONGEST_ROUND_TRIP {
            return None;
        }
        let min = date.duration_since(received.wall);
        Some(Offset {
            min,
            max: min
                .saturating_add(DATE_RESOLUTION)
                .saturating_add(round_trip),
        })
    }

    /// Half the interval's width: the "+/-" of a report.
    pub fn uncertainty(&self) -> SignedDuration {
        self.max.saturating_sub(self.min) / 2
    }

    /// The interval's middle.
    pub fn middle(&self) -> SignedDuration {
        self.min.saturating_add(self.uncertainty())
    }
}

impl fmt::Display for Offset {
    /// `+2.1s +/- 0.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:+.1}s +/- {:.1}s",
            self.middle().as_secs_f64(),
            self.uncertainty().as_secs_f64()
        )
    }
}

/// `moment` moved by `by`, at the end of the calendar where that lies beyond
/// it: a date that an issuer made up must not be able to stop the program.
pub fn shift(moment: Timestamp, by: SignedDuration) -> Timestamp {
    // Only calendar units can fail here, and a duration has none.
    moment.saturating_add(by).unwrap_or(moment)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A reading at `boot` and `wall` seconds, on the boot named `a`.
    pub(crate) fn reading(boot: i64, wall: i64) -> Reading {
        Reading {
            boot: SignedDuration::from_secs(boot),
            boot_id: Some(BootId("a".into())),
            wall: Timestamp::from_second(wall).unwrap(),
        }
    }

    #[test]
    fn date_bounds_the_remote_clock_from_both_sides() {
        let date = Timestamp::from_second(1_010).unwrap();
        let offset = Offset::measure(&reading(5, 1_000), &reading(7, 1_002), date).unwrap();
        // Written at the request: 10 to 11 s ahead. At the reply: 8 to 9 s.
        assert_eq!(offset.min, SignedDuration::from_secs(8));
        assert_eq!(offset.max, SignedDuration::from_secs(11));
        assert_eq!(offset.to_string(), "+9.5s +/- 1.5s");
    }

    #[test]
    fn a_step_of_the_wall_clock_does_not_forge_the_round_trip() {
        let date = Timestamp::from_second(1_000).unwrap();
        let offset = Offset::measure(&reading(5, 1_000), &reading(6, 4_601), date).unwrap();
        assert_eq!(offset.min, SignedDuration::from_secs(-3_601));
        assert_eq!(offset.max, SignedDuration::from_secs(-3_599));
    }

    #[test]
    fn readings_of_different_or_unknown_boots_do_not_compare() {
        let here = reading(5, 1_000);
        let mut there = reading(6, 1_001);
        there.boot_id = Some(BootId("b".into()));
        assert_eq!(there.boot_since(&here), None);
        there.boot_id = None;
        assert_eq!(there.boot_since(&there), None);
        assert_eq!(Offset::measure(&here, &there, here.wall), None);
    }

    #[test]
    fn moments_stop_at_the_ends_of_the_calendar() {
        assert_eq!(shift(Timestamp::MAX, SignedDuration::MAX), Timestamp::MAX);
        assert_eq!(shift(Timestamp::MAX, SignedDuration::MIN), Timestamp::MIN);
    }

    #[test]
    fn a_very_long_round_trip_says_nothing() {
        let date = Timestamp::from_second(1_000).unwrap();
        assert_eq!(
            Offset::measure(&reading(5, 1_000), &reading(36, 1_031), date),
            None
        );
    }
}
