//! False clocks on a true time line, for a program that runs in this process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gc_token::internals::clock::{BootId, Reading};
use gc_token::internals::context::Clock;
use jiff::{SignedDuration, Timestamp};

/// True time. It passes only when somebody says so.
#[derive(Clone)]
pub(super) struct Truth(Arc<Mutex<Timestamp>>);

impl Truth {
    /// A true time line. It does not start on a whole second.
    pub(super) fn start() -> Truth {
        let start = Timestamp::from_millisecond(1_700_000_000_300).unwrap();
        Truth(Arc::new(Mutex::new(start)))
    }

    /// True time.
    pub(super) fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    /// Lets time pass.
    pub(super) fn pass(&self, time: SignedDuration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Truth {
    fn read(&self) -> Reading {
        let wall = self.now();
        Reading {
            boot: wall.duration_since(Timestamp::UNIX_EPOCH),
            boot_id: Some(BootId("true".into())),
            wall,
        }
    }

    fn sleep(&self, time: Duration) {
        self.pass(SignedDuration::try_from(time).unwrap());
    }
}

/// A runner's clocks.
pub(super) struct False {
    truth: Truth,
    state: Mutex<State>,
}

struct State {
    /// The wall clock minus the truth.
    ahead: SignedDuration,
    booted: Timestamp,
    boots: u32,
}

impl False {
    /// Clocks whose wall clock is ahead by this much.
    pub(super) fn ahead(truth: &Truth, ahead: SignedDuration) -> False {
        let state = State { ahead, booted: truth.now() - SignedDuration::from_hours(1), boots: 0 };
        False { truth: truth.clone(), state: state.into() }
    }

    /// Sets the wall clock.
    pub(super) fn step(&self, by: SignedDuration) {
        self.state.lock().unwrap().ahead += by;
    }

    /// Changes the boot id, as another boot or machine would.
    pub(super) fn reboot(&self) {
        let mut state = self.state.lock().unwrap();
        state.booted = self.truth.now() - SignedDuration::from_secs(20);
        state.boots += 1;
    }
}

impl Clock for False {
    fn read(&self) -> Reading {
        let (now, state) = (self.truth.now(), self.state.lock().unwrap());
        Reading {
            boot: now.duration_since(state.booted),
            boot_id: Some(BootId(state.boots.to_string().into())),
            wall: now + state.ahead,
        }
    }

    fn sleep(&self, time: Duration) {
        self.truth.sleep(time);
    }
}
