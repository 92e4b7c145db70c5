//! Revokes the cached tokens of a client, in all slots of its pool.

use std::time::Duration;

use crate::cache::{self, Entry, Lookup};
use crate::config::Settings;
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};
use crate::oauth::{RATE_LIMIT_WAIT, RevocationEndpoint};
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

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Revokes each token at the API and evicts it from the cache. Mints none.
///
/// # Errors
/// `Configuration` without an API, `Cache` if the cache cannot be used.
pub fn revoke_cached(settings: &Settings, context: &Context) -> Result<CachedRevocation> {
    let api_url = settings.issuer.api_url.clone().ok_or_else(no_api)?;
    if let Some(error) = settings.cache.missing_directory() {
        return Err(error);
    }
    let (mut tokens, mut failures) = (Vec::new(), Vec::new());
    for slot in cache::occupied_slots(settings)? {
        match read_slot(settings, slot) {
            Ok(token) => tokens.extend(token),
            Err(error) => failures.push(error),
        }
    }
    let endpoint = RevocationEndpoint::new(api_url, settings.network.clone(), context.clone());
    let timeout = settings.network.timeout;
    let access_tokens: Vec<_> = tokens.iter().map(|token| token.access_token.clone()).collect();
    let results = endpoint.revoke_all(&access_tokens, timeout, RATE_LIMIT_WAIT);
    let mut refused = Vec::new();
    let mut revoked = 0;
    for (token, result) in tokens.iter().zip(results) {
        match result {
            Ok(()) => {
                revoked += 1;
                failures.extend(token.evict(&*context.clock).err());
            }
            Err(error) => refused.push(error.with_hint(RETRY_HINT)),
        }
    }
    failures.extend(counted_once(refused));
    Ok(CachedRevocation { revoked, failures })
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
