use std::time::Duration;

use super::{Observation, RecordName, Store, StoreError, StoreFault, Swap, Version};
use crate::config::{BucketProvider, NetworkSettings, StoreSettings};
use crate::context::Context;

pub(super) struct BucketStore;

impl Store for BucketStore {
    fn read(&self, _: &RecordName, _: Duration) -> Result<Observation, StoreError> {
        Err(StoreError::new(StoreFault::Unavailable, "this build has no such engine"))
    }

    fn swap(
        &self,
        _: &RecordName,
        _: &Version,
        _: &[u8],
        _: Duration,
        _: Duration,
    ) -> Result<Swap, StoreError> {
        Err(StoreError::new(StoreFault::Unavailable, "this build has no such engine"))
    }
}

impl BucketStore {
    pub(super) fn new(
        _provider: BucketProvider,
        _bucket: &str,
        _prefix: &str,
        _settings: &StoreSettings,
        _network: &NetworkSettings,
        _context: &Context,
    ) -> BucketStore {
        BucketStore
    }
}
