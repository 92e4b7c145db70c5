//! Selects the engine for a location.

use std::sync::OnceLock;
use std::time::Duration;

use super::bucket::BucketStore;
use super::redis::RedisStore;
use super::{Observation, RecordName, Store, StoreError, StoreNote, Swap, Version};
use crate::config::{NetworkSettings, StoreLocation, StoreSettings};
use crate::context::Context;

/// A store whose engine is set up for the first request, so that a call without one costs
/// nothing.
pub struct LazyStore<'a> {
    settings: &'a StoreSettings,
    network: &'a NetworkSettings,
    context: &'a Context,
    engine: OnceLock<Box<dyn Store>>,
}

impl<'a> LazyStore<'a> {
    pub fn new(
        settings: &'a StoreSettings,
        network: &'a NetworkSettings,
        context: &'a Context,
    ) -> LazyStore<'a> {
        LazyStore { settings, network, context, engine: OnceLock::new() }
    }

    fn engine(&self) -> &dyn Store {
        &**self.engine.get_or_init(|| self.open())
    }

    fn open(&self) -> Box<dyn Store> {
        let LazyStore { settings, network, context, .. } = *self;
        match &settings.location {
            StoreLocation::Bucket { provider, bucket, prefix } => {
                Box::new(BucketStore::new(*provider, bucket, prefix, settings, network, context))
            }
            StoreLocation::Redis(location) => {
                Box::new(RedisStore::new(location, settings, network, context))
            }
        }
    }
}

impl Store for LazyStore<'_> {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        self.engine().read(name, limit)
    }

    fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        keep: Duration,
        limit: Duration,
    ) -> Result<Swap, StoreError> {
        self.engine().swap(name, expected, record, keep, limit)
    }

    fn description(&self) -> Vec<StoreNote> {
        self.engine().description()
    }

    fn notes(&self, limit: Duration) -> Vec<StoreNote> {
        self.engine().notes(limit)
    }
}
