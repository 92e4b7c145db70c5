//! The only place that reads a clock or sleeps.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{BootId, Reading};
use crate::platform::{boot_clock, boot_id};
use crate::random::random_id;

pub trait Clock: Send + Sync {
    fn read(&self) -> Reading;
    /// Returns the reason if the system does not tell which boot this is. Then readings
    /// of other processes, as in cached entries, cannot be compared.
    fn unknown_boot(&self) -> Option<&str> {
        None
    }
    fn sleep(&self, time: Duration);
    /// Waits for at most `time`; returns whether the sender of `end` was dropped before.
    fn wait_for_end(&self, end: &Receiver<Infallible>, time: Duration) -> bool {
        end.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }
}

#[derive(Default)]
pub struct SystemClock {
    boot: OnceLock<Result<BootId, String>>,
}

impl SystemClock {
    fn boot(&self) -> &Result<BootId, String> {
        self.boot.get_or_init(|| boot_id().map(|id| BootId(id.into())))
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads a clock")]
    fn read(&self) -> Reading {
        let boot_id = self.boot().as_ref().unwrap_or_else(|_| process_id());
        Reading { boot: boot_clock(), boot_id: Some(boot_id.clone()), wall: Timestamp::now() }
    }

    fn unknown_boot(&self) -> Option<&str> {
        self.boot().as_ref().err().map(String::as_str)
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// Identifies the readings of this process if the system does not tell which boot this is.
fn process_id() -> &'static BootId {
    static ID: OnceLock<BootId> = OnceLock::new();
    ID.get_or_init(|| {
        // Without random numbers: no two processes have the same pid at one moment.
        let fallback = || format!("{}.{}", std::process::id(), boot_clock().as_nanos());
        BootId::of_process(&random_id().unwrap_or_else(|_| fallback()))
    })
}

/// Reads the runtime's clock, which a test can pause. For timers only: it stops while the
/// machine sleeps.
#[expect(clippy::disallowed_methods, reason = "the only place that reads a clock")]
pub(crate) fn timer_clock() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn all_clocks_of_a_process_share_the_fallback_identity() {
        let unknown = || SystemClock { boot: OnceLock::from(Err("unreadable".to_owned())) };
        let (one, other) = (unknown(), unknown());
        let earlier = one.read();
        assert!(other.read().boot_since(&earlier).is_some_and(|since| !since.is_negative()));
        assert!(earlier.boot_id.is_some_and(|id| id.is_of_process()));
        assert_eq!(one.unknown_boot(), Some("unreadable"));
    }

    #[test]
    fn the_boot_clock_goes_on_within_one_boot() {
        let clock = SystemClock::default();
        let earlier = clock.read();
        clock.sleep(Duration::from_millis(2));
        let since = clock.read().boot_since(&earlier).expect("one boot");
        assert!(since >= SignedDuration::from_millis(2), "{since}");
    }
}
