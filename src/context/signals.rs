//! Signals of this process: which have to wait, which do not end it, and which do.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::{Signal, getpid};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal still ends this process as it is.
static IS_ENDED_BY_SIGNALS: AtomicBool = AtomicBool::new(true);

/// Has SIGINT and SIGTERM end this process where it is the first one of a container:
/// there, the system drops every signal that has no handler.
///
/// To be called first of all.
pub fn end_process_1_by_signals() {
    if !getpid().is_init() {
        return;
    }
    for signal in [SIGINT, SIGTERM] {
        // Without it, the container's runtime has to kill the process.
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, &IS_ENDED_BY_SIGNALS);
    }
}

/// Whoever listens to signals decides what they do from here on.
pub(crate) fn leave_signals_to_their_listener() {
    IS_ENDED_BY_SIGNALS.store(false, Ordering::SeqCst);
}

/// Does something while these signals have to wait.
pub(crate) fn with_blocked<T>(
    signals: SigSet,
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let done = work();
    before.thread_set_mask()?;
    done
}

/// Has a write past the limit on a file's size (`ulimit -f`) fail, where SIGXFSZ would
/// end the process: the cache can be done without. A program that is started gets the
/// default back at execve(2).
pub(crate) fn outlive_file_size_limit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_ignored(Signal::XFSZ) {
            let _ = signal_hook::flag::register(Signal::XFSZ.as_raw(), Arc::default());
        }
    });
}

/// Whether this process ignores the signal, as by nohup(1). It cannot be asked
/// elsewhere than in proc(5) without unsafe code.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // A bit each, the lowest for signal 1.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}
