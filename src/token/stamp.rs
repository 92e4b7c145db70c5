//! What is known of a token's life.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Age, Stale};
use crate::clock::{Measure, Offset, Reading, encoding, shift};

/// What is known of a token's life. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The clocks just before the token request was sent. A token is not older
    /// than its request, so ages are counted from here.
    pub sent: Reading,
    /// The least time that the token lives, counted from `sent`.
    #[serde(with = "encoding::duration")]
    pub lifetime: SignedDuration,
    /// The same of the token when it was new: what a new one would offer.
    #[serde(with = "encoding::duration")]
    pub whole: SignedDuration,
    /// The earliest moment, on the issuer's clock, at which the token ends;
    /// known where that clock was measured.
    #[serde(with = "encoding::maybe_moment")]
    pub ends: Option<Timestamp>,
    /// The earliest moment, on the issuer's clock, at which a JWT is valid
    /// (`nbf`, else `iat`).
    #[serde(with = "encoding::maybe_moment")]
    pub not_before: Option<Timestamp>,
    /// The issuer's clock, where it was measured on this boot.
    pub issuer: Option<Measure>,
    /// The API's clock, likewise.
    pub api: Option<Measure>,
    /// How far the API's clock was ahead of the issuer's, as measured on
    /// another boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Offset>,
    /// The clocks just before the last call that is known to have been made with
    /// the token; `None` where that is its own request, `sent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Reading>,
}

impl Stamp {
    /// A new token's stamp; `issuer` is what its reply, and those before it,
    /// proved of the issuer's clock.
    pub fn new(
        sent: Reading,
        lifetime: SignedDuration,
        not_before: Option<Timestamp>,
        issuer: Option<Measure>,
    ) -> Stamp {
        let sent_at = issuer.as_ref().and_then(|issuer| issuer.shows(&sent));
        let ends = sent_at.map(|(earliest, _)| shift(earliest, lifetime));
        Stamp {
            sent,
            lifetime,
            whole: lifetime,
            ends,
            not_before,
            issuer,
            api: None,
            learned: None,
            used: None,
        }
    }

    /// The clocks just before the token was last used, as far as is known: a new
    /// token counts as used by its request.
    pub fn last_used(&self) -> &Reading {
        self.used.as_ref().unwrap_or(&self.sent)
    }

    /// The lifetime left at `now`, the skew not taken off; negative when dead.
    ///
    /// # Errors
    /// When the local clocks cannot tell.
    pub fn remaining(&self, now: &Reading) -> Result<SignedDuration, Stale> {
        Ok(self.lifetime.saturating_sub(Age::of(&self.sent, now)?.elapsed()))
    }

    /// When the token ends: on the issuer's clock where that was measured,
    /// else on the local wall clock. Pessimistic, cut to whole seconds.
    pub fn expires_at(&self) -> Timestamp {
        let end = self.ends.unwrap_or_else(|| shift(self.sent.wall, self.lifetime));
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }

    /// How long to hold the token back so that it is valid by the clock of the
    /// API, else of the issuer; at most `skew`. Zero for opaque tokens.
    pub fn hold_back(&self, now: &Reading, skew: SignedDuration) -> SignedDuration {
        let judge = self.api.as_ref().or(self.issuer.as_ref());
        let shown = judge.and_then(|judge| judge.shows(now));
        let (Some(not_before), Some((earliest, _))) = (self.not_before, shown) else {
            return SignedDuration::ZERO;
        };
        not_before.duration_since(earliest).clamp(SignedDuration::ZERO, skew)
    }

    /// The least time until the token is valid by the clock of the API, else
    /// of the issuer; negative when it is valid. `None` for opaque tokens, and where
    /// neither clock is known on this boot.
    pub fn early(&self, now: &Reading) -> Option<SignedDuration> {
        let judge = self.api.as_ref().or(self.issuer.as_ref())?;
        let (_, latest) = judge.shows(now)?;
        Some(self.not_before?.duration_since(latest))
    }

    /// How far the API's clock is ahead of the issuer's, where both were
    /// measured: the part of a token's life that the API does not honour.
    pub fn lead(&self) -> Option<Offset> {
        let both = self.api.as_ref().zip(self.issuer.as_ref());
        both.and_then(|(api, issuer)| api.ahead_of(issuer)).or(self.learned)
    }

    /// The stamp of the same token on this boot, by what the issuer's clock has
    /// just shown. `None` when nobody knows when it ends.
    pub fn carried_by_issuer(&self, issuer: Measure) -> Option<Stamp> {
        let (_, latest) = issuer.shows(&issuer.at)?;
        Some(Stamp {
            sent: issuer.at.clone(),
            lifetime: self.ends?.duration_since(latest),
            issuer: Some(issuer),
            api: None,
            learned: self.lead(),
            // A look at a clock is no use of the token.
            used: Some(self.last_used().clone()),
            ..self.clone()
        })
    }

    /// The same by what the API's clock has just shown. Where its lead was
    /// measured, that is taken off later, as from every lifetime.
    pub fn carried_by_api(&self, api: Measure) -> Option<Stamp> {
        let (_, latest) = api.shows(&api.at)?;
        let lead = self.lead().map_or(SignedDuration::ZERO, |lead| lead.min);
        Some(Stamp {
            sent: api.at.clone(),
            lifetime: self.ends?.duration_since(latest).saturating_add(lead),
            issuer: None,
            api: Some(api),
            learned: self.lead(),
            // A look at a clock is no use of the token.
            used: Some(self.last_used().clone()),
            ..self.clone()
        })
    }
}
