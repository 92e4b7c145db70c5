//! Readings of the local clocks, and what they say about a remote one.
//!
//! Pure: nothing here reads a clock. [`crate::context`] does, and hands the
//! readings in.

pub(crate) mod encoding;
mod offset;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use offset::{Offset, OffsetEstimate};

/// Which run of which kernel a boot clock belongs to. Readings of the boot
/// clock compare only within one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootId(pub Arc<str>);

/// Begins an identity that only one process has: no kernel's begins like this.
const OF_PROCESS: &str = "process/";

impl BootId {
    /// An identity for the readings of one process, where the system does not tell
    /// its boot: they compare with each other, and with nobody else's. `unique`
    /// must be different in each process.
    pub fn of_process(unique: &str) -> BootId {
        BootId(format!("{OF_PROCESS}{unique}").into())
    }

    /// Returns whether only the readings of one process have this identity.
    pub fn is_of_process(&self) -> bool {
        self.0.starts_with(OF_PROCESS)
    }
}

/// What the local clocks showed at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// `CLOCK_BOOTTIME`: time since boot. Goes on during suspend, is never
    /// stepped.
    #[serde(with = "encoding::duration")]
    pub boot: SignedDuration,
    /// Which boot that clock counts from; `None` where nobody knows.
    pub boot_id: Option<BootId>,
    /// The wall clock: may be wrong by any amount, and may be stepped.
    #[serde(with = "encoding::moment")]
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

/// How far two clocks may have drifted apart in this time: one part in 2000.
/// NTP slews by no more than 500 ppm, and crystals are off by less.
pub fn drift(since: SignedDuration) -> SignedDuration {
    SignedDuration::try_from(since.unsigned_abs() / 2_000).unwrap_or_default()
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
    fn readings_of_different_or_unknown_boots_do_not_compare() {
        let here = reading(5, 1_000);
        let mut there = reading(6, 1_001);
        assert_eq!(there.boot_since(&here), Some(SignedDuration::from_secs(1)));
        there.boot_id = Some(BootId("b".into()));
        assert_eq!(there.boot_since(&here), None);
        there.boot_id = None;
        assert_eq!(there.boot_since(&there), None);
    }

    #[test]
    fn moments_stop_at_the_ends_of_the_calendar() {
        assert_eq!(shift(Timestamp::MAX, SignedDuration::MAX), Timestamp::MAX);
        assert_eq!(shift(Timestamp::MAX, SignedDuration::MIN), Timestamp::MIN);
    }
}
