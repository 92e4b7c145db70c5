//! Protection of this process's memory from other processes of the same user.

/// Keeps other processes of the same user out of the memory and the initial environment
/// of this process, both of which hold the client secret: no `/proc/PID/environ` and
/// `/proc/PID/mem`, no debugger, no core dump. Neither root is kept out, nor does a
/// program inherit the protection at execve(2). Linux only.
pub(super) fn protect_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where a sandbox forbids it, `is_memory_protected` tells.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

pub(crate) fn is_memory_protected() -> Option<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        Some(!matches!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable)))
    }
    #[cfg(not(target_os = "linux"))]
    None
}
