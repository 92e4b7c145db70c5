//! Account, endpoint and credentials, from variables.

use object_store::azure::AzureConfigKey as Key;

use super::cloud::{AzureCloud, PUBLIC};
use super::credentials::{AzureCredentials, PREFIX};
use super::passed_over::unread_connection_string;
use crate::context::Context;
use crate::store::bucket::endpoint::BucketEndpoint;
use crate::store::bucket::purpose::is_true;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, first, of_key};
use crate::text::shown;

pub(in super::super) struct AzureSettings {
    pub(super) account: Option<NamedValue>,
    pub(super) endpoint: Option<NamedValue>,
    /// The host of the service that hands out tokens, if it is not the usual one.
    pub(super) authority_host: Option<String>,
    cloud: AzureCloud,
    pub(in super::super) credentials: AzureCredentials,
}

impl AzureSettings {
    /// # Errors
    /// If settings are missing or contradict each other.
    pub(in super::super) fn load(context: &Context) -> Result<AzureSettings, SettingsError> {
        let env = &context.env;
        let account = of_key(env, PREFIX, &Key::AccountName)
            .or_else(|| first(env, ["AZURE_STORAGE_ACCOUNT"]));
        let uses_emulator =
            of_key(env, PREFIX, &Key::UseEmulator).is_some_and(|set| is_true(&set.value));
        if account.is_none() && !uses_emulator {
            let missing = SettingsError::new(
                "AZURE_STORAGE_ACCOUNT_NAME is not set",
                "set it to the name of the storage account that has the container",
            );
            return Err(missing.after(unread_connection_string(env)));
        }
        if let Some(account) = &account {
            check_account(account)?;
        }
        let cloud = AzureCloud::of(env)?;
        let authority_host = of_key(env, PREFIX, &Key::AuthorityHost).map(|host| host.value);
        let authority_host = authority_host
            .or_else(|| (cloud != PUBLIC).then(|| cloud.authority_host.to_owned()))
            .map(|host| host.trim_end_matches('/').to_owned());
        Ok(AzureSettings {
            account,
            endpoint: of_key(env, PREFIX, &Key::Endpoint),
            authority_host,
            cloud,
            credentials: AzureCredentials::find(context)?,
        })
    }

    /// Returns the endpoint if it is another one than the library's.
    pub(super) fn own_endpoint(&self) -> Option<String> {
        match (&self.endpoint, &self.account) {
            (Some(endpoint), _) => Some(endpoint.value.clone()),
            (None, Some(_)) if self.cloud != PUBLIC => self.endpoint_of_account(),
            (None, _) => None,
        }
    }

    /// Describes where requests go; `None` without an account.
    pub(in super::super) fn described_endpoint(&self) -> Option<BucketEndpoint> {
        let account_origin = format!("the account from {}", self.account.as_ref()?.origin);
        Some(match &self.endpoint {
            Some(NamedValue { origin, value }) => BucketEndpoint {
                url: value.clone(),
                origin: format!(" from {origin}, with {account_origin}"),
            },
            None => BucketEndpoint {
                url: self.endpoint_of_account()?,
                origin: format!(", by {account_origin}"),
            },
        })
    }

    fn endpoint_of_account(&self) -> Option<String> {
        let account = &self.account.as_ref()?.value;
        Some(format!("https://{account}.{}", self.cloud.blob_domain))
    }
}

/// # Errors
/// If the value is an account's URL or host, or no name of an account.
fn check_account(account: &NamedValue) -> Result<(), SettingsError> {
    let NamedValue { origin, value } = account;
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || char == '-';
    if !value.is_empty() && value.chars().all(is_allowed) {
        return Ok(());
    }
    let host = value.split_once("://").map_or(&**value, |(_, host)| host);
    let name = host.split(['.', '/', ':']).next().unwrap_or_default();
    let is_name = !name.is_empty() && name.chars().all(is_allowed) && host.contains(".blob.");
    let name = if is_name { name } else { "acc" };
    Err(SettingsError::new(
        format!(
            "{origin} takes the account's name, such as {name}, and not {}",
            shown::quoted(value)
        ),
        if is_name { format!("set {origin}={name}") } else { format!("correct {origin}") },
    ))
}
