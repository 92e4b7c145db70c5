//! The age of a token by the local clocks, and the reasons for which a token is stale.

use std::fmt;

use jiff::SignedDuration;

use crate::clock::{Reading, drift};
use crate::duration::human;

/// The age of a token by each local clock, counted from its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    pub boot: SignedDuration,
    pub wall: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalClock {
    Boot,
    Wall,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleReason {
    /// Minted on another boot or machine, with which the boot clock cannot be compared.
    OtherBoot,
    /// The boot clock shows this much less than at the mint: a restored snapshot.
    BootClockWentBack(SignedDuration),
    NotForced,
    TooShort {
        /// Before the skew is deducted; negative once the token has expired.
        remaining: SignedDuration,
        /// The effective skew, and the drift allowance of the local clocks.
        skew: SignedDuration,
        required: SignedDuration,
        age: Age,
    },
    /// Not known to have been used within the idle timeout, so it may have been revoked.
    Idle {
        /// Time since the last known use; `None` if the local clocks cannot tell.
        unused: Option<SignedDuration>,
        timeout: SignedDuration,
    },
}

impl Age {
    pub fn of(sent: &Reading, now: &Reading) -> Result<Age, StaleReason> {
        let boot = now.boot_since(sent).ok_or(StaleReason::OtherBoot)?;
        if boot.is_negative() {
            let back = SignedDuration::ZERO.saturating_sub(boot);
            return Err(StaleReason::BootClockWentBack(back));
        }
        Ok(Age { boot, wall: now.wall_since(sent) })
    }

    /// The larger age of the two.
    ///
    /// The boot clock cannot be stepped, but stands still in a snapshot; the wall clock then
    /// shows the truth. A wall clock that was stepped ahead costs one mint at worst.
    pub fn elapsed(&self) -> SignedDuration {
        self.boot.max(self.wall)
    }

    /// The time that slow clocks may have missed: in two days, more than the skew.
    pub fn drift_allowance(&self) -> SignedDuration {
        drift(self.elapsed())
    }

    pub fn deciding_clock(&self) -> LocalClock {
        if self.wall > self.boot.saturating_add(MIN_STEP) {
            LocalClock::Wall
        } else {
            LocalClock::Boot
        }
    }

    pub fn wall_step(&self) -> Option<SignedDuration> {
        let step = self.wall.saturating_sub(self.boot);
        (step.unsigned_abs() > MIN_STEP.unsigned_abs()).then_some(step)
    }
}

/// Slewing moves the wall clock by far less during a token's life; more is a step.
const MIN_STEP: SignedDuration = SignedDuration::from_secs(1);

impl StaleReason {
    /// Returns whether a remote clock, or the API, may show that the token is good after all.
    pub fn can_be_revalidated(&self) -> bool {
        match self {
            StaleReason::OtherBoot
            | StaleReason::BootClockWentBack(_)
            | StaleReason::Idle { .. } => true,
            StaleReason::TooShort { age, .. } => age.deciding_clock() == LocalClock::Wall,
            StaleReason::NotForced => false,
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.deciding_clock() {
            LocalClock::Boot => "the boot clock",
            LocalClock::Wall => "the wall clock",
        })?;
        match self.wall_step() {
            Some(step) => write!(f, " (the wall clock was stepped by {:+.1}s)", step.as_secs_f64()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StaleReason::OtherBoot => f.write_str(
                "minted on another boot or machine, so this boot clock cannot tell its age",
            ),
            StaleReason::BootClockWentBack(by) => write!(
                f,
                "the boot clock shows {} less than at the mint: a restored snapshot",
                human(*by)
            ),
            StaleReason::NotForced => f.write_str("minted before the forced refresh began"),
            StaleReason::TooShort { remaining, skew, required, age } => write!(
                f,
                "{} left by {age}, minus {} of skew, is less than the required {}",
                human(*remaining),
                human(*skew),
                human(*required)
            ),
            StaleReason::Idle { unused: Some(unused), timeout } => write!(
                f,
                "last known use {} ago, and the idle timeout is {}",
                human(*unused),
                human(*timeout)
            ),
            StaleReason::Idle { unused: None, timeout } => write!(
                f,
                "the time since its last use is unknown on this boot, and the idle timeout is {}",
                human(*timeout)
            ),
        }
    }
}
