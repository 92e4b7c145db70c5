//! The mask of signals that have to wait.

use std::io;

use nix::sys::signal::{SigSet, SigmaskHow};

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
