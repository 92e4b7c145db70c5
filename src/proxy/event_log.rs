//! The last events of a run that an operator may want to see.

use std::collections::VecDeque;
use std::mem;
use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::Reading;
use crate::sync;

/// Events of one kind, each less than [`GAP`] after the one before. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyEvent {
    pub first: Reading,
    pub last: Reading,
    pub kind: ProxyEventKind,
    pub count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyEventKind {
    TokenRenewed,
    RefreshFailed,
    /// The upstream answered 401 to a token of this run.
    Unauthorized,
    /// The upstream answered 429.
    RateLimited,
    /// Requests waited for the rate limit, so long in all.
    Delayed(Duration),
    /// A client got 429, as no token was open in time.
    NoTokenInTime,
}

/// The last [`CAPACITY`] events.
#[derive(Default)]
pub(super) struct EventLog(Mutex<VecDeque<ProxyEvent>>);

const CAPACITY: usize = 20;

/// A burst of hundreds must not push out all else.
const GAP: SignedDuration = SignedDuration::from_mins(1);

impl EventLog {
    pub(super) fn record(&self, kind: ProxyEventKind, at: Reading) {
        let mut events = sync::lock(&self.0);
        let earlier = events.iter().rposition(|event| event.is_continued_by(kind, &at));
        let event = match earlier.and_then(|index| events.remove(index)) {
            Some(earlier) => earlier.continued_by(kind, at),
            None => ProxyEvent { first: at.clone(), last: at, kind, count: 1 },
        };
        if events.len() == CAPACITY {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// Returns the events, the oldest first.
    pub(super) fn events(&self) -> Vec<ProxyEvent> {
        sync::lock(&self.0).iter().cloned().collect()
    }
}

impl ProxyEvent {
    fn is_continued_by(&self, kind: ProxyEventKind, at: &Reading) -> bool {
        let since = at.boot_since(&self.last);
        mem::discriminant(&self.kind) == mem::discriminant(&kind)
            && since.is_some_and(|since| since < GAP)
    }

    fn continued_by(self, kind: ProxyEventKind, at: Reading) -> ProxyEvent {
        let kind = match (self.kind, kind) {
            (ProxyEventKind::Delayed(one), ProxyEventKind::Delayed(other)) => {
                ProxyEventKind::Delayed(one.saturating_add(other))
            }
            _ => kind,
        };
        ProxyEvent { last: at, kind, count: self.count.saturating_add(1), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn the_oldest_events_are_dropped() {
        let log = EventLog::default();
        for minute in 0..25 {
            log.record(ProxyEventKind::RateLimited, reading(60 * minute, 0));
        }
        let events = log.events();
        assert_eq!(events.len(), CAPACITY);
        assert_eq!(events[0].first, reading(5 * 60, 0));
    }

    #[test]
    fn a_burst_is_one_event_and_the_last_one_is_at_the_end() {
        let log = EventLog::default();
        log.record(ProxyEventKind::TokenRenewed, reading(0, 0));
        for second in 1..100 {
            log.record(ProxyEventKind::Delayed(Duration::from_secs(2)), reading(second, 0));
            log.record(ProxyEventKind::RateLimited, reading(second, 0));
        }
        log.record(ProxyEventKind::TokenRenewed, reading(100, 0));
        let event = |kind, first, last, count| ProxyEvent {
            first: reading(first, 0),
            last: reading(last, 0),
            kind,
            count,
        };
        let expected = [
            event(ProxyEventKind::TokenRenewed, 0, 0, 1),
            event(ProxyEventKind::Delayed(Duration::from_secs(198)), 1, 99, 99),
            event(ProxyEventKind::RateLimited, 1, 99, 99),
            event(ProxyEventKind::TokenRenewed, 100, 100, 1),
        ];
        assert_eq!(log.events(), expected);
    }
}
