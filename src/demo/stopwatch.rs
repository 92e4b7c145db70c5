//! Waits for the moments of the demo, and stops cleanly when the user interrupts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::Reading;
use crate::context::Clock;
use crate::error::{Error, Kind, Result};

pub(super) struct Stopwatch<'a> {
    clock: Arc<dyn Clock>,
    start: Reading,
    interrupted: &'a AtomicBool,
}

/// Longest delay between an interrupt and the end of the demo.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl<'a> Stopwatch<'a> {
    pub(super) fn new(clock: Arc<dyn Clock>, interrupted: &'a AtomicBool) -> Self {
        Stopwatch { start: clock.read(), clock, interrupted }
    }

    pub(super) fn restart(&mut self) {
        self.start = self.clock.read();
    }

    pub(super) fn elapsed(&self) -> SignedDuration {
        self.clock.read().boot.saturating_sub(self.start.boot)
    }

    /// Waits until `moment` since the start.
    ///
    /// # Errors
    /// `Output` on an interrupt: an error, so that every caller cleans up.
    pub(super) fn wait_until(&self, moment: SignedDuration) -> Result<()> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Error::new(Kind::Output, "the demo was interrupted"));
            }
            let left = moment.saturating_sub(self.elapsed());
            if !left.is_positive() {
                return Ok(());
            }
            self.clock.sleep(left.unsigned_abs().min(POLL_INTERVAL));
        }
    }
}
