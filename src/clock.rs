//! Readings of the local clocks, and estimates of remote ones. Pure: [`crate::context`] reads
//! the clocks.

pub(crate) mod encoding;
mod offset;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use offset::{Offset, OffsetEstimate};

/// Readings of the boot clock compare only within one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootId(pub Arc<str>);

/// No kernel's boot id begins like this.
const PROCESS_PREFIX: &str = "process/";

impl BootId {
    /// Stands in for an unknown boot, so that readings of one process compare with each other.
    /// `unique` must differ between processes.
    pub fn of_process(unique: &str) -> BootId {
        BootId(format!("{PROCESS_PREFIX}{unique}").into())
    }

    pub fn is_of_process(&self) -> bool {
        self.0.starts_with(PROCESS_PREFIX)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// `CLOCK_BOOTTIME`: time since boot. Continues during suspend, is never stepped.
    #[serde(with = "encoding::duration")]
    pub boot: SignedDuration,
    pub boot_id: Option<BootId>,
    /// May be wrong by any amount, and may be stepped.
    #[serde(with = "encoding::timestamp")]
    pub wall: Timestamp,
}

impl Reading {
    /// Returns `None` unless both readings are known to be of the same boot.
    pub fn boot_since(&self, earlier: &Reading) -> Option<SignedDuration> {
        match (&self.boot_id, &earlier.boot_id) {
            (Some(now), Some(then)) if now == then => Some(self.boot.saturating_sub(earlier.boot)),
            _ => None,
        }
    }

    /// Includes steps of the wall clock.
    pub fn wall_since(&self, earlier: &Reading) -> SignedDuration {
        self.wall.duration_since(earlier.wall)
    }
}

/// Upper bound of the drift between two clocks: one part in 2000. NTP slews by no more than
/// 500 ppm, and crystals are off by less.
pub fn drift(since: SignedDuration) -> SignedDuration {
    SignedDuration::try_from(since.unsigned_abs() / 2_000).unwrap_or_default()
}

/// Clamps to the calendar: a date that an issuer made up must not stop the program.
pub fn shift_clamped(moment: Timestamp, by: SignedDuration) -> Timestamp {
    // Only calendar units can fail, and a duration has none.
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
    fn a_shift_stops_at_the_ends_of_the_calendar() {
        assert_eq!(shift_clamped(Timestamp::MAX, SignedDuration::MAX), Timestamp::MAX);
        assert_eq!(shift_clamped(Timestamp::MAX, SignedDuration::MIN), Timestamp::MIN);
    }
}
