//! Azure Blob Storage.

mod chain;
mod cli;
mod client_assertion;
mod cloud;
mod credentials;
mod passed_over;
mod settings;
pub(super) mod shared_key;

use std::sync::Arc;

use object_store::azure::{AzureConfigKey as Key, MicrosoftAzureBuilder};
use object_store::{Result, RetryConfig};

pub(super) use chain::SOURCES;
pub(super) use credentials::ACCOUNT_KEY;
pub(super) use settings::AzureSettings;

use self::credentials::PREFIX;
use super::client::BucketClient;
use super::connector::PooledConnector;
use super::endpoint::check_without_bucket;
use super::service::PooledService;
use super::variables::variables;

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    container: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<BucketClient> {
    let (env, settings) = (service.env(), AzureSettings::load(service.context())?);
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, found) in variables::<Key>(env, PREFIX) {
        if !matches!(key, Key::Client(_)) {
            builder = builder.with_config(key, found.value);
        }
    }
    if let Some(account) = &settings.account {
        builder = builder.with_config(Key::AccountName, account.value.clone());
    }
    if let Some(endpoint) = &settings.endpoint {
        check_without_bucket(endpoint, container, false)?;
    }
    if let Some(endpoint) = settings.own_endpoint() {
        builder = builder.with_config(Key::Endpoint, endpoint);
    }
    if let Some(host) = &settings.authority_host {
        builder = builder.with_config(Key::AuthorityHost, host.clone());
    }
    let endpoint = settings.endpoint.as_ref().map(|endpoint| endpoint.origin.clone());
    let credentials = settings.credentials.to_string();
    let lack = settings.credentials.check()?;
    let (builder, refresh) =
        settings.credentials.apply(builder, settings.authority_host.as_deref(), service);
    let store = builder
        .with_container_name(container)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()))
        .build()?;
    Ok(BucketClient { store: Arc::new(store), refresh, region: None, endpoint, credentials, lack })
}
