//! What remote clocks and the API say of a token, before it is handed out.

use super::{Broker, messages};
use crate::clock::OffsetEstimate;
use crate::config::Verify;
use crate::context::Verbosity;
use crate::error::{Error, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, StaleReason, Token, TokenValidity, Verdict};

/// The result of asking about a cached token.
pub(super) enum Rescue {
    /// The token is good after all.
    Fresh(Box<Token>),
    /// The API refuses it.
    Refused,
    /// The token is not known to be good, or nobody was asked.
    Failed,
}

impl Broker<'_> {
    /// A cached token that the local clocks cannot vouch for (another boot or
    /// machine, a snapshot, a wall clock that jumped), or that may have been
    /// revoked for want of calls: one request shows whether it is good after all.
    ///
    /// A mint takes as many round trips as that request. What it costs besides
    /// is one of the few tokens that the issuer allows in a minute: a hundred
    /// jobs that restore one CI cache would each make their own.
    pub(super) fn rescue(&self, token: &Token) -> Rescue {
        let why = match self.policy().judge(&token.validity, &self.clock.read()) {
            Verdict::Stale(why)
                if why.can_be_revalidated() && self.policy().newer_than.is_none() =>
            {
                why
            }
            _ => return Rescue::Failed,
        };
        let is_idle = matches!(why, StaleReason::Idle { .. });
        if !is_idle && token.validity.issuer_expiry.is_none() {
            return Rescue::Failed;
        }
        let answer = match self.verifies() {
            true => self.verdict(&token.access_token).ok().flatten(),
            false => None,
        };
        if answer.as_ref().is_some_and(|answer| answer.status == TokenStatus::Rejected) {
            self.reporter.info("the API refuses the cached token");
            return Rescue::Refused;
        }
        let validity = match (is_idle, answer) {
            (true, None) => None,
            (true, Some(answer)) => {
                let mut validity = token.validity.clone();
                self.take_in(&mut validity, answer);
                Some(validity)
            }
            (false, answer) => self.by_remote_clock(&token.validity, answer),
        };
        let Some(validity) = validity else {
            return Rescue::Failed;
        };
        let verdict = self.policy().judge(&validity, &self.clock.read());
        self.reporter.info(format_args!("after asking about it: {verdict}"));
        match verdict {
            Verdict::Fresh { .. } => Rescue::Fresh(Box::new(Token { validity, ..token.clone() })),
            Verdict::Stale(_) => Rescue::Failed,
        }
    }

    /// Judges a token's life by the API's clock, else by the issuer's. The API is asked
    /// first: it judges the token, and shows its clock with it.
    fn by_remote_clock(
        &self,
        validity: &TokenValidity,
        answer: Option<TokenCheck>,
    ) -> Option<TokenValidity> {
        let (clock, used) = answer.map_or((None, None), |answer| (answer.clock, answer.used));
        let mut carried = match clock {
            Some(clock) => validity.rebased_on_api(clock),
            None => validity.rebased_on_issuer(self.remote.issuer_clock().ok()??),
        }?;
        carried.last_use = used.or(carried.last_use);
        Some(carried)
    }

    fn verifies(&self) -> bool {
        self.settings.verify != Verify::Never && self.settings.issuer.api_url.is_some()
    }

    /// A new token that the API accepts; a second one, should it refuse the
    /// first.
    ///
    /// With `--verify always`, a token that gets no verdict comes with the error
    /// that says so: it is not handed out, but kept, so that the next attempt asks
    /// about it and does not make yet another one.
    pub(super) fn new_token(
        &self,
        known: Option<&OffsetEstimate>,
    ) -> Result<(Token, Option<Error>)> {
        let mut token = self.remote.mint(known)?;
        // Nobody gets a token that is too short: its fate does not matter.
        if !self.is_good_enough(&token.validity) {
            return Ok((token, None));
        }
        if !self.verifies() {
            return self.too_early(&token).map_or(Ok((token, None)), Err);
        }
        match self.is_refused(&mut token) {
            Ok(false) => return Ok((token, None)),
            Ok(true) => {}
            Err(error) => return unverified(token, error),
        }
        if let Some(error) = self.too_early(&token) {
            return Err(error);
        }
        self.reporter.warn("the API refuses a token that was made just now: making another");
        let mut token = self.remote.mint(token.validity.issuer_clock.as_ref())?;
        match self.is_refused(&mut token) {
            Ok(false) => Ok((token, None)),
            Ok(true) => Err(messages::refused(&token.validity)),
            Err(error) => unverified(token, error),
        }
    }

    /// Asks the API about a token, and learns its clock. A token that is not
    /// valid yet by that clock gets a second chance.
    pub(super) fn is_refused(&self, token: &mut Token) -> Result<bool> {
        let mut status = self.ask(token)?;
        let wait = token.validity.wait_before_use(&self.clock.read(), self.policy().skew);
        let may_help = wait.is_positive() && self.too_early(token).is_none();
        if status == Some(TokenStatus::Rejected) && may_help {
            self.clock.sleep(wait.unsigned_abs());
            status = self.ask(token)?;
        }
        match status {
            Some(TokenStatus::Rejected) => Ok(true),
            Some(TokenStatus::Accepted) => Ok(false),
            // Then the clocks have to be believed.
            None => self.too_early(token).map_or(Ok(false), Err),
        }
    }

    fn too_early(&self, token: &Token) -> Option<Error> {
        messages::too_early(&token.validity, &self.clock.read(), self.policy().skew)
    }

    /// Returns whether a token that the API was never asked about is valid only later, by the
    /// issuer's own clock.
    pub(super) fn is_unasked_and_too_early(&self, token: &Token) -> bool {
        token.validity.api_clock.is_none() && self.too_early(token).is_some()
    }

    /// Asks the API, and takes in what its answer shows besides. `None` where it
    /// gives no verdict, and need not.
    fn ask(&self, token: &mut Token) -> Result<Option<TokenStatus>> {
        let answer = self.verdict(&token.access_token)?;
        Ok(answer.map(|answer| {
            let status = answer.status;
            self.take_in(&mut token.validity, answer);
            status
        }))
    }

    /// The API's verdict. `None`, with a warning, where there is none and need not
    /// be.
    ///
    /// # Errors
    /// With `--verify always`, when there is none.
    fn verdict(&self, token: &AccessToken) -> Result<Option<TokenCheck>> {
        match self.remote.check_token(token) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if self.settings.verify == Verify::Always => Err(error),
            Err(error) => {
                self.reporter.warn(messages::no_verdict(&error));
                Ok(None)
            }
        }
    }

    fn take_in(&self, validity: &mut TokenValidity, answer: TokenCheck) {
        if let Some(clock) = answer.clock {
            self.learn(validity, clock);
        }
        validity.last_use = answer.used.or(validity.last_use.take());
    }

    /// Takes in what the API's clock shows. Where it cannot have come so far
    /// since it was seen last, the local clocks stood still (a snapshot), and
    /// only the API's tells how old the token is.
    fn learn(&self, validity: &mut TokenValidity, clock: OffsetEstimate) {
        let earlier = validity.api_clock.as_ref();
        if earlier.is_some_and(|earlier| clock.contradicts(earlier))
            && let Some(carried) = validity.rebased_on_api(clock.clone())
        {
            self.reporter.info(messages::STOOD_STILL);
            *validity = carried;
            return;
        }
        validity.api_clock = Some(clock.intersect(earlier));
        self.tell_lead(validity);
    }

    /// Says that the skew which was asked for is not enough.
    fn tell_lead(&self, validity: &TokenValidity) {
        if let Some(lead) = validity.lead().filter(|lead| lead.max > self.policy().skew) {
            // Proved, or only not to be ruled out.
            let proved = lead.min > self.policy().skew;
            let level = if proved { Verbosity::Warning } else { Verbosity::Info };
            self.reporter.log(level, messages::lead(&lead, self.policy().skew));
        }
    }
}

/// A new token about which the API gave no verdict; one that the clocks refuse is
/// not worth keeping.
fn unverified(token: Token, error: Error) -> Result<(Token, Option<Error>)> {
    match error.kind.is_transient() {
        true => Ok((token, Some(error))),
        false => Err(error),
    }
}
