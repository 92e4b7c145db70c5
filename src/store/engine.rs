//! Selects the engine for a location.

use super::Store;
use super::bucket::BucketStore;
use super::redis::RedisStore;
use crate::config::{NetworkSettings, StoreLocation, StoreSettings};
use crate::context::Context;

/// Prepares a store. Nothing is connected, read or resolved before the first request.
pub fn open(
    settings: &StoreSettings,
    network: &NetworkSettings,
    context: &Context,
) -> Box<dyn Store> {
    match &settings.location {
        StoreLocation::Bucket { provider, bucket, prefix } => {
            Box::new(BucketStore::new(*provider, bucket, prefix, settings, network, context))
        }
        StoreLocation::Redis(location) => {
            Box::new(RedisStore::new(location, settings, network, context))
        }
    }
}
