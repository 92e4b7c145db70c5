//! Blocked and ignored signals, and those that end a process which is the first of its
//! container.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Leaves the reaction to signals to a listener of its own, from now on.
pub(super) fn disable_exit_on_signals() {
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
