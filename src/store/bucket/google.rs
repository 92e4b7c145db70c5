//! Google Cloud Storage.

mod external_account;
pub(super) mod service_account;

use std::path::PathBuf;
use std::sync::Arc;

use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{ObjectStore, Result, RetryConfig};

use self::external_account::ExternalAccount;
use self::service_account::ServiceAccount;
use super::connector::PooledConnector;
use super::service::PooledService;
use super::signer::RequestSigner;
use super::variables::{aliased, variables};

/// Variables that the library does not know, and other programs do.
pub(super) const ALIASES: [(&str, GoogleConfigKey); 1] =
    [("GOOGLE_OAUTH_ACCESS_TOKEN", GoogleConfigKey::BearerToken)];

/// What a platform's command line tools write for all programs, below the home directory.
pub(super) const DEFAULT_FILE: &str = ".config/gcloud/application_default_credentials.json";

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    bucket: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<Arc<dyn ObjectStore>> {
    let builder = with_credentials(service)?
        .with_bucket_name(bucket)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()));
    let account = service_account(&builder);
    let store = builder.build()?;
    if let Some(account) = account {
        service.sign_by(RequestSigner::ServiceAccount(Box::new(account)));
    }
    Ok(Arc::new(store))
}

fn with_credentials(service: &Arc<PooledService>) -> Result<GoogleCloudStorageBuilder> {
    let env = service.env();
    let mut builder = GoogleCloudStorageBuilder::new();
    let own = variables::<GoogleConfigKey>(env, "GOOGLE_");
    for (key, value) in aliased(env, ALIASES).chain(own) {
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
        let file = PathBuf::from(env.os("HOME")?).join(DEFAULT_FILE);
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
