//! What the user wants, from flags, a Terraform query, the environment and a
//! profile. Every value knows where it came from.

mod attribution;
mod client_secret;
mod issuer;
mod origin;
mod profile;
mod query;
mod sources;
pub mod table;
mod unknown;

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

pub use attribution::name_settings;
pub use client_secret::{SecretSource, VARIABLES as SECRET_VARIABLES};
pub use issuer::Issuer;
pub use origin::{Origin, Sourced};
pub(crate) use profile::profile_names;
pub use query::Query;
pub use sources::{Flags, Layers};
pub use table::Setting;

use crate::context::{Context, NO_HOME, StandardInput};
use crate::error::{Error, Kind, Result};
use crate::token::{FreshnessPolicy, IdleTimeout, MinTtl};

/// Everything that the broker needs, parsed and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who asks for a token.
    pub client: OAuthClient,
    /// Whom it asks, and for what.
    pub issuer: Issuer,
    /// When a token is good enough.
    pub freshness: FreshnessPolicy,
    /// When the API is asked about a token before it is handed out.
    pub verify: Verify,
    /// Where tokens are kept.
    pub cache: CacheSettings,
    /// How the issuer is reached.
    pub network: NetworkSettings,
}

/// The OAuth client.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Where its secret comes from.
    pub secret: SecretSource,
    /// How both are presented.
    pub auth: ClientAuth,
}

/// How a client authenticates itself (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// `client_secret_basic`: in the Authorization header.
    #[default]
    Basic,
    /// `client_secret_post`: in the form.
    Post,
}

/// When the API itself is asked about a token before it is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Whenever the network is needed anyway: after a mint, and for a token
    /// that comes from another boot or machine. An API that cannot be reached
    /// is a warning.
    #[default]
    Auto,
    /// Every time, a cached token included. An API that cannot be reached is a
    /// failure.
    Always,
    /// Not at all.
    Never,
}

/// Where and how tokens are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The directory; `None` keeps nothing: `--no-cache`, or there is no place.
    pub dir: Option<PathBuf>,
    /// Whether somebody named the directory, or asked for none. One that nobody named
    /// is not worth a failure when it cannot be used.
    pub was_named: bool,
    /// Where the key for entries of secret commands is kept.
    pub state_dir: Option<PathBuf>,
    /// How long to wait for another process that is minting.
    pub lock_timeout: Duration,
}

/// How the issuer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// The time limit on a mint, retries and waits between them included.
    pub timeout: Duration,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// `--skew` when nobody says otherwise.
pub const DEFAULT_SKEW: SignedDuration = SignedDuration::from_secs(5);
/// `--min-ttl` when nobody says otherwise.
pub const DEFAULT_MIN_TTL: SignedDuration = SignedDuration::from_mins(10);
/// `--timeout` when nobody says otherwise.
pub const DEFAULT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
/// `--lock-timeout` when nobody says otherwise: a little more than another
/// process may take to mint.
pub const DEFAULT_LOCK_TIMEOUT: SignedDuration = SignedDuration::from_secs(35);

/// Parses and checks what the layers say.
///
/// # Errors
/// [`Kind::Usage`] for a bad flag, [`Kind::Configuration`] for anything else;
/// the message names the value and where it came from.
pub fn resolve(layers: &Layers, context: &Context, stdin: &mut StandardInput) -> Result<Settings> {
    let issuer = Issuer::resolve(layers)?;
    let verify = verify(layers, &issuer)?;
    let client = client(layers, context, stdin)?;
    let newer_than = layers.bool(&table::FORCE_REFRESH)?.then(|| context.clock.read());
    let min_ttl = layers.duration(&table::MIN_TTL)?;
    Ok(Settings {
        client,
        issuer,
        verify,
        freshness: FreshnessPolicy {
            skew: resolve_skew(layers)?,
            min_ttl: min_ttl.map_or(MinTtl::Default(DEFAULT_MIN_TTL), MinTtl::Explicit),
            newer_than,
            idle_timeout: idle_timeout(layers)?,
        },
        cache: resolve_cache(layers, context)?,
        network: resolve_network(layers)?,
    })
}

/// How far the clocks of issuer and API may disagree.
pub fn resolve_skew(layers: &Layers) -> Result<SignedDuration> {
    Ok(layers.duration(&table::SKEW)?.unwrap_or(DEFAULT_SKEW))
}

fn idle_timeout(layers: &Layers) -> Result<Option<IdleTimeout>> {
    let timeout = positive(layers, &table::IDLE_TIMEOUT)?;
    let timeout =
        timeout.map(|timeout| SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX));
    Ok(timeout.map(IdleTimeout::new))
}

/// Whom to ask: what `doctor` can look at without credentials.
pub fn resolve_issuer(layers: &Layers) -> Result<Issuer> {
    Issuer::resolve(layers)
}

/// How the issuer is reached.
pub fn resolve_network(layers: &Layers) -> Result<NetworkSettings> {
    Ok(NetworkSettings {
        timeout: positive(layers, &table::TIMEOUT)?.unwrap_or(DEFAULT_TIMEOUT.unsigned_abs()),
        ca_file: layers.find(&table::CA_FILE).map(|given| given.value.into()),
    })
}

/// Checks each value by itself, whatever else may be missing.
///
/// # Errors
/// As [`resolve`].
pub fn check_values(layers: &Layers) -> Result<()> {
    layers.check_text()?;
    resolve_skew(layers)?;
    layers.duration(&table::MIN_TTL)?;
    idle_timeout(layers)?;
    if let Some(given) = layers.find(&table::REGION) {
        issuer::find_region(&given)?;
    }
    wanted_verify(layers)?;
    Ok(())
}

/// Where tokens are kept: needed by itself to look after the cache.
pub fn resolve_cache(layers: &Layers, context: &Context) -> Result<CacheSettings> {
    let lock_timeout = layers.duration(&table::LOCK_TIMEOUT)?.unwrap_or(DEFAULT_LOCK_TIMEOUT);
    let named = layers.find(&table::CACHE_DIR).map(|given| PathBuf::from(given.value));
    let is_off = layers.bool(&table::NO_CACHE)?;
    let was_named = named.is_some() || is_off;
    let dir = named.or_else(|| context.directories.cache.clone()).filter(|_| !is_off);
    let state_dir = context.directories.state.clone();
    let lock_timeout = lock_timeout.unsigned_abs();
    Ok(CacheSettings { dir, was_named, state_dir, lock_timeout })
}

impl CacheSettings {
    /// Keeps nothing from now on.
    pub fn switch_off(&mut self) {
        (self.dir, self.was_named) = (None, true);
    }

    /// Why there is no place for a cache, where nobody asked for none.
    pub fn nowhere(&self) -> Option<Error> {
        let is_nowhere = self.dir.is_none() && !self.was_named;
        is_nowhere.then(|| {
            Error::new(Kind::Configuration, "there is no place for the cache")
                .with_cause(NO_HOME)
                .with_hint("set HOME or --cache-dir, or go without a cache: --no-cache")
        })
    }
}

fn client(layers: &Layers, context: &Context, stdin: &mut StandardInput) -> Result<OAuthClient> {
    let id = layers.find(&table::CLIENT_ID).ok_or_else(|| {
        Error::new(Kind::Configuration, "there is no client id")
            .with_cause(layers.sources(&table::CLIENT_ID))
            .with_hint(layers.missing_hint(
                "CLIENTID",
                "GENESYSCLOUD_OAUTHCLIENT_ID",
                "set GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET",
            ))
            .with_attribute(table::CLIENT_ID.key)
    })?;
    let auth = match layers.find(&table::CLIENT_AUTH) {
        None => ClientAuth::default(),
        Some(given) if given.value == "basic" => ClientAuth::Basic,
        Some(given) if given.value == "post" => ClientAuth::Post,
        Some(given) => return Err(given.refused("is not a way to authenticate: basic or post")),
    };
    let secret = SecretSource::resolve(layers, &id, context, stdin)?;
    Ok(OAuthClient { id: id.value, secret, auth })
}

fn verify(layers: &Layers, issuer: &Issuer) -> Result<Verify> {
    match wanted_verify(layers)? {
        (Verify::Always, Some(given)) if issuer.api_url.is_none() => Err(given
            .refused("needs an API to ask")
            .with_hint("set --region or --api-url: only Genesys Cloud's API can be asked")),
        (wanted, _) => Ok(wanted),
    }
}

fn wanted_verify(layers: &Layers) -> Result<(Verify, Option<Sourced>)> {
    let Some(given) = layers.find(&table::VERIFY) else {
        return Ok((Verify::default(), None));
    };
    let wanted = match given.value.as_str() {
        "auto" => Verify::Auto,
        "always" => Verify::Always,
        "never" => Verify::Never,
        _ => {
            return Err(given.refused("is unknown").with_hint("one of auto, always, never"));
        }
    };
    Ok((wanted, Some(given)))
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
