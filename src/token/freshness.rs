//! The verdict on a cached token: whether it is known to live long enough, and why.

use std::fmt;

use jiff::SignedDuration;

use super::age::{Age, StaleReason};
use super::{IdleTimeout, TokenValidity};
use crate::clock::Reading;
use crate::duration::human;

/// The lifetime that a token must have left after the skew is deducted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinTtl {
    /// Capped at half of what a new token offers, so that a short-lived token is not
    /// minted anew on every call.
    Default(SignedDuration),
    /// A promise: a token with less is never handed out.
    Explicit(SignedDuration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshnessPolicy {
    /// The tolerated disagreement of the issuer's and the API's clock: deducted from every
    /// lifetime.
    pub skew: SignedDuration,
    pub min_ttl: MinTtl,
    /// Tokens requested before this are stale (`--force-refresh`).
    pub newer_than: Option<Reading>,
    pub idle_timeout: Option<IdleTimeout>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `remaining` is the lifetime before the skew is deducted.
    Fresh {
        remaining: SignedDuration,
        age: Age,
    },
    Stale(StaleReason),
}

impl FreshnessPolicy {
    pub fn judge(&self, validity: &TokenValidity, now: &Reading) -> Verdict {
        let age = match Age::of(&validity.sent, now) {
            Ok(age) => age,
            Err(reason) => return Verdict::Stale(reason),
        };
        if let Some(start) = &self.newer_than
            && validity.sent.boot_since(start).is_none_or(|since| since.is_negative())
        {
            return Verdict::Stale(StaleReason::NotForced);
        }
        let remaining = validity.lifetime.saturating_sub(age.elapsed());
        let skew = self.effective_skew(validity).saturating_add(age.drift_allowance());
        let required = self.required_ttl(validity);
        if !is_long_enough(remaining, skew, required) {
            return Verdict::Stale(StaleReason::TooShort { remaining, skew, required, age });
        }
        match self.idle_reason(validity, now) {
            Some(reason) => Verdict::Stale(reason),
            None => Verdict::Fresh { remaining, age },
        }
    }

    /// The skew that is deducted from this token's lifetime: the configured one, or the
    /// measured lead of the API's clock if that is larger.
    pub fn effective_skew(&self, validity: &TokenValidity) -> SignedDuration {
        validity.lead().map_or(self.skew, |lead| lead.max.max(self.skew))
    }

    pub fn required_ttl(&self, validity: &TokenValidity) -> SignedDuration {
        match self.min_ttl {
            MinTtl::Explicit(min_ttl) => min_ttl,
            MinTtl::Default(min_ttl) => {
                let usable =
                    validity.initial_lifetime.saturating_sub(self.effective_skew(validity));
                min_ttl.min(usable / 2).max(SignedDuration::ZERO)
            }
        }
    }

    /// Returns whether a token would be long enough that is as good as this one was when it was
    /// new.
    pub fn accepts_new(&self, validity: &TokenValidity) -> bool {
        let skew = self.effective_skew(validity);
        is_long_enough(validity.initial_lifetime, skew, self.required_ttl(validity))
    }

    /// The remaining lifetime of a stale token that may be handed out when no new one can be
    /// minted (compare stale-if-error, RFC 5861). `None` if it does not outlive the skew, if
    /// it may have been revoked, or if `--min-ttl` or `--force-refresh` was given.
    pub fn stale_if_error(
        &self,
        validity: &TokenValidity,
        now: &Reading,
    ) -> Option<SignedDuration> {
        let is_promised = matches!(self.min_ttl, MinTtl::Explicit(_));
        if is_promised || self.newer_than.is_some() || self.idle_reason(validity, now).is_some() {
            return None;
        }
        let outlives_skew = self.remaining_after_skew(validity, now)?.is_positive();
        outlives_skew.then(|| validity.remaining(now).ok())?
    }

    /// The lifetime that remains after the skew and the drift allowance are deducted; to be
    /// compared with [`FreshnessPolicy::required_ttl`]. `None` if the local clocks cannot
    /// tell.
    pub fn remaining_after_skew(
        &self,
        validity: &TokenValidity,
        now: &Reading,
    ) -> Option<SignedDuration> {
        let age = Age::of(&validity.sent, now).ok()?;
        let skew = self.effective_skew(validity).saturating_add(age.drift_allowance());
        Some(validity.lifetime.saturating_sub(age.elapsed()).saturating_sub(skew))
    }

    fn idle_reason(&self, validity: &TokenValidity, now: &Reading) -> Option<StaleReason> {
        let timeout = self.idle_timeout?;
        let last_used = validity.last_used();
        let is_idle = timeout.remaining(last_used, now).is_none_or(|time| !time.is_positive());
        is_idle.then(|| StaleReason::Idle {
            unused: Age::of(last_used, now).ok().map(|age| age.elapsed()),
            timeout: timeout.duration(),
        })
    }
}

fn is_long_enough(
    remaining: SignedDuration,
    skew: SignedDuration,
    required: SignedDuration,
) -> bool {
    remaining.saturating_sub(skew) >= required && remaining > skew
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Fresh { remaining, age } => {
                write!(f, "fresh: {} left by {age}", human(*remaining))
            }
            Verdict::Stale(reason) => write!(f, "stale: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests;
