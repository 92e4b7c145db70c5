//! The foreground of the controlling terminal: the process group that reads from it and
//! gets its Ctrl-C and Ctrl-Z (POSIX.1-2017, XBD 11.1).

use std::fs::File;
use std::io;

use nix::sys::signal::{SigSet, Signal};
use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

use super::executable::ProcessGroup;
use super::pid_namespace::own_group;
use super::signals::with_blocked;

pub(crate) struct Terminal {
    tty: Option<File>,
    own_group: Pid,
    child_group: Pid,
    is_given: bool,
    /// The modes before the foreground was given away first.
    modes: Option<Termios>,
}

/// Returns whether standard error is this process's terminal, and its group has it.
pub(crate) fn is_foreground_stderr() -> bool {
    let own_group = own_group();
    own_group.is_some() && tcgetpgrp(std::io::stderr()).ok() == own_group
}

impl Terminal {
    pub(crate) fn for_group(child_group: ProcessGroup) -> Terminal {
        let open = || File::options().read(true).write(true).open("/dev/tty").ok();
        // A group that has no number here cannot get the foreground back.
        let own_group = own_group();
        let tty = own_group.and_then(|_| open());
        let own_group = own_group.unwrap_or(getpid());
        Terminal { tty, own_group, child_group, is_given: false, modes: None }
    }

    pub(crate) fn exists(&self) -> bool {
        self.tty.is_some()
    }

    /// Gives the foreground to the child's group if this process's group has it; returns
    /// whether it had.
    pub(crate) fn give_foreground(&mut self) -> bool {
        let is_foreground = self.foreground() == Some(self.own_group);
        if is_foreground {
            if self.modes.is_none() {
                self.modes = self.tty.as_ref().and_then(|tty| tcgetattr(tty).ok());
            }
            self.is_given = self.set_foreground(self.child_group).is_ok();
        }
        is_foreground
    }

    /// Takes a given foreground back, unless it has gone to a third group that still
    /// exists.
    pub(crate) fn reclaim_foreground(&mut self) {
        if !std::mem::take(&mut self.is_given) {
            return;
        }
        let may_reclaim_from =
            |group| group == self.child_group || test_kill_process_group(group) == Err(Errno::SRCH);
        if self.foreground().is_some_and(may_reclaim_from) {
            let _ = self.set_foreground(self.own_group);
        }
    }

    /// Restores the modes from before the foreground was given away, if this process's
    /// group has it: a program that is killed at its password prompt leaves the terminal
    /// without echo.
    pub(crate) fn restore_modes(&self) {
        if self.foreground() == Some(self.own_group)
            && let (Some(tty), Some(modes)) = (&self.tty, &self.modes)
        {
            let _ = with_blocked(SigSet::from(Signal::SIGTTOU), || {
                Ok(tcsetattr(tty, OptionalActions::Drain, modes)?)
            });
        }
    }

    pub(crate) fn input(&self) -> Option<File> {
        self.tty.as_ref()?.try_clone().ok()
    }

    fn foreground(&self) -> Option<Pid> {
        tcgetpgrp(self.tty.as_ref()?).ok()
    }

    /// The kernel stops a background process that does this, unless SIGTTOU is blocked.
    fn set_foreground(&self, group: Pid) -> io::Result<()> {
        let tty = self.tty.as_ref().ok_or(io::ErrorKind::NotFound)?;
        with_blocked(SigSet::from(Signal::SIGTTOU), || Ok(tcsetpgrp(tty, group)?))
    }
}
