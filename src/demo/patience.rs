//! Lets time pass, and gives up in good order when the user does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::Reading;
use crate::context::Clock;
use crate::error::{Error, Kind, Result};

/// Counts from the story's beginning.
pub(super) struct Patience<'a> {
    clock: Arc<dyn Clock>,
    start: Reading,
    interrupted: &'a AtomicBool,
}

/// How long an interrupted demo goes on at most, unnoticed by a person.
const STEP: Duration = Duration::from_millis(50);

impl<'a> Patience<'a> {
    pub(super) fn new(clock: Arc<dyn Clock>, interrupted: &'a AtomicBool) -> Self {
        Patience { start: clock.read(), clock, interrupted }
    }

    /// The story begins now.
    pub(super) fn start(&mut self) {
        self.start = self.clock.read();
    }

    /// Time since the beginning.
    pub(super) fn elapsed(&self) -> SignedDuration {
        self.clock.read().boot.saturating_sub(self.start.boot)
    }

    /// Waits until so much time has passed since the beginning.
    ///
    /// # Errors
    /// `Output` when the user does not want to see the rest. An error, so that
    /// everything on the way out is put away.
    pub(super) fn until(&self, moment: SignedDuration) -> Result<()> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Error::new(Kind::Output, "the demo was interrupted"));
            }
            let left = moment.saturating_sub(self.elapsed());
            if !left.is_positive() {
                return Ok(());
            }
            self.clock.sleep(left.unsigned_abs().min(STEP));
        }
    }
}
