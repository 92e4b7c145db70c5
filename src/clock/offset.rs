//! What replies over the network prove about a remote clock.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Reading, drift, shift};
use crate::duration::human;

/// A remote clock minus a local wall clock, known to lie in an interval (ends
/// included). Signed: positive means that the remote clock is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The remote clock is ahead by at least this much.
    #[serde(with = "super::encoding::duration")]
    pub min: SignedDuration,
    /// The remote clock is ahead by at most this much.
    #[serde(with = "super::encoding::duration")]
    pub max: SignedDuration,
}

/// What is known of one remote clock, from one contact or from several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The local clocks at the last contact.
    pub at: Reading,
    /// The remote clock minus the wall clock of `at`.
    pub offset: Offset,
    /// How many contacts agree on it.
    pub contacts: u32,
}

/// The `Date` header counts whole seconds (RFC 9110 section 5.6.7): the
/// remote clock showed up to this much more.
const DATE_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// Nanoseconds in that.
const NANOS: i128 = 1_000_000_000;

/// A longer round trip makes an interval so wide that it says nothing.
const LONGEST_ROUND_TRIP: SignedDuration = SignedDuration::from_secs(30);

impl Measure {
    /// The interval that one reply's `Date` proves.
    ///
    /// The header was written somewhere between request and reply: with the
    /// request sent at `s`, the reply received at `r` and the header `D`, the
    /// remote clock at `r` lies in `[D, D + 1s + (r - s)]`. The round trip is
    /// taken from the boot clock, so that a step of the wall clock in between
    /// cannot forge it. `None` when the readings do not compare, or the round
    /// trip was too long to say anything.
    pub fn take(sent: &Reading, received: &Reading, date: Timestamp) -> Option<Measure> {
        let round_trip = received.boot_since(sent)?;
        if round_trip.is_negative() || round_trip > LONGEST_ROUND_TRIP {
            return None;
        }
        let min = date.duration_since(received.wall);
        let max = min.saturating_add(DATE_RESOLUTION).saturating_add(round_trip);
        Some(Measure { at: received.clone(), offset: Offset { min, max }, contacts: 1 })
    }

    /// This measure and an earlier one of the same clock: both hold, so what
    /// they have in common does, and seconds become fractions. Where they have
    /// nothing in common, a clock was stepped or stood still: the earlier one
    /// is worth nothing any more.
    pub fn join(self, earlier: Option<&Measure>) -> Measure {
        let Some((earlier, then)) = earlier.and_then(|it| Some((it, it.seen_from(&self.at)?)))
        else {
            return self;
        };
        let min = then.min.max(self.offset.min);
        let max = then.max.min(self.offset.max);
        if min > max {
            return self;
        }
        let contacts = self.contacts.saturating_add(earlier.contacts);
        Measure { at: self.at, offset: Offset { min, max }, contacts }
    }

    /// Whether this measure and an earlier one of the same clock, on this boot,
    /// cannot both be right.
    pub fn contradicts(&self, earlier: &Measure) -> bool {
        let then = earlier.seen_from(&self.at);
        then.is_some_and(|then| then.min > self.offset.max || then.max < self.offset.min)
    }

    /// The remote clock minus the wall clock of `now`, a reading of the same
    /// boot; wider by what the clocks may have drifted apart in between.
    pub fn seen_from(&self, now: &Reading) -> Option<Offset> {
        let since = now.boot_since(&self.at)?;
        let moved = since.saturating_sub(now.wall_since(&self.at));
        let drift = drift(since);
        Some(Offset {
            min: self.offset.min.saturating_add(moved).saturating_sub(drift),
            max: self.offset.max.saturating_add(moved).saturating_add(drift),
        })
    }

    /// What the remote clock shows at `now`, a reading of the same boot: the
    /// earliest and the latest that it can be.
    pub fn shows(&self, now: &Reading) -> Option<(Timestamp, Timestamp)> {
        let offset = self.seen_from(now)?;
        Some((shift(now.wall, offset.min), shift(now.wall, offset.max)))
    }

    /// How long from `now`, a reading of the same boot, until the remote clock
    /// turns to its next second, by the middle of what is known. A reply whose
    /// `Date` is written then tells on which side of that middle the truth
    /// lies: it halves the interval.
    pub fn until_its_second_turns(&self, now: &Reading) -> Option<Duration> {
        let shown = shift(now.wall, self.seen_from(now)?.middle());
        let since = SignedDuration::from_nanos(shown.as_nanosecond().rem_euclid(NANOS) as i64);
        Duration::try_from(DATE_RESOLUTION.saturating_sub(since)).ok()
    }

    /// How far this clock is ahead of `other`.
    pub fn ahead_of(&self, other: &Measure) -> Option<Offset> {
        let other = other.seen_from(&self.at)?;
        Some(Offset {
            min: self.offset.min.saturating_sub(other.max),
            max: self.offset.max.saturating_sub(other.min),
        })
    }
}

impl Offset {
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
    /// `2.1s ahead (+/- 0.5s)`, `1h2m3s behind (+/- 0.5s)`, `3653 days ahead
    /// (+/- 0.5s)`: no finer than anybody wants to know.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 24 * 60 * 60;
        let middle = self.middle().as_secs_f64();
        let side = if middle < 0.0 { "behind" } else { "ahead" };
        let size = middle.abs().round() as i64;
        match size {
            0..120 => write!(f, "{:.1}s", middle.abs())?,
            _ if size < 2 * DAY => f.write_str(&human(SignedDuration::from_secs(size)))?,
            _ => write!(f, "{} days", size.saturating_add(DAY / 2) / DAY)?,
        }
        let uncertainty = self.uncertainty().as_secs_f64();
        write!(f, " {side} (+/- {uncertainty:.1}s)")
    }
}

#[cfg(test)]
mod tests;
