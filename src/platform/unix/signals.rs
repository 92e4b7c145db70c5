//! Blocked and ignored signals, and those that end a process which is the first of its
//! container.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::{Signal, getpid};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

static EXITS_ON_SIGNALS: AtomicBool = AtomicBool::new(true);

/// Has SIGINT and SIGTERM end this process if it is process 1 of a container, to which
/// the kernel delivers no signal without a handler: the container's runtime would have to
/// kill it.
pub(super) fn exit_on_signals_as_process_1() {
    if !getpid().is_init() {
        return;
    }
    for signal in [SIGINT, SIGTERM] {
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, &EXITS_ON_SIGNALS);
    }
}

/// SIGINT, SIGTERM and SIGHUP end the process at once, as they do by default, while this is
/// set. They have a handler only after an [`InterruptGuard`] was needed.
static ENDS_AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

static HELD_SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Holds signals back that would end the process, until it is dropped: they then have their
/// default effect.
pub(crate) struct InterruptGuard(());

impl InterruptGuard {
    pub(crate) fn hold() -> io::Result<InterruptGuard> {
        static IS_REGISTERED: OnceLock<()> = OnceLock::new();
        // Left over from the time of another listener.
        HELD_SIGNAL.store(0, Ordering::SeqCst);
        ENDS_AT_ONCE.store(false, Ordering::SeqCst);
        if IS_REGISTERED.set(()).is_ok() {
            for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
                if !is_ignored(signal) {
                    let number = signal.as_raw();
                    flag::register_conditional_default(number, ENDS_AT_ONCE.clone())?;
                    flag::register_usize(number, HELD_SIGNAL.clone(), number as usize)?;
                }
            }
        }
        Ok(InterruptGuard(()))
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        HELD_SIGNAL.load(Ordering::SeqCst) != 0
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        // A listener of its own may have taken over meanwhile.
        if EXITS_ON_SIGNALS.load(Ordering::SeqCst) {
            ENDS_AT_ONCE.store(true, Ordering::SeqCst);
            if let Ok(signal @ 1..) = i32::try_from(HELD_SIGNAL.swap(0, Ordering::SeqCst)) {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    }
}

/// Leaves the reaction to signals to a listener of its own, from now on.
pub(super) fn disable_exit_on_signals() {
    ENDS_AT_ONCE.store(false, Ordering::SeqCst);
    EXITS_ON_SIGNALS.store(false, Ordering::SeqCst);
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
