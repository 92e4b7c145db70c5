//! Builds the client of the library for a bucket, with the settings that CI systems have in their
//! environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::{BackoffConfig, Result, RetryConfig};

use super::client::BucketClient;
use super::service::PooledService;
use super::variables::check as check_variables;
use super::{amazon, azure, google};
use crate::config::BucketProvider;

/// Builds a client whose requests go through `service`.
///
/// # Errors
/// If settings are missing, contradict each other, or name files that cannot be read.
pub(super) fn build(bucket: &str, service: &Arc<PooledService>) -> Result<BucketClient> {
    check_variables(service.env(), service.provider())?;
    match service.provider() {
        BucketProvider::S3 => amazon::client(bucket, retries(), service),
        BucketProvider::GoogleCloud => google::client(bucket, retries(), service),
        BucketProvider::Azure => azure::client(bucket, retries(), service),
    }
}

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
