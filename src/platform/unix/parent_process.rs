//! The process that started this one.

use rustix::process::{Pid, getppid};

/// The parent at the time of the call.
pub(crate) struct ParentProcess(Option<Pid>);

impl ParentProcess {
    pub(crate) fn current() -> ParentProcess {
        ParentProcess(getppid())
    }

    /// When a parent has ended, its child gets another one.
    pub(crate) fn is_alive(&self) -> bool {
        getppid() == self.0
    }
}
