//! Judges the clocks of this machine, the issuer and the API.

use jiff::SignedDuration;

use super::{Finding, Topic};
use crate::broker::messages;
use crate::clock::{Offset, OffsetEstimate, Reading};
use crate::duration::human;
use crate::text::counted;
use crate::token::{Age, TokenValidity};

/// Compares this machine's clock with the hosts', and the hosts' (issuer first) with each
/// other.
pub(super) fn findings(
    hosts: &[(&str, Option<&OffsetEstimate>)],
    skew: SignedDuration,
    now: &Reading,
) -> Vec<Finding> {
    let measured = |clock: Option<&OffsetEstimate>| Some((clock?.offset_at(now)?, clock?.contacts));
    let is_confirmed = hosts
        .iter()
        .filter_map(|(_, clock)| measured(*clock))
        .any(|(offset, _)| minimum_error(&offset) < HARMFUL_ERROR);
    let mut findings: Vec<_> = hosts
        .iter()
        .map(|(name, clock)| match measured(*clock) {
            Some((offset, contacts)) => host_clock(name, &offset, contacts, is_confirmed),
            None => {
                Finding::note(Topic::Clocks, format!("the {name}'s clock could not be measured"))
            }
        })
        .collect();
    let first = hosts.iter().find_map(|(_, clock)| measured(*clock));
    let zone_error = first.and_then(|(offset, _)| time_zone_error(&offset));
    findings.extend(zone_error.map(time_zone_mixed_up));
    if let [(_, Some(issuer)), (_, Some(api))] = hosts {
        findings.extend(api.ahead_of(issuer).map(|lead| api_lead(&lead, skew)));
    }
    findings
}

/// Without a boot identity, the boot clock cannot judge tokens of other processes.
pub(super) fn unknown_boot(why: &str) -> Finding {
    Finding::note(Topic::Clocks, messages::unknown_boot(why))
        .with_hint("each process needs a request for that: mount all of /proc (in a systemd unit: ProcSubset=all)")
}

pub(super) fn wall_clock_steps(validity: &TokenValidity, now: &Reading) -> Finding {
    match Age::of(&validity.sent, now) {
        Err(why) => Finding::note(Topic::Clocks, format!("the cached token was {why}")),
        Ok(age) => match age.wall_step() {
            None => Finding::ok(
                Topic::Clocks,
                "the wall clock was not stepped since the cached token was minted",
            ),
            Some(step) => Finding::warning(
                Topic::Clocks,
                format!(
                    "the wall clock was stepped by {:+.1}s since the cached token was minted",
                    step.as_secs_f64()
                ),
            )
            .with_hint("start the job when the clock is set, or let NTP slew it"),
        },
    }
}

/// A larger error is likely to break other programs.
const HARMFUL_ERROR: SignedDuration = SignedDuration::from_secs(60);

const NEGLIGIBLE_ERROR: SignedDuration = SignedDuration::from_secs(5);

/// `is_confirmed`: the other host agrees with this machine's clock, so this host's is wrong.
fn host_clock(name: &str, offset: &Offset, contacts: u32, is_confirmed: bool) -> Finding {
    let requests = counted(contacts as usize, "request");
    let message =
        format!("the {name}'s clock is {offset} of this machine's, measured in {requests}");
    let error = minimum_error(offset);
    if error >= HARMFUL_ERROR && !is_confirmed {
        Finding::warning(Topic::Clocks, message).with_hint(
            "gc-token allows for it, but TLS and other programs may not: set the clock (NTP)",
        )
    } else if error >= NEGLIGIBLE_ERROR {
        Finding::note(Topic::Clocks, message)
    } else {
        Finding::ok(Topic::Clocks, message)
    }
}

/// Returns the smallest error that the interval allows; negative if it contains zero.
fn minimum_error(offset: &Offset) -> SignedDuration {
    let behind = SignedDuration::ZERO.saturating_sub(offset.max);
    offset.min.max(behind)
}

/// Seconds. Zones differ by multiples of it, except for a few at quarters of an hour.
const ZONE_STEP: i64 = 30 * 60;

/// Seconds by which a clock may be wrong in addition to its zone.
const TOLERANCE: i64 = 3 * 60;

/// Seconds between the two zones that are furthest apart.
const MAX_ZONE_GAP: i64 = 26 * 60 * 60;

/// Returns the difference of time zones that the offset is close to: then the clock was
/// probably set to local time and read as UTC, or the reverse.
pub(super) fn time_zone_error(offset: &Offset) -> Option<SignedDuration> {
    let middle = offset.middle().as_secs();
    let zones = (middle.unsigned_abs() as i64 + ZONE_STEP / 2) / ZONE_STEP * middle.signum();
    let nearest = zones * ZONE_STEP;
    let is_near = middle.abs_diff(nearest) <= TOLERANCE as u64;
    let is_precise = offset.uncertainty().as_secs() <= TOLERANCE;
    let is_zone = nearest != 0 && nearest.abs() <= MAX_ZONE_GAP;
    (is_zone && is_near && is_precise).then(|| SignedDuration::from_secs(nearest))
}

fn time_zone_mixed_up(zone: SignedDuration) -> Finding {
    let side = if zone.is_negative() { "ahead" } else { "behind" };
    let size = SignedDuration::from_secs(zone.as_secs().abs());
    Finding::warning(
        Topic::Clocks,
        format!(
            "this machine's clock is about {} {side}: that looks like a time zone mix-up",
            human(size)
        ),
    )
    .with_hint("set the hardware clock to UTC, or configure that it keeps local time (timedatectl)")
}

fn api_lead(lead: &Offset, skew: SignedDuration) -> Finding {
    let message = format!("the API's clock is {lead} of the issuer's; the skew is {}", human(skew));
    if lead.min > skew {
        let wider = human(SignedDuration::from_secs(lead.max.as_secs() + 1));
        Finding::warning(Topic::Clocks, message).with_hint(format!(
            "the larger of the two is subtracted from every lifetime; --skew {wider} makes that explicit"
        ))
    } else {
        Finding::ok(Topic::Clocks, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::FindingLevel as Level;

    fn offset(middle: i64, uncertainty: i64) -> Offset {
        Offset {
            min: SignedDuration::from_secs(middle - uncertainty),
            max: SignedDuration::from_secs(middle + uncertainty),
        }
    }

    #[test]
    fn a_time_zone_is_told_from_any_other_offset() {
        let hours =
            |offset: Offset| time_zone_error(&offset).map(|zone| zone.as_secs_f64() / 3600.0);
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
        assert_eq!(hours(offset(3_600, 181)), None, "too imprecise");
    }

    #[test]
    fn only_what_is_proved_is_held_against_a_clock() {
        let level = |offset| host_clock("issuer", &offset, 3, false).level;
        assert_eq!(level(offset(0, 1)), Level::Ok);
        assert_eq!(level(offset(5, 1)), Level::Ok, "it may be 4s");
        assert_eq!(level(offset(-7, 1)), Level::Note);
        assert_eq!(level(offset(61, 1)), Level::Warning);
        assert_eq!(level(offset(-61, 1)), Level::Warning);
        assert_eq!(level(offset(61, 600)), Level::Ok);
        let other = host_clock("API", &offset(61, 1), 3, true);
        assert_eq!(other.level, Level::Note, "the API is wrong, not this machine");
        let skew = SignedDuration::from_secs(5);
        assert_eq!(api_lead(&offset(6, 1), skew).level, Level::Ok);
        assert_eq!(api_lead(&offset(-60, 1), skew).level, Level::Ok);
        assert_eq!(api_lead(&offset(7, 1), skew).level, Level::Warning);
    }
}
