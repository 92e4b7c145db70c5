//! The turn of the machine that mints.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::{Slot, SlotReading};
use crate::store::{Record, StoreError, Swap, TURN, Version};
use crate::sync;

/// The right to mint, until [`TURN`] has passed since it was taken or renewed.
pub struct Turn<'a, 's> {
    slot: &'a Slot<'s>,
    record: Record,
    version: Mutex<Version>,
    renewals: AtomicU32,
    reading: &'a SlotReading,
}

/// How often a turn is renewed.
const RENEWAL: Duration = TURN.checked_div(3).expect("not a division by zero");

/// Attempts to write a token over the turns of others.
const PUBLISH_ATTEMPTS: u32 = 3;

impl<'a, 's> Turn<'a, 's> {
    pub(super) fn new(
        slot: &'a Slot<'s>,
        record: Record,
        version: Version,
        reading: &'a SlotReading,
    ) -> Turn<'a, 's> {
        Turn { slot, record, version: Mutex::new(version), renewals: AtomicU32::new(0), reading }
    }

    /// Runs `work`, and renews the turn until that ends. A machine that dies loses its turn.
    pub fn renew_during<T>(&self, work: impl FnOnce() -> T) -> T {
        let (work_goes_on, end) = channel::<Infallible>();
        let clock = self.slot.clock;
        thread::scope(|scope| {
            // Without a thread the turn is over too soon, which costs a second mint at most.
            let renewer = thread::Builder::new().spawn_scoped(scope, move || {
                while !clock.wait_for_end(&end, RENEWAL) && self.renew() {}
            });
            let result = work();
            drop(work_goes_on);
            drop(renewer);
            result
        })
    }

    /// Replaces the turn by its result. A token replaces a turn that another machine has taken
    /// meanwhile, too, but not another token.
    ///
    /// # Errors
    /// Those of [`Store::swap`].
    pub fn end(self, record: &Record) -> Result<(), StoreError> {
        let slot = self.slot;
        slot.begin_anew();
        let mut version = sync::lock(&self.version).clone();
        for _ in 0..PUBLISH_ATTEMPTS {
            if slot.swap(&version, record)? != Swap::Lost || record.token.is_none() {
                return Ok(());
            }
            let reading = slot.read()?;
            let token = reading.record.and_then(|record| record.token);
            if token.is_some() && token != self.record.token {
                return Ok(());
            }
            version = reading.observation.version;
        }
        Ok(())
    }

    /// The record before the turn.
    pub fn reading(&self) -> &SlotReading {
        self.reading
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Gives the turn another number, so that machines that watch it see it live. Returns whether
    /// it still is this machine's.
    fn renew(&self) -> bool {
        let number = self.renewals.fetch_add(1, Ordering::Relaxed);
        let turn = self.record.turn.as_ref().map(|turn| format!("{turn} {number}"));
        let record = Record { turn, ..self.record.clone() };
        let mut version = sync::lock(&self.version);
        match self.slot.swap_within(self.slot.settings.timeout, &version, &record) {
            Ok(Swap::Won(renewed)) => {
                *version = renewed;
                true
            }
            Ok(Swap::Lost) => false,
            // The next attempt may succeed.
            Err(_) => true,
        }
    }
}
