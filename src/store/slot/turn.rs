//! The turn of the machine that mints.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::{MIN_REPLY_SHARE, Slot, SlotReading};
use crate::platform::InterruptGuard;
use crate::store::{Record, SharedToken, StoreError, Swap, TURN, Version};
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

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// For giving a turn back before the process ends.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Others may write a record between the read and the swap.
const REPLACE_ATTEMPTS: u32 = 3;

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
        let (result, ended) = thread::scope(|scope| {
            let renewer =
                thread::Builder::new().spawn_scoped(scope, move || self.renew_until(&end));
            if renewer.is_err() {
                // The turn is over too soon, which costs a second mint at most.
                self.release_guard();
            }
            let result = work();
            drop(work_goes_on);
            (result, self.slot.clock.read())
        });
        // A renewal may have been under way.
        self.slot.spend_since(&ended);
        result
    }

    /// Replaces the turn by its result. A token replaces a turn that another machine has taken
    /// meanwhile, too, but not another token.
    ///
    /// # Errors
    /// Those of [`Store::swap`](crate::store::Store::swap).
    pub fn end(self, record: &Record) -> Result<(), StoreError> {
        self.slot.allow_last_requests();
        self.replace(record).map(|_| ())
    }

    fn replace(&self, record: &Record) -> Result<bool, StoreError> {
        let is_new =
            |token: Option<&SharedToken>| token.is_some() && token != self.record.token.as_ref();
        let mut version = sync::lock(&self.version);
        for _ in 0..REPLACE_ATTEMPTS {
            if let Swap::Won(replaced) = self.slot.swap(&version, record)? {
                *version = replaced;
                return Ok(true);
            }
            let reading = self.slot.read()?;
            let is_wanted = reading.has_own_turn || is_new(record.token.as_ref());
            if is_new(reading.token()) || !is_wanted {
                return Ok(false);
            }
            *version = reading.observation.version;
        }
        Ok(false)
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

    pub(super) fn give_back(&self) {
        self.slot.allow(RETURN_TIMEOUT);
        let _ = self.replace(&Record { turn: None, ..self.record.clone() });
    }

    /// Gives the turn another number, so that machines that watch it see it live. Returns whether
    /// it still is this machine's.
    pub(super) fn renew(&self) -> bool {
        let number = self.renewals.fetch_add(1, Ordering::Relaxed);
        let turn = self.record.turn.as_ref().map(|turn| format!("{turn} {number}"));
        // Nobody waits for it, until the work ends.
        let left = self.slot.time_left();
        self.slot.allow_last_requests();
        let replaced = self.replace(&Record { turn, ..self.record.clone() });
        self.slot.allow(left);
        // After an error, the next attempt may succeed.
        replaced.unwrap_or(true)
    }
}

impl Slot<'_> {
    fn allow_last_requests(&self) {
        self.allow(self.time_left().max(self.settings.timeout / MIN_REPLY_SHARE));
    }

    /// Ends a turn that this machine has without knowing: the reply to its swap was lost. Best
    /// effort, within a part of the time limit.
    pub fn end_unknown_turn(&self, result: impl FnOnce(&Record, &SlotReading) -> Record) {
        self.allow(self.settings.timeout / 4);
        if let Ok(reading) = self.read()
            && reading.has_own_turn
            && let Some(record) = &reading.record
        {
            let _ = self.swap(&reading.observation.version, &result(record, &reading));
        }
    }
}
