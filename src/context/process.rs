//! This process, as other processes of the same user see it.

/// Keeps other processes of the same user out of this one's memory and of the
/// environment that it was started with, both of which hold the client secret:
/// no `/proc/PID/environ` and `/proc/PID/mem`, no debugger, no core dump. It
/// does not hold for root, nor for a program that takes this one's place: both
/// start anew with `execve`. Only Linux has this.
///
/// To be called before a secret is read.
pub fn protect_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where a sandbox forbids it, `is_protected` tells.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Returns whether other processes of the same user are kept out. `None` where the
/// system has no such protection.
pub(crate) fn is_protected() -> Option<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        Some(!matches!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable)))
    }
    #[cfg(not(target_os = "linux"))]
    None
}
