//! The process that started this one.

use rustix::process::{Pid, getppid};

pub(crate) struct ParentProcess(Option<Pid>);

impl ParentProcess {
    pub(crate) fn current() -> ParentProcess {
        ParentProcess(getppid())
    }

    pub(crate) fn is_alive(&self) -> bool {
        // The child of a parent that has ended gets another one.
        getppid() == self.0
    }
}
