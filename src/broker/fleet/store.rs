//! A store with a script of faults.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cloud::time;
use super::timeline::Timeline;
use crate::clock::OffsetEstimate;
use crate::context::Clock;
use crate::store::{Observation, RecordName, Store, StoreError, StoreFault, Swap, Version};

/// Times are milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct StoreFaults {
    pub(super) forgets_at: Option<i64>,
    pub(super) down_from: Option<i64>,
    /// Whether a store that is down lets requests wait, or refuses them.
    pub(super) hangs: bool,
    /// The swap with this number, counted from 1, takes effect, and its reply does not arrive.
    pub(super) loses_reply_to: Option<u64>,
    /// A client tries that swap again by itself, and so believes that another machine has won.
    pub(super) retries: bool,
    /// When the clock of the store is stepped, and by how much.
    pub(super) steps_at: Option<(i64, i64)>,
}

pub(super) struct FaultyStore<'t> {
    timeline: &'t Timeline,
    faults: StoreFaults,
    state: Mutex<StoreState>,
}

#[derive(Default)]
struct StoreState {
    records: HashMap<RecordName, (Vec<u8>, u64, Timestamp)>,
    swaps: u64,
    writes: u64,
    has_forgotten: bool,
}

/// The way there, and the way back.
const ONE_WAY: i64 = 15;

impl<'t> FaultyStore<'t> {
    pub(super) fn new(timeline: &'t Timeline, faults: StoreFaults) -> FaultyStore<'t> {
        FaultyStore { timeline, faults, state: Mutex::default() }
    }

    fn shows(&self) -> Timestamp {
        let error = match self.faults.steps_at {
            Some((at, by)) if self.timeline.now() >= at => by,
            _ => 0,
        };
        time(self.timeline, error)
    }

    fn arrive(&self, limit: Duration) -> Result<(), StoreError> {
        self.timeline.sleep(ONE_WAY);
        let now = self.timeline.now();
        if self.faults.down_from.is_some_and(|from| now >= from) {
            if self.faults.hangs {
                self.timeline.sleep(limit.as_millis() as i64 - ONE_WAY);
            }
            return Err(StoreError::new(StoreFault::Unavailable, "down"));
        }
        let mut state = self.state.lock().unwrap();
        if !state.has_forgotten && self.faults.forgets_at.is_some_and(|at| now >= at) {
            state.has_forgotten = true;
            state.records.clear();
        }
        Ok(())
    }
}

/// The store as one machine sees it.
pub(super) struct MachineStore<'a> {
    pub(super) store: &'a FaultyStore<'a>,
    pub(super) clock: &'a dyn Clock,
    pub(super) requests: Mutex<u32>,
}

fn version(write: u64) -> Version {
    Version::Present { e_tag: Some(write.to_string()), generation: None }
}

impl Store for MachineStore<'_> {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        *self.requests.lock().unwrap() += 1;
        let sent = self.clock.read();
        self.store.arrive(limit)?;
        let shown = self.store.shows();
        let found = self.store.state.lock().unwrap().records.get(name).cloned();
        self.store.timeline.sleep(ONE_WAY);
        let date = Timestamp::from_second(shown.as_second()).unwrap();
        let clock = OffsetEstimate::from_date_header(&sent, &self.clock.read(), date);
        Ok(match found {
            None => Observation { record: None, version: Version::Absent, age: None, clock },
            Some((bytes, write, at)) => Observation {
                record: Some(bytes),
                version: version(write),
                age: Some(shown.duration_since(at)),
                clock,
            },
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
        *self.requests.lock().unwrap() += 1;
        self.store.arrive(limit)?;
        let (won, swaps) = {
            let at = self.store.shows();
            let mut state = self.store.state.lock().unwrap();
            state.swaps += 1;
            let current = state.records.get(name).map_or(Version::Absent, |held| version(held.1));
            let won = (current == *expected).then(|| {
                state.writes += 1;
                let write = state.writes;
                state.records.insert(name.clone(), (record.to_vec(), write, at));
                version(write)
            });
            (won, state.swaps)
        };
        let faults = &self.store.faults;
        if faults.loses_reply_to == Some(swaps) {
            if faults.retries {
                return Ok(Swap::Lost);
            }
            self.store.timeline.sleep(limit.as_millis() as i64 - ONE_WAY);
            return Err(StoreError::new(StoreFault::Unavailable, "no reply"));
        }
        self.store.timeline.sleep(ONE_WAY);
        Ok(won.map_or(Swap::Lost, Swap::Won))
    }
}

/// An age is never of use where it is older than any time line.
#[test]
fn a_store_shows_the_time_that_its_clock_was_stepped_to() {
    let timeline = Timeline::new([0].into_iter());
    let faults = StoreFaults { steps_at: Some((0, 1_000)), ..StoreFaults::default() };
    let ahead = FaultyStore::new(&timeline, faults).shows();
    assert_eq!(ahead.duration_since(time(&timeline, 0)), SignedDuration::from_secs(1));
}
