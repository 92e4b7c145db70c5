//! The settings of the store that machines share.

use std::fmt;
use std::time::Duration;

use super::store_location::StoreLocation;
use super::store_password::StorePassword;
use super::{Layers, Origin, positive, table};
use crate::context::Context;
use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct StoreSettings {
    pub location: StoreLocation,
    /// The setting that names the location, for messages.
    pub origin: String,
    pub password: Option<StorePassword>,
    /// The limit on all requests of one call together.
    pub timeout: Duration,
    /// Fails rather than mints if the store cannot be reached.
    pub is_required: bool,
    /// Lets slot 0 stand for any slot of the pool, so that machines that need one token
    /// do not all use the same.
    pub picks_slot: bool,
}

impl StoreSettings {
    /// Returns `None` if no store is set, or `--no-store` is.
    ///
    /// # Errors
    /// Name the setting.
    pub(super) fn resolve(layers: &Layers, context: &Context) -> Result<Option<StoreSettings>> {
        let timeout = positive(layers, &table::STORE_TIMEOUT)?;
        let is_required = layers.bool(&table::STORE_REQUIRED)?;
        let given = layers.find(&table::STORE);
        if layers.bool(&table::NO_STORE)? {
            return match (layers.find(&table::NO_STORE), layers.find(&table::STORE_REQUIRED)) {
                (Some(no_store), Some(required))
                    if is_required && no_store.origin.is_flag() && required.origin.is_flag() =>
                {
                    Err(required.origin.refused("--no-store leaves the store out"))
                }
                _ => Ok(None),
            };
        }
        let Some(given) = given else {
            return match layers.find(&table::STORE_REQUIRED) {
                Some(required) if is_required => Err(required
                    .origin
                    .refused("there is no store")
                    .with_hint("set --store, such as s3://bucket/prefix or redis://host:6379")),
                _ => {
                    warn_of_missing_store(layers, context);
                    Ok(None)
                }
            };
        };
        let location = StoreLocation::parse(&given)?;
        let password = StorePassword::resolve(layers, &location, context)?;
        Ok(Some(StoreSettings {
            location,
            password,
            origin: given.origin.to_string(),
            timeout: timeout
                .unwrap_or_else(|| table::STORE_TIMEOUT.default_duration().unsigned_abs()),
            is_required,
            picks_slot: true,
        }))
    }

    /// For runs that outlive a token, during which the terminal belongs to another process.
    pub fn forbid_prompt(&mut self) {
        if let Some(password) = &mut self.password {
            password.forbid_prompt();
        }
    }

    /// Checks each value by itself.
    ///
    /// # Errors
    /// Name the setting.
    pub(super) fn check(layers: &Layers) -> Result<()> {
        positive(layers, &table::STORE_TIMEOUT)?;
        for switch in [&table::STORE_REQUIRED, &table::NO_STORE] {
            layers.bool(switch)?;
        }
        layers.find(&table::STORE).map_or(Ok(()), |given| StoreLocation::parse(&given).map(|_| ()))
    }

    /// Names the store in an error of it.
    pub fn named_in(&self, error: Error) -> Error {
        let store = format!("store {} from {}", self.location, self.origin);
        Error { settings: Some(store.into()), ..error }
    }
}

/// Warns if the environment has settings of a store, and no store: somebody has forgotten it.
fn warn_of_missing_store(layers: &Layers, context: &Context) {
    let password = context.env.os(table::STORE_PASSWORD_VARIABLE);
    let password = password.map(|_| table::STORE_PASSWORD_VARIABLE.to_owned());
    let others = || [&table::STORE_PASSWORD_FILE, &table::STORE_TIMEOUT];
    let variable = |setting| match layers.find(setting)?.origin {
        Origin::Variable(name) => Some(name.to_owned()),
        _ => None,
    };
    if let Some(name) = password.or_else(|| others().into_iter().find_map(variable)) {
        context
            .reporter
            .warn(format_args!("{name} has no effect: there is no store; set GC_TOKEN_STORE"));
    }
}

#[cfg(test)]
impl StoreSettings {
    pub(crate) fn test() -> StoreSettings {
        StoreSettings {
            location: StoreLocation::test("redis://store"),
            origin: "--store".to_owned(),
            password: None,
            timeout: Duration::from_secs(2),
            is_required: false,
            picks_slot: true,
        }
    }
}

impl fmt::Display for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.fmt(f)
    }
}
