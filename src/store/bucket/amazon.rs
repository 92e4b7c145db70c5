//! Amazon S3, and servers with its protocol.

mod chain;
mod container;
mod credentials;
mod endpoint;
mod profile;
mod profile_file;
mod session_keys;
mod settings;
pub(super) mod sigv4;

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, S3ConditionalPut};
use object_store::{Result, RetryConfig};

pub(super) use chain::SOURCES;
pub(super) use settings::AmazonSettings;

use self::chain::PREFIX;
use super::client::BucketClient;
use super::connector::PooledConnector;
use super::endpoint::check_without_bucket;
use super::purpose::METADATA_ENDPOINT;
use super::purpose::is_true;
use super::service::PooledService;
use super::signer::RequestSigner;
use super::variables::variables;

/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn client(
    bucket: &str,
    retries: RetryConfig,
    service: &Arc<PooledService>,
) -> Result<BucketClient> {
    let (env, settings) = (service.env(), AmazonSettings::load(service.context())?);
    let mut builder = AmazonS3Builder::new();
    if let Some(endpoint) = env.text(METADATA_ENDPOINT) {
        builder = builder.with_config(Key::MetadataEndpoint, endpoint);
    }
    for (key, found) in variables::<Key>(env, PREFIX) {
        // Region and endpoints may be from elsewhere.
        let is_resolved = matches!(key, Key::Endpoint | Key::S3Endpoint | Key::DefaultRegion);
        if !is_resolved && !matches!(key, Key::Client(_)) {
            builder = builder.with_config(key, found.value);
        }
    }
    if let Some(region) = &settings.region {
        builder = builder.with_config(Key::Region, region.value.clone());
    }
    builder = builder.with_config(Key::StsEndpoint, settings.sts_endpoint());
    let style = builder.get_config_value(&Key::VirtualHostedStyleRequest);
    let is_virtual_hosted = style.is_some_and(|style| is_true(&style));
    if let Some(endpoint) = settings.own_endpoint(bucket, is_virtual_hosted) {
        builder = builder.with_config(Key::Endpoint, endpoint);
    }
    if let Some(endpoint) = &settings.endpoint {
        check_without_bucket(endpoint, bucket, is_virtual_hosted)?;
    }
    let region = Some(settings.signed_region());
    let endpoint = settings.endpoint.as_ref().map(|endpoint| endpoint.origin.clone());
    let credentials = settings.credentials.to_string();
    let lack = settings.credentials.check()?;
    let (builder, refresh) = settings.credentials.apply(builder, service);
    let store = builder
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retries)
        .with_http_connector(PooledConnector(service.clone()))
        .build()?;
    service.sign_by(RequestSigner::S3(store.credentials().clone()));
    Ok(BucketClient { store: Arc::new(store), refresh, region, endpoint, credentials, lack })
}
