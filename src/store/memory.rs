//! A store in memory, for tests of what is built on stores.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Observation, RecordName, Store, StoreError, StoreFault, Swap, Version};
use crate::clock::{OffsetEstimate, Reading};
use crate::context::Clock;

/// Its clock is the wall clock of `clock`, plus [`MemoryStore::ahead`].
pub(crate) struct MemoryStore<'a> {
    clock: &'a dyn Clock,
    records: Mutex<HashMap<RecordName, Written>>,
    pub(crate) ahead: Mutex<SignedDuration>,
    /// What every request is refused with.
    pub(crate) error: Mutex<Option<StoreError>>,
    pub(crate) swap_error: Mutex<Option<StoreError>>,
    /// What the next swap answers although it has taken effect.
    pub(crate) lost_reply: Mutex<Option<Result<Swap, StoreError>>>,
    /// Whether it replaces records whatever their version.
    pub(crate) is_unconditional: Mutex<bool>,
    pub(crate) requests: Mutex<u32>,
    /// The time of every request.
    pub(crate) delay: Mutex<Duration>,
}

struct Written {
    bytes: Vec<u8>,
    generation: u64,
    at: Timestamp,
}

impl<'a> MemoryStore<'a> {
    pub(crate) fn new(clock: &'a dyn Clock) -> MemoryStore<'a> {
        MemoryStore {
            clock,
            records: Mutex::default(),
            ahead: Mutex::default(),
            error: Mutex::default(),
            swap_error: Mutex::default(),
            lost_reply: Mutex::default(),
            is_unconditional: Mutex::default(),
            requests: Mutex::default(),
            delay: Mutex::default(),
        }
    }

    pub(crate) fn forget_all(&self) {
        self.records.lock().unwrap().clear();
    }

    /// Changes the bytes of every record.
    pub(crate) fn tamper(&self, change: impl Fn(&mut Vec<u8>)) {
        self.records.lock().unwrap().values_mut().for_each(|written| change(&mut written.bytes));
    }

    pub(crate) fn everything(&self) -> Vec<u8> {
        let records = self.records.lock().unwrap();
        let all = records.iter().flat_map(|(name, written)| {
            [name.as_str().as_bytes(), written.bytes.as_slice()].concat()
        });
        all.collect()
    }

    fn begin(&self) -> Result<Timestamp, StoreError> {
        *self.requests.lock().unwrap() += 1;
        match &*self.error.lock().unwrap() {
            Some(error) => Err(error.clone()),
            None => Ok(self.clock.read().wall + *self.ahead.lock().unwrap()),
        }
    }
}

/// A clock that moves only when somebody sleeps.
pub(crate) struct SleepingClock(Mutex<Reading>);

impl SleepingClock {
    pub(crate) fn at(reading: Reading) -> SleepingClock {
        SleepingClock(Mutex::new(reading))
    }
}

impl Clock for SleepingClock {
    fn read(&self) -> Reading {
        self.0.lock().unwrap().clone()
    }

    fn sleep(&self, time: Duration) {
        let mut reading = self.0.lock().unwrap();
        let time = SignedDuration::try_from(time).unwrap();
        reading.boot += time;
        reading.wall += time;
    }
}

/// The store as a machine sees it whose clock is `runner`.
pub(crate) struct MemoryClient<'a> {
    pub(crate) store: &'a MemoryStore<'a>,
    pub(crate) runner: &'a dyn Clock,
}

fn version(generation: u64) -> Version {
    Version::Present { e_tag: None, generation: Some(generation.to_string()) }
}

impl MemoryClient<'_> {
    fn pass_time(&self, limit: Duration) -> Result<(), StoreError> {
        let delay = *self.store.delay.lock().unwrap();
        if delay.is_zero() {
            return Ok(());
        }
        self.runner.sleep(delay.min(limit));
        let too_slow = || StoreError::new(StoreFault::Unavailable, "too slow");
        if delay > limit { Err(too_slow()) } else { Ok(()) }
    }
}

impl Store for MemoryClient<'_> {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        self.pass_time(limit)?;
        let time = self.store.begin()?;
        let now = self.runner.read();
        let records = self.store.records.lock().unwrap();
        let written = records.get(name);
        Ok(Observation {
            record: written.map(|written| written.bytes.clone()),
            version: written.map_or(Version::Absent, |written| version(written.generation)),
            age: written.map(|written| time.duration_since(written.at)),
            clock: OffsetEstimate::from_remote_time(&now, &now, time, SignedDuration::ZERO),
        })
    }

    fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        _: Duration,
        limit: Duration,
    ) -> Result<Swap, StoreError> {
        self.pass_time(limit)?;
        let store = self.store;
        let at = store.begin()?;
        if let Some(error) = &*store.swap_error.lock().unwrap() {
            return Err(error.clone());
        }
        let mut records = store.records.lock().unwrap();
        let current = records.get(name).map(|written| written.generation);
        let is_expected = *expected == current.map_or(Version::Absent, version);
        if !is_expected && !*store.is_unconditional.lock().unwrap() {
            return Ok(Swap::Lost);
        }
        let generation = u64::from(*store.requests.lock().unwrap());
        records.insert(name.clone(), Written { bytes: record.to_vec(), generation, at });
        store.lost_reply.lock().unwrap().take().unwrap_or(Ok(Swap::Won(version(generation))))
    }
}
