//! The validity period of a token, and the clock measurements that bound it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Age, StaleReason};
use crate::clock::{Offset, OffsetEstimate, Reading, encoding, shift_clamped};

/// Contains no secret. Part of the cache's file format. The clocks were measured on this boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenValidity {
    /// The local clocks just before the token request was sent. A token is not older than
    /// its request, so ages are counted from here.
    pub sent: Reading,
    /// Lower bound of the lifetime, counted from `sent`.
    #[serde(with = "encoding::duration")]
    pub lifetime: SignedDuration,
    /// `lifetime` of the token when it was new, hence that of the next one.
    #[serde(with = "encoding::duration", rename = "whole")]
    pub initial_lifetime: SignedDuration,
    /// Lower bound of the expiry on the issuer's clock, if that clock was measured.
    #[serde(with = "encoding::optional_timestamp", rename = "ends")]
    pub issuer_expiry: Option<Timestamp>,
    /// Start of a JWT's validity on the issuer's clock (`nbf`, else `iat`).
    #[serde(with = "encoding::optional_timestamp")]
    pub not_before: Option<Timestamp>,
    #[serde(rename = "issuer")]
    pub issuer_clock: Option<OffsetEstimate>,
    #[serde(rename = "api")]
    pub api_clock: Option<OffsetEstimate>,
    /// The API's clock minus the issuer's, as measured on another boot.
    #[serde(rename = "learned", default, skip_serializing_if = "Option::is_none")]
    pub carried_lead: Option<Offset>,
    /// The local clocks just before the last known call with the token; `None` if there
    /// was none since its request.
    #[serde(rename = "used", default, skip_serializing_if = "Option::is_none")]
    pub last_use: Option<Reading>,
}

impl TokenValidity {
    pub fn new(
        sent: Reading,
        lifetime: SignedDuration,
        not_before: Option<Timestamp>,
        issuer_clock: Option<OffsetEstimate>,
    ) -> TokenValidity {
        let issuer_time = issuer_clock.as_ref().and_then(|clock| clock.remote_time(&sent));
        let issuer_expiry = issuer_time.map(|(earliest, _)| shift_clamped(earliest, lifetime));
        TokenValidity {
            sent,
            lifetime,
            initial_lifetime: lifetime,
            issuer_expiry,
            not_before,
            issuer_clock,
            api_clock: None,
            carried_lead: None,
            last_use: None,
        }
    }

    pub fn last_used(&self) -> &Reading {
        self.last_use.as_ref().unwrap_or(&self.sent)
    }

    /// The lifetime that remains at `now`, before any skew is deducted; negative once the
    /// token has expired.
    pub fn remaining(&self, now: &Reading) -> Result<SignedDuration, StaleReason> {
        Ok(self.lifetime.saturating_sub(Age::of(&self.sent, now)?.elapsed()))
    }

    /// The expiry on the issuer's clock if that was measured, else on the local wall
    /// clock. Pessimistic, truncated to whole seconds.
    pub fn expires_at(&self) -> Timestamp {
        let local_expiry = || shift_clamped(self.sent.wall, self.lifetime);
        let expiry = self.issuer_expiry.unwrap_or_else(local_expiry);
        Timestamp::from_second(expiry.as_second()).unwrap_or(expiry)
    }

    /// The time to wait until the token is certainly valid by the API's clock, else by the
    /// issuer's; at most `skew`. Zero for opaque tokens.
    pub fn wait_before_use(&self, now: &Reading, skew: SignedDuration) -> SignedDuration {
        let remote_time = self.judging_clock().and_then(|clock| clock.remote_time(now));
        let (Some(not_before), Some((earliest, _))) = (self.not_before, remote_time) else {
            return SignedDuration::ZERO;
        };
        not_before.duration_since(earliest).clamp(SignedDuration::ZERO, skew)
    }

    /// Lower bound of the time until the token is valid by the API's clock, else by the
    /// issuer's; negative if it is valid. `None` for opaque tokens, and if neither clock was
    /// measured on this boot.
    pub fn time_until_valid(&self, now: &Reading) -> Option<SignedDuration> {
        let (_, latest) = self.judging_clock()?.remote_time(now)?;
        Some(self.not_before?.duration_since(latest))
    }

    fn judging_clock(&self) -> Option<&OffsetEstimate> {
        self.api_clock.as_ref().or(self.issuer_clock.as_ref())
    }

    /// The API's clock minus the issuer's, if both were measured: the part of a token's
    /// life that the API does not honour.
    pub fn lead(&self) -> Option<Offset> {
        let both = self.api_clock.as_ref().zip(self.issuer_clock.as_ref());
        both.and_then(|(api, issuer)| api.ahead_of(issuer)).or(self.carried_lead)
    }

    /// Converts the validity to this boot's clocks by a new measurement of the issuer's
    /// clock. `None` if the expiry on that clock is unknown.
    pub fn rebased_on_issuer(&self, issuer: OffsetEstimate) -> Option<TokenValidity> {
        let (_, latest) = issuer.remote_time(&issuer.at)?;
        let lifetime = self.issuer_expiry?.duration_since(latest);
        let rebased = self.rebased(issuer.at.clone(), lifetime);
        Some(TokenValidity { issuer_clock: Some(issuer), api_clock: None, ..rebased })
    }

    /// Converts the validity to this boot's clocks by a new measurement of the API's clock.
    /// Its lead, if known, is added, because every verdict deducts it again.
    pub fn rebased_on_api(&self, api: OffsetEstimate) -> Option<TokenValidity> {
        let (_, latest) = api.remote_time(&api.at)?;
        let lead = self.lead().map_or(SignedDuration::ZERO, |lead| lead.min);
        let lifetime = self.issuer_expiry?.duration_since(latest).saturating_add(lead);
        let rebased = self.rebased(api.at.clone(), lifetime);
        Some(TokenValidity { issuer_clock: None, api_clock: Some(api), ..rebased })
    }

    /// Converts the validity to the clocks of another machine, on which `elapsed` has passed at
    /// `now` since the token's request.
    pub fn on_other_machine(&self, now: &Reading, elapsed: SignedDuration) -> TokenValidity {
        let sent = Reading {
            boot: now.boot.saturating_sub(elapsed),
            boot_id: now.boot_id.clone(),
            wall: shift_clamped(now.wall, SignedDuration::ZERO.saturating_sub(elapsed)),
        };
        TokenValidity {
            sent,
            carried_lead: self.lead(),
            issuer_clock: None,
            api_clock: None,
            last_use: None,
            ..self.clone()
        }
    }

    fn rebased(&self, sent: Reading, lifetime: SignedDuration) -> TokenValidity {
        TokenValidity {
            sent,
            lifetime,
            carried_lead: self.lead(),
            // Reading a clock is no use of the token.
            last_use: Some(self.last_used().clone()),
            ..self.clone()
        }
    }
}
