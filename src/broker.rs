//! Get or mint: the cached token where it is known to live long enough, else a
//! new one, with one mint among all processes that ask at once.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use crate::cache::{self, Lock, Lookup, Slot};
use crate::clock::Reading;
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::token::{Demand, MinTtl, Stamp, Token, Verdict};
use crate::world::{Clock, Environment, Level, Talk};

/// Makes a new token: the token endpoint, or a stand-in in a test.
pub trait Mint {
    /// Asks the issuer for a token. Takes its time; called by one process at a
    /// time for each kind of token.
    fn mint(&self) -> Result<Token>;
}

/// Hands out tokens for one set of settings.
pub struct Broker<'a> {
    /// What is asked for, and where it is kept.
    pub settings: &'a Settings,
    /// Where a new one comes from.
    pub mint: &'a dyn Mint,
    /// The clocks.
    pub clock: &'a dyn Clock,
    /// Where decisions are explained.
    pub talk: &'a Talk,
}

/// A token, and how it was come by.
#[derive(Debug)]
pub struct Given {
    /// The token.
    pub token: Token,
    /// How it was come by.
    pub how: How,
}

/// How a token was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was in the cache, and lives long enough.
    Cached,
    /// It was made just now.
    Minted,
    /// It was in the cache, is shorter than wanted, and no other could be had.
    Makeshift,
}

/// How often a waiting process looks again. Well under the 100 ms after which
/// a person, or 200 processes in a row, would notice.
const STEP: Duration = Duration::from_millis(20);

impl Broker<'_> {
    /// A token that satisfies the demand.
    ///
    /// # Errors
    /// Those of the mint; [`Kind::Lifetime`] when even a new token is too
    /// short; [`Kind::Cache`] when the cache cannot be used safely.
    pub fn get(&self) -> Result<Given> {
        let start = self.clock.read();
        let Some(dir) = &self.settings.cache.dir else {
            return self.keep_promise(self.mint.mint()?);
        };
        let slot = Slot::new(dir, self.settings, cache::seal_of(self.settings)?);
        let first = slot.read()?;
        self.explain(&first);
        match self.fresh(first, &start) {
            Some(given) => Ok(given),
            None => self.wait_or_mint(&slot, &start),
        }
    }

    fn demand(&self) -> &Demand {
        &self.settings.demand
    }

    /// Takes the lock, or waits until its holder is done. Those who wait look
    /// at the entry, not only at the lock: they need not line up for it just to
    /// learn that the work is done.
    fn wait_or_mint(&self, slot: &Slot<'_>, start: &Reading) -> Result<Given> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(lock) = slot.try_lock()? {
                return self.miss(slot, lock, start);
            }
            if waited >= self.settings.cache.lock_timeout {
                return self.make_do(slot, self.lock_timed_out(slot));
            }
            self.clock.sleep(STEP);
            waited += STEP;
            if let Some(given) = self.fresh(slot.read()?, &self.clock.read()) {
                return Ok(given);
            }
            if let Some(error) = slot.failure_since(start) {
                return self.make_do(slot, error);
            }
        }
    }

    /// The lock is held: look again, and mint if it is still needed.
    fn miss(&self, slot: &Slot<'_>, lock: Lock<'_>, start: &Reading) -> Result<Given> {
        if let Some(given) = self.fresh(slot.read()?, &self.clock.read()) {
            return Ok(given);
        }
        if let Some(error) = slot.failure_since(start) {
            return self.make_do(slot, error);
        }
        let token = match self.mint.mint() {
            Ok(token) => token,
            Err(error) => {
                lock.record_failure(&error, self.clock.read());
                return self.make_do(slot, error);
            }
        };
        // The token is good even if it cannot be kept.
        if let Err(error) = lock.store(&token) {
            self.talk.warn(format_args!(
                "the token is not cached: {}: {error}",
                slot.file().display()
            ));
        }
        drop(lock);
        self.keep_promise(token)
    }

    /// The token, if it is there and satisfies the demand at `now`.
    fn fresh(&self, lookup: Lookup, now: &Reading) -> Option<Given> {
        let Lookup::Found(token) = lookup else {
            return None;
        };
        if let Verdict::Stale(_) = self.demand().judge(&token.stamp, now) {
            return None;
        }
        self.hold_back(&token.stamp);
        Some(Given {
            token: *token,
            how: How::Cached,
        })
    }

    /// Waits until a JWT is valid, where it is made for a moment to come.
    fn hold_back(&self, stamp: &Stamp) {
        if stamp.not_before.is_none() {
            return;
        }
        let wait = stamp.hold_back(&self.clock.read(), self.demand().skew);
        if wait.is_positive() {
            let wait_text = human(wait);
            self.talk.say(
                Level::Info,
                format_args!("held back: valid only in {wait_text}"),
            );
            self.clock.sleep(wait.unsigned_abs());
        }
    }

    /// A new token, once it is known to be good enough, and valid already.
    fn keep_promise(&self, token: Token) -> Result<Given> {
        self.hold_back(&token.stamp);
        let now = self.clock.read();
        let fresh = matches!(
            self.demand().judge(&token.stamp, &now),
            Verdict::Fresh { .. }
        );
        if !fresh && self.demand().makeshift(&token.stamp, &now).is_none() {
            return Err(too_short(self.demand(), &token.stamp));
        }
        self.talk.say(
            Level::Info,
            format_args!("minted: lives {}", human(token.stamp.lifetime)),
        );
        self.warn_if_short(&token.stamp);
        Ok(Given {
            token,
            how: How::Minted,
        })
    }

    /// The soft window: when the issuer is out of reach, a token that is too
    /// short by default but still alive is better than none. Refused
    /// credentials are no such case: then the issuer no longer vouches for the
    /// client.
    fn make_do(&self, slot: &Slot<'_>, error: Error) -> Result<Given> {
        if !error.kind.is_passing() {
            return Err(error);
        }
        let Lookup::Found(token) = slot.read()? else {
            return Err(error);
        };
        let Some(remaining) = self.demand().makeshift(&token.stamp, &self.clock.read()) else {
            return Err(error);
        };
        let cause = error
            .cause
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        self.talk.warn(format_args!(
            "using the cached token, which lives {} more, because {}{cause}",
            human(remaining),
            error.what,
        ));
        Ok(Given {
            token: *token,
            how: How::Makeshift,
        })
    }

    fn lock_timed_out(&self, slot: &Slot<'_>) -> Error {
        let waited = SignedDuration::try_from(self.settings.cache.lock_timeout).unwrap_or_default();
        let holder = slot.holder().map(|pid| format!("process {pid}"));
        let holder = holder.as_deref().unwrap_or("another process");
        Error::new(
            Kind::Cache,
            format!("waited {} for {holder}, which is minting", human(waited)),
        )
        .why(format!("it holds the lock of {}", slot.file().display()))
        .hint("see whether it hangs; wait longer with --lock-timeout, or go without: --no-cache")
    }

    fn explain(&self, lookup: &Lookup) {
        match lookup {
            Lookup::Absent => self.talk.say(Level::Info, "no token in the cache"),
            Lookup::Unusable(why) => {
                self.talk
                    .warn(format_args!("the cached entry is not used: {why}"));
            }
            Lookup::Found(token) if self.talk.says(Level::Info) => {
                let verdict = self.demand().judge(&token.stamp, &self.clock.read());
                self.talk
                    .say(Level::Info, format_args!("cached token: {verdict}"));
            }
            Lookup::Found(_) => {}
        }
    }

    fn warn_if_short(&self, stamp: &Stamp) {
        let wanted = self.demand().wanted(stamp.lifetime);
        if let MinTtl::Default(default) = self.demand().min_ttl
            && wanted < default
        {
            self.talk.warn(format_args!(
                "the issuer's tokens live {}: reused while {} are left, not the default {} \
                 (raise 'Token Duration' of the OAuth client, or set --min-ttl)",
                human(stamp.lifetime),
                human(wanted),
                human(default)
            ));
        }
    }
}

/// Even a new token cannot keep the promise.
fn too_short(demand: &Demand, stamp: &Stamp) -> Error {
    let lifetime = human(stamp.lifetime);
    let skew = human(demand.skew);
    let what = match demand.min_ttl {
        MinTtl::Explicit(wanted) => {
            format!(
                "no token can be had that lives {} after a skew of {skew}",
                human(wanted)
            )
        }
        MinTtl::Default(_) => format!("a new token does not outlive the skew of {skew}"),
    };
    Error::new(Kind::Lifetime, what)
        .why(format!(
            "the issuer's tokens live {lifetime}, counted from the request"
        ))
        .hint(
            "raise 'Token Duration' of the OAuth client (Genesys Cloud: Admin > Integrations > \
             OAuth, 300 to 172800 seconds), or lower --min-ttl or --skew",
        )
}

/// Mints at the token endpoint.
pub struct Endpoint<'a> {
    /// Whom to ask, and how.
    pub settings: &'a Settings,
    /// Decides about proxies and trusted certificates.
    pub env: &'a Environment,
    /// The clocks to measure with.
    pub clock: &'a dyn Clock,
    /// Where retries are explained.
    pub talk: &'a Talk,
}

impl Mint for Endpoint<'_> {
    fn mint(&self) -> Result<Token> {
        let secret: SecretString = self.settings.client.secret.get(self.clock)?;
        let request = crate::endpoint::TokenRequest {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client.id,
            client_secret: &secret,
            auth: self.settings.client.auth,
        };
        crate::endpoint::mint(
            self.env,
            &request,
            &self.settings.network,
            self.clock,
            self.talk,
        )
    }
}

#[cfg(test)]
mod tests;
