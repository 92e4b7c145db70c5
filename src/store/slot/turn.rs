//! The turn of the machine that mints.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::{Slot, SlotReading};
use crate::platform::InterruptGuard;
use crate::store::{Record, StoreError, Swap, TURN, Version};
use crate::sync;

/// The right to mint, until [`TURN`] has passed since it was taken or renewed.
pub struct Turn<'a, 's> {
    slot: &'a Slot<'s>,
    record: Record,
    version: Mutex<Version>,
    renewals: AtomicU32,
    reading: &'a SlotReading,
    /// Dropped when nobody has to wait for this turn any more.
    guard: Mutex<Option<InterruptGuard>>,
}

/// How often a turn is renewed.
const RENEWAL: Duration = TURN.checked_div(3).expect("not a division by zero");

/// How often the renewer looks whether the process is to end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// For giving a turn back before the process ends.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Attempts to write a token over the turns of others.
const PUBLISH_ATTEMPTS: u32 = 3;

impl<'a, 's> Turn<'a, 's> {
    pub(super) fn new(
        slot: &'a Slot<'s>,
        record: Record,
        version: Version,
        reading: &'a SlotReading,
        guard: Option<InterruptGuard>,
    ) -> Turn<'a, 's> {
        let (version, renewals) = (Mutex::new(version), AtomicU32::new(0));
        Turn { slot, record, version, renewals, reading, guard: Mutex::new(guard) }
    }

    /// Runs `work`, and renews the turn until that ends. A signal that ends the process gives it
    /// back, and a machine that dies loses it.
    pub fn renew_during<T>(&self, work: impl FnOnce() -> T) -> T {
        let (work_goes_on, end) = channel::<Infallible>();
        thread::scope(|scope| {
            let renewer =
                thread::Builder::new().spawn_scoped(scope, move || self.renew_until(&end));
            if renewer.is_err() {
                // The turn is over too soon, which costs a second mint at most.
                self.release_guard();
            }
            let result = work();
            drop(work_goes_on);
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

    fn renew_until(&self, end: &Receiver<Infallible>) {
        let clock = self.slot.clock;
        let mut since_renewal = Duration::ZERO;
        while !clock.wait_for_end(end, POLL_INTERVAL) {
            if self.is_interrupted() {
                self.give_back();
                // Work that ended meanwhile may have a token to publish.
                if !clock.wait_for_end(end, Duration::ZERO) {
                    self.release_guard();
                }
                return;
            }
            since_renewal += POLL_INTERVAL;
            if since_renewal >= RENEWAL {
                since_renewal = Duration::ZERO;
                if !self.renew() {
                    return self.release_guard();
                }
            }
        }
    }

    fn is_interrupted(&self) -> bool {
        sync::lock(&self.guard).as_ref().is_some_and(InterruptGuard::is_interrupted)
    }

    fn release_guard(&self) {
        sync::lock(&self.guard).take();
    }

    fn give_back(&self) {
        let limit = self.slot.settings.timeout.min(RETURN_TIMEOUT);
        let record = Record { turn: None, ..self.record.clone() };
        let mut version = sync::lock(&self.version);
        if let Ok(Swap::Won(returned)) = self.slot.swap_within(limit, &version, &record) {
            *version = returned;
        }
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
