//! What the user wants, from flags, a Terraform query, the environment and a
//! profile. Every value has an [`Origin`], which messages name.

mod addresses;
mod attribution;
mod client_secret;
mod inspection;
mod issuer;
mod missing;
mod origin;
mod overrides;
mod own_tokens;
mod pool;
mod profile;
mod query;
mod schema;
mod setting;
mod sources;
mod store;
mod store_location;
mod store_password;
pub mod table;
mod unknown;

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

pub use addresses::{resolve_metrics_listen, socket_address};
pub use attribution::name_settings;
pub use client_secret::{SecretSource, read_secret, run_secret_command};
pub(crate) use inspection::shown_value;
pub use inspection::{InspectedSetting, InspectedValue, check, inspect};
pub use issuer::Issuer;
pub(crate) use issuer::find_region;
use missing::{RequiredSetting, missing_settings};
pub use origin::{Origin, Sourced};
pub use own_tokens::keep_tokens_apart;
pub use pool::{PoolSettings, RequestRate, resolve_pool};
pub(crate) use profile::profile_names;
pub use query::Query;
pub use schema::json_schema;
pub use setting::{Commands, DefaultValue, FlagTopic, Setting, ValueType};
pub(crate) use sources::bool_from_environment;
pub use sources::{Flags, Layers};
pub use store::StoreSettings;
pub use store_location::{BucketProvider, RedisLocation, StoreLocation};
pub use store_password::{StorePassword, other_store_password};

use crate::context::{Context, NO_HOME, StandardInput};
use crate::error::{Error, Kind, Result};
pub use crate::net::NetworkSettings;
use crate::region::Region;
use crate::token::{FreshnessPolicy, IdleTimeout, MinTtl};

/// Everything that the broker needs, parsed and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub client: OAuthClient,
    pub issuer: Issuer,
    pub freshness: FreshnessPolicy,
    pub verify: Verify,
    pub cache: CacheSettings,
    /// `None` shares nothing with other machines.
    pub store: Option<StoreSettings>,
    pub network: NetworkSettings,
}

#[derive(Debug, Clone)]
pub struct OAuthClient {
    pub id: String,
    pub secret: SecretSource,
    pub auth: ClientAuth,
}

/// Client authentication at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`: in the Authorization header.
    Basic,
    /// `client_secret_post`: in the form.
    Post,
}

const CLIENT_AUTHS: &[(&str, ClientAuth)] =
    &[("basic", ClientAuth::Basic), ("post", ClientAuth::Post)];

/// Policy for checking a token with the API before it is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Whenever the network is needed anyway: after a mint, and for a token
    /// that comes from another boot or machine. An API that cannot be reached
    /// is a warning.
    Auto,
    /// Every time, a cached token included. An API that cannot be reached is a
    /// failure.
    Always,
    Never,
}

const VERIFY_MODES: &[(&str, Verify)] =
    &[("auto", Verify::Auto), ("always", Verify::Always), ("never", Verify::Never)];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// `None` caches nothing: `--no-cache`, or there is no directory for it.
    pub dir: Option<PathBuf>,
    /// True if somebody set the directory or turned the cache off. A default directory
    /// that cannot be used is a warning and not a failure.
    pub was_named: bool,
    /// Holds the key for the entries of secret commands.
    pub state_dir: Option<PathBuf>,
    /// The longest wait for another process that is minting.
    pub lock_timeout: Duration,
    /// Position in a pool of tokens of one client. Every command shares slot 0.
    pub slot: u32,
}

/// Parses and checks the settings, once the profile is loaded.
///
/// # Errors
/// [`Kind::Usage`] for a bad flag, [`Kind::Configuration`] for anything else;
/// the message names the value and its origin.
pub fn resolve(layers: &Layers, context: &Context, stdin: &mut StandardInput) -> Result<Settings> {
    let issuer = if RequiredSetting::Region.is_missing(layers) {
        Err(missing_settings(RequiredSetting::Region, layers))
    } else {
        Issuer::resolve(layers)
    }?;
    let verify = verify(layers, &issuer)?;
    let client = client(layers, context, stdin)?;
    let newer_than = layers.bool(&table::FORCE_REFRESH)?.then(|| context.clock.read());
    let min_ttl = match layers.duration(&table::MIN_TTL)? {
        Some(min_ttl) => MinTtl::Explicit(min_ttl),
        None => MinTtl::Default(table::MIN_TTL.default_duration()),
    };
    Ok(Settings {
        client,
        issuer,
        verify,
        freshness: FreshnessPolicy {
            skew: resolve_skew(layers)?,
            min_ttl,
            newer_than,
            idle_timeout: idle_timeout(layers)?,
        },
        cache: resolve_cache(layers, context)?,
        store: StoreSettings::resolve(layers, context)?,
        network: resolve_network(layers)?,
    })
}

pub fn resolve_skew(layers: &Layers) -> Result<SignedDuration> {
    layers.duration_or_default(&table::SKEW)
}

/// Returns what `doctor` can examine without credentials.
pub fn resolve_issuer(layers: &Layers) -> Result<Issuer> {
    Issuer::resolve(layers)
}

pub fn resolve_network(layers: &Layers) -> Result<NetworkSettings> {
    let default = || table::TIMEOUT.default_duration().unsigned_abs();
    let timeout = positive(layers, &table::TIMEOUT)?.unwrap_or_else(default);
    let ca_file = layers.text(&table::CA_FILE).map(PathBuf::from);
    Ok(NetworkSettings::new(timeout, ca_file))
}

pub fn resolve_cache(layers: &Layers, context: &Context) -> Result<CacheSettings> {
    let lock_timeout = layers.duration_or_default(&table::LOCK_TIMEOUT)?.unsigned_abs();
    let named = layers.text(&table::CACHE_DIR).map(PathBuf::from);
    let is_off = layers.bool(&table::NO_CACHE)?;
    let was_named = named.is_some() || is_off;
    let dir = named.or_else(|| context.directories.cache.clone()).filter(|_| !is_off);
    let state_dir = context.directories.state.clone();
    Ok(CacheSettings { dir, was_named, state_dir, lock_timeout, slot: 0 })
}

/// Checks each value by itself, without a profile and whatever else may be missing.
///
/// # Errors
/// As [`resolve`].
pub fn check_values(layers: &Layers) -> Result<()> {
    layers.check_text()?;
    resolve_skew(layers)?;
    layers.duration(&table::MIN_TTL)?;
    idle_timeout(layers)?;
    if let Some(region) = layers.find(&table::REGION) {
        issuer::find_region(&region)?;
    }
    layers.choice_or_default(&table::VERIFY, VERIFY_MODES)?;
    resolve_pool(layers)?;
    StoreSettings::check(layers)
}

/// Checks the values that mean the same on every machine, whatever else may be missing.
///
/// # Errors
/// As [`resolve`].
pub fn check_portable(layers: &Layers) -> Result<()> {
    check_values(layers)?;
    layers.choice_or_default(&table::CLIENT_AUTH, CLIENT_AUTHS)?;
    resolve_network(layers)?;
    let names_issuer = [&table::REGION, &table::LOGIN_URL, &table::TOKEN_URL];
    if names_issuer.into_iter().any(|setting| layers.find(setting).is_some()) {
        Issuer::resolve(layers)?;
    }
    Ok(())
}

/// Returns the region that is set, not one that a host implies.
pub fn region(layers: &Layers) -> Result<Option<&'static Region>> {
    layers.find(&table::REGION).map(|given| issuer::find_region(&given)).transpose()
}

impl CacheSettings {
    pub fn switch_off(&mut self) {
        (self.dir, self.was_named) = (None, true);
    }

    /// The failure that there is no directory for the cache, unless somebody turned it off.
    pub fn missing_directory(&self) -> Option<Error> {
        let is_missing = self.dir.is_none() && !self.was_named;
        is_missing.then(|| {
            Error::new(Kind::Configuration, "there is no directory for the cache")
                .with_cause(NO_HOME)
                .with_hint("set HOME or --cache-dir, or go without a cache: --no-cache")
        })
    }
}

fn client(layers: &Layers, context: &Context, stdin: &mut StandardInput) -> Result<OAuthClient> {
    let missing = || missing_settings(RequiredSetting::ClientId, layers);
    let id = layers.find(&table::CLIENT_ID).ok_or_else(missing)?;
    let auth = layers.choice_or_default(&table::CLIENT_AUTH, CLIENT_AUTHS)?;
    let secret = SecretSource::resolve(layers, &id, context, stdin)?;
    Ok(OAuthClient { id: id.value, secret, auth })
}

fn verify(layers: &Layers, issuer: &Issuer) -> Result<Verify> {
    let verify = layers.choice_or_default(&table::VERIFY, VERIFY_MODES)?;
    if verify == Verify::Always
        && issuer.api_url.is_none()
        && let Some(given) = layers.find(&table::VERIFY)
    {
        return Err(given
            .refused("needs an API that can verify tokens")
            .with_hint("set --region or --api-url: only Genesys Cloud's API can"));
    }
    Ok(verify)
}

fn idle_timeout(layers: &Layers) -> Result<Option<IdleTimeout>> {
    let timeout = positive(layers, &table::IDLE_TIMEOUT)?;
    let timeout =
        timeout.map(|timeout| SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX));
    Ok(timeout.map(IdleTimeout::new))
}

fn positive(layers: &Layers, setting: &'static Setting) -> Result<Option<Duration>> {
    match layers.duration(setting)? {
        Some(SignedDuration::ZERO) => {
            let given = layers.find(setting).expect("it was found above");
            Err(given.refused("must be greater than 0"))
        }
        given => Ok(given.map(|duration| duration.unsigned_abs())),
    }
}

#[cfg(test)]
pub(crate) mod tests;
