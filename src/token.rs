//! An access token, what is known of its life, and whether that is enough.
//!
//! Pure: every judgement takes the reading of the clocks as an argument.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::clock::{Offset, Reading, shift};

mod jwt;
mod lifetime;
mod verdict;

pub use jwt::Claims;
pub use lifetime::{ExpiresIn, LifetimeError, lifetime};
pub use verdict::{Age, Demand, Evidence, MinTtl, Stale, Verdict};

/// An access token's bytes. Redacted in `Debug`, without `Display`, wiped
/// when dropped.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Wraps the token as the issuer sent it.
    pub fn new(token: String) -> Self {
        AccessToken(token.into())
    }

    /// The token itself: only for handing it out, sealing it or presenting it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for AccessToken {}

/// A token together with what was measured when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The secret part.
    pub access_token: AccessToken,
    /// How to present it, usually `bearer` (RFC 6749 section 7.1).
    pub token_type: String,
    /// What is known of its life.
    pub stamp: Stamp,
}

/// What is known of a token's life. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The clocks just before the token request was sent. A token is not older
    /// than its request, so ages are counted from here.
    pub sent: Reading,
    /// The clocks just after the reply arrived.
    pub received: Reading,
    /// The least time that the token lives, counted from `sent`.
    pub lifetime: SignedDuration,
    /// The issuer's clock minus the wall clock at `received`, where it could
    /// be measured.
    pub offset: Option<Offset>,
    /// The earliest moment, on the issuer's clock, at which a JWT is valid
    /// (`nbf`, else `iat`).
    pub not_before: Option<Timestamp>,
}

impl Stamp {
    /// The lifetime left at `now`, the skew not taken off; negative when dead.
    ///
    /// # Errors
    /// When the local clocks cannot tell.
    pub fn remaining(&self, now: &Reading) -> Result<SignedDuration, Stale> {
        Ok(self
            .lifetime
            .saturating_sub(Age::of(&self.sent, now)?.elapsed()))
    }

    /// When the token ends: on the issuer's clock where that was measured,
    /// else on the local wall clock. Pessimistic, cut to whole seconds.
    pub fn expires_at(&self) -> Timestamp {
        let round_trip = self.received.boot_since(&self.sent).unwrap_or_default();
        let sent_by_issuer = match self.offset {
            Some(offset) => shift(self.received.wall, offset.min.saturating_sub(round_trip)),
            None => self.sent.wall,
        };
        let end = shift(sent_by_issuer, self.lifetime);
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }

    /// How long to hold a new token back so that it is valid by the issuer's
    /// own clock; at most `skew`. Zero for opaque tokens.
    pub fn hold_back(&self, now: &Reading, skew: SignedDuration) -> SignedDuration {
        let (Some(not_before), Some(offset)) = (self.not_before, self.offset) else {
            return SignedDuration::ZERO;
        };
        let since = now.boot_since(&self.received).unwrap_or_default();
        let issuer_now = shift(self.received.wall, offset.min.saturating_add(since));
        not_before
            .duration_since(issuer_now)
            .clamp(SignedDuration::ZERO, skew)
    }
}

#[cfg(test)]
pub(crate) mod tests;
