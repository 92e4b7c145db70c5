//! Bounds on a remote clock, proved by the `Date` headers of its responses.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Reading, drift, shift_clamped};
use crate::duration::human;

/// A closed interval that contains a remote clock minus a local wall clock. Positive:
/// the remote clock is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    #[serde(with = "super::encoding::duration")]
    pub min: SignedDuration,
    #[serde(with = "super::encoding::duration")]
    pub max: SignedDuration,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetEstimate {
    /// When the last response arrived.
    pub at: Reading,
    /// Relative to the wall clock of `at`.
    pub offset: Offset,
    /// The number of responses that agree on `offset`.
    pub contacts: u32,
}

/// `Date` counts whole seconds (RFC 9110 section 5.6.7), so the remote clock may have
/// been up to this much further.
const DATE_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A longer round trip makes the interval too wide to be of use.
const MAX_ROUND_TRIP: SignedDuration = SignedDuration::from_secs(30);

impl OffsetEstimate {
    /// Computes the interval that a response's `Date` proves.
    ///
    /// The header was written between request and response: with the request sent at
    /// `s`, the response received at `r` and the header `D`, the remote clock at `r` lies
    /// in `[D, D + 1s + (r - s)]`. The round trip is taken from the boot clock, so that a
    /// step of the wall clock in between cannot forge it. `None` if the readings are of
    /// different boots, or the round trip was too long.
    pub fn from_date_header(
        sent: &Reading,
        received: &Reading,
        date: Timestamp,
    ) -> Option<OffsetEstimate> {
        OffsetEstimate::from_remote_time(sent, received, date, DATE_RESOLUTION)
    }

    /// Computes the interval as [`OffsetEstimate::from_date_header`] does, from a time that a
    /// peer has truncated to a multiple of `resolution`.
    pub fn from_remote_time(
        sent: &Reading,
        received: &Reading,
        time: Timestamp,
        resolution: SignedDuration,
    ) -> Option<OffsetEstimate> {
        let round_trip = received.boot_since(sent)?;
        if round_trip.is_negative() || round_trip > MAX_ROUND_TRIP {
            return None;
        }
        let min = time.duration_since(received.wall);
        let max = min.saturating_add(resolution).saturating_add(round_trip);
        Some(OffsetEstimate { at: received.clone(), offset: Offset { min, max }, contacts: 1 })
    }

    /// Narrows this estimate by an earlier one of the same clock (Marzullo's algorithm):
    /// both hold, hence so does their intersection, and seconds become fractions. Where
    /// they are disjoint, a clock was stepped or stood still, and the earlier one is void.
    pub fn intersect(self, earlier: Option<&OffsetEstimate>) -> OffsetEstimate {
        let Some(earlier) = earlier else {
            return self;
        };
        let Some(earlier_offset) = earlier.offset_at(&self.at) else {
            return self;
        };
        let min = earlier_offset.min.max(self.offset.min);
        let max = earlier_offset.max.min(self.offset.max);
        if min > max {
            return self;
        }
        let contacts = self.contacts.saturating_add(earlier.contacts);
        OffsetEstimate { at: self.at, offset: Offset { min, max }, contacts }
    }

    /// Returns whether this estimate and an earlier one of the same clock, on this boot,
    /// are disjoint, so that one of them is wrong.
    pub fn contradicts(&self, earlier: &OffsetEstimate) -> bool {
        let earlier = earlier.offset_at(&self.at);
        earlier.is_some_and(|offset| offset.min > self.offset.max || offset.max < self.offset.min)
    }

    /// The offset relative to the wall clock of `now`, a reading of the same boot; wider by
    /// what the clocks may have drifted apart since.
    pub fn offset_at(&self, now: &Reading) -> Option<Offset> {
        let since = now.boot_since(&self.at)?;
        let wall_step = since.saturating_sub(now.wall_since(&self.at));
        let drift = drift(since);
        Some(Offset {
            min: self.offset.min.saturating_add(wall_step).saturating_sub(drift),
            max: self.offset.max.saturating_add(wall_step).saturating_add(drift),
        })
    }

    /// The earliest and the latest time that the remote clock may show at `now`, a reading
    /// of the same boot.
    pub fn remote_time(&self, now: &Reading) -> Option<(Timestamp, Timestamp)> {
        let offset = self.offset_at(now)?;
        Some((shift_clamped(now.wall, offset.min), shift_clamped(now.wall, offset.max)))
    }

    /// The time from `now`, a reading of the same boot, until the remote clock probably
    /// turns to its next second. A response whose `Date` is written then shows on which
    /// side of the interval's middle the truth lies, and halves the interval.
    pub fn until_next_second(&self, now: &Reading) -> Option<Duration> {
        let remote = shift_clamped(now.wall, self.offset_at(now)?.middle());
        let nanos = remote.as_nanosecond().rem_euclid(NANOS_PER_SECOND) as i64;
        let since_last_second = SignedDuration::from_nanos(nanos);
        Duration::try_from(DATE_RESOLUTION.saturating_sub(since_last_second)).ok()
    }

    pub fn ahead_of(&self, other: &OffsetEstimate) -> Option<Offset> {
        let other = other.offset_at(&self.at)?;
        Some(Offset {
            min: self.offset.min.saturating_sub(other.max),
            max: self.offset.max.saturating_sub(other.min),
        })
    }
}

impl Offset {
    pub fn uncertainty(&self) -> SignedDuration {
        self.max.saturating_sub(self.min) / 2
    }

    pub fn middle(&self) -> SignedDuration {
        self.min.saturating_add(self.uncertainty())
    }
}

impl fmt::Display for Offset {
    // For example `2.1s ahead (+/- 0.5s)` or `3653 days behind (+/- 0.5s)`.
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
