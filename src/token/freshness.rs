//! Is a cached token known to live long enough? The verdict and its reason.

use std::fmt;

use jiff::SignedDuration;

use super::{IdleTimeout, Stamp};
use crate::clock::{Reading, drift};
use crate::duration::human;

/// How long the caller needs the token to live, after the skew is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinTtl {
    /// Nobody asked: this much, but at most half of what a new token offers,
    /// so that a short-lived token is not minted anew on every call.
    Default(SignedDuration),
    /// Asked for: a promise. A token that cannot keep it is not handed out.
    Explicit(SignedDuration),
}

/// What makes a token good enough to be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// How far the clocks of issuer and API may disagree: subtracted from
    /// every lifetime.
    pub skew: SignedDuration,
    /// How long the token has to live beyond that.
    pub min_ttl: MinTtl,
    /// Only a token whose request was sent after this will do
    /// (`--force-refresh`).
    pub newer_than: Option<Reading>,
    /// After how long without a call the cloud revokes a token; `None` where it
    /// does not.
    pub idle_timeout: Option<IdleTimeout>,
}

/// Which local clock says that the token is oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The boot clock: the rule.
    BootClock,
    /// The wall clock: it jumped ahead, or the boot clock stood still (a
    /// restored snapshot).
    WallClock,
}

/// How old a token is, by each local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// Time since the token request was sent, by the boot clock.
    pub boot: SignedDuration,
    /// The same by the wall clock: steps are in it.
    pub wall: SignedDuration,
}

/// Whether a token may be handed out, with the numbers behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Known to live long enough.
    Fresh {
        /// Lifetime left, the skew not yet taken off.
        remaining: SignedDuration,
        /// Its age.
        age: Age,
    },
    /// Not known to live long enough.
    Stale(Stale),
}

/// Why a token is not good enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stale {
    /// Made on another boot or another machine: the boot clock says nothing.
    OtherBoot,
    /// The boot clock shows less than when the token was made: a snapshot.
    BootClockWentBack(SignedDuration),
    /// Made before the forced refresh began.
    NotForced,
    /// Too little life left.
    TooShort {
        /// Lifetime left, the skew not yet taken off; negative when dead.
        remaining: SignedDuration,
        /// What is taken off for the disagreement of issuer and API, and for
        /// what the local clocks may have missed.
        skew: SignedDuration,
        /// What has to be left after that.
        wanted: SignedDuration,
        /// Its age.
        age: Age,
    },
    /// Not known to have been used lately, so that the cloud may have revoked it.
    Idle {
        /// The time since the last known use; `None` where the local clocks cannot tell.
        unused: Option<SignedDuration>,
        /// The timeout.
        timeout: SignedDuration,
    },
}

impl Age {
    /// The age at `now` of a token whose request was sent at `sent`.
    ///
    /// # Errors
    /// When the boot clock cannot tell.
    pub fn of(sent: &Reading, now: &Reading) -> Result<Age, Stale> {
        let boot = now.boot_since(sent).ok_or(Stale::OtherBoot)?;
        if boot.is_negative() {
            return Err(Stale::BootClockWentBack(SignedDuration::ZERO.saturating_sub(boot)));
        }
        Ok(Age { boot, wall: now.wall_since(sent) })
    }

    /// The age to act on: the larger of the two.
    ///
    /// The boot clock cannot be stepped, but stands still in a snapshot; the
    /// wall clock then shows the truth. At worst, a wall clock that was stepped
    /// ahead costs one mint.
    pub fn elapsed(&self) -> SignedDuration {
        self.boot.max(self.wall)
    }

    /// What clocks that go too slowly may have missed of it: in two days, more
    /// than the skew.
    pub fn missed(&self) -> SignedDuration {
        drift(self.elapsed())
    }

    /// The clock that decides.
    pub fn by(&self) -> Evidence {
        if self.wall > self.boot.saturating_add(STEP) {
            Evidence::WallClock
        } else {
            Evidence::BootClock
        }
    }

    /// The step of the wall clock since the token was made, if there was one.
    pub fn step(&self) -> Option<SignedDuration> {
        let step = self.wall.saturating_sub(self.boot);
        (step.unsigned_abs() > STEP.unsigned_abs()).then_some(step)
    }
}

/// Slewing moves the wall clock by well under this in a token's life; more is
/// a step.
const STEP: SignedDuration = SignedDuration::from_secs(1);

impl Demand {
    /// Judges a token at `now`.
    pub fn judge(&self, stamp: &Stamp, now: &Reading) -> Verdict {
        let age = match Age::of(&stamp.sent, now) {
            Ok(age) => age,
            Err(why) => return Verdict::Stale(why),
        };
        if let Some(start) = &self.newer_than
            && stamp.sent.boot_since(start).is_none_or(|since| since.is_negative())
        {
            return Verdict::Stale(Stale::NotForced);
        }
        let remaining = stamp.lifetime.saturating_sub(age.elapsed());
        let skew = self.skew_for(stamp).saturating_add(age.missed());
        let wanted = self.wanted(stamp);
        if remaining.saturating_sub(skew) < wanted || remaining <= skew {
            return Verdict::Stale(Stale::TooShort { remaining, skew, wanted, age });
        }
        match self.idle(stamp, now) {
            Some(idle) => Verdict::Stale(idle),
            None => Verdict::Fresh { remaining, age },
        }
    }

    /// Why a token may have been revoked for want of calls, if so.
    fn idle(&self, stamp: &Stamp, now: &Reading) -> Option<Stale> {
        let timeout = self.idle_timeout?;
        let used = stamp.last_used();
        let is_idle = timeout.left(used, now).is_none_or(|left| !left.is_positive());
        is_idle.then(|| Stale::Idle {
            unused: Age::of(used, now).ok().map(|age| age.elapsed()),
            timeout: timeout.whole(),
        })
    }

    /// What is taken off this token's life: the skew that was asked for, or
    /// the lead of the API's clock that was measured, if that is larger.
    pub fn skew_for(&self, stamp: &Stamp) -> SignedDuration {
        stamp.lead().map_or(self.skew, |lead| lead.max.max(self.skew))
    }

    /// How long this token has to live after the skew.
    pub fn wanted(&self, stamp: &Stamp) -> SignedDuration {
        match self.min_ttl {
            MinTtl::Explicit(wanted) => wanted,
            MinTtl::Default(wanted) => {
                let usable = stamp.whole.saturating_sub(self.skew_for(stamp));
                wanted.min(usable / 2).max(SignedDuration::ZERO)
            }
        }
    }

    /// The lifetime left of a token that is too short by default, but still
    /// alive by more than the skew: good enough when none better can be had.
    /// `None` when the caller asked for more, in so many words.
    pub fn makeshift(&self, stamp: &Stamp, now: &Reading) -> Option<SignedDuration> {
        let is_promised = matches!(self.min_ttl, MinTtl::Explicit(_));
        if self.newer_than.is_some() || is_promised || self.idle(stamp, now).is_some() {
            return None;
        }
        self.left(stamp, now)?.is_positive().then(|| stamp.remaining(now).ok())?
    }

    /// What is left of a token's life once the skew is taken off; it is fresh
    /// while this is as much as [`Demand::wanted`]. `None` where the local
    /// clocks cannot tell.
    pub fn left(&self, stamp: &Stamp, now: &Reading) -> Option<SignedDuration> {
        let age = Age::of(&stamp.sent, now).ok()?;
        let skew = self.skew_for(stamp).saturating_add(age.missed());
        Some(stamp.lifetime.saturating_sub(age.elapsed()).saturating_sub(skew))
    }
}

impl Stale {
    /// Returns whether the token may be good after all: another clock's word may show it
    /// where the local ones are in doubt, and the API's where nobody is known to
    /// have used it.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Stale::OtherBoot | Stale::BootClockWentBack(_) | Stale::Idle { .. } => true,
            Stale::TooShort { age, .. } => age.by() == Evidence::WallClock,
            Stale::NotForced => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Fresh { remaining, age } => {
                write!(f, "fresh: {} left by {}", human(*remaining), age)
            }
            Verdict::Stale(why) => write!(f, "stale: {why}"),
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stale::OtherBoot => f.write_str(
                "made on another boot or machine, so this boot clock says nothing of its age",
            ),
            Stale::BootClockWentBack(by) => write!(
                f,
                "the boot clock shows {} less than when it was made: a restored snapshot",
                human(*by)
            ),
            Stale::NotForced => f.write_str("made before the forced refresh began"),
            Stale::TooShort { remaining, skew, wanted, age } => write!(
                f,
                "{} left by {}, less the skew of {}, is under the wanted {}",
                human(*remaining),
                age,
                human(*skew),
                human(*wanted)
            ),
            Stale::Idle { unused: Some(unused), timeout } => write!(
                f,
                "not known to have been used for {}, and the idle timeout is {}",
                human(*unused),
                human(*timeout)
            ),
            Stale::Idle { unused: None, timeout } => write!(
                f,
                "when it was used last is not known here, and the idle timeout is {}",
                human(*timeout)
            ),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by() {
            Evidence::BootClock => f.write_str("the boot clock")?,
            Evidence::WallClock => f.write_str("the wall clock")?,
        }
        match self.step() {
            Some(step) => write!(f, " (the wall clock was stepped by {:+.1}s)", step.as_secs_f64()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
