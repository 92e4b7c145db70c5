//! Google Cloud Storage.

mod authorized_user;
mod credential_json;
mod credentials;
mod external_account;
pub(super) mod service_account;
mod settings;

use std::sync::Arc;

use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey as Key};
use object_store::{Result, RetryConfig};

pub(super) use credentials::SOURCES;
pub(super) use settings::GoogleSettings;

use self::credentials::PREFIX;
use super::client::BucketClient;
use super::connector::PooledConnector;
use super::service::PooledService;
use super::variables::variables;

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    bucket: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<BucketClient> {
    let settings = GoogleSettings::load(service.context())?;
    let mut builder = GoogleCloudStorageBuilder::new();
    for (key, found) in variables::<Key>(service.env(), PREFIX) {
        let is_credential = matches!(
            key,
            Key::ServiceAccount | Key::ServiceAccountKey | Key::ApplicationCredentials
        );
        if !is_credential && !matches!(key, Key::Client(_)) {
            builder = builder.with_config(key, found.value);
        }
    }
    let endpoint = settings.base_url.as_ref().map(|url| url.origin.clone());
    let credentials = settings.credentials.to_string();
    let store = settings
        .credentials
        .apply(builder, service)?
        .with_bucket_name(bucket)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()))
        .build()?;
    Ok(BucketClient {
        store: Arc::new(store),
        refresh: None,
        region: None,
        endpoint,
        credentials,
        lack: None,
    })
}
