//! Azure Blob Storage.

pub(super) mod shared_key;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::{ObjectStore, Result, RetryConfig};

use super::connector::PooledConnector;
use super::service::PooledService;
use super::signer::RequestSigner;
use super::variables::variables;

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    container: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<Arc<dyn ObjectStore>> {
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in variables::<AzureConfigKey>(service.env(), "AZURE_") {
        if !matches!(key, AzureConfigKey::Client(_)) {
            builder = builder.with_config(key, value);
        }
    }
    let key = builder.get_config_value(&AzureConfigKey::AccessKey);
    let store = builder
        .with_container_name(container)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()))
        .build()?;
    if let Some(key) = key.and_then(|key| STANDARD.decode(key).ok()) {
        service.sign_by(RequestSigner::SharedKey(key));
    }
    Ok(Arc::new(store))
}
