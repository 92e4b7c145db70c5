//! Blocked and ignored signals, and the effect of those that end a process.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::{Signal, getpid};
use signal_hook::low_level::{emulate_default_handler, exit, unregister};
use signal_hook::{SigId, flag};

use crate::sync;

/// Whether SIGINT, SIGTERM and SIGHUP end the process at once, as they do by default. They have
/// a handler only after an [`InterruptGuard`] was needed, and in process 1.
static ENDS_AT_ONCE: AtomicBool = AtomicBool::new(true);

static HELD_SIGNAL: AtomicUsize = AtomicUsize::new(0);

static STATE: Mutex<InterruptState> = Mutex::new(InterruptState {
    guards: 0,
    handlers: Vec::new(),
    has_watch: false,
    has_listener: false,
    process_ends: false,
});

static RELEASED: Condvar = Condvar::new();

/// Terraform kills a provider two seconds after it has told it to end.
const RELEASE_TIMEOUT: Duration = Duration::from_millis(1_200);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// For a signal that is sent twice at once: timeout(1) sends one to its child, and then to its
/// group.
const REPETITION: Duration = Duration::from_millis(200);

struct InterruptState {
    guards: usize,
    handlers: Vec<SigId>,
    /// A thread limits the time for which guards hold a signal back.
    has_watch: bool,
    /// The reaction to signals is left to a listener of its own.
    has_listener: bool,
    process_ends: bool,
}

/// Holds a signal back that would end the process, until the last guard is dropped, and for
/// about a second at most: it then has its default effect. Another signal that comes later has
/// it at once.
pub(crate) struct InterruptGuard(());

impl InterruptGuard {
    pub(crate) fn hold() -> io::Result<InterruptGuard> {
        let mut state = sync::lock(&STATE);
        if state.guards == 0 && !state.has_listener {
            // Left over from the time of another listener.
            HELD_SIGNAL.store(0, Ordering::SeqCst);
            state.handle_signals()?;
            state.watch()?;
            ENDS_AT_ONCE.store(false, Ordering::SeqCst);
        }
        state.guards += 1;
        Ok(InterruptGuard(()))
    }

    /// Returns whether the process is to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        HELD_SIGNAL.load(Ordering::SeqCst) != 0 || sync::lock(&STATE).process_ends
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        let mut state = sync::lock(&STATE);
        state.guards -= 1;
        if state.guards > 0 {
            return;
        }
        RELEASED.notify_all();
        // A listener of its own may have taken over meanwhile.
        if !state.has_listener {
            ENDS_AT_ONCE.store(true, Ordering::SeqCst);
            if let Ok(signal @ 1..) = i32::try_from(HELD_SIGNAL.load(Ordering::SeqCst)) {
                end_by(signal);
            }
        }
    }
}

/// Tells those who hold guards that the process ends, and waits for them.
pub(super) fn release_guards() {
    let mut state = sync::lock(&STATE);
    state.process_ends = true;
    drop(RELEASED.wait_timeout_while(state, RELEASE_TIMEOUT, |state| state.guards > 0));
}

/// Has SIGINT and SIGTERM end this process if it is process 1 of a container, to which
/// the kernel delivers no signal without a handler: the container's runtime would have to
/// kill it.
pub(super) fn exit_on_signals_as_process_1() {
    if getpid().is_init() {
        let _ = sync::lock(&STATE).handle_signals();
    }
}

/// Leaves the reaction to signals to a listener of its own, from now on.
pub(super) fn disable_exit_on_signals() {
    let mut state = sync::lock(&STATE);
    state.has_listener = true;
    for handler in state.handlers.drain(..) {
        unregister(handler);
    }
}

impl InterruptState {
    fn handle_signals(&mut self) -> io::Result<()> {
        if !self.handlers.is_empty() {
            return Ok(());
        }
        let is_init = getpid().is_init();
        let signals = [Signal::INT, Signal::TERM, Signal::HUP];
        for signal in signals
            .into_iter()
            .filter(|signal| if is_init { *signal != Signal::HUP } else { !is_ignored(*signal) })
        {
            let number = signal.as_raw();
            let end = if is_init {
                flag::register_conditional_shutdown(number, 128 + number, &ENDS_AT_ONCE)
            } else {
                flag::register_conditional_default(number, &ENDS_AT_ONCE)
            };
            self.handlers.push(end?);
            let held = flag::register_usize(number, &HELD_SIGNAL, number.unsigned_abs() as usize);
            self.handlers.push(held?);
        }
        Ok(())
    }

    fn watch(&mut self) -> io::Result<()> {
        if !self.has_watch {
            let builder = thread::Builder::new().name("signals".into());
            with_blocked(SigSet::all(), || builder.spawn(watch_guards).map(|_| ()))?;
            self.has_watch = true;
        }
        Ok(())
    }

    fn holds_signals(&self) -> bool {
        self.guards > 0 && !self.has_listener
    }
}

fn watch_guards() {
    let mut state = sync::lock(&STATE);
    while state.holds_signals() {
        let Ok(signal @ 1..) = i32::try_from(HELD_SIGNAL.load(Ordering::SeqCst)) else {
            state = wait_for_release(state, POLL_INTERVAL);
            continue;
        };
        state = wait_for_release(state, REPETITION);
        if state.holds_signals() {
            ENDS_AT_ONCE.store(true, Ordering::SeqCst);
            state = wait_for_release(state, RELEASE_TIMEOUT - REPETITION);
        }
        if state.holds_signals() {
            end_by(signal);
        }
    }
    state.has_watch = false;
}

fn wait_for_release(
    state: MutexGuard<'static, InterruptState>,
    time: Duration,
) -> MutexGuard<'static, InterruptState> {
    let waited = RELEASED.wait_timeout_while(state, time, |state| state.holds_signals());
    waited.unwrap_or_else(PoisonError::into_inner).0
}

fn end_by(signal: i32) {
    if getpid().is_init() {
        exit(128 + signal);
    }
    let _ = emulate_default_handler(signal);
}

pub(super) fn with_blocked<T>(
    signals: SigSet,
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let original = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let result = work();
    original.thread_set_mask()?;
    result
}

/// Writes to a terminal, which would stop a background process where `stty tostop` is
/// set.
pub(crate) fn write_from_background(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    with_blocked(SigSet::from(nix::sys::signal::Signal::SIGTTOU), write)
}

/// Returns whether this process ignores the signal, as under nohup(1). Without unsafe
/// code, only proc(5) tells: elsewhere than on Linux the result is `false`.
pub(super) fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // One bit for each signal, the lowest for signal 1.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}
