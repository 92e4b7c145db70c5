//! Revalidation of a cached token that the local clocks put in doubt.

use super::{Broker, messages};
use crate::config::Verify;
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{StaleReason, Token, TokenValidity, Verdict};

#[derive(Default)]
pub(super) struct Revalidation {
    /// The validity by which the token is fresh after all.
    pub(super) fresh: Option<TokenValidity>,
    pub(super) is_rejected: bool,
}

impl Broker<'_> {
    /// Asks the API, else the issuer's clock, about a cached token that the local clocks
    /// cannot vouch for (another boot or machine, a snapshot, a wall clock that jumped), or
    /// that may have been revoked for inactivity.
    ///
    /// A mint takes as many round trips. It also takes one of the few tokens that the issuer
    /// grants per minute: a hundred jobs that restore one CI cache would mint one each.
    pub(super) fn revalidate(&self, token: &Token) -> Revalidation {
        let reason = match self.policy().judge(&token.validity, &self.clock.read()) {
            Verdict::Stale(reason) if reason.can_be_revalidated() => reason,
            _ => return Revalidation::default(),
        };
        let is_idle = matches!(reason, StaleReason::Idle { .. });
        let needs_clock = !is_idle;
        if self.policy().newer_than.is_some()
            || (needs_clock && token.validity.issuer_expiry.is_none())
        {
            return Revalidation::default();
        }
        let check =
            if self.verifies() { self.check(&token.access_token).ok().flatten() } else { None };
        if check.as_ref().is_some_and(|check| check.status == TokenStatus::Rejected) {
            self.reporter.info("the API rejected the cached token");
            return Revalidation { fresh: None, is_rejected: true };
        }
        let validity = if needs_clock {
            self.rebased_on_remote_clock(&token.validity, check)
        } else {
            check.map(|check| {
                let mut validity = token.validity.clone();
                self.apply_check(&mut validity, check);
                validity
            })
        };
        let Some(validity) = validity else {
            return Revalidation::default();
        };
        let verdict = self.policy().judge(&validity, &self.clock.read());
        self.reporter.info(messages::revalidated(&verdict));
        let is_fresh = matches!(verdict, Verdict::Fresh { .. });
        Revalidation { fresh: is_fresh.then_some(validity), is_rejected: false }
    }

    /// Prefers the API's clock, since the API judges the token, to the issuer's.
    fn rebased_on_remote_clock(
        &self,
        validity: &TokenValidity,
        check: Option<TokenCheck>,
    ) -> Option<TokenValidity> {
        let (api_clock, used) = check.map_or((None, None), |check| (check.clock, check.used));
        let mut rebased = match api_clock {
            Some(clock) => validity.rebased_on_api(clock),
            None => validity.rebased_on_issuer(self.remote.issuer_clock().ok()??),
        }?;
        rebased.last_use = used.or(rebased.last_use);
        Some(rebased)
    }

    pub(super) fn verifies(&self) -> bool {
        self.settings.verify != Verify::Never && self.settings.issuer.api_url.is_some()
    }
}
