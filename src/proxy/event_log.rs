//! The last events of a run that an operator may want to see.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use crate::clock::Reading;
use crate::sync;

/// Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyEvent {
    pub at: Reading,
    pub kind: ProxyEventKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyEventKind {
    TokenRenewed,
    RefreshFailed,
    /// The upstream answered 401 to a token of this run.
    Unauthorized,
    /// The upstream answered 429.
    RateLimited,
    /// A request waited for the rate limit.
    Delayed(Duration),
}

/// The last [`CAPACITY`] events.
#[derive(Default)]
pub(super) struct EventLog(Mutex<VecDeque<ProxyEvent>>);

const CAPACITY: usize = 20;

impl EventLog {
    pub(super) fn record(&self, kind: ProxyEventKind, at: Reading) {
        let mut events = sync::lock(&self.0);
        if events.len() == CAPACITY {
            events.pop_front();
        }
        events.push_back(ProxyEvent { at, kind });
    }

    /// Returns the events, the oldest first.
    pub(super) fn events(&self) -> Vec<ProxyEvent> {
        sync::lock(&self.0).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn the_oldest_events_are_dropped() {
        let log = EventLog::default();
        for second in 0..25 {
            log.record(ProxyEventKind::RateLimited, reading(second, second));
        }
        let events = log.events();
        assert_eq!(events.len(), CAPACITY);
        assert_eq!(events[0].at, reading(5, 5));
    }
}
