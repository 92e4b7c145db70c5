//! Get or mint: the cached token where it is known to live long enough, else a
//! new one, with one mint among all processes that ask at once.

mod cached;
pub(crate) mod messages;
mod remote;
mod verify;

use std::time::Duration;

use crate::cache::{Entry, Lock, Lookup};
use crate::clock::Reading;
use crate::config::{Settings, Verify};
use crate::context::{Clock, Context, Reporter};
use crate::error::{Error, Result};
use crate::token::{AccessToken, FreshnessPolicy, Token, TokenValidity, Verdict};

pub use remote::{NetworkRemote, Remote};
use verify::Rescue;

/// A token for these settings, from the cache or over the network.
///
/// # Errors
/// Those of [`Broker::get`].
pub fn get_token(settings: &Settings, context: &Context) -> Result<ProvidedToken> {
    let remote = &NetworkRemote { settings, context };
    let (clock, reporter) = (&*context.clock, &*context.reporter);
    Broker { settings, remote, clock, reporter }.get()
}

/// Hands out tokens for one set of settings.
pub struct Broker<'a> {
    /// What is asked for, and where it is kept.
    pub settings: &'a Settings,
    /// The issuer and the API.
    pub remote: &'a dyn Remote,
    /// The clocks.
    pub clock: &'a dyn Clock,
    /// Where decisions are explained.
    pub reporter: &'a Reporter,
}

/// A token, and how it was come by.
#[derive(Debug)]
pub struct ProvidedToken {
    /// The token.
    pub token: Token,
    /// How it was come by.
    pub origin: TokenOrigin,
}

/// How a token was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    /// It was in the cache, and lives long enough.
    Cached,
    /// It was made just now.
    Minted,
    /// It was in the cache, is shorter than wanted, and no other could be had.
    Stale,
}

/// One call of [`Broker::get`].
struct Errand<'a> {
    entry: &'a Entry<'a>,
    start: Reading,
    /// A token that the API has refused: no good, whatever the clocks say.
    refused: Option<AccessToken>,
}

/// How often a waiting process looks again. Well under the 100 ms after which
/// a person, or 200 processes in a row, would notice.
const STEP: Duration = Duration::from_millis(20);

impl Broker<'_> {
    /// A token that satisfies the demand.
    ///
    /// # Errors
    /// Those of the mint; `Lifetime` when even a new token is too short;
    /// `ApiRefused` when the API refuses even a new one; `Cache` when the cache
    /// cannot be used safely.
    pub fn get(&self) -> Result<ProvidedToken> {
        let start = self.clock.read();
        let Some(entry) = self.entry() else {
            return self.without_cache();
        };
        let given = self.get_by(&entry, start);
        self.tell_trouble(entry.disabled_by());
        given
    }

    fn get_by(&self, entry: &Entry<'_>, start: Reading) -> Result<ProvidedToken> {
        let first = entry.read()?;
        self.explain(&first);
        let mut errand = Errand { entry, start, refused: None };
        let given = match self.fresh(first, &errand) {
            Some(given) => given,
            None => self.wait_or_mint(&errand)?,
        };
        if self.settings.verify != Verify::Always || given.origin == TokenOrigin::Minted {
            return Ok(given);
        }
        self.double_check(given, &mut errand)
    }

    /// Another token in place of one that the API has refused: the one that
    /// another process has made by now, else a new one.
    ///
    /// # Errors
    /// Those of [`Broker::get`].
    pub fn replace(&self, refused: &AccessToken) -> Result<ProvidedToken> {
        let start = self.clock.read();
        let Some(entry) = self.entry() else {
            return self.without_cache();
        };
        let errand = Errand { entry: &entry, start, refused: Some(refused.clone()) };
        let given = entry.evict(refused).and_then(|_| self.wait_or_mint(&errand));
        self.tell_trouble(entry.disabled_by());
        given
    }

    fn without_cache(&self) -> Result<ProvidedToken> {
        match self.new_token(None)? {
            (token, None) => self.keep_promise(token),
            (_, Some(error)) => Err(error),
        }
    }

    fn policy(&self) -> &FreshnessPolicy {
        &self.settings.freshness
    }

    /// Takes the lock, or waits until its holder is done. Those who wait look
    /// at the entry, not only at the lock: they need not line up for it just to
    /// learn that the work is done.
    fn wait_or_mint(&self, errand: &Errand<'_>) -> Result<ProvidedToken> {
        let entry = errand.entry;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(lock) = entry.try_lock()? {
                return self.miss(lock, errand);
            }
            if waited >= self.settings.cache.lock_timeout {
                return self.make_do(messages::lock_timed_out(waited, entry), errand);
            }
            self.clock.sleep(STEP);
            waited += STEP;
            if let Some(given) = self.fresh(entry.read()?, errand) {
                return Ok(given);
            }
            if let Some(error) = entry.failure_since(&errand.start) {
                return self.make_do(error, errand);
            }
        }
    }

    /// The lock is held: look again, and mint if it is still needed.
    fn miss(&self, lock: Lock<'_>, errand: &Errand<'_>) -> Result<ProvidedToken> {
        let entry = errand.entry;
        let mut found = entry.read()?;
        let mut known = None;
        let mut refused = errand.refused.clone();
        if let Lookup::Found(token) = &mut found {
            known = token.validity.issuer_clock.clone();
            match self.rescue(token) {
                Rescue::Fresh(rescued) => {
                    self.keep(&lock, &rescued);
                    *token = rescued;
                }
                Rescue::Refused => refused = Some(token.access_token.clone()),
                Rescue::Failed => {}
            }
        }
        let errand = &Errand { entry, start: errand.start.clone(), refused };
        if let Some(given) = self.fresh(found, errand) {
            return Ok(given);
        }
        if let Some(error) = entry.failure_since(&errand.start) {
            return self.make_do(error, errand);
        }
        let (token, no_verdict) = match self.new_token(known.as_ref()) {
            Ok(minted) => minted,
            Err(error) => {
                lock.record_failure(&error, self.clock.read());
                return self.make_do(error, errand);
            }
        };
        self.keep(&lock, &token);
        if let Some(error) = no_verdict {
            return Err(error);
        }
        drop(lock);
        let given = self.keep_promise(token)?;
        if let Some(warning) = messages::short(self.policy(), &given.token.validity) {
            self.reporter.warn(warning);
        }
        Ok(given)
    }

    /// The token, if it is there and satisfies the demand now.
    fn fresh(&self, lookup: Lookup, errand: &Errand<'_>) -> Option<ProvidedToken> {
        let Lookup::Found(token) = lookup else {
            return None;
        };
        let refused = errand.refused.as_ref() == Some(&token.access_token);
        if refused || !self.is_fresh(&token.validity) || self.is_unasked_and_too_early(&token) {
            return None;
        }
        // Time that it is held back is time that it does not live.
        if self.hold_back(&token.validity) && !self.is_fresh(&token.validity) {
            return None;
        }
        Some(ProvidedToken { token: *token, origin: TokenOrigin::Cached })
    }

    /// With `--verify always`, a cached token is handed out only when the API
    /// accepts it, and does not show by its clock that the token is too old, or
    /// has expired while the request was under way; else exactly that one is
    /// evicted, and a new one made.
    fn double_check(&self, given: ProvidedToken, errand: &mut Errand<'_>) -> Result<ProvidedToken> {
        let ProvidedToken { mut token, origin } = given;
        if self.is_refused(&mut token)? {
            self.reporter.warn("the API refuses the cached token: making another");
        } else if self.is_still(origin, &token.validity) {
            if let Some(used) = &token.validity.last_use {
                self.keep_use(errand.entry, &token.access_token, used);
            }
            return Ok(ProvidedToken { token, origin });
        }
        errand.entry.evict(&token.access_token)?;
        errand.refused = Some(token.access_token);
        // Either it is new, or another process was faster: both have asked the
        // API about it.
        self.wait_or_mint(errand)
    }

    /// A new token, once it is known to be good enough, and valid already.
    fn keep_promise(&self, token: Token) -> Result<ProvidedToken> {
        self.hold_back(&token.validity);
        if !self.is_good_enough(&token.validity) {
            return Err(messages::too_short(self.policy(), &token.validity));
        }
        self.reporter.info(messages::minted(&token.validity));
        Ok(ProvidedToken { token, origin: TokenOrigin::Minted })
    }

    fn is_fresh(&self, validity: &TokenValidity) -> bool {
        let verdict = self.policy().judge(validity, &self.clock.read());
        matches!(verdict, Verdict::Fresh { .. })
    }

    /// Whether a token can be handed out where no better one can be had.
    fn is_good_enough(&self, validity: &TokenValidity) -> bool {
        let makeshift = || self.policy().stale_if_error(validity, &self.clock.read());
        self.is_fresh(validity) || makeshift().is_some()
    }

    /// Returns whether a cached token may still be handed out in the way that was decided
    /// before the API was asked.
    fn is_still(&self, origin: TokenOrigin, validity: &TokenValidity) -> bool {
        match origin {
            TokenOrigin::Stale => self.is_good_enough(validity),
            TokenOrigin::Cached | TokenOrigin::Minted => self.is_fresh(validity),
        }
    }

    /// Waits until a JWT is valid, where it is made for a moment to come.
    /// Returns whether that took any time.
    fn hold_back(&self, validity: &TokenValidity) -> bool {
        if validity.not_before.is_none() {
            return false;
        }
        let now = self.clock.read();
        if let Some(warning) = messages::maybe_too_early(validity, &now, self.policy().skew) {
            self.reporter.warn(warning);
        }
        let wait = validity.wait_before_use(&now, self.policy().skew);
        if wait.is_positive() {
            self.reporter.info(messages::held_back(wait));
            self.clock.sleep(wait.unsigned_abs());
        }
        wait.is_positive()
    }

    /// The soft window: when the issuer is out of reach, a token that is too
    /// short by default but still alive is better than none. Refused
    /// credentials are no such case: then the issuer no longer vouches for the
    /// client.
    fn make_do(&self, error: Error, errand: &Errand<'_>) -> Result<ProvidedToken> {
        if !error.kind.is_transient() {
            return Err(error);
        }
        let Lookup::Found(token) = errand.entry.read()? else {
            return Err(error);
        };
        match self.policy().stale_if_error(&token.validity, &self.clock.read()) {
            Some(remaining) if errand.refused.as_ref() != Some(&token.access_token) => {
                self.reporter.warn(messages::makeshift(remaining, &error));
                Ok(ProvidedToken { token: *token, origin: TokenOrigin::Stale })
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
