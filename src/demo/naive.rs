//! The client that most people write first: it stores `exp = now + expires_in` and uses the
//! token while `now < exp` by the local clock.

use jiff::{SignedDuration, Timestamp};

use super::http::Http;
use crate::clock::shift_clamped;
use crate::context::Clock;
use crate::error::Result;

pub(super) struct Naive {
    pub(super) token: String,
    /// `expires_in` of the response.
    pub(super) lifetime: SignedDuration,
    /// On the local wall clock.
    exp: Timestamp,
}

impl Naive {
    pub(super) fn mint(http: &Http, clock: &dyn Clock) -> Result<Naive> {
        let (token, expires_in) = http.mint()?;
        let lifetime = SignedDuration::from_secs(expires_in);
        Ok(Naive { token, lifetime, exp: shift_clamped(clock.read().wall, lifetime) })
    }

    pub(super) fn believed_remaining(&self, now: Timestamp) -> SignedDuration {
        self.exp.duration_since(now)
    }
}
