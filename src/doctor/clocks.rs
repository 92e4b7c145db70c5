//! What the measured clocks mean for a pipeline.

use jiff::SignedDuration;

use super::{Finding, Topic};
use crate::broker::messages;
use crate::clock::{Offset, OffsetEstimate, Reading};
use crate::duration::human;
use crate::token::{Age, TokenValidity};

/// What the hosts' clocks, issuer first, say of this machine's and of each
/// other.
pub(super) fn findings(
    hosts: &[(&str, Option<&OffsetEstimate>)],
    skew: SignedDuration,
    now: &Reading,
) -> Vec<Finding> {
    let seen = |clock: Option<&OffsetEstimate>| Some((clock?.offset_at(now)?, clock?.contacts));
    let is_right = hosts
        .iter()
        .filter_map(|(_, clock)| seen(*clock))
        .any(|(offset, _)| off_by(&offset) < HARMFUL);
    let mut findings: Vec<_> = hosts
        .iter()
        .map(|(name, clock)| match seen(*clock) {
            Some((offset, contacts)) => machine(name, &offset, contacts, is_right),
            None => {
                Finding::note(Topic::Clocks, format!("the {name}'s clock could not be measured"))
            }
        })
        .collect();
    let first = hosts.iter().find_map(|(_, clock)| seen(*clock));
    let trap = first.and_then(|(offset, _)| time_zone_trap(&offset));
    findings.extend(trap.map(mixed_up));
    if let [(_, Some(issuer)), (_, Some(api))] = hosts {
        findings.extend(api.ahead_of(issuer).map(|lead| self::lead(&lead, skew)));
    }
    findings
}

/// Tokens of other processes cannot be judged by the boot clock.
pub(super) fn unknown_boot(why: &str) -> Finding {
    Finding::note(Topic::Clocks, messages::unknown_boot(why))
        .with_hint("that takes a request in each process: give it the whole of /proc (in a systemd unit: ProcSubset=all)")
}

/// Whether the wall clock was stepped since a token was made.
pub(super) fn steps(validity: &TokenValidity, now: &Reading) -> Finding {
    match Age::of(&validity.sent, now) {
        Err(why) => Finding::note(Topic::Clocks, format!("the cached token was {why}")),
        Ok(age) => match age.wall_step() {
            None => Finding::ok(
                Topic::Clocks,
                "the wall clock was not stepped since the cached token was made",
            ),
            Some(step) => Finding::warning(
                Topic::Clocks,
                format!(
                    "the wall clock was stepped by {:+.1}s since the cached token was made",
                    step.as_secs_f64()
                ),
            )
            .with_hint("start the job when the clock is set, or let NTP slew it"),
        },
    }
}

/// From here on, a wrong clock is likely to break other programs.
const HARMFUL: SignedDuration = SignedDuration::from_secs(60);

/// Below this, a machine's clock is as good as any.
const GOOD: SignedDuration = SignedDuration::from_secs(5);

/// `is_right`: one of the hosts agrees with this machine, so the other is wrong.
fn machine(name: &str, offset: &Offset, contacts: u32, is_right: bool) -> Finding {
    let plural = if contacts == 1 { "" } else { "s" };
    let what = format!(
        "the {name}'s clock is {} of this machine's, by {contacts} contact{plural}",
        offset
    );
    let off = off_by(offset);
    if off >= HARMFUL && !is_right {
        Finding::warning(Topic::Clocks, what).with_hint(
            "gc-token allows for it, but TLS and other programs may not: set the clock (NTP)",
        )
    } else if off >= GOOD {
        Finding::note(Topic::Clocks, what)
    } else {
        Finding::ok(Topic::Clocks, what)
    }
}

/// The least that a clock is off by, wherever in the interval the truth lies.
fn off_by(offset: &Offset) -> SignedDuration {
    let behind = SignedDuration::ZERO.saturating_sub(offset.max);
    offset.min.max(behind)
}

/// Zones differ by multiples of this, but for a few quarters of an hour.
const ZONE: i64 = 30 * 60;

/// What a clock may be off besides, in seconds.
const BESIDES: i64 = 3 * 60;

/// No two zones are further apart, in seconds.
const FARTHEST: i64 = 26 * 60 * 60;

/// The offset as a difference of time zones, where it is near one: then the
/// wall clock was most likely set to local time and taken for UTC, or the
/// other way round.
pub(super) fn time_zone_trap(offset: &Offset) -> Option<SignedDuration> {
    let middle = offset.middle().as_secs();
    let zones = (middle.unsigned_abs() as i64 + ZONE / 2) / ZONE * middle.signum();
    let nearest = zones * ZONE;
    let is_near = middle.abs_diff(nearest) <= BESIDES as u64;
    let is_sharp = offset.uncertainty().as_secs() <= BESIDES;
    let is_zone = nearest != 0 && nearest.abs() <= FARTHEST;
    (is_zone && is_near && is_sharp).then(|| SignedDuration::from_secs(nearest))
}

fn mixed_up(zone: SignedDuration) -> Finding {
    let side = if zone.is_negative() { "ahead" } else { "behind" };
    let size = SignedDuration::from_secs(zone.as_secs().abs());
    Finding::warning(
        Topic::Clocks,
        format!(
            "this machine's clock is about {} {side}: that looks like a time zone mix-up",
            human(size)
        ),
    )
    .with_hint("set the hardware clock to UTC, or tell the system that it is not (timedatectl)")
}

fn lead(lead: &Offset, skew: SignedDuration) -> Finding {
    let what = format!("the API's clock is {} of the issuer's; the skew is {}", lead, human(skew));
    if lead.min > skew {
        let wider = human(SignedDuration::from_secs(lead.max.as_secs() + 1));
        Finding::warning(Topic::Clocks, what).with_hint(format!(
            "the larger of the two is taken off every token's life; --skew {wider} says so"
        ))
    } else {
        Finding::ok(Topic::Clocks, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn offset(middle: i64, uncertainty: i64) -> Offset {
        Offset {
            min: SignedDuration::from_secs(middle - uncertainty),
            max: SignedDuration::from_secs(middle + uncertainty),
        }
    }

    #[test]
    fn a_time_zone_is_told_from_any_other_offset() {
        let hours =
            |offset: Offset| time_zone_trap(&offset).map(|zone| zone.as_secs_f64() / 3600.0);
        for (middle, zone) in [
            (3_600, 1.0),
            (-3_600, -1.0),
            (3_600 + 180, 1.0),
            (-3_600 + 180, -1.0),
            (19_800 - 100, 5.5),
            (26 * 3_600, 26.0),
        ] {
            assert_eq!(hours(offset(middle, 1)), Some(zone), "{middle}");
        }
        for middle in [0, 5, -179, 300, 3_600 + 181, -3_600 - 181, 2_700, 27 * 3_600] {
            assert_eq!(hours(offset(middle, 1)), None, "{middle}");
        }
        assert_eq!(hours(offset(3_600, 181)), None, "too vague to say");
    }

    #[test]
    fn only_what_is_proved_is_held_against_a_clock() {
        let level = |offset| machine("issuer", &offset, 3, false).level;
        assert_eq!(level(offset(0, 1)), Level::Ok);
        assert_eq!(level(offset(5, 1)), Level::Ok, "it may be 4s");
        assert_eq!(level(offset(-7, 1)), Level::Note);
        assert_eq!(level(offset(61, 1)), Level::Warning);
        assert_eq!(level(offset(-61, 1)), Level::Warning);
        assert_eq!(level(offset(61, 600)), Level::Ok);
        let other = machine("API", &offset(61, 1), 3, true);
        assert_eq!(other.level, Level::Note, "the API is wrong, not this machine");
        let skew = SignedDuration::from_secs(5);
        assert_eq!(lead(&offset(6, 1), skew).level, Level::Ok);
        assert_eq!(lead(&offset(-60, 1), skew).level, Level::Ok);
        assert_eq!(lead(&offset(7, 1), skew).level, Level::Warning);
    }
}
