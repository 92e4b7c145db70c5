//! Read the cache, take the lock, read again, mint.

use std::time::Duration;

use super::shared::Obtained;
use super::verify::NewToken;
use super::{Broker, ProvidedToken, TokenOrigin, messages};
use crate::cache::{Entry, Lock, Lookup};
use crate::clock::Reading;
use crate::config::Verify;
use crate::context::Activity;
use crate::error::{Error, Result};
use crate::token::{AccessToken, FreshnessPolicy, Token, TokenValidity, Verdict};

struct TokenCall<'a> {
    entry: &'a Entry<'a>,
    start: Reading,
    seen_at_first: Option<AccessToken>,
    /// A token that the API has rejected, whatever the clocks say of it.
    rejected: Option<AccessToken>,
}

/// The interval at which a waiting process polls the cache. Well under the 100 ms that a
/// person, or 200 processes in a row, would notice.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

impl<'a> TokenCall<'a> {
    fn new(entry: &'a Entry<'a>, start: Reading, first: &Lookup) -> TokenCall<'a> {
        let seen_at_first = match first {
            Lookup::Found(token) => Some(token.access_token.clone()),
            _ => None,
        };
        TokenCall { entry, start, seen_at_first, rejected: None }
    }
}

impl Broker<'_> {
    /// Provides a token that satisfies the freshness policy.
    ///
    /// # Errors
    /// Those of the mint; `Lifetime` if even a new token is too short; `ApiRefused` if the
    /// API rejects even a new one; `Cache` if the cache cannot be used safely.
    pub fn get(&self) -> Result<ProvidedToken> {
        let start = self.clock.read();
        let Some(entry) = self.open_entry() else {
            return self.get_uncached(&start, None);
        };
        let provided = self.get_by_cache(&entry, start);
        self.warn_not_cached(entry.disabled_by());
        provided
    }

    /// Replaces a token that the API has rejected: by the one that another process has
    /// minted since, else by a new one.
    ///
    /// # Errors
    /// Those of [`Broker::get`].
    pub fn replace_rejected(&self, rejected: &AccessToken) -> Result<ProvidedToken> {
        let start = self.clock.read();
        let Some(entry) = self.open_entry() else {
            return self.get_uncached(&start, Some(rejected));
        };
        let replace = || {
            entry.evict(rejected)?;
            let mut call = TokenCall::new(&entry, start, &entry.read()?);
            call.rejected = Some(rejected.clone());
            self.wait_or_mint(&call)
        };
        let provided = replace();
        self.warn_not_cached(entry.disabled_by());
        provided
    }

    fn get_by_cache(&self, entry: &Entry<'_>, start: Reading) -> Result<ProvidedToken> {
        let lookup = entry.read()?;
        self.log_lookup(&lookup);
        let mut call = TokenCall::new(entry, start, &lookup);
        let provided = match self.accept_cached(lookup, &call) {
            Some(provided) => provided,
            None => self.wait_or_mint(&call)?,
        };
        if self.settings.verify != Verify::Always || provided.origin == TokenOrigin::Minted {
            return Ok(provided);
        }
        self.verify_cached(provided, &mut call)
    }

    fn get_uncached(
        &self,
        start: &Reading,
        rejected: Option<&AccessToken>,
    ) -> Result<ProvidedToken> {
        let _activity = self.reporter.activity(messages::GETTING_A_TOKEN);
        match self.share_or_mint(start, rejected, None)? {
            Obtained::Shared(token) => Ok(self.provide_shared(token)),
            Obtained::New(NewToken { unverified_because: Some(error), .. }) => Err(error),
            Obtained::New(NewToken { token, .. }) => self.ensure_min_ttl(token),
        }
    }

    pub(super) fn policy(&self) -> &FreshnessPolicy {
        &self.settings.freshness
    }

    /// Takes the lock, or waits until its holder is done. Waiting processes poll the entry
    /// as well as the lock: they need not queue for it just to learn that the work is done.
    fn wait_or_mint(&self, call: &TokenCall<'_>) -> Result<ProvidedToken> {
        let entry = call.entry;
        let _activity = self.reporter.activity(messages::GETTING_A_TOKEN);
        let mut waited = Duration::ZERO;
        let mut waiting: Option<(String, Activity)> = None;
        loop {
            if let Some(lock) = entry.try_lock()? {
                drop(waiting);
                return self.mint_locked(lock, call);
            }
            if waiting.is_none() {
                let holder = messages::lock_holder(entry);
                let message = messages::waiting_for_lock(&holder);
                self.reporter.debug(&message);
                waiting = Some((holder, self.reporter.activity(message)));
            }
            if waited >= self.settings.cache.lock_timeout {
                return self.serve_stale(messages::lock_timed_out(waited, entry), call);
            }
            self.clock.sleep(POLL_INTERVAL);
            waited += POLL_INTERVAL;
            if let Some(provided) = self.accept_cached(entry.read()?, call) {
                let holder = waiting.map(|(holder, _)| holder).unwrap_or_default();
                self.reporter.debug(messages::took_token(&holder, waited));
                return Ok(provided);
            }
            if let Some(error) = entry.failure_since(&call.start) {
                return self.serve_stale(error, call);
            }
        }
    }

    /// Reads the entry again under the lock, and mints if that is still needed.
    fn mint_locked(&self, lock: Lock<'_>, call: &TokenCall<'_>) -> Result<ProvidedToken> {
        let entry = call.entry;
        let mut lookup = entry.read()?;
        let mut issuer_clock = None;
        let mut rejected = call.rejected.clone();
        if let Lookup::Found(token) = &mut lookup {
            if self.is_new_and_too_short(token, call) {
                return Err(messages::too_short(self.policy(), &token.validity));
            }
            issuer_clock = token.validity.issuer_clock.clone();
            let revalidation = self.revalidate(token);
            if revalidation.is_rejected {
                rejected = Some(token.access_token.clone());
            }
            if let Some(validity) = revalidation.fresh {
                token.validity = validity;
                self.store(&lock, token);
            }
        }
        let (start, seen_at_first) = (call.start.clone(), call.seen_at_first.clone());
        let call = &TokenCall { entry, start, seen_at_first, rejected };
        if let Some(provided) = self.accept_cached(lookup, call) {
            return Ok(provided);
        }
        if let Some(error) = entry.failure_since(&call.start) {
            return self.serve_stale(error, call);
        }
        let shared = self.share_or_mint(&call.start, call.rejected.as_ref(), issuer_clock.as_ref());
        let new = match shared {
            Ok(Obtained::New(new)) => new,
            Ok(Obtained::Shared(token)) => {
                self.store(&lock, &token);
                drop(lock);
                return Ok(self.provide_shared(token));
            }
            Err(error) => {
                lock.record_failure(&error, self.clock.read());
                return self.serve_stale(error, call);
            }
        };
        self.store(&lock, &new.token);
        if let Some(error) = new.unverified_because {
            return Err(error);
        }
        drop(lock);
        let provided = self.ensure_min_ttl(new.token)?;
        if let Some(warning) = messages::short_lifetime(self.policy(), &provided.token.validity) {
            self.reporter.warn(warning);
        }
        Ok(provided)
    }

    /// Returns whether another process has minted the token meanwhile, and another one would be too
    /// short as well.
    fn is_new_and_too_short(&self, token: &Token, call: &TokenCall<'_>) -> bool {
        call.seen_at_first.as_ref() != Some(&token.access_token)
            && !self.policy().accepts_new(&token.validity)
    }

    fn accept_cached(&self, lookup: Lookup, call: &TokenCall<'_>) -> Option<ProvidedToken> {
        let Lookup::Found(token) = lookup else {
            return None;
        };
        let is_rejected = call.rejected.as_ref() == Some(&token.access_token);
        if is_rejected || !self.is_fresh(&token.validity) || self.is_unverified_and_early(&token) {
            return None;
        }
        // The token may have become too short while it was waited for.
        if self.wait_until_valid(&token.validity) && !self.is_fresh(&token.validity) {
            return None;
        }
        Some(ProvidedToken { token: *token, origin: TokenOrigin::Cached })
    }

    /// With `--verify always`, a cached token is provided only if the API accepts it, and
    /// only if it is still good after that request: the API's clock may show that it is too
    /// old, or it may have expired meanwhile. Else exactly that token is evicted and
    /// replaced.
    fn verify_cached(
        &self,
        provided: ProvidedToken,
        call: &mut TokenCall<'_>,
    ) -> Result<ProvidedToken> {
        let ProvidedToken { mut token, origin } = provided;
        if self.is_rejected(&mut token)? {
            self.reporter.warn("the API rejected the cached token: minting another");
        } else if self.is_still_good(origin, &mut token.validity) {
            if let Some(last_use) = &token.validity.last_use {
                self.store_last_use(call.entry, &token.access_token, last_use);
            }
            return Ok(ProvidedToken { token, origin });
        }
        call.entry.evict(&token.access_token)?;
        call.rejected = Some(token.access_token);
        // The replacement needs no further check: it is new, and the process that minted it has
        // verified it.
        self.wait_or_mint(call)
    }

    /// If the local clocks are in doubt, the API's clock, which was just read, decides.
    fn is_still_good(&self, origin: TokenOrigin, validity: &mut TokenValidity) -> bool {
        if origin == TokenOrigin::Stale {
            return self.is_good_enough(validity);
        }
        if let Verdict::Stale(reason) = self.policy().judge(validity, &self.clock.read())
            && reason.can_be_revalidated()
            && let Some(rebased) =
                validity.api_clock.clone().and_then(|api| validity.rebased_on_api(api))
        {
            *validity = rebased;
        }
        self.is_fresh(validity)
    }

    fn provide_shared(&self, token: Token) -> ProvidedToken {
        self.wait_until_valid(&token.validity);
        ProvidedToken { token, origin: TokenOrigin::Cached }
    }

    /// Waits until a new token is valid, and fails if it is too short.
    fn ensure_min_ttl(&self, token: Token) -> Result<ProvidedToken> {
        self.wait_until_valid(&token.validity);
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

    /// Returns whether a token may be provided if there is no better one.
    pub(super) fn is_good_enough(&self, validity: &TokenValidity) -> bool {
        let stale_if_error = || self.policy().stale_if_error(validity, &self.clock.read());
        self.is_fresh(validity) || stale_if_error().is_some()
    }

    /// Waits, at most for the skew, until a JWT is valid (`nbf`). Returns whether that took
    /// any time.
    fn wait_until_valid(&self, validity: &TokenValidity) -> bool {
        if validity.not_before.is_none() {
            return false;
        }
        let now = self.clock.read();
        if let Some(warning) = messages::maybe_too_early(validity, &now, self.policy().skew) {
            self.reporter.warn(warning);
        }
        let wait = validity.wait_before_use(&now, self.policy().skew);
        if wait.is_positive() {
            let message = messages::waiting_until_valid(wait);
            self.reporter.info(&message);
            let _activity = self.reporter.activity(message);
            self.clock.sleep(wait.unsigned_abs());
        }
        wait.is_positive()
    }

    /// Provides the cached token if minting failed for a transient reason and the token
    /// outlives the skew (compare stale-if-error, RFC 5861). Refused credentials are not
    /// transient: the issuer no longer vouches for the client.
    fn serve_stale(&self, error: Error, call: &TokenCall<'_>) -> Result<ProvidedToken> {
        if !error.kind.is_transient() {
            return Err(error);
        }
        let Lookup::Found(token) = call.entry.read()? else {
            return Err(error);
        };
        match self.policy().stale_if_error(&token.validity, &self.clock.read()) {
            Some(remaining) if call.rejected.as_ref() != Some(&token.access_token) => {
                self.reporter.warn(messages::serving_stale(remaining, &error));
                Ok(ProvidedToken { token: *token, origin: TokenOrigin::Stale })
            }
            _ => Err(error),
        }
    }
}
