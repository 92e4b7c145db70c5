//! What remote clocks and the API say of a token, before it is handed out.

use super::{Broker, words};
use crate::api::{Answer, Opinion};
use crate::clock::Measure;
use crate::error::{Error, Result};
use crate::settings::Verify;
use crate::token::{Stamp, Token, Verdict};
use crate::world::Level;

impl Broker<'_> {
    /// A cached token that the local clocks cannot vouch for (another boot or
    /// machine, a snapshot, a wall clock that jumped): one request shows
    /// whether it is good after all.
    ///
    /// A mint takes as many round trips as that request. What it costs besides
    /// is one of the few tokens that the issuer allows in a minute: a hundred
    /// jobs that restore one CI cache would each make their own.
    pub(super) fn rescue(&self, token: &Token) -> Option<Token> {
        match self.demand().judge(&token.stamp, &self.clock.read()) {
            Verdict::Stale(why) if why.is_doubtful() && self.demand().newer_than.is_none() => {
                token.stamp.ends?;
            }
            _ => return None,
        }
        let stamp = self.evidence(token)?;
        let verdict = self.demand().judge(&stamp, &self.clock.read());
        self.talk.say(Level::Info, format_args!("by a remote clock: {verdict}"));
        let Verdict::Fresh { .. } = verdict else {
            return None;
        };
        Some(Token { stamp, ..token.clone() })
    }

    /// What the API's clock, else the issuer's, says of a token's life. The
    /// API is asked first: it judges the token, and shows its clock with it.
    fn evidence(&self, token: &Token) -> Option<Stamp> {
        if self.verifies() {
            match self.remote.ask_api(&token.access_token) {
                Ok(Answer { opinion: Opinion::Refused, .. }) => return None,
                Ok(Answer { clock: Some(clock), .. }) => {
                    return token.stamp.carried_by_api(clock);
                }
                Ok(Answer { clock: None, .. }) | Err(_) => {}
            }
        }
        let clock = self.remote.issuer_clock().ok()??;
        token.stamp.carried_by_issuer(clock)
    }

    fn verifies(&self) -> bool {
        self.settings.verify != Verify::Never && self.settings.issuer.api_url.is_some()
    }

    /// A new token that the API accepts; a second one, should it refuse the
    /// first.
    pub(super) fn new_token(&self, known: Option<&Measure>) -> Result<Token> {
        let mut token = self.remote.mint(known)?;
        // Nobody gets a token that is too short: its fate does not matter.
        if !self.is_good_enough(&token.stamp) {
            return Ok(token);
        }
        if !self.verifies() {
            return self.too_early(&token).map_or(Ok(token), Err);
        }
        if self.is_refused(&mut token)? {
            if let Some(error) = self.too_early(&token) {
                return Err(error);
            }
            self.talk.warn("the API refuses a token that was made just now: making another");
            token = self.remote.mint(token.stamp.issuer.as_ref())?;
            if self.is_refused(&mut token)? {
                return Err(words::refused(&token.stamp));
            }
        }
        Ok(token)
    }

    /// Asks the API about a token, and learns its clock. A token that is not
    /// valid yet by that clock gets a second chance.
    pub(super) fn is_refused(&self, token: &mut Token) -> Result<bool> {
        let mut opinion = self.ask(token)?;
        let wait = token.stamp.hold_back(&self.clock.read(), self.demand().skew);
        let may_help = wait.is_positive() && self.too_early(token).is_none();
        if opinion == Some(Opinion::Refused) && may_help {
            self.clock.sleep(wait.unsigned_abs());
            opinion = self.ask(token)?;
        }
        match opinion {
            Some(Opinion::Refused) => Ok(true),
            Some(Opinion::Accepted) => Ok(false),
            // Then the clocks have to be believed.
            Some(Opinion::Unclear(_)) | None => self.too_early(token).map_or(Ok(false), Err),
        }
    }

    fn too_early(&self, token: &Token) -> Option<Error> {
        words::too_early(&token.stamp, &self.clock.read(), self.demand().skew)
    }

    /// Whether a token that the API was never asked about is valid only later, by the
    /// issuer's own clock.
    pub(super) fn is_unasked_and_too_early(&self, token: &Token) -> bool {
        token.stamp.api.is_none() && self.too_early(token).is_some()
    }

    /// `None` when the API cannot be reached, and need not be.
    fn ask(&self, token: &mut Token) -> Result<Option<Opinion>> {
        let answer = match self.remote.ask_api(&token.access_token) {
            Ok(answer) => answer,
            Err(error) if self.settings.verify == Verify::Always => return Err(error),
            Err(error) => {
                let cause = error.cause.as_deref().unwrap_or(&error.what);
                self.talk.warn(format_args!("the API was not asked about the token: {cause}"));
                return Ok(None);
            }
        };
        if let Some(clock) = answer.clock {
            self.learn(&mut token.stamp, clock);
        }
        Ok(Some(answer.opinion))
    }

    /// Takes in what the API's clock shows. Where it cannot have come so far
    /// since it was seen last, the local clocks stood still (a snapshot), and
    /// only the API's tells how old the token is.
    fn learn(&self, stamp: &mut Stamp, clock: Measure) {
        let earlier = stamp.api.as_ref();
        if earlier.is_some_and(|earlier| clock.contradicts(earlier))
            && let Some(carried) = stamp.carried_by_api(clock.clone())
        {
            self.talk.say(Level::Info, words::STOOD_STILL);
            *stamp = carried;
            return;
        }
        stamp.api = Some(clock.join(earlier));
        self.tell_lead(stamp);
    }

    /// Says that the skew which was asked for is not enough.
    fn tell_lead(&self, stamp: &Stamp) {
        if let Some(lead) = stamp.lead().filter(|lead| lead.max > self.demand().skew) {
            // Proved, or only not to be ruled out.
            let proved = lead.min > self.demand().skew;
            let level = if proved { Level::Warning } else { Level::Info };
            self.talk.say(level, words::lead(&lead, self.demand().skew));
        }
    }
}
