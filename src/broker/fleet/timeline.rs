//! A virtual time line on which one thread runs at a time.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex};

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Times are milliseconds since the start.
pub(super) struct Timeline {
    state: Mutex<TimelineState>,
    wakers: Vec<Condvar>,
}

struct TimelineState {
    now: i64,
    /// The moments at which threads go on; the second number keeps the order of equal ones.
    moments: BinaryHeap<Reverse<(i64, u64, usize)>>,
    next: u64,
    running: Option<usize>,
    started: bool,
}

impl Timeline {
    pub(super) fn new(starts: impl Iterator<Item = i64>) -> Timeline {
        let starts: Vec<_> = starts.collect();
        let moments = starts.iter().enumerate();
        let moments = moments.map(|(index, at)| Reverse((*at, index as u64, index))).collect();
        let state = TimelineState {
            now: 0,
            moments,
            next: starts.len() as u64,
            running: None,
            started: false,
        };
        Timeline {
            state: Mutex::new(state),
            wakers: starts.iter().map(|_| Condvar::new()).collect(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.state.lock().unwrap().now
    }

    pub(super) fn start(&self) {
        let mut state = self.state.lock().unwrap();
        state.started = true;
        self.run_next(&mut state);
    }

    /// Waits for the first moment of a machine.
    pub(super) fn enter(&self, index: usize) {
        INDEX.set(index);
        self.wait_for_turn(index);
    }

    pub(super) fn sleep(&self, millis: i64) {
        let index = INDEX.get();
        {
            let mut state = self.state.lock().unwrap();
            let moment = (state.now + millis.max(0), state.next, index);
            state.next += 1;
            state.moments.push(Reverse(moment));
            self.run_next(&mut state);
        }
        self.wait_for_turn(index);
    }

    /// Gives the turn to the next thread for good.
    pub(super) fn leave(&self) {
        self.run_next(&mut self.state.lock().unwrap());
    }

    fn run_next(&self, state: &mut TimelineState) {
        state.running = state.moments.pop().map(|Reverse((at, _, index))| {
            state.now = at;
            self.wakers[index].notify_one();
            index
        });
    }

    fn wait_for_turn(&self, index: usize) {
        let mut state = self.state.lock().unwrap();
        while !state.started || state.running != Some(index) {
            state = self.wakers[index].wait(state).unwrap();
        }
    }
}
