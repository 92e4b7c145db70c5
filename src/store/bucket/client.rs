//! The client of the library for a bucket, with the settings that CI systems have in their
//! environment.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ObjectStore, Result, RetryConfig};

use super::external_account::ExternalAccount;
use super::fault::variable_prefix;
use super::purpose::METADATA_ENDPOINT;
use super::service::{PooledConnector, PooledService};
use super::service_account::ServiceAccount;
use super::signer::RequestSigner;
use super::variables::check as check_variables;
use crate::config::BucketProvider;
use crate::context::Environment;

/// Variables that the library does not know, and other programs of these platforms do.
const AMAZON_ALIASES: [(&str, AmazonS3ConfigKey); 1] =
    [(METADATA_ENDPOINT, AmazonS3ConfigKey::MetadataEndpoint)];

pub(super) const GOOGLE_ALIASES: [(&str, GoogleConfigKey); 1] =
    [("GOOGLE_OAUTH_ACCESS_TOKEN", GoogleConfigKey::BearerToken)];

/// What a platform's command line tools write for all programs, below the home directory.
pub(super) const GOOGLE_DEFAULT_FILE: &str = ".config/gcloud/application_default_credentials.json";

/// For what stores say when they are busy: Google takes one write of an object in a second.
/// The engine's own limit ends the attempts.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 5,
        retry_timeout: Duration::from_secs(60),
    }
}

/// Builds a client whose requests go through `service`.
///
/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn build(bucket: &str, service: &Arc<PooledService>) -> Result<Arc<dyn ObjectStore>> {
    let env = service.env();
    check_variables(env, variable_prefix(service.provider()))
        .map_err(|error| object_store::Error::Generic { store: "", source: Box::new(error) })?;
    let connector = PooledConnector(service.clone());
    match service.provider() {
        BucketProvider::S3 => {
            let mut builder = AmazonS3Builder::new();
            let own = variables::<AmazonS3ConfigKey>(env, "AWS_");
            for (key, value) in aliased(env, AMAZON_ALIASES).chain(own) {
                if !matches!(key, AmazonS3ConfigKey::Client(_)) {
                    builder = builder.with_config(key, value);
                }
            }
            let store = builder
                .with_bucket_name(bucket)
                .with_conditional_put(S3ConditionalPut::ETagMatch)
                .with_retry(retries())
                .with_http_connector(connector)
                .build()?;
            service.sign_by(RequestSigner::S3(store.credentials().clone()));
            Ok(Arc::new(store))
        }
        BucketProvider::GoogleCloud => {
            let builder = google(service)?
                .with_bucket_name(bucket)
                .with_retry(retries())
                .with_http_connector(connector);
            let account = service_account(&builder);
            let store = builder.build()?;
            if let Some(account) = account {
                service.sign_by(RequestSigner::ServiceAccount(Box::new(account)));
            }
            Ok(Arc::new(store))
        }
        BucketProvider::Azure => {
            let mut builder = MicrosoftAzureBuilder::new();
            for (key, value) in variables::<AzureConfigKey>(env, "AZURE_") {
                if !matches!(key, AzureConfigKey::Client(_)) {
                    builder = builder.with_config(key, value);
                }
            }
            let key = builder.get_config_value(&AzureConfigKey::AccessKey);
            let store = builder
                .with_container_name(bucket)
                .with_retry(retries())
                .with_http_connector(connector)
                .build()?;
            if let Some(key) = key.and_then(|key| STANDARD.decode(key).ok()) {
                service.sign_by(RequestSigner::SharedKey(key));
            }
            Ok(Arc::new(store))
        }
    }
}

fn google(service: &Arc<PooledService>) -> Result<GoogleCloudStorageBuilder> {
    let env = service.env();
    let mut builder = GoogleCloudStorageBuilder::new();
    let own = variables::<GoogleConfigKey>(env, "GOOGLE_");
    for (key, value) in aliased(env, GOOGLE_ALIASES).chain(own) {
        if !matches!(key, GoogleConfigKey::Client(_)) {
            builder = builder.with_config(key, value);
        }
    }
    let has = |key| builder.get_config_value(&key).is_some();
    if has(GoogleConfigKey::ServiceAccount)
        || has(GoogleConfigKey::ServiceAccountKey)
        || has(GoogleConfigKey::BearerToken)
    {
        return Ok(builder);
    }
    let default = || {
        let file = PathBuf::from(env.os("HOME")?).join(GOOGLE_DEFAULT_FILE);
        file.exists().then(|| file.display().to_string())
    };
    let named = builder.get_config_value(&GoogleConfigKey::ApplicationCredentials);
    let Some(file) = named.or_else(default) else {
        return Ok(builder);
    };
    let json = std::fs::read_to_string(&file).unwrap_or_default();
    match ExternalAccount::parse(&json, service) {
        Some(account) => Ok(builder.with_credentials(Arc::new(account?))),
        None => Ok(builder.with_application_credentials(file)),
    }
}

/// Reads the key of a service account from where the library reads it. `None` for other
/// credentials, and where the library will fail.
fn service_account(builder: &GoogleCloudStorageBuilder) -> Option<ServiceAccount> {
    let value = |key| builder.get_config_value(&key);
    let json = value(GoogleConfigKey::ServiceAccountKey).or_else(|| {
        let file = value(GoogleConfigKey::ServiceAccount)
            .or_else(|| value(GoogleConfigKey::ApplicationCredentials))?;
        std::fs::read_to_string(file).ok()
    })?;
    ServiceAccount::parse(&json)
}

/// Returns the variables that the library knows, in a fixed order: of two names for one
/// setting, the last one counts.
fn variables<K: FromStr>(env: &Environment, prefix: &str) -> impl Iterator<Item = (K, String)> {
    let mut names: Vec<_> =
        env.names(prefix).into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort_unstable();
    names.into_iter().filter_map(|name| {
        let key = name.to_ascii_lowercase().parse().ok()?;
        Some((key, env.text(&name)?))
    })
}

fn aliased<K>(
    env: &Environment,
    aliases: impl IntoIterator<Item = (&'static str, K)>,
) -> impl Iterator<Item = (K, String)> {
    aliases.into_iter().filter_map(|(name, key)| Some((key, env.text(name)?)))
}
