//! A simulated runner, whose clocks drift, step, sleep and restart.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{BootId, Reading};
use crate::context::Clock;

/// An event between two calls. Times are milliseconds.
#[derive(Debug, Clone)]
pub(super) enum Disturbance {
    /// The wall clock is set.
    Step(i64),
    /// The machine sleeps: the boot clock goes on. The wall clock is right
    /// after waking, or stood still.
    Suspend { asleep: i64, wall_goes_on: bool },
    /// A snapshot is restored: the boot clock stood still, or shows less than
    /// before. The wall clock was put right already, or not.
    Snapshot { away: i64, back: i64, wall_is_right: bool },
    /// Another boot, or another machine with the same cache.
    Reboot { away: i64, wall_error: i64 },
}

/// The runner's clocks.
pub(super) struct Runner {
    state: Mutex<RunnerState>,
    /// How fast boot clock and wall clock go: parts in a million too fast.
    drift: (i64, i64),
}

struct RunnerState {
    truth: SignedDuration,
    boot: SignedDuration,
    boots: u32,
    wall: Timestamp,
    /// Every reading, and the true time at which it was taken.
    log: Vec<(Reading, SignedDuration)>,
}

/// Where every true time line begins.
pub(super) const START: i64 = 1_700_000_000;

pub(super) fn millis(millis: i64) -> SignedDuration {
    SignedDuration::from_millis(millis)
}

impl Runner {
    /// A runner whose wall clock is ahead by this many milliseconds.
    pub(super) fn new(wall_ahead: i64, drift: (i64, i64)) -> Runner {
        let state = RunnerState {
            truth: SignedDuration::ZERO,
            boot: SignedDuration::from_secs(50_000),
            boots: 0,
            wall: Timestamp::from_second(START).unwrap() + millis(wall_ahead),
            log: Vec::new(),
        };
        Runner { state: state.into(), drift }
    }

    /// True time since the start.
    pub(super) fn truth(&self) -> SignedDuration {
        self.state.lock().unwrap().truth
    }

    /// The true time at which the clocks showed this.
    pub(super) fn truth_of(&self, reading: &Reading) -> SignedDuration {
        let log = &self.state.lock().unwrap().log;
        let found = log.iter().find(|(shown, _)| shown == reading);
        found.expect("it was read here").1
    }

    /// Lets true time pass; the clocks follow as well as they can.
    pub(super) fn pass(&self, time: SignedDuration) {
        let mut state = self.state.lock().unwrap();
        state.truth += time;
        state.boot += at_speed(time, self.drift.0);
        state.wall += at_speed(time, self.drift.1);
    }

    pub(super) fn apply(&self, disturbance: &Disturbance) {
        let mut state = self.state.lock().unwrap();
        match *disturbance {
            Disturbance::Step(by) => state.wall += millis(by),
            Disturbance::Suspend { asleep, wall_goes_on } => {
                state.truth += millis(asleep);
                state.boot += at_speed(millis(asleep), self.drift.0);
                if wall_goes_on {
                    state.wall += millis(asleep);
                }
            }
            Disturbance::Snapshot { away, back, wall_is_right } => {
                state.truth += millis(away);
                state.boot -= millis(back);
                state.wall += millis(if wall_is_right { away } else { -back });
            }
            Disturbance::Reboot { away, wall_error } => {
                state.truth += millis(away);
                state.boot = SignedDuration::from_secs(20);
                state.boots += 1;
                state.wall += millis(away + wall_error);
            }
        }
    }
}

fn at_speed(time: SignedDuration, ppm: i64) -> SignedDuration {
    SignedDuration::from_nanos_i128(time.as_nanos() * i128::from(1_000_000 + ppm) / 1_000_000)
}

impl Clock for Runner {
    /// Reading takes a little time, so that no two readings are alike.
    fn read(&self) -> Reading {
        self.pass(SignedDuration::from_micros(10));
        let mut state = self.state.lock().unwrap();
        let reading = Reading {
            boot: state.boot,
            boot_id: Some(BootId(state.boots.to_string().into())),
            wall: state.wall,
        };
        let truth = state.truth;
        state.log.push((reading.clone(), truth));
        reading
    }

    fn sleep(&self, time: Duration) {
        self.pass(SignedDuration::try_from(time).unwrap());
    }
}
