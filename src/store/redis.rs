use std::time::Duration;

use super::{Observation, RecordName, Store, StoreError, StoreFault, Swap, Version};
use crate::config::{NetworkSettings, RedisLocation, StoreSettings};
use crate::context::Context;

pub(super) struct RedisStore;

impl Store for RedisStore {
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

impl RedisStore {
    pub(super) fn new(
        _location: &RedisLocation,
        _settings: &StoreSettings,
        _network: &NetworkSettings,
        _context: &Context,
    ) -> RedisStore {
        RedisStore
    }
}
