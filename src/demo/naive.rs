//! The client that everybody writes first: it keeps `exp = now + expires_in`
//! and asks the local clock whether `now < exp`.

use jiff::{SignedDuration, Timestamp};

use super::http::Http;
use crate::clock::shift;
use crate::context::Clock;
use crate::error::Result;

/// Its cache.
pub(super) struct Naive {
    pub(super) token: String,
    /// `expires_in` of the reply.
    pub(super) lifetime: SignedDuration,
    /// On the local wall clock.
    exp: Timestamp,
}

impl Naive {
    pub(super) fn mint(http: &Http, clock: &dyn Clock) -> Result<Naive> {
        let (token, expires_in) = http.mint()?;
        let lifetime = SignedDuration::from_secs(expires_in);
        Ok(Naive { token, lifetime, exp: shift(clock.read().wall, lifetime) })
    }

    /// What it believes to be left at `now`: positive means `now < exp`.
    pub(super) fn left(&self, now: Timestamp) -> SignedDuration {
        self.exp.duration_since(now)
    }
}
