//! Revokes the tokens of a client in the cache and in the store, in all slots of its pool.

mod stored;

use std::time::Duration;

use super::{NetworkRemote, Remote};
use crate::cache::{self, Entry, Lookup};
use crate::config::Settings;
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};
use crate::oauth::{RATE_LIMIT_WAIT, RevocationEndpoint};
use crate::token::AccessToken;

use stored::TokensInStore;

pub struct CachedRevocation {
    pub revoked: usize,
    /// The one that tells most comes last. A token that could not be revoked stays where it was.
    pub failures: Vec<Error>,
}

struct CachedToken {
    access_token: AccessToken,
    /// With the slot of the token.
    settings: Settings,
}

/// A token that both hold is revoked once.
#[derive(Default)]
struct RevocableTokens<'a> {
    cached: Vec<CachedToken>,
    stored: TokensInStore<'a>,
}

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Takes the tokens out of the store, revokes each at the API, and evicts it from the cache. Mints
/// none, and revokes none if the store cannot be changed. `pool` is the number of slots of the
/// store that are looked at in any case.
///
/// # Errors
/// `Configuration` without an API, `Cache` if the cache cannot be used.
pub fn revoke_cached(
    settings: &Settings,
    pool: u32,
    context: &Context,
) -> Result<CachedRevocation> {
    let api_url = settings.issuer.api_url.clone().ok_or_else(no_api)?;
    if let Some(error) = settings.cache.missing_directory().filter(|_| settings.store.is_none()) {
        return Err(error);
    }
    let endpoint = RevocationEndpoint::new(api_url, settings.network.clone(), context.clone());
    let mut failures = Vec::new();
    let mut cached = Vec::new();
    let slots = cache::occupied_slots(settings)?;
    for slot in &slots {
        match read_slot(settings, *slot) {
            Ok(token) => cached.extend(token),
            Err(error) => failures.push(error),
        }
    }
    let pool = slots.last().map_or(pool, |last| pool.max(last + 1));
    let revoke = |tokens: &RevocableTokens<'_>, mut failures: Vec<Error>| {
        let revoked =
            tokens.revoke(&endpoint, settings.network.timeout, &*context.clock, &mut failures);
        CachedRevocation { revoked, failures }
    };
    if settings.store.is_none() {
        return Ok(revoke(&RevocableTokens { cached, ..RevocableTokens::default() }, failures));
    }
    let secret = NetworkRemote::new(settings, context).client_secret()?;
    let revocation = super::with_store_client(settings, context, &secret, |client| {
        match TokensInStore::take(client, pool, &mut failures) {
            Ok(stored) => revoke(&RevocableTokens { cached, stored }, failures),
            Err(error) => CachedRevocation::refused(failures, error),
        }
    });
    Ok(revocation.expect("a store is set"))
}

impl RevocableTokens<'_> {
    /// Returns the number of tokens that were revoked.
    fn revoke(
        &self,
        endpoint: &RevocationEndpoint,
        timeout: Duration,
        clock: &dyn Clock,
        failures: &mut Vec<Error>,
    ) -> usize {
        let mut tokens: Vec<&AccessToken> = Vec::new();
        let cached = self.cached.iter().map(|token| &token.access_token);
        for token in cached.chain(self.stored.access_tokens()) {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        let tokens: Vec<AccessToken> = tokens.into_iter().cloned().collect();
        let results = endpoint.revoke_all(&tokens, timeout, RATE_LIMIT_WAIT);
        let (mut revoked, mut refused) = (0, Vec::new());
        for (token, result) in tokens.iter().zip(results) {
            match result {
                Ok(()) => {
                    revoked += 1;
                    failures.extend(self.evict(token, clock));
                }
                Err(error) => refused.push(error.with_hint(self.keep(token))),
            }
        }
        failures.extend(counted_once(refused));
        revoked
    }

    fn evict(&self, revoked: &AccessToken, clock: &dyn Clock) -> Vec<Error> {
        let held = self.cached.iter().filter(|token| token.access_token == *revoked);
        held.filter_map(|token| token.evict(clock).err()).collect()
    }

    /// Leaves a token that could not be revoked where it can be found again, and returns a hint
    /// that says where.
    fn keep(&self, token: &AccessToken) -> &'static str {
        let is_cached = self.cached.iter().any(|cached| cached.access_token == *token);
        match (is_cached, self.stored.put_back(token)) {
            (true, _) => CACHED_HINT,
            (false, true) => STORED_HINT,
            (false, false) => "it is no longer in the store, and valid until it expires",
        }
    }
}

/// Joins equal errors, such as those of an API that cannot be reached.
fn counted_once(errors: Vec<Error>) -> Vec<Error> {
    let mut different: Vec<(Error, usize)> = Vec::new();
    for error in errors {
        match different.iter_mut().find(|(known, _)| *known == error) {
            Some((_, count)) => *count += 1,
            None => different.push((error, 1)),
        }
    }
    let with_count = |(error, count): (Error, usize)| match count {
        1 => error,
        _ => Error { message: format!("{} ({count} tokens)", error.message), ..error },
    };
    different.into_iter().map(with_count).collect()
}

const CACHED_HINT: &str = "the token is still cached, so that 'gc-token revoke' can be tried again; \
                           otherwise it is valid until it expires";

const STORED_HINT: &str = "the token is still in the store, so that 'gc-token revoke' can be tried \
                           again; otherwise it is valid until it expires";

fn read_slot(settings: &Settings, slot: u32) -> Result<Option<CachedToken>> {
    let mut settings = settings.clone();
    settings.cache.slot = slot;
    // A cache that is unusable may hold a token, so that is no reason to go on without it.
    settings.cache.was_named = true;
    let Some(entry) = Entry::of(&settings) else {
        return Ok(None);
    };
    if let Some(error) = entry.disabled_by() {
        return Err(error.clone());
    }
    match entry.read()? {
        Lookup::Absent => Ok(None),
        Lookup::Unusable(reason) => Err(unreadable(&entry, reason)),
        Lookup::Found(token) => {
            let access_token = token.access_token;
            drop(entry);
            Ok(Some(CachedToken { access_token, settings }))
        }
    }
}

impl CachedToken {
    /// Waits for a process that is minting, which may be about to read the entry again.
    fn evict(&self, clock: &dyn Clock) -> Result<()> {
        let Some(entry) = Entry::of(&self.settings) else {
            return Ok(());
        };
        let mut waited = Duration::ZERO;
        loop {
            if entry.evict(&self.access_token)? {
                return Ok(());
            }
            match entry.read()? {
                Lookup::Found(token) if token.access_token == self.access_token => {}
                _ => return Ok(()),
            }
            if waited >= self.settings.cache.lock_timeout {
                return Err(still_cached(&entry));
            }
            clock.sleep(POLL_INTERVAL);
            waited += POLL_INTERVAL;
        }
    }
}

fn no_api() -> Error {
    Error::new(Kind::Configuration, "there is no API that could revoke tokens")
        .with_cause("neither a region nor an API URL is set")
        .with_hint("set --region or --api-url: only Genesys Cloud's API can")
}

fn unreadable(entry: &Entry<'_>, reason: String) -> Error {
    let message = format!("cannot revoke the token in {}", entry.file().display());
    Error::new(Kind::Cache, message).with_cause(reason).with_hint(
        "try again with the client secret that was set when the token was minted; otherwise it is \
         valid until it expires",
    )
}

fn still_cached(entry: &Entry<'_>) -> Error {
    let message = format!("the revoked token is still in {}", entry.file().display());
    Error::new(Kind::Cache, message)
        .with_cause("another process has held the lock for longer than --lock-timeout")
        .with_hint("try again, or remove the file")
}
