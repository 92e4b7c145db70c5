//! A snapshot of a running proxy, for metrics and for people. Holds nothing secret.

use std::time::Duration;

use jiff::SignedDuration;

use super::event_log::ProxyEvent;
use crate::clock::{OffsetEstimate, Reading};

#[derive(Debug, Clone)]
pub struct ProxyStatus {
    pub at: Reading,
    pub started: Reading,
    /// The configured skew.
    pub skew: SignedDuration,
    /// The lead of the API's clock if that is known to be larger, now or on an earlier boot.
    pub effective_skew: SignedDuration,
    /// The issuer's clock relative to the local one.
    pub issuer_clock: Option<OffsetEstimate>,
    /// The API's clock relative to the local one.
    pub api_clock: Option<OffsetEstimate>,
    /// The token of slot 0 comes first.
    pub tokens: Vec<PooledToken>,
    /// The oldest comes first.
    pub events: Vec<ProxyEvent>,
    pub totals: RunTotals,
    /// The reason why the last renewal failed, if another attempt may succeed.
    pub outage: Option<String>,
}

/// Counted since the start of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunTotals {
    pub requests: u64,
    pub renewed: u64,
    /// Sent once more after a 401.
    pub replayed: u64,
    /// Requests that waited for the rate limit.
    pub delayed: u64,
    /// The time that those waited in all.
    pub waited: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PooledToken {
    pub slot: u32,
    /// After the skew is subtracted; zero or less if the token may have expired.
    pub remaining: SignedDuration,
    pub lifetime: SignedDuration,
    /// The API's current minute for this token; `None` before its first request.
    pub window: Option<RateWindow>,
    /// Time until the API takes requests with this token again, after a 429.
    pub closed_for: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    pub requests: u32,
    pub limit: u32,
    pub remaining: Duration,
}

impl ProxyStatus {
    /// Returns whether a token can be used now.
    pub fn is_ready(&self) -> bool {
        self.tokens.iter().any(|token| token.remaining.is_positive())
    }
}
