//! Finds out whether a store does what records need, by a record of its own that nobody else
//! reads.

use std::cell::RefCell;
use std::time::Duration;

use super::{Observation, RecordName, StoreClient, StoreError, StoreFault, Swap, Version};
use crate::cache::Key;
use crate::clock::OffsetEstimate;
use crate::random::random_id;

/// The result of a few requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreProbe {
    /// The time of each request; at least one.
    pub round_trips: Vec<Duration>,
    /// The store's clock.
    pub clock: Option<OffsetEstimate>,
    pub writes: Result<(), StoreError>,
    /// A read after a write showed a version that the write had replaced.
    pub is_stale: bool,
}

/// The store may delete the record after this time.
const KEEP: Duration = Duration::from_secs(60);

struct Prober<'a> {
    client: &'a StoreClient<'a>,
    name: RecordName,
    round_trips: RefCell<Vec<Duration>>,
}

impl StoreClient<'_> {
    /// Reads, creates and replaces a record, and tries twice what has to be refused.
    ///
    /// # Errors
    /// Those of [`Store::read`](super::Store::read).
    pub fn probe(&self) -> Result<StoreProbe, StoreError> {
        let key = Key::shared(self.client, 0);
        let name = RecordName::of_probe(&key, self.secret);
        let prober = Prober { client: self, name, round_trips: RefCell::default() };
        let first = prober.read()?;
        let written = prober.write(&first.version);
        let mut is_stale = false;
        let mut clock = first.clock;
        if let Ok(Some(created)) = &written
            && let Ok(last) = prober.read()
        {
            is_stale = [&first.version, created].contains(&&last.version);
            clock = last.clock.map(|last| last.intersect(clock.as_ref())).or(clock);
        }
        let round_trips = prober.round_trips.into_inner();
        Ok(StoreProbe { round_trips, clock, writes: written.map(|_| ()), is_stale })
    }
}

impl Prober<'_> {
    /// Returns a version that was replaced; `None` if another process probes as well.
    fn write(&self, expected: &Version) -> Result<Option<Version>, StoreError> {
        let Swap::Won(created) = self.swap(expected)? else {
            return Ok(None);
        };
        self.ensure_refused(&Version::Absent, "it created a record that existed already")?;
        if self.swap(&created)? == Swap::Lost {
            return Ok(None);
        }
        self.ensure_refused(&created, "it replaced a record that had changed")?;
        Ok(Some(created))
    }

    fn ensure_refused(&self, expected: &Version, otherwise: &str) -> Result<(), StoreError> {
        match self.swap(expected)? {
            Swap::Lost => Ok(()),
            Swap::Won(_) => Err(StoreError::unconditional(self.client.settings, otherwise)),
        }
    }

    fn read(&self) -> Result<Observation, StoreError> {
        self.timed(|limit| self.client.store.read(&self.name, limit))
    }

    fn swap(&self, expected: &Version) -> Result<Swap, StoreError> {
        // Different contents, or their versions may be equal.
        let content =
            random_id().map_err(|error| StoreError { fault: StoreFault::Unavailable, error })?;
        let content = format!("gc-token store probe {content}\n");
        self.timed(|limit| {
            self.client.store.swap(&self.name, expected, content.as_bytes(), KEEP, limit)
        })
    }

    fn timed<T>(
        &self,
        request: impl FnOnce(Duration) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let clock = self.client.clock;
        let before = clock.read();
        let result = request(self.client.settings.timeout);
        let taken = clock.read().boot.saturating_sub(before.boot);
        self.round_trips.borrow_mut().push(Duration::try_from(taken).unwrap_or_default());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::config::StoreSettings;
    use crate::config::tests::settings;
    use crate::store::memory::{MemoryClient, MemoryStore, SleepingClock};

    fn probe(arrange: impl FnOnce(&MemoryStore<'_>)) -> Result<StoreProbe, StoreError> {
        let clock = SleepingClock::at(reading(1_000, 1_000_000));
        let store = MemoryStore::new(&clock);
        let engine = MemoryClient { store: &store, runner: &clock };
        let (client, settings) = (&settings("http://x"), &StoreSettings::test());
        let client =
            StoreClient { store: &engine, settings, clock: &clock, client, secret: b"secret" };
        // The second time there is a record already.
        client.probe().unwrap();
        arrange(&store);
        client.probe()
    }

    #[test]
    fn a_store_that_honours_conditions_passes() {
        let probe = probe(|_| ()).unwrap();
        assert_eq!((probe.writes, probe.is_stale), (Ok(()), false));
        assert_eq!(probe.round_trips.len(), 6);
        assert!(probe.clock.is_some());
    }

    #[test]
    fn a_store_that_ignores_conditions_is_told_apart() {
        for forget in [false, true] {
            let probe = probe(|store| {
                *store.is_unconditional.lock().unwrap() = true;
                if forget {
                    store.forget_all();
                }
            });
            let failure = probe.unwrap().writes.unwrap_err();
            assert_eq!(failure.fault, StoreFault::Unconditional);
        }
    }

    #[test]
    fn a_store_that_refuses_writes_alone_is_read_all_the_same() {
        let read_only = StoreError::new(StoreFault::ReadOnly, "no writes");
        let probe = probe(|store| *store.swap_error.lock().unwrap() = Some(read_only.clone()));
        let probe = probe.unwrap();
        assert_eq!(probe.writes, Err(read_only));
        assert!(probe.clock.is_some());
        let down = StoreError::new(StoreFault::Unavailable, "down");
        let probe = self::probe(|store| *store.error.lock().unwrap() = Some(down.clone()));
        assert_eq!(probe, Err(down));
    }

    #[test]
    fn no_slot_has_the_name_of_the_probe() {
        let client = settings("http://x");
        let names = (0..5).map(|slot| RecordName::of(&Key::shared(&client, slot), b"s"));
        let probe = RecordName::of_probe(&Key::shared(&client, 0), b"s");
        assert!(names.into_iter().all(|name| name != probe));
        assert_ne!(probe, RecordName::of_probe(&Key::shared(&client, 0), b"t"));
    }
}
