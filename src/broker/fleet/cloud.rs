//! The issuer and the API, whose clocks tell the truth.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::timeline::Timeline;

pub(super) const START: i64 = 1_700_000_000;

pub(super) struct FleetCloud<'t> {
    pub(super) timeline: &'t Timeline,
    pub(super) lifetime: i64,
    pub(super) mint: i64,
    mints_per_minute: Option<usize>,
    /// The API accepts no token.
    pub(super) refuses: bool,
    /// When each token expires; the tokens are numbered.
    expiries: Mutex<Vec<i64>>,
}

impl<'t> FleetCloud<'t> {
    pub(super) fn new(
        timeline: &'t Timeline,
        lifetime: i64,
        mint: i64,
        mints_per_minute: Option<usize>,
    ) -> FleetCloud<'t> {
        let (refuses, expiries) = (false, Mutex::default());
        FleetCloud { timeline, lifetime, mint, mints_per_minute, refuses, expiries }
    }

    pub(super) fn mints(&self) -> usize {
        self.expiries.lock().unwrap().len()
    }

    /// Returns the number of a new token; `None` if the rate limit refuses it.
    pub(super) fn new_token(&self) -> Option<usize> {
        let mut expiries = self.expiries.lock().unwrap();
        expiries.push(self.timeline.now() + self.lifetime);
        let is_refused = self.mints_per_minute.is_some_and(|limit| expiries.len() > limit);
        (!is_refused).then(|| expiries.len() - 1)
    }

    pub(super) fn left(&self, token: &str) -> SignedDuration {
        let expiry = self.expiries.lock().unwrap()[token.parse::<usize>().unwrap()];
        SignedDuration::from_millis(expiry - self.timeline.now())
    }
}

/// The true time, `error` milliseconds off.
pub(super) fn time(timeline: &Timeline, error: i64) -> Timestamp {
    Timestamp::from_millisecond(START * 1_000 + timeline.now() + error).unwrap()
}
