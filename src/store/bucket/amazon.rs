//! Amazon S3, and servers with its protocol.

pub(super) mod sigv4;

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::{ObjectStore, Result, RetryConfig};

use super::connector::PooledConnector;
use super::purpose::METADATA_ENDPOINT;
use super::service::PooledService;
use super::signer::RequestSigner;
use super::variables::{aliased, variables};

/// Variables that the library does not know, and other programs do.
const ALIASES: [(&str, AmazonS3ConfigKey); 1] =
    [(METADATA_ENDPOINT, AmazonS3ConfigKey::MetadataEndpoint)];

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    bucket: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<Arc<dyn ObjectStore>> {
    let env = service.env();
    let mut builder = AmazonS3Builder::new();
    let own = variables::<AmazonS3ConfigKey>(env, "AWS_");
    for (key, value) in aliased(env, ALIASES).chain(own) {
        if !matches!(key, AmazonS3ConfigKey::Client(_)) {
            builder = builder.with_config(key, value);
        }
    }
    let store = builder
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()))
        .build()?;
    service.sign_by(RequestSigner::S3(store.credentials().clone()));
    Ok(Arc::new(store))
}
