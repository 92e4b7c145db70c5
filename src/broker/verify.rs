//! Checks a token at the API, and learns the API's clock from the response.

use super::{Broker, messages};
use crate::clock::OffsetEstimate;
use crate::config::Verify;
use crate::context::Verbosity;
use crate::error::{Error, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, Token, TokenValidity};

pub(super) struct NewToken {
    pub(super) token: Token,
    /// With `--verify always`, the reason why the API could not be asked. Such a token is
    /// cached but not provided, so that the next call checks it instead of minting another.
    pub(super) unverified_because: Option<Error>,
}

impl Broker<'_> {
    /// Mints a token that the API accepts; if it rejects the first one, a second.
    pub(super) fn mint_verified(&self, issuer_clock: Option<&OffsetEstimate>) -> Result<NewToken> {
        let mut token = self.remote.mint(issuer_clock)?;
        // A token that is too short is not provided, so it need not be checked.
        if !self.is_good_enough(&token.validity) {
            return Ok(NewToken { token, unverified_because: None });
        }
        if !self.verifies() {
            return match self.too_early(&token) {
                Some(error) => Err(error),
                None => Ok(NewToken { token, unverified_because: None }),
            };
        }
        match self.is_rejected(&mut token) {
            Ok(false) => return Ok(NewToken { token, unverified_because: None }),
            Ok(true) => {}
            Err(error) => return unverified(token, error),
        }
        if let Some(error) = self.too_early(&token) {
            return Err(error);
        }
        self.reporter.warn("the API rejected a new token: minting another");
        let mut token = self.remote.mint(token.validity.issuer_clock.as_ref())?;
        match self.is_rejected(&mut token) {
            Ok(false) => Ok(NewToken { token, unverified_because: None }),
            Ok(true) => Err(messages::rejected(&token.validity)),
            Err(error) => unverified(token, error),
        }
    }

    /// Checks a token at the API; once more after a wait if it is not yet valid by the API's
    /// clock.
    pub(super) fn is_rejected(&self, token: &mut Token) -> Result<bool> {
        let mut status = self.check_and_learn(token)?;
        let wait = token.validity.wait_before_use(&self.clock.read(), self.policy().skew);
        let may_help = wait.is_positive() && self.too_early(token).is_none();
        if status == Some(TokenStatus::Rejected) && may_help {
            self.clock.sleep(wait.unsigned_abs());
            status = self.check_and_learn(token)?;
        }
        match status {
            Some(TokenStatus::Rejected) => Ok(true),
            Some(TokenStatus::Accepted) => Ok(false),
            // Without the API's response, the clocks decide.
            None => self.too_early(token).map_or(Ok(false), Err),
        }
    }

    fn too_early(&self, token: &Token) -> Option<Error> {
        messages::too_early(&token.validity, &self.clock.read(), self.policy().skew)
    }

    /// Returns whether a token that the API was never asked about is not yet valid by the
    /// issuer's own clock.
    pub(super) fn is_unverified_and_early(&self, token: &Token) -> bool {
        token.validity.api_clock.is_none() && self.too_early(token).is_some()
    }

    fn check_and_learn(&self, token: &mut Token) -> Result<Option<TokenStatus>> {
        let Some(check) = self.check(&token.access_token)? else {
            return Ok(None);
        };
        let status = check.status;
        self.apply_check(&mut token.validity, check);
        Ok(Some(status))
    }

    /// Returns `None`, with a warning, if the check failed and is not required.
    ///
    /// # Errors
    /// With `--verify always`, if the check failed.
    pub(super) fn check(&self, token: &AccessToken) -> Result<Option<TokenCheck>> {
        match self.remote.check_token(token) {
            Ok(check) => Ok(Some(check)),
            Err(error) if self.settings.verify == Verify::Always => Err(error),
            Err(error) => {
                self.reporter.warn(messages::not_verified(&error));
                Ok(None)
            }
        }
    }

    pub(super) fn apply_check(&self, validity: &mut TokenValidity, check: TokenCheck) {
        if let Some(clock) = check.clock {
            self.learn_api_clock(validity, clock);
        }
        validity.last_use = check.used.or(validity.last_use.take());
    }

    /// If the API's clock has come further since the last check than the local clocks, those
    /// stood still (a snapshot), and only the API's tells the token's age.
    fn learn_api_clock(&self, validity: &mut TokenValidity, clock: OffsetEstimate) {
        let earlier = validity.api_clock.as_ref();
        if earlier.is_some_and(|earlier| clock.contradicts(earlier))
            && let Some(rebased) = validity.rebased_on_api(clock.clone())
        {
            self.reporter.info(messages::REBASED_ON_API);
            *validity = rebased;
            return;
        }
        validity.api_clock = Some(clock.intersect(earlier));
        self.report_lead(validity);
    }

    fn report_lead(&self, validity: &TokenValidity) {
        let skew = self.policy().skew;
        if let Some(lead) = validity.lead().filter(|lead| lead.max > skew) {
            let is_certain = lead.min > skew;
            let level = if is_certain { Verbosity::Warning } else { Verbosity::Info };
            self.reporter.log(level, messages::lead(&lead, skew));
        }
    }
}

/// A token that the clocks refuse is not worth caching.
fn unverified(token: Token, error: Error) -> Result<NewToken> {
    if error.kind.is_transient() {
        Ok(NewToken { token, unverified_because: Some(error) })
    } else {
        Err(error)
    }
}
