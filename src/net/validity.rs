//! Certificates that are out of date by this machine's clock: either the clock or the
//! certificate is wrong.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::clock::{Offset, shift_clamped};

/// Holds the end or the start of the validity, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValidityError {
    Expired(Option<Timestamp>),
    NotYet(Option<Timestamp>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerClock {
    /// The peer's clock minus this machine's.
    pub(super) offset: Offset,
    pub(super) from: PeerClockSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerClockSource {
    /// The peer's response just now, with the certificate judged at a moment within its
    /// validity.
    Peer,
    /// An earlier response, whose certificate was valid.
    Earlier,
}

impl ValidityError {
    pub(super) fn of(error: &CertificateError) -> Option<ValidityError> {
        match error {
            CertificateError::Expired => Some(ValidityError::Expired(None)),
            CertificateError::ExpiredContext { not_after, .. } => {
                Some(ValidityError::Expired(moment(*not_after)))
            }
            CertificateError::NotValidYet => Some(ValidityError::NotYet(None)),
            CertificateError::NotValidYetContext { not_before, .. } => {
                Some(ValidityError::NotYet(moment(*not_before)))
            }
            _ => None,
        }
    }

    pub(super) fn time_within(self) -> Option<UnixTime> {
        let second = match self {
            ValidityError::Expired(end) => end?.as_second() - 1,
            ValidityError::NotYet(start) => start?.as_second() + 1,
        };
        let since = std::time::Duration::from_secs(second.try_into().ok()?);
        Some(UnixTime::since_unix_epoch(since))
    }

    /// Returns the cause, which follows the peer's name, and the hint.
    pub(super) fn explain(
        self,
        now: Timestamp,
        peer_clock: Option<PeerClock>,
    ) -> (String, &'static str) {
        let state = match self {
            ValidityError::Expired(_) => "has expired",
            ValidityError::NotYet(_) => "is not valid yet",
        };
        let cause = format!("its certificate {state}; this machine's clock shows {now:.0}");
        let Some(peer_clock) = peer_clock else {
            return (cause, self.guess());
        };
        let who = match peer_clock.from {
            PeerClockSource::Peer => "its own clock",
            PeerClockSource::Earlier => "its own clock, by an earlier contact,",
        };
        let cause = format!("{cause}, and {who} is {} of that", peer_clock.offset);
        match (self.is_valid_by(now, &peer_clock.offset), self) {
            (true, _) => (
                cause,
                "this machine's clock is probably wrong: set the clock (NTP), and try again",
            ),
            (false, ValidityError::Expired(_)) => {
                (cause, "both clocks say so: the certificate's owner has to renew it")
            }
            (false, ValidityError::NotYet(_)) => {
                (cause, "both clocks say so: the certificate's owner has to wait, or replace it")
            }
        }
    }

    fn guess(self) -> &'static str {
        match self {
            ValidityError::Expired(_) => {
                "if that is not the time, set the clock; otherwise the certificate's owner has to renew it"
            }
            ValidityError::NotYet(_) => {
                "certificates are rarely used before they are valid, so this machine's clock is probably slow: set the clock"
            }
        }
    }

    /// Returns whether the certificate is valid at every time that the peer's clock may show.
    fn is_valid_by(self, now: Timestamp, offset: &Offset) -> bool {
        match self {
            ValidityError::Expired(end) => {
                end.is_some_and(|end| shift_clamped(now, offset.max) <= end)
            }
            ValidityError::NotYet(start) => {
                start.is_some_and(|start| shift_clamped(now, offset.min) >= start)
            }
        }
    }
}

fn moment(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(time.as_secs().try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn says(offset: i64) -> Option<PeerClock> {
        let offset = SignedDuration::from_secs(offset);
        Some(PeerClock {
            offset: Offset { min: offset, max: offset + SignedDuration::from_secs(1) },
            from: PeerClockSource::Peer,
        })
    }

    #[test]
    fn the_clock_is_to_blame_only_when_the_peers_own_says_so() {
        let expired = ValidityError::Expired(Some(at(10 * DAY)));
        let not_yet = ValidityError::NotYet(Some(at(10 * DAY)));
        let (late, early) = (at(20 * DAY), at(5 * DAY));
        for (validity_error, now, peer_clock, hint) in [
            (expired, late, None, "if that is not the time"),
            (expired, late, says(-10 * DAY - 1), "clock is probably wrong"),
            (expired, late, says(-10 * DAY), "has to renew it"),
            (expired, late, says(0), "has to renew it"),
            (not_yet, early, None, "clock is probably slow"),
            (not_yet, early, says(5 * DAY), "clock is probably wrong"),
            (not_yet, early, says(5 * DAY - 1), "has to wait"),
        ] {
            let (_, said) = validity_error.explain(now, peer_clock);
            assert!(said.contains(hint), "{validity_error:?} {peer_clock:?}: {said}");
        }
        let (cause, _) = expired.explain(late, says(-10 * DAY));
        assert_eq!(
            cause,
            "its certificate has expired; this machine's clock shows 1970-01-21T00:00:00Z, \
             and its own clock is 10 days behind (+/- 0.5s) of that"
        );
    }
}
