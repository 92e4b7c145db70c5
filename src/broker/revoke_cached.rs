//! Revokes the tokens of a client in the cache and in the store, in all slots of its pool.

use std::time::Duration;

use super::{NetworkRemote, Remote};
use crate::cache::{self, Entry, Lookup};
use crate::config::{Settings, StoreSettings};
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};
use crate::oauth::{RATE_LIMIT_WAIT, RevocationEndpoint};
use crate::store::{NumberedSlot, Slot, StoreClient, StoreError};
use crate::token::AccessToken;

pub struct CachedRevocation {
    pub revoked: usize,
    /// Those of the API come last. A token that could not be revoked stays cached.
    pub failures: Vec<Error>,
}

struct CachedToken {
    access_token: AccessToken,
    /// With the slot of the token.
    settings: Settings,
}

struct TokenInStore<'a> {
    access_token: AccessToken,
    slot: Slot<'a>,
}

/// A token that both hold is revoked once.
#[derive(Default)]
struct RevocableTokens<'a> {
    cached: Vec<CachedToken>,
    stored: Vec<TokenInStore<'a>>,
}

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Revokes each token at the API and evicts it from the cache and from the store. Mints none.
/// `pool` is the number of slots of the store that are looked at in any case.
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
        let revoked = tokens.revoke(&endpoint, settings, &*context.clock, &mut failures);
        CachedRevocation { revoked, failures }
    };
    if settings.store.is_none() {
        return Ok(revoke(&RevocableTokens { cached, stored: Vec::new() }, failures));
    }
    let secret = NetworkRemote::new(settings, context).client_secret()?;
    let revocation = super::with_store_client(settings, context, &secret, |client| {
        let stored = stored_tokens(client, pool, &mut failures);
        revoke(&RevocableTokens { cached, stored }, failures)
    });
    Ok(revocation.expect("a store is set"))
}

/// Returns the tokens in the store, and adds to `failures` what cannot be read.
fn stored_tokens<'a>(
    client: &StoreClient<'a>,
    pool: u32,
    failures: &mut Vec<Error>,
) -> Vec<TokenInStore<'a>> {
    let slots = client.occupied_slots(pool).unwrap_or_else(|failure| {
        failures.push(client.settings.named_in(failure.error));
        Vec::new()
    });
    let mut stored = Vec::new();
    for NumberedSlot { slot, reading, .. } in slots {
        if reading.is_unusable {
            failures.push(unusable(client.settings));
        }
        let token = reading.token().map(|shared| shared.token.access_token.clone());
        stored.extend(token.map(|access_token| TokenInStore { access_token, slot }));
    }
    stored
}

impl RevocableTokens<'_> {
    /// Returns the number of tokens that were revoked.
    fn revoke(
        &self,
        endpoint: &RevocationEndpoint,
        settings: &Settings,
        clock: &dyn Clock,
        failures: &mut Vec<Error>,
    ) -> usize {
        let mut tokens: Vec<&AccessToken> = Vec::new();
        let cached = self.cached.iter().map(|token| &token.access_token);
        for token in cached.chain(self.stored.iter().map(|token| &token.access_token)) {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        let tokens: Vec<AccessToken> = tokens.into_iter().cloned().collect();
        let results = endpoint.revoke_all(&tokens, settings.network.timeout, RATE_LIMIT_WAIT);
        let (mut revoked, mut refused) = (0, Vec::new());
        for (token, result) in tokens.iter().zip(results) {
            match result {
                Ok(()) => {
                    revoked += 1;
                    self.evict(token, settings, clock, failures);
                }
                Err(error) => refused.push(error.with_hint(RETRY_HINT)),
            }
        }
        failures.extend(counted_once(refused));
        revoked
    }

    fn evict(
        &self,
        revoked: &AccessToken,
        settings: &Settings,
        clock: &dyn Clock,
        failures: &mut Vec<Error>,
    ) {
        for token in self.cached.iter().filter(|token| token.access_token == *revoked) {
            failures.extend(token.evict(clock).err());
        }
        for token in self.stored.iter().filter(|token| token.access_token == *revoked) {
            let failure = token.slot.evict(revoked).err();
            failures.extend(failure.map(|failure| still_stored(failure, settings)));
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

const RETRY_HINT: &str = "the token is still cached, so that 'gc-token revoke' can be tried again; \
                          otherwise it is valid until it expires";

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

fn unusable(store: &StoreSettings) -> Error {
    let message = format!("cannot revoke the token in the store {}", store.location);
    Error::new(Kind::Cache, message)
        .with_cause("its record was altered, or is of another version of gc-token")
        .with_hint("'gc-token cache clear --store' removes it; the token is valid until it expires")
}

fn still_stored(failure: StoreError, settings: &Settings) -> Error {
    let store = settings.store.as_ref();
    let place = store.map(|store| store.location.to_string()).unwrap_or_default();
    let StoreError { error, .. } = failure;
    let cause = error.one_line();
    Error::new(error.kind, format!("the revoked token is still in the store {place}"))
        .with_cause(cause)
        .with_hint("'gc-token cache clear --store' removes it; machines that find it mint another")
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
