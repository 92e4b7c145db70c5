//! Get or mint: returns the cached token if it is known to live long enough, else a new
//! one. Processes that need a token at the same time share one mint.

mod cached;
mod get_or_mint;
pub(crate) mod messages;
mod remote;
mod revalidate;
mod revoke_cached;
mod shared;
mod shared_pool;
mod verify;

use secrecy::{ExposeSecret, SecretString};

use crate::config::Settings;
use crate::context::{Clock, Context, Reporter};
use crate::error::Result;
use crate::oauth::MintedTokens;
use crate::store::{LazyStore, Store, StoreClient};
use crate::token::Token;

pub use remote::{NetworkRemote, Remote};
pub use revoke_cached::{CachedRevocation, revoke_cached};

pub fn get_token(settings: &Settings, context: &Context) -> Result<ProvidedToken> {
    get_recorded_token(settings, context, None)
}

/// Like [`get_token`], and records in `minted` what it mints, even if that is not returned.
pub fn get_recorded_token(
    settings: &Settings,
    context: &Context,
    minted: Option<&MintedTokens>,
) -> Result<ProvidedToken> {
    let remote = &NetworkRemote::new(settings, context).recording(minted);
    with_store(settings, context, |store| {
        let (clock, reporter) = (&*context.clock, &*context.reporter);
        Broker { settings, remote, clock, reporter, store }.get()
    })
}

/// Runs `work` with the store of the settings, which is connected to when it is needed.
pub fn with_store<T>(
    settings: &Settings,
    context: &Context,
    work: impl FnOnce(Option<&dyn Store>) -> T,
) -> T {
    let store = settings.store.as_ref();
    let store = store.map(|store| LazyStore::new(store, &settings.network, context));
    work(store.as_ref().map(|store| store as &dyn Store))
}

/// Runs `work` with the store of the settings as the client that has this secret. `None` without
/// a store.
pub fn with_store_client<T>(
    settings: &Settings,
    context: &Context,
    secret: &SecretString,
    work: impl FnOnce(&StoreClient<'_>) -> T,
) -> Option<T> {
    let (secret, clock) = (secret.expose_secret().as_bytes(), &*context.clock);
    with_store(settings, context, |store| {
        let store_settings = settings.store.as_ref()?;
        let client = settings;
        Some(work(&StoreClient { store: store?, settings: store_settings, clock, client, secret }))
    })
}

pub struct Broker<'a> {
    pub settings: &'a Settings,
    pub remote: &'a dyn Remote,
    pub clock: &'a dyn Clock,
    pub reporter: &'a Reporter,
    /// Shared with other machines; `None` without a store.
    pub store: Option<&'a dyn Store>,
}

#[derive(Debug)]
pub struct ProvidedToken {
    pub token: Token,
    pub origin: TokenOrigin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    Cached,
    Minted,
    /// Cached and shorter than required, but no new token could be minted.
    Stale,
}

#[cfg(test)]
mod fleet;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
